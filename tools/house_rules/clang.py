"""Runs clang-format over all sources and clang-tidy over the changed ones."""
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .tree import Finding

_PLACE = re.compile(r"^(?P<path>[^\s:][^:]*):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*)$")


def _missing(tool):
    return Finding("tools/apt-packages.txt", 1, "tool.missing", f"{tool} is not installed", f"apt-get install {tool}")


def check_format(root, tree):
    tool = shutil.which("clang-format-16")
    paths = [path for path, _ in tree.sources()]
    if not tool:
        yield _missing("clang-format-16")
        return
    step = 40
    for start in range(0, len(paths), step):
        done = subprocess.run([tool, "--dry-run", *paths[start:start + step]], cwd=root, capture_output=True, text=True,
                              check=False)
        seen = set()
        for line in done.stderr.splitlines():
            match = _PLACE.match(line)
            if match and match["path"] not in seen:
                seen.add(match["path"])
                yield Finding(match["path"], int(match["line"]), "format", "not as clang-format would have it", "./dev fmt")


def changed_files(root):
    """What differs from where this branch left main (or from the commit before, on main), committed or not."""
    def git(*words):
        return subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False).stdout.strip()

    base = ""
    for main in ("origin/main", "main"):
        base = base or git("merge-base", "HEAD", main)
    if not base or base == git("rev-parse", "HEAD"):
        base = git("rev-parse", "HEAD~1") or git("rev-parse", "HEAD")
    names = git("diff", "--name-only", "--diff-filter=d", base).split("\n")
    return sorted({name for name in names + git("ls-files", "-o", "--exclude-standard").split("\n") if name})


def check_tidy(root, build, files):
    """clang-tidy on FILES by the compile commands in BUILD; a header is checked through its `header_alone` proof."""
    tool = shutil.which("clang-tidy-16")
    if not tool:
        yield _missing("clang-tidy-16")
        return
    root = Path(root).resolve()
    commands = json.loads(Path(build, "compile_commands.json").read_text())
    known = {os.path.realpath(entry["file"]): entry["file"] for entry in commands}
    units = set()
    for name in files:
        path = root / name
        if name.endswith(".cpp") and str(path) in known:
            units.add(known[str(path)])
        elif name.endswith(".h"):
            proof = f"{path.parent.relative_to(root)}/header_alone/{path.stem}.cpp"
            units.update(file for file in known.values() if file.endswith(proof))

    def relative(name):
        path = os.path.realpath(name)
        return os.path.relpath(path, root) if path.startswith(f"{root}{os.sep}") else path

    def run(unit):
        done = subprocess.run([tool, "-p", str(build), "--quiet", "--extra-arg=-Wno-unknown-warning-option", unit],
                              cwd=root, capture_output=True, text=True, check=False)
        matches = [match for match in map(_PLACE.match, done.stdout.splitlines()) if match]
        if done.returncode and not matches:
            return {Finding(relative(unit), 1, "clang-tidy", "clang-tidy itself failed", done.stderr.strip()[-200:])}
        return {Finding(relative(match["path"]), int(match["line"]), "clang-tidy", match["text"], "see .clang-tidy")
                for match in matches}

    found = set()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, findings in enumerate(pool.map(run, sorted(units)), 1):
            if sys.stderr.isatty():
                print(f"\rclang-tidy: {number} of {len(units)} files", end="", file=sys.stderr)
            found |= findings
    if sys.stderr.isatty():
        print(file=sys.stderr)
    yield from found
