#!/usr/bin/env python3
"""Users and their rights change while `tarn serve` runs: sessions end, and new ones have the new rights.

    access_test.py TARN_BINARY
"""

import pathlib
import subprocess
import sys
import time

import psycopg

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import wire_server  # noqa: E402

PASSWORD = "a secret word"


def policy(verifier, users, tables):
    lines = ["roles:", "  reader:", "    description: Reads.", "    grants:", f"      - tables: [{tables}]", "users:"]
    for user in users:
        lines += [f"  {user}:", f'    password: "{verifier}"', "    roles: [reader]"]
    return "\n".join(lines) + "\n"


def connect(server, user):
    return psycopg.connect(host="127.0.0.1", port=server.port, user=user, password=PASSWORD, dbname="tarn", autocommit=True)


def state_of(action):
    try:
        return action()
    except psycopg.Error as error:
        return error.sqlstate or ("refused" if "password authentication failed" in str(error) else "closed")


def after(action, wanted):
    """What `action` gives once it gives what is wanted, or in the end."""
    for _ in range(60):
        found = action()
        if found == wanted:
            break
        time.sleep(0.25)
    return found


def main():
    tarn = sys.argv[1]
    verifier = subprocess.run([tarn, "access", "password"], input=PASSWORD + "\n", check=True, capture_output=True, text=True).stdout.strip()
    with wire_server.WireServer(tarn, access={"users.yaml": policy(verifier, ["ann"], "curated.stay")}) as server:
        file = server.project / "access" / "users.yaml"
        count = "SELECT count(*) FROM curated.stay"

        def asks(connection):
            return state_of(lambda: connection.execute(count).fetchone()[0])

        def logs_in(user):
            def action():
                with connect(server, user) as connection:
                    return asks(connection)
            return state_of(action)

        ann = connect(server, "ann")
        server.check("ann reads", asks(ann), wire_server.ROWS)
        server.check("bob is not there", logs_in("bob"), "refused")
        file.write_text(policy(verifier, ["ann", "bob"], "curated.stay"), encoding="utf-8")
        server.check("bob is there", after(lambda: logs_in("bob"), wire_server.ROWS), wire_server.ROWS)
        server.check("ann's session goes on: her rights are the same", asks(ann), wire_server.ROWS)
        file.write_text("roles: [", encoding="utf-8")
        time.sleep(4)
        server.check("what is wrong changes nothing", logs_in("bob"), wire_server.ROWS)
        file.unlink()
        time.sleep(4)
        server.check("users do not vanish", logs_in("bob"), wire_server.ROWS)
        bob = connect(server, "bob")
        server.check("bob reads", asks(bob), wire_server.ROWS)
        file.write_text(policy(verifier, ["bob"], "curated.nothing"), encoding="utf-8")
        server.check("ann's session has ended", (after(lambda: asks(ann), "57P01"), asks(ann)), ("57P01", "closed"))
        server.check("ann is gone", after(lambda: logs_in("ann"), "refused"), "refused")
        server.check("bob sees it no more", (asks(bob), logs_in("bob")), ("57P01", "42P01"))
        said = "".join(server.events)
        server.check("it is logged", (said.count('"access.reloaded"'), said.count('"access.not_reloaded"')), (2, 2))
    return server.finish()


if __name__ == "__main__":
    sys.exit(main())
