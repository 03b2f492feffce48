#!/usr/bin/env python3
"""dbt builds a project on `tarn serve`: a seed, a table, a view over it, an incremental
model, a materialized view, tests; twice.

    dbt_test.py TARN_BINARY DBT      with the packages of dbt_requirements.txt in the environment of DBT
"""

import json
import os
import pathlib
import subprocess
import sys

import psycopg2

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import wire_server  # noqa: E402

PROJECT = {"name": "wards", "version": "1.0", "config-version": 2, "profile": "tarn"}
MODELS = {
    "by_ward.sql": "{{ config(materialized='table') }} select s.ward, r.beds, count(*) as stays, sum(s.cost) as cost from curated.stay s "
                   "join {{ ref('beds') }} r on r.ward = s.ward group by 1, 2",
    "busy.sql": "select ward, stays / beds as per_bed from {{ ref('by_ward') }} where stays > 0",
    "kept.sql": "{{ config(materialized='materialized_view') }} select ward, count(*) as stays from curated.stay group by ward",
    "seen.sql": "{{ config(materialized='incremental', unique_key='id') }} select id, ward, {{ var('round', 1) }} as round "
                "from curated.stay where id < 10 * {{ var('round', 1) }} "
                "{% if is_incremental() %} and id >= (select max(id) from {{ this }}) {% endif %}",
}
TESTS = {"version": 2, "models": [
    {"name": "by_ward", "description": "Stays of each ward.", "columns": [{"name": "ward", "data_tests": ["unique", "not_null"]}]},
    {"name": "seen", "columns": [{"name": "id", "data_tests": ["unique", "not_null"]}]}]}
BEDS = 'ward,beds\nICU,12\nA 1,30\n"B ""2""",8\nÖ,5\n'


def write_project(folder, port):
    (folder / "models").mkdir(parents=True)
    (folder / "seeds").mkdir()
    (folder / "dbt_project.yml").write_text(json.dumps(PROJECT), encoding="utf-8")
    (folder / "profiles.yml").write_text(json.dumps({"tarn": {"target": "dev", "outputs": {"dev": {
        "type": "postgres", "host": "127.0.0.1", "port": port, "user": "ann", "password": "none", "dbname": "tarn", "schema": "marts",
        "threads": 2}}}}), encoding="utf-8")
    for name, text in MODELS.items():
        (folder / "models" / name).write_text(text, encoding="utf-8")
    (folder / "models" / "tests.yml").write_text(json.dumps(TESTS), encoding="utf-8")
    (folder / "seeds" / "beds.csv").write_text(BEDS, encoding="utf-8")


def main():
    with wire_server.WireServer(sys.argv[1]) as server:
        folder = server.project / "dbt"
        write_project(folder, server.port)
        environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "NO_COLOR": "1"}

        def dbt(*arguments):
            ran = subprocess.run([sys.argv[2], "--no-version-check", *arguments, "--project-dir", folder, "--profiles-dir", folder],
                                 capture_output=True, text=True, timeout=240, env=environment, cwd=folder)
            server.check(f"dbt {' '.join(arguments)}:\n{ran.stdout[-3000:] if ran.returncode else ''}", ran.returncode, 0)

        connection = psycopg2.connect(host="127.0.0.1", port=server.port, user="ann", dbname="tarn")
        connection.autocommit = True
        cursor = connection.cursor()

        def rows(sql):
            cursor.execute(sql)
            return cursor.fetchall()

        for number in (1, 2):
            dbt("build", "--vars", json.dumps({"round": number}))
            server.check(f"the wards of round {number}", rows("SELECT ward, beds, stays FROM marts.by_ward ORDER BY beds"),
                         [("Ö", 5, 1250), ('B "2"', 8, 1250), ("ICU", 12, 1250), ("A 1", 30, 1250)])
        server.check("what came in rounds", rows("SELECT round, count(*) FROM marts.seen GROUP BY 1 ORDER BY 1"), [(1, 9), (2, 11)])
        server.check("the tables", [one[0] for one in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'marts' ORDER BY 1")],
                     ["beds", "by_ward", "seen"])
        server.check("the views", rows("SELECT viewname FROM pg_views WHERE schemaname = 'marts'"), [("busy",)])
        server.check("the materialized views", rows("SELECT matviewname FROM pg_matviews WHERE schemaname = 'marts'"), [("kept",)])
        server.check("a materialized view's rows", rows("SELECT stays FROM marts.kept WHERE ward = 'ICU'"), [(1250,)])
        server.check("a view's rows", rows("SELECT round(per_bed, 2) FROM marts.busy WHERE ward = 'ICU'"), [(104.17,)])
        connection.close()
    return server.finish()


if __name__ == "__main__":
    sys.exit(main())
