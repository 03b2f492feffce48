-- 30-day readmission rate by department.
-- Of the inpatients who left alive and were not transferred, the share who came back as an inpatient, to any facility of
-- the group, within 30 days. Stays that ended in the last 30 days of the data are left out: their time is not over.
WITH stays AS (
  SELECT encounter_id, patient_id, department, disposition, admitted_at, discharged_at,
         lead(admitted_at) OVER (PARTITION BY patient_id ORDER BY admitted_at, encounter_id) AS next_admitted_at,
         max(admitted_at) OVER () AS last_admitted_at
  FROM curated.encounter
  WHERE encounter_class = 'I'
),
index_stays AS (
  SELECT department,
         coalesce(next_admitted_at <= discharged_at + INTERVAL 30 DAY, false) AS readmitted,
         date_diff('hour', discharged_at, next_admitted_at) / 24.0 AS days_until_return
  FROM stays
  WHERE discharged_at IS NOT NULL
    AND disposition NOT IN ('EXPIRED', 'TRANSFER')
    AND discharged_at <= last_admitted_at - INTERVAL 30 DAY
)
SELECT coalesce(department, 'all departments') AS department,
       count(*) AS discharges,
       count(*) FILTER (readmitted) AS readmissions,
       round(100.0 * count(*) FILTER (readmitted) / count(*), 1) AS readmission_percent,
       round(median(days_until_return) FILTER (readmitted), 1) AS median_days_until_return
FROM index_stays
GROUP BY GROUPING SETS ((department), ())
ORDER BY grouping(department) DESC, readmission_percent DESC, department;
