#!/usr/bin/env python3
"""Clients of PostgreSQL write tables through `tarn serve`: psycopg, psql's \\copy, asyncpg, SQLAlchemy; users write what their roles allow,
and PyIceberg and DuckDB read what was written.

    writes_test.py TARN_BINARY PEERS_PYTHON      with the packages of requirements.txt; those of the peers in the other interpreter
"""

import asyncio
import datetime
import decimal
import json
import pathlib
import subprocess
import sys
import threading
import uuid

import asyncpg
import psycopg
import sqlalchemy
import sqlalchemy.dialects.postgresql

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import wire_server  # noqa: E402

PEER = """
import json, sys
sys.path.insert(0, sys.argv[2])
import duck
from pyiceberg.table import StaticTable
table = StaticTable.from_metadata(sys.argv[1])
rows = sorted(((row["id"], row["v"]) for row in table.scan().to_arrow().to_pylist()), key=lambda one: one[0])
read = duck.connect().execute("SELECT id, v FROM iceberg_scan(?) ORDER BY id", [sys.argv[1].removeprefix("file://")]).fetchall()
print(json.dumps([rows, read]))
"""



def connect(server, user="ann", autocommit=True, **options):
    return psycopg.connect(host="127.0.0.1", port=server.port, user=user, dbname="tarn", autocommit=autocommit, **options)


def state_of(connection, sql, values=None):
    try:
        return connection.execute(sql, values).statusmessage
    except psycopg.Error as error:
        return error.sqlstate


def by_tags(server):
    """What each statement answers, and each mistake's SQLSTATE."""
    with connect(server) as connection:
        for sql, answer in [
                ("CREATE SCHEMA s", "CREATE SCHEMA"), ("CREATE SCHEMA s", "42P06"), ("CREATE SCHEMA IF NOT EXISTS s", "CREATE SCHEMA"),
                ("CREATE TABLE s.t (id bigint NOT NULL, v varchar(20), d date)", "CREATE TABLE"), ("CREATE TABLE s.t (id int)", "42P07"),
                ("INSERT INTO s.t VALUES (1, 'a', '2026-01-01'), (2, 'b', NULL)", "INSERT 0 2"),
                ("WITH n AS (SELECT 3 AS id) INSERT INTO s.t (id) SELECT id FROM n", "INSERT 0 1"),
                ('INSERT INTO "tarn"."s"."t" (id) VALUES (4)', "INSERT 0 1"),
                ("INSERT INTO s.t (v) VALUES ('x')", "23502"), ("INSERT INTO s.t VALUES ('x', 'y', NULL)", "22P02"),
                ("INSERT INTO s.t (nope) VALUES (1)", "42703"), ("INSERT INTO s.nothing VALUES (1)", "42P01"),
                ("INSERT INTO s.t (id) VALUES (77) RETURNING id", "INSERT 0 1"), ("DELETE FROM s.t WHERE id = 77 RETURNING *", "DELETE 1"),
                ("INSERT INTO s.t (id) VALUES (1), (78) ON CONFLICT (id) DO NOTHING", "INSERT 0 1"),
                ("MERGE INTO s.t USING (SELECT 78 AS id) q ON t.id = q.id WHEN MATCHED THEN DELETE", "MERGE 1"),
                ("MERGE INTO s.t USING (VALUES (1), (1)) q(id) ON t.id = q.id WHEN MATCHED THEN UPDATE SET v = 'q'", "21000"), ("INSERT INTO s.t VALUES (", "42601"),
                ("UPDATE s.t SET v = 'z' WHERE id > 2", "UPDATE 2"), ("UPDATE s.t SET id = NULL", "23502"),
                ("DELETE FROM s.t WHERE id = 4", "DELETE 1"), ("CREATE TABLE s.u AS SELECT * FROM s.t", "SELECT 3"),
                ("TRUNCATE s.u", "TRUNCATE TABLE"), ("ALTER TABLE s.u RENAME TO w", "ALTER TABLE"), ("DROP TABLE s.w", "DROP TABLE"),
                ("DROP TABLE s.w", "42P01"), ("DROP TABLE IF EXISTS s.w", "DROP TABLE"), ("DROP SCHEMA s", "2BP01"),
                ("CREATE TABLE lost (id int)", "3F000"), ("CREATE TABLE nowhere.t (id int)", "3F000"),
                ("DELETE FROM curated.stay", "42501"), ("CREATE TABLE curated.stay__backfill (id INT)", "42501"), ("DROP TABLE curated.stay", "42501"), ("INSERT INTO ops.runs VALUES (1)", "42501"),
                ("CREATE VIEW s.v AS SELECT id, v FROM s.t", "CREATE VIEW"), ("CREATE VIEW s.v AS SELECT 1", "42P07"),
                ("CREATE OR REPLACE VIEW s.v (a) AS SELECT id FROM tarn.s.t", "CREATE VIEW"), ("INSERT INTO s.v VALUES (1)", "0A000"),
                ("ALTER VIEW s.v RENAME TO w", "ALTER VIEW"), ("DROP VIEW s.v", "42P01"), ("DROP VIEW s.w", "DROP VIEW")]:
            server.check(f"the answer to {sql}", state_of(connection, sql), answer)


