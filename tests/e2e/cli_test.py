"""What the command line answers to slips: commands, options, folders that are missing or lie within one another."""

import contextlib
import os
import sqlite3
import subprocess
import sys
import tempfile

from hospital import Checks, Hospital

FEED = """
feed: labs
owner: lab@example.org
description: Results.
source: {folder: FOLDER, files: "*.csv"}
table: raw.lab
format: {type: csv}
columns:
  - {name: id, type: int}
"""


def check_words(checks, hospital):
    for arguments, hint in ((("ingset",), "did you mean `ingest`?"),
                            (("files", "--limt", "3"), "did you mean `--limit`?"),
                            (("quarantine", "lst"), "did you mean `list`?"),
                            (("files", "--limit", "-1"), "at least 1"),
                            (("files", "--limit", "0"), "at least 1"),
                            (("quarantine", "list", "--limit", "-1"), "at least 1")):
        done = hospital.run(*arguments, check=False)
        checks.equal(f"{arguments} is a usage error", done.returncode, 2)
        checks.equal(f"{arguments} is answered with `{hint}`", hint in done.stderr, True)


def check_plan(checks, hospital):
    """A plan is drawn as the engine draws it, one line of it a line of the answer."""
    hospital.write("other")
    lines = hospital.run("sql", "EXPLAIN SELECT 41 + 1 AS answer").stdout.splitlines()
    checks.equal("the plan has several lines", len(lines) > 3 and max(map(len, lines)) < 100, True)
    checks.equal("the plan is not within a table", any("explain_value" in line for line in lines), False)


def check_version(checks, hospital):
    parts = {row["part"]: row["version"] for row in hospital.rows("version")}
    for part in ("yaml-cpp", "re2"):
        checks.equal(f"the version of {part} begins with a digit", parts.get(part, "")[:1].isdigit(), True)


class Labs(Hospital):
    """One feed in a project of its own."""

    def write(self, folder, settings=""):
        for name in os.listdir(f"{self.project}/feeds"):
            os.remove(f"{self.project}/feeds/{name}")
        with open(f"{self.project}/feeds/labs.yaml", "w", encoding="utf-8") as file:
            file.write(FEED.replace("FOLDER", folder))
        with open(f"{self.project}/tarn.yaml", "w", encoding="utf-8") as file:
            file.write("project: labs\n" + settings)


def check_folders(checks, labs):
    labs.write("drop")
    done = labs.run("check")
    checks.equal("a missing folder is a warning", "warning[cli.no_source_folder]" in done.stderr, True)
    doctor = {row["check"]: row["state"] for row in labs.rows("doctor")}
    checks.equal("tarn doctor warns of it too", doctor["source folders"], "warn")
    done = labs.run("ingest")
    checks.equal("ingest says that it makes it", "made the source folder" in done.stderr, True)
    checks.equal("once", "made the source folder" in labs.run("ingest").stderr, False)
    checks.equal("then all is well", labs.run("check").stderr, "")
    with open(f"{labs.project}/drop/a.csv", "w", encoding="utf-8") as file:
        file.write("id\n1\nx\n")
    labs.run("ingest")
    refused = labs.rows("quarantine", "list")[0]
    checks.equal("line and status of an entry", (refused["line"], refused["status"]), (3, "open"))
    # A link makes two names of one folder.
    os.symlink("lake", f"{labs.project}/link")
    labs.write("link/inbox")
    for command in ("check", "ingest"):
        done = labs.run(command, check=False)
        checks.equal(f"{command} follows links", (done.returncode, "project.folder_conflict" in done.stderr), (1, True))
    labs.write(f"{labs.project}/landing")
    checks.equal("an absolute name of the landing zone", labs.run("check", check=False).returncode, 1)
    labs.write("drop", f"warehouse: {labs.project}/state\n")
    checks.equal("the state in the warehouse", labs.run("check", check=False).returncode, 1)


def check_zone(checks, labs):
    labs.write("drop")
    with open(f"{labs.project}/feeds/labs.yaml", "a", encoding="utf-8") as file:
        file.write("  - {name: at, type: timestamptz, timezone: Europe/Berln}\n")
    done = labs.run("check", check=False)
    checks.equal("a misspelt zone", (done.returncode, "did you mean `Europe/Berlin`?" in done.stderr), (1, True))


