"""The files under check, findings, and C++ text with its comments and literals blanked out."""
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str
    mend: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message} ({self.mend})"


class Tree:
    """Paths (relative, with /) and their texts. A file that is not UTF-8 text has no text and is only counted."""

    def __init__(self, texts):
        self.texts = texts

    @staticmethod
    def of_repository(root):
        """Every tracked or new file that is not ignored; without git, every file outside build/ and .cache/."""
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
                                capture_output=True, check=False)
        if listed.returncode == 0:
            names = sorted({name for name in listed.stdout.decode().split("\0") if name})
        else:
            names = sorted(str(path.relative_to(root)) for path in Path(root).rglob("*") if path.is_file()
                           and path.relative_to(root).parts[0] not in ("build", ".cache", ".git"))
        texts = {}
        for name in names:
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                try:
                    texts[name] = path.read_bytes().decode("utf-8")
                except UnicodeDecodeError:
                    texts[name] = None
        return Tree(texts)

    def text_files(self):
        return [(path, text) for path, text in self.texts.items() if text is not None]

    def sources(self, *suffixes):
        return [(path, text) for path, text in self.text_files() if path.endswith(suffixes or (".h", ".cpp"))]

    def folders(self):
        """{folder: [file names]} of the folders that hold C++ sources."""
        folders = {}
        for path, _ in self.sources():
            folder = PurePosixPath(path)
            folders.setdefault(str(folder.parent), []).append(folder.name)
        return folders


def is_test(path):
    """A test, a fuzzer, or what tests share: `*_test.h` and folders named `testing`."""
    return path.endswith(("_test.cpp", "_test.h", "_fuzz.cpp")) or path.startswith("tests/") or "/testing/" in path


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


_TOKEN = re.compile(r'''
    (?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)
  | (?P<raw>R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)")
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<number>\d[\w']*)
  | (?P<char>'(?:\\.|[^'\\\n])+')
''', re.VERBOSE | re.DOTALL)


def _blank(match):
    text = match.group()
    if match.lastgroup == "number" or match.group("number"):
        return text.replace("'", " ")
    return re.sub(r"[^\n]", " ", text)


@cache
def code_only(text):
    """The text with comments and literals made blank, offsets and lines unchanged. Include lines keep their paths."""
    kept = {}

    def keep(match):
        kept[match.start()] = match.group()
        return match.group().replace('"', "<").replace("//", "  ")

    text = re.sub(r'^[ \t]*#[ \t]*include[^\n]*', keep, text, flags=re.MULTILINE)
    blank = _TOKEN.sub(_blank, text)
    for start, include in kept.items():
        blank = blank[:start] + include + blank[start + len(include):]
    return blank


@cache
def raw_string_lines(text):
    """The numbers of the lines that a raw string literal covers."""
    lines = set()
    for match in _TOKEN.finditer(text):
        if match.group("raw"):
            lines.update(range(line_of(text, match.start()), line_of(text, match.end()) + 1))
    return lines