def by_psycopg(server):
    values = [(7, 2.5, decimal.Decimal("12.50"), "ö'x", b"\0\xff", True, datetime.date(2024, 2, 29),
               datetime.datetime(2024, 2, 29, 1, 2, 3, 4), datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=datetime.UTC), uuid.UUID(int=5),
               datetime.time(1, 2, 3), [1, 2]), (8,) + (None,) * 11]
    with connect(server, autocommit=False) as connection, connect(server) as other:
        connection.execute("CREATE TABLE s.types (a int, b float8, c numeric(12, 2), d text, e bytea, f boolean, g date, h timestamp, "
                           "i timestamptz, j uuid, k time, l int[])")
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO s.types VALUES (" + ", ".join(["%s"] * 12) + ")", values)
        server.check("rows of the transaction", connection.execute("SELECT * FROM s.types ORDER BY a").fetchall(), values)
        server.check("not seen by others", state_of(other, "SELECT * FROM s.types"), "42P01")
        connection.commit()
        server.check("seen by others", other.execute("SELECT count(*) FROM s.types").fetchone(), (2,))
        connection.execute("DELETE FROM s.types")
        connection.rollback()
        server.check("taken back", other.execute("SELECT count(*) FROM s.types").fetchone(), (2,))
        connection.execute("UPDATE s.types SET d = %s WHERE a = %s", ("new", 7))
        other.execute("UPDATE s.types SET d = 'first' WHERE a = 8")
        try:
            connection.commit()
            server.check("a conflict", "", "40001")
        except psycopg.Error as error:
            server.check("a conflict", error.sqlstate, "40001")
        server.check("usable after it", connection.execute("SELECT d FROM s.types ORDER BY a").fetchall(), [("ö'x",), ("first",)])
        connection.rollback()
        with connection.transaction():
            connection.execute("INSERT INTO s.types (a) VALUES (9)")
            try:
                with connection.transaction():
                    connection.execute("INSERT INTO s.types (a) VALUES (10)")
                    raise psycopg.Rollback()
            except psycopg.Rollback:
                pass
        server.check("a savepoint", other.execute("SELECT a FROM s.types ORDER BY a").fetchall(), [(7,), (8,), (9,)])
    with connect(server) as connection:
        marks = ", ".join(["%s"] * 12)
        connection.execute("CREATE TABLE s.kept AS SELECT * FROM s.types LIMIT 0")
        for what, tail in [("RETURNING", ""), ("ON CONFLICT", "ON CONFLICT (a) DO UPDATE SET b = excluded.b, l = excluded.l ")]:
            answers = [connection.execute(f"INSERT INTO s.kept VALUES ({marks}) {tail}RETURNING *", row).fetchall() for row in values]
            server.check(f"{what} of every type", answers, [[row] for row in values])
        cursor = connection.execute("UPDATE s.kept SET b = b + %s WHERE a = %s RETURNING a, b AS more", (1, 7))
        server.check("UPDATE … RETURNING", (cursor.statusmessage, [one.name for one in cursor.description], cursor.fetchall()),
                     ("UPDATE 1", ["a", "more"], [(7, 3.5)]))
        merged = connection.execute("MERGE INTO s.kept k USING (SELECT %s::int AS a, %s AS d) q ON k.a = q.a WHEN MATCHED THEN UPDATE SET d = q.d "
                                    "WHEN NOT MATCHED THEN INSERT (a, d) VALUES (q.a, q.d)", (11, "new"))
        server.check("MERGE with parameters", (merged.statusmessage, connection.execute("SELECT d FROM s.kept WHERE a = 11").fetchall()),
                     ("MERGE 1", [("new",)]))
        with connection.transaction():
            first = connection.execute("INSERT INTO s.kept (a) VALUES (12) RETURNING a").fetchone()
            second = connection.execute("INSERT INTO s.kept (a) VALUES (12), (13) ON CONFLICT (a) DO NOTHING RETURNING a").fetchall()
        server.check("in a transaction", (first, second), ((12,), [(13,)]))
        server.check("what is there then", connection.execute("SELECT count(*) FROM s.kept WHERE a > 10").fetchone(), (3,))
        connection.execute("DROP TABLE s.kept")
        server.check("an error among several", [state_of(connection, "INSERT INTO s.types (a) VALUES (20); SELECT nope"),
                                                connection.execute("SELECT count(*) FROM s.types").fetchone()], ["42703", (3,)])
        try:
            with connection.pipeline():
                for number in (21, 22):
                    connection.execute("INSERT INTO s.types (a) VALUES (%s)", (number,))
                connection.execute("INSERT INTO s.types (a) VALUES ('x')")
        except psycopg.Error as error:
            server.check("an error in a pipeline", error.sqlstate, "22P02")
        server.check("a pipeline is one transaction", connection.execute("SELECT count(*) FROM s.types").fetchone(), (3,))
        with connection.pipeline():
            for number in range(30, 60):
                connection.execute("INSERT INTO s.types (a) VALUES (%s)", (number,))
        server.check("a pipeline", connection.execute("SELECT count(*) FROM s.types WHERE a >= 30").fetchone(), (30,))


