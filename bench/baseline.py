#!/usr/bin/env python3
"""The Python pipeline that Tarn is measured against: zipfile, lxml, pyarrow and PyIceberg on all cores.

    python3 -m venv env && env/bin/pip install --require-hashes --only-binary :all: -r bench/requirements.txt
    env/bin/python bench/baseline.py INBOX WAREHOUSE

Reads the zips of a drop folder that `tarn demo make` filled and appends them to Iceberg tables with the columns and types
of examples/hospital/feeds. It is written as somebody would who wants it fast: processes parse whole zips into Arrow
tables, pyarrow's own CSV reader reads the CSV, values are converted by columns, and each commit holds many zips. It
recognises resends by their content and drops records that do not convert. It has no ledger, no landing copies, no
quarantine, no upserts, no audit columns, and a crash leaves it half done: it does less than Tarn does.

Prints one JSON object: seconds, files (data files inside the zips), rows, files_per_s, raw_mb_per_s, peak_rss_mb (all
processes together) and what was dropped.
"""

import argparse
import concurrent.futures
import hashlib
import io
import json
import multiprocessing
import os
import pathlib
import resource
import shutil
import time
import zipfile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from lxml import etree
from pyiceberg.catalog.sql import SqlCatalog

STRING, INT = pa.string(), pa.int32()
STAMP, STAMP_TZ = pa.timestamp("us"), pa.timestamp("us", "UTC")
MONEY, VALUE = pa.decimal128(12, 2), pa.decimal128(12, 3)

# name, type, source (XML path, CSV header or fixed positions), extra (date format or "thousands")
ENCOUNTER = [
    ("encounter_id", STRING, "@id"), ("facility_id", STRING, "@facility"), ("event", STRING, "@event"),
    ("updated_at", STAMP_TZ, "@updated"), ("patient_id", STRING, "Patient@id"), ("sex", STRING, "Patient@sex"),
    ("family_name", STRING, "Patient/Name/Family"), ("given_name", STRING, "Patient/Name/Given"),
    ("birth_date", pa.date32(), "Patient/BirthDate"), ("age", INT, "Patient/Age"),
    ("encounter_class", STRING, "Visit@class"), ("department", STRING, "Visit@department"),
    ("admitted_at", STAMP, "Visit/AdmittedAt"), ("discharged_at", STAMP, "Visit/DischargedAt"),
    ("disposition", STRING, "Visit/Disposition"), ("ward", STRING, "Visit/Location@ward"),
    ("bed", INT, "Visit/Location@bed"), ("attending_id", STRING, "Visit/Attending"), ("severity", INT, "Visit/Severity"),
    ("total_cost", MONEY, "Visit/TotalCost"), ("note", STRING, "Note"),
]
DIAGNOSIS = [
    ("encounter_id", STRING, ""), ("ordinal", INT, ""), ("code", STRING, "@code"), ("rank", INT, "@rank"),
    ("name", STRING, "Name"), ("present_on_admission", pa.bool_(), "PresentOnAdmission"),
]
LAB_RESULT = [
    ("result_id", STRING, "result_id"), ("facility_id", STRING, "facility_id"), ("patient_id", STRING, "patient_id"),
    ("encounter_id", STRING, "encounter_id"), ("loinc", STRING, "loinc"), ("test_name", STRING, "test_name"),
    ("value", VALUE, "value"), ("unit", STRING, "unit"), ("reference_low", VALUE, "ref_low"),
    ("reference_high", VALUE, "ref_high"), ("flag", STRING, "flag"), ("status", STRING, "status"),
    ("collected_at", STAMP, "collected_at", "%Y%m%d%H%M%S"), ("resulted_at", STAMP, "resulted_at", "%Y%m%d%H%M%S"),
]
CLAIM_LINE = [
    ("claim_id", STRING, "ClaimID"), ("line_number", INT, "LineNo"), ("encounter_id", STRING, "EncounterID"),
    ("patient_id", STRING, "PatientID"), ("facility_id", STRING, "FacilityID"), ("payer_code", STRING, "PayerCode"),
    ("payer_name", STRING, "PayerName"), ("procedure_code", STRING, "ProcedureCode"),
    ("procedure_name", STRING, "Procedure"), ("service_date", pa.date32(), "ServiceDate", "%m/%d/%Y"),
    ("units", INT, "Units"), ("charged", MONEY, "Charged", "thousands"), ("allowed", MONEY, "Allowed", "thousands"),
    ("paid", MONEY, "Paid", "thousands"), ("status", STRING, "Status"), ("note", STRING, "Note"),
    ("submitted_at", STAMP_TZ, "SubmittedAt"),
]
BED_CENSUS = [
    ("facility_id", STRING, (0, 6)), ("unit", STRING, (7, 11)), ("observed_at", STAMP, (13, 23), "%Y%m%d%H"),
    ("beds", INT, (24, 27)), ("occupied", INT, (28, 31)), ("blocked", INT, (32, 35)), ("admissions", INT, (36, 39)),
    ("discharges", INT, (40, 43)), ("nurses", INT, (44, 47)),
]
PATIENT = [(name, STRING, name) for name in (
    "patient_id", "mrn", "family_name", "given_name", "birth_date", "sex", "street", "city", "state", "postal_code",
    "phone", "email", "language", "marital_status", "payer_code", "annual_income", "dependents", "deceased", "updated_at")]
