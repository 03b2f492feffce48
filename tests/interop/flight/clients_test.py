#!/usr/bin/env python3
"""ADBC's Flight SQL driver on `tarn serve`: rows, types, parameters, metadata, roles, logins, cancelling, slow readers, TLS.

    clients_test.py TARN_BINARY      with the packages of requirements.txt
"""

import contextlib
import datetime
import decimal
import json
import pathlib
import subprocess
import sys
import threading
import time

import adbc_driver_flightsql.dbapi as flightsql
import adbc_driver_manager
import pyarrow as pa
import pyarrow.flight as flight
from adbc_driver_flightsql import DatabaseOptions

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "postgres"))
import wire_server  # noqa: E402

FOREVER = "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"
ALL = "SELECT id, ward, admitted, born, cost, weight, emergency FROM curated.stay ORDER BY id"


@contextlib.contextmanager
def connected(server, scheme="grpc", **options):
    kwargs = {key: value for key, value in options.items() if value is not None}
    with flightsql.connect(f"{scheme}://127.0.0.1:{server.flight_port}", db_kwargs=kwargs, autocommit=True) as connection:
        yield connection


def query(connection, sql, parameters=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetch_arrow_table()


def rows(connection, sql, parameters=None):
    return [tuple(row.values()) for row in query(connection, sql, parameters).to_pylist()]


def failure(action, *arguments):
    """The kind of error, and what it says."""
    try:
        action(*arguments)
        return None, ""
    except adbc_driver_manager.Error as error:
        return type(error).__name__ + ":" + error.status_code.name, str(error)


def expected_rows():
    return [(one["id"], one["ward"], datetime.datetime.fromisoformat(one["admitted"]), datetime.date.fromisoformat(one["born"]),
             decimal.Decimal(one["cost"]), None if one["id"] % 10 == 9 else one["weight"], one["emergency"])
            for one in map(wire_server.row, range(wire_server.ROWS))]


def statements(server):
    with connected(server) as connection:
        table = query(connection, ALL)
        server.check("the types", [str(field.type) for field in table.schema],
                     ["int64", "string", "timestamp[us]", "date32[day]", "decimal128(12, 2)", "double", "bool"])
        server.check("the rows", [tuple(row.values()) for row in table.to_pylist()] == expected_rows(), True)
        kinds = query(connection, """SELECT 1::TINYINT AS a, sum(7) AS b, 'x'::BLOB AS c, [1, NULL] AS d, {'k': 'v', 'l': [1.5]} AS e,
            MAP {'a': 1} AS f, TIME '10:00:01' AS g, TIMESTAMPTZ '2024-02-29 12:00:00+02' AS h, INTERVAL '1 day' AS i,
            '12345678-1234-1234-1234-123456789abc'::UUID AS j, 1.5::FLOAT AS k, NULL::BIGINT AS l, '{"m": 1}'::JSON AS m""")
        server.check("kinds of values", kinds.to_pylist()[0] | {"i": None}, {
            "a": 1, "b": decimal.Decimal(7), "c": b"x", "d": [1, None], "e": {"k": "v", "l": [decimal.Decimal("1.5")]}, "f": [("a", 1)],
            "g": datetime.time(10, 0, 1), "h": datetime.datetime(2024, 2, 29, 10, tzinfo=datetime.timezone.utc), "i": None,
            "j": "12345678-1234-1234-1234-123456789abc", "k": 1.5, "l": None, "m": '{"m": 1}'})
        server.check("times with zone", str(kinds.schema.field("h").type), "timestamp[us, tz=UTC]")
        server.check("no rows", query(connection, "SELECT id FROM curated.stay WHERE false").num_rows, 0)
        server.check("many rows", rows(connection, "SELECT count(*), sum(i) FROM (SELECT * FROM range(3000000) r(i))"),
                     [(3000000, decimal.Decimal(2999999 * 1500000))])
        server.check("EXPLAIN", query(connection, "EXPLAIN SELECT count(*) FROM curated.stay").num_rows > 0, True)
        server.check("time travel", rows(connection, "SELECT count(*) FROM curated.stay AT (TIMESTAMP => now()::TIMESTAMP)"), [(wire_server.ROWS,)])
        for sql, kind, part in [("SELECT", "ProgrammingError:INVALID_ARGUMENT", "sql.syntax"),
                                ("SELECT nope FROM curated.stay", "ProgrammingError:INVALID_ARGUMENT", "line 1, column 8"),
                                ("SELECT 1 FROM curated.stey", "ProgrammingError:NOT_FOUND", "did you mean `curated.stay`"),
                                ("SELECT 1; SELECT 2", "ProgrammingError:INVALID_ARGUMENT", "one statement"),
                                ("SELECT 'x'::int", "ProgrammingError:INVALID_ARGUMENT", "sql.conversion"),
                                ("DELETE FROM curated.stay", "ProgrammingError:UNAUTHORIZED", "sql.written_by_feed"),
                                ("CREATE TEMP TABLE t AS SELECT 1", None, ""), ("USE curated", None, ""), ("BEGIN", None, ""),
                                ("SELECT * FROM read_csv('/etc/passwd')", None, "")]:
            got, said = failure(query, connection, sql)
            server.check(f"{sql} fails", got is not None if kind is None else got, True if kind is None else kind)
            server.check(f"what is said of {sql}", part in said, True)


def parameters(server):
    values = [7, 2**40, 1.5, decimal.Decimal("12.50"), "ö'x", b"\0\xff", True, None, datetime.date(2024, 2, 29),
              datetime.datetime(2024, 2, 29, 1, 2, 3, 4), datetime.time(1, 2, 3),
              datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=datetime.timezone.utc)]
    with connected(server) as connection:
        server.check("parameters", list(rows(connection, "SELECT " + ", ".join("?" * len(values)), values)[0]), values)
        server.check("numbered parameters", rows(connection, "SELECT $2 - $1, $1", (1, 10)), [(9, 1)])
        server.check("by surroundings", rows(connection, "SELECT count(*) FROM curated.stay WHERE id < ? AND ward = ? AND admitted < ? AND cost >= ?",
                                             (100, "ICU", datetime.datetime(2025, 1, 20), decimal.Decimal("0.50"))),
                     [(sum(1 for one in expected_rows()[:100] if one[1] == "ICU" and one[2] < datetime.datetime(2025, 1, 20)
                           and one[4] >= decimal.Decimal("0.50")),)])
        with connection.cursor() as cursor:
            schema = cursor.adbc_prepare("SELECT id FROM curated.stay WHERE id = ? AND born > ? AND cost < ? LIMIT ?")
            server.check("the types of parameters", [str(one.type) for one in schema],
                         ["int64", "date32[day]", "decimal128(12, 2)", "int64"])
            for number in (3, 4):
                cursor.execute("SELECT ward FROM curated.stay WHERE id = ?", (number,))
                server.check(f"prepared, {number}", cursor.fetchone(), (wire_server.row(number)["ward"],))
        for sql, bound in [("SELECT ?", (1, 2)), ("SELECT $name", (1,)), ("SELECT ?", ([1, 2],)), ("SELECT 1 / ?::INTEGER", ("x",))]:
            server.check(f"{sql} with {bound}", failure(query, connection, sql, bound)[0] is not None, True)
        with connection.cursor() as cursor:
            got = failure(cursor.executemany, "SELECT ?", [(1,), (2,)])[1]
        server.check("several rows of parameters", got != "", True)


