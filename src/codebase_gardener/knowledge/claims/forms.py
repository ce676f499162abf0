"""What a row or a sentence says: lines that it cites, names in it, texts that it quotes.

Lines are found first, and the path is read backwards from there: no pattern is tried at every character of a long line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from codebase_gardener.documents.claim_units import Unit, read_units
from codebase_gardener.documents.code_spans import code_spans
from codebase_gardener.knowledge.claims.ranges import (
    LINE,
    TO,
    Range,
    Span,
    cell_of,
    ranges_after_paths,
    ranges_alone,
    ranges_of_cells,
    unread_cells,
)
from codebase_gardener.languages.table import LANGUAGES

__all__ = ["ClaimCitation", "Name", "ClaimQuote", "Statement", "is_path", "read_claims"]

MAX_NAME_CHARS = 200
MAX_QUOTE_CHARS = 2_000
_MAX_PATH_CHARS = 300
_MIN_QUOTE_WORDS = 3

_COLUMN = r"(?:C\d{1,5})?"
_CITED = re.compile(rf"(?::L?|#L){LINE}{_COLUMN}(?:{TO}L?{LINE}{_COLUMN})?(?!\w)")
_MORE = re.compile(rf"\s?,\s?{LINE}{TO}{LINE}(?![\w.])")
_BETWEEN = re.compile(r"[\s`*,:;()\[\]]*(?:at)?[\s`*,:;()\[\]]*")
_PATH_CHAR = re.compile(r"[\w./@+~\\-]")
_PATH = re.compile(r"[\w.@+~\\/-]{3,300}")
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|#)[A-Za-z_$][\w$]*)*")
_METHOD = re.compile(r"\.([A-Za-z_]\w*)\([^()]*\)")
_KEYWORDS = re.compile(
    r"(?:(?:export|default|public|private|protected|static|async|def|class|func|fn|function|interface|struct|type|enum"
    r"|trait|impl|pub|const)\s+)*"
)
_STRAIGHT = re.compile(r'"([^"]*)"')
_CURLY = re.compile(r"“([^”]*)”")
_EXTENSIONS = {extension for row in LANGUAGES.values() for extension in row.extensions}
_FILENAMES = {name for row in LANGUAGES.values() for name in row.filenames}


@dataclass(frozen=True)
class ClaimCitation:
    """Lines that are cited: `config.py:L321-879`.

    Attributes:
        path: As written.
        start: First line, as written.
        end: Last line, as written: above the first where the range is reversed.
        at: Where it begins in the unit's text.
        until: Where it ends.
        line: Of the document.
        problem: Why the lines could not be read, which are 0 then; "".
        numbers: Where its one or two numbers stand in their line, as `Unit.column` counts; none where the citation
            cannot be written anew.
    """

    path: str
    start: int
    end: int
    at: int
    until: int
    line: int
    problem: str = ""
    numbers: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Name:
    """A word that may be a symbol's name.

    Attributes:
        text: Without parentheses, arguments and keywords.
        at: Where it begins in the unit's text.
        until: Where it ends, with its backticks.
        rank: 0 in code marks; 1 a bare word that looks like a symbol or a page's name; 2 called within an expression in
            code marks; 3 a bare word that fills a cell or stands in bold.
        called: Written with parentheses.
        cell: For a row, the number of its cell.
        guessed: Its class is the one that is named before it: `.save()`.
    """

    text: str
    at: int
    until: int
    rank: int
    called: bool = False
    cell: int = 0
    guessed: bool = False


@dataclass(frozen=True)
class ClaimQuote:
    """A quoted text; `until` is where it ends."""

    text: str
    at: int
    until: int


@dataclass(frozen=True)
class Statement:
    """A row or sentence that cites lines.

    Attributes:
        text: Of the unit.
        is_row: A row of a table.
        citations: In order; at least one.
        names: In order.
        quotes: In order; those of a few words only.
        block: The fenced block that belongs to it; "".
    """

    text: str
    is_row: bool
    citations: tuple[ClaimCitation, ...]
    names: tuple[Name, ...]
    quotes: tuple[ClaimQuote, ...]
    block: str = ""


def read_claims(text: str) -> tuple[Statement, ...]:
    """Every row and sentence of a Markdown document that cites lines of a file.

    Example:
        >>> statement = read_claims("| `load` | src/a.py:L3-9 |")[0]
        >>> [(c.path, c.start, c.end) for c in statement.citations], [name.text for name in statement.names]
        ([('src/a.py', 3, 9)], ['load'])
    """
    units = read_units(text)
    read = (_statement(unit) for unit in units)
    return tuple(statement for statement in read if statement is not None)


def is_path(word: str) -> bool:
    """Whether a word is written as a file's path.

    Example:
        >>> is_path("config.py"), is_path("src/run"), is_path("Model.save"), is_path("3.11")
        (True, False, False, False)
    """
    name = word.replace("\\", "/").rpartition("/")[2]
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        return name in _FILENAMES
    known = f".{extension.lower()}" in _EXTENSIONS
    return known or ("/" in word and extension[:1].isalpha() and len(extension) <= 10)


def _statement(unit: Unit) -> Statement | None:
    citations = sorted(_citations(unit), key=lambda citation: citation.at)
    if not citations:
        return None
    return Statement(
        text=unit.text,
        is_row=unit.kind == "row",
        citations=tuple(citations),
        names=tuple(_names(unit, citations)),
        quotes=tuple(_quotes(unit.text)),
        block=unit.block or (unit.after_block if citations[0].at < 30 else ""),
    )


# ---- citations


def _citations(unit: Unit) -> Iterator[ClaimCitation]:
    text = unit.text
    written = [citation for match in _CITED.finditer(text) for citation in _attached(unit, match)]
    yield from (citation for citation in written if not _is_external(unit, citation))
    if not written and not any(character.isdigit() for character in text):
        return
    taken = [(citation.at, citation.until) for citation in written]
    paths = [(citation.at, citation.until, citation.path) for citation in written]
    paths += [
        (match.start(), match.end(), word)
        for match in _PATH.finditer(text)
        if is_path(word := match[0].rstrip(".")) and not _overlaps(match.start(), match.end(), taken)
    ]
    paths.sort()
    ranges = [*ranges_alone(unit), *ranges_after_paths(unit, paths)]
    only = paths[0][2] if len(paths) == 1 and not written else ""
    if only and not ranges:
        ranges = [*ranges_of_cells(unit, paths[0][0])]
        if not ranges:
            for at, until, cell in unread_cells(unit):
                problem = f"no range of lines: {cell}"
                yield ClaimCitation(_cleaned(only), 0, 0, at, until, unit.line(at), problem)
    begins = [begin for begin, _, _ in paths]
    for at, until, start, end, numbers in ranges:
        if _overlaps(at, until, taken) or not paths:
            continue
        begin, path_end, path = paths[max(0, bisect_right(begins, at) - 1)]
        if start == end and text[at] == "L" and not _stands_alone(unit, at, until, path_end):
            continue  # "L2 norm" is no line
        placed = _placed(unit, numbers, at)
        citation = ClaimCitation(
            _cleaned(path), start, end, min(at, begin), until, unit.line(at), numbers=placed
        )
        if not _is_external(unit, citation):
            yield citation


def _placed(unit: Unit, numbers: tuple[Span, ...], at: int) -> tuple[Span, ...]:
    """Where numbers stand in their line; none where they are not in the one of the citation."""
    if any(unit.line(begin) != unit.line(at) for begin, _ in numbers):
        return ()
    return tuple((unit.column(begin), unit.column(end - 1) + 1) for begin, end in numbers)


def _stands_alone(unit: Unit, at: int, until: int, path_end: int) -> bool:
    """Whether one line, `L47`, fills its cell, or follows the path at once."""
    number = cell_of(unit, at)
    if number < 0:
        return path_end <= at <= path_end + 12 and _BETWEEN.fullmatch(unit.text, path_end, at) is not None
    begin, end = unit.cells[number]
    return end - begin < 40 and unit.text[begin:end].strip(" `") == unit.text[at:until]


def _attached(unit: Unit, match: re.Match[str]) -> Iterator[ClaimCitation]:
    """The path that ends where the range begins, if there is one; and further ranges after a comma."""
    text, stop = unit.text, match.start()
    while stop and match.start() - stop < 3 and text[stop - 1] in "`*":
        stop -= 1
    begin = stop
    while begin and stop - begin < _MAX_PATH_CHARS and _PATH_CHAR.match(text[begin - 1]):
        begin -= 1
    path = text[begin:stop]
    plain = match[2] is None and "L" not in match[0]
    if not _is_cited_path(path, strict=plain):
        return
    ranges, until = [Range.of(match.start(), match.end(), match)], match.end()
    while more := _MORE.match(text, until):
        ranges.append(Range.of(match.start(), more.end(), more))
        until = more.end()
    columns = re.search(r"\dC\d", match[0])
    for at, _, start, end, numbers in ranges:
        placed = () if columns else _placed(unit, numbers, at)
        yield ClaimCitation(_cleaned(path), start, end, begin, until, unit.line(at), numbers=placed)


def _is_cited_path(path: str, *, strict: bool) -> bool:
    """`strict` for `p:x`, which might be a host's port or a time."""
    if path.startswith("//"):
        return is_path(path) and "/" in path[2:]  # a host and its port
    if is_path(path):
        return True
    extension = path.rpartition("/")[2].rpartition(".")[2]
    return not strict and extension != path and extension[:1].isalpha() and extension.isalnum()


