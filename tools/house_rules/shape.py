"""How big things are and how they are named: files, functions, folders, lines, headers."""
import re
from pathlib import PurePosixPath

from .tree import Finding, code_only, is_test, line_of, raw_string_lines

FILE_LINES, FUNCTION_LINES, FOLDER_FILES, LINE_WIDTH = 400, 70, 25, 110
BANNED = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}

_TYPE = re.compile(r"\b(?:class|struct|union|enum|concept|namespace)\s+(?:class\s+)?(?:\[\[\w+\]\]\s*)?([\w:]+)")
_CONTAINER = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def check(tree):
    for folder, files in tree.folders().items():
        counted = [name for name in files if not is_test(f"{folder}/{name}")]
        if not folder.startswith("tests") and len(counted) > FOLDER_FILES:
            yield Finding(folder, 1, "size.folder", f"{len(counted)} sources, more than {FOLDER_FILES}",
                          "split the folder by concept")
    for path in tree.texts:
        yield from _banned_path(path)
    for path, text in tree.sources(".h", ".cpp", ".py", ".sh", ".cmake"):
        lines = text.count("\n") + (not text.endswith("\n"))
        if lines > FILE_LINES:
            yield Finding(path, lines, "size.file", f"{lines} lines, more than {FILE_LINES}",
                          "split it by concept, one concept a pair of files")
    for path, text in tree.sources():
        yield from _header(path, text)
        yield from _width(path, text)
        yield from _banned_types(path, text)
        for start, end in functions(text):
            if end - start + 1 > FUNCTION_LINES:
                yield Finding(path, start, "size.function",
                              f"{end - start + 1} lines, more than {FUNCTION_LINES}", "give its steps names")


def _banned_path(path):
    for part in PurePosixPath(path).parts:
        banned = BANNED & set(re.split(r"[_.\-]", part.lower()))
        if banned:
            yield Finding(path, 1, "name.banned", f"`{min(banned)}` in `{part}`", "say what it holds or does")


def _words(name):
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


def _banned_types(path, text):
    for match in _TYPE.finditer(code_only(text)):
        banned = BANNED & _words(match.group(1))
        if banned:
            yield Finding(path, line_of(text, match.start()), "name.banned",
                          f"`{min(banned)}` in `{match.group(1)}`", "say what it holds or does")


def _header(path, text):
    if not path.endswith(".h"):
        return
    if not text.startswith("#pragma once\n"):
        yield Finding(path, 1, "header.pragma_once", "the first line is not `#pragma once`", "put it there")
    for match in re.finditer(r"^[ \t]*using\s+namespace\b", code_only(text), re.MULTILINE):
        yield Finding(path, line_of(text, match.start()), "header.using_namespace", "`using namespace` in a header",
                      "name what you use")


def _width(path, text):
    exempt = raw_string_lines(text)
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LINE_WIDTH and number not in exempt and "://" not in line and not line.startswith("#include"):
            yield Finding(path, number, "size.line", f"{len(line)} columns, more than {LINE_WIDTH}", "break the line")


def functions(text):
    """(first line, last line) of every function definition outside another one.

    A `{` opens a function when the words before it, back to the last `;`, `{` or `}`, hold a balanced pair of
    parentheses and are neither a type nor a namespace nor an initialiser.
    """
    code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: re.sub(r"[^\n]", " ", match.group()),
                  code_only(text), flags=re.MULTILINE)
    stack, head_start, found = [], 0, []
    for match in re.finditer(r"[{};]", code):
        sign, offset = match.group(), match.start()
        if sign == "{":
            stack.append(_opened(code[head_start:offset], head_start, stack))
        elif sign == "}" and stack:
            kind, start = stack.pop()
            if kind == "function":
                found.append((line_of(code, start), line_of(code, offset)))
        if sign != ";" or not stack or stack[-1][0] != "function":
            head_start = offset + 1
    return found


def _opened(head, head_start, stack):
    start = head_start + len(head) - len(head.lstrip())
    if any(kind != "container" for kind, _ in stack):
        return "block", start
    bare, previous = head, None
    while bare != previous:
        previous, bare = bare, re.sub(r"\([^()]*\)", " @ ", bare)
    callable_ = "@" in re.sub(r"\b(alignas|__attribute__|decltype)\s*@", "", bare) and "(" not in bare
    if _CONTAINER.search(bare) and not callable_:
        return "container", start
    if callable_ and not re.search(r"(=|,|\breturn)\s*$", bare):
        return "function", start
    return "block", start
