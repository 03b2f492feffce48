SELECT e.id FROM curated.encounter AT (VERSION => 1) AS e WHERE x = 'it''s' -- c
; DROP TABLE mine