#!/usr/bin/env python3
"""Runs the fenced commands of the documents, so that none of them goes stale.

Usage: run_fences.py --bin FOLDER [DOCUMENT...]     (without documents: README.md, docs and the examples' README files)
       run_fences.py --self-test

Every ```sh block of a document is run, in order and in one shell, in a scratch copy of `examples/`, with `tarn` of
FOLDER first on the PATH. A ```sh fails block must end with an error. Blocks of other kinds (```text, ```console,
```yaml) are only shown. A document passes when its shell ends well; otherwise the place of the block is printed.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = "@@fence "
TIMEOUT_S = 900
FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=indent)```[ \t]*$", re.MULTILINE | re.DOTALL)


def blocks(text):
    """(line, whether it must fail, commands) of every ```sh block."""
    for match in FENCE.finditer(text):
        words = match["info"].split()
        if words[:1] == ["sh"]:
            if words[1:] not in ([], ["fails"]):
                raise ValueError(f"line {text.count(chr(10), 0, match.start()) + 1}: unknown marker {words[1:]}")
            body = re.sub(f"^{match['indent']}", "", match["body"], flags=re.MULTILINE)
            yield text.count("\n", 0, match.start()) + 1, words[1:] == ["fails"], body


def script(name, text):
    parts = ["set -euo pipefail"]
    for line, fails, body in blocks(text):
        parts.append(f"echo '{MARK}{name}:{line}'")
        if fails:
            parts.append(f"set +e\n( set -e\n{body})\ncode=$?\nset -e\n"
                         f"[ $code -ne 0 ] || {{ echo 'this block should have failed'; exit 1; }}")
        else:
            parts.append(body)
    return "\n".join(parts) + "\n", len(parts) > 1


def run(name, text, bin_folder):
    """None if the document's commands pass, else what to print."""
    commands, any_block = script(name, text)
    if not any_block:
        return None
    with tempfile.TemporaryDirectory(prefix="tarn-docs-") as scratch:
        if (ROOT / "examples").is_dir():
            shutil.copytree(ROOT / "examples", Path(scratch, "examples"))
        file = Path(scratch, ".commands.sh")
        file.write_text(commands)
        environment = dict(os.environ, HOME=scratch, NO_COLOR="1", LC_ALL="C.UTF-8",
                           PATH=f"{bin_folder}{os.pathsep}{os.environ['PATH']}")
        try:
            done = subprocess.run(["bash", str(file)], cwd=scratch, env=environment, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return f"{name}: did not end within {TIMEOUT_S} s"
    if done.returncode == 0:
        return None
    places = [line[len(MARK):] for line in done.stdout.splitlines() if line.startswith(MARK)]
    last = done.stdout.rpartition(f"{MARK}{places[-1]}\n")[2] if places else done.stdout
    return f"{places[-1] if places else name}: this block failed (exit code {done.returncode})\n{last}"


def self_test():
    fence = "```"
    cases = [("passes", f"{fence}sh\ncd /\n{fence}\n{fence}sh\n[ $PWD = / ]\n{fence}\n", None),
             ("shows only", f"{fence}console\n$ false\n{fence}\n{fence}text\nfalse\n{fence}\n", None),
             ("fails", f"a\n\n{fence}sh\nfalse\ntrue\n{fence}\n", "case:3: this block failed"),
             ("second fails", f"{fence}sh\ntrue\n{fence}\n{fence}sh\nfalse | true\n{fence}\n", "case:4: this block failed"),
             ("must fail and does", f"{fence}sh fails\nfalse\ntrue\n{fence}\n", None),
             ("must fail and does not", f"{fence}sh fails\ntrue\n{fence}\n", "case:1: this block failed"),
             ("indented", f"- x\n  {fence}sh\n  cat <<'E'\n  E\n  {fence}\n", None)]
    failures = 0
    for title, text, expected in cases:
        got = run("case", text, "/")
        if (got is None) != (expected is None) or (expected and not got.startswith(expected)):
            failures += 1
            print(f"{title}: expected {expected!r}, got {got!r}")
    print(f"run_fences self-test: {len(cases)} cases, {failures} failures")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=str(ROOT / "build" / "release" / "bin"))
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("documents", nargs="*", type=Path)
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    documents = arguments.documents or [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")),
                                        *sorted((ROOT / "examples").glob("*/README.md"))]
    failures = 0
    for document in documents:
        problem = run(os.path.relpath(document.resolve(), ROOT), document.read_text(), os.path.abspath(arguments.bin))
        if problem:
            failures += 1
            print(problem)
    print(f"{len(documents)} documents, {failures} with a block that fails")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
