-- High utilisers: the twenty-five patients with most encounters, and what they stand for.
-- `share_of_cost_percent` is the patient's part of the whole group's cost, `running_share_percent` that of all patients
-- up to this line. The report holds no names on purpose: join curated.patient where you may see them.
WITH per_patient AS (
  SELECT patient_id,
         count(*) AS encounters,
         count(*) FILTER (encounter_class = 'E') AS emergencies,
         count(*) FILTER (encounter_class = 'I') AS stays,
         count(DISTINCT facility_id) AS facilities,
         round(sum(date_diff('hour', admitted_at, discharged_at)) FILTER (encounter_class = 'I') / 24.0, 1) AS days_in_bed,
         sum(total_cost) AS cost
  FROM curated.encounter
  GROUP BY patient_id
),
ranked AS (
  SELECT *,
         100.0 * cost / sum(cost) OVER () AS share,
         100.0 * sum(cost) OVER (ORDER BY encounters DESC, cost DESC, patient_id
                                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) / sum(cost) OVER () AS running_share
  FROM per_patient
)
SELECT r.patient_id, p.sex, date_diff('year', p.birth_date, current_date) AS age, p.payer_code,
       r.encounters, r.emergencies, r.stays, r.facilities, r.days_in_bed, r.cost,
       round(r.share, 3) AS share_of_cost_percent,
       round(r.running_share, 2) AS running_share_percent
FROM ranked AS r
LEFT JOIN curated.patient AS p ON p.patient_id = r.patient_id
ORDER BY r.encounters DESC, r.cost DESC, r.patient_id
LIMIT 25;
