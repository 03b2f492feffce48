"""Spark and Tarn on the same tables, in both directions: spark_suite.py TARN ICEBERG_JAR

`tarn serve` ingests and offers the catalog. Spark reads what Tarn wrote (types, nulls, nested data, partitions, positional
deletes), Tarn reads what Spark wrote (MERGE, UPDATE, DELETE, evolved schemas and partitions, tags), Spark rewrites and
expires a table that Tarn upserts into, and both append to one table at once. Then the same with tables of Iceberg's version 3,
which Tarn compacts meanwhile: deletion vectors of both, and rows that keep their ids.
"""

import contextlib
import pathlib
import sys
import threading
import time

from pyspark.sql import SparkSession

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from peer_suite import ALL_COLUMNS, Suite, plain, run_suite, send, send_all_visits, send_visits  # noqa: E402


class SparkSuite(Suite):
    spark = None

    def by_peer(self, sql):
        return tuple(plain(value) for value in self.spark.sql(sql).collect()[0])

    def run(self, sql):
        return self.spark.sql(sql)


def tarn_writes(suite):
    send_all_visits(suite)
    suite.same("every column of Tarn's table", "raw.visit", ALL_COLUMNS)
    suite.check("a timestamp with zone", suite.by_peer("SELECT cast(unix_micros(min(sent)) as bigint) FROM lake.raw.visit"),
                suite.by_tarn("SELECT epoch_us(min(sent)) FROM raw.visit"))
    suite.check("a timestamp", suite.by_peer("SELECT date_format(max(admitted), 'yyyy-MM-dd HH:mm:ss') FROM lake.raw.visit"),
                suite.by_tarn("SELECT strftime(max(admitted), '%Y-%m-%d %H:%M:%S') FROM raw.visit"))
    suite.check("nested data",
                suite.by_peer("SELECT count(*), sum(p.price), max(p.code) FROM (SELECT explode(procedures) p FROM lake.raw.visit)"),
                suite.by_tarn("SELECT count(*), sum(p.price), max(p.code) FROM (SELECT unnest(procedures) p FROM raw.visit)"))
    suite.check("Tarn wrote positional deletes", suite.by_peer("SELECT count(*) > 0 FROM lake.raw.visit.delete_files"), (True,))
    suite.check("pruned by partition", suite.by_peer("SELECT count(*), sum(cost) FROM lake.raw.visit WHERE admitted >= "
                                                      "timestamp_ntz'2026-01-05 00:00:00' AND id = 44"),
                suite.by_tarn("SELECT count(*), sum(cost) FROM raw.visit WHERE admitted >= '2026-01-05' AND id = 44"))
    head = suite.by_peer("SELECT snapshot_id FROM lake.raw.visit.snapshots ORDER BY committed_at LIMIT 1")[0]
    suite.check("the first snapshot", suite.by_peer(f"SELECT count(*), sum(cost) FROM lake.raw.visit VERSION AS OF {head}"),
                suite.by_tarn(f"SELECT count(*), sum(cost) FROM raw.visit AT (VERSION => {head})"))


