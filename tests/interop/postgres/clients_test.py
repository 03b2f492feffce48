#!/usr/bin/env python3
"""Clients of PostgreSQL on `tarn serve`: psql with every \\d command, psycopg, psycopg2, asyncpg, SQLAlchemy, pgbench.

    clients_test.py TARN_BINARY      with the packages of requirements.txt; psql and pgbench come with Debian's postgresql
"""

import asyncio
import datetime
import decimal
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import uuid

import asyncpg
import psycopg
import psycopg2
import sqlalchemy

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import wire_server  # noqa: E402

SLASH = r"""\d \dt \d+ \l \l+ \dn+ \du \dg \df \df+ \dv \di \ds \dT \dTS+ \dS+ \dp \z \db+ \dx+ \dm \dE \da \dA+ \dc \dC+ \dd \ddp \dD
\des+ \deu+ \dew+ \det+ \dF+ \dFd+ \dFp+ \dFt+ \dl \dL+ \do+ \dO+ \dP+ \drds \dRp+ \dRs+ \dX \dy+ \dconfig \dAc \dAf \dAo \dAp""".split()
FOREVER = "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"


def psql(server, *commands):
    arguments = [one for command in commands for one in ("-c", command)]
    return subprocess.run(["psql", "-X", "-h", "127.0.0.1", "-p", str(server.port), "-U", "ann", "-d", "tarn", *arguments],
                          capture_output=True, text=True, timeout=60)


def by_psql(server):
    for command in SLASH + [r"\d curated.stay", r"\d+ stay", r"\dt curated.*", r"\dt *.*", r"\sv curated.stay"]:
        ran = psql(server, command)
        server.check(f"psql {command}", (ran.returncode, ran.stderr.partition("\n")[0]) if "ERROR" in ran.stderr else "", "")
    described = psql(server, r"\d+ curated.stay").stdout
    for part in ("cost", "numeric(12,2)", "Number of the stay.", "PRIMARY KEY", "timestamp with time zone"):
        server.check(f"psql's \\d+ says {part}", part in described, True)
    server.check("psql's \\dt lists the table", bool(re.search(r"curated\s*\|\s*stay\s*\|\s*table", psql(server, r"\dt").stdout)), True)
    wrong = psql(server, "SELECT nope FROM curated.stay").stderr
    server.check("psql's caret", "LINE 1" in wrong and "^" in wrong, True)
    csv = psql(server, r"\copy (SELECT id, ward FROM curated.stay ORDER BY id LIMIT 4) TO STDOUT CSV HEADER").stdout
    server.check("psql's \\copy", csv, 'id,ward\n0,ICU\n1,A 1\n2,"B ""2"""\n3,Ö\n')
    server.check("several statements", psql(server, "SELECT 1 AS a; SELECT 2 AS b").stdout.count("1 row"), 2)


def same_rows(server, client, rows):
    expected = [(one["id"], one["ward"], datetime.datetime.fromisoformat(one["admitted"]), datetime.date.fromisoformat(one["born"]),
                 decimal.Decimal(one["cost"]), None if one["id"] % 10 == 9 else one["weight"], one["emergency"])
                for one in map(wire_server.row, range(wire_server.ROWS))]
    server.check(f"rows by {client}", [tuple(row) for row in rows] == expected, True)


ALL = "SELECT id, ward, admitted, born, cost, weight, emergency FROM curated.stay ORDER BY id"


def by_psycopg(server):
    with psycopg.connect(host="127.0.0.1", port=server.port, user="ann", dbname="tarn") as connection:
        for binary in (False, True):
            same_rows(server, f"psycopg, binary {binary}", connection.execute(ALL, binary=binary).fetchall())
        values = [7, 2**40, 1.5, decimal.Decimal("12.50"), "ö'x", b"\0\xff", True, None, datetime.date(2024, 2, 29),
                  datetime.datetime(2024, 2, 29, 1, 2, 3, 4), uuid.UUID(int=5), datetime.timedelta(days=2, seconds=3), [1, 2]]
        got = connection.execute("SELECT " + ", ".join(["%s"] * len(values)), values).fetchone()
        server.check("parameters by psycopg", list(got), values)
        wards = connection.execute("SELECT count(*) FROM curated.stay WHERE ward = ANY(%s) AND id < %s", (["ICU", "Ö"], 8)).fetchone()
        server.check("an array of texts", wards, (4,))
        with connection.cursor("walk") as cursor:
            cursor.itersize = 333
            same_rows(server, "a cursor of psycopg", cursor.execute(ALL))
        with connection.cursor().copy("COPY (" + ALL + ") TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int8", "text", "timestamp", "date", "numeric", "float8", "bool"])
            same_rows(server, "COPY in binary", list(copy.rows()))
        connection.rollback()
        for sql, state in [("SELECT", "42601"), ("SELECT nope", "42703"), ("SELECT 1 FROM nowhere", "42P01"), ("SELECT 'x'::int", "22P02"),
                           ("DELETE FROM curated.stay", "42501"), ("SET nonsense = 1", "42704"), ("FETCH 1 FROM nothing", "34000"),
                           ("COPY curated.stay FROM STDIN", "42501"), ("COPY curated.stay FROM '/etc/passwd'", "0A000")]:
            server.check(f"the state of {sql}", state_of(connection, sql), state)
        connection.execute("SELECT 1")
        server.check("a failed transaction", [state_of(connection, "SELECT nope", rolls_back=False), state_of(connection, "SELECT 1")],
                     ["42703", "25P02"])
    with psycopg.connect(host="127.0.0.1", port=server.port, user="ann", dbname="tarn", autocommit=True) as connection:
        connection.execute("SET statement_timeout = '300ms'")
        server.check("a timeout", state_of(connection, FOREVER), "57014")
        connection.execute("RESET statement_timeout")
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        server.check("a cancelled statement", state_of(connection, FOREVER), "57014")
        timer.join()
        with connection.pipeline():
            answers = [connection.execute("SELECT %s + 1", (number,)) for number in range(50)]
        server.check("a pipeline", [one.fetchone()[0] for one in answers], list(range(1, 51)))
        counted = [connection.execute("SELECT count(*) FROM curated.stay WHERE id < %s", (5,), prepare=True).fetchone()[0] for _ in range(4)]
        server.check("a prepared statement", counted, [5] * 4)
        connection.execute("SET search_path TO curated")
        server.check("a search path", connection.execute("SELECT count(*) FROM stay").fetchone()[0], wire_server.ROWS)
        connection.execute("DISCARD ALL")
        server.check("after DISCARD ALL", state_of(connection, "SELECT count(*) FROM stay"), "42P01")