def metadata(server):
    with connected(server) as connection:
        info = connection.adbc_get_info()
        server.check("who answers", (info["vendor_name"], info["vendor_version"].startswith("tarn ")), ("Tarn", True))
        found = connection.adbc_get_objects(depth="all").read_all().to_pylist()
        server.check("catalogs", [one["catalog_name"] for one in found], ["wire"])
        schemas = {one["db_schema_name"]: one for one in found[0]["catalog_db_schemas"]}
        server.check("schemas", "curated" in schemas and "ops" in schemas, True)
        stay = schemas["curated"]["db_schema_tables"][0]
        server.check("the table", (stay["table_name"], stay["table_type"]), ("stay", "TABLE"))
        columns = {one["column_name"]: one for one in stay["table_columns"]}
        server.check("its columns", list(columns)[:4], ["id", "revision", "ward", "admitted"])
        for table in ("stay", "files"):
            schema = connection.adbc_get_table_schema(table, db_schema_filter="ops" if table == "files" else "curated")
            actual = query(connection, f"SELECT * FROM {'ops' if table == 'files' else 'curated'}.{table} LIMIT 0").schema
            server.check(f"the schema of {table}", [(one.name, one.type) for one in schema], [(one.name, one.type) for one in actual])
        facts = connection.adbc_get_table_schema("stay", db_schema_filter="curated").field("id").metadata
        server.check("what is told of a column", (facts[b"ARROW:FLIGHT:SQL:REMARKS"], facts[b"ARROW:FLIGHT:SQL:TYPE_NAME"]),
                     (b"Number of the stay.", b"BIGINT"))
        names = connection.adbc_get_objects(depth="tables", db_schema_filter="cur%", table_name_filter="st_y").read_all().to_pylist()
        server.check("by patterns", [table["table_name"] for one in names for schema in one["catalog_db_schemas"]
                                     for table in schema["db_schema_tables"]], ["stay"])
        none = connection.adbc_get_objects(depth="tables", table_name_filter="st_").read_all().to_pylist()
        server.check("a pattern that nothing fits", [table for one in none for schema in one["catalog_db_schemas"] or []
                                                     for table in schema["db_schema_tables"] or []], [])
        server.check("table types", sorted(connection.adbc_get_table_types()), ["SYSTEM TABLE", "TABLE", "VIEW"])


