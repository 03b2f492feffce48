"""`mode: scd3` through the binary: former values of records in any order, held against a fold of all that ever came."""

import os
import random
import shutil
import sys

from hospital import Checks, Hospital

CONTRACT = """
feed: patients
owner: adt@example.org
description: Patients, their ward and insurer, and what these were before.
source: {folder: inbox, files: "patients*.csv"}
table: curated.located
mode: scd3
key: [facility, patient]
version_column: changed_at
previous: [ward, insurer]
delete_when: {column: op, values: [D]}
format: {type: csv}
columns:
  - {name: facility, type: string}
  - {name: patient, type: int}
  - {name: changed_at, type: date}
  - {name: op, type: string, accepted: [U, D]}
  - {name: ward, type: string}
  - {name: insurer, type: string, length: {max: 7}}
"""
COLUMNS = "facility, patient, {0}, ward, previous_ward, {1}, insurer, previous_insurer, {2}".format(
    *[f"cast({name} as varchar) as {name}" for name in ("changed_at", "ward_changed_at", "insurer_changed_at")])


def date(day):
    return f"2024-{1 + day // 28:02}-{1 + day % 28:02}"


class Model:
    """Of each key and version the record with the greatest (arrival, record)."""

    def __init__(self):
        self.versions = {}

    def add(self, tie, facility, patient, day, op, ward, insurer):
        of_key = self.versions.setdefault((facility, patient), {})
        if day not in of_key or tie > of_key[day][0]:
            of_key[day] = (tie, op, ward, insurer)

    def rows(self):
        rows = []
        for key, of_key in self.versions.items():
            latest = max(of_key)
            if of_key[latest][1] == "D":
                continue
            row = [*key, date(latest)]
            for column in (2, 3):
                now, before, since = None, None, None
                for day in sorted(day for day in of_key if of_key[day][1] != "D"):
                    if now is not None and of_key[day][column] != now:
                        before, since = now, date(day)
                    now = of_key[day][column]
                row += [now, before, since]
            rows.append(tuple(row))
        return sorted(rows, key=str)


def main():
    checks = Checks()
    generator = random.Random(23)
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        with open(os.path.join(hospital.project, "feeds", "located.yaml"), "w", encoding="utf-8") as file:
            file.write(CONTRACT)
        hospital.run("check")
        os.makedirs(hospital.inbox, exist_ok=True)
        model = Model()

        def write(arrival, records):
            with open(f"{hospital.inbox}/patients{arrival:03}.csv", "w", encoding="utf-8") as file:
                file.write("op,patient,facility,changed_at,ward,insurer\n")
                for number, (facility, patient, day, op, ward, insurer) in enumerate(records, start=1):
                    file.write(f"{op},{patient},{facility},{date(day)},{ward},{insurer}\n")
                    if len(insurer) <= 7:
                        model.add((arrival, number), facility, patient, day, op, ward, insurer)

        def compare(what):
            found = hospital.sql(f"select {COLUMNS} from curated.located")
            checks.equal(what, sorted((tuple(row.values()) for row in found), key=str), model.rows())
            kept = hospital.sql("select count(*) as n from curated.located__versions")[0]["n"] + len(found)
            checks.equal(f"{what}: every version", kept, sum(len(of_key) for of_key in model.versions.values()))

        def records(count):
            return [("XY"[generator.randrange(2)], generator.randrange(30), generator.randrange(200),
                     "D" if generator.random() < 0.15 else "U", "ABC"[generator.randrange(3)],
                     ("aok", "tk")[generator.randrange(2)]) for _ in range(count)]

        first = records(250)
        write(1, first)
        hospital.run("ingest")
        compare("first batch")
        for arrival in range(2, 8):
            # Some of it years late, some sent again.
            more = records(80) + first[: 10 * arrival]
            more[5] = (*more[5][:5], "too long a name")
            write(arrival, more)
            hospital.run("ingest")
            compare(f"batch {arrival}")
            if arrival == 3:
                for folder, names, _ in os.walk(hospital.project):
                    for name in [name for name in names if name in ("index", "indices", "key-index")]:
                        shutil.rmtree(os.path.join(folder, name))
            if arrival == 5:
                hospital.run("maintain")
                compare("after maintenance")
        before = len(hospital.rows("table", "history", "curated.located"))
        hospital.run("ingest")
        checks.equal("a second run commits nothing", len(hospital.rows("table", "history", "curated.located")), before)
    checks.report()


if __name__ == "__main__":
    main()
