"""A hospital project in a scratch folder, and the truth it is held against."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter


class Hospital:
    """Made from examples/hospital; removed at the end of the `with` block."""

    def __init__(self, tarn, repository):
        self.tarn = os.path.abspath(tarn)
        self.scratch = tempfile.mkdtemp(prefix="tarn-e2e-")
        self.project = os.path.join(self.scratch, "hospital")
        shutil.copytree(os.path.join(repository, "examples", "hospital"), self.project)
        self.inbox = os.path.join(self.project, "inbox")
        self.truth_file = os.path.join(self.scratch, "truth.json")
        self.truth = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def run(self, *arguments, check=True):
        done = subprocess.run([self.tarn, "-C", self.project, *arguments], capture_output=True, text=True, check=False)
        if check and done.returncode != 0:
            sys.exit(f"tarn {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def rows(self, *arguments):
        return json.loads(self.run(*arguments, "--output", "json").stdout)

    def sql(self, statement):
        return self.rows("sql", statement)

    def make(self, *options):
        self.run("demo", "make", self.inbox, "--truth", self.truth_file, *options)
        with open(self.truth_file, encoding="utf-8") as file:
            self.truth = json.load(file)

    def set_batch_files(self, count):
        """Small batches, so that many commits happen."""
        path = os.path.join(self.project, "tarn.yaml")
        with open(path, encoding="utf-8") as file:
            lines = [line for line in file.read().split("\n")]
        kept = []
        skipping = False
        for line in lines:
            skipping = line.startswith("batch:") or (skipping and line.startswith(" "))
            if not skipping:
                kept.append(line)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(kept) + f"\nbatch:\n  max_files: {count}\n")

    def defects(self):
        with open(self.truth_file.replace(".json", "_defects.csv"), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


class Checks:
    """Counts comparisons; report() ends the process with 1 when one failed."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def equal(self, what, got, wanted):
        if got == wanted:
            self.passed += 1
            return
        self.failed += 1
        print(f"FAILED {what}: got {got!r}, wanted {wanted!r}")

    def report(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed or not self.passed else 0)


LEVELS = {"archive": "file", "member": "member", "record": "record"}


def code_matches(wanted, got):
    return got == wanted or (wanted.endswith("*") and got.startswith(wanted[:-1]))


def check_tables(hospital, checks):
    for name, table in hospital.truth["tables"].items():
        found = hospital.sql(table["sql"])[0]
        checks.equal(f"{name} rows", int(found["rows"]), table["rows"])
        checks.equal(f"{name} keys", int(found["distinct_keys"]), table["distinct_keys"])
        checks.equal(f"{name} key checksum", str(found["key_checksum"]), str(table["key_checksum"]))
        for column, total in table["sums"].items():
            checks.equal(f"{name} sum of {column}", str(found[column]), str(total))


def check_quarantine(hospital, checks):
    """Every planted defect is found at its place with its code, and nothing else is."""
    found = {}
    for row in hospital.sql("select source_file, member, record, level, code from ops.quarantine where status = 'open'"):
        place = (row["source_file"], row["member"] or "", str(row["record"] or "") if row["level"] == "record" else "")
        found.setdefault(place, []).append((row["level"], row["code"]))
    missing = Counter()
    for defect in hospital.defects():
        place = (defect["file"], defect["member"], defect["record"] if defect["level"] == "record" else "")
        wanted = (LEVELS[defect["level"]], defect["code"])
        got = found.pop(place, [])
        if len(got) != 1 or got[0][0] != wanted[0] or not code_matches(wanted[1], got[0][1]):
            missing[f"{defect['defect']}: wanted {wanted}, got {got}"] += 1
    checks.equal("planted defects that were not found as they should", dict(missing), {})
    checks.equal("quarantined without a planted defect", dict(Counter(str(v) for v in found.values())), {})


def check_ledger(hospital, checks):
    files = hospital.truth["files"]
    totals = hospital.sql(
        "select count(*) as arrived, count(*) filter (state = 'duplicate') as duplicates, "
        "count(*) filter (state in ('committed', 'quarantined')) as settled, "
        "sum(records_arrived)::bigint as records, "
        "sum(records_committed + records_quarantined)::bigint as accounted from ops.files")[0]
    checks.equal("files arrived", totals["arrived"], files["arrived"])
    checks.equal("duplicates", totals["duplicates"], files["duplicates"])
    checks.equal("settled files", totals["settled"], files["distinct"])
    checks.equal("records accounted for", totals["accounted"], totals["records"])
    admitted = sum(feed["records"]["admitted"] for feed in hospital.truth["feeds"].values())
    committed = hospital.sql("select sum(records_committed)::bigint as n from ops.files")[0]["n"]
    checks.equal("records committed", committed, admitted)


def check_all(hospital, checks):
    check_tables(hospital, checks)
    check_quarantine(hospital, checks)
    check_ledger(hospital, checks)