def by_copy(server):
    rows = [(number, f"a\tb\n\\{number}" if number % 3 else None, datetime.date(2026, 1, 1)) for number in range(5000)]
    with connect(server) as connection:
        connection.execute("CREATE TABLE s.copied (id bigint NOT NULL, v text, d date)")
        with connection.cursor() as cursor:
            with cursor.copy("COPY s.copied FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            server.check("COPY's answer", cursor.statusmessage, "COPY 5000")
        server.check("what was copied", connection.execute("SELECT id, v, d FROM s.copied ORDER BY id").fetchall(), rows)
        types = connection.execute("SELECT * FROM s.types ORDER BY a").fetchall()
        connection.execute("CREATE TABLE s.binary AS SELECT * FROM s.types LIMIT 0")
        with connection.cursor().copy("COPY s.binary FROM STDIN (FORMAT binary)") as copy:
            copy.set_types("int4 float8 numeric text bytea bool date timestamp timestamptz uuid time int4[]".split())
            for row in types:
                copy.write_row(row)
        server.check("COPY in binary", connection.execute("SELECT * FROM s.binary ORDER BY a").fetchall(), types)
        with connection.cursor().copy("COPY s.binary TO STDOUT (FORMAT binary)") as copy:
            data = b"".join(copy)
        with connection.cursor().copy("COPY s.binary FROM STDIN BINARY") as copy:
            copy.write(data)
        server.check("what COPY wrote", connection.execute("SELECT count(*), count(DISTINCT a) FROM s.binary").fetchone(), (2 * len(types), len(types)))
        for what, sql, data, state in [("text as binary", "COPY s.binary FROM STDIN BINARY", "1\tx\n", "22P04"),
                                       ("a wrong value", "COPY s.copied FROM STDIN", "1\tx\tno date\n", "22P02"),
                                       ("too few fields", "COPY s.copied FROM STDIN", "1\n", "22P04"),
                                       ("a null", "COPY s.copied (v) FROM STDIN", "x\n", "23502"),
                                       ("no such column", "COPY s.copied (nope) FROM STDIN", "", "42703"),
                                       ("a feed's table", "COPY curated.stay FROM STDIN", "", "42501")]:
            try:
                with connection.cursor().copy(sql) as copy:
                    copy.write(data.encode())
                server.check(f"COPY of {what}", "", state)
            except psycopg.Error as error:
                server.check(f"COPY of {what}", error.sqlstate, state)
        try:
            with connection.cursor().copy("COPY s.copied FROM STDIN") as copy:
                copy.write("1\tx\t\\N\n")
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        server.check("nothing of those is there", connection.execute("SELECT count(*) FROM s.copied").fetchone(), (5000,))
    file = server.project / "rows.csv"
    file.write_text('id;v\n-1;"x;""y"""\n-2;\n', encoding="utf-8")
    ran = subprocess.run(["psql", "-X", "-h", "127.0.0.1", "-p", str(server.port), "-U", "ann", "-d", "tarn", "-c",
                          rf"\copy s.copied (id, v) FROM '{file}' WITH (FORMAT csv, HEADER, DELIMITER ';')"],
                         capture_output=True, text=True, timeout=60)
    server.check("psql's \\copy", (ran.returncode, ran.stdout.strip(), ran.stderr), (0, "COPY 2", ""))
    with connect(server) as connection:
        server.check("what psql copied", connection.execute("SELECT v FROM s.copied WHERE id < 0 ORDER BY id").fetchall(), [(None,), ('x;"y"',)])


async def by_asyncpg(server):
    connection = await asyncpg.connect(host="127.0.0.1", port=server.port, user="ann", database="tarn")
    await connection.execute("CREATE TABLE s.a (id bigint, v text)")
    await connection.executemany("INSERT INTO s.a VALUES ($1, $2)", [(number, f"v{number}") for number in range(100)])
    async with connection.transaction():
        server.check("asyncpg's UPDATE", await connection.execute("UPDATE s.a SET v = $1 WHERE id < $2", "w", 10), "UPDATE 10")
    server.check("asyncpg's rows", await connection.fetchval("SELECT count(*) FROM s.a WHERE v = 'w'"), 10)
    server.check("asyncpg's RETURNING", await connection.fetchval("INSERT INTO s.a VALUES ($1, $2) RETURNING id + 1", 500, "r"), 501)
    await connection.copy_records_to_table("a", schema_name="s", records=[(number, None if number % 2 else "ö") for number in range(1000, 3000)])
    server.check("asyncpg's COPY", await connection.fetchrow("SELECT count(*), count(v) FROM s.a WHERE id >= 1000"), (2000, 1000))
    insert = await connection.prepare("INSERT INTO s.a VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET v = excluded.v RETURNING v")
    server.check("asyncpg's ON CONFLICT", [await insert.fetchval(500, "s"), await insert.fetchval(501, "t")], ["s", "t"])
    await connection.close()
    async with asyncpg.create_pool(host="127.0.0.1", port=server.port, user="ann", database="tarn", min_size=1, max_size=2) as pool:
        # Each time one is given back, it is reset.
        server.check("asyncpg's pool", [await pool.fetchval("SELECT $1::int", number) for number in range(5)], list(range(5)))
        numeric = await pool.fetchrow("SELECT '1.23456'::numeric, $1::numeric, CAST('123456789012345678.123456' AS numeric), -2.50::decimal",
                                      decimal.Decimal("0.123456789"))
        server.check("numbers without digits said", [str(number.normalize()) for number in numeric],
                     ["1.23456", "0.123456789", "123456789012345678.123456", "-2.5"])
        server.check("who may read what", list(await pool.fetchrow("SELECT has_table_privilege('s.a', 'SELECT'), has_table_privilege('s.gone', 'SELECT')")),
                     [True, False])
        try:
            await pool.fetchval("SELECT 's.gone'::regclass")
            server.check("a relation that is gone", "an answer", "an error")
        except asyncpg.PostgresError as error:
            server.check("a relation that is gone", error.sqlstate, "42P01")


def by_sqlalchemy(server):
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://ann@127.0.0.1:{server.port}/tarn")
    table = sqlalchemy.Table("o", sqlalchemy.MetaData(), sqlalchemy.Column("id", sqlalchemy.BigInteger, autoincrement=False),
                             sqlalchemy.Column("v", sqlalchemy.Text), schema="s")
    table.create(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"id": number, "v": "x"} for number in range(10)])
        connection.execute(table.update().where(table.c.id < 3).values(v="y"))
        connection.execute(table.delete().where(table.c.id == 9))
        upsert = sqlalchemy.dialects.postgresql.insert(table).values([{"id": 8, "v": "u"}, {"id": 90, "v": "u"}])
        upsert = upsert.on_conflict_do_update(index_elements=["id"], set_={"v": upsert.excluded.v}).returning(table.c.id, table.c.v)
        server.check("SQLAlchemy's upsert", sorted(tuple(row) for row in connection.execute(upsert)), [(8, "u"), (90, "u")])
        gone = connection.execute(table.delete().where(table.c.id == 90).returning(table.c.id)).scalars().all()
        server.check("SQLAlchemy's RETURNING", gone, [90])
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.select(sqlalchemy.func.count()).where(table.c.v == "y")).scalar()
        server.check("SQLAlchemy's rows", (found, connection.execute(sqlalchemy.select(sqlalchemy.func.count(table.c.id))).scalar()), (3, 9))
    table.drop(engine)
    engine.dispose()


