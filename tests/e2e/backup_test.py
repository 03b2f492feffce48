"""A backup is the whole lake at one moment, whatever goes on meanwhile; what is restored is that lake."""

import os
import shutil
import signal
import subprocess
import sys
import time

from hospital import Checks, Hospital

TABLES = ("curated.encounter", "curated.encounter_diagnosis", "curated.lab_result", "curated.claim_line",
          "curated.bed_census", "curated.patient")


def contents(hospital):
    """Of each table the rows, and a checksum of all values of all columns; of the ledger its sums."""
    found = {}
    for table in TABLES:
        found[table] = hospital.sql(f"select count(*) as n, sum(hash(t) % 1000000007)::varchar as checksum from {table} t")[0]
    found["ops.files"] = hospital.sql("select count(*) as n, sum(hash(path) % 1000003)::varchar as checksum from ops.files")[0]
    found["ops.quarantine"] = hospital.sql("select count(*) as n, sum(hash(raw) % 1000003)::varchar as checksum from ops.quarantine")[0]
    return found


def backups(hospital, repository):
    return [row["backup"] for row in hospital.rows("backup", "list", repository)]


def code_of(done):
    return done.stderr.split("error[", 1)[-1].split("]", 1)[0] if "error[" in done.stderr else ""


def remove_lake(hospital):
    for name in os.listdir(hospital.project):
        if name != "inbox":
            path = f"{hospital.project}/{name}"
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def check_points_in_time(checks, hospital, repository):
    hospital.make("--zips", "20", "--seed", "1", "--defects", "typical")
    hospital.run("ingest")
    first = contents(hospital)
    hospital.run("backup", "create", repository)
    hospital.run("demo", "make", f"{hospital.scratch}/more", "--zips", "20", "--seed", "2", "--defects", "typical")
    shutil.copytree(f"{hospital.scratch}/more", hospital.inbox, dirs_exist_ok=True)
    hospital.run("ingest")
    second = contents(hospital)
    copied = hospital.run("backup", "create", repository).stdout
    ids = backups(hospital, repository)
    checks.equal("two backups", len(ids), 2)
    checks.equal("nothing is new in a third", "; 0 files (0 B) were new" in hospital.run("backup", "create", repository).stdout,
                 True)
    proven = {row["table"]: row["rows read"] for row in hospital.rows("restore", repository, "--drill", "--backup", ids[0])}
    checks.equal("the drill reads every row", proven, {table: first[table]["n"] for table in TABLES})
    checks.equal("the second backup copied something", "were new" in copied, True)

    remove_lake(hospital)
    hospital.run("restore", repository, "--backup", ids[1])
    # Before anybody asks: what is asked is put on record, in the state.
    checks.equal("restored again: nothing is left to do", ": 0 files" in hospital.run("restore", repository, "--backup", ids[1]).stdout, True)
    checks.equal("the second backup is the second lake", contents(hospital), second)
    refused = hospital.run("restore", repository, "--backup", ids[0], check=False)
    checks.equal("another state is not overwritten", (refused.returncode, code_of(refused)), (1, "backup.would_overwrite"))
    checks.equal("and is as it was", contents(hospital), second)
    hospital.run("restore", repository, "--backup", ids[0], "--overwrite")
    checks.equal("the first backup is the first lake", contents(hospital), first)
    # The senders' files of after the backup are loaded once more, upserts upon the restored tables included.
    hospital.run("ingest")
    caught_up = contents(hospital)
    checks.equal("what came later is loaded again", {name: caught_up[name]["n"] for name in TABLES},
                 {name: second[name]["n"] for name in TABLES})
    hospital.run("doctor", "--deep")


def objects(repository):
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(f"{repository}/objects") for name in names)


def flip(path):
    with open(path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))


def check_damage(checks, hospital, repository):
    # Only of a file the lake still has can --recheck put the bytes in anew: the newest backup is of this lake.
    earlier = set(objects(repository))
    hospital.run("backup", "create", repository)
    parquet = next(path for path in objects(repository) if path not in earlier and open(path, "rb").read(4) == b"PAR1")
    flip(parquet)
    for command in (("backup", "verify", repository), ("restore", repository, "--drill")):
        done = hospital.run(*command, check=False)
        checks.equal(f"{command[:2]} finds a changed byte", (done.returncode, code_of(done)), (1, "backup.damaged"))
    hospital.run("backup", "create", repository, "--recheck")
    hospital.run("backup", "verify", repository)
    os.remove(parquet)
    checks.equal("a lost object is found", code_of(hospital.run("backup", "verify", repository, check=False)), "backup.damaged")
    hospital.run("backup", "create", repository, "--recheck")
    hospital.run("restore", repository, "--drill")
    newest = f"{repository}/backups/{backups(hospital, repository)[-1]}.jsonl"
    flip(newest)
    checks.equal("a changed list is found", code_of(hospital.run("backup", "verify", repository, check=False)), "backup.damaged")
    os.remove(newest)


