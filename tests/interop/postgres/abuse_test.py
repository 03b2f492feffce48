#!/usr/bin/env python3
"""Hostile and clumsy clients of the PostgreSQL listener: none crashes it, holds up others, or gets in.

    abuse_test.py TARN_BINARY        needs openssl and Debian's postgresql (psql)
"""

import os
import pathlib
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import wire_server  # noqa: E402

SSL_REQUEST = struct.pack(">ihh", 8, 1234, 5679)
MAX_CONNECTIONS = 40
MAX_RUNNING = 4


def startup(user="ann", **settings):
    body = struct.pack(">hh", 3, 0) + b"".join(
        key.encode() + b"\0" + value.encode() + b"\0" for key, value in ({"user": user} | settings).items()) + b"\0"
    return struct.pack(">i", len(body) + 4) + body


def message(kind, body=b""):
    return kind + struct.pack(">i", len(body) + 4) + body


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def read_all(connection):
    """Everything until the server closes, or is quiet for a while."""
    got = b""
    connection.settimeout(3)
    try:
        while chunk := connection.recv(65536):
            got += chunk
    except (TimeoutError, ConnectionResetError):
        pass
    return got


def state_in(answer):
    """The SQLSTATE of the first ErrorResponse."""
    at = answer.find(b"\0C")
    return answer[at + 2:at + 7].decode() if at >= 0 else ""


def by_psql(server, command, **environment):
    return subprocess.run(["psql", "-X", "-w", "-h", "127.0.0.1", "-p", str(server.port), "-d", "tarn", "-Atc", command],
                          env=os.environ | {"PGUSER": "ann", "PGCONNECT_TIMEOUT": "20"} | environment, capture_output=True, text=True,
                          timeout=60)


def lives(server, what):
    server.check(f"a query after {what}", by_psql(server, "SELECT count(*) FROM curated.stay").stdout.strip(), str(wire_server.ROWS))


def first_messages(server):
    for what, sent, state in [("HTTP", b"GET / HTTP/1.1\r\n\r\n", "08P01"), ("a huge length", struct.pack(">i", 2**31 - 1), "08P01"),
                              ("a negative length", struct.pack(">i", -1), "08P01"), ("version 2", struct.pack(">ihh", 8, 2, 0), "0A000"),
                              ("no user", struct.pack(">ihh", 9, 3, 0) + b"\0", "28P01"), ("zeros", b"\0" * 64, "08P01"),
                              ("TLS and more", SSL_REQUEST * 4, "08P01")]:
        with connect(server) as connection:
            connection.sendall(sent)
            server.check(f"the answer to {what}", state_in(read_all(connection)), state)
    lives(server, "odd first messages")


def later_messages(server):
    for what, sent, state in [("an unknown type", message(b"?"), "08P01"), ("a length of 3", b"Q" + struct.pack(">i", 3), "08P01"),
                              ("a length of 2 GiB", b"Q" + struct.pack(">i", 2**31 - 1), "54000"), ("a text without end", message(b"Q", b"SELECT 1"), "08P01"),
                              ("a Bind of nothing", message(b"B", b"\0nothing\0" + struct.pack(">hhh", 0, 0, 0)) + message(b"S"), "26000"),
                              ("an Execute of nothing", message(b"E", b"x\0" + struct.pack(">i", 0)) + message(b"S"), "34000"),
                              ("a function call", message(b"F", b"\0" * 8) + message(b"S"), "0A000"),
                              ("too few values", message(b"P", b"\0SELECT $1::int\0\0\0") + message(b"B", b"\0\0" + struct.pack(">hhh", 0, 0, 0)) +
                               message(b"S"), "08P01")]:
        with connect(server) as connection:
            connection.sendall(startup() + sent + message(b"X"))
            server.check(f"the answer to {what}", state_in(read_all(connection)), state)
    lives(server, "odd messages")


def noise(server):
    """Valid messages with bytes changed, cut and put together anew."""
    dice = random.Random(7)
    whole = (message(b"P", b"s\0SELECT $1::int, ward FROM curated.stay\0\0\1\0\0\0\x17") + message(b"B", b"p\0s\0\0\1\0\0\0\1\0\0\0\0015\0\0") +
             message(b"D", b"Pp\0") + message(b"E", b"p\0\0\0\0\5") + message(b"S") + message(b"Q", b"BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c\0"))
    for _ in range(150):
        changed = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        begin = dice.randrange(len(changed))
        with connect(server) as connection:
            try:
                connection.sendall(startup() + bytes(changed[begin:] + changed[:dice.randrange(len(changed))]) + message(b"X"))
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(10)
                while connection.recv(65536):
                    pass
            except (ConnectionResetError, BrokenPipeError):
                pass
            except TimeoutError:
                server.failures.append("noise got no end")
    lives(server, "noise")


