"""Killed again and again while it maintains tables, the lake keeps every row, and nothing useless stays."""

import glob
import os
import random
import subprocess
import sys
import time
from collections import Counter

from hospital import Checks, Hospital, check_all

KILLS = 12
SETTINGS = """maintenance:
  min_files: 2
  keep_snapshots: 0s
  keep_monthly: false
"""


def kill_in_the_middle(hospital, delays):
    """True when `tarn maintain` died by the signal."""
    process = subprocess.Popen([hospital.tarn, "-C", hospital.project, "maintain"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(delays.uniform(0.02, 0.6))
    process.kill()
    return process.wait() == -9


def files_of(table):
    return {path for path in glob.glob(f"{table['location'].removeprefix('file://')}/**/*", recursive=True)
            if os.path.isfile(path)}


def age_files(folder, days):
    """Older than any grace period; a test does not wait for three days."""
    for path in glob.glob(f"{folder}/**/*", recursive=True):
        if os.path.isfile(path):
            then = os.stat(path).st_mtime - days * 86400
            os.utime(path, (then, then))


def main():
    checks = Checks()
    delays = random.Random(7)
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        hospital.make("--zips", "60", "--defects", "typical", "--seed", "7", "--corrections", "0.1")
        hospital.set_batch_files(4)
        with open(os.path.join(hospital.project, "tarn.yaml"), "a", encoding="utf-8") as file:
            file.write(SETTINGS)
        zips = sorted(glob.glob(f"{hospital.inbox}/**/*.zip", recursive=True), key=os.path.basename)
        later = os.path.join(hospital.scratch, "later")
        os.mkdir(later)
        for zip_file in zips[1::2]:
            os.rename(zip_file, os.path.join(later, os.path.basename(zip_file)))
        hospital.run("ingest")

        work = [row["table"] for row in hospital.rows("maintain", "--dry-run") if row["what"]]
        checks.equal("tables with work", len(work) >= 2, True)
        killed = sum(kill_in_the_middle(hospital, delays) for _ in range(KILLS))
        checks.equal("processes that died by the signal", killed > 0, True)
        # What arrives later upserts rows that compaction moved.
        for zip_file in zips[1::2]:
            os.rename(os.path.join(later, os.path.basename(zip_file)), zip_file)
        hospital.run("ingest")
        check_all(hospital, checks)

        hospital.run("maintain")
        check_all(hospital, checks)
        after = {row["table"]: row for row in hospital.rows("maintain", "--dry-run")}
        checks.equal("tables with work left", [name for name, row in after.items() if row["what"]], [])

        # After the grace period only what the tables name is there.
        age_files(os.path.join(hospital.project, "lake"), 4)
        hospital.run("maintain")
        check_all(hospital, checks)
        for table in hospital.sql("SELECT table_schema, table_name, location FROM ops.tables"):
            name = f"{table['table_schema']}.{table['table_name']}"
            files = hospital.rows("table", "files", name, "--limit", "100000")
            named = [row["file"] for row in files]
            crowd = Counter(row["partition"] for row in files if row["kind"] == "data")
            checks.equal(f"{name}: most data files of a partition", max(crowd.values()) <= 3, True)
            there = [path for path in files_of(table) if path.endswith(".parquet")]
            checks.equal(f"{name}: data and delete files", len(there), len(named))
            checks.equal(f"{name}: snapshots", len(hospital.rows("table", "history", name)), 1)
    checks.report()


if __name__ == "__main__":
    main()
