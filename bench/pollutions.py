"""Makes dirty CSV files with a known truth, one kind of dirt each."""

import dataclasses
import random

COLUMNS = ["id", "name", "city", "amount", "day", "note"]
NAMES = ["Ann", "Björn", "Chloé", "Dan", "Eve", "Fritz", "Grace", "Hana", "Íris", "José"]
CITIES = ["Oslo", "Zürich", "São Paulo", "Lima", "Graz", "Metz", "Umeå"]
NOTES = ["seen", "to be called again", "none", "moved away", "second visit", "paid in full"]


@dataclasses.dataclass
class Sample:
    content: bytes
    truth: list  # of the records that are good, as text
    told: dict  # what one can know of the source, in Tarn's names


def records(count, dice):
    return [(str(number), dice.choice(NAMES), dice.choice(CITIES), f"{dice.randrange(1, 90000) / 100:.2f}",
             f"20{dice.randrange(10, 30)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}", dice.choice(NOTES))
            for number in range(1, count + 1)]


def text_of(rows, delimiter=",", quote='"', escape=None, end="\n", quote_all=False):
    """As a careful writer writes; `escape` None doubles quotes."""
    def field(value):
        if not quote_all and not any(c in value for c in (delimiter, quote, "\n", "\r")):
            return value
        return quote + value.replace(quote, (escape or quote) + quote) + quote
    return "".join(delimiter.join(field(value) for value in row) + end for row in [tuple(COLUMNS), *rows])


def some(rows, dice, count, change):
    """The rows, `count` of them changed, and which."""
    chosen = set(dice.sample(range(len(rows)), min(count, len(rows))))
    return [change(row) if at in chosen else row for at, row in enumerate(rows)], chosen


def with_notes(rows, dice, notes):
    changed, _ = some(rows, dice, max(6, len(rows) // 10), lambda row: (*row[:5], dice.choice(notes)))
    return changed


def plain(rows, dice, told=None, encoding="utf-8", **writer):
    return Sample(text_of(rows, **writer).encode(encoding), rows, told or {})


def broken_lines(rows, dice, spoil, count=5):
    """Rows of which some are spoiled: those are no records, and their neighbours are."""
    chosen = set(dice.sample(range(1, len(rows)), min(count, len(rows) - 1)))
    lines = text_of(rows).splitlines(keepends=True)
    for at in chosen:
        lines[at + 1] = spoil(lines[at + 1])
    return Sample("".join(lines).encode(), [row for at, row in enumerate(rows) if at not in chosen], {})


def latin(rows):
    return [tuple(value.encode("latin-1", "ignore").decode("latin-1") for value in row) for row in rows]


KINDS = {
    "clean": lambda rows, dice: plain(rows, dice),
    "delimiter-semicolon": lambda rows, dice: plain(rows, dice, {"delimiter": ";"}, delimiter=";"),
    "delimiter-tab": lambda rows, dice: plain(rows, dice, {"delimiter": "\t"}, delimiter="\t"),
    "delimiter-pipe": lambda rows, dice: plain(rows, dice, {"delimiter": "|"}, delimiter="|"),
    "delimiter-in-values": lambda rows, dice: plain(with_notes(rows, dice, ["a, b", "one, two, three", ","]), dice),
    "quote-all": lambda rows, dice: plain(rows, dice, quote_all=True),
    "quote-single": lambda rows, dice: plain(with_notes(rows, dice, ["a, b", "x,y"]), dice, {"quote": "'"}, quote="'"),
    "quotes-doubled": lambda rows, dice: plain(with_notes(rows, dice, ['he said "no"', '"', 'a "b", c']), dice),
    "quotes-inside-plain": lambda rows, dice: inside_plain(rows, dice),
    "escape-backslash": lambda rows, dice: plain(with_notes(rows, dice, ['he said "no"', 'a "b", c']), dice, {"escape": "\\"}, escape="\\"),
    "line-ends-crlf": lambda rows, dice: plain(rows, dice, end="\r\n"),
    "line-ends-mixed": lambda rows, dice: mixed_ends(rows, dice),
    "line-ends-in-values": lambda rows, dice: plain(with_notes(rows, dice, ["one\ntwo", "a\n\nb", "x, y\nz"]), dice),
    "encoding-bom": lambda rows, dice: plain(rows, dice, encoding="utf-8-sig"),
    "encoding-utf-16": lambda rows, dice: plain(rows, dice, {"encoding": "utf-16"}, encoding="utf-16"),
    "encoding-latin-1": lambda rows, dice: plain(latin(rows), dice, {"encoding": "latin-1"}, encoding="latin-1"),
    "encoding-windows-1252": lambda rows, dice: plain(with_notes(rows, dice, ["20 €", "“so”"]), dice, {"encoding": "windows-1252"}, encoding="cp1252"),
    "preamble": lambda rows, dice: before(rows, "Report of the day\nmade by station 4\n\n", {"skip_rows": 3}),
    "comments": lambda rows, dice: comments(rows, dice),
    "empty-lines": lambda rows, dice: empty_lines(rows, dice),
    "footer": lambda rows, dice: after(rows, f"Total,{len(rows)}\n"),
    "second-table": lambda rows, dice: after(rows, "\ncode,meaning\n1,open\n2,closed\n"),
    "ragged-short": lambda rows, dice: broken_lines(rows, dice, lambda line: line.rsplit(",", 2)[0] + "\n"),
    "ragged-long": lambda rows, dice: broken_lines(rows, dice, lambda line: line.rstrip("\n") + ",more,and more\n"),
    "quote-not-closed": lambda rows, dice: broken_lines(rows, dice, lambda line: line.replace(",", ',"', 1), count=2),
    "text-after-quote": lambda rows, dice: broken_lines(rows, dice, lambda line: line.replace(",", ',"x" y ', 1), count=3),
}


def inside_plain(rows, dice):
    """A quote inside a value that is not quoted is text."""
    rows, _ = some(rows, dice, len(rows) // 10, lambda row: (*row[:5], '5" pipe'))
    lines = [",".join(row) + "\n" for row in [tuple(COLUMNS), *rows]]
    return Sample("".join(lines).encode(), rows, {})


def mixed_ends(rows, dice):
    lines = text_of(rows).splitlines()
    return Sample("".join(line + dice.choice(["\n", "\r\n"]) for line in lines).encode(), rows, {})


def before(rows, text, told):
    return Sample((text + text_of(rows)).encode(), rows, told)


def after(rows, text):
    return Sample((text_of(rows) + text).encode(), rows, {})


def comments(rows, dice):
    lines = text_of(rows).splitlines(keepends=True)
    for _ in range(4):
        lines.insert(dice.randrange(1, len(lines)), "# checked by the night shift, twice\n")
    return Sample("".join(["# made by station 4\n", *lines]).encode(), rows, {"comment": "#"})


def empty_lines(rows, dice):
    lines = text_of(rows).splitlines(keepends=True)
    for _ in range(5):
        lines.insert(dice.randrange(1, len(lines)), "\n")
    return Sample("".join(lines).encode(), rows, {})


def make(kind, count, seed):
    dice = random.Random(f"{kind} {seed}")
    return KINDS[kind](records(count, dice), dice)
