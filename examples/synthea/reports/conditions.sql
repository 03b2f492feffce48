-- The twenty most frequent conditions: how many patients have or had them, since what age, and for how long.
-- Findings about life circumstances ("Full-time employment (finding)") are left out.
WITH episodes AS (
  SELECT c.code, c.description, c.patient_id,
         date_diff('year', p.birth_date, c.started_on) AS age,
         date_diff('day', c.started_on, c.ended_on) AS days,
         c.ended_on IS NULL AS lasting
  FROM curated.condition AS c
  JOIN curated.patient AS p ON p.patient_id = c.patient_id
  WHERE c.description LIKE '%(disorder)'
)
SELECT code,
       any_value(description) AS condition,
       count(DISTINCT patient_id) AS patients,
       round(100.0 * count(DISTINCT patient_id) / (SELECT count(*) FROM curated.patient), 1) AS percent_of_patients,
       count(*) AS episodes,
       count(*) FILTER (lasting) AS lasting,
       median(age) AS median_age,
       median(days) AS median_days
FROM episodes
GROUP BY code
ORDER BY patients DESC, episodes DESC, code
LIMIT 20;