def crowds(server):
    """Those beyond the limit are told so; those that wait without a word are ended."""
    silent = [connect(server) for _ in range(MAX_CONNECTIONS)]
    for _ in range(10):
        time.sleep(0.3)
        said = by_psql(server, "SELECT 1").stderr
        if said:
            break
        # On a busy machine connections of the abuse before still counted when these came, and have ended since.
        silent += [connect(server) for _ in range(MAX_CONNECTIONS // 8)]
    server.check("one too many", "too many clients" in said or said, True)
    for connection in silent:
        connection.close()
    time.sleep(0.5)
    lives(server, "a crowd")
    before = server.resident_kib()
    for _ in range(2000):
        try:
            connect(server).close()
        except OSError:
            pass
    time.sleep(1)
    lives(server, "2,000 attempts")
    server.check("memory stays", server.resident_kib() - before < 64 * 1024, True)


def slow_readers(server):
    """Those who do not read hold up nobody, though they are more than may run at once, and cost little memory."""
    before = server.resident_kib()
    slow = [connect(server) for _ in range(3 * MAX_RUNNING)]
    for one in slow:
        one.sendall(startup() + message(b"Q", b"SELECT a.range, b.range FROM range(100000) a, range(10000) b\0"))
    time.sleep(3)
    begin = time.monotonic()
    lives(server, "slow readers")
    server.check("others do not wait", time.monotonic() - begin < 10, True)
    server.check("memory beside slow readers", server.resident_kib() - before < 256 * 1024, True)
    for one in slow:
        one.close()
    lives(server, "slow readers have gone")


def trickles(server):
    """A login that comes byte by byte ends with the time for logins: it does not begin anew with each byte."""
    begin = time.monotonic()
    with connect(server) as connection:
        try:
            for byte in startup(application_name="x" * 200):
                connection.sendall(bytes([byte]))
                time.sleep(0.5)
            server.failures.append("a login of two minutes was taken")
        except (ConnectionResetError, BrokenPipeError):
            server.check("the end of a slow login", 25 < time.monotonic() - begin < 40, True)
    lives(server, "a slow login")


def changed_columns(server):
    """What was prepared for other columns is refused, never sent in another type."""
    query = b"SELECT * FROM changing\0"
    with connect(server) as connection:
        connection.sendall(startup() + message(b"Q", b"CREATE TEMP TABLE changing AS SELECT 1 AS a\0") +
                           message(b"P", b"s\0" + query + b"\0\0") + message(b"D", b"Ss\0") + message(b"S") +
                           message(b"Q", b"DROP TABLE changing; CREATE TEMP TABLE changing AS SELECT 'x' AS a\0") +
                           message(b"B", b"\0s\0" + struct.pack(">hhhh", 0, 0, 1, 1)) + message(b"E", b"\0" + struct.pack(">i", 0)) +
                           message(b"S") + message(b"X"))
        answer = read_all(connection)
        server.check("a changed column", b"C0A000\0Mcached plan must not change result type\0" in answer, True)


def leaves_in_the_middle(server):
    for _ in range(20):
        with connect(server) as connection:
            connection.sendall(startup() + message(b"Q", b"SELECT * FROM range(10000000)\0"))
            connection.recv(1000)
    lives(server, "clients that left")


def stops_while_running(server):
    """The last one: the server is stopped by the caller while this runs."""
    def run():
        by_psql(server, "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3")
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    time.sleep(0.5)


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)


def policy(server, environment):
    """What a role hides stays hidden, whichever way is tried."""
    def ask(sql):
        said = by_psql(server, sql, **environment)
        return said.stdout.strip() + said.stderr
    wanted = sum(1 for one in map(wire_server.row, range(wire_server.ROWS)) if one["ward"] == "ICU")
    server.check("the rows of a role", ask("SELECT count(*), min(ward), max(ward) FROM curated.stay"), f"{wanted}|ICU|ICU")
    server.check("through a CTE and a subquery", ask("WITH a AS (SELECT * FROM curated.stay) SELECT count(*) FROM (SELECT * FROM a) b"), str(wanted))
    server.check("by COPY", ask("COPY (SELECT DISTINCT ward FROM curated.stay) TO STDOUT"), "ICU")
    server.check("by a cursor", ask("BEGIN; DECLARE c CURSOR FOR SELECT count(*) FROM curated.stay; FETCH c; COMMIT").split("\n")[2], str(wanted))
    server.check("a masked column", ask("SELECT DISTINCT born::VARCHAR FROM curated.stay"), "1960-01-01")
    for sql in ["SELECT cost FROM curated.stay", "SELECT stay.cost FROM curated.stay", "SELECT * FROM curated.stay WHERE cost > 1",
                "SELECT * FROM ops.files", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'", "SELECT getenv('HOME')",
                "COPY (SELECT 1) TO '/tmp/x'", "ATTACH '/tmp/x' AS x", "SELECT * FROM duckdb_settings()", "SELECT * FROM duckdb_views()",
                "SELECT * FROM glob('/*')", "SET memory_limit = '1GB'", "LOAD httpfs", "CALL pragma_version()"]:
        server.check(f"refused: {sql}", "ERROR" in ask(sql), True)
    server.check("errors keep secrets", "A 1" in ask("SELECT CAST(ward AS INTEGER) FROM curated.stay"), False)
    for sql in ["SELECT string_agg(column_name, ',') FROM information_schema.columns WHERE table_schema = 'curated'",
                "SELECT string_agg(attname, ',') FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relname = 'stay' AND attnum > 0"]:
        server.check(f"hidden columns in {sql[:40]}", "cost" in ask(sql), False)
    server.check("psql's look-up", "cost" in ask(r"\d curated.stay"), False)


def passwords_and_tls(tarn):
    verifier = subprocess.run([tarn, "access", "password"], input="secret word\n", check=True, capture_output=True, text=True).stdout.strip()
    access = {"users.yaml": "roles:\n  reader:\n    description: Reads.\n    grants:\n      - tables: [curated.stay]\n"
                            "  ward:\n    description: One ward.\n    grants:\n      - tables: [curated.stay]\n        except: [cost]\n"
                            "        where: ward = $ward\n        masks: {born: year}\n"
                            f"users:\n  ann: {{password: \"{verifier}\", roles: [reader]}}\n"
                            f"  bob: {{password: \"{verifier}\", roles: [ward], attributes: {{ward: [ICU]}}}}\n"}
    server = wire_server.WireServer(tarn, access=access)
    make_certificate(server.project)
    server.project.joinpath("tarn.yaml").write_text(server.project.joinpath("tarn.yaml").read_text(encoding="utf-8").replace(
        '"listen"', '"tls": {"certificate": "cert.pem", "key": "key.pem"}, "listen"'), encoding="utf-8")
    with server:
        right = {"PGPASSWORD": "secret word", "PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(server.project / "cert.pem")}
        server.check("TLS and a password", by_psql(server, "SELECT count(*) FROM curated.stay", **right).stdout.strip(), str(wire_server.ROWS))
        server.check("a password in plain on loopback", by_psql(server, "SELECT 1", **right | {"PGSSLMODE": "disable"}).stdout.strip(), "1")
        for what, environment in [("a wrong password", right | {"PGPASSWORD": "other"}), ("nobody", right | {"PGUSER": "eve"}),
                                  ("nobody with a password", right | {"PGUSER": "eve", "PGPASSWORD": ""})]:
            said = by_psql(server, "SELECT 1", **environment)
            server.check(f"{what} is refused", (said.returncode, said.stdout), (2, ""))
        wrong = by_psql(server, "SELECT 1", **right | {"PGPASSWORD": "other"}).stderr
        nobody = by_psql(server, "SELECT 1", **right | {"PGUSER": "eve"}).stderr
        server.check("users cannot be told apart", wrong.replace("ann", "eve").rpartition("FATAL")[2], nobody.rpartition("FATAL")[2])
        policy(server, right | {"PGUSER": "bob"})
        with connect(server) as connection:  # Something in plain behind the request, as from a man in the middle.
            connection.sendall(SSL_REQUEST + startup())
            server.check("plain text before TLS", state_in(read_all(connection)), "08P01")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        with connect(server) as connection:
            connection.sendall(SSL_REQUEST)
            server.check("the answer to a request for TLS", connection.recv(1), b"S")
            try:
                context.wrap_socket(connection)
                server.failures.append("TLS 1.1 was taken")
            except (ssl.SSLError, OSError):
                server.passed += 1
    return server


def main():
    tarn = sys.argv[1]
    with wire_server.WireServer(tarn, {"max_connections": MAX_CONNECTIONS, "max_running": MAX_RUNNING}) as server:
        for abuse in (first_messages, later_messages, noise, crowds, slow_readers, trickles, changed_columns, leaves_in_the_middle,
                      stops_while_running):
            abuse(server)
    secured = passwords_and_tls(tarn)
    return max(server.finish(), secured.finish())


if __name__ == "__main__":
    sys.exit(main())