def check_refusals(checks, hospital, repository):
    os.makedirs(f"{hospital.scratch}/full")
    with open(f"{hospital.scratch}/full/file", "w", encoding="utf-8") as file:
        file.write("x")
    for folder, code in ((f"{hospital.scratch}/full", "backup.not_a_repository"), (f"{hospital.project}/lake/b", "cli.usage")):
        checks.equal(f"not into {folder}", code_of(hospital.run("backup", "create", folder, check=False)), code)
    checks.equal("nothing to list", code_of(hospital.run("backup", "list", f"{hospital.scratch}/none", check=False)),
                 "backup.not_a_repository")
    checks.equal("an unknown backup", code_of(hospital.run("restore", repository, "--backup", "none", check=False)),
                 "backup.not_found")
    checks.equal("none as old", code_of(hospital.run("restore", repository, "--at", "2001-01-01", check=False)),
                 "backup.not_found")
    checks.equal("no time", hospital.run("restore", repository, "--at", "yesterday", check=False).returncode, 2)
    with open(f"{hospital.project}/tarn.yaml", encoding="utf-8") as file:
        settings = file.read()
    with open(f"{hospital.project}/tarn.yaml", "w", encoding="utf-8") as file:
        file.write(settings.replace("project: hospital", "project: other"))
    checks.equal("another project's repository", code_of(hospital.run("backup", "create", repository, check=False)),
                 "backup.other_project")
    with open(f"{hospital.project}/tarn.yaml", "w", encoding="utf-8") as file:
        file.write(settings)


def check_prune(checks, hospital, repository):
    before = len(objects(repository))
    hospital.run("backup", "prune", repository, "--keep", "1")
    checks.equal("one is kept", len(backups(hospital, repository)), 1)
    checks.equal("young objects stay", len(objects(repository)), before)
    for path in objects(repository):
        os.utime(path, (0, 0))
    hospital.run("backup", "prune", repository, "--keep", "1")
    checks.equal("old ones that nobody needs go", len(objects(repository)) < before, True)
    hospital.run("restore", repository, "--drill")


def check_busy(checks, hospital, repository):
    """While ingest commits, and with backups killed in the middle."""
    hospital.set_batch_files(2)
    hospital.run("demo", "make", f"{hospital.scratch}/busy", "--zips", "60", "--seed", "3", "--defects", "none")
    shutil.copytree(f"{hospital.scratch}/busy", hospital.inbox, dirs_exist_ok=True)
    command = [hospital.tarn, "-C", hospital.project]
    with subprocess.Popen(command + ["ingest"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as ingest:
        kills = 0
        made = 0
        while ingest.poll() is None and made < 12:
            with subprocess.Popen(command + ["backup", "create", repository], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) as backup:
                if made % 2:
                    time.sleep(0.02 + 0.01 * (made % 5))
                    backup.send_signal(signal.SIGKILL)
                    kills += 1
                backup.wait()
                checks.equal("a backup beside ingest", backup.returncode in (0, -signal.SIGKILL), True)
            made += 1
        ingest.wait()
        checks.equal("ingest is not disturbed", ingest.returncode, 0)
    for backup in backups(hospital, repository)[-3:]:
        hospital.run("restore", repository, "--drill", "--backup", backup)
    hospital.run("backup", "create", repository)
    final = contents(hospital)
    remove_lake(hospital)
    hospital.run("restore", repository)
    checks.equal("the last backup is the last lake", contents(hospital), final)


def main():
    checks = Checks()
    with Hospital(sys.argv[1], sys.argv[2]) as hospital:
        repository = f"{hospital.scratch}/safe"
        check_points_in_time(checks, hospital, repository)
        check_damage(checks, hospital, repository)
        check_refusals(checks, hospital, repository)
        check_prune(checks, hospital, repository)
        check_busy(checks, hospital, repository)
    checks.report()


if __name__ == "__main__":
    main()
