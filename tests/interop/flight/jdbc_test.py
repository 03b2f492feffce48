#!/usr/bin/env python3
"""The Flight SQL JDBC driver on `tarn serve`.

    jdbc_test.py TARN_BINARY REPOSITORY

`./dev test --interop` fetches the driver by Maven into .cache/interop.
"""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "postgres"))
import wire_server  # noqa: E402


def main():
    tarn, repository = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    jar = next((repository / ".cache" / "interop" / "flight").glob("flight-sql-jdbc-driver-*.jar"))
    with wire_server.WireServer(tarn, flight={}) as server:
        url = f"jdbc:arrow-flight-sql://127.0.0.1:{server.flight_port}?useEncryption=false&user=ann&password=any"
        ran = subprocess.run(["java", "--add-opens=java.base/java.nio=ALL-UNNAMED", "-cp", str(jar),
                              str(pathlib.Path(__file__).parent / "jdbc" / "FlightCheck.java"), url, str(wire_server.ROWS)],
                             capture_output=True, text=True, timeout=300)
        print(ran.stdout.strip())
        server.check(f"JDBC: {ran.stderr[-2000:]}", ran.returncode, 0)
    return server.finish()


if __name__ == "__main__":
    sys.exit(main())