def _cleaned(path: str) -> str:
    """POSIX, without `./`, and without what a link to a file on a forge begins with."""
    path = path.replace("\\", "/")
    for mark in ("/blob/", "/tree/", "/raw/", "/src/commit/"):
        if path.startswith("//") and mark in path:
            return path.partition(mark)[2].partition("/")[2]
    return path.removeprefix("./").lstrip("~").strip("/") or path


def _is_external(unit: Unit, citation: ClaimCitation) -> bool:
    """Said to be of another repository: such a thing makes no claim about this one."""
    number = cell_of(unit, citation.at)
    begin, end = unit.cells[number] if number >= 0 else (citation.at - 60, citation.until + 20)
    return "(external" in unit.text[max(0, begin) : min(end, begin + 1_000)].lower()


def _overlaps(at: int, until: int, spans: list[tuple[int, int]]) -> bool:
    number = bisect_right(spans, (at, until))
    near = spans[max(0, number - 1) : number + 1]
    return any(begin < until and at < end for begin, end in near)


# ---- names


def _names(unit: Unit, citations: list[ClaimCitation]) -> list[Name]:
    text = unit.text
    marks = [(start + size, end - size) for start, end, size in code_spans(text)]
    names: list[Name] = []
    owner = ""
    for start, end in marks:
        method = _METHOD.fullmatch(text, start, end)
        if method and owner:
            names.append(Name(f"{owner}.{method[1]}", start, end + 1, 0, called=True, guessed=True))
        names += (found := [*_marked(text[start:end], start, end)])
        owner = _owner(found[0].text) if found and not method else owner
    taken = sorted([*((start - 1, end + 1) for start, end in marks), *((c.at, c.until) for c in citations)])
    spans = [(c.at, c.until) for c in citations]
    names += _bare(unit, taken, {at for at, _ in spans})
    return sorted(
        (
            replace(n, cell=cell_of(unit, n.at))
            for n in names
            if len(n.text) <= MAX_NAME_CHARS and not _is_part_of_path(n, spans)
        ),
        key=lambda name: name.at,
    )


