"""Killed again and again while it ingests, the lake ends as if nothing had happened.

    crash_test.py TARN REPOSITORY [KILLS]
"""

import random
import subprocess
import sys
import time

from hospital import Checks, Hospital, check_all

KILLS = int(sys.argv[3]) if len(sys.argv) > 3 else 40


def main():
    checks = Checks()
    delays = random.Random(5)
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        hospital.make("--zips", str(3 * KILLS), "--defects", "typical", "--seed", "5", "--corrections", "0.1")
        hospital.set_batch_files(7)
        killed = 0
        for _ in range(KILLS):
            process = subprocess.Popen([hospital.tarn, "-C", hospital.project, "ingest"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(delays.uniform(0.02, 0.25))
            process.kill()
            killed += process.wait() == -9
        checks.equal("processes that died by the signal", killed > KILLS // 4, True)
        hospital.run("ingest")
        check_all(hospital, checks)
        open_batches = hospital.sql("select count(*) as n from ops.batches where state = 'writing'")[0]["n"]
        checks.equal("batches left open", open_batches, 0)
    checks.report()


if __name__ == "__main__":
    main()