def state_of(connection, sql, rolls_back=True):
    try:
        connection.execute(sql)
        return ""
    except psycopg.Error as error:
        return error.sqlstate
    finally:
        if rolls_back:
            connection.rollback()


def by_sqlalchemy(server):
    for driver in ("psycopg", "psycopg2"):
        engine = sqlalchemy.create_engine(f"postgresql+{driver}://ann@127.0.0.1:{server.port}/tarn")
        inspector = sqlalchemy.inspect(engine)
        server.check(f"schemas by {driver}", "curated" in inspector.get_schema_names(), True)
        server.check(f"tables by {driver}", inspector.get_table_names("curated"), ["stay"])
        columns = {column["name"]: (str(column["type"]), column["nullable"], column["comment"]) for column in
                   inspector.get_columns("stay", "curated")}
        server.check(f"columns by {driver}", (columns["id"], columns["cost"]),
                     (("BIGINT", False, "Number of the stay."), ("NUMERIC(12, 2)", True, None)))
        server.check(f"the key by {driver}", inspector.get_pk_constraint("stay", "curated")["constrained_columns"], ["id"])
        table = sqlalchemy.Table("stay", sqlalchemy.MetaData(), schema="curated", autoload_with=engine)
        with engine.connect() as connection:
            found = connection.execute(sqlalchemy.select(table.c.id).where(table.c.ward == "Ö").order_by(table.c.id).limit(2)).fetchall()
        server.check(f"a query by {driver}", [one[0] for one in found], [3, 7])
        engine.dispose()


async def by_asyncpg(server):
    connection = await asyncpg.connect(host="127.0.0.1", port=server.port, user="ann", database="tarn")
    same_rows(server, "asyncpg", await connection.fetch(ALL))
    found = await connection.fetchval("SELECT count(*) FROM curated.stay WHERE cost > $1 AND admitted < $2", decimal.Decimal("10.50"),
                                      datetime.datetime(2025, 1, 2))
    expected = sum(1 for one in map(wire_server.row, range(wire_server.ROWS))
                   if decimal.Decimal(one["cost"]) > decimal.Decimal("10.50") and one["admitted"] < "2025-01-02")
    server.check("asyncpg's parameters", found, expected)
    async with connection.transaction():
        walked = [record["id"] async for record in connection.cursor("SELECT id FROM curated.stay ORDER BY id", prefetch=100)]
    server.check("asyncpg's cursor", walked, list(range(wire_server.ROWS)))
    await connection.close()


def by_psycopg2(server):
    connection = psycopg2.connect(host="127.0.0.1", port=server.port, user="ann", dbname="tarn")
    cursor = connection.cursor()
    cursor.execute(ALL)
    same_rows(server, "psycopg2", cursor.fetchall())
    cursor.execute("SELECT %s, %s, %s", (1, "a'b", datetime.date(2024, 1, 1)))
    server.check("psycopg2's parameters", cursor.fetchone(), (1, "a'b", datetime.date(2024, 1, 1)))
    connection.close()


def by_pgbench(server):
    script = server.project / "bench.sql"
    script.write_text("\\set id random(0, 4999)\nSELECT ward, cost FROM curated.stay WHERE id = :id;\n", encoding="utf-8")
    for mode in ("simple", "extended", "prepared"):
        ran = subprocess.run([shutil.which("pgbench") or "/usr/lib/postgresql/15/bin/pgbench", "-n", "-h", "127.0.0.1", "-p",
                              str(server.port), "-U", "ann", "-M", mode, "-c", "8", "-j", "2", "-t", "20", "-f", script, "tarn"],
                             capture_output=True, text=True, timeout=120)
        server.check(f"pgbench -M {mode}: {ran.stderr}", (ran.returncode, "processed: 160/160" in ran.stdout), (0, True))


def main():
    with wire_server.WireServer(sys.argv[1]) as server:
        for suite in (by_psql, by_psycopg, by_sqlalchemy, by_psycopg2, by_pgbench):
            suite(server)
        asyncio.run(by_asyncpg(server))
    return server.finish()


if __name__ == "__main__":
    sys.exit(main())