def _is_part_of_path(name: Name, spans: list[tuple[int, int]]) -> bool:
    number = bisect_right(spans, (name.at, 1 << 60))
    return number > 0 and name.at < spans[number - 1][1] and is_path(name.text)


def _marked(content: str, start: int, end: int) -> Iterator[Name]:
    """The name that a code mark holds, those of a list, or those that are called in an expression."""
    body = content.strip().lstrip("@").replace("(*", "").strip()
    body = _KEYWORDS.sub("", body, count=1)
    keyword = len(body) < len(content.strip().lstrip("@"))
    whole = _NAME.match(body)
    rest = body[whole.end() :].strip() if whole else ""
    if whole and (
        not rest or (rest[0] in "([<" and (keyword or rest[-1] in ")]>:")) or keyword or rest == ")"
    ):
        yield Name(whole[0], start, end + 1, 0, rest.startswith("("))
    elif whole and all(_NAME.fullmatch(part.strip().removesuffix("()")) for part in body.split(",")):
        for part in body.split(","):
            at = start + content.index(part)
            yield Name(part.strip().removesuffix("()"), at, at + len(part), 0, "()" in part)
    else:
        for match in _NAME.finditer(content):
            if content[match.end() : match.end() + 1] == "(":
                yield Name(match[0], start + match.start(), start + match.end(), 2, called=True)


def _owner(name: str) -> str:
    """The class that a name is or is of; "" for another: whose `.save()` is after it, may be anything's."""
    parts = name.split(".")
    owners = [number for number, part in enumerate(parts) if part.lstrip("_")[:1].isupper()]
    return ".".join(parts[: owners[-1] + 1]) if owners and "_" not in parts[owners[-1]].strip("_") else ""


def _bare(unit: Unit, taken: list[tuple[int, int]], cited: set[int]) -> Iterator[Name]:
    """Words outside of code marks; a link's text is one where its target cites, or in a row."""
    text = unit.text
    wholes = {
        begin + len(cell) - len(cell.lstrip(" *")): True
        for begin, end in unit.cells
        if _NAME.fullmatch((cell := text[begin:end]).strip(" *"))
    }
    for match in _NAME.finditer(text):
        at, until = match.span()
        if _overlaps(at, until, taken):
            continue
        called = text[until : until + 1] == "("
        if at in wholes or text[max(0, at - 2) : at] == "**" == text[until : until + 2]:
            yield Name(match[0], at, until, 1 if _looks_like_code(match[0]) else 3, called)
        elif (
            text[at - 1 : at] == "["
            and text[until : until + 2] == "]("
            and (unit.kind == "row" or until + 2 in cited)
        ):
            yield Name(match[0], at, until, 0, called)
        elif (called and text[until + 1 : until + 2] == ")") or _looks_like_code(match[0]):
            yield Name(match[0], at, until, 1, called)


def _looks_like_code(word: str) -> bool:
    inner = word.strip("_")
    return (
        "_" in inner
        or "." in word
        or "::" in word
        or any(a.islower() and b.isupper() for a, b in pairwise(word))
    )


# ---- quotes


def _quotes(text: str) -> Iterable[ClaimQuote]:
    found = [*_STRAIGHT.finditer(text), *_CURLY.finditer(text)]
    for match in sorted(found, key=lambda match: match.start()):
        quoted = match[1].strip()
        if len(quoted) <= MAX_QUOTE_CHARS and len(quoted.split()) >= _MIN_QUOTE_WORDS:
            yield ClaimQuote(quoted, match.start(), match.end())