for _name, _type in {"birth_date": pa.date32(), "annual_income": INT, "dependents": INT, "deceased": pa.bool_(),
                     "updated_at": STAMP_TZ}.items():
    PATIENT = [(n, _type if n == _name else t, s) for n, t, s in PATIENT]

TABLES = {"encounter": ENCOUNTER, "encounter_diagnosis": DIAGNOSIS, "lab_result": LAB_RESULT, "claim_line": CLAIM_LINE,
          "bed_census": BED_CENSUS, "patient": PATIENT}
SCHEMAS = {table: pa.schema([(column[0], column[1]) for column in columns]) for table, columns in TABLES.items()}
ENCOUNTER_PLACES = {column[2]: i for i, column in enumerate(ENCOUNTER)}
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def convert_column(texts, column):
    """A string array as the column's type; empty is null."""
    kind, extra = column[1], column[3] if len(column) > 3 else None
    if kind == STRING:
        return texts
    if extra == "thousands":
        texts = pc.replace_substring(texts, ",", "")
    elif extra:
        return pc.cast(pc.strptime(texts, extra, "us", error_is_null=False), kind)
    if kind == pa.bool_():
        return pc.is_in(texts, pa.array(["Y", "true"]))
    return pc.cast(texts, kind)


def convert(rows, table):
    """Lists of texts, one a column, as an Arrow table. Rows that do not convert are found by halving, and dropped."""
    try:
        arrays = [pa.array(texts, STRING) for texts in rows]
        arrays = [pc.if_else(pc.equal(texts, ""), pa.scalar(None, STRING), texts) for texts in arrays]
        arrays = [convert_column(texts, column) for texts, column in zip(arrays, TABLES[table])]
        return [pa.Table.from_arrays(arrays, schema=SCHEMAS[table])], 0
    except (pa.ArrowInvalid, UnicodeError):
        count = len(rows[0])
        if count == 1:
            return [], 1
        half = count // 2
        first, dropped_first = convert([texts[:half] for texts in rows], table)
        second, dropped_second = convert([texts[half:] for texts in rows], table)
        return first + second, dropped_first + dropped_second


