"""A PostgreSQL server of its own, in a scratch folder, reached by a unix socket, on request on a port of loopback, too."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

NOBODY = 65534


def programs():
    """The folder of the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        sys.exit("no PostgreSQL server is installed: apt-get install postgresql (./dev test does it)")
    return found[-1].parent


class Server:
    """Runs for as long as the `with` block. When the server dies it is started again at once, as after a crash."""

    def __init__(self, fsync=False, port=None, connections=60):
        self.port = port
        self.connections = connections
        # Tests kill the server, not the machine.
        self.fsync = "on" if fsync else "off"

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tarn-pg-", dir="/tmp"))
        self.data = self.folder / "data"
        # PostgreSQL refuses to run as root.
        self.user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        if self.user:
            os.chown(self.folder, NOBODY, NOBODY)
        self.folder.chmod(0o755)
        self.bin = programs()
        subprocess.run([self.bin / "initdb", "-D", self.data, "-U", "tarn", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"],
                       check=True, stdout=subprocess.DEVNULL, cwd=self.folder, **self.user)
        self.log = open(self.folder / "log", "w", encoding="utf-8")
        self.closing = False
        self.start()
        self.keeper = threading.Thread(target=self.keep)
        self.keeper.start()
        return self

    def start(self):
        self.process = subprocess.Popen(
            [self.bin / "postgres", "-D", self.data, "-k", self.folder, *self.listening(), "-c", f"fsync={self.fsync}",
             "-c", "shared_buffers=16MB", "-c", f"max_connections={self.connections}"],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, cwd=self.folder, **self.user)
        for _ in range(600):
            ready = subprocess.run([self.bin / "pg_isready", "-q", "-h", self.folder], check=False)
            if ready.returncode == 0 or self.process.poll() is not None:
                return
            time.sleep(0.05)

    def listening(self):
        if self.port is None:
            return ["-c", "listen_addresses="]
        return ["-c", "listen_addresses=127.0.0.1", "-p", str(self.port)]

    def keep(self):
        while not self.closing:
            if self.process.poll() is not None and not self.closing:
                self.start()  # Fails while processes of the dead server remain, and is tried again.
            time.sleep(0.05)

    def kill(self):
        """As a crash does."""
        self.process.send_signal(signal.SIGKILL)

    def __exit__(self, *_):
        self.closing = True
        self.keeper.join()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=60)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def location(self):
        return "postgresql://tarn@" + str(self.folder).replace("/", "%2F") + "/postgres"

    def sql(self, statement):
        done = subprocess.run([self.bin / "psql", "-h", self.folder, "-U", "tarn", "-d", "postgres", "-Atqc", statement],
                              check=True, capture_output=True, text=True)
        return done.stdout.strip()
