"""Runs a command with a PostgreSQL server for its tests, named by TARN_TEST_POSTGRES: with_server.py COMMAND…"""

import os
import subprocess
import sys

from server import Server


def main():
    with Server() as server:
        environment = {**os.environ, "TARN_TEST_POSTGRES": server.location, "TARN_TEST_POSTGRES_DATA": str(server.data)}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
