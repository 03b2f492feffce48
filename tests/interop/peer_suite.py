"""What the suites of other engines share: a project whose feeds have most types, `tarn serve` on it, and a count of checks."""

import decimal
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time

VISITS = """feed: visits
owner: test@example.org
description: Visits with their procedures.
source: {folder: inbox, files: "visit*.xml", settle: 0ms}
table: raw.visit
mode: upsert
key: [id]
version_column: revision
partition: [day(admitted), "bucket(4, id)"]
format: {type: xml, record: /visits/visit}
columns:
  - {name: id, type: long, from: "@id"}
  - {name: revision, type: int, from: revision}
  - {name: admitted, type: timestamp, from: admitted}
  - {name: sent, type: timestamptz, from: sent}
  - {name: born, type: date, from: born}
  - {name: emergency, type: boolean, from: emergency}
  - {name: cost, type: "decimal(20,4)", from: cost}
  - {name: weight, type: double, from: weight}
  - {name: ward, type: string, from: ward}
  - name: procedures
    type: list<struct>
    from: procedure
    columns:
      - {name: code, type: string, from: "@code"}
      - {name: price, type: "decimal(10,2)", from: price}
"""
READINGS = """feed: readings
owner: test@example.org
description: Readings.
source: {folder: inbox, files: "reading*.csv", settle: 0ms}
table: raw.reading
mode: append
format: {type: csv}
columns:
  - {name: id, type: long, required: true}
  - {name: ward, type: string}
"""
PROJECT = """project: peers
listeners: {rest: {listen: "127.0.0.1:0"}}
limits: {memory: 512MiB}
"""
VISITS_PER_FILE = 40


class Suite:
    """Tarn and its peer over one project, and what was found wrong. A peer adds by_peer() and, where it names tables in another
    way, name()."""

    def __init__(self, tarn, project):
        self.tarn = tarn
        self.project = project
        self.passed = 0
        self.failures = []

    def check(self, what, actual, expected):
        if actual == expected:
            self.passed += 1
        else:
            self.failures.append(f"{what}: {actual!r} instead of {expected!r}")

    def by_tarn(self, sql):
        """The one row of an answer, as texts."""
        done = subprocess.run([self.tarn, "-C", self.project, "sql", sql, "--output", "json"], capture_output=True, text=True,
                              check=False, timeout=120)
        if done.returncode != 0:
            return (done.stderr.splitlines() or ["no message"])[0]
        return tuple(plain(value) for value in json.loads(done.stdout, parse_float=decimal.Decimal)[0].values())

    def same(self, what, table, columns):
        """`columns` is SQL that both know."""
        self.check(what, self.by_peer(f"SELECT {columns} FROM lake.{table}"), self.by_tarn(f"SELECT {columns} FROM {table}"))

    def wait_for(self, sql, expected):
        for _ in range(150):
            if self.by_tarn(sql) == expected:
                return
            time.sleep(0.2)
        self.failures.append(f"{sql}: {self.by_tarn(sql)!r} instead of {expected!r} after 30 s")

    def finish(self):
        """Says what came out; the exit code."""
        for failure in self.failures:
            print("FAIL", failure)
        print(f"{self.passed} passed, {len(self.failures)} failed")
        return 1 if self.failures or not self.passed else 0


def plain(value):
    """Numbers of whatever type as one text."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float, decimal.Decimal)):
        return format(decimal.Decimal(str(value)).normalize(), "f")
    return str(value)


def visit(number, revision):
    absent = number % 7 == 0
    procedures = "".join(f'<procedure code="P{i}"><price>{number % 90 + i}.25</price></procedure>' for i in range(number % 4))
    return (f'<visit id="{number}"><revision>{revision}</revision><admitted>2026-01-{number % 9 + 1:02}T08:{number % 60:02}:00</admitted>'
            f"<sent>2026-02-01T10:00:00+0{number % 4}:00</sent>" + ("" if absent else f"<born>19{number % 90 + 10}-12-31</born>")
            + f"<emergency>{'true' if number % 3 else 'false'}</emergency><cost>{number * revision}.1234</cost>"
            + ("" if absent else f"<weight>{number / 8}</weight><ward>Küche &amp; {number % 5}</ward>") + f"{procedures}</visit>")


def send(suite, name, text):
    """A file as a sender would: written beside, renamed into place."""
    path = suite.project / "inbox" / name
    path.with_suffix(".part").write_text(text, encoding="utf-8")
    path.with_suffix(".part").rename(path)


def send_visits(suite, file, first, revision):
    body = "".join(visit(number, revision) for number in range(first, first + VISITS_PER_FILE))
    send(suite, f"visit{file}.xml", f'<?xml version="1.0" encoding="UTF-8"?><visits>{body}</visits>')


def send_all_visits(suite):
    """Revisions of the first files replace rows of earlier commits."""
    for file in range(6):
        send_visits(suite, file, 20 * file, file + 1)
        suite.wait_for("SELECT max(revision) FROM raw.visit", (str(file + 1),))
    suite.wait_for("SELECT count(*) FROM raw.visit", (str(20 * 5 + VISITS_PER_FILE),))


ALL_COLUMNS = ("count(*), count(born), count(weight), count(ward), sum(id), sum(revision), sum(cost), sum(weight), "
               "count(distinct ward), min(ward), max(ward), cast(min(born) as varchar(20)), cast(max(born) as varchar(20)), "
               "sum(case when emergency then 1 else 0 end)")


def serve(tarn, project):
    """`tarn serve` and the address of its catalog."""
    process = subprocess.Popen([tarn, "-C", project, "serve"], stderr=subprocess.PIPE, text=True)
    said = ""
    for line in process.stderr:
        said += line
        if '"event":"rest.listening"' in line:
            threading.Thread(target=lambda: [None for _ in process.stderr], daemon=True).start()
            return process, json.loads(line)["uri"]
    raise SystemExit(f"tarn serve ended before it listened:\n{said}")


def run_suite(tarn, make_suite, connect, parts, settings=""):
    """Serves a new project, with `settings` added to tarn.yaml, lets `connect(suite, uri, scratch folder)` give a context of the
    peer, and runs the parts in it."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tarn-peer-"))
    project = folder / "project"
    (project / "feeds").mkdir(parents=True)
    (project / "inbox").mkdir()
    (project / "tarn.yaml").write_text(PROJECT + settings, encoding="utf-8")
    (project / "feeds" / "visits.yaml").write_text(VISITS, encoding="utf-8")
    (project / "feeds" / "readings.yaml").write_text(READINGS, encoding="utf-8")
    suite = make_suite(str(pathlib.Path(tarn).resolve()), project)
    server, uri = serve(suite.tarn, project)
    try:
        with connect(suite, uri, folder / "scratch"):
            for part in parts:
                part(suite)
                print(f"{part.__name__}: done", flush=True)
    finally:
        server.terminate()
        server.wait(timeout=60)
        shutil.rmtree(folder, ignore_errors=True)
    return suite.finish()
