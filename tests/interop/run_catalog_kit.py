#!/usr/bin/env python3
"""Runs Apache Iceberg's catalog tests against `tarn catalog serve`:
run_catalog_kit.py [--postgres] [--s3 moto|minio] [--offline] TARN [WORK_FOLDER]
run_catalog_kit.py --fetch

--postgres keeps the state in a PostgreSQL server of its own. With --s3 the warehouse lies in a bucket, and so do the tables of
all tests that name no place of their own. Needs Maven and a JDK of at least 17; --fetch brings what they need, so that the
tests can be run --offline. Exit code 1 unless every test passes that has
an empty namespace as no premise.
"""
import argparse
import contextlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import s3_server

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "postgres"))
import server as postgres_server  # noqa: E402
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


def settings_of(server):
    """The project's lines, and what clients must say, for a warehouse in this bucket. Clients get what they need from Tarn."""
    lines = (f"warehouse: s3://{s3_server.BUCKET}/kit\n"
             f"s3: {{endpoint: \"{server.url}\", region: {s3_server.REGION}, vended_role: \"arn:aws:iam::000000000000:role/kit\"}}\n")
    return lines, ["-Dtarn.client.header.X-Iceberg-Access-Delegation=vended-credentials"]


def maven(folder, log, *arguments):
    shutil.copytree(HERE / "catalog_kit", folder)
    command = ["mvn", "-B", "-q", "-ntp", "-f", folder / "pom.xml", "test", *arguments]
    return subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, check=False).returncode


def fetch():
    """Compiles the tests and runs none of them."""
    with tempfile.TemporaryDirectory(prefix="tarn-kit-") as work, tempfile.TemporaryFile("w+") as log:
        code = maven(Path(work) / "kit", log, "-Dtest=None", "-Dsurefire.failIfNoSpecifiedTests=false")
        if code:
            log.seek(0)
            sys.exit(f"Maven could not fetch Iceberg's catalog tests:\n{log.read()}")
    return 0


def run(tarn, work, server, state, more):
    lines, client = settings_of(server) if server else ("", [])
    lines += f"state: {state}\n" if state else ""
    project = work / "project"
    project.mkdir()
    # The tests create tables below /tmp by name.
    (project / "tarn.yaml").write_text(
         'project: kit\nlisteners: {rest: {locations: ["file:///tmp", "file://' + tempfile.gettempdir() + '"]}}\n' + lines)
    (project / "feeds").mkdir()
    with open(work / "server.log", "w", encoding="utf-8") as log:
        tarn_server = subprocess.Popen([tarn, "-C", project, "catalog", "serve", "--listen", "127.0.0.1:0"],
                                       env=server.environment if server else None, stdout=subprocess.PIPE, stderr=log,
                                       text=True)
        try:
            uri = tarn_server.stdout.readline().strip()
            if not uri:
                sys.exit(f"tarn did not start:\n{(work / 'server.log').read_text()}")
            with open(work / "kit.log", "w", encoding="utf-8") as kit_log:
                maven(work / "kit", kit_log, f"-Dtarn.uri={uri}", *client, *more)
        finally:
            tarn_server.terminate()
            tarn_server.wait(timeout=30)
    found = list(outcomes(work / "kit" / "target" / "surefire-reports"))
    for name, outcome, reason in found:
        if outcome == "failed":
            print(f"FAIL {name}: {(reason or '').splitlines()[0] if reason else ''}")
    if not found:
        print((work / "kit.log").read_text())
    count = {kind: sum(outcome == kind for _, outcome, _ in found) for kind in ("passed", "failed", "skipped")}
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 0 if count["passed"] and not count["failed"] and count["skipped"] == EXPECTED_SKIPS else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--s3", choices=("moto", "minio"))
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--fetch", action="store_true")
    parser.add_argument("tarn", type=Path, nargs="?")
    parser.add_argument("work", type=Path, nargs="?")
    options = parser.parse_args()
    if options.fetch:
        return fetch()
    if options.tarn is None:
        parser.error("which tarn?")
    with contextlib.ExitStack() as stack:
        work = options.work or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tarn-kit-")))
        work.mkdir(parents=True, exist_ok=options.work is None)
        server = stack.enter_context(s3_server.start(options.s3, HERE.parent.parent)) if options.s3 else None
        state = stack.enter_context(postgres_server.Server()).location if options.postgres else None
        return run(str(options.tarn.resolve()), work, server, state, ["-o"] if options.offline else [])


if __name__ == "__main__":
    sys.exit(main())
