"""Who may include what: Tarn's libraries as declared by tarn_library(), third-party headers by the table below."""
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from .tree import Finding, code_only, is_test

# Header prefix -> the libraries that may name it. What is not listed here is free (the standard library, fmt, POSIX).
THIRD_PARTY = {
    "duckdb": {"engine"},
    "sqlite3": {"state"},
    "libpq": {"state"},
    "arrow/": {"table", "ingest", "query", "engine", "s3", "flight"},
    "parquet/": {"table", "ingest", "query", "engine"},
    "rocksdb/": {"table"},
    "yaml-cpp/": {"project"},
    "pugixml": {"format", "s3"},
    "libdeflate": {"format", "iceberg", "workload"},
    "zlib.h": {"format"},
    "zstd": {"format", "iceberg"},
    "re2/": {"project", "ingest", "discover"},
    "CLI/": {"cli"},
    "histedit": {"cli"},
    "openssl/": {"base", "net"},
    "xxhash": {"base", "format"},
    "sys/socket.h": {"net"},
    "sys/inotify.h": {"drop_folder"},
}
TEST_ONLY = ("gtest/", "gmock/")
VERSIONS = "src/cli/version.cpp"  # `tarn --version` names every library, so this file may name their headers

_CALL = re.compile(r"\btarn_library\(\s*([\w-]+)(.*?)\)", re.DOTALL)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
_KEYWORDS = {"LAYER", "SOURCES", "PUBLIC", "PRIVATE", "EXTERNAL", "EXTERNAL_PRIVATE", "TEST_EXTERNAL"}


@dataclass
class Library:
    name: str
    folder: str
    uses: set = field(default_factory=set)
    test_uses: set = field(default_factory=set)


def libraries(tree):
    """{folder: Library} of every tarn_library() call."""
    found = {}
    for path, text in tree.text_files():
        if PurePosixPath(path).name != "CMakeLists.txt":
            continue
        folder = str(PurePosixPath(path).parent)
        for name, words in _CALL.findall(re.sub(r"#[^\n]*", "", text)):
            library, keyword = Library(name, folder), ""
            for word in words.split():
                if word in _KEYWORDS:
                    keyword = word
                elif keyword in ("PUBLIC", "PRIVATE"):
                    library.uses.add(word)
                elif keyword == "TEST_EXTERNAL" and word.startswith("tarn_"):
                    library.test_uses.add(word.removeprefix("tarn_"))
            found[folder] = library
    return found


def owner(libs, path):
    """The library that a file belongs to: that of the nearest folder above it."""
    for parent in PurePosixPath(path).parents:
        if str(parent) in libs:
            return libs[str(parent)]
    return None


def check(tree):
    libs = libraries(tree)
    names = {library.name for library in libs.values()}
    for library in libs.values():
        if f"{library.folder}/README.md" not in tree.texts:
            yield Finding(f"{library.folder}/CMakeLists.txt", 1, "readme.missing",
                          f"library `{library.name}` has no README.md",
                          "say in ten lines what it is, what it may use, where to start reading")
    ours = {"/".join(PurePosixPath(path).parts[start:]) for path, _ in tree.sources(".h")
            for start in range(1, path.count("/"))}
    for path, text in tree.sources():
        library = owner(libs, path)
        for match in _INCLUDE.finditer(code_only(text)):
            line = text.count("\n", 0, match.start()) + 1
            quoted, header = match.group(1) == '"', match.group(2)
            yield from _check_place(path, line, quoted, header, names, ours)
            if library:
                yield from _check_edge(path, line, header, library, names)
                yield from _check_third_party(path, line, header, library)


def _check_place(path, line, quoted, header, names, ours):
    first = header.split("/")[0]
    if "./" in header or (quoted and "/" not in header):
        yield Finding(path, line, "include.relative", f"`{header}` is relative",
                      "name it from its library, as \"base/result.h\"")
    elif quoted and first not in names and header not in ours:
        yield Finding(path, line, "include.quotes", f"`{first}` is not a library of Tarn",
                      "put third-party headers into <>")
    elif not quoted and first in names and "/" in header:
        yield Finding(path, line, "include.quotes", f"`{first}` is a library of Tarn",
                      "put its headers into \"\"")
    if header.startswith(TEST_ONLY) and not is_test(path):
        yield Finding(path, line, "include.test_only", f"`{header}` outside a test",
                      "move it to a *_test.cpp or *_test.h")


def _check_edge(path, line, header, library, names):
    first = header.split("/")[0]
    if "/" not in header or first not in names or first == library.name:
        return
    allowed = library.uses | (library.test_uses if is_test(path) else set())
    if first not in allowed:
        yield Finding(path, line, "layer.undeclared", f"`{library.name}` does not declare `{first}`",
                      f"add it to tarn_library() in {library.folder}/CMakeLists.txt, if the layers allow it")


def _check_third_party(path, line, header, library):
    if header.split("/")[0] == library.name or path == VERSIONS or is_test(path):
        return
    for prefix, allowed in THIRD_PARTY.items():
        if header.startswith(prefix) and library.name not in allowed:
            yield Finding(path, line, "include.third_party", f"`{header}` in `{library.name}`",
                          f"only {', '.join(sorted(allowed))} may name it: go through its interface")
