"""What may not stand in any tracked text: unfinished work, and what ties the project to one machine or registry."""
import re

from .tree import Finding, line_of

EXEMPT = ("tools/house_rules/", "tools/tidy_cases/")
RULES = [
    ("words.unfinished", re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "marks unfinished work", "finish it or leave it out"),
    ("words.machine_path", re.compile(r"(?<![\w.}~*-])/(?:work|root|home|Users)/[\w.]+"), "is a path of one machine",
     "use a path relative to the project"),
    # Packages are named and their clients know where to go: an option that names an index ties the project to one.
    ("words.registry_host", re.compile(r"--(?:index-url|extra-index-url|registry|find-links)\b"), "names a package index",
     "leave the host to the client's own settings"),
]


def check(tree):
    for path, text in tree.text_files():
        if path.startswith(EXEMPT):
            continue
        for rule, pattern, message, mend in RULES:
            for match in pattern.finditer(text):
                yield Finding(path, line_of(text, match.start()), rule, f"`{match.group()}` {message}", mend)
    corpora = {path.split("/")[2] for path in tree.texts if path.startswith("tests/fuzz/") and path.count("/") > 2}
    for path, _ in tree.sources("_fuzz.cpp"):
        stem = path.rsplit("/", 1)[-1].removesuffix(".cpp")
        if stem not in corpora:
            yield Finding(path, 1, "fuzz.corpus", f"tests/fuzz/{stem}/ is empty", "put some small real inputs there")
