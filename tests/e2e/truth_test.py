"""Every record of a generated feed with every kind of defect is where the truth says; running again changes nothing."""

import sys

from hospital import Checks, Hospital, check_all


def main():
    checks = Checks()
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        hospital.make("--zips", "150", "--defects", "all", "--seed", "11", "--resends", "0.05")
        hospital.run("check")
        hospital.run("ingest")
        check_all(hospital, checks)
        again = {row["unit"]: row for row in hospital.rows("ingest")}
        checks.equal("files of the second run", again["files"]["arrived"], 0)
        check_all(hospital, checks)
    checks.report()


if __name__ == "__main__":
    main()
