"""DuckDB with its Iceberg extension, from the wheels: nothing is downloaded, unsigned extensions stay refused."""

import glob
import os
import sys

import duckdb


def connect():
    connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    packages = os.path.dirname(os.path.dirname(duckdb.__file__))
    for name in ("httpfs", "avro", "iceberg"):
        found = glob.glob(f"{packages}/duckdb_extension_{name}/extensions/*/{name}.duckdb_extension")
        if len(found) != 1:
            sys.exit(f"FAILED: the wheel duckdb-extension-{name} is not installed: run `./dev setup`")
        connection.execute(f"LOAD '{found[0]}'")
    return connection
