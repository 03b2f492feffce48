#!/usr/bin/env python3
"""Who read what is on record: over the wire, at the command line, after a crash; and a changed record is found.

    audit_test.py TARN_BINARY        needs Debian's postgresql (psql)
"""

import hashlib
import json
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import abuse_test  # noqa: E402
import wire_server  # noqa: E402

PASSWORD = "secret word"
ROLES = """roles:
  reader: {grants: [{tables: [curated.stay]}]}
  ward:
    grants:
      - tables: [curated.stay]
        where: ward = $ward
        masks: {born: year}
  auditor: {grants: [{tables: [ops.audit]}]}
"""
# The order of the canonical form, see docs/audit.md.
TEXTS = ["user_name", "roles", "door", "peer", "application", "session_id", "statement", "tables", "columns", "policy", "outcome"]


def access(tarn):
    verifier = subprocess.run([tarn, "access", "password"], input=PASSWORD + "\n", check=True, capture_output=True, text=True).stdout.strip()
    users = {"ann": "[reader]", "bob": "[ward], attributes: {ward: [ICU]}", "otto": "[auditor]"}
    return {"users.yaml": ROLES + "users:\n" + "".join(
        f"  {name}: {{password: \"{verifier}\", roles: {roles}}}\n" for name, roles in users.items())}


def psql(server, user, sql, password=PASSWORD):
    said = abuse_test.by_psql(server, sql, PGUSER=user, PGPASSWORD=password, PGAPPNAME="reports")
    return said.stdout.strip() + said.stderr.strip()


def audit(server, *words):
    return subprocess.run([server.tarn, "-C", server.project, "audit", *words], capture_output=True, text=True, timeout=60)


def search(server, *words):
    return json.loads(audit(server, "search", "--output", "json", *words).stdout)


def eventually(server, what, find):
    """What `find` gives once it gives something."""
    for _ in range(200):
        if found := find():
            return found
        time.sleep(0.05)
    server.failures.append(f"{what}: not found")
    return [dict.fromkeys(["user", "statement", "outcome", "rows", "tables", "columns", "policy", "peer", "application", "roles", "sequence"], "")]


def reads(server):
    wanted = sum(1 for number in range(wire_server.ROWS) if number % 4 == 0)
    server.check("ann's rows", psql(server, "ann", "SELECT count(id) FROM curated.stay WHERE ward = 'ICU' AND id > -17"), str(wanted))
    one = eventually(server, "ann's read", lambda: search(server, "--user", "ann", "--table", "curated.stay", "--outcome", "done"))[0]
    server.check("the statement", one["statement"], "SELECT count(id) FROM curated.stay WHERE ward = '?' AND id > -?")
    server.check("the columns", json.loads(one["columns"]), {"curated.stay": ["id", "ward"]})
    server.check("who", (one["roles"], one["door"], one["application"], one["rows"], one["policy"]), ("reader", "postgres", "reports", 1, None))
    server.check("from where", one["peer"].startswith("127.0.0.1:"), True)
    server.check("the snapshot", one["tables"].startswith("curated.stay@") and len(one["tables"]) > 20, True)
    psql(server, "bob", "SELECT born FROM curated.stay")
    one = eventually(server, "bob's read", lambda: search(server, "--user", "bob", "--outcome", "done"))[0]
    server.check("the policy", json.loads(one["policy"]), {"curated.stay": {"masks": {"born": "year"}, "rows": ["ward = $ward"]}})
    server.check("the rows", one["rows"], wanted)


def parts(server):
    """A portal that is read in parts and left."""
    with abuse_test.connect(server) as connection:
        connection.sendall(abuse_test.startup())
    server.check("no password, no session", "sql" in str(search(server, "--outcome", "done", "--user", "eve")), False)
    said = psql(server, "ann", "BEGIN; DECLARE c CURSOR FOR SELECT id FROM curated.stay; FETCH 10 FROM c; COMMIT")
    server.check("a cursor's rows", said.count("\n") >= 10, True)
    eventually(server, "a cursor that was left", lambda: search(server, "--user", "ann", "--outcome", "unfinished"))


def refusals(server):
    server.check("ann is no auditor", "ERROR" in psql(server, "ann", "SELECT * FROM ops.audit"), True)
    server.check("nor drops she tables", "ERROR" in psql(server, "ann", "DROP TABLE curated.stay"), True)
    psql(server, "ann", "SELECT x FROM curated.stay WHERE ward = \"Smith\" OR ward = 'Smith'")
    psql(server, "ann", "SELECT ward::INT FROM curated.stay")
    psql(server, "ann", "SELECT 1", "Smith")
    psql(server, "eve", "SELECT 1")
    for outcome in ["sql.unknown_table", "sql.not_allowed", "sql.binder", "sql.conversion"]:
        found = eventually(server, outcome, lambda code=outcome: search(server, "--user", "ann", "--outcome", code))
        server.check(f"no value in {outcome}", "Smith" in str(found), False)
    for user in ["ann", "eve"]:
        eventually(server, f"the refused login of {user}", lambda name=user: search(server, "--user", name, "--outcome", "pgwire.not_authenticated"))
    server.check("the auditor reads", psql(server, "otto", "SELECT count(*) FROM ops.audit WHERE user_name = 'eve'"), "1")
    eventually(server, "the auditor's own read", lambda: search(server, "--user", "otto", "--table", "ops.audit", "--outcome", "done"))


