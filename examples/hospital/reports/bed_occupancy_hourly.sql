-- Bed occupancy of every facility at every hour, with the movement of patients and the mean of the last 24 hours.
SELECT facility_id, observed_at,
       sum(beds) AS beds,
       sum(occupied) AS occupied,
       round(100.0 * sum(occupied) / nullif(sum(beds - coalesce(blocked, 0)), 0), 1) AS percent,
       sum(admissions) AS admissions,
       sum(discharges) AS discharges,
       round(avg(100.0 * sum(occupied) / nullif(sum(beds - coalesce(blocked, 0)), 0))
             OVER (PARTITION BY facility_id ORDER BY observed_at
                   RANGE BETWEEN INTERVAL 23 HOUR PRECEDING AND CURRENT ROW), 1) AS percent_24_hours
FROM curated.bed_census
GROUP BY facility_id, observed_at
ORDER BY facility_id, observed_at;
