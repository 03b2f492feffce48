"""Reads a statement's rows through one door and prints seconds and rows: for bench/sql, by the Python that has the door's client.

    read_rows.py flight|copy|cursor PORT SQL

`flight`: ADBC, as Arrow batches. `copy`: psycopg's COPY in binary, as bytes that nobody looks at. `cursor`: psycopg in binary, as tuples.
"""

import sys
import time


def by_flight(port, sql):
    import adbc_driver_flightsql.dbapi as flightsql  # noqa: PLC0415
    with flightsql.connect(f"grpc://127.0.0.1:{port}", autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return sum(batch.num_rows for batch in cursor.fetch_record_batch())


def by_copy(port, sql):
    import psycopg  # noqa: PLC0415
    with psycopg.connect(host="127.0.0.1", port=port, user="me", dbname="bench") as connection, connection.cursor() as cursor:
        with cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT binary)") as copy:
            for _ in copy:
                pass
        return cursor.rowcount


def by_cursor(port, sql):
    import psycopg  # noqa: PLC0415
    with psycopg.connect(host="127.0.0.1", port=port, user="me", dbname="bench") as connection:
        with connection.cursor("reading", binary=True) as cursor:
            cursor.itersize = 20_000
            return sum(1 for _ in cursor.execute(sql))


def main():
    door, port, sql = sys.argv[1:]
    begin = time.perf_counter()
    rows = {"flight": by_flight, "copy": by_copy, "cursor": by_cursor}[door](int(port), sql)
    print(time.perf_counter() - begin, rows)


if __name__ == "__main__":
    main()
