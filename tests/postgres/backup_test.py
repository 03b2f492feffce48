"""`tarn backup create` refuses a state in a server; what docs/postgresql.md tells to do instead brings the lake back.

The copies are made while `tarn serve` ingests. Of what came afterwards the senders' files are still there.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from machines_test import share
from server import Server

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))
from hospital import Checks, Hospital, check_all  # noqa: E402

SHARED = ("lake", "landing")


def check_refused(hospital, checks):
    repository = os.path.join(hospital.scratch, "safe")
    refused = hospital.run("backup", "create", repository, check=False)
    checks.equal("tarn backup create is refused", (refused.returncode, "error[state.in_server]" in refused.stderr), (1, True))
    checks.equal("the error tells what to do", "pg_dump" in refused.stderr, True)
    checks.equal("nothing was made", os.path.exists(repository), False)


def copy(hospital, safe):
    """As `rsync -a` does: what is new or differs; what vanishes meanwhile is passed over, nothing is removed."""
    for name in SHARED:
        for folder, _, files in os.walk(os.path.join(hospital.scratch, name)):
            target = os.path.join(safe, os.path.relpath(folder, hospital.scratch))
            os.makedirs(target, exist_ok=True)
            for file in files:
                source, copied = os.path.join(folder, file), os.path.join(target, file)
                try:
                    facts = os.stat(source)
                    same = os.path.exists(copied) and (os.path.getmtime(copied), os.path.getsize(copied)) == (
                        facts.st_mtime, facts.st_size)
                    if not same:
                        shutil.copy2(source, copied)
                except FileNotFoundError:
                    pass


def committed(hospital):
    return hospital.sql("select count(*) as n from ops.files where state = 'committed'")[0]["n"]


def back_up_beside_ingest(hospital, server, safe):
    """How many files were committed before and after, and the dump."""
    serving = subprocess.Popen([hospital.tarn, "-C", hospital.project, "serve"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    while "`tarn serve` is running" not in hospital.run("status", check=False).stdout or committed(hospital) < 5:
        time.sleep(0.05)
    copy(hospital, safe)
    before = committed(hospital)
    dump = subprocess.run([server.bin / "pg_dump", "-h", server.folder, "-U", "tarn", "-n", "hospital", "postgres"],
                          check=True, capture_output=True).stdout
    copy(hospital, safe)
    while committed(hospital) < before + 20:
        time.sleep(0.05)
    serving.send_signal(signal.SIGTERM)
    return before, serving.wait(timeout=120), dump


def main():
    os.environ["TARN_E2E_PASSWORD"] = "unused"
    checks = Checks()
    with Server() as server, Hospital(sys.argv[1], sys.argv[2]) as hospital:
        hospital.set_batch_files(2)
        share(hospital, server)
        hospital.make("--zips", "100", "--defects", "typical", "--seed", "5", "--corrections", "0.2")
        safe = os.path.join(hospital.scratch, "copy")
        before, code, dump = back_up_beside_ingest(hospital, server, safe)
        checks.equal("tarn serve ends well", code, 0)
        check_refused(hospital, checks)
        later = committed(hospital)

        server.sql("DROP SCHEMA hospital CASCADE")
        for name in SHARED:
            shutil.rmtree(os.path.join(hospital.scratch, name))
            shutil.copytree(os.path.join(safe, name), os.path.join(hospital.scratch, name))
        subprocess.run([server.bin / "psql", "-h", server.folder, "-U", "tarn", "-d", "postgres", "-qXv", "ON_ERROR_STOP=1"],
                       input=dump, stdout=subprocess.DEVNULL, check=True)
        restored = committed(hospital)
        checks.equal("the state is that of the dump", before <= restored < later, True)
        doctor = hospital.run("doctor", "--deep", check=False)
        checks.equal(f"doctor finds nothing: {doctor.stdout}", doctor.returncode, 0)
        hospital.run("ingest")
        check_all(hospital, checks)
    checks.report()


if __name__ == "__main__":
    main()
