#!/usr/bin/env python3
"""Users of access/*.yaml at the REST catalog, by PyIceberg and DuckDB: whole tables are read, the rest is refused.

    rest_access_test.py TARN_BINARY
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import threading

import duckdb
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import ForbiddenError, NoSuchNamespaceError, NoSuchTableError, OAuthError, UnauthorizedError

import duck

FAILURES = []
ROWS = 40
FEED = """feed: {name}
owner: o@example.org
description: Rows.
source: {{folder: inbox, files: "{name}*.csv", settle: 0ms}}
table: {table}
mode: append
format: {{type: csv}}
columns:
  - {{name: id, type: long}}
  - {{name: ward, type: string}}
  - {{name: person, type: string, identifying: name}}
"""
ACCESS = """identifying: {{name: "null"}}
roles:
  reader:
    description: Beds whole, stays without names, staff of one ward.
    grants:
      - tables: [curated.bed]
        masks: {{person: none}}
      - tables: [curated.stay]
      - tables: [hr.staff]
        where: ward = 'A'
        masks: {{person: none}}
users:
  ann: {{password: "{verifier}", roles: [reader]}}
"""


def check(what, actual, expected):
    if actual != expected:
        FAILURES.append(f"{what}: {actual!r} instead of {expected!r}")


def refused(what, kind, action):
    try:
        FAILURES.append(f"{what} was allowed: {action()!r}")
    except kind:
        pass


def make(tarn, folder):
    for name in ("feeds", "inbox", "access"):
        (folder / name).mkdir()
    for name, table in (("bed", "curated.bed"), ("stay", "curated.stay"), ("staff", "hr.staff"), ("pay", "secret.pay")):
        (folder / "feeds" / f"{name}.yaml").write_text(FEED.format(name=name, table=table), encoding="utf-8")
        rows = [f"{number},{'AB'[number % 2]},Person {number}" for number in range(ROWS)]
        (folder / "inbox" / f"{name}.csv").write_text("id,ward,person\n" + "\n".join(rows) + "\n", encoding="utf-8")
    verifier = subprocess.run([tarn, "access", "password"], input="secret word\n", check=True, capture_output=True, text=True)
    (folder / "access" / "users.yaml").write_text(ACCESS.format(verifier=verifier.stdout.strip()), encoding="utf-8")
    secret = subprocess.run([tarn, "catalog", "secret"], input="s3cret\n", check=True, capture_output=True, text=True)
    (folder / "tarn.yaml").write_text(json.dumps({"project": "rights", "listeners": {"rest": {"clients": [
        {"id": "spark", "secret_hash": secret.stdout.strip()}]}}}), encoding="utf-8")
    subprocess.run([tarn, "-C", folder, "ingest"], check=True, capture_output=True, timeout=120)


def start(tarn, folder):
    process = subprocess.Popen([tarn, "-C", folder, "catalog", "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if '"rest.listening"' in line:
            threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
            return process, json.loads(line)["uri"]
    raise SystemExit("tarn catalog serve does not listen")


def by(uri, credential):
    return load_catalog("tarn", type="rest", uri=uri, credential=credential)


def reads_what_she_sees_whole(ann, uri):
    check("namespaces", sorted(ann.list_namespaces()), [("curated",), ("hr",)])
    check("tables", sorted(ann.list_tables("curated")), [("curated", "bed"), ("curated", "stay")])
    table = ann.load_table("curated.bed").scan().to_arrow()
    check("rows", (table.num_rows, table["person"][3].as_py()), (ROWS, "Person 3"))
    for name in ("curated.stay", "hr.staff"):
        refused(f"a table with a policy, {name}", ForbiddenError, lambda name=name: ann.load_table(name))
    refused("a hidden table", NoSuchTableError, lambda: ann.load_table("secret.pay"))
    refused("a hidden namespace", NoSuchNamespaceError, lambda: ann.list_tables("secret"))
    lake = duck.connect()
    lake.execute(f"CREATE SECRET (TYPE iceberg, CLIENT_ID 'ann', CLIENT_SECRET 'secret word', OAUTH2_SERVER_URI '{uri}/v1/oauth/tokens')")
    lake.execute(f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{uri}')")
    check("rows by DuckDB", lake.execute("SELECT count(*), count(person) FROM lake.curated.bed").fetchone(), (ROWS, ROWS))
    refused("a policy by DuckDB", duckdb.Error, lambda: lake.execute("SELECT * FROM lake.curated.stay").fetchall())


def changes_nothing(ann):
    table = ann.load_table("curated.bed")
    row = table.scan().to_arrow().slice(0, 1)
    refused("an append", ForbiddenError, lambda: table.append(row))
    refused("a deletion", ForbiddenError, lambda: ann.drop_table("curated.bed"))
    refused("a new table", ForbiddenError, lambda: ann.create_table("curated.mine", row.schema))
    refused("a new namespace", ForbiddenError, lambda: ann.create_namespace("mine"))
    refused("a property", ForbiddenError, lambda: table.transaction().set_properties(a="b").commit_transaction())


def main():
    tarn = sys.argv[1]
    with tempfile.TemporaryDirectory(prefix="tarn-rights-") as scratch:
        folder = pathlib.Path(scratch)
        make(tarn, folder)
        process, uri = start(tarn, folder)
        try:
            ann = by(uri, "ann:secret word")
            reads_what_she_sees_whole(ann, uri)
            changes_nothing(ann)
            for what, credential in (("a wrong password", "ann:other"), ("nobody", "eve:secret word")):
                refused(what, OAuthError, lambda credential=credential: by(uri, credential).list_namespaces())
            refused("no credential", UnauthorizedError, lambda: load_catalog("tarn", type="rest", uri=uri).list_namespaces())
            spark = by(uri, "spark:s3cret")
            check("what a client sees", len(spark.list_namespaces()), 3)
            check("the table is as it was", spark.load_table("curated.bed").scan().to_arrow().num_rows, ROWS)
        finally:
            process.terminate()
            check("how tarn ended", process.wait(timeout=30), 0)
    for failure in FAILURES:
        print("FAILED", failure)
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
