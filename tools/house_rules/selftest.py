"""Runs the rules over the little trees of tools/tidy_cases/*.case and compares what they find.

A case file holds cases; `=== title` begins one, `--- path` begins a file of it, and `>>> path:line: rule` is a finding
that is expected. A case without `>>>` lines must pass. `@REPEAT n text` in a file stands for n such lines.
"""
import re

from . import layers, shape, words
from .tree import Tree


def run(folder):
    cases = failures = 0
    for path in sorted(folder.glob("*.case")):
        for title, files, expected in _cases(path.read_text()):
            cases += 1
            tree = Tree(files)
            found = {f"{one.path}:{one.line}: {one.rule}"
                     for check in (layers.check, shape.check, words.check) for one in check(tree)}
            if found != expected:
                failures += 1
                print(f"{path.name}: {title}")
                for line in sorted(expected - found):
                    print(f"  not found:    {line}")
                for line in sorted(found - expected):
                    print(f"  not expected: {line}")
    print(f"tidy self-test: {cases} cases, {failures} failures")
    return 1 if failures or not cases else 0


def _cases(text):
    for block in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]:
        title, _, body = block.partition("\n")
        expected = set(re.findall(r"^>>> (.*)$", body, re.MULTILINE))
        body = re.sub(r"^>>> .*\n?", "", body, flags=re.MULTILINE)
        files = {}
        for part in re.split(r"^--- ", body, flags=re.MULTILINE)[1:]:
            name, _, content = part.partition("\n")
            files[name.strip()] = re.sub(r"^@REPEAT (\d+) ?(.*)\n", lambda m: (m[2] + "\n") * int(m[1]),
                                         content.rstrip("\n") + "\n", flags=re.MULTILINE)
        yield title, files, expected
