#!/usr/bin/env python3
"""ADBC's Flight SQL driver in Go on `tarn serve`, with a password.

    go_test.py TARN_BINARY CHECK      `./dev test --interop` builds CHECK of go/
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "postgres"))
import wire_server  # noqa: E402

PASSWORD = "a secret word"
POLICY = """roles:
  all: {grants: [{tables: ["**"]}], write: ["sandbox.*"]}
users:
  ann: {password: "VERIFIER", roles: [all]}
"""


def main():
    tarn, check = sys.argv[1], sys.argv[2]
    verifier = subprocess.run([tarn, "access", "password"], input=PASSWORD + "\n", check=True, capture_output=True, text=True).stdout.strip()
    with wire_server.WireServer(tarn, access={"users.yaml": POLICY.replace("VERIFIER", verifier)}, flight={}) as server:
        ran = subprocess.run([check, f"grpc://127.0.0.1:{server.flight_port}", "ann", PASSWORD], capture_output=True, text=True, timeout=300)
        print(ran.stdout.strip())
        server.check(f"ADBC in Go: {ran.stderr[-2000:]}", ran.returncode, 0)
    return server.finish()


if __name__ == "__main__":
    sys.exit(main())
