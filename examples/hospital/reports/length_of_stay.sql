-- Length of stay of inpatients by department, in days.
-- Mean, median and the 90th percentile of the stays that have ended, how far each department lies from the mean of the
-- group, and the share of stays longer than two weeks.
WITH stays AS (
  SELECT department, date_diff('minute', admitted_at, discharged_at) / 1440.0 AS days
  FROM curated.encounter
  WHERE encounter_class = 'I' AND discharged_at IS NOT NULL
)
SELECT department,
       count(*) AS stays,
       round(avg(days), 2) AS mean_days,
       round(median(days), 2) AS median_days,
       round(quantile_cont(days, 0.9), 2) AS p90_days,
       round(avg(days) - (SELECT avg(days) FROM stays), 2) AS above_group_mean,
       round(100.0 * count(*) FILTER (days > 14) / count(*), 1) AS over_two_weeks_percent
FROM stays
GROUP BY department
ORDER BY mean_days DESC, department;
