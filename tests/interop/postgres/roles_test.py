#!/usr/bin/env python3
"""Users, roles and rights by SQL: what psycopg says to `tarn serve`, and what users see then.

    roles_test.py TARN_BINARY
"""

import datetime
import pathlib
import subprocess
import sys
import time

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import wire_server  # noqa: E402
from access_test import after, state_of  # noqa: E402

PASSWORD = "a secret word"
POLICY = """roles:
  boss:
    administers: true
    grants:
      - tables: ["**"]
    write: ["sandbox.*"]
  reader:
    grants:
      - tables: [curated.stay]
        columns: [id]
  hurried: {grants: [{tables: [curated.stay]}], limits: {running: 1, statement_timeout: 1s}}
users:
  head: {password: "VERIFIER", roles: [boss]}
  rita: {password: "VERIFIER", roles: [reader]}
  sam: {password: "VERIFIER", roles: [hurried]}
"""
FOREVER = "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"
COUNT = "SELECT count(*) FROM curated.stay"
STAY = "SELECT id, ward, born FROM curated.stay ORDER BY id LIMIT 1"


class Roles:
    def __init__(self, server, head="head"):
        self.server = server
        self.head = self.connect(head)

    def connect(self, user, password=PASSWORD):
        return psycopg.connect(host="127.0.0.1", port=self.server.port, user=user, password=password, dbname="tarn", autocommit=True)

    def tag(self, sql, prepare=False):
        """Its command tag, or the SQLSTATE."""
        def action():
            return self.head.execute(sql, prepare=prepare).statusmessage
        return state_of(action)

    def asks(self, user, sql, password=PASSWORD):
        def action():
            with self.connect(user, password) as connection:
                return connection.execute(sql).fetchone()
        return state_of(action)

    def check(self, what, actual, expected):
        self.server.check(what, actual, expected)

    def users_and_grants(self):
        self.check("a role", self.tag("CREATE ROLE clerk"), "CREATE ROLE")
        self.check("a user", self.tag(f"CREATE USER ann WITH PASSWORD '{PASSWORD}' IN ROLE clerk"), "CREATE ROLE")
        self.check("nothing is seen by default", self.asks("ann", COUNT), "42P01")
        ann = self.connect("ann")
        ann.execute("SELECT 1")
        self.check("a grant", self.tag("GRANT SELECT (id, WARD) ON curated.stay TO clerk", prepare=True), "GRANT")
        self.check("it holds at once", self.asks("ann", COUNT), (wire_server.ROWS,))
        self.check("a session from before has ended", state_of(lambda: ann.execute(COUNT).fetchone()), "57P01")
        self.check("other columns are not there", self.asks("ann", "SELECT cost FROM curated.stay"), "42703")
        self.check("the columns", self.asks("ann", "SELECT array_agg(column_name ORDER BY column_name) FROM information_schema.columns "
                                            "WHERE table_name = 'stay'"), (["id", "ward"],))
        self.check("nobody else's session ends", state_of(lambda: self.head.execute(COUNT).fetchone()), (wire_server.ROWS,))
        self.check("taken back", self.tag("REVOKE ALL ON curated.stay FROM clerk"), "REVOKE")
        self.check("it is gone", self.asks("ann", COUNT), "42P01")

    def rows_and_masks(self):
        narrow = "GRANT SELECT ON curated.stay TO clerk WHERE (ward = $ward) MASK (born WITH year, ward WITH partial(1))"
        self.check("an attribute that is missing", self.tag(narrow), "22023")
        self.check("an attribute", self.tag("ALTER USER ann SET ward TO 'ICU'"), "ALTER ROLE")
        self.check("rows and masks", self.tag(narrow), "GRANT")
        self.check("her rows", self.asks("ann", COUNT), (wire_server.ROWS // 4,))
        self.check("her masks", self.asks("ann", STAY), (0, "**U", datetime.date(1960, 1, 1)))
        self.check("another ward", self.tag("ALTER ROLE ann SET ward TO 'ICU', 'A 1'"), "ALTER ROLE")
        self.check("`=` with two values shows nothing", self.asks("ann", "SELECT 1 FROM curated.stay"), "22P02")
        self.check("again", self.tag("REVOKE SELECT ON TABLE curated.stay FROM clerk"), "REVOKE")
        self.check("IN", self.tag("GRANT SELECT ON curated.stay TO clerk EXCEPT (cost) WHERE (ward IN $ward)"), "GRANT")
        self.check("rows of two wards", self.asks("ann", COUNT), (wire_server.ROWS // 2,))
        self.check("a query is no condition", self.tag("GRANT SELECT ON curated.stay TO clerk WHERE ((SELECT true))"), "22023")

    def transactions(self):
        self.check("a schema", self.tag("CREATE SCHEMA sandbox"), "CREATE SCHEMA")
        for ends, seen in (("ROLLBACK", "42P01"), ("COMMIT", (3,))):
            for sql in ("BEGIN", "CREATE TABLE sandbox.t AS SELECT * FROM range(3) r(i)", "GRANT SELECT ON sandbox.t TO clerk", ends):
                self.tag(sql)
            self.check(f"after {ends}", self.asks("ann", "SELECT count(*) FROM sandbox.t"), seen)
        for sql in ("BEGIN", "SAVEPOINT a", "GRANT boss TO ann", "ROLLBACK TO a", "GRANT SELECT ON ALL TABLES IN SCHEMA sandbox TO reader", "COMMIT"):
            self.tag(sql)
        self.check("not what was taken back", self.asks("ann", "SELECT cost FROM curated.stay"), "42703")
        self.check("but the rest", self.asks("rita", "SELECT count(*) FROM sandbox.t"), (3,))
        self.check("a part of a pattern stays", self.tag("REVOKE SELECT ON sandbox.t FROM reader"), "22023")
        self.check("the pattern goes", self.tag("REVOKE SELECT ON ALL TABLES IN SCHEMA sandbox FROM reader"), "REVOKE")
        self.check("and is gone", self.asks("rita", "SELECT count(*) FROM sandbox.t"), "42P01")

    def writing(self):
        def writes():
            return self.asks("ann", "INSERT INTO sandbox.t VALUES (9) RETURNING i")
        self.check("reading is not writing", writes(), "42501")
        self.check("a part of writing", self.tag("GRANT INSERT ON sandbox.t TO clerk"), "0A000")
        self.check("writing", self.tag("GRANT INSERT, UPDATE, DELETE ON sandbox.t TO clerk"), "GRANT")
        self.check("she writes", writes(), (9,))
        self.check("no more", self.tag("REVOKE INSERT, UPDATE, DELETE ON sandbox.t FROM clerk"), "REVOKE")
        self.check("she does not", writes(), "42501")
        self.check("feeds write theirs", self.tag("GRANT ALL ON curated.stay TO clerk"), "22023")

    def odd_names(self):
        self.check("a name like a pattern", self.tag('CREATE TABLE sandbox."t*" (i INT)'), "CREATE TABLE")
        self.check("is not granted", self.tag('GRANT SELECT ON sandbox."t*" TO clerk'), "22023")

    def limits(self):
        with self.connect("sam") as sam:
            self.check("a statement in time", state_of(lambda: sam.execute(COUNT).fetchone()), (wire_server.ROWS,))
            sam.execute("SET statement_timeout = '1h'")
            begin = time.monotonic()
            self.check("one that takes too long", state_of(lambda: sam.execute(FOREVER)), "57014")
            self.check("whatever the session says", time.monotonic() - begin < 20, True)

    def refusals(self):
        for sql, state in (
                ("GRANT SELECT ON curated.stay TO nobody", "42704"), ("GRANT SELECT ON curated.stay TO ann", "42704"),
                ("GRANT SELECT ON curated.nothing TO clerk", "42P01"), ("GRANT SELECT (nothing) ON curated.stay TO clerk", "42703"),
                ("GRANT SELECT ON ALL TABLES IN SCHEMA nothing TO clerk", "42704"), ("CREATE ROLE clerk", "42710"),
                ("GRANT SELECT ON curated.stay TO clerk WHERE (nothing = 1)", "22023"),
                ("GRANT SELECT ON ALL TABLES IN SCHEMA curated TO clerk WHERE (born > 'x' OR nothing)", "22023"),
                ("CREATE USER head", "42710"), ("GRANT clerk TO clerk", "22023"), ("DROP USER rita", "55000"),
                ("REVOKE SELECT ON curated.stay FROM reader", "55000"), ("REVOKE reader FROM rita", "55000"),
                ("ALTER USER rita PASSWORD 'x'", "55000"), ("CREATE ROLE a SUPERUSER", "0A000"), ("GRANT SELECT ON curated.stay", "42601"),
                ("CREATE ROLE \"Not A Name\"", "22023"), ("GRANT SELECT ON curated.stay TO clerk MASK (cost WITH partial(2))", "22023"),
                ("GRANT SELECT ON curated.stay TO clerk WITH GRANT OPTION", "0A000"), ("DROP ROLE nothing", "42704")):
            self.check(sql, self.tag(sql), state)
        for sql in (b"ALTER USER ann SET ward TO '\xff'", b'CREATE ROLE "a\xc3"', b"CREATE USER a PASSWORD '\xff'",
                    b'CREATE TABLE sandbox.b ("a\xff" INT)', b'ALTER TABLE sandbox.t ADD COLUMN "c\xc3" INT',
                    b'CREATE TABLE sandbox.b AS SELECT 1 AS "c\xff"', b"INSERT INTO sandbox.t SELECT 1 WHERE '\xff' = 'a'"):
            self.check(f"{sql}", (self.tag(sql), self.tag(sql, prepare=True)), ("42601", "42601"))
        for sql, tag in (("CREATE ROLE IF NOT EXISTS clerk", "CREATE ROLE"), ("DROP ROLE IF EXISTS nothing", "DROP ROLE"),
                         ("GRANT USAGE ON SCHEMA curated TO clerk", "GRANT"), ("CREATE ROLE team NOLOGIN ROLE ann", "CREATE ROLE"),
                         ("GRANT clerk TO team", "GRANT ROLE"), ("REVOKE team FROM ann", "REVOKE ROLE")):
            self.check(sql, self.tag(sql), tag)
        for sql in ("GRANT boss TO ann", "CREATE USER eve PASSWORD 'x'", "ALTER USER head PASSWORD 'x'", "DROP ROLE clerk"):
            self.check(f"ann: {sql}", self.asks("ann", sql), "42501")


def at_command_line(server, roles):
    def tarn(*arguments):
        done = subprocess.run([server.tarn, "-C", server.project, *arguments], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout + done.stderr
    server.check("--as", tarn("sql", "--as", "ann", COUNT, "--output", "csv"), (0, f"count_star()\n{wire_server.ROWS // 2}\n"))
    server.check("not hers", tarn("sql", "--as", "ann", "DROP USER ann")[0], 1)
    server.check("a new password", tarn("sql", "ALTER USER ann PASSWORD 'another one'")[0], 0)
    server.check("it holds", after(lambda: roles.asks("ann", COUNT, "another one"), (wire_server.ROWS // 2,)), (wire_server.ROWS // 2,))
    server.check("the old one does not", roles.asks("ann", COUNT), "refused")
    status, audit = tarn("audit", "search", "--output", "json")
    server.check("statements are on record", (status, "GRANT SELECT ON curated.stay" in audit, "ALTER USER ann" in audit), (0, True, True))
    server.check("passwords are not", (PASSWORD in audit, "another one" in audit), (False, False))
    status, shown = tarn("access", "show")
    server.check("what SQL said is shown", (status, "ward IN $ward" in shown, PASSWORD in shown), (0, True, False))
    server.check("a user goes", tarn("sql", "DROP USER ann")[0], 0)
    server.check("she is gone", after(lambda: roles.asks("ann", COUNT, "another one"), "refused"), "refused")


def without_files(tarn):
    """A project whose users are SQL's alone."""
    server = wire_server.WireServer(tarn)
    said = []
    for sql in ("CREATE ROLE reader", "GRANT SELECT ON curated.stay TO reader", f"CREATE USER ann PASSWORD '{PASSWORD}' IN ROLE reader"):
        said.append(subprocess.run([tarn, "-C", server.project, "sql", sql], capture_output=True, text=True, timeout=60).returncode)
    server.check("the owner makes the first user", said, [0, 0, 0])
    with server:
        roles = Roles(server, "ann")
        server.check("she reads", roles.asks("ann", COUNT), (wire_server.ROWS,))
        server.check("nobody else does", roles.asks("bob", COUNT), "refused")
        last = subprocess.run([tarn, "-C", server.project, "sql", "DROP USER ann"], capture_output=True, text=True, timeout=60)
        server.check("the last user stays", (last.returncode, "the last user" in last.stderr), (1, True))
    return server.finish()


def main():
    tarn = sys.argv[1]
    verifier = subprocess.run([tarn, "access", "password"], input=PASSWORD + "\n", check=True, capture_output=True, text=True).stdout.strip()
    server = wire_server.WireServer(tarn, access={"users.yaml": POLICY.replace("VERIFIER", verifier)})
    with server:
        roles = Roles(server)
        for part in (roles.users_and_grants, roles.rows_and_masks, roles.transactions, roles.writing, roles.odd_names, roles.limits, roles.refusals):
            part()
        at_command_line(server, roles)
    return server.finish() or without_files(tarn)


if __name__ == "__main__":
    sys.exit(main())