def command_line(server):
    for words in [["SELECT count(*) FROM curated.stay"], ["--as", "bob", "SELECT count(*) FROM curated.stay"]]:
        subprocess.run([server.tarn, "-C", server.project, "sql", *words], check=True, capture_output=True, timeout=60)
    found = search(server, "--door", "cli")
    server.check("at the command line", [(one["user"] == "bob", one["outcome"], one["roles"]) for one in found],
                 [(True, "done", "ward"), (False, "done", None)])
    for words in [["quarantine", "list"], ["quarantine", "show", "4711"], ["table", "files", "stay"], ["changes", "stay", "--from", "main"]]:
        subprocess.run([server.tarn, "-C", server.project, *words], check=False, capture_output=True, timeout=60)
    told = [(one["application"], one["statement"], one["outcome"]) for one in search(server, "--door", "cli")]
    server.check("commands that show what is in the lake", told[:4],
                 [("tarn changes", "tarn changes curated.stay", "done"), ("tarn table files", "tarn table files curated.stay", "done"),
                  ("tarn quarantine show", "tarn quarantine show 4711", "state.not_found"), ("tarn quarantine list", "tarn quarantine list", "done")])


def writes_at_once(server):
    """Many connections beside another process: one chain."""
    def ask():
        for _ in range(10):
            psql(server, "ann", "SELECT max(id) FROM curated.stay")
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    command_line(server)
    for thread in threads:
        thread.join()
    eventually(server, "all reads at once", lambda: len(search(server, "--user", "ann", "--outcome", "done", "--limit", "1000")) >= 41)


def hash_of(before, record):
    """The canonical form, made anew."""
    form = before + b"tarn-audit-1"
    number = lambda value: b" -" if value is None else b" %d" % value  # noqa: E731
    text = lambda value: b" %d:" % len(value) + value  # noqa: E731
    form += number(record["sequence"]) + number(record["at_us"]) + text(record["event"]) + number(record["begun"])
    for field in TEXTS:
        form += text(record[field])
    return hashlib.sha256(form + number(record["row_count"]) + number(record["duration_ms"])).digest()


def check_by_itself(server, database):
    """The chain as docs/audit.md tells of it, without tarn."""
    with sqlite3.connect(database) as connection:
        connection.row_factory = sqlite3.Row
        connection.text_factory = bytes
        before, wrong, count = bytes(32), 0, 0
        for record in connection.execute("SELECT * FROM audit_records ORDER BY sequence"):
            before = hash_of(before, record)
            wrong += before != record["hash"]
            count += 1
    server.check("hashes made anew", (wrong, count > 100), (0, True))


def crash(server):
    """Killed between the record and the rows: the record is there, and the chain is whole."""
    thread = threading.Thread(target=psql, daemon=True, args=(
        server, "ann", "SELECT sum(a.id * b.id % 7 + c.id) FROM curated.stay a, curated.stay b, curated.stay c"))
    thread.start()
    eventually(server, "a read that has begun", lambda: search(server, "--user", "ann", "--outcome", "open"))
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    thread.join()
    one = search(server, "--outcome", "open")[0]
    server.check("what was going on", (one["user"], one["rows"], one["tables"].startswith("curated.stay@")), ("ann", None, True))
    server.check("the chain after a crash", audit(server, "verify").returncode, 0)


def tampering(server, database):
    head = server.project / "head.json"
    server.check("a head", audit(server, "head", "--write", str(head)).returncode, 0)
    server.check("verified by it", audit(server, "verify", "--head", str(head)).returncode, 0)
    backup = server.project.parent / (server.project.name + " backup")
    subprocess.run([server.tarn, "-C", server.project, "backup", "create", str(backup)], check=True, capture_output=True, timeout=120)
    last = json.loads(head.read_text(encoding="utf-8"))["sequence"]

    def change(sql):
        with sqlite3.connect(database) as connection:
            connection.execute(sql)

    def verdict(*words):
        said = audit(server, "verify", *words)
        return said.returncode, said.stderr.split("\n")[0]
    change("UPDATE audit_records SET statement = statement || 'x' WHERE sequence = 5")
    server.check("a changed record", verdict(), (1, "error[audit.broken]: record 5 is not what was written"))
    change("UPDATE audit_records SET statement = rtrim(statement, 'x') WHERE sequence = 5")
    change(f"DELETE FROM audit_records WHERE sequence > {last - 3}")
    server.check("a cut chain", verdict(), (1, f"error[audit.broken]: record {last - 2} is missing, and all behind it"))
    change(f"UPDATE audit_head SET sequence = {last - 3}, hash = (SELECT hash FROM audit_records WHERE sequence = {last - 3})")
    server.check("mended by who cut it", verdict("--from", "6")[0], 0)
    server.check("and found by the head", verdict("--head", str(head))[0], 1)
    subprocess.run([server.tarn, "-C", server.project, "restore", str(backup), "--overwrite"], check=True, capture_output=True, timeout=120)
    said = audit(server, "verify", "--head", str(head))
    server.check("the backup has all of it", (said.returncode, said.stderr), (0, ""))


def main():
    tarn = sys.argv[1]
    server = wire_server.WireServer(tarn, access=access(tarn))
    database = server.project / "state" / "tarn.db"
    server.__enter__()
    try:
        for step in (reads, parts, refusals, writes_at_once):
            step(server)
        server.check("the chain beside a server", audit(server, "verify").returncode, 0)
        crash(server)
        check_by_itself(server, database)
        tampering(server, database)
    finally:
        server.process.kill()
        server.process.wait()
        server.folder.cleanup()
        shutil.rmtree(server.project.parent / (server.project.name + " backup"), ignore_errors=True)
    return server.finish()


if __name__ == "__main__":
    sys.exit(main())
