-- Blood pressure control: the latest reading of each living patient with hypertension, and whether it is under 140/90.
WITH hypertensive AS (
  SELECT DISTINCT c.patient_id
  FROM curated.condition AS c
  JOIN curated.patient AS p ON p.patient_id = c.patient_id
  WHERE c.code = '59621000' AND p.death_date IS NULL
),
readings AS (
  SELECT patient_id, code, observed_at, try_cast(value_text AS DOUBLE) AS value,
         row_number() OVER (PARTITION BY patient_id, code ORDER BY observed_at DESC) AS position
  FROM curated.observation
  WHERE code IN ('8480-6', '8462-4') AND kind = 'numeric'
),
latest AS (
  SELECT patient_id,
         max(value) FILTER (code = '8480-6') AS systolic,
         max(value) FILTER (code = '8462-4') AS diastolic,
         max(observed_at) AS observed_at
  FROM readings
  WHERE position = 1
  GROUP BY patient_id
)
SELECT CASE WHEN l.patient_id IS NULL THEN 'no reading'
            WHEN l.systolic < 140 AND l.diastolic < 90 THEN 'controlled'
            ELSE 'not controlled' END AS state,
       count(*) AS patients,
       round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS percent,
       round(avg(l.systolic), 1) AS mean_systolic,
       round(avg(l.diastolic), 1) AS mean_diastolic,
       min(l.observed_at)::DATE AS oldest_reading
FROM hypertensive AS h
LEFT JOIN latest AS l ON l.patient_id = h.patient_id
GROUP BY state
ORDER BY patients DESC;
