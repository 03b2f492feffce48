-- Bed occupancy by facility over the hours of the day: the twenty fullest facilities.
-- Percent of the beds in service that have a patient, on average at each of six hours, the fullest hour of all, and how
-- often a unit was at 95 % or more. bed_occupancy_hourly.sql gives every facility and hour.
WITH hourly AS (
  SELECT facility_id, observed_at, hour(observed_at) AS hour_of_day,
         sum(occupied) AS occupied,
         sum(beds - coalesce(blocked, 0)) AS in_service,
         count(*) FILTER (occupied >= 0.95 * (beds - coalesce(blocked, 0))) AS full_units,
         count(*) AS units
  FROM curated.bed_census
  GROUP BY facility_id, observed_at
)
SELECT facility_id,
       max(in_service) AS beds,
       round(100.0 * sum(occupied) / sum(in_service), 1) AS mean_percent,
       round(100.0 * sum(occupied) FILTER (hour_of_day = 0) / sum(in_service) FILTER (hour_of_day = 0), 1) AS at_00,
       round(100.0 * sum(occupied) FILTER (hour_of_day = 4) / sum(in_service) FILTER (hour_of_day = 4), 1) AS at_04,
       round(100.0 * sum(occupied) FILTER (hour_of_day = 8) / sum(in_service) FILTER (hour_of_day = 8), 1) AS at_08,
       round(100.0 * sum(occupied) FILTER (hour_of_day = 12) / sum(in_service) FILTER (hour_of_day = 12), 1) AS at_12,
       round(100.0 * sum(occupied) FILTER (hour_of_day = 16) / sum(in_service) FILTER (hour_of_day = 16), 1) AS at_16,
       round(100.0 * sum(occupied) FILTER (hour_of_day = 20) / sum(in_service) FILTER (hour_of_day = 20), 1) AS at_20,
       arg_max(observed_at, occupied / in_service) AS fullest_hour,
       round(100.0 * sum(full_units) / sum(units), 1) AS full_unit_percent
FROM hourly
WHERE in_service > 0
GROUP BY facility_id
ORDER BY mean_percent DESC, facility_id
LIMIT 20;
