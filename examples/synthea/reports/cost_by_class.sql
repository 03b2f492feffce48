-- What encounters of each class cost, who bore it, and how they moved over the last five years of the data.
WITH costs AS (
  SELECT e.encounter_class, p.ownership, e.total_claim_cost, e.payer_coverage,
         date_diff('minute', e.started_at, e.ended_at) / 60.0 AS hours,
         e.started_at > max(e.started_at) OVER () - INTERVAL 5 YEAR AS recent
  FROM curated.encounter AS e
  LEFT JOIN curated.payer AS p ON p.payer_id = e.payer_id
)
SELECT encounter_class,
       count(*) AS encounters,
       round(median(hours), 1) AS median_hours,
       sum(total_claim_cost) AS cost,
       round(avg(total_claim_cost), 2) AS mean_cost,
       round(100.0 * sum(payer_coverage) / nullif(sum(total_claim_cost), 0), 1) AS covered_percent,
       round(100.0 * coalesce(sum(total_claim_cost) FILTER (ownership = 'GOVERNMENT'), 0)
             / nullif(sum(total_claim_cost), 0), 1) AS government_percent,
       count(*) FILTER (recent) AS encounters_5_years,
       round(avg(total_claim_cost) FILTER (recent), 2) AS mean_cost_5_years
FROM costs
GROUP BY encounter_class
ORDER BY cost DESC, encounter_class;
