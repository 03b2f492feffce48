-- Cost per case by principal diagnosis: the twenty that cost most in all.
-- What a case costs the facility beside what payers allowed and paid for it. Claims come from few facilities at first:
-- `billed_cases` says for how many of the cases there are any, and the margin is taken over those alone.
WITH billed AS (
  SELECT encounter_id, sum(allowed) AS allowed, sum(paid) AS paid
  FROM curated.claim_line
  GROUP BY encounter_id
),
cases AS (
  SELECT d.code, d.name, e.total_cost, b.allowed, b.paid
  FROM curated.encounter AS e
  JOIN curated.encounter_diagnosis AS d ON d.encounter_id = e.encounter_id AND d.rank = 1
  LEFT JOIN billed AS b ON b.encounter_id = e.encounter_id
  WHERE e.discharged_at IS NOT NULL
)
SELECT code,
       any_value(name) AS diagnosis,
       count(*) AS cases,
       round(avg(total_cost), 2) AS mean_cost,
       round(median(total_cost), 2) AS median_cost,
       sum(total_cost) AS all_cost,
       count(allowed) AS billed_cases,
       round(avg(allowed), 2) AS mean_allowed,
       round(avg(paid - total_cost) FILTER (allowed IS NOT NULL), 2) AS mean_margin
FROM cases
GROUP BY code
ORDER BY all_cost DESC, code
LIMIT 20;
