"""PyIceberg and DuckDB's iceberg extension read from Tarn's tables exactly what `tarn sql` reads.

    python3 read_tables_test.py TARN REPOSITORY

Starts itself again with the Python of .cache/venv, where the two readers are.
"""

import glob
import hashlib
import importlib.util
import json
import os
import sys

NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")


def enter_environment(repository):
    """Continues as the environment's Python, or ends with what makes the environment."""
    environment = os.path.join(repository, ".cache", "venv")
    python = os.path.join(environment, "bin", "python")
    if os.path.realpath(sys.prefix) == os.path.realpath(environment):
        return
    if not os.access(python, os.X_OK):
        sys.exit(f"FAILED: the readers are not installed, {python} is missing: run `./dev setup`")
    with open(os.path.join(repository, "bench", "requirements.txt"), "rb") as file:
        wanted = hashlib.sha256(file.read()).hexdigest()
    try:
        with open(os.path.join(environment, ".requirements"), encoding="utf-8") as file:
            installed = file.read().split()[0]
    except (OSError, IndexError):
        installed = ""
    if installed != wanted:
        sys.exit(f"FAILED: {environment} is not what bench/requirements.txt says: run `./dev setup`")
    os.execv(python, [python, "-B", *sys.argv])


def import_hospital(repository):
    path = os.path.join(repository, "tests", "e2e", "hospital.py")
    spec = importlib.util.spec_from_file_location("hospital", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def connect():
    """DuckDB with times as Tarn prints them."""
    import duck

    connection = duck.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def current_metadata(location, snapshot_id):
    """The newest metadata file of a table; its current snapshot is the one that Tarn reads."""
    newest = max(glob.glob(f"{location.removeprefix('file://')}/metadata/*.metadata.json"))
    with open(newest, encoding="utf-8") as file:
        metadata = json.load(file)
    if metadata["current-snapshot-id"] != snapshot_id:
        sys.exit(f"FAILED: {newest} has the snapshot {metadata['current-snapshot-id']}, ops.tables says {snapshot_id}")
    return newest, metadata


class Reader:
    """What one engine reads of a table, as the view NAME beside Tarn's, which is called `tarn`."""

    def __init__(self, name, connection, checks):
        self.name = name
        self.connection = connection
        self.checks = checks

    def one(self, statement):
        return self.connection.execute(statement).fetchone()

    def compare(self, table, keys):
        """Names and types, rows, sums, checksums, and every row of every column both ways.

        EXCEPT takes tables for sets; the checksum of whole rows counts the rows that are equal.
        """
        columns = self.connection.execute("DESCRIBE tarn").fetchall()
        theirs = self.connection.execute(f"DESCRIBE {self.name}").fetchall()
        self.check(table, "columns", [row[:2] for row in theirs], [row[:2] for row in columns])
        sums = ", ".join(f'sum("{name}")::VARCHAR' for name, kind, *_ in columns if kind.startswith(NUMERIC))
        key = ", ".join(f'"{name}"' for name in keys)
        whole = ", ".join(f'"{column[0]}"' for column in columns)
        totals = f"count(*), count(DISTINCT ({key})), sum(hash({key}))::VARCHAR, sum(hash({whole}))::VARCHAR, {sums}"
        self.check(table, "rows, keys, checksums and sums", self.one(f"SELECT {totals} FROM {self.name}"),
                   self.one(f"SELECT {totals} FROM tarn"))
        for first, second in (("tarn", self.name), (self.name, "tarn")):
            extra = self.one(f"SELECT count(*) FROM (FROM {first} EXCEPT FROM {second})")[0]
            self.check(table, f"rows of {first} that {second} has not", extra, 0)

    def check(self, table, what, got, wanted):
        self.checks.equal(f"{table}, {self.name}: {what}", got, wanted)


def read_with_duckdb(connection, metadata):
    connection.execute(f"CREATE OR REPLACE TEMP TABLE duckdb_iceberg AS FROM iceberg_scan('{metadata}')")
    return lambda snapshot_id: connection.execute(
        f"SELECT count(*) FROM iceberg_scan('{metadata}', snapshot_from_id = {snapshot_id})").fetchone()[0]


def read_with_pyiceberg(connection, metadata):
    from pyiceberg.table import StaticTable

    table = StaticTable.from_metadata(metadata)
    connection.register("pyiceberg_arrow", table.scan().to_arrow())
    connection.execute("CREATE OR REPLACE TEMP TABLE pyiceberg AS FROM pyiceberg_arrow")
    connection.unregister("pyiceberg_arrow")
    return lambda snapshot_id: table.scan(snapshot_id=snapshot_id).count()


def check_table(hospital, connection, checks, row, keys, maintained=False):
    """Both readers against Tarn, now and in the middle of the table's history; of maintained tables only now.

    Returns the metadata.
    """
    name = f"{row['table_schema']}.{row['table_name']}"
    file, metadata = current_metadata(row["location"], row["snapshot_id"])
    dump = os.path.join(hospital.scratch, f"{row['table_name']}.parquet")
    hospital.run("sql", f"FROM {name}", "--output", "parquet", "--to", dump)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE tarn AS FROM '{dump}'")

    snapshots = sorted(metadata["snapshots"], key=lambda snapshot: snapshot["sequence-number"])
    history = [snapshot["snapshot-id"] for snapshot in snapshots]
    former = history[(len(history) - 1) // 2]
    found = hospital.sql(f"SELECT (SELECT count(*) FROM {name})::BIGINT AS counted, "
                         f"(SELECT count(*) FROM {name} AT (VERSION => {former}))::BIGINT AS former")[0]
    counted, then = found["counted"], found["former"]
    checks.equal(f"{name}: rows of the answer", connection.execute("SELECT count(*) FROM tarn").fetchone()[0], counted)
    checks.equal(f"{name}: is not empty", counted > 0, True)
    if maintained:
        former, then = history[-1], counted
    else:
        checks.equal(f"{name}: a former snapshot has fewer rows", former != row["snapshot_id"] and then < counted, True)
    for view, read in (("duckdb_iceberg", read_with_duckdb), ("pyiceberg", read_with_pyiceberg)):
        reader = Reader(view, connection, checks)
        count_at = read(connection, file)
        reader.compare(name, keys)
        reader.check(name, f"rows at the snapshot {former}", count_at(former), then)
    print(f"{name}: {counted} rows, then {then}, {len(history)} snapshots, "
          f"{metadata['snapshots'][-1]['summary'].get('total-position-deletes', '?')} deletes")
    return metadata


def ingest_in_two_rounds(hospital):
    """Every other zip of each kind comes later, so that each table has a history, however the batches fall."""
    zips = sorted(glob.glob(f"{hospital.inbox}/**/*.zip", recursive=True), key=os.path.basename)
    for zip_file in zips[1::2]:
        os.rename(zip_file, f"{zip_file}.later")
    hospital.run("ingest")
    for zip_file in zips[1::2]:
        os.rename(f"{zip_file}.later", zip_file)
    hospital.run("ingest")


KEYS = {
    "encounter": ["encounter_id"], "encounter_diagnosis": ["encounter_id", "ordinal"], "lab_result": ["result_id"],
    "claim_line": ["claim_id", "line_number"], "bed_census": ["facility_id", "unit", "observed_at"],
    "patient": ["patient_id"]}


def main():
    repository = os.path.abspath(sys.argv[2])
    enter_environment(repository)
    fixture = import_hospital(repository)
    checks = fixture.Checks()
    connection = connect()
    with fixture.Hospital(sys.argv[1], repository) as hospital:
        hospital.make("--zips", "120", "--defects", "typical", "--corrections", "0.1")
        hospital.set_batch_files(12)
        ingest_in_two_rounds(hospital)
        tables = hospital.sql("SELECT table_schema, table_name, location, snapshot_id FROM ops.tables "
                              "WHERE table_schema = 'curated' ORDER BY table_name")
        checks.equal("curated tables", [row["table_name"] for row in tables], sorted(KEYS))
        read = [check_table(hospital, connection, checks, row, KEYS[row["table_name"]]) for row in tables]

        # What the fixture is for: a lake without these would prove less than it says.
        deletes = [metadata for metadata in read
                   if int(metadata["snapshots"][-1]["summary"].get("total-position-deletes", 0)) > 0]
        transforms = {field["transform"] for metadata in read for spec in metadata["partition-specs"]
                      for field in spec["fields"]}
        checks.equal("tables with positional deletes", len(deletes) >= 2, True)
        checks.equal("transforms of partitions", sorted(transforms), ["bucket[8]", "month"])
        checks.equal("many snapshots", max(len(metadata["snapshots"]) for metadata in read) >= 5, True)

        # The same tables, compacted and their former snapshots expired.
        with open(os.path.join(hospital.project, "tarn.yaml"), "a", encoding="utf-8") as file:
            file.write("maintenance: {min_files: 2, keep_snapshots: 0s, keep_monthly: false}\n")
        hospital.run("maintain")
        tables = hospital.sql("SELECT table_schema, table_name, location, snapshot_id FROM ops.tables "
                              "WHERE table_schema = 'curated' ORDER BY table_name")
        read = [check_table(hospital, connection, checks, row, KEYS[row["table_name"]], maintained=True)
                for row in tables]
        checks.equal("snapshots after maintenance", {len(metadata["snapshots"]) for metadata in read}, {1})
    checks.report()


if __name__ == "__main__":
    main()
