"""Two machines take turns at one hospital, its state in PostgreSQL; every record is where the truth says.

Each machine is a project folder of its own with its own key indices; warehouse, landing zone, inbox and state are shared.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from server import Server

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from hospital import Checks, Hospital, check_all  # noqa: E402

PASSWORD = "not-for-the-log"


def share(hospital, server):
    """Puts the state into the server, and the second machine beside the first."""
    path = Path(hospital.project, "tarn.yaml")
    kept = [line for line in path.read_text(encoding="utf-8").split("\n")
            if not line.startswith(("state:", "warehouse:", "landing:"))]
    location = server.location.replace("tarn@", "tarn:${TARN_E2E_PASSWORD}@") + "?schema=hospital"
    text = "\n".join(kept) + (f"\nstate: {location}\nwarehouse: {hospital.scratch}/lake\n"
                              f"landing: {hospital.scratch}/landing\n")
    path.write_text(text, encoding="utf-8")
    other = hospital.project + "-2"
    shutil.copytree(hospital.project, other, ignore=shutil.ignore_patterns("inbox"))
    os.symlink(hospital.inbox, os.path.join(other, "inbox"))
    return other


def run_and_kill(tarn, project, delay):
    """Whether the process died by the kill, and not before."""
    process = subprocess.Popen([tarn, "-C", project, "ingest"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(delay)
    process.kill()
    said = process.communicate()[1]
    if PASSWORD in said:
        sys.exit("a password was written to the log")
    return process.returncode == -9


def main():
    os.environ["TARN_E2E_PASSWORD"] = PASSWORD
    checks = Checks()
    delays = random.Random(9)
    with Server() as server, Hospital(sys.argv[1], sys.argv[2]) as hospital:
        hospital.set_batch_files(7)
        machines = [hospital.project, share(hospital, server)]
        hospital.make("--zips", "100", "--defects", "all", "--seed", "11", "--resends", "0.05", "--corrections", "0.1")
        killed = 0
        for turn in range(8):
            killed += run_and_kill(hospital.tarn, machines[turn % 2], delays.uniform(0.3, 2.0))
            if turn == 5:
                server.kill()
        checks.equal("processes that died by the signal", killed > 2, True)

        # While one serves, the other is told who does.
        serving = subprocess.Popen([hospital.tarn, "-C", machines[1], "serve"], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        for _ in range(300):
            status = hospital.run("status", check=False)
            if "`tarn serve` is running" in status.stdout:
                break
            time.sleep(0.1)
        refused = hospital.run("ingest", check=False)
        checks.equal("the second one is told", "state.locked" in refused.stderr and "`tarn serve`" in refused.stderr, True)
        serving.terminate()
        checks.equal("tarn serve ends well", serving.wait(timeout=120), 0)

        hospital.run("ingest")
        check_all(hospital, checks)
        hospital.project = machines[1]
        again = {row["unit"]: row for row in hospital.rows("ingest")}
        checks.equal("files of the second run", again["files"]["arrived"], 0)
        check_all(hospital, checks)
        doctor = hospital.run("doctor", "--deep", check=False)
        checks.equal("doctor finds nothing", doctor.returncode, 0)
        checks.equal("no password is shown", PASSWORD in doctor.stdout + doctor.stderr, False)
    checks.report()


if __name__ == "__main__":
    main()
