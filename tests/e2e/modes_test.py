"""Deletes by flag and the change feed, through the binary, held against a model of the same records."""

import os
import random
import shutil
import sys

from hospital import Checks, Hospital

CONTRACT = """
feed: beds
owner: beds@example.org
description: Beds and who lies in them.
source: {folder: inbox, files: "beds*.csv"}
table: curated.bed
mode: upsert
key: [ward, bed]
version_column: version
delete_when: {column: op, values: [D]}
partition: ["bucket(2, ward)"]
format: {type: csv}
columns:
  - {name: ward, type: string}
  - {name: bed, type: int}
  - {name: version, type: long, required: true}
  - {name: op, type: string, accepted: [U, D]}
  - {name: patient, type: string, length: {max: 7}}
"""


class Model:
    """Of each key the version with the greatest (version, arrival, record)."""

    def __init__(self):
        self.latest = {}

    def add(self, arrival, record, ward, bed, version, op, patient):
        rank = (version, arrival, record)
        if (ward, bed) not in self.latest or rank > self.latest[ward, bed][0]:
            self.latest[ward, bed] = (rank, op, patient)

    def rows(self, deleted):
        return sorted((*key, rank[0], "" if deleted else patient)
                      for key, (rank, op, patient) in self.latest.items() if (op == "D") == deleted)


def table_rows(hospital, table="curated.bed", patient="patient"):
    found = hospital.sql(f"select ward, bed, version, {patient} as patient from {table}")
    return sorted((row["ward"], row["bed"], row["version"], row["patient"]) for row in found)


def apply_changes(rows, changes, checks):
    """What a reader of the feed keeps; every DELETE and UPDATE_BEFORE must name a row that it has."""
    for change in changes:
        key = (change["ward"], change["bed"])
        row = (change["version"], change["patient"])
        if change["_change_type"] in ("DELETE", "UPDATE_BEFORE"):
            checks.equal(f"{change['_change_type']} of what is there", rows.pop(key, None), row)
        else:
            checks.equal(f"{change['_change_type']} of what is not there", rows.get(key), None)
            rows[key] = row
    return rows


def main():
    checks = Checks()
    generator = random.Random(7)
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        contract = os.path.join(hospital.project, "feeds", "beds.yaml")
        with open(contract, "w", encoding="utf-8") as file:
            file.write(CONTRACT)
        hospital.run("check")
        os.makedirs(hospital.inbox, exist_ok=True)
        model = Model()
        replica = {}
        bad = []

        def write(arrival, records):
            with open(f"{hospital.inbox}/beds{arrival:03}.csv", "w", encoding="utf-8") as file:
                file.write("op,bed,ward,patient,version\n")
                for number, (ward, bed, version, op, patient) in enumerate(records, start=1):
                    file.write(f"{op},{bed},{ward},{patient},{version}\n")
                    record = (arrival, number, ward, bed, version, op, patient)
                    if len(patient) > 7:
                        bad.append(record)
                    else:
                        model.add(*record)

        def compare(what):
            checks.equal(f"{what}: rows", table_rows(hospital), model.rows(False))
            checks.equal(f"{what}: deletions", table_rows(hospital, "curated.bed__deleted", "''"), model.rows(True))

        def records(count):
            return [("ABC"[generator.randrange(3)], generator.randrange(60), generator.randrange(1000),
                     "D" if generator.random() < 0.3 else "U", f"p{generator.randrange(10**6)}")
                    for _ in range(count)]

        write(1, records(400))
        hospital.run("ingest")
        compare("first batch")
        hospital.run("table", "tag", "curated.bed", "copied")
        replica = {row[:2]: row[2:] for row in table_rows(hospital)}
        for arrival in range(2, 7):
            more = records(150)
            more[7] = (*more[7][:4], "too long a name")
            more[9] = (*more[9][:3], "D", "another long one")
            write(arrival, more)
            report = {row["unit"]: row for row in hospital.rows("ingest")}["records"]
            checks.equal("arrived and quarantined", (report["arrived"], report["quarantined"]), (150, 2))
            compare(f"batch {arrival}")
            if arrival == 3:
                for folder, names, _ in os.walk(hospital.project):
                    for name in [name for name in names if name in ("index", "indices", "key-index")]:
                        shutil.rmtree(os.path.join(folder, name))
            if arrival == 4:
                hospital.run("maintain")
                compare("after maintenance")
        with open(contract, "w", encoding="utf-8") as file:
            file.write(CONTRACT.replace("{max: 7}", "{max: 70}"))
        replayed = hospital.rows("quarantine", "replay", "--feed", "beds")[0]["replayed"]
        checks.equal("replayed", replayed, len(bad))
        for record in bad:
            model.add(*record)
        compare("after the replay")

        changes = hospital.rows("changes", "curated.bed", "--from", "copied")
        checks.equal("some change", len(changes) > 100, True)
        replica = apply_changes(replica, changes, checks)
        checks.equal("the replica", sorted((*key, *row) for key, row in replica.items()), model.rows(False))
        ordinals = [change["_change_ordinal"] for change in changes]
        checks.equal("in the order of the snapshots", ordinals, sorted(ordinals))
        kept = f"{hospital.scratch}/changes.parquet"
        hospital.run("changes", "bed", "--from", "copied", "-o", "parquet", "--file", kept)
        counted = hospital.sql(f"select count(*) as n from read_parquet('{kept}')")[0]["n"]
        checks.equal("as Parquet", counted, len(changes))
        for arguments, words in ((("--from", "12345"), "oldest snapshot"), (("--from", "2001-01-01"), "oldest snapshot"),
                                 (("--from", "copied", "-o", "parquet"), "--file")):
            refused = hospital.run("changes", "bed", *arguments, check=False)
            checks.equal(f"refused: {arguments}", (refused.returncode != 0, words in refused.stderr), (True, True))
    checks.report()


if __name__ == "__main__":
    main()
