-- Data quality: what went to quarantine, by feed and kind of defect, and in how many files.
-- One line for each feed, level (file, member, record) and error code that still waits; `tarn quarantine show ID` tells all
-- about the example.
SELECT CASE WHEN coalesce(feed, '') = '' THEN '(not readable)' ELSE feed END AS feed,
       level,
       code,
       count(*) AS entries,
       count(DISTINCT source_file) AS files,
       arg_min(reason, id) AS example,
       min(id) AS example_id
FROM ops.quarantine
WHERE status = 'open'
GROUP BY ALL
ORDER BY feed, entries DESC, code;
