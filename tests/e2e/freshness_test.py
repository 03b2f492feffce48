"""`tarn serve` makes a file queryable within seconds, refuses a second writer, and ends cleanly at SIGTERM."""

import os
import signal
import subprocess
import sys
import time

from hospital import Checks, Hospital

CONTRACT = """
feed: pulses
owner: o@example.org
description: Pulses.
source: {folder: drop, files: "**/*.csv"}
table: raw.pulse
format: {type: csv}
columns:
  - {name: id, type: int}
  - {name: beats, type: int}
"""


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def main():
    checks = Checks()
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        with open(f"{hospital.project}/feeds/pulses.yaml", "w", encoding="utf-8") as file:
            file.write(CONTRACT)
        log = open(f"{hospital.scratch}/serve.log", "wb")
        serve = subprocess.Popen([hospital.tarn, "-C", hospital.project, "serve"], stderr=log)
        try:
            started = wait_for(lambda: b"serve.started" in open(log.name, "rb").read(), 30)
            checks.equal("serve starts", started, True)
            second = hospital.run("ingest", check=False)
            checks.equal("a second writer is told", (second.returncode, "state.locked" in second.stderr), (1, True))
            drop = f"{hospital.project}/drop/F1"
            os.makedirs(drop)
            count = lambda: hospital.sql("select count(*) as n from raw.pulse")[0]["n"]
            for i in range(1, 4):
                with open(f"{drop}/.{i}.csv", "w", encoding="utf-8") as file:
                    file.write(f"id,beats\n{i},60\n")
                os.rename(f"{drop}/.{i}.csv", f"{drop}/{i}.csv")
                checks.equal(f"file {i} is queryable", wait_for(lambda: count() == i, 20), True)
            serve.send_signal(signal.SIGTERM)
            checks.equal("serve ends cleanly", serve.wait(30), 0)
        finally:
            serve.kill()
            log.close()
        checks.equal("it logs its end", b"serve.stopped" in open(log.name, "rb").read(), True)
    checks.report()


if __name__ == "__main__":
    main()
