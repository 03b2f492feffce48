#!/usr/bin/env python3
"""PyIceberg and Tarn on the same tables at the same time, through Tarn's REST catalog.

    rest_catalog_test.py TARN_BINARY

`tarn serve` ingests files as they arrive and offers the catalog; PyIceberg creates a table of its own, changes its
schema, appends to a table that Tarn ingests into, and deletes from it. Every row of both must be there, for both.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException, ForbiddenError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import LongType, NestedField, StringType

FEED = """feed: readings
owner: test@example.org
description: Readings.
source: {folder: inbox, files: "*.csv", settle: 0ms}
table: raw.reading
mode: append
format: {type: csv}
columns:
  - {name: id, type: long, required: true}
  - {name: ward, type: string}
"""
FILES, ROWS = 30, 20
FAILURES = []


def check(what, actual, expected):
    if actual != expected:
        FAILURES.append(f"{what}: {actual!r} instead of {expected!r}")


def rows_of(tarn, project, sql):
    done = subprocess.run([tarn, "-C", project, "sql", sql, "--output", "json"], capture_output=True, text=True,
                          check=True, timeout=60)
    return json.loads(done.stdout)


def serve(tarn, project):
    """`tarn serve` and the address of its catalog."""
    process = subprocess.Popen([tarn, "-C", project, "serve"], stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        event = json.loads(line)
        if event["event"] == "rest.listening":
            threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
            return process, event["uri"]
    raise SystemExit("tarn serve ended before it listened")


def deliver(project):
    for number in range(FILES):
        text = "id,ward\n" + "".join(f"{number * ROWS + i},w{i % 3}\n" for i in range(ROWS))
        (project / "new.tmp").write_text(text, encoding="utf-8")
        (project / "new.tmp").rename(project / "inbox" / f"{number}.csv")
        time.sleep(0.1)


def persist(change):
    """A foreign writer that loses a race loads the table again, as every Iceberg client does."""
    for _ in range(30):
        try:
            return change()
        except CommitFailedException:
            time.sleep(0.05)
    raise SystemExit("the commits of others never let this one through")


def own_table(catalog, tarn, project):
    schema = Schema(NestedField(1, "id", LongType(), required=True), NestedField(2, "kind", StringType()))
    catalog.create_namespace("theirs")
    table = catalog.create_table("theirs.thing", schema,
                                 partition_spec=PartitionSpec(PartitionField(2, 1000, IdentityTransform(), "kind")))
    arrow = table.schema().as_arrow()
    table.append(pa.table({"id": [1, 2, 3], "kind": ["a", None, "b"]}, schema=arrow))
    with table.update_schema() as update:
        update.add_column("note", StringType())
    table.append(pa.table({"id": [4], "kind": ["a"], "note": ["new"]}, schema=table.schema().as_arrow()))
    table.delete("id == 1")
    check("the foreign table in SQL", rows_of(tarn, project, "SELECT id, kind, note FROM theirs.thing ORDER BY id"),
          [{"id": 2, "kind": None, "note": None}, {"id": 3, "kind": "b", "note": None},
           {"id": 4, "kind": "a", "note": "new"}])
    try:
        catalog.create_table("theirs.escape", schema, location="file:///etc/tarn-escape")
        FAILURES.append("a location outside of the warehouse was taken")
    except ForbiddenError:
        pass


def plans_of_the_server(uri, catalog):
    """The same rows, whether PyIceberg plans its scans or lets Tarn plan them."""
    planned = load_catalog("tarn", type="rest", uri=uri, **{"scan-planning-mode": "server"})
    for row_filter in ("id >= 0", "id < 40", "ward == 'w1' and id > 500", "ward in ('w0', 'w2')", "id == -5", "id > 100000"):
        by_server, by_client = (sorted(one.load_table("raw.reading").scan(row_filter=row_filter).to_arrow()["id"].to_pylist())
                                for one in (planned, catalog))
        check(f"rows with {row_filter}, planned by the server", by_server, by_client)


def main():
    tarn = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="tarn-rest-") as folder:
        project = pathlib.Path(folder)
        (project / "feeds").mkdir()
        (project / "inbox").mkdir()
        (project / "feeds" / "readings.yaml").write_text(FEED, encoding="utf-8")
        (project / "tarn.yaml").write_text('project: rest\nlisteners: {rest: {listen: "127.0.0.1:0"}}\n', encoding="utf-8")
        process, uri = serve(tarn, project)
        try:
            catalog = load_catalog("tarn", type="rest", uri=uri)
            sender = threading.Thread(target=deliver, args=(project,))
            sender.start()
            while catalog.load_table("raw.reading").current_snapshot() is None:
                time.sleep(0.05)
            first = catalog.load_table("raw.reading").scan(limit=1).to_arrow()
            for number in range(20):
                row = first.set_column(first.schema.get_field_index("id"), first.schema.field("id"),
                                       pa.array([-1 - number], pa.int64()))
                persist(lambda row=row: catalog.load_table("raw.reading").append(row))
            persist(lambda: catalog.load_table("raw.reading").delete("id == -1"))
            own_table(catalog, tarn, project)
            sender.join()
            expected = FILES * ROWS + 19
            for _ in range(200):
                seen = catalog.load_table("raw.reading").scan().to_arrow()
                if seen.num_rows >= expected:
                    break
                time.sleep(0.1)
            check("ids that PyIceberg sees", sorted(seen["id"].to_pylist()), list(range(-20, -1)) + list(range(FILES * ROWS)))
            plans_of_the_server(uri, catalog)
            check("rows in SQL", rows_of(tarn, project, "SELECT count(*) AS n, sum(id) AS s FROM raw.reading"),
                  [{"n": expected, "s": sum(range(FILES * ROWS)) - sum(range(2, 21))}])
        finally:
            process.terminate()
            check("how tarn serve ended", process.wait(timeout=30), 0)
    print("\n".join(FAILURES) or "every row is there")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
