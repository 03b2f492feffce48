"""Two machines on one PostgreSQL state: only one maintains, and one that lost its turn unnoticed changes nothing more.

The first `tarn serve` ingests and compacts all the time. It is stopped like a machine that hangs, and its connections are
cut; the second takes over; then the first wakes up in the middle of whatever it did.
"""

import glob
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from machines_test import share
from server import Server

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
import background_test as background  # noqa: E402
from hospital import Checks, Hospital, check_all  # noqa: E402

TURNS = 4


def code_of(done):
    return done.stderr.split("error[", 1)[-1].split("]", 1)[0] if "error[" in done.stderr else ""


def check_second_machine(hospital, checks, machine):
    """What it may do while another one serves."""
    def run(*arguments):
        return subprocess.run([hospital.tarn, "-C", machine, *arguments], capture_output=True, text=True, check=False)
    for command in (["maintain"], ["serve"], ["table", "rollback", "curated.encounter", "--to", "1"]):
        refused = run(*command)
        checks.equal(f"tarn {command[0]} is refused", (refused.returncode, code_of(refused)), (1, "state.locked"))
        checks.equal(f"tarn {command[0]} names the holder", "`tarn serve`" in refused.stderr, True)
    checks.equal("tarn maintain --dry-run is not", run("maintain", "--dry-run").returncode, 0)


def wait_for_lock(hospital):
    return background.wait_for(lambda: "`tarn serve` is running" in hospital.run("status", check=False).stdout, 60)


def take_over(hospital, checks, server, machines, feed):
    """The first machine hangs, the second one goes on; then the first wakes up. The second's server and all events."""
    first = background.Server(hospital, f"first{feed.turn}.log")
    checks.equal("the first machine works", wait_for_lock(hospital), True)
    feed.some()
    if feed.turn == 0:
        check_second_machine(hospital, checks, machines[1])
    time.sleep(feed.delays.uniform(0.2, 1.5))
    first.process.send_signal(signal.SIGSTOP)
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tarn'")
    machines.reverse()
    hospital.project = machines[0]
    second = background.Server(hospital, f"second{feed.turn}.log")
    checks.equal("the second machine takes over", wait_for_lock(hospital), True)
    first.process.send_signal(signal.SIGCONT)
    feed.some()
    # Nothing comes of the first one's maintenance and ingest; the first file that it sees tells it so.
    checks.equal("the first machine ends", first.process.wait(timeout=60), 1)
    first.log.close()
    why = [event["code"] for event in first.events() if event["event"] == "serve.failed"]
    checks.equal("the first machine tells why", why, ["state.lock_lost"])
    return second


class Feed:
    """Senders write beside and rename; a share of the files at each turn."""

    def __init__(self, hospital):
        self.zips = sorted(glob.glob(f"{hospital.inbox}/**/*.zip", recursive=True), key=os.path.basename)
        self.later = os.path.join(hospital.scratch, "later")
        os.mkdir(self.later)
        for zip_file in self.zips:
            os.rename(zip_file, os.path.join(self.later, os.path.basename(zip_file)))
        self.left = list(self.zips)
        self.delays = random.Random(12)
        self.turn = 0
        self.hospital = hospital

    def some(self):
        share_size = -(-len(self.zips) // (2 * TURNS))
        names, self.left = self.left[:share_size], self.left[share_size:]
        background.feed(self.hospital, self.later, names)


def main():
    os.environ["TARN_E2E_PASSWORD"] = "unused"
    checks = Checks()
    with Server() as server, Hospital(sys.argv[1], sys.argv[2]) as hospital:
        hospital.make("--zips", "80", "--defects", "typical", "--seed", "4", "--corrections", "0.2")
        hospital.set_batch_files(2)
        with open(os.path.join(hospital.project, "tarn.yaml"), "a", encoding="utf-8") as file:
            file.write(background.SETTINGS)
        machines = [hospital.project, share(hospital, server)]
        feed = Feed(hospital)
        events = []
        for feed.turn in range(TURNS):
            second = take_over(hospital, checks, server, machines, feed)
            if feed.turn == TURNS - 1:
                checks.equal("everything is committed",
                             background.wait_for(lambda: background.is_settled(hospital, len(feed.zips)), 120), True)
                checks.equal("everything is maintained",
                             background.wait_for(lambda: not background.work_left(hospital), 120), True)
            checks.equal("the second machine ends well", second.end(signal.SIGTERM), 0)
            events += second.events()
        checks.equal("tables were maintained", len([e for e in events if e["event"] == "maintain.done"]) >= 3, True)
        checks.equal("failures", [e for e in events if e["event"] == "maintain.failed"], [])
        for machine in machines:
            hospital.project = machine
            check_all(hospital, checks)
            doctor = hospital.run("doctor", "--deep", check=False)
            checks.equal(f"doctor finds nothing: {doctor.stdout}", doctor.returncode, 0)
    checks.report()


if __name__ == "__main__":
    main()
