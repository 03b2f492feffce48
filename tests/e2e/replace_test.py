"""`mode: replace` through the binary: full lists of facilities, in any order, held against a fold of all that came."""

import os
import random
import shutil
import sys

from hospital import Checks, Hospital

CONTRACT = """
feed: beds
owner: beds@example.org
description: The beds of each facility, as it lists them every night.
source: {folder: inbox, files: "beds*.csv"}
table: curated.bed
mode: replace
key: [facility, bed]
version_column: as_of
replace: {by: [facility], max_deletes: 60}
format: {type: csv}
columns:
  - {name: facility, type: string}
  - {name: bed, type: int}
  - {name: as_of, type: date}
  - {name: ward, type: string, length: {max: 7}}
"""


def date(day):
    return f"2024-{1 + day // 28:02}-{1 + day % 28:02}"


class Model:
    """Of each facility the greatest whole delivery, and above it single keys of those with refused records."""

    def __init__(self):
        self.deliveries = {}

    def rows(self, facilities="XYZ"):
        rows = []
        for facility in facilities:
            beds = {}
            for _, (whole, listed) in sorted(self.deliveries.get(facility, {}).items()):
                beds = dict(listed) if whole else {**beds, **listed}
            rows += [(facility, bed, ward) for bed, ward in beds.items()]
        return sorted(rows)


def main():
    checks = Checks()
    generator = random.Random(17)
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        with open(os.path.join(hospital.project, "feeds", "beds.yaml"), "w", encoding="utf-8") as file:
            file.write(CONTRACT)
        hospital.run("check")
        os.makedirs(hospital.inbox, exist_ok=True)
        model = Model()
        arrivals = 0

        def deliver(facility, day, beds, whole=True, known=True):
            nonlocal arrivals
            arrivals += 1
            with open(f"{hospital.inbox}/beds{arrivals:03}.csv", "w", encoding="utf-8") as file:
                file.write("facility,bed,as_of,ward\n")
                for bed, ward in beds.items():
                    file.write(f"{facility},{bed},{date(day)},{ward}\n")
                if not whole:
                    file.write(f"{facility},1,{date(day)},too long a name\n")
            if known:
                model.deliveries.setdefault(facility, {})[(day, arrivals)] = (whole, beds)

        def compare(what):
            found = hospital.sql("select facility, bed, ward from curated.bed")
            checks.equal(what, sorted((row["facility"], row["bed"], row["ward"]) for row in found), model.rows())

        lists = {facility: {bed: "ward1" for bed in range(40)} for facility in "XYZ"}
        for facility in "XYZ":
            deliver(facility, 100, lists[facility])
        hospital.run("ingest")
        compare("first lists")
        hospital.run("table", "tag", "curated.bed", "first")

        changed = {bed: "ward2" if bed % 10 == 0 else "ward1" for bed in range(5, 45)}
        deliver("X", 101, changed)
        hospital.run("ingest")
        compare("a second list")
        changes = hospital.rows("changes", "curated.bed", "--from", "first")
        counts = {}
        for row in changes:
            counts[row["_change_type"]] = counts.get(row["_change_type"], 0) + 1
        checks.equal("the difference", counts, {"DELETE": 5, "INSERT": 5, "UPDATE_BEFORE": 3, "UPDATE_AFTER": 3})

        deliver("Y", 99, {1: "late"})
        hospital.run("ingest")
        compare("a late list")
        deliver("Z", 101, {bed: "ward3" for bed in range(10)}, known=False)
        before = hospital.rows("quarantine", "list")
        hospital.run("ingest")
        compare("a truncated list")
        entries = [row for row in hospital.rows("quarantine", "list") if row not in before]
        checks.equal("it waits", [row["code"] for row in entries], ["delivery.too_many_deletes"])

        for number in range(8):
            for facility in "XYZ":
                beds = {bed: generator.choice(["ward1", "ward2"]) for bed in range(50) if generator.random() < 0.8}
                deliver(facility, 102 + generator.randrange(12), beds, whole=generator.random() < 0.8)
            hospital.run("ingest")
            compare(f"round {number}")
            if number == 3:
                for folder, names, _ in os.walk(hospital.project):
                    for name in [name for name in names if name in ("index", "indices", "key-index")]:
                        shutil.rmtree(os.path.join(folder, name))
            if number == 5:
                hospital.run("maintain")
                compare("after maintenance")
        latest = hospital.sql("select facility, cast(as_of as varchar) as as_of from curated.bed__deliveries")
        expected = [(facility, date(max(day for (day, _), (whole, _) in model.deliveries[facility].items() if whole)))
                    for facility in "XYZ"]
        checks.equal("deliveries", sorted((row["facility"], row["as_of"]) for row in latest), expected)
        history = len(hospital.rows("table", "history", "curated.bed"))
        hospital.run("ingest")
        checks.equal("a second run commits nothing", len(hospital.rows("table", "history", "curated.bed")), history)
    checks.report()


if __name__ == "__main__":
    main()