class XmlRows:
    """The records of a zip's XML members, as columns of texts."""

    def __init__(self):
        self.encounters = [[] for _ in ENCOUNTER]
        self.diagnoses = [[] for _ in DIAGNOSIS]

    def add(self, content):
        values = [None] * len(ENCOUNTER)
        root = etree.fromstring(content, PARSER)
        diagnoses = self.walk(root, "", values)
        for column, value in zip(self.encounters, values):
            column.append(value)
        for ordinal, element in enumerate(diagnoses, 1):
            texts = {child.tag.rpartition("}")[2]: child.text for child in element}
            row = (values[0], str(ordinal), element.get("code"), element.get("rank"), texts.get("Name"),
                   texts.get("PresentOnAdmission"))
            for column, value in zip(self.diagnoses, row):
                column.append(value)

    def walk(self, element, path, values):
        diagnoses = ()
        for name, value in element.attrib.items():
            place = ENCOUNTER_PLACES.get(f"{path}@{name}")
            if place is not None:
                values[place] = value
        for child in element:
            name = child.tag.rpartition("}")[2]
            inner = f"{path}/{name}" if path else name
            place = ENCOUNTER_PLACES.get(inner)
            if place is not None:
                values[place] = child.text
            elif name == "Diagnoses":
                diagnoses = list(child)
            else:
                self.walk(child, inner, values)
        return diagnoses


def read_delimited(content, table, delimiter, quote):
    """A CSV member: first straight into the types, else as texts of which the bad rows are dropped."""
    columns = TABLES[table]
    dropped = 0

    def skip(_row):
        nonlocal dropped
        dropped += 1
        return "skip"

    parse = pacsv.ParseOptions(delimiter=delimiter, quote_char=quote, double_quote=True,
                               newlines_in_values=quote is not False, invalid_row_handler=skip)
    easy = {column[2]: column[1] for column in columns if len(column) == 3 and column[1] != pa.bool_()}
    texts = {column[2]: STRING for column in columns}
    try:
        options = pacsv.ConvertOptions(column_types=texts | easy, strings_can_be_null=True, null_values=["", "NA"],
                                       include_columns=list(texts))
        read = pacsv.read_csv(io.BytesIO(content), parse_options=parse, convert_options=options)
        arrays = [read[c[2]] if c[2] in easy else convert_column(read[c[2]], c) for c in columns]
        return [pa.Table.from_arrays(arrays, schema=SCHEMAS[table])], dropped
    except pa.ArrowInvalid:
        dropped = 0
        content = content.decode("utf-8", "replace").encode()
        options = pacsv.ConvertOptions(column_types=texts, strings_can_be_null=True, null_values=["", "NA"],
                                       include_columns=list(texts))
        read = pacsv.read_csv(io.BytesIO(content), parse_options=parse, convert_options=options)
        tables, bad = convert([read[c[2]].to_pylist() for c in columns], table)
        return tables, dropped + bad


def read_fixed(content):
    rows = [[] for _ in BED_CENSUS]
    slices = [slice(*column[2]) for column in BED_CENSUS]
    for line in content.decode("utf-8", "replace").split("\n")[1:]:
        if line and line[0] != "#":
            for column, place in zip(rows, slices):
                column.append(line[place].strip())
    return convert(rows, "bed_census")


def read_zip(path, out):
    """Parses one zip into `out`, {table: [Arrow tables]}. Returns files, bytes, dropped."""
    files = size = dropped = 0
    xml = XmlRows()
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            folder = info.filename.partition("/")[0]
            try:
                if folder not in ("adt", "lab", "claims", "census", "demographics"):
                    continue
                if info.file_size > 1 << 20 and info.file_size > 200 * info.compress_size:
                    raise ValueError("a bomb")
                content = archive.read(info)
                size += len(content)
                files += 1
                if folder == "adt":
                    xml.add(content)
                    continue
                if folder == "census":
                    table, (tables, bad) = "bed_census", read_fixed(content)
                elif folder == "lab":
                    table, (tables, bad) = "lab_result", read_delimited(content, "lab_result", "|", False)
                elif folder == "claims":
                    table, (tables, bad) = "claim_line", read_delimited(content, "claim_line", ",", '"')
                else:
                    table, (tables, bad) = "patient", read_delimited(content, "patient", ",", '"')
                out.setdefault(table, []).extend(tables)
                dropped += bad
            except (zipfile.BadZipFile, etree.XMLSyntaxError, ValueError, KeyError, RuntimeError):
                dropped += 1
    for table, rows in (("encounter", xml.encounters), ("encounter_diagnosis", xml.diagnoses)):
        if rows[0]:
            tables, bad = convert(rows, table)
            out.setdefault(table, []).extend(tables)
            dropped += bad
    return files, size, dropped


