#!/usr/bin/env python3
"""ADBC's Flight SQL driver writes tables through `tarn serve`: statements, prepared ones, ingest; what may not be written.

    writes_test.py TARN_BINARY      with the packages of requirements.txt
"""

import contextlib
import datetime
import decimal
import pathlib
import subprocess
import sys

import adbc_driver_flightsql.dbapi as flightsql
import adbc_driver_manager
import pyarrow as pa

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "postgres"))
import wire_server  # noqa: E402

UTC = datetime.timezone.utc


@contextlib.contextmanager
def connected(server, **kwargs):
    with flightsql.connect(f"grpc://127.0.0.1:{server.flight_port}", db_kwargs=kwargs, autocommit=True) as connection:
        yield connection


def rows(connection, sql, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return [tuple(row.values()) for row in cursor.fetch_arrow_table().to_pylist()]


def change(connection, sql, parameters=None):
    """How many rows were changed."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.rowcount


def failure(action, *arguments, **named):
    try:
        action(*arguments, **named)
        return ""
    except adbc_driver_manager.Error as error:
        return str(error)


def ingest(connection, table, rows_, mode, schema="lab"):
    with connection.cursor() as cursor:
        return cursor.adbc_ingest(table, rows_, mode, db_schema_name=schema)


def statements(server, connection):
    server.check("CREATE SCHEMA", change(connection, "CREATE SCHEMA lab"), 0)
    change(connection, "CREATE TABLE lab.t (id BIGINT NOT NULL, v TEXT, at TIMESTAMPTZ, cost DECIMAL(10,2))")
    server.check("INSERT", change(connection, "INSERT INTO lab.t (id, v) SELECT i, 'v' || i FROM range(5) r(i)"), 5)
    server.check("UPDATE", change(connection, "UPDATE lab.t SET v = 'x' WHERE id < 2"), 2)
    server.check("DELETE", change(connection, "DELETE FROM lab.t WHERE id = 4"), 1)
    server.check("what is there", rows(connection, "SELECT id, v FROM lab.t ORDER BY id"), [(0, "x"), (1, "x"), (2, "v2"), (3, "v3")])
    server.check("RETURNING", rows(connection, "INSERT INTO lab.t (id) VALUES (9) RETURNING id, v"), [(9, None)])
    server.check("with parameters", change(connection, "INSERT INTO lab.t VALUES (?, ?, ?, ?)",
                                           (10, "ö", datetime.datetime(2026, 1, 2, 3, tzinfo=UTC), decimal.Decimal("1.50"))), 1)
    server.check("their values", rows(connection, "SELECT * FROM lab.t WHERE id = ?", (10,)),
                 [(10, "ö", datetime.datetime(2026, 1, 2, 3, tzinfo=UTC), decimal.Decimal("1.50"))])
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO lab.t (id, v) VALUES (?, ?)", [(100 + i, f"many {i}") for i in range(50)])
    server.check("many rows of parameters", rows(connection, "SELECT count(*), min(v), max(id) FROM lab.t WHERE id >= 100"),
                 [(50, "many 0", 149)])
    server.check("in one snapshot", rows(connection, "SELECT count(*) FROM ops.snapshots WHERE table_name = 'lab.t'"), [(6,)])
    with connection.cursor() as cursor:
        said = failure(cursor.executemany, "INSERT INTO lab.t (id, cost) VALUES (?, ?)", [(200, "1"), (201, "no number")])
    server.check("a row that is none", "sql.conversion" in said, True)
    server.check("nothing of it is there", rows(connection, "SELECT count(*) FROM lab.t WHERE id >= 200"), [(0,)])
    for sql, part in [("INSERT INTO curated.stay (id) VALUES (1)", "sql.written_by_feed"), ("INSERT INTO lab.t (v) VALUES ('x')", "sql.not_null"),
                      ("INSERT INTO lab.nope VALUES (1)", "sql.unknown_table"), ("CREATE TABLE lab.t (a INT)", "catalog.table_exists"),
                      ("BEGIN", "flight.unsupported"), ("CREATE TEMP TABLE x AS SELECT 1", "sql.read_only")]:
        said = failure(change, connection, sql)
        server.check(f"{sql} fails: {said}", part in said, True)
    with connection.cursor() as cursor:
        server.check("a question for a count", "answers with rows" in failure(cursor.executemany, "SELECT ?", [(1,)]), True)


def ingests(server, connection):
    table = pa.table({"id": pa.array(range(10_000), pa.int64()), "v": [None if i % 3 == 0 else f"v{i}" for i in range(10_000)],
                      "tags": [[f"a{i}", None] if i % 2 else None for i in range(10_000)],
                      "place": [{"x": i, "y": f"y{i}"} for i in range(10_000)],
                      "at": pa.array([i * 1_000_000 for i in range(10_000)], pa.timestamp("us", tz="UTC")),
                      "cost": pa.array([decimal.Decimal(i) / 4 for i in range(10_000)], pa.decimal128(12, 2)),
                      "small": pa.array([i % 100 for i in range(10_000)], pa.int8())})
    server.check("create", ingest(connection, "fresh", table, "create"), 10_000)
    back = table.column_names
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM lab.fresh ORDER BY id")
        got = cursor.fetch_arrow_table()
    server.check("its columns", got.column_names, back)
    server.check("its types", [str(one.type) for one in got.schema],
                 ["int64", "string", "list<l: string>", "struct<x: int64, y: string>", "timestamp[us, tz=UTC]", "decimal128(12, 2)", "int32"])
    server.check("its rows", got.to_pylist() == table.to_pylist(), True)
    server.check("append", ingest(connection, "fresh", table.slice(0, 7), "append"), 7)
    server.check("some of the columns", ingest(connection, "fresh", pa.table({"small": [1, 2], "id": [20_000, 20_001]}), "append"), 2)
    server.check("by their names", rows(connection, "SELECT id, small, v FROM lab.fresh WHERE id >= 20000 ORDER BY 1"),
                 [(20_000, 1, None), (20_001, 2, None)])
    server.check("create_append", [ingest(connection, "both", pa.table({"a": [1]}), "create_append") for _ in range(2)], [1, 1])
    server.check("both are there", rows(connection, "SELECT a FROM lab.both"), [(1,), (1,)])
    server.check("replace", ingest(connection, "both", pa.table({"b": ["x", "y"]}), "replace"), 2)
    server.check("what it leaves", rows(connection, "SELECT * FROM lab.both ORDER BY b"), [("x",), ("y",)])
    server.check("replace without one", ingest(connection, "another", pa.table({"b": [1.5]}), "replace"), 1)
    server.check("no rows", ingest(connection, "empty", pa.RecordBatchReader.from_batches(
        table.schema, [pa.RecordBatch.from_pylist([], table.schema)]),
        "create"), 0)
    server.check("its columns are there", rows(connection, "SELECT count(*) FROM lab.empty WHERE place.x = 1"), [(0,)])
    batches = pa.RecordBatchReader.from_batches(pa.schema({"n": pa.int64()}), (pa.record_batch({"n": list(range(i * 5000, i * 5000 + 5000))})
                                                                                for i in range(200)))
    server.check("a stream of a million", ingest(connection, "many", batches, "create"), 1_000_000)
    server.check("all of it, once", rows(connection, "SELECT count(*), count(DISTINCT n), sum(n) FROM lab.many"),
                 [(1_000_000, 1_000_000, decimal.Decimal(499_999_500_000))])
    for name, data, mode, part in [
            ("fresh", table, "create", "catalog.table_exists"), ("nope", table, "append", "nope"),
            ("fresh", pa.table({"id": [1], "unknown": [2]}), "append", "unknown"), ("fresh", pa.table({"id": ["no number"]}), "append", "sql.conversion"),
            ("wide", pa.table({"a": pa.array([decimal.Decimal(1)], pa.decimal256(60, 2))}), "create", "sql."),
            ("t", pa.table({"v": ["without its id"]}), "append", "sql.not_null")]:
        said = failure(ingest, connection, name, data, mode)
        server.check(f"{mode} of {name} fails: {said}", part in said, True)
    server.check("a feed's table", "sql.written_by_feed" in failure(ingest, connection, "stay", pa.table({"id": [1]}), "append", "curated"), True)
    server.check("nowhere", failure(ingest, connection, "t", pa.table({"id": [1]}), "create", "nowhere") != "", True)
    server.check("what failed has left nothing", rows(connection, "SELECT count(*) FROM lab.fresh"), [(10_009,)])


def roles(server):
    with connected(server, username="ann", password="secret word") as connection:
        server.check("ann reads", failure(ingest, connection, "t", pa.table({"id": [1]}), "append") != "", True)
        server.check("and writes nothing", failure(change, connection, "DELETE FROM lab.t") != "", True)
    with connected(server, username="carl", password="secret word") as connection:
        change(connection, "CREATE SCHEMA sandbox")
        server.check("carl ingests", ingest(connection, "his", pa.table({"id": [1, 2]}), "create", "sandbox"), 2)
        server.check("and changes it", change(connection, "DELETE FROM sandbox.his WHERE id = 1"), 1)
        server.check("not elsewhere", failure(ingest, connection, "his", pa.table({"id": [1]}), "create") != "", True)


def access(tarn):
    verifier = subprocess.run([tarn, "access", "password"], input="secret word\n", check=True, capture_output=True, text=True).stdout.strip()
    return {"users.yaml": "roles:\n  reader:\n    description: Reads.\n    grants:\n      - tables: [curated.stay]\n"
                          "  maker:\n    description: Makes tables.\n    grants:\n      - tables: [curated.stay, sandbox.*]\n    write: [sandbox.*]\n"
                          f"users:\n  ann: {{password: \"{verifier}\", roles: [reader]}}\n  carl: {{password: \"{verifier}\", roles: [maker]}}\n"}


def main():
    tarn = pathlib.Path(sys.argv[1]).resolve()
    server = wire_server.WireServer(tarn, flight={"max_running": 2})
    with server, connected(server) as connection:
        statements(server, connection)
        ingests(server, connection)
    guarded = wire_server.WireServer(tarn, flight={}, access=access(tarn))
    with guarded:
        roles(guarded)
    return max(server.finish(), guarded.finish())


if __name__ == "__main__":
    sys.exit(main())
