#!/usr/bin/env python3
"""Drivers of other languages on `tarn serve`: JDBC, psqlODBC, node-postgres, pgx.

    drivers_test.py TARN_BINARY REPOSITORY

`./dev test --interop` fetches them by Maven, npm and Go into .cache/interop; psqlODBC comes with Debian's odbc-postgresql, pyodbc with
the packages of drivers_requirements.txt, which Python must have.
"""

import datetime
import decimal
import pathlib
import shutil
import subprocess
import sys

import pyodbc

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import wire_server  # noqa: E402

HERE = pathlib.Path(__file__).parent
PSQLODBC = "/usr/lib/x86_64-linux-gnu/odbc/psqlodbcw.so"


def run(server, what, command, folder=None):
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    print(f"{what}: {ran.stdout.strip()}")
    server.check(f"{what}: {ran.stderr[-2000:]}", ran.returncode, 0)


def by_odbc(server, options):
    connection = pyodbc.connect(f"DRIVER={PSQLODBC};SERVER=127.0.0.1;PORT={server.port};DATABASE=tarn;UID=ann;{options}")
    cursor = connection.cursor()
    stays = cursor.execute("SELECT id, ward, cost, admitted FROM curated.stay ORDER BY id").fetchall()
    expected = [(one["id"], one["ward"], decimal.Decimal(one["cost"]), datetime.datetime.fromisoformat(one["admitted"]))
                for one in map(wire_server.row, range(wire_server.ROWS))]
    server.check(f"rows by ODBC, {options}", [tuple(one) for one in stays] == expected, True)
    for what, got, wanted in [
            ("tables", [one.table_name for one in cursor.tables(schema="curated")], ["stay"]),
            ("columns", [(one.column_name, one.type_name) for one in cursor.columns(table="stay", schema="curated")][:2],
             [("id", "int8"), ("revision", "int4")]),
            ("the key", [one.column_name for one in cursor.primaryKeys("stay", schema="curated")], ["id"]),
            ("foreign keys", list(cursor.foreignKeys("stay", schema="curated")), []),
            ("indexes", [one.column_name for one in cursor.statistics("stay", schema="curated") if one.column_name], ["id"]),
            ("procedures", list(cursor.procedures()), []),
            ("parameters", tuple(cursor.execute("SELECT count(*) FROM curated.stay WHERE id < ? AND ward = ? AND cost >= ? AND admitted > ?",
                                                32, "ICU", decimal.Decimal("0.00"), datetime.datetime(2024, 12, 31)).fetchone()), (8,))]:
        server.check(f"{what} by ODBC, {options}", got, wanted)
    try:
        cursor.execute("SELECT nope")
        server.failures.append("ODBC hides an error")
    except pyodbc.Error as error:
        server.check("a state by ODBC", error.args[0], "42703")
    connection.rollback()
    connection.close()


def main():
    tarn, repository = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    fetched = repository / ".cache" / "interop" / "postgres"
    with wire_server.WireServer(tarn) as server:
        jar = next(fetched.glob("jdbc/postgresql-*.jar"))
        run(server, "JDBC", ["java", "-cp", str(jar), str(HERE / "jdbc" / "WireCheck.java"),
                             f"jdbc:postgresql://127.0.0.1:{server.port}/tarn?user=ann"])
        shutil.copy(HERE / "node" / "wire_check.js", fetched / "node")
        run(server, "node-postgres", ["node", "wire_check.js", str(server.port)], fetched / "node")
        run(server, "pgx", [str(fetched / "pgx"), f"postgres://ann@127.0.0.1:{server.port}/tarn"])
        for options in ("UseDeclareFetch=0", "UseDeclareFetch=1;Fetch=100", "UseServerSidePrepare=0"):
            by_odbc(server, options)
    return server.finish()


if __name__ == "__main__":
    sys.exit(main())
