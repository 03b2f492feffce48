-- Arrivals: what became of the files and of the records in them. The records add up: arrived = committed + quarantined.
SELECT coalesce(state, 'all') AS state,
       count(*) AS files,
       round(sum(size_bytes) / 1e6, 1) AS megabytes,
       sum(members) AS members,
       sum(records_arrived) AS records_arrived,
       sum(records_committed) AS records_committed,
       sum(records_quarantined) AS records_quarantined,
       round(100.0 * sum(records_quarantined) / nullif(sum(records_arrived), 0), 3) AS quarantined_percent
FROM ops.files
GROUP BY GROUPING SETS ((state), ())
ORDER BY grouping(state), files DESC;
