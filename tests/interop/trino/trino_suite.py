"""Trino and Tarn on the same tables, in both directions: trino_suite.py TARN JAVA TRINO_FOLDER

`tarn serve` ingests and offers the catalog. Trino reads what Tarn wrote (types, nulls, nested data, partitions, positional
deletes, former snapshots, tags and branches), Tarn reads what Trino wrote (CTAS, INSERT, UPDATE, DELETE, MERGE, evolved schemas
and partitions), Trino rewrites and expires a table that Tarn upserts into, and both append to one table at once.
"""

import contextlib
import json
import pathlib
import sys
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from peer_suite import ALL_COLUMNS, Suite, plain, run_suite, send, send_all_visits, send_visits  # noqa: E402
from trino_server import TrinoError, serving  # noqa: E402


class TrinoSuite(Suite):
    trino = None
    uri = None  # of Tarn's catalog

    def by_peer(self, sql):
        try:
            return tuple(plain(value) for value in self.trino.rows(sql)[0])
        except TrinoError as error:
            return str(error)

    def run(self, sql):
        try:
            self.trino.rows(sql)
        except TrinoError as error:
            self.failures.append(str(error))

    def name_snapshot(self, namespace, table, ref):
        """By the catalog, as Trino 476 reads tags and branches and makes none."""
        body = {"requirements": [], "updates": [{"action": "set-snapshot-ref", **ref}]}
        request = urllib.request.Request(f"{self.uri}/v1/namespaces/{namespace}/tables/{table}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as response:
            self.check(f"the answer to {ref}", response.status, 200)


def tarn_writes(suite):
    send_all_visits(suite)
    suite.same("every column of Tarn's table", "raw.visit", ALL_COLUMNS)
    suite.check("a timestamp with zone",
                suite.by_peer("SELECT cast(to_unixtime(min(sent)) * 1000000 AS bigint) FROM lake.raw.visit"),
                suite.by_tarn("SELECT epoch_us(min(sent)) FROM raw.visit"))
    suite.check("a timestamp", suite.by_peer("SELECT date_format(max(admitted), '%Y-%m-%d %H:%i:%s') FROM lake.raw.visit"),
                suite.by_tarn("SELECT strftime(max(admitted), '%Y-%m-%d %H:%M:%S') FROM raw.visit"))
    suite.check("nested data", suite.by_peer("SELECT count(*), sum(price), max(code) FROM lake.raw.visit "
                                             "CROSS JOIN UNNEST(procedures) AS p(code, price)"),
                suite.by_tarn("SELECT count(*), sum(p.price), max(p.code) FROM (SELECT unnest(procedures) p FROM raw.visit)"))
    suite.check("nulls", suite.by_peer("SELECT count(*), min(id), max(id) FROM lake.raw.visit WHERE ward IS NULL AND born IS NULL"),
                suite.by_tarn("SELECT count(*), min(id), max(id) FROM raw.visit WHERE ward IS NULL AND born IS NULL"))
    suite.check("Tarn wrote positional deletes",
                suite.by_peer("SELECT count(*) > 0 FROM lake.raw.\"visit$files\" WHERE content = 1"), (True,))
    suite.check("pruned by partition", suite.by_peer("SELECT count(*), sum(cost) FROM lake.raw.visit WHERE admitted >= "
                                                     "timestamp '2026-01-05 00:00:00' AND id = 44"),
                suite.by_tarn("SELECT count(*), sum(cost) FROM raw.visit WHERE admitted >= '2026-01-05' AND id = 44"))


def times(suite):
    """Trino reads former states, by number, time, tag and branch."""
    former = "SELECT count(*), sum(cost) FROM lake.raw.visit FOR"
    here = "SELECT count(*), sum(cost) FROM raw.visit"
    first, second = (row[0] for row in suite.trino.rows(
        'SELECT snapshot_id FROM lake.raw."visit$snapshots" ORDER BY committed_at LIMIT 2'))
    suite.check("the first snapshot", suite.by_peer(f"{former} VERSION AS OF {first}"),
                suite.by_tarn(f"{here} AT (VERSION => {first})"))
    moment = suite.by_peer(f"SELECT cast(committed_at AS varchar) FROM lake.raw.\"visit$snapshots\" WHERE snapshot_id = {second}")[0]
    suite.check("a moment", suite.by_peer(f"{former} TIMESTAMP AS OF timestamp '{moment}'"),
                suite.by_tarn(f"{here} AT (VERSION => {second})"))
    for kind, snapshot in (("tag", first), ("branch", second)):
        suite.name_snapshot("raw", "visit", {"ref-name": f"a-{kind}", "type": kind, "snapshot-id": snapshot})
        suite.check(f"a {kind}", suite.by_peer(f"{former} VERSION AS OF 'a-{kind}'"),
                    suite.by_tarn(f"{here} AT (VERSION => {snapshot})"))


def trino_writes(suite):
    suite.run("CREATE SCHEMA lake.trino")
    suite.run("CREATE TABLE lake.trino.t WITH (format_version = 2, partitioning = ARRAY['day(ts)', 'bucket(id, 4)', "
              "'truncate(region, 2)']) AS SELECT cast(n AS integer) id, timestamp '2026-01-01 00:00:00.000000' + (n % 5) * "
              "interval '1' day ts, if(n % 11 = 0, null, 'region' || cast(n % 3 AS varchar)) region, "
              "cast(n * 1.5 AS decimal(12,2)) v, 'x' gone, ARRAY['a', cast(n AS varchar), null] tags, "
              "cast(ROW(n / 2e0, -n / 4e0) AS ROW(lat double, lon double)) place FROM UNNEST(sequence(0, 299)) t(n)")
    suite.run("INSERT INTO lake.trino.t SELECT n, timestamp '2026-01-01 00:00:00.000000' + (n % 5) * interval '1' day, null, "
              "n * 1.5, 'y', ARRAY['a', cast(n AS varchar)], null FROM UNNEST(sequence(300, 499)) t(n)")
    columns = "count(*), count(region), sum(id), sum(v), min(region), max(region), sum(place.lat), sum(place.lon)"
    suite.same("CTAS and INSERT", "trino.t", columns)
    before = suite.by_peer('SELECT snapshot_id FROM lake.trino."t$snapshots" ORDER BY committed_at DESC LIMIT 1')[0]
    suite.run("MERGE INTO lake.trino.t t USING (SELECT n FROM UNNEST(sequence(480, 519)) s(n)) s ON t.id = s.n "
              "WHEN MATCHED AND s.n < 490 THEN DELETE WHEN MATCHED THEN UPDATE SET v = -1 "
              "WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.n, 7)")
    suite.run("DELETE FROM lake.trino.t WHERE id BETWEEN 10 AND 19")
    suite.run("UPDATE lake.trino.t SET v = v + 1 WHERE region = 'region1'")
    suite.same("MERGE, DELETE and UPDATE", "trino.t", columns)
    suite.check("the list", suite.by_peer("SELECT sum(cardinality(tags)), sum(cast(tags[2] AS integer)) FROM lake.trino.t"),
                suite.by_tarn("SELECT sum(len(tags)), sum(cast(tags[2] AS INT)) FROM trino.t"))
    suite.check("before them", suite.by_tarn(f"SELECT count(*), sum(v) FROM trino.t AT (VERSION => {before})"), ("500", "187125"))


def trino_evolves(suite):
    # Trino 476 may refuse new partitions once a column of the present ones was renamed, and the old ones beside new ones, whatever the
    # catalog: so they come first, and alone.
    for change in ("ALTER COLUMN id SET DATA TYPE bigint", "SET PROPERTIES partitioning = ARRAY['truncate(id, 1000)']",
                   "ADD COLUMN note varchar", "RENAME COLUMN region TO district", "DROP COLUMN gone", "ADD COLUMN place.height double"):
        suite.run(f"ALTER TABLE lake.trino.t {change}")
    suite.run("INSERT INTO lake.trino.t (id, note, ts, district, v, place) VALUES (5000000000, 'ü', "
              "timestamp '1969-07-20 20:17:40.000000', 'moon', -0.01, ROW(0.67, 23.47, -1.5))")
    suite.same("after evolution", "trino.t", "count(*), sum(id), sum(v), max(note), min(district), max(district), "
                                             "sum(place.height), count(place.lat)")
    suite.check("columns", suite.by_tarn("SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM "
                                         "information_schema.columns WHERE table_schema = 'trino' AND table_name = 't'"),
                ("id,ts,district,v,tags,place,note",))
    suite.check("partition specs in use", suite.by_peer('SELECT count(DISTINCT spec_id) FROM lake.trino."t$files" WHERE content = 0'),
                ("2",))


def types(suite):
    """The types that Tarn's own contracts do not have, too."""
    suite.run("CREATE TABLE lake.trino.types (i integer, l bigint, r real, d double, n decimal(38,10), b boolean, s varchar, "
              "x varbinary, u uuid, day date, t time(6), moment timestamp(6), atz timestamp(6) with time zone, m map(varchar, integer), "
              "deep array(row(a integer, b array(varchar)))) WITH (partitioning = ARRAY['u', 'hour(atz)'])")
    suite.run("INSERT INTO lake.trino.types VALUES (-2147483648, 9223372036854775807, real '1.5', -0.0e0, decimal "
              "'1234567890123456789012345678.0123456789', true, 'ü''\"', X'00FF10', uuid '12151fd2-7586-11e9-8f9e-2a86e4085a59', "
              "date '0001-01-01', time '23:59:59.999999', timestamp '9999-12-31 23:59:59.999999', timestamp "
              "'1969-12-31 23:59:59.999999 UTC', map(ARRAY['a', 'b'], ARRAY[1, null]), "
              "ARRAY[cast(ROW(1, ARRAY['x', null]) AS row(a integer, b array(varchar))), null])")
    suite.run("INSERT INTO lake.trino.types (i) VALUES (null)")
    for what, columns in (
            ("integers", "cast(min(i) AS varchar), cast(max(l) AS varchar)"), ("floats", "max(r), max(d)"),
            ("a decimal", "cast(max(n) AS varchar)"), ("text", "max(s)"), ("a UUID", "cast(max(u) AS varchar)"),
            ("a date", "cast(min(day) AS varchar)"), ("a time", "cast(max(t) AS varchar)"),
            ("a timestamp", "cast(max(moment) AS varchar)"), ("a map", "max(m['a']), sum(cardinality(m))"),
            ("deep", "max(deep[1].b[1]), max(deep[1].a)"), ("nulls", "count(*), count(i), count(u), count(m), count(deep)")):
        suite.same(what, "trino.types", columns)
    suite.check("bytes", suite.by_tarn("SELECT hex(max(x)) FROM trino.types"),
                suite.by_peer("SELECT to_hex(max(x)) FROM lake.trino.types"))
    suite.check("with zone", suite.by_tarn("SELECT epoch_us(max(atz)) FROM trino.types"),
                suite.by_peer("SELECT cast(to_unixtime(max(atz)) * 1e6 AS bigint) FROM lake.trino.types"))


def views(suite):
    suite.run("CREATE VIEW lake.trino.wards AS SELECT ward, count(*) n FROM lake.raw.visit GROUP BY ward")
    suite.check("a view", suite.by_peer("SELECT sum(n) FROM lake.trino.wards"), suite.by_tarn("SELECT count(*) FROM raw.visit"))
    suite.run("DROP VIEW lake.trino.wards")
    suite.run("ALTER TABLE lake.trino.types RENAME TO lake.trino.kinds")
    suite.check("renamed", suite.by_tarn("SELECT count(*) FROM trino.kinds"), ("2",))
    suite.run("DROP TABLE lake.trino.kinds")
    suite.check("dropped", suite.by_tarn("SELECT count(*) FROM information_schema.tables WHERE table_schema = 'trino'"), ("1",))


def trino_maintains(suite):
    """What Tarn's key index points to is rewritten under it; later upserts must still replace the right rows."""
    suite.run("ALTER TABLE lake.raw.visit EXECUTE optimize_manifests")  # Not of trino.t: Trino 476 fails at a null day.
    for table in ("raw.visit", "trino.t"):
        suite.run(f"ALTER TABLE lake.{table} EXECUTE optimize")
        suite.run(f"ALTER TABLE lake.{table} EXECUTE expire_snapshots(retention_threshold => '0s')")
    suite.same("after Trino's maintenance", "raw.visit", ALL_COLUMNS)
    suite.same("the same of its own table", "trino.t", "count(*), sum(id), sum(v)")
    send_visits(suite, "again", 30, 100)
    suite.wait_for("SELECT count(*), max(revision) FROM raw.visit", ("140", "100"))
    suite.same("upserts after that", "raw.visit", ALL_COLUMNS)
    suite.check("each key once", suite.by_peer("SELECT count(*), count(distinct id) FROM lake.raw.visit"), ("140", "140"))


def both_append(suite, files=12, rows=25, appends=6):
    send(suite, "reading-first.csv", "id,ward\n0,first\n")
    suite.wait_for("SELECT count(*) FROM raw.reading", ("1",))

    def send_all():
        for file in range(files):
            send(suite, f"reading{file}.csv", "id,ward\n" + "".join(f"{1 + file * rows + i},tarn\n" for i in range(rows)))
            time.sleep(0.3)

    sender = threading.Thread(target=send_all, daemon=True)
    sender.start()
    columns = [row[0] for row in suite.trino.rows("SHOW COLUMNS FROM lake.raw.reading")][2:]
    for number in range(appends):
        # The audit columns are required of whoever writes.
        suite.run(f"INSERT INTO lake.raw.reading SELECT {100000 + number * 1000} + n, 'trino', {', '.join(columns)} FROM "
                  "(SELECT * FROM lake.raw.reading WHERE id = 0) CROSS JOIN UNNEST(sequence(0, 49)) s(n)")
    sender.join()
    total = 1 + files * rows + appends * 50
    suite.wait_for("SELECT count(*), count(distinct id) FROM raw.reading", (str(total), str(total)))
    suite.same("both wrote at once", "raw.reading", "count(*), count(distinct id), sum(id), count(distinct ward)")


def main(tarn, java, home):
    @contextlib.contextmanager
    def connect(suite, uri, scratch):
        suite.uri = uri
        with serving(java, home, uri, scratch) as suite.trino:
            yield

    return run_suite(tarn, TrinoSuite, connect, (tarn_writes, times, trino_writes, trino_evolves, types, views, trino_maintains,
                                                 both_append))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
