#!/usr/bin/env python3
"""DuckDB's Iceberg extension writes tables of version 3 and deletes by deletion vectors; Tarn reads what DuckDB reads. Tarn upserts into
a table of version 3 and compacts it; PyIceberg and DuckDB read what Tarn reads.

deletion_vectors_test.py TARN
"""
import csv
import glob
import pathlib
import subprocess
import sys
import tempfile

from pyiceberg.table import StaticTable

import duck

TABLE = "w.readings"
BEDS = """feed: beds
owner: test@example.org
description: Beds.
source: {folder: inbox, files: "*.csv", settle: 0ms}
table: w.bed
mode: upsert
key: [id]
version_column: version
partition: ["bucket(2, id)"]
format: {type: csv}
columns:
  - {name: id, type: long, required: true}
  - {name: version, type: long}
  - {name: ward, type: string}
"""


def serve(tarn, project):
    """`tarn catalog serve` and the address that it prints."""
    process = subprocess.Popen([tarn, "-C", project, "catalog", "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if '"rest.listening"' in line:
            return process, line.split('"uri":"')[1].split('"')[0]
    sys.exit("FAILED: tarn catalog serve ended before it listened")


def connect(uri):
    connection = duck.connect()
    connection.execute(f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{uri}', AUTHORIZATION_TYPE 'none')")
    return connection


def ingest(project, ask_tarn):
    """Files whose rows replace every other, every third … row of those before: vectors of each kind, and merged ones."""
    for version, step in enumerate((1, 2, 3, 50, 1000)):
        rows = "".join(f"{i},{version},w{version}\n" for i in range(0, 20_000, step))
        (project / "inbox" / f"{version}.csv").write_text("id,version,ward\n" + rows)
        ask_tarn("ingest")


def read_by_others(project, check, when, expected):
    """`expected`: rows, and the sum of id and version of each ward, as Tarn reads them."""
    newest = max(glob.glob(f"{project}/lake/w/bed*/metadata/*.metadata.json"))
    by_pyiceberg = StaticTable.from_metadata(newest).scan().to_arrow()
    sums = "SELECT ward, count(*), sum(id), sum(version) FROM {} GROUP BY ward ORDER BY ward"
    sources = {"PyIceberg": "by_pyiceberg", "DuckDB": f"iceberg_scan('{newest}')"}
    for reader, source in sources.items():
        rows = duck.connect()
        rows.register("by_pyiceberg", by_pyiceberg)
        check(f"{reader} {when}", [[str(v) for v in row] for row in rows.execute(sums.format(source)).fetchall()], expected)


def main():
    tarn = sys.argv[1]
    failures = []
    with tempfile.TemporaryDirectory(prefix="tarn-vectors-") as folder:
        project = pathlib.Path(folder) / "project"
        (project / "feeds").mkdir(parents=True)
        (project / "inbox").mkdir()
        (project / "tarn.yaml").write_text("project: vectors\nformat_version: 3\n")
        (project / "feeds" / "beds.yaml").write_text(BEDS)

        def ask(*arguments):
            done = subprocess.run([tarn, "-C", project, *arguments, "-o", "csv"], capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                sys.exit(f"FAILED: {arguments}: {done.stderr}")
            return list(csv.reader(done.stdout.splitlines()))[1:]

        def check(what, actual, expected):
            if actual != expected:
                failures.append(f"{what}: {str(actual)[:300]} instead of {str(expected)[:300]}")

        def tarn_does(*arguments):
            done = subprocess.run([tarn, "-C", project, *arguments], capture_output=True, text=True, timeout=120)
            if done.returncode != 0:
                sys.exit(f"FAILED: {arguments}: {done.stderr}")

        ingest(project, tarn_does)
        beds = ask("sql", "SELECT ward, count(*), sum(id), sum(version) FROM w.bed GROUP BY ward ORDER BY ward")
        check("beds", sum(int(row[1]) for row in beds), 20_000)
        kinds = {row[0] for row in ask("table", "files", "w.bed") if ".puffin#" in row[1]}
        check("deletion vectors of Tarn", kinds, {"deletes"})
        read_by_others(project, check, "reads Tarn's deletion vectors", beds)
        tarn_does("maintain", "w.bed")
        check("no vector is left", [row for row in ask("table", "files", "w.bed") if row[0] == "deletes"], [])
        check("beds after compaction", ask("sql", "SELECT ward, count(*), sum(id), sum(version) FROM w.bed GROUP BY ward ORDER BY ward"), beds)
        read_by_others(project, check, "reads what Tarn compacted", beds)

        process, uri = serve(tarn, project)
        try:
            lake = connect(uri)
            lake.execute(f"CREATE TABLE lake.{TABLE} (id BIGINT, ward VARCHAR, value DOUBLE) WITH ('format-version'='3')")
            totals = []
            steps = [*(f"INSERT INTO lake.{TABLE} SELECT i, 'w' || i % 5, i / 4 FROM range({n * 100_000}, {(n + 1) * 100_000}) r(i)"
                       for n in range(3)),
                     f"DELETE FROM lake.{TABLE} WHERE id % 3 = 0",               # dense: bitmaps
                     f"DELETE FROM lake.{TABLE} WHERE id BETWEEN 40000 AND 180000",  # long runs
                     f"DELETE FROM lake.{TABLE} WHERE id IN (1, 199999, 200002, 299999)",
                     f"INSERT INTO lake.{TABLE} VALUES (1, 'again', 0.5)"]
            for step in steps:
                lake.execute(step)
                totals.append([str(v) for v in lake.execute(f"SELECT count(*), sum(id) FROM lake.{TABLE}").fetchone()])
                check(step, ask("sql", f"SELECT count(*), sum(id) FROM {TABLE}"), [totals[-1]])
            rows = sorted([str(a), b, str(c)] for a, b, c in lake.execute(f"SELECT * FROM lake.{TABLE}").fetchall())
            check("every row", sorted(ask("sql", f"SELECT * FROM {TABLE}")), rows)
            history = list(reversed(ask("table", "history", TABLE)))
            check("snapshots", len(history), len(steps))
            for (snapshot, *_), total in zip(history, totals):
                check(f"as of {snapshot}", ask("sql", f"SELECT count(*), sum(id) FROM {TABLE} AT (VERSION => {snapshot})"), [total])
            changes = ask("changes", TABLE, "--from", history[2][0])
            check("deletions told", sum(row[0] == "DELETE" for row in changes), int(totals[2][0]) + 1 - int(totals[-1][0]))
            check("insertions told", sum(row[0] == "INSERT" for row in changes), 1)
        finally:
            process.terminate()
            process.wait(timeout=60)
    if failures:
        sys.exit("FAILED\n" + "\n".join(failures))
    print(f"ok: {len(steps)} steps of DuckDB, read alike by Tarn, then and now; 5 files of Tarn, read alike by PyIceberg and DuckDB")


if __name__ == "__main__":
    main()
