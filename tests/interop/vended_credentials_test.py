"""Clients without any S3 credentials of their own, on MinIO: PyIceberg creates, appends and reads through what Tarn hands out, and what it
was handed reaches nothing but that table. Usage: vended_credentials_test.py TARN REPOSITORY
"""

import os
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

import pyarrow
import pyarrow.fs
from pyiceberg.catalog import load_catalog

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from hospital import Checks  # noqa: E402

import s3_server  # noqa: E402

ROWS = pyarrow.table({"id": pyarrow.array([1, 2, 3], pyarrow.int64()), "ward": ["north", None, "south"]})
BUCKET = s3_server.BUCKET


def refused(action):
    """Whether S3 itself says no."""
    try:
        action()
    except (OSError, PermissionError) as error:
        return "ACCESS_DENIED" in str(error) or "Access Denied" in str(error) or "403" in str(error)
    return False


def file_access(config):
    return pyarrow.fs.S3FileSystem(access_key=config["s3.access-key-id"], secret_key=config["s3.secret-access-key"],
                                   session_token=config["s3.session-token"], endpoint_override=config["s3.endpoint"],
                                   region=config["s3.region"])


def key_of(location):
    return location.removeprefix("s3://")


def write(access, path):
    with access.open_output_stream(path) as stream:
        stream.write(b"x")


def read(access, path):
    with access.open_input_stream(path) as stream:
        return stream.read()


def check_reach(checks, table, other):
    """The vended credentials themselves, in other hands than PyIceberg's."""
    access = file_access(table.io.properties)
    own, foreign = key_of(table.location()), key_of(other.location())
    checks.equal("own metadata is read", len(read(access, key_of(table.metadata_location))) > 0, True)
    write(access, f"{own}/data/more")
    access.delete_file(f"{own}/data/more")
    checks.equal("own files are listed", len(access.get_file_info(pyarrow.fs.FileSelector(own, recursive=True))) > 2, True)
    parent = own.rsplit("/", 1)[0]
    refusals = {
        "another table's file": lambda: read(access, key_of(other.metadata_location)),
        "to write there": lambda: write(access, f"{foreign}/data/x"),
        "to remove there": lambda: access.delete_file(key_of(other.metadata_location)),
        "a name that only begins like the table's": lambda: write(access, f"{own}2/data/x"),
        "the folder above": lambda: write(access, f"{parent}/x"),
        "to list the bucket": lambda: access.get_file_info(pyarrow.fs.FileSelector(BUCKET, recursive=True)),
        "to list the folder above": lambda: access.get_file_info(pyarrow.fs.FileSelector(parent, recursive=True)),
        "to list another table": lambda: access.get_file_info(pyarrow.fs.FileSelector(foreign, recursive=True)),
        "a way back": lambda: read(access, f"{own}/../{key_of(other.metadata_location).split('/', 1)[1]}"),
    }
    for what, action in refusals.items():
        checks.equal(f"refused: {what}", refused(action), True)


def check_clients(checks, uri):
    catalog = load_catalog("tarn", type="rest", uri=uri)
    catalog.create_namespace("ns")
    table = catalog.create_table("ns.visits", schema=ROWS.schema)
    table.append(ROWS)
    checks.equal("rows", catalog.load_table("ns.visits").scan().to_arrow().sort_by("id"), ROWS)
    other = catalog.create_table("ns.other", schema=ROWS.schema)
    table = catalog.load_table("ns.visits")
    checks.equal("temporary", bool(table.io.properties.get("s3.session-token")), True)
    check_reach(checks, table, other)
    # A table around the others would reach them all: nothing is handed out for it.
    around = catalog.create_table("ns.around", schema=ROWS.schema, location=table.location().rsplit("/", 1)[0])
    checks.equal("nothing for a folder of others", "s3.access-key-id" in around.io.properties, False)
    strange = catalog.create_table("ns.strange", schema=ROWS.schema, location=table.location() + "*")
    checks.equal("nothing for a pattern", "s3.access-key-id" in strange.io.properties, False)
    quiet = load_catalog("quiet", type="rest", uri=uri, **{"header.X-Iceberg-Access-Delegation": "remote-signing"})
    checks.equal("nothing for who does not ask", "s3.access-key-id" in quiet.load_table("ns.visits").io.properties, False)
    with urllib.request.urlopen(f"{uri}/v1/namespaces/ns/tables/visits/credentials") as answer:
        checks.equal("to be renewed", b"s3.session-token" in answer.read(), True)


def main():
    tarn, repository = os.path.abspath(sys.argv[1]), sys.argv[2]
    checks = Checks()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_SHARED_CREDENTIALS_FILE="/dev/null", AWS_CONFIG_FILE="/dev/null")
    with s3_server.start("minio", repository) as server, tempfile.TemporaryDirectory(prefix="tarn-vended-") as project:
        os.mkdir(f"{project}/feeds")
        with open(f"{project}/tarn.yaml", "w", encoding="utf-8") as file:
            file.write(f"project: vended\nwarehouse: s3://{BUCKET}/vended\ns3:\n  endpoint: {server.url}\n"
                       f"  region: {s3_server.REGION}\n  vended_role: \"arn:aws:iam::000000000000:role/lake\"\n")
        with subprocess.Popen([tarn, "-C", project, "catalog", "serve", "--listen", "127.0.0.1:0"], env=server.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as catalog:
            try:
                check_clients(checks, catalog.stdout.readline().strip())
            finally:
                catalog.terminate()
    checks.report()


if __name__ == "__main__":
    main()
