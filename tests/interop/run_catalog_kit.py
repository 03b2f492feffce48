#!/usr/bin/env python3
"""Runs Apache Iceberg's catalog tests against `tarn catalog serve`: run_catalog_kit.py [--postgres] TARN [WORK_FOLDER]

--postgres keeps the state in a PostgreSQL server of its own. Needs Maven and a JDK of at least 17. Exit code 1 unless every
test passes that has an empty namespace as no premise.
"""
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
EXPECTED_SKIPS = 5  # Those on empty namespaces, which Tarn has not.


def outcomes(reports):
    """Each test's name, what became of it, and why."""
    for report in sorted(reports.glob("TEST-*.xml")):
        for case in ElementTree.parse(report).iter("testcase"):
            name = f"{case.get('classname')}#{case.get('name')}"
            problem = case.find("failure") if case.find("failure") is not None else case.find("error")
            if problem is not None:
                yield name, "failed", problem.get("message")
            else:
                yield name, "skipped" if case.find("skipped") is not None else "passed", None


def run(tarn, work, state):
    project = work / "project"
    project.mkdir()
    # The tests create tables below /tmp by name.
    (project / "tarn.yaml").write_text(
        f'project: kit\nstate: {state}\n'
        'listeners: {rest: {locations: ["file:///tmp", "file://' + tempfile.gettempdir() + '"]}}\n')
    (project / "feeds").mkdir()
    with open(work / "server.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen([tarn, "-C", project, "catalog", "serve", "--listen", "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            uri = server.stdout.readline().strip()
            if not uri:
                sys.exit(f"tarn did not start:\n{(work / 'server.log').read_text()}")
            shutil.copytree(HERE / "catalog_kit", work / "kit")
            with open(work / "kit.log", "w", encoding="utf-8") as kit_log:
                subprocess.run(["mvn", "-B", "-q", "-ntp", "-f", work / "kit" / "pom.xml", "test", f"-Dtarn.uri={uri}"],
                               stdout=kit_log, stderr=subprocess.STDOUT, check=False)
        finally:
            server.terminate()
            server.wait(timeout=30)
    found = list(outcomes(work / "kit" / "target" / "surefire-reports"))
    for name, outcome, reason in found:
        if outcome == "failed":
            print(f"FAIL {name}: {(reason or '').splitlines()[0] if reason else ''}")
    count = {kind: sum(outcome == kind for _, outcome, _ in found) for kind in ("passed", "failed", "skipped")}
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 0 if count["passed"] and not count["failed"] and count["skipped"] == EXPECTED_SKIPS else 1


def run_with_postgres(tarn, work):
    sys.path.insert(0, str(HERE.parent / "postgres"))
    from server import Server
    with Server() as server:
        return run(tarn, work, server.location)


def main(arguments):
    runs = run_with_postgres if "--postgres" in arguments else lambda tarn, work: run(tarn, work, "state/tarn.db")
    arguments = [word for word in arguments if word != "--postgres"]
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    tarn = str(Path(arguments[0]).resolve())
    if len(arguments) == 2:
        work = Path(arguments[1])
        work.mkdir(parents=True)
        return runs(tarn, work)
    with tempfile.TemporaryDirectory(prefix="tarn-kit-") as folder:
        return runs(tarn, Path(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
