"""Trino 476 on this machine, with Tarn's REST catalog as `lake`, and a client of it."""

import contextlib
import decimal
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

START_S = 240
SETTINGS = {
    "config.properties": ["coordinator=true", "node-scheduler.include-coordinator=true", "http-server.http.port={port}",
                          "discovery.uri=http://127.0.0.1:{port}", "query.max-memory=512MB",
                          "query.max-memory-per-node=512MB", "memory.heap-headroom-per-node=256MB"],
    "log.properties": ["io.trino=WARN"],
    "catalog/lake.properties": ["connector.name=iceberg", "iceberg.catalog.type=rest", "iceberg.rest-catalog.uri={uri}",
                                "iceberg.rest-catalog.view-endpoints-enabled=true", "iceberg.max-commit-retry=20",
                                "iceberg.expire-snapshots.min-retention=0s", "iceberg.remove-orphan-files.min-retention=0s",
                                "fs.native-local.enabled=true", "local.location=/"],
}
JAVA = ["-Xmx1200m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:ReservedCodeCacheSize=256m",
        "-Djdk.attach.allowAttachSelf=true", "-Dfile.encoding=UTF-8", "-Duser.timezone=UTC",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", "-Dnode.environment=tarn",
        "-Dnode.id=tarn", "-Dnode.bind-ip=127.0.0.1", "-Dnode.internal-address=127.0.0.1"]


class TrinoError(Exception):
    """What Trino says of a statement that fails."""


def typed(value, kind):
    return decimal.Decimal(value) if value is not None and kind.startswith("decimal") else value


class Trino:
    """Runs statements, each to its end."""

    def __init__(self, port):
        self.uri = f"http://127.0.0.1:{port}/v1/statement"

    @staticmethod
    def ask(target, body=None):
        request = urllib.request.Request(target, body, {"X-Trino-User": "tarn", "X-Trino-Catalog": "lake",
                                                        "X-Trino-Time-Zone": "UTC"})
        for _ in range(100):
            try:
                with urllib.request.urlopen(request, timeout=120) as response:
                    return json.load(response)
            except urllib.error.HTTPError as error:
                if error.code not in (502, 503, 504):
                    raise
                time.sleep(0.1)
        raise TrinoError(f"{target} stays unavailable")

    def rows(self, sql):
        answer, rows = self.ask(self.uri, sql.encode()), []
        while True:
            if "error" in answer:
                raise TrinoError(f"{sql}: {answer['error']['message']}")
            kinds = [column["type"] for column in answer.get("columns", ())]
            rows += [tuple(map(typed, row, kinds)) for row in answer.get("data", ())]
            if "nextUri" not in answer:
                return rows
            answer = self.ask(answer["nextUri"])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(process, trino, log):
    """The coordinator says that it started before it has found itself as a worker."""
    end = time.monotonic() + START_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError, TrinoError, ValueError):
            if trino.rows("SELECT count(*) FROM system.runtime.nodes WHERE state = 'active'") == [(1,)]:
                return
        time.sleep(0.5)
    print("".join(log.read_text(encoding="utf-8", errors="replace").splitlines(True)[-30:]), file=sys.stderr)
    raise SystemExit(f"Trino did not start within {START_S} s")


@contextlib.contextmanager
def serving(java, home, uri, scratch):
    """A server on a free port; `home` holds its unpacked archives."""
    port = free_port()
    for name, lines in SETTINGS.items():
        path = scratch / "etc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines).format(port=port, uri=uri) + "\n", encoding="utf-8")
    (scratch / "data").mkdir()
    core = next(pathlib.Path(home).glob("trino-server-core-*"))
    log = scratch / "trino.log"
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen([java, *JAVA, f"-Dnode.data-dir={scratch}/data", f"-Dconfig={scratch}/etc/config.properties",
                                    f"-Dlog.levels-file={scratch}/etc/log.properties", f"-Dplugin.dir={core}/plugin",
                                    f"-Dcatalog.config-dir={scratch}/etc/catalog", "-cp", f"{core}/lib/*",
                                    "io.trino.server.TrinoServer"], stdout=out, stderr=out, cwd=scratch)
    try:
        trino = Trino(port)
        wait_for(process, trino, log)
        yield trino
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
