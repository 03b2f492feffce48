"""S3 servers for the tests, on loopback: moto (from .cache/venv-s3; answers as S3 does, checks no signatures) for every run,
MinIO (compiled by Go, once) for `./dev test --interop`.

    with start("minio", repository) as server: server.host, server.port, server.environment

As a command it runs another one beside a server: s3_server.py moto REPOSITORY COMMAND…, which finds the server in
TARN_TEST_S3 and the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. There is one bucket, `lake`.
"""

import datetime
import hashlib
import hmac
import html
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

MINIO = "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c"
KEY, SECRET, REGION, BUCKET = "tarn-test", "tarn-test-secret", "us-east-1", "lake"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def signed(address, method, path, body=b"", headers=None):
    """One request signed with SigV4, by these lines and not by those that are under test."""
    host = f"{address[0]}:{address[1]}"
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    scope = f"{date[:8]}/{REGION}/s3/aws4_request"
    path, _, query = path.partition("?")
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = f"{method}\n{path}\n{query}\nhost:{host}\nx-amz-content-sha256:{digest}\nx-amz-date:{date}\n\n{names}\n{digest}"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{SECRET}".encode()
    for part in (date[:8], REGION, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request(method, path + ("?" + query if query else ""), body, {
        "Host": host, "x-amz-date": date, "x-amz-content-sha256": digest, **(headers or {}),
        "Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/{scope}, SignedHeaders={names}, Signature={signature}"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def keys_below(address, prefix):
    """Every object of the bucket whose key begins so."""
    keys, after = [], ""
    while True:
        query = f"list-type=2&prefix={urllib.parse.quote(prefix, safe='')}"
        if after:
            query += f"&start-after={urllib.parse.quote(after, safe='')}"
        status, body = signed(address, "GET", f"/{BUCKET}?{query}")
        if status != 200:
            sys.exit(f"the bucket cannot be listed: {status}")
        found = [html.unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", body.decode())]
        if not found:
            return keys
        keys += found
        after = found[-1]


class Server:
    def __init__(self, command, port, extra):
        self.host, self.port = "127.0.0.1", port
        self.url = f"http://{self.host}:{port}"
        self.address = (self.host, port)
        self.environment = {**os.environ, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET,
                            "AWS_EC2_METADATA_DISABLED": "true", "TARN_TEST_S3": self.url}
        self.folder = tempfile.mkdtemp(prefix="tarn-s3-")
        self.process = subprocess.Popen([word.replace("FOLDER", self.folder) for word in command],
                                        env={**os.environ, **extra}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(300):
            try:
                if signed(self.address, "PUT", f"/{BUCKET}")[0] in (200, 409):
                    return self
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.2)
        self.__exit__()
        sys.exit("the S3 server does not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def minio_program(repository):
    program = os.environ.get("TARN_MINIO", os.path.join(repository, ".cache", "bin", "minio"))
    if not os.path.exists(program):
        if not shutil.which("go"):
            sys.exit("MinIO is compiled by Go (1.24 or later), which is not here: install it, or name a program in TARN_MINIO")
        print("compiling MinIO, some minutes the first time", file=sys.stderr)
        subprocess.run(["go", "install", MINIO], check=True,
                       env={**os.environ, "GOBIN": os.path.dirname(os.path.abspath(program)), "CGO_ENABLED": "0"})
    return program


def moto_python(repository):
    python = os.path.join(repository, ".cache", "venv-s3", "bin", "python")
    if not os.path.exists(python):
        sys.exit("the S3 server lies in .cache/venv-s3: run ./dev setup")
    return python


# Stamps what is put as of so many days ago.
AGED_MOTO = """import datetime, sys
import moto.core.utils as clock
now = clock.utcnow
clock.utcnow = lambda: now() - datetime.timedelta(days=DAYS)
from moto.server import main
main(sys.argv[1:])
"""


def start_aged(days, repository):
    """moto, in whose bucket everything is old: no test waits for days."""
    port = free_port()
    script = AGED_MOTO.replace("DAYS", str(days))
    return Server([moto_python(repository), "-c", script, "-H", "127.0.0.1", "-p", str(port)], port, {})


def start(kind, repository):
    port = free_port()
    if kind == "minio":
        return Server([minio_program(repository), "server", "--quiet", "--address", f"127.0.0.1:{port}", "FOLDER"], port,
                      {"MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": SECRET, "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"})
    return Server([moto_python(repository), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], port, {})


def main():
    kind, repository, *command = sys.argv[1:]
    with start(kind, repository) as server:
        sys.exit(subprocess.run(command, env=server.environment, check=False).returncode)


if __name__ == "__main__":
    main()
