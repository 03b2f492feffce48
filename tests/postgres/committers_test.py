"""Many clients commit to one table through two `tarn catalog serve` on one PostgreSQL state: no commit is lost."""

import json
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from pathlib import Path

from server import Server

CLIENTS, COMMITS = 6, 25


def call(uri, method, path, body=None):
    request = urllib.request.Request(f"{uri}/v1/{path}", method=method, data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def serve(tarn, folder, name, state):
    project = Path(folder, name)
    project.mkdir()
    (project / "tarn.yaml").write_text(f"project: shared\nstate: {state}\nwarehouse: {folder}/lake\n", encoding="utf-8")
    process = subprocess.Popen([tarn, "-C", project, "catalog", "serve", "--listen", "127.0.0.1:0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return process, process.stdout.readline().strip()


class Client(threading.Thread):
    """Leaves marks of its own in the table's properties, trying again when others were faster."""

    def __init__(self, uri, number):
        super().__init__()
        self.uri, self.number, self.marks, self.conflicts = uri, number, [], 0

    def run(self):
        for commit in range(COMMITS):
            mark = f"mark.{self.number}.{commit}"
            while True:
                status, _ = call(self.uri, "POST", "namespaces/shared/tables/t", {
                    "requirements": [], "updates": [{"action": "set-properties", "updates": {mark: "1"}}]})
                if status == 200:
                    self.marks.append(mark)
                    break
                if status not in (409, 429):
                    raise SystemExit(f"a commit was answered with {status}")
                self.conflicts += 1


def main():
    tarn = str(Path(sys.argv[1]).resolve())
    with Server() as server, tempfile.TemporaryDirectory(prefix="tarn-committers-") as folder:
        # Both start at once, so that they race for making the schema, too.
        started = [serve(tarn, folder, name, server.location) for name in ("a", "b")]
        try:
            uris = [uri for _, uri in started]
            call(uris[0], "POST", "namespaces", {"namespace": ["shared"]})
            schema = {"type": "struct", "fields": [{"id": 1, "name": "id", "type": "long", "required": True}]}
            call(uris[1], "POST", "namespaces/shared/tables", {"name": "t", "schema": schema})
            clients = [Client(uris[number % 2], number) for number in range(CLIENTS)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            wanted = {mark for client in clients for mark in client.marks}
            for uri in uris:
                _, table = call(uri, "GET", "namespaces/shared/tables/t")
                found = {name for name in table["metadata"]["properties"] if name.startswith("mark.")}
                if found != wanted or len(wanted) != CLIENTS * COMMITS:
                    sys.exit(f"{len(wanted)} of {CLIENTS * COMMITS} commits were made, {len(wanted - found)} of them are lost")
                if int(table["metadata-location"].rsplit("/", 1)[1].split("-")[0]) != len(wanted):
                    sys.exit("the table's metadata files are not one a commit")
        finally:
            for process, _ in started:
                process.terminate()
            codes = [process.wait(timeout=30) for process, _ in started]
        if codes != [0, 0]:
            sys.exit(f"the servers ended with {codes}")
        print(f"{len(wanted)} commits, {sum(client.conflicts for client in clients)} conflicts told to clients")


if __name__ == "__main__":
    main()