def check_bad_contract(checks, labs):
    """A contract with an error stops what needs contracts, and nothing else."""
    labs.write("other")
    labs.run("ingest")
    with open(f"{labs.project}/feeds/labs.yaml", "a", encoding="utf-8") as file:
        file.write("  - {name: at, type: nonsense}\n")
    for command in (("sql", "SELECT count(*) FROM raw.lab"), ("files",), ("status",), ("quarantine", "list")):
        done = labs.run(*command, check=False)
        checks.equal(f"{command} answers", (done.returncode, "`tarn check` shows them" in done.stderr), (0, True))
    for command in ("ingest", "check"):
        done = labs.run(command, check=False)
        checks.equal(f"{command} refuses", (done.returncode, "nonsense" in done.stderr), (1, True))
    labs.write("other", "memroy: 1GiB\n")
    done = labs.run("sql", "SELECT 1", check=False)
    checks.equal("an error in tarn.yaml is one", (done.returncode, "memroy" in done.stderr), (1, True))


def check_dropped(checks, labs):
    """A dropped table comes back until maintenance removes it."""
    labs.write("other")
    labs.run("sql", "CREATE SCHEMA sandbox; CREATE TABLE sandbox.t AS SELECT * FROM range(10) r(i); DROP TABLE sandbox.t")
    checks.equal("it is gone", labs.run("sql", "SELECT * FROM sandbox.t", check=False).returncode, 1)
    dropped = labs.rows("table", "dropped")
    checks.equal("what can come back", [row["table"] for row in dropped], ["sandbox.t"])
    checks.equal("it is kept for a while", dropped[0]["kept until"] > dropped[0]["dropped"], True)
    labs.run("maintain")
    labs.run("table", "restore", "sandbox.t")
    checks.equal("its rows are back", labs.sql("SELECT count(*) AS n FROM sandbox.t"), [{"n": 10}])
    done = labs.run("table", "restore", "sandbox.t", check=False)
    checks.equal("once", (done.returncode, "tarn table dropped" in done.stderr), (1, True))
    labs.run("sql", "DROP TABLE sandbox.t")
    # A test does not wait for three days.
    with contextlib.closing(sqlite3.connect(f"{labs.project}/state/tarn.db")) as state:
        state.execute("UPDATE dropped_tables SET dropped_at_us = dropped_at_us - 4 * 86400 * 1000000")
        state.commit()
    removed = [row for row in labs.rows("maintain", "--only", "orphans") if row["table"] == "sandbox.t"]
    checks.equal("its files go", [row["removed"] > 1 for row in removed], [True])
    checks.equal("and it is forgotten", labs.rows("table", "dropped"), [])
    done = labs.run("table", "restore", "sandbox.t", check=False)
    checks.equal("for good", done.returncode, 1)


def main():
    checks = Checks()
    with Labs(sys.argv[1], sys.argv[2]) as labs:
        check_words(checks, labs)
        check_version(checks, labs)
        check_folders(checks, labs)
        check_zone(checks, labs)
        check_bad_contract(checks, labs)
        check_plan(checks, labs)
        check_dropped(checks, labs)
    with tempfile.TemporaryDirectory() as fresh:
        with open(f"{fresh}/tarn.yaml", "w", encoding="utf-8") as file:
            file.write("project: fresh\n")
        script = "CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 7 AS n; SELECT n FROM s.t"
        done = subprocess.run([os.path.abspath(sys.argv[1]), "-C", fresh, "sql", script, "--output", "csv"], capture_output=True, text=True,
                              check=False)
        checks.equal(f"a lake that SQL alone fills: {done.stderr}", (done.returncode, done.stdout.split()), (0, ["n", "7"]))
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run([os.path.abspath(sys.argv[1]), "chek"], capture_output=True, text=True, check=False, cwd=empty)
        checks.equal("a slip outside of a project", (done.returncode, "did you mean `check`?" in done.stderr), (2, True))
    checks.report()


if __name__ == "__main__":
    main()
