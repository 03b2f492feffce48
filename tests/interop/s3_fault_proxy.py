"""An HTTP proxy that stands before an S3 server and does to it what networks and busy services do.

    with FaultProxy(("127.0.0.1", 9000), rate=0.1, seed=1) as proxy:   # rate: the share of requests that suffer
        ...                                                           # proxy.url, proxy.seen: Counter of kinds

Kinds: `500` and `503` are answered without asking the server; `throttle` is a 503, as is all that comes in the next second;
`lost` asks the server and throws its answer away; `cut_request` and `cut_response` break the connection in the middle of
either; `stall` asks the server, and then says nothing until the client gives up; `slow` drips the answer.
"""

import collections
import random
import socket
import threading
import time

KINDS = ("500", "503", "throttle", "lost", "cut_request", "cut_response", "stall", "slow")
STALL_SECONDS = 30
THROTTLE_SECONDS = 1
ERROR = ('<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>made by the fault proxy</Message>'
         '</Error>')


class Closed(Exception):
    """The other side went away."""


class Stream:
    """A socket read by lines and counts."""

    def __init__(self, connection):
        self.connection = connection
        self.pending = b""

    def more(self):
        data = self.connection.recv(1 << 16)
        if not data:
            raise Closed
        self.pending += data

    def head(self):
        while b"\r\n\r\n" not in self.pending:
            self.more()
        head, self.pending = self.pending.split(b"\r\n\r\n", 1)
        return head.decode("latin-1").split("\r\n")

    def exactly(self, count):
        while len(self.pending) < count:
            self.more()
        data, self.pending = self.pending[:count], self.pending[count:]
        return data

    def line(self):
        while b"\r\n" not in self.pending:
            self.more()
        line, self.pending = self.pending.split(b"\r\n", 1)
        return line

    def chunks(self):
        """A chunked body as it came."""
        raw = b""
        while True:
            size_line = self.line()
            raw += size_line + b"\r\n"
            size = int(size_line.split(b";")[0], 16)
            if size:
                raw += self.exactly(size + 2)
                continue
            while True:  # trailers
                line = self.line()
                raw += line + b"\r\n"
                if not line:
                    return raw

    def rest(self):
        try:
            while True:
                self.more()
        except Closed:
            data, self.pending = self.pending, b""
            return data


def fields(lines):
    return {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}


class FaultProxy:
    def __init__(self, upstream, rate=0.0, seed=0, kinds=KINDS, only=lambda method, path: True):
        self.upstream = upstream
        self.rate = rate
        self.kinds = kinds
        self.only = only
        self.seen = collections.Counter()
        self.requests = 0
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._throttled_until = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _choose(self, method, path):
        with self._lock:
            self.requests += 1
            if time.monotonic() < self._throttled_until:
                return "503"
            if not self.only(method, path) or self._random.random() >= self.rate:
                return None
            kind = self._random.choice(self.kinds)
            self.seen[kind] += 1
            if kind == "throttle":
                self._throttled_until = time.monotonic() + THROTTLE_SECONDS
                return "503"
            return kind

    def _serve(self, connection):
        client = Stream(connection)
        try:
            while self._one(client):
                pass
        except (Closed, OSError, ValueError):
            pass
        finally:
            connection.close()

    def _one(self, client):
        """One request and its answer; whether the connection goes on."""
        lines = client.head()
        method, path, _ = lines[0].split(" ", 2)
        known = fields(lines)
        if known.get("expect", "").lower() == "100-continue":
            client.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        chunked = "chunked" in known.get("transfer-encoding", "").lower()
        body = client.chunks() if chunked else client.exactly(int(known.get("content-length", 0)))
        kind = self._choose(method, path)
        if kind in ("500", "503"):
            text = ERROR.format(code="InternalError" if kind == "500" else "SlowDown")
            answer = f"HTTP/1.1 {kind} Fault\r\nContent-Type: application/xml\r\nContent-Length: "
            answer += f"{0 if method == 'HEAD' else len(text)}\r\n\r\n" + ("" if method == "HEAD" else text)
            client.connection.sendall(answer.encode())
            return True
        kept = [lines[0]] + [line for line in lines[1:]
                             if line.split(":")[0].strip().lower() not in ("expect", "connection")]
        head = "\r\n".join(kept + ["Connection: close"]).encode("latin-1") + b"\r\n\r\n"
        with socket.create_connection(self.upstream, timeout=60) as upstream:
            if kind == "cut_request":
                upstream.sendall(head + body[:len(body) // 2])
                return False
            upstream.sendall(head + body)
            answer = Stream(upstream).rest()
        return self._answer(client.connection, kind, answer)

    @staticmethod
    def _answer(connection, kind, answer):
        if kind == "lost":
            return False
        if kind == "stall":
            time.sleep(STALL_SECONDS)
            return False
        if kind == "cut_response":
            connection.sendall(answer[:len(answer) // 2])
            return False
        if kind == "slow":
            piece = max(1, len(answer) // 8)
            for at in range(0, len(answer), piece):
                connection.sendall(answer[at:at + piece])
                time.sleep(0.05)
            return False
        connection.sendall(answer)
        return False  # the answer says so, too
