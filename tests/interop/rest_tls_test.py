#!/usr/bin/env python3
"""Tarn's REST catalog over TLS, as PyIceberg and Python's own TLS meet it.

    rest_tls_test.py TARN_BINARY

The authorities and certificates are made here. Who trusts the authority works as over http; a wrong authority, an old version
of TLS, plain HTTP and a client without a certificate are refused in a way that says why; a handshake that stops half-way is
ended, and delays nobody; renewed files are taken without a restart; beyond the own machine plain HTTP must be asked for.
"""

import http.client
import json
import os
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import pyarrow as pa
import requests
from pyiceberg.catalog import load_catalog
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField

FAILURES = []
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def check(what, actual, expected):
    if actual != expected:
        FAILURES.append(f"{what}: {actual!r} instead of {expected!r}")


def refused(what, reason, ask):
    try:
        FAILURES.append(f"{what} was let in: {ask()!r}")
    except (requests.exceptions.ConnectionError, OSError, http.client.HTTPException) as error:
        if reason not in repr(error):
            FAILURES.append(f"{what}: {error!r} does not say {reason!r}")


class Keys:
    """Authorities and what they sign."""

    def __init__(self, folder):
        self.folder = folder
        self.names = folder / "names"
        self.names.write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
        for name in ("ca", "other"):
            self.openssl("req", "-x509", *EC, "-days", "30", "-subj", f"/CN={name}", "-keyout", self.path(name, "key"),
                         "-out", self.path(name, "pem"))

    def path(self, name, kind):
        return str(self.folder / f"{name}.{kind}")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def sign(self, name, authority):
        self.openssl("req", *EC, "-subj", f"/CN={name}", "-keyout", self.path(name, "key"), "-out", self.path(name, "csr"))
        self.openssl("x509", "-req", "-in", self.path(name, "csr"), "-CA", self.path(authority, "pem"), "-CAkey",
                     self.path(authority, "key"), "-CAcreateserial", "-days", "30", "-extfile", self.names,
                     "-out", self.path(name, "pem"))


