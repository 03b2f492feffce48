"""`mode: scd2` through the binary: histories of records in any order, held against a fold of all that ever came."""

import os
import random
import shutil
import sys

from hospital import Checks, Hospital

CONTRACT = """
feed: beds
owner: beds@example.org
description: Beds, and what was known of them when.
source: {folder: inbox, files: "beds*.csv"}
table: curated.bed
mode: scd2
key: [facility, bed]
version_column: changed_at
track: [ward, status]
delete_when: {column: op, values: [D]}
partition: ["bucket(2, facility)"]
format: {type: csv}
columns:
  - {name: facility, type: string}
  - {name: bed, type: int}
  - {name: changed_at, type: timestamp}
  - {name: op, type: string, accepted: [U, D]}
  - {name: ward, type: string}
  - {name: status, type: string}
  - {name: nurse, type: string, length: {max: 7}}
"""


def moment(minute):
    return f"2024-01-01T{minute // 60:02}:{minute % 60:02}:00"


class Model:
    """Of each key and version the record with the greatest (arrival, record)."""

    def __init__(self):
        self.versions = {}

    def add(self, arrival, record, facility, bed, minute, op, ward, status, nurse):
        of_key = self.versions.setdefault((facility, bed), {})
        tie = (arrival, record)
        if minute not in of_key or tie > of_key[minute][0]:
            of_key[minute] = (tie, op, ward, status, nurse)

    def rows(self):
        """(facility, bed, valid_from, valid_to, ward, status, nurse), sorted."""
        rows = []
        for key, of_key in self.versions.items():
            row = None
            for minute, (_, op, ward, status, nurse) in sorted(of_key.items()):
                if op != "D" and row is not None and row[2:4] == [ward, status]:
                    continue
                if row is not None:
                    rows.append((*key, row[0], moment(minute), *row[2:]))
                row = None if op == "D" else [moment(minute), None, ward, status, nurse]
            if row is not None:
                rows.append((*key, row[0], "", *row[2:]))
        return sorted(rows)

    def on(self, minute):
        """What each key was at that minute."""
        return sorted((row[0], row[1], row[4], row[5]) for row in self.rows()
                      if row[2] <= moment(minute) and (row[3] == "" or row[3] > moment(minute)))

    def count(self):
        return sum(len(of_key) for of_key in self.versions.values())


def main():
    checks = Checks()
    generator = random.Random(11)
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        with open(os.path.join(hospital.project, "feeds", "beds.yaml"), "w", encoding="utf-8") as file:
            file.write(CONTRACT)
        hospital.run("check")
        os.makedirs(hospital.inbox, exist_ok=True)
        model = Model()

        def write(arrival, records):
            with open(f"{hospital.inbox}/beds{arrival:03}.csv", "w", encoding="utf-8") as file:
                file.write("op,bed,facility,changed_at,ward,status,nurse\n")
                for number, (facility, bed, minute, op, ward, status, nurse) in enumerate(records, start=1):
                    file.write(f"{op},{bed},{facility},{moment(minute)},{ward},{status},{nurse}\n")
                    if len(nurse) <= 7:
                        model.add(arrival, number, facility, bed, minute, op, ward, status, nurse)

        def compare(what):
            stamp = "strftime({}, '%Y-%m-%dT%H:%M:%S')"
            found = hospital.sql(
                f"select facility, bed, {stamp.format('valid_from')} as begun, "
                f"coalesce({stamp.format('valid_to')}, '') as ended, is_current, ward, status, nurse from curated.bed")
            checks.equal(f"{what}: rows", sorted((row["facility"], row["bed"], row["begun"], row["ended"], row["ward"],
                                                  row["status"], row["nurse"]) for row in found), model.rows())
            checks.equal(f"{what}: current", all(row["is_current"] == (row["ended"] == "") for row in found), True)
            kept = hospital.sql("select count(*) as n from curated.bed__unchanged")[0]["n"] + len(found)
            checks.equal(f"{what}: every version", kept, model.count())
            minute = generator.randrange(600)
            found = hospital.sql(
                f"select facility, bed, ward, status from curated.bed where valid_from <= timestamp '{moment(minute)}' "
                f"and (valid_to > timestamp '{moment(minute)}' or valid_to is null)")
            checks.equal(f"{what}: as it was", sorted((row["facility"], row["bed"], row["ward"], row["status"])
                                                      for row in found), model.on(minute))

        def records(count, latest):
            return [("XYZ"[generator.randrange(3)], generator.randrange(25), generator.randrange(latest),
                     "D" if generator.random() < 0.15 else "U", "AB"[generator.randrange(2)],
                     ("free", "taken")[generator.randrange(2)], f"n{generator.randrange(10**5)}")
                    for _ in range(count)]

        first = records(300, 600)
        write(1, first)
        hospital.run("ingest")
        compare("first batch")
        for arrival in range(2, 7):
            # Some of it years late, some sent again.
            more = records(120, 600) + first[: 10 * arrival]
            more[5] = (*more[5][:6], "too long a name")
            write(arrival, more)
            report = {row["unit"]: row for row in hospital.rows("ingest")}["records"]
            checks.equal("arrived, committed, quarantined",
                         (report["arrived"], report["committed"], report["quarantined"]),
                         (len(more), len(more) - 1, 1))
            compare(f"batch {arrival}")
            if arrival == 3:
                for folder, names, _ in os.walk(hospital.project):
                    for name in [name for name in names if name in ("index", "indices", "key-index")]:
                        shutil.rmtree(os.path.join(folder, name))
            if arrival == 4:
                hospital.run("maintain")
                compare("after maintenance")
        before = len(hospital.rows("table", "history", "curated.bed"))
        hospital.run("ingest")
        checks.equal("a second run commits nothing", len(hospital.rows("table", "history", "curated.bed")), before)
        write(7, [(*record[:6], "again") for record in first[:1]])
        hospital.run("ingest")
        compare("one more")
    checks.report()


if __name__ == "__main__":
    main()
