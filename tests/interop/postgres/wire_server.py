"""A project with one table of most types, `tarn serve` speaking PostgreSQL on it, and a count of checks."""

import json
import pathlib
import subprocess
import tempfile
import threading
import time

ROWS = 5000
FEED = """feed: stays
owner: test@example.org
description: Stays.
source: {folder: inbox, files: "*.csv", settle: 0ms}
table: curated.stay
mode: upsert
key: [id]
version_column: revision
format: {type: csv}
columns:
  - {name: id, type: long, description: "Number of the stay."}
  - {name: revision, type: int}
  - {name: ward, type: string}
  - {name: admitted, type: timestamp}
  - {name: sent, type: timestamptz}
  - {name: born, type: date}
  - {name: cost, type: "decimal(12,2)"}
  - {name: weight, type: double}
  - {name: emergency, type: boolean}
"""
WARDS = ["ICU", "A 1", 'B "2"', "Ö"]


def row(number):
    """What the table holds of a stay, as Python's texts."""
    ward = WARDS[number % 4]
    day = number % 28 + 1
    return {"id": number, "ward": ward, "admitted": f"2025-01-{day:02} 10:{number % 60:02}:00", "born": f"1960-02-{day:02}",
            "cost": f"{number * 7 // 100}.{number * 7 % 100:02}", "weight": number / 8, "emergency": number % 3 == 0}


def csv():
    lines = ["id,revision,ward,admitted,sent,born,cost,weight,emergency"]
    for number in range(ROWS):
        one = row(number)
        ward = '"' + one["ward"].replace('"', '""') + '"'
        weight = "" if number % 10 == 9 else one["weight"]
        lines.append(f"{number},1,{ward},{one['admitted']},2025-01-01T00:00:00Z,{one['born']},{one['cost']},{weight},"
                     f"{str(one['emergency']).lower()}")
    return "\n".join(lines) + "\n"


class WireServer:
    """`tarn serve` on a project of its own, in a folder whose name begins with `prefix`. `listener` is added to listeners.postgres, `access` are files of access/. `flight`:
    Flight SQL is served, too, with that in listeners.flight."""

    def __init__(self, tarn, listener=None, access=None, flight=None, prefix="tarn wire "):
        self.folder = tempfile.TemporaryDirectory(prefix=prefix)
        self.project = pathlib.Path(self.folder.name)
        self.tarn = str(tarn)
        self.failures = []
        self.passed = 0
        (self.project / "feeds").mkdir()
        (self.project / "inbox").mkdir()
        (self.project / "feeds" / "stays.yaml").write_text(FEED, encoding="utf-8")
        listeners = {"postgres": {"listen": "127.0.0.1:0"} | (listener or {})}
        if flight is not None:
            listeners["flight"] = {"listen": "127.0.0.1:0"} | flight
        self.doors = [f"{name}.listening" for name in listeners]
        (self.project / "tarn.yaml").write_text(
            json.dumps({"project": "wire", "limits": {"memory": "512MiB"}, "listeners": listeners}), encoding="utf-8")
        for name, text in (access or {}).items():
            (self.project / "access").mkdir(exist_ok=True)
            (self.project / "access" / name).write_text(text, encoding="utf-8")
        (self.project / "inbox" / "stays.csv").write_text(csv(), encoding="utf-8")
        subprocess.run([self.tarn, "-C", self.project, "ingest"], check=True, capture_output=True, timeout=120)

    def __enter__(self):
        self.events = []
        self.process = subprocess.Popen([self.tarn, "-C", self.project, "serve"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        for _ in range(600):
            listening = [self.said(door) for door in self.doors]
            if all(listening) or self.process.poll() is not None:
                break
            time.sleep(0.05)
        if not all(listening):
            raise SystemExit("tarn serve does not listen:\n" + "".join(self.events))
        self.port, *others = [int(json.loads(said)["address"].rpartition(":")[2]) for said in listening]
        self.flight_port = others[0] if others else None
        return self

    def read(self):
        for line in self.process.stderr:
            self.events.append(line)

    def said(self, event):
        return next((line for line in self.events if f'"{event}"' in line), None)

    def __exit__(self, *_):
        self.check("that the server lives", self.process.poll(), None)
        self.process.terminate()
        self.check("how tarn ended", self.process.wait(timeout=30), 0)
        self.reader.join()
        self.folder.cleanup()

    def resident_kib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return int(status.split("VmRSS:")[1].split()[0])

    def check(self, what, actual, expected):
        if actual == expected:
            self.passed += 1
        else:
            self.failures.append(f"{what}: {actual!r} instead of {expected!r}")

    def wait_until(self, what, holds, seconds=60):
        """Checks that something comes to hold by itself."""
        end = time.monotonic() + seconds
        while not (held := holds()) and time.monotonic() < end:
            time.sleep(0.1)
        self.check(what, bool(held), True)

    def finish(self):
        for failure in self.failures:
            print("FAILED", failure)
        print(f"{self.passed} passed, {len(self.failures)} failed")
        return 1 if self.failures or not self.passed else 0