def by_many(server):
    """Writers of one table at once: each statement is tried again until it fits."""
    with connect(server) as connection:
        connection.execute("CREATE TABLE s.shared (who int, n int)")
    done = []

    def write(who):
        with connect(server) as connection:
            for number in range(5):
                state = ""
                while state != "INSERT 0 1":
                    state = state_of(connection, "INSERT INTO s.shared VALUES (%s, %s)", (who, number))
                    if state not in ("INSERT 0 1", "40001"):
                        done.append(state)
                        return
    threads = [threading.Thread(target=write, args=(who,)) for who in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(server) as connection:
        found = connection.execute("SELECT count(*), count(DISTINCT (who, n)) FROM s.shared").fetchone()
    server.check("writers at once", (done, found), ([], (20, 20)))


def by_peers(server, python):
    with connect(server) as connection:
        connection.execute("CREATE TABLE s.peer AS SELECT range::int AS id, 'v' || range AS v FROM range(100)")
        connection.execute("UPDATE s.peer SET v = 'new' WHERE id < 5")
        connection.execute("DELETE FROM s.peer WHERE id BETWEEN 3 AND 97")
        expected = [[0, "new"], [1, "new"], [2, "new"], [98, "v98"], [99, "v99"]]
        server.check("what Tarn reads", [list(row) for row in connection.execute("SELECT id, v FROM s.peer ORDER BY id")], expected)
    newest = max((server.project / "lake" / "s").glob("peer-*/metadata/*.metadata.json"))
    ran = subprocess.run([python, "-B", "-c", PEER, f"file://{newest}", str(pathlib.Path(__file__).parent.parent)], capture_output=True,
                         text=True, timeout=120)
    server.check(f"that the peers ran: {ran.stderr[-500:]}", ran.returncode, 0)
    if ran.returncode == 0:
        server.check("what PyIceberg and DuckDB read", json.loads(ran.stdout), [expected, expected])


def by_materialized_views(server):
    """A declared query is kept fresh by the server alone, and tools see what it is."""
    with connect(server) as connection:
        def states(*cases):
            for sql, answer in cases:
                server.check(sql, state_of(connection, sql), answer)

        states(("CREATE TABLE s.seen (ward text, beds int)", "CREATE TABLE"), ("INSERT INTO s.seen VALUES ('A', 1), ('B', 2)", "INSERT 0 2"),
               ("CREATE MATERIALIZED VIEW s.kept AS SELECT ward, sum(beds) AS beds FROM s.seen GROUP BY ward", "SELECT 2"),
               ("CREATE MATERIALIZED VIEW s.still WITH (refresh = 'manual') AS SELECT count(*) AS n FROM s.kept", "SELECT 1"),
               ("DROP TABLE s.kept", "42809"), ("INSERT INTO s.kept VALUES ('C', 1)", "42809"),
               ("INSERT INTO s.seen VALUES ('A', 10), ('C', 3)", "INSERT 0 2"))
        kept = "SELECT ward, beds::int FROM s.kept ORDER BY ward"
        server.wait_until("the view is fresh", lambda: connection.execute(kept).fetchall() == [("A", 11), ("B", 2), ("C", 3)])
        states(("UPDATE s.seen SET beds = 0 WHERE ward = 'B'", "UPDATE 1"))
        server.wait_until("what was changed is in it", lambda: connection.execute(kept).fetchall() == [("A", 11), ("B", 0), ("C", 3)])
        server.check("the one by hand", connection.execute("SELECT n FROM s.still").fetchone(), (2,))
        states(("REFRESH MATERIALIZED VIEW s.still", "REFRESH MATERIALIZED VIEW"), ("REFRESH MATERIALIZED VIEW s.seen", "42809"),
               ("ALTER MATERIALIZED VIEW s.still RENAME TO moved", "ALTER MATERIALIZED VIEW"))
        server.check("it is fresh then", connection.execute("SELECT n FROM s.moved").fetchone(), (3,))
        server.check("pg_matviews", connection.execute("SELECT matviewname, definition FROM pg_matviews ORDER BY 1").fetchall(),
                     [("kept", "SELECT ward, sum(beds) AS beds FROM s.seen GROUP BY ward"), ("moved", "SELECT count(*) AS n FROM s.kept")])
        server.check("relkind", connection.execute("SELECT relkind FROM pg_class WHERE relname = 'kept'").fetchone(), ("m",))
        inspector = sqlalchemy.inspect(sqlalchemy.create_engine(f"postgresql+psycopg://ann@127.0.0.1:{server.port}/tarn"))
        server.check("SQLAlchemy", (sorted(inspector.get_materialized_view_names("s")), "kept" in inspector.get_table_names("s")),
                     (["kept", "moved"], False))
        states(("DROP MATERIALIZED VIEW s.moved, s.kept", "DROP MATERIALIZED VIEW"), ("DROP MATERIALIZED VIEW IF EXISTS s.kept", "DROP MATERIALIZED VIEW"))


def main():
    # PyIceberg does not find files in folders with blanks.
    with wire_server.WireServer(sys.argv[1], prefix="tarn-writes-") as server:
        for suite in (by_tags, by_psycopg, by_copy, by_sqlalchemy, by_many, by_materialized_views):
            suite(server)
        asyncio.run(by_asyncpg(server))
        by_peers(server, sys.argv[2])
    return server.finish()


if __name__ == "__main__":
    sys.exit(main())
