"""After a contract is widened, replay loads what now passes, once; the rest stays in the quarantine."""

import sys

from hospital import Checks, Hospital

CONTRACT = """
feed: labs
owner: lab@example.org
description: Results.
source: {folder: inbox, files: "*.csv"}
table: raw.lab
key: [id]
format: {type: csv, delimiter: ";"}
columns:
  - {name: id, type: int}
  - {name: value, type: "decimal(8,2)", range: {min: 0, max: MAX}}
"""


def main():
    checks = Checks()
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        feeds = f"{hospital.project}/feeds"
        hospital.run("check")
        contract = f"{feeds}/labs.yaml"
        with open(contract, "w", encoding="utf-8") as file:
            file.write(CONTRACT.replace("MAX", "100"))
        hospital.run("ingest")
        with open(f"{hospital.inbox}/a.csv", "w", encoding="utf-8") as file:
            file.write("value;id\n" + "".join(f"{i}.5;{i}\n" for i in range(200)) + "x;7000\n")
        first = {row["unit"]: row for row in hospital.rows("ingest")}["records"]
        checks.equal("first run", (first["arrived"], first["committed"], first["quarantined"]), (201, 100, 101))
        with open(contract, "w", encoding="utf-8") as file:
            file.write(CONTRACT.replace("MAX", "150"))
        for expected in (50, 0):
            report = hospital.rows("quarantine", "replay", "--feed", "labs")[0]
            checks.equal("replayed", report["replayed"], expected)
            found = hospital.sql("select count(*) as n, count(distinct id) as ids, sum(value)::varchar as total from raw.lab")[0]
            checks.equal("rows after the replay", (found["n"], found["ids"], found["total"]), (150, 150, "11250.00"))
        still = hospital.sql("select code, count(*) as n from ops.quarantine where status = 'open' group by code order by code")
        checks.equal("still open", [(row["code"], row["n"]) for row in still],
                     [("record.out_of_range", 50), ("value.not_a_number", 1)])
        hospital.run("quarantine", "discard", "--feed", "labs", "--note", "known")
        left = hospital.sql("select count(*) as n from ops.quarantine where status = 'open'")[0]["n"]
        checks.equal("open after the discard", left, 0)
        refused = hospital.run("quarantine", "replay", check=False)
        checks.equal("replaying nothing in particular is a usage error", refused.returncode, 2)
    checks.report()


if __name__ == "__main__":
    main()