def read_chunk(paths):
    """Runs in a worker: some zips as Arrow IPC streams, {table: bytes}, and the counts."""
    out = {}
    files = size = dropped = 0
    for path in paths:
        try:
            counts = read_zip(path, out)
            files, size, dropped = files + counts[0], size + counts[1], dropped + counts[2]
        except zipfile.BadZipFile:
            dropped += 1
    streams = {}
    for table, tables in out.items():
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, SCHEMAS[table]) as writer:
            for part in tables:
                writer.write_table(part)
        streams[table] = sink.getvalue().to_pybytes()
    return streams, files, size, dropped, os.getpid(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def distinct(folder):
    """The zips of the folder without resends."""
    seen = set()
    for path in sorted(folder.rglob("*.zip")):
        digest = hashlib.sha256(path.read_bytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield str(path)


class Lake:
    """The Iceberg tables, and what waits to be appended to them."""

    def __init__(self, warehouse, rows_per_commit):
        catalog = SqlCatalog("baseline", uri=f"sqlite:///{warehouse}/catalog.db", warehouse=f"file://{warehouse}")
        catalog.create_namespace("curated")
        self.tables = {table: catalog.create_table(f"curated.{table}", schema) for table, schema in SCHEMAS.items()}
        self.waiting = {table: [] for table in TABLES}
        self.rows_per_commit = rows_per_commit
        self.rows = 0

    def add(self, table, stream):
        self.waiting[table].append(pa.ipc.open_stream(stream).read_all())
        if sum(part.num_rows for part in self.waiting[table]) >= self.rows_per_commit:
            self.commit(table)

    def commit(self, table):
        if self.waiting[table]:
            rows = pa.concat_tables(self.waiting[table])
            self.tables[table].append(rows)
            self.rows += rows.num_rows if table != "encounter_diagnosis" else 0
            self.waiting[table] = []


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("inbox", type=pathlib.Path)
    arguments.add_argument("warehouse", type=pathlib.Path, help="is emptied first")
    arguments.add_argument("--processes", type=int, default=os.cpu_count())
    arguments.add_argument("--zips-per-task", type=int, default=25)
    arguments.add_argument("--rows-per-commit", type=int, default=100_000)
    options = arguments.parse_args()

    begin = time.monotonic()
    warehouse = options.warehouse.resolve()
    shutil.rmtree(warehouse, ignore_errors=True)
    warehouse.mkdir(parents=True)
    paths = list(distinct(options.inbox))
    chunks = [paths[i:i + options.zips_per_task] for i in range(0, len(paths), options.zips_per_task)]
    files = size = dropped = 0
    peaks = {}
    lake = Lake(warehouse, options.rows_per_commit)
    context = multiprocessing.get_context("forkserver")
    with concurrent.futures.ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        for done in concurrent.futures.as_completed([pool.submit(read_chunk, chunk) for chunk in chunks]):
            streams, some_files, some_bytes, some_dropped, pid, peak = done.result()
            files, size, dropped = files + some_files, size + some_bytes, dropped + some_dropped
            peaks[pid] = max(peak, peaks.get(pid, 0))
            for table, stream in streams.items():
                lake.add(table, stream)
    for table in TABLES:
        lake.commit(table)
    seconds = time.monotonic() - begin
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + sum(peaks.values())
    print(json.dumps({
        "seconds": round(seconds, 2), "zips": len(paths), "files": files, "rows": lake.rows,
        "files_per_s": round(files / seconds), "raw_mb_per_s": round(size / 1e6 / seconds, 1),
        "peak_rss_mb": round(peak_kib / 1024), "dropped": dropped}))


if __name__ == "__main__":
    main()