class Server:
    """`tarn catalog serve` with what it says."""

    def __init__(self, tarn, project, rest):
        (project / "feeds").mkdir(parents=True, exist_ok=True)
        (project / "tarn.yaml").write_text(json.dumps({"project": "tls", "listeners": {"rest": rest}}), encoding="utf-8")
        self.events = []
        self.process = subprocess.Popen([tarn, "-C", project, "catalog", "serve"], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.uri = self.process.stdout.readline().strip()
        self.port = int(self.uri.rpartition(":")[2] or 0)

    def read(self):
        for line in self.process.stderr:
            self.events.append(line)

    def said(self, event):
        return any(event in line for line in self.events)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            check("how tarn ended", self.process.wait(timeout=30), 0)
        self.reader.join()


def config(server, authority, certificate=None):
    return requests.get(f"{server.uri}/v1/config", verify=authority, cert=certificate, timeout=20).status_code


def by_socket(server, version):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")  # else this side would not offer the old ones
    context.minimum_version = context.maximum_version = version
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as tcp, context.wrap_socket(tcp) as tls:
        return tls.version()


def tables(uri, ssl_properties):
    catalog = load_catalog("tarn", type="rest", uri=uri, ssl=ssl_properties)
    catalog.create_namespace("n")
    table = catalog.create_table("n.t", Schema(NestedField(1, "id", LongType())))
    for number in range(5):
        table.append(pa.table({"id": pa.array(range(number * 1000, number * 1000 + 1000), pa.int64())}))
    check("ids by way of TLS", sorted(catalog.load_table("n.t").scan().to_arrow()["id"].to_pylist()), list(range(5000)))


def half_handshakes(server, keys):
    """None of them delays others; all of them end."""
    halves, started = [], time.monotonic()
    for begin in (b"", b"\x16\x03\x01\x02\x00\x01\x00"):
        for _ in range(20):
            halves.append(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            halves[-1].sendall(begin)
    begin = time.monotonic()
    check("an answer amid half handshakes", config(server, keys.path("ca", "pem")), 200)
    if time.monotonic() - begin > 5:
        FAILURES.append("half handshakes delayed another client")
    for half in halves:
        check("what a half handshake gets", half.recv(1), b"")
        half.close()
    if not 9 < time.monotonic() - started < 30:
        FAILURES.append(f"half handshakes ended after {time.monotonic() - started:.1f} s instead of 10")


def serve_tls(tarn, project, keys, tls):
    with Server(tarn, project, {"listen": "127.0.0.1:0", "tls": tls}) as server:
        check("the scheme", server.uri.partition(":")[0], "https")
        tables(server.uri, {"cabundle": keys.path("ca", "pem")})
        refused("who trusts another authority", "CERTIFICATE_VERIFY_FAILED", lambda: config(server, keys.path("other", "pem")))
        refused("TLS 1.1", "PROTOCOL_VERSION", lambda: by_socket(server, ssl.TLSVersion.TLSv1_1))
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            check("a version", by_socket(server, version), version.name.replace("_", "."))
        plain = requests.get(f"http://127.0.0.1:{server.port}/v1/config", timeout=20)
        check("plain HTTP", (plain.status_code, "https://" in plain.text), (400, True))
        half_handshakes(server, keys)
        renew(server, keys)


def renew(server, keys):
    """The certificate is replaced before its key: what lies between does no harm."""
    keys.sign("next", "other")
    pathlib.Path(keys.path("server", "pem")).write_bytes(pathlib.Path(keys.path("next", "pem")).read_bytes())
    for _ in range(40):
        check("while files are replaced", config(server, keys.path("ca", "pem")), 200)
        if server.said("rest.certificate_refused"):
            break
        time.sleep(0.2)
    pathlib.Path(keys.path("server", "key")).write_bytes(pathlib.Path(keys.path("next", "key")).read_bytes())
    for _ in range(40):
        try:
            if config(server, keys.path("other", "pem")) == 200:
                break
        except requests.exceptions.SSLError:
            time.sleep(0.2)
    check("what was logged", [server.said(f"rest.certificate_{word}") for word in ("refused", "renewed")], [True, True])
    refused("the former authority", "CERTIFICATE_VERIFY_FAILED", lambda: config(server, keys.path("ca", "pem")))


def client_certificates(tarn, project, keys, tls):
    for name, authority in (("server", "ca"), ("known", "ca"), ("stranger", "other")):
        keys.sign(name, authority)
    pair = {name: (keys.path(name, "pem"), keys.path(name, "key")) for name in ("known", "stranger")}
    with Server(tarn, project, {"listen": "0.0.0.0:0", "tls": {**tls, "client_ca": keys.path("ca", "pem")}}) as server:
        server.uri = f"https://127.0.0.1:{server.port}"
        tables(server.uri, {"cabundle": keys.path("ca", "pem"), "client": dict(zip(("cert", "key"), pair["known"]))})
        refused("no certificate", "", lambda: config(server, keys.path("ca", "pem")))
        refused("a stranger's", "", lambda: config(server, keys.path("ca", "pem"), pair["stranger"]))


def refusals_at_start(tarn, project, tls):
    for rest, code in (({"listen": "0.0.0.0:0"}, "cli.open_listener"),
                       ({"listen": "0.0.0.0:0", "anonymous": True}, "cli.plain_listener"),
                       ({"listen": "127.0.0.1:0", "tls": {**tls, "key": "absent.key"}}, "net.bad_certificate")):
        with Server(tarn, project, rest) as server:
            check(f"how {rest} ended", server.process.wait(timeout=30), 1)
        check(f"{code} is said", server.said(code), True)
    with Server(tarn, project, {"listen": "0.0.0.0:0", "anonymous": True, "plain_http": True}) as server:
        check("plain HTTP where asked for", requests.get(f"http://127.0.0.1:{server.port}/v1/config", timeout=20).status_code, 200)


def main():
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):  # They win over what PyIceberg is told.
        os.environ.pop(variable, None)
    tarn = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="tarn-tls-") as folder:
        project = pathlib.Path(folder) / "project"
        (project / "tls").mkdir(parents=True)
        keys = Keys(project / "tls")
        keys.sign("server", "ca")
        tls = {"certificate": "tls/server.pem", "key": "tls/server.key"}
        serve_tls(tarn, project, keys, tls)
        client_certificates(tarn, project.parent / "clients", keys, {kind: str(project / path) for kind, path in tls.items()})
        refusals_at_start(tarn, project.parent / "refused", {kind: str(project / path) for kind, path in tls.items()})
    print("\n".join(FAILURES) or "TLS holds")
    return 1 if FAILURES else 0


if __name__ == "__main__":
    sys.exit(main())
