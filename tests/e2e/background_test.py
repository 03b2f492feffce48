"""`tarn serve` ingests and maintains at once, is killed again and again, and loses and doubles nothing.

    background_test.py TARN REPOSITORY [KILLS]
"""

import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

from hospital import Checks, Hospital, check_all

KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 6
SETTINGS = """maintenance:
  background: true
  interval: 100ms
  min_files: 2
  keep_snapshots: 2s
  keep_monthly: false
"""


class Server:
    """`tarn serve`, and what it logs."""

    def __init__(self, hospital, name):
        self.log = open(os.path.join(hospital.scratch, name), "wb")
        self.process = subprocess.Popen([hospital.tarn, "-C", hospital.project, "serve"], stderr=self.log,
                                        stdout=subprocess.DEVNULL)

    def end(self, how):
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.log.close()
        return code

    def events(self):
        with open(self.log.name, encoding="utf-8") as file:
            lines = [line for line in file if line.startswith("{") and line.endswith("}\n")]
        return [json.loads(line) for line in lines]


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def is_settled(hospital, files):
    now = hospital.sql("select count(*) filter (state = 'landed') as pending, count(*) as n from ops.files")[0]
    return now["n"] >= files and now["pending"] == 0


def work_left(hospital):
    """Works beside `tarn serve`."""
    return [row["table"] for row in hospital.rows("maintain", "--dry-run", "--only", "compaction") if row["what"]]


def feed(hospital, later, names):
    """Senders write beside and rename, as they should."""
    for name in names:
        os.rename(os.path.join(later, os.path.basename(name)), name)
        time.sleep(0.02)


def main():
    checks = Checks()
    delays = random.Random(3)
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        hospital.make("--zips", str(max(70, 4 * KILLS)), "--defects", "typical", "--seed", "3", "--corrections", "0.2")
        hospital.set_batch_files(2)
        with open(os.path.join(hospital.project, "tarn.yaml"), "a", encoding="utf-8") as file:
            file.write(SETTINGS)
        # In the order of their making: what was sent again comes behind what it repeats, as the truth has it.
        zips = sorted(glob.glob(f"{hospital.inbox}/**/*.zip", recursive=True), key=lambda path: os.stat(path).st_mtime_ns)
        later = os.path.join(hospital.scratch, "later")
        os.mkdir(later)
        for zip_file in zips:
            os.rename(zip_file, os.path.join(later, os.path.basename(zip_file)))

        events = []
        share = -(-len(zips) // (KILLS + 1))
        for round_number in range(KILLS + 1):
            server = Server(hospital, f"serve{round_number}.log")
            feed(hospital, later, zips[round_number * share:(round_number + 1) * share])
            if round_number < KILLS:
                time.sleep(delays.uniform(0.2, 2.0))
                checks.equal("dies by the signal", server.end(signal.SIGKILL), -signal.SIGKILL)
                events += server.events()
            if round_number == KILLS // 2:
                # The index of keys is built anew, from tables that were compacted in part.
                shutil.rmtree(os.path.join(hospital.project, "state", "index"), ignore_errors=True)
        checks.equal("everything is committed", wait_for(lambda: is_settled(hospital, len(zips)), 20 * KILLS), True)
        checks.equal("everything is maintained", wait_for(lambda: not work_left(hospital), 20 * KILLS), True)
        checks.equal("status tells of maintenance", "what it did" in hospital.run("status").stdout, True)
        checks.equal("serve ends cleanly", server.end(signal.SIGTERM), 0)
        events += server.events()
        done = [event for event in events if event["event"] == "maintain.done"]
        checks.equal("several tables were maintained", len({event["table"] for event in done}) >= 3, True)
        checks.equal("failures", [event for event in events if event["event"] == "maintain.failed"], [])
        check_all(hospital, checks)
        hospital.run("maintain")
        check_all(hospital, checks)
    checks.report()


if __name__ == "__main__":
    main()