def spark_writes(suite):
    suite.run("CREATE NAMESPACE lake.spark")
    suite.run("CREATE TABLE lake.spark.t (id INT, ts TIMESTAMP_NTZ, region STRING, v DECIMAL(12,2), gone STRING, "
              "tags ARRAY<STRING>, place STRUCT<lat: DOUBLE, lon: DOUBLE>) USING iceberg "
              "PARTITIONED BY (days(ts), bucket(4, id), truncate(2, region)) TBLPROPERTIES ('format-version'='2', "
              "'write.merge.mode'='merge-on-read', 'write.delete.mode'='merge-on-read', 'write.update.mode'='copy-on-write')")
    suite.run("INSERT INTO lake.spark.t SELECT id, timestamp_ntz'2026-01-01 00:00:00' + make_dt_interval(id % 5), "
              "if(id % 11 = 0, null, concat('region', id % 3)), id * 1.5, 'x', array('a', cast(id AS STRING), null), "
              "named_struct('lat', id / 2, 'lon', -id / 4) FROM range(500)")
    columns = "count(*), count(region), sum(id), sum(v), min(region), max(region), sum(place.lat), sum(place.lon)"
    suite.same("Spark's INSERT", "spark.t", columns)
    suite.run("ALTER TABLE lake.spark.t CREATE TAG before")
    suite.run("MERGE INTO lake.spark.t t USING (SELECT cast(id AS INT) id FROM range(480, 520)) s ON t.id = s.id "
              "WHEN MATCHED AND s.id < 490 THEN DELETE WHEN MATCHED THEN UPDATE SET v = -1 "
              "WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, 7)")
    suite.run("DELETE FROM lake.spark.t WHERE id BETWEEN 10 AND 19")
    suite.run("UPDATE lake.spark.t SET v = v + 1 WHERE region = 'region1'")
    suite.same("MERGE, DELETE and UPDATE", "spark.t", columns)
    suite.check("the list", suite.by_peer("SELECT sum(size(tags)), sum(cast(tags[1] AS INT)) FROM lake.spark.t WHERE tags IS NOT NULL"),
                suite.by_tarn("SELECT sum(len(tags)), sum(cast(tags[2] AS INT)) FROM spark.t WHERE tags IS NOT NULL"))
    suite.run("ALTER TABLE lake.spark.t ADD COLUMN note STRING AFTER id")
    suite.run("ALTER TABLE lake.spark.t ALTER COLUMN id TYPE BIGINT")
    suite.run("ALTER TABLE lake.spark.t RENAME COLUMN region TO district")
    suite.run("ALTER TABLE lake.spark.t DROP COLUMN gone")
    suite.run("ALTER TABLE lake.spark.t DROP PARTITION FIELD bucket(4, id)")
    suite.run("ALTER TABLE lake.spark.t ADD PARTITION FIELD truncate(1000, id)")
    suite.run("INSERT INTO lake.spark.t (id, note, ts, district, v) VALUES (5000000000, 'ü', "
              "timestamp_ntz'1969-07-20 20:17:40', 'moon', -0.01)")
    suite.same("after evolution", "spark.t", "count(*), sum(id), sum(v), max(note), min(district), max(district)")
    suite.check("columns", suite.by_tarn("SELECT string_agg(column_name, ',' ORDER BY ordinal_position) FROM "
                                         "information_schema.columns WHERE table_schema = 'spark' AND table_name = 't'"),
                ("id,note,ts,district,v,tags,place",))
    suite.check("a tag", suite.by_peer("SELECT count(*), sum(v) FROM lake.spark.t VERSION AS OF 'before'"), ("500", "187125"))


def spark_maintains(suite):
    """What Tarn's key index points to is rewritten under it; later upserts must still replace the right rows."""
    suite.run("CALL lake.system.rewrite_data_files(table => 'raw.visit', options => map('rewrite-all', 'true'))")
    suite.run("CALL lake.system.rewrite_position_delete_files('raw.visit')")
    suite.run("CALL lake.system.rewrite_manifests('raw.visit')")
    suite.run("CALL lake.system.expire_snapshots(table => 'raw.visit', older_than => timestamp'2100-01-01 00:00:00', retain_last => 1)")
    suite.same("after Spark's maintenance", "raw.visit", ALL_COLUMNS)
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
    for number in range(appends):
        # The audit columns are required of whoever writes.
        audit = suite.spark.table("lake.raw.reading").limit(1).drop("id", "ward")
        rows_of_spark = suite.spark.sql(f"SELECT {100000 + number * 1000} + id AS id, 'spark' AS ward FROM range(50)")
        rows_of_spark.crossJoin(audit).writeTo("lake.raw.reading").append()
    sender.join()
    total = 1 + files * rows + appends * 50
    suite.wait_for("SELECT count(*), count(distinct id) FROM raw.reading", (str(total), str(total)))
    suite.same("both wrote at once", "raw.reading", "count(*), count(distinct id), sum(id), count(distinct ward)")


VERSION_3 = """format_version: 3
maintenance: {background: true, interval: 300ms, min_files: 2}
"""
ON_READ = "'write.merge.mode'='merge-on-read', 'write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read'"


def persist(suite, sql):
    """Runs a statement that loses races to compaction, until it wins one."""
    for attempt in range(10):
        try:
            return suite.run(sql)
        except Exception as failure:  # Py4J's error has no type that tells a conflict
            if attempt == 9 or "ValidationException" not in str(failure) and "CommitFailed" not in str(failure):
                raise
            time.sleep(0.5)


def lineage(suite, table, snapshot):
    return [tuple(row) for row in suite.spark.sql(f"SELECT id, _row_id, _last_updated_sequence_number FROM lake.{table} "
                                                  f"VERSION AS OF {snapshot} ORDER BY id, _row_id").collect()]


def check_compactions(suite, table):
    """What Spark reads before and after each compaction of Tarn: the same rows with the same ids, no id twice."""
    compactions = f"lake.{table}.snapshots WHERE summary['tarn.maintenance'] = 'compaction'"
    for _ in range(60):
        if suite.by_peer(f"SELECT count(*) > 0 FROM {compactions}") == (True,):
            break
        time.sleep(0.5)
    found = suite.spark.sql(f"SELECT snapshot_id, parent_id FROM {compactions}").collect()
    suite.check(f"{table} is compacted", bool(found), True)
    for snapshot, parent in found:
        rows = lineage(suite, table, snapshot)
        before = lineage(suite, table, parent)
        ids = {row[1] for row in rows}
        if ids == {None}:
            continue  # from before the upgrade to version 3
        if any(row[1] is not None for row in before):
            suite.check(f"{table}: rows and ids after the compaction {snapshot}", rows, before)
        suite.check(f"{table}: ids of {snapshot}", (len(ids), None in ids), (len(rows), False))


