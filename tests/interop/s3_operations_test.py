"""What people do with a lake, on one that lies in S3: back it up beside and elsewhere, lose it, restore it, keep its tables small, mend
them, let it plan scans for others.

Usage: s3_operations_test.py TARN REPOSITORY moto|minio [STEP…]
"""

import json
import os
import shutil
import subprocess
import sys
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from backup_test import backups, code_of, contents, remove_lake  # noqa: E402
from hospital import Checks, check_all  # noqa: E402

import s3_server  # noqa: E402
from s3_lake_test import S3Hospital  # noqa: E402

TABLE = "curated.encounter"


def remove_from_bucket(server, prefix):
    for key in s3_server.keys_below(server.address, prefix):
        s3_server.signed(server.address, "DELETE", f"/{s3_server.BUCKET}/{urllib.request.quote(key)}")


def back_up_and_restore(hospital, server, checks):
    """Two repositories, a folder and a prefix of the bucket; the lake is lost with its project."""
    folder, remote = f"{hospital.scratch}/safe", f"s3://{s3_server.BUCKET}/{hospital.prefix}/safe"
    hospital.make("--zips", "10", "--seed", "1", "--defects", "typical")
    hospital.run("ingest")
    first = contents(hospital)
    for repository in (folder, remote):
        hospital.run("backup", "create", repository)
    hospital.run("demo", "make", f"{hospital.scratch}/more", "--zips", "10", "--seed", "2", "--defects", "typical")
    shutil.copytree(f"{hospital.scratch}/more", hospital.inbox, dirs_exist_ok=True)
    hospital.run("ingest")
    second = contents(hospital)
    for repository in (folder, remote):
        hospital.run("backup", "create", repository)
        checks.equal(f"backups in {repository}", len(backups(hospital, repository)), 2)
        hospital.run("backup", "verify", repository)
        proven = {row["table"]: row["rows read"] for row in hospital.rows("restore", repository, "--drill")}
        checks.equal(f"the drill of {repository}", proven.get(TABLE), second[TABLE]["n"])
    inside = f"s3://{s3_server.BUCKET}/{hospital.prefix}/lake/safe"
    checks.equal("not into the lake", code_of(hospital.run("backup", "create", inside, check=False)), "cli.usage")

    remove_lake(hospital)
    for part in ("lake", "landing"):
        remove_from_bucket(server, f"{hospital.prefix}/{part}/")
    # With the project the settings are gone: another folder says how to reach the bucket.
    elsewhere = f"{hospital.scratch}/elsewhere"
    os.makedirs(elsewhere)
    with open(f"{elsewhere}/tarn.yaml", "w", encoding="utf-8") as file:
        file.write(f"project: elsewhere\ns3: {{endpoint: \"{server.url}\", region: {s3_server.REGION}}}\n")
    restored = subprocess.run([hospital.tarn, "-C", elsewhere, "restore", remote], env=hospital.environment, capture_output=True,
                              text=True, check=False)
    checks.equal("restored from the bucket", (restored.returncode, restored.stderr if restored.returncode else ""), (0, ""))
    checks.equal("the second lake is back", contents(hospital), second)
    hospital.run("restore", folder, "--backup", backups(hospital, folder)[0], "--overwrite")
    checks.equal("the first lake is back", contents(hospital), first)
    hospital.run("doctor", "--deep")


def maintain(hospital, _, checks):
    """Small files are merged and what nothing names goes, on a server where everything is five days old."""
    with s3_server.start_aged(5, sys.argv[2]) as server:
        hospital.use(server.url)
        hospital.make("--zips", "30", "--defects", "typical", "--seed", "7", "--corrections", "0.1")
        hospital.set_batch_files(4)
        hospital.use(server.url, extra="maintenance:\n  min_files: 2\n  keep_snapshots: 0s\n  orphan_grace: 1h\n")
        hospital.run("ingest")
        work = [row["table"] for row in hospital.rows("maintain", "--dry-run") if row["what"]]
        checks.equal("tables with work", len(work) >= 2, True)
        location = next(row["location"] for row in hospital.sql("SELECT table_schema, table_name, location FROM ops.tables")
                        if f"{row['table_schema']}.{row['table_name']}" == TABLE)
        folder = location.removeprefix(f"s3://{s3_server.BUCKET}/")
        s3_server.signed(server.address, "PUT", f"/{s3_server.BUCKET}/{folder}/data/lost.parquet", b"x")
        hospital.run("maintain")
        check_all(hospital, checks)
        named = hospital.rows("table", "files", TABLE, "--limit", "100000")
        there = [key for key in s3_server.keys_below(server.address, folder + "/") if key.endswith(".parquet")]
        checks.equal("data and delete files", len(there), len(named))
        checks.equal("snapshots", len(hospital.rows("table", "history", TABLE)), 1)


def mend(hospital, server, checks):
    """tarn table, and the catalog beside it."""
    hospital.make("--zips", "10", "--defects", "none", "--seed", "4")
    hospital.set_batch_files(5)
    hospital.use(server.url)
    hospital.run("ingest")
    history = hospital.rows("table", "history", TABLE)
    checks.equal("snapshots", len(history) >= 2, True)
    rows = hospital.sql(f"select count(*) as n from {TABLE}")[0]["n"]
    oldest = str(min(history, key=lambda row: row["committed"])["snapshot"])
    hospital.run("table", "show", TABLE)
    hospital.run("table", "diff", TABLE, oldest)
    hospital.run("table", "tag", TABLE, "begin", "--at", oldest)
    hospital.run("table", "rollback", TABLE, "--to", "begin")
    fewer = hospital.sql(f"select count(*) as n from {TABLE}")[0]["n"]
    checks.equal("fewer rows", 0 < fewer < rows, True)

    files = len([row for row in hospital.rows("table", "files", TABLE, "--limit", "100000") if row["kind"] == "data"])
    with subprocess.Popen([hospital.tarn, "-C", hospital.project, "catalog", "serve", "--listen", "127.0.0.1:0"],
                          env=hospital.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as catalog:
        address = catalog.stdout.readline().strip() + "/v1/namespaces/curated/tables/encounter"

        def ask(method, path="", body=None):
            request = urllib.request.Request(address + path, method=method, data=body and json.dumps(body).encode(),
                                             headers={"Content-Type": "application/json"})
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
            return json.loads(text) if text else None

        plan = ask("POST", "/plan", {"case-sensitive": True})
        checks.equal("files of a planned scan", len(plan["file-scan-tasks"]), files)
        metadata = ask("GET")["metadata-location"]
        ask("DELETE")
        catalog.terminate()
    hospital.run("table", "restore", TABLE, metadata)
    checks.equal("the dropped table is back", hospital.sql(f"select count(*) as n from {TABLE}")[0]["n"], fewer)


def main():
    tarn, repository, kind = sys.argv[1:4]
    checks = Checks()
    with s3_server.start(kind, repository) as server:
        for step in (back_up_and_restore, maintain, mend):
            if sys.argv[4:] and step.__name__ not in sys.argv[4:]:
                continue
            with S3Hospital(tarn, repository, server, step.__name__) as hospital:
                step(hospital, server, checks)
    checks.report()


if __name__ == "__main__":
    main()