def by_hand(server):
    """What ADBC never asks for, by Arrow's own client."""
    def field(number, value):
        return bytes([number << 3 | 2, len(value)]) + value

    def answer(name, message=b""):
        command = field(1, b"type.googleapis.com/arrow.flight.protocol.sql." + name) + field(2, message)
        info = client.get_flight_info(flight.FlightDescriptor.for_command(command))
        table = client.do_get(info.endpoints[0].ticket).read_all()
        server.check(f"the columns of {name}", table.schema.equals(info.schema), True)
        return table.to_pylist()

    with flight.connect(f"grpc://127.0.0.1:{server.flight_port}") as client:
        server.check("a key", [(one["db_schema_name"], one["column_name"], one["key_sequence"])
                               for one in answer(b"CommandGetPrimaryKeys", field(3, b"stay"))], [("curated", "id", 1)])
        server.check("no such key", answer(b"CommandGetPrimaryKeys", field(2, b"ops") + field(3, b"stay")), [])
        for command in (b"CommandGetExportedKeys", b"CommandGetImportedKeys", b"CommandGetCrossReference"):
            server.check(f"{command}", answer(command, field(3, b"stay")), [])
        server.check("types", "TIMESTAMP WITH TIME ZONE" in [one["type_name"] for one in answer(b"CommandGetXdbcTypeInfo")], True)
        server.check("facts", {one["info_name"]: one["value"] for one in answer(b"CommandGetSqlInfo", field(1, bytes([3, 9])))},
                     {3: False, 9: True})
        server.check("schemas", answer(b"CommandGetDbSchemas", field(2, b"c_r%")), [{"catalog_name": "wire", "db_schema_name": "curated"}])
        server.check("another catalog", answer(b"CommandGetDbSchemas", field(1, b"other")), [])
        actions = [action.type for action in client.list_actions()]
        server.check("actions", "CancelFlightInfo" in actions and "CreatePreparedStatement" in actions, True)


def cancelling(server):
    with connected(server) as connection:
        with connection.cursor() as cursor:
            timer = threading.Timer(0.5, cursor.adbc_cancel)
            began = time.monotonic()
            timer.start()
            kind = failure(cursor.execute, FOREVER)[0] or failure(cursor.fetchall)[0]
            server.check("a cancelled statement", (kind, time.monotonic() - began < 5), ("OperationalError:CANCELLED", True))
            timer.join()
        server.check("after cancelling", rows(connection, "SELECT 1"), [(1,)])
    with connected(server, **{DatabaseOptions.TIMEOUT_FETCH.value: "0.5", DatabaseOptions.TIMEOUT_QUERY.value: "0.5"}) as connection:
        server.check("a client's time limit", failure(query, connection, FOREVER)[0], "OperationalError:TIMEOUT")
    deadline = time.monotonic() + 20
    while busy(server) and time.monotonic() < deadline:
        time.sleep(0.2)
    server.check("that nothing runs on for clients that have gone", busy(server), False)


def busy(server):
    """Whether the server computes while nobody asks."""
    def ticks():
        return sum(int(one) for one in pathlib.Path(f"/proc/{server.process.pid}/stat").read_text(encoding="utf-8").split()[13:15])
    before = ticks()
    time.sleep(1)
    return ticks() - before > 50