def version_3_of_tarn(suite):
    send_all_visits(suite)
    suite.check("Tarn's table has version 3", suite.spark.sql("SHOW TBLPROPERTIES lake.raw.visit ('format-version')").collect()[0][1], "3")
    suite.same("Tarn's upserts by deletion vectors", "raw.visit", ALL_COLUMNS)
    suite.run(f"ALTER TABLE lake.raw.visit SET TBLPROPERTIES ({ON_READ})")
    persist(suite, "MERGE INTO lake.raw.visit t USING (SELECT id FROM range(40, 60)) s ON t.id = s.id "
                   "WHEN MATCHED AND s.id < 45 THEN DELETE WHEN MATCHED THEN UPDATE SET ward = 'spark'")
    suite.same("Spark's MERGE by deletion vectors", "raw.visit", ALL_COLUMNS)
    suite.check("of those rows", suite.by_tarn("SELECT count(*) FROM raw.visit WHERE ward = 'spark'"), ("15",))
    for file in range(4):  # new versions of rows that Spark wrote, of some that it deleted, and new ones
        send_visits(suite, f"again{file}", 42 + 20 * file, 100 + file)
        suite.wait_for("SELECT max(revision) FROM raw.visit", (str(100 + file),))
    suite.same("upserts after that", "raw.visit", ALL_COLUMNS)
    suite.check("each key once", suite.by_peer("SELECT count(*) = count(distinct id) FROM lake.raw.visit"), (True,))
    check_compactions(suite, "raw.visit")
    suite.same("after compactions", "raw.visit", ALL_COLUMNS)


def version_3_of_spark(suite):
    suite.run("CREATE NAMESPACE lake.spark")
    for table, version in (("born", 3), ("upgraded", 2)):
        name = f"spark.{table}"
        suite.run(f"CREATE TABLE lake.{name} (id BIGINT, ward STRING, place STRUCT<lat: DOUBLE, lon: DOUBLE>) USING iceberg "
                  f"PARTITIONED BY (bucket(2, id)) TBLPROPERTIES ('format-version'='{version}', {ON_READ})")
        for part in range(2):
            persist(suite, f"INSERT INTO lake.{name} SELECT id, concat('w', id % 5), named_struct('lat', id / 2, 'lon', 1.5) "
                           f"FROM range({part * 1000}, {part * 1000 + 1000})")
        persist(suite, f"DELETE FROM lake.{name} WHERE id % 7 = 0")
        if version == 2:
            suite.run(f"ALTER TABLE lake.{name} SET TBLPROPERTIES ('format-version'='3')")
        persist(suite, f"INSERT INTO lake.{name} SELECT id, 'late', null FROM range(5000, 5100)")
        persist(suite, f"UPDATE lake.{name} SET ward = 'changed' WHERE id % 11 = 0")
        persist(suite, f"DELETE FROM lake.{name} WHERE id BETWEEN 100 AND 200")
        columns = "count(*), sum(id), count(distinct ward), min(ward), max(ward), sum(place.lat), sum(place.lon)"
        suite.same(f"Spark's deletion vectors in {name}", name, columns)
        check_compactions(suite, name)
        suite.same(f"{name} after compactions", name, columns)
        suite.check(f"rows of {name}", suite.by_peer(f"SELECT count(*), count(distinct _row_id) FROM lake.{name}"),
                    suite.by_tarn(f"SELECT count(*) AS rows, count(*) AS ids FROM {name}"))


@contextlib.contextmanager
def session(suite, uri, jar, scratch):
    conf = {"spark.jars": jar, "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1", "spark.driver.memory": "1g", "spark.sql.shuffle.partitions": 2,
            "spark.sql.session.timeZone": "UTC", "spark.sql.warehouse.dir": str(scratch),
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog", "spark.sql.catalog.lake.type": "rest",
            "spark.sql.catalog.lake.uri": uri, "spark.sql.catalog.lake.cache-enabled": "false"}
    builder = SparkSession.builder.master("local[2]").appName("tarn")
    for key, value in conf.items():
        builder = builder.config(key, value)
    suite.spark = builder.getOrCreate()
    suite.spark.sparkContext.setLogLevel("ERROR")
    yield
    suite.spark.stop()


def main(tarn, jar):
    def connect(suite, uri, scratch):
        return session(suite, uri, jar, scratch)

    failed = run_suite(tarn, SparkSuite, connect, (tarn_writes, spark_writes, spark_maintains, both_append))
    return failed | run_suite(tarn, SparkSuite, connect, (version_3_of_tarn, version_3_of_spark), VERSION_3)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
