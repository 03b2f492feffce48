"""A whole lake in S3, warehouse and landing zone, through a proxy that breaks what it can: every count must be the truth.

Usage: s3_lake_test.py TARN REPOSITORY moto|minio [STEP…]
"""

import os
import random
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from hospital import Checks, Hospital, check_all  # noqa: E402

import s3_server  # noqa: E402
from s3_fault_proxy import KINDS, FaultProxy  # noqa: E402

KILLS = 6
# A stalled request costs the ten seconds until it is given up: they have a turn of their own.
QUICK_KINDS = tuple(kind for kind in KINDS if kind != "stall")


class S3Hospital(Hospital):
    """The example's project with its data in the bucket, below a prefix of its own."""

    def __init__(self, tarn, repository, server, prefix):
        super().__init__(tarn, repository)
        self.environment = server.environment
        self.prefix = prefix
        self.server = server
        self.settings = os.path.join(self.project, "tarn.yaml")
        with open(self.settings, encoding="utf-8") as file:
            self.template = file.read()
        self.use(server.url)

    def use(self, endpoint, extra="", bucket=s3_server.BUCKET):
        """Rewrites tarn.yaml for this endpoint."""
        kept = [line for line in self.template.split("\n")
                if not line.startswith(("warehouse:", "landing:"))]
        with open(self.settings, "w", encoding="utf-8") as file:
            file.write("\n".join(kept) + f"\nwarehouse: s3://{bucket}/{self.prefix}/lake\n"
                       f"landing: s3://{bucket}/{self.prefix}/landing\n"
                       f"s3:\n  endpoint: {endpoint}\n  region: us-east-1\n{extra}")

    def set_batch_files(self, count):
        super().set_batch_files(count)
        with open(self.settings, encoding="utf-8") as file:
            text = file.read()
        self.template = text[:text.index("\nwarehouse: s3:")] + f"\nbatch:\n  max_files: {count}\n"

    def run(self, *arguments, check=True, **environment):
        done = subprocess.run([self.tarn, "-C", self.project, *arguments], capture_output=True, text=True, check=False,
                              env={**self.environment, **environment})
        if check and done.returncode != 0:
            sys.exit(f"tarn {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def kill_after(self, seconds, *arguments):
        process = subprocess.Popen([self.tarn, "-C", self.project, *arguments], env=self.environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        process.kill()
        return process.wait() == -9


def ingest_through_faults(hospital, server, checks):
    """Counts after an ingest whose every twelfth request failed somehow."""
    hospital.make("--zips", "40", "--defects", "typical", "--seed", "9", "--corrections", "0.1")
    hospital.set_batch_files(9)
    with FaultProxy(server.address, rate=0.08, seed=3, kinds=QUICK_KINDS) as proxy:
        hospital.use(proxy.url)
        hospital.run("ingest")
        checks.equal("faults were met", sum(proxy.seen.values()) > 20, True)
        check_all(hospital, checks)
        print(f"{proxy.requests} requests, faults: {dict(proxy.seen)}")


def survive_kills(hospital, server, checks):
    """Killed in the middle, with faults, then finished."""
    delays = random.Random(5)
    hospital.make("--zips", "40", "--defects", "typical", "--seed", "5", "--corrections", "0.1")
    hospital.set_batch_files(5)
    with FaultProxy(server.address, rate=0.05, seed=4, kinds=QUICK_KINDS) as proxy:
        hospital.use(proxy.url)
        killed = sum(hospital.kill_after(delays.uniform(0.3, 2.5), "ingest") for _ in range(KILLS))
        checks.equal("processes that died by the signal", killed > KILLS // 4, True)
        hospital.run("ingest")
        check_all(hospital, checks)
        open_batches = hospital.sql("select count(*) as n from ops.batches where state = 'writing'")[0]["n"]
        checks.equal("batches left open", open_batches, 0)
    hospital.use(server.url)
    # The index of keys is a cache of this machine: without it, it is read again from the bucket.
    shutil.rmtree(os.path.join(hospital.project, "state", "index"), ignore_errors=True)
    hospital.run("ingest")
    check_all(hospital, checks)


def lost_commits(hospital, server, checks):
    """Every first answer to a conditional write is lost: no commit may take its own object for a conflict."""
    met = set()

    def first_try(method, path):
        if method != "PUT" or not path.endswith(".metadata.json") or path in met:
            return False
        met.add(path)
        return True

    hospital.make("--zips", "10", "--defects", "none", "--seed", "2")
    hospital.set_batch_files(5)
    with FaultProxy(server.address, rate=1.0, kinds=("lost",), only=first_try) as proxy:
        hospital.use(proxy.url)
        hospital.run("ingest")
        checks.equal("answers to commits were lost", proxy.seen["lost"] > 3, True)
    hospital.use(server.url)
    check_all(hospital, checks)


def stalls(hospital, server, checks):
    """Answers that never come are given up and asked for again; nothing hangs."""
    hospital.make("--zips", "6", "--defects", "none", "--seed", "3")
    with FaultProxy(server.address, rate=0.05, seed=8, kinds=("stall",)) as proxy:
        hospital.use(proxy.url)
        hospital.run("ingest")
        check_all(hospital, checks)
        checks.equal("stalls were met", proxy.seen["stall"] > 0, True)


def diagnoses(hospital, server, checks, checks_signatures):
    """`tarn doctor` names what is wrong, in a code, with the mend."""
    def findings(**environment):
        done = hospital.run("doctor", "--output", "json", check=False, **environment)
        return done.returncode, done.stdout + done.stderr

    hospital.use(server.url)
    code, text = findings()
    checks.equal("a sound bucket", (code, "what is there is not replaced" in text), (0, True))
    hospital.use("http://127.0.0.1:1")
    checks.equal("nobody listens", (findings()[0], "s3.unreachable" in findings()[1]), (1, True))
    hospital.use(server.url, bucket="no-such-bucket")
    checks.equal("no bucket", "s3.no_bucket" in findings()[1], True)
    hospital.use(server.url, extra="  access_key_id_env: NOT_SET_ID\n  secret_access_key_env: NOT_SET_SECRET\n")
    checks.equal("a variable that is not set", "NOT_SET_ID" in findings()[1], True)
    hospital.use(server.url)
    nobody = findings(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_SHARED_CREDENTIALS_FILE="/dev/null",
                      AWS_CONFIG_FILE="/dev/null")
    checks.equal("no credentials", "s3.no_credentials" in nobody[1], True)
    if not checks_signatures:
        return
    wrong = findings(AWS_SECRET_ACCESS_KEY="not-the-secret-at-all")
    checks.equal("a wrong secret", "s3.bad_credentials" in wrong[1], True)
    checks.equal("the secret is not shown", "not-the-secret" in wrong[1], False)


def main():
    tarn, repository, kind = sys.argv[1:4]
    checks = Checks()
    with s3_server.start(kind, repository) as server:
        steps = [ingest_through_faults, survive_kills, lost_commits, stalls]
        steps = [step for step in steps if step.__name__ in sys.argv[4:] or not sys.argv[4:]]
        for number, step in enumerate(steps):
            with S3Hospital(tarn, repository, server, f"p{number}") as hospital:
                began = time.monotonic()
                step(hospital, server, checks)
                print(f"{step.__name__}: {time.monotonic() - began:.0f} s, {checks.failed} failed so far", flush=True)
        with S3Hospital(tarn, repository, server, "doctor") as hospital:
            diagnoses(hospital, server, checks, kind == "minio")
    checks.report()


if __name__ == "__main__":
    main()