def slow_readers(server):
    """Clients that take their time cost neither memory nor turns: more of them than there are turns."""
    wide = "SELECT i, repeat('x', 1000) AS t FROM range(4000000) r(i)"
    before = server.resident_kib()
    with contextlib.ExitStack() as stack:
        readers = []
        for _ in range(4):
            cursor = stack.enter_context(stack.enter_context(connected(server)).cursor())
            cursor.execute(wide)
            reader = cursor.fetch_record_batch()
            readers.append(reader)
            reader.read_next_batch()
        time.sleep(3)
        with connected(server) as connection:
            server.check("a statement beside slow readers", rows(connection, "SELECT count(*) FROM curated.stay"), [(wire_server.ROWS,)])
        server.check("the memory of slow readers", (server.resident_kib() - before) // 1024 < 400, True)


def access_files(tarn):
    verifier = subprocess.run([tarn, "access", "password"], input="secret word\n", check=True, capture_output=True, text=True).stdout.strip()
    return {"users.yaml": "roles:\n  reader:\n    description: Reads.\n    grants:\n      - tables: [curated.stay]\n"
                          "  ward:\n    description: One ward.\n    grants:\n      - tables: [curated.stay]\n        except: [cost]\n"
                          "        where: ward = $ward\n        masks: {born: year}\n"
                          f"users:\n  ann: {{password: \"{verifier}\", roles: [reader]}}\n"
                          f"  bob: {{password: \"{verifier}\", roles: [ward], attributes: {{ward: [ICU]}}}}\n"}


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


def roles(server, authority):
    def login(**others):
        return connected(server, "grpc+tls", **{DatabaseOptions.TLS_ROOT_CERTS.value: authority} | others)

    def attempt(**others):
        with login(**others) as connection:
            return rows(connection, "SELECT 1")

    for what, options in [("a wrong password", {"username": "ann", "password": "other"}), ("nobody", {"username": "eve", "password": "secret word"}),
                          ("no login", {}), ("a token of somebody's", {DatabaseOptions.AUTHORIZATION_HEADER.value: "Bearer 1234"})]:
        server.check(f"{what} is refused", failure(lambda options=options: attempt(**options))[0], "ProgrammingError:UNAUTHENTICATED")
    with login(username="ann", password="secret word") as connection:
        server.check("the rows of ann", rows(connection, "SELECT count(*), sum(cost) IS NOT NULL FROM curated.stay"), [(wire_server.ROWS, True)])
        server.check("what is not ann's", failure(query, connection, "SELECT * FROM ops.files")[0] is not None, True)
    with login(username="bob", password="secret word") as connection:
        server.check("the rows of bob", rows(connection, "SELECT count(*), count(DISTINCT ward) FROM curated.stay"), [(wire_server.ROWS // 4, 1)])
        hidden = failure(query, connection, "SELECT cost FROM curated.stay")[1]
        server.check("what is hidden from bob", ("cost" in hidden, "sql.binder" in hidden), (True, True))
        server.check("a mask", rows(connection, "SELECT DISTINCT born FROM curated.stay"), [(datetime.date(1960, 1, 1),)])
        schema = connection.adbc_get_table_schema("stay", db_schema_filter="curated")
        server.check("bob's columns", "cost" in schema.names, False)
        tables = [table["table_name"] for one in connection.adbc_get_objects(depth="tables").read_all().to_pylist()
                  for part in one["catalog_db_schemas"] for table in part["db_schema_tables"]]
        server.check("bob's tables", sorted(tables), ["columns", "stay", "tables"])
        server.check("bob's parameters", rows(connection, "SELECT count(*) FROM curated.stay WHERE id < ?", (8,)), [(2,)])


def audited(server):
    """What roles() did is on record."""
    def search(*words):
        said = subprocess.run([server.tarn, "-C", server.project, "audit", "search", "--door", "flight", "--output", "json", *words],
                              check=True, capture_output=True, text=True, timeout=60)
        return [(one["event"], one["statement"], one["rows"], one["policy"], one["peer"] is not None) for one in json.loads(said.stdout)]
    policy = '{"curated.stay":{"masks":{"born":"year"},"rows":["ward = $ward"]}}'
    for _ in range(100):  # Ends are written a little later.
        found = search("--user", "bob", "--outcome", "done", "--table", "curated.stay")
        if len(found) >= 3:
            break
        time.sleep(0.1)
    server.check("a read of bob", ("begun", "SELECT DISTINCT born FROM curated.stay", 1, policy, True) in found, True)
    server.check("bob's refused column", search("--user", "bob", "--outcome", "sql.binder")[0][:2], ("refused", "SELECT cost FROM curated.stay"))
    server.check("refused logins", {name: [one[0] for one in search("--user", name, "--outcome", "flight.not_authenticated")][:1] for name in ("ann", "eve")},
                 {"ann": ["login"], "eve": ["login"]})
    verified = subprocess.run([server.tarn, "-C", server.project, "audit", "verify"], capture_output=True, text=True, timeout=60)
    server.check("the chain", (verified.returncode, verified.stderr), (0, ""))


def wrong_tls(server):
    def attempt(scheme, **options):
        with connected(server, scheme, username="ann", password="secret word", **options) as connection:
            return rows(connection, "SELECT 1")
    server.check("an unknown authority", failure(lambda: attempt("grpc+tls"))[0] is not None, True)
    server.check("plain text on TLS", failure(lambda: attempt("grpc"))[0] is not None, True)


def main():
    tarn = pathlib.Path(sys.argv[1]).resolve()
    server = wire_server.WireServer(tarn, flight={"max_running": 2})
    with server:
        statements(server)
        parameters(server)
        metadata(server)
        by_hand(server)
        cancelling(server)
        slow_readers(server)
    secured = wire_server.WireServer(tarn, access=access_files(tarn), flight={"tls": {"certificate": "cert.pem", "key": "key.pem"}})
    make_certificate(secured.project)
    with secured:
        roles(secured, (secured.project / "cert.pem").read_text(encoding="utf-8"))
        audited(secured)
        wrong_tls(secured)
    return max(server.finish(), secured.finish())


if __name__ == "__main__":
    sys.exit(main())
