"""What a repository's changelogs say of each release: a section for each version, with its items."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from codebase_gardener.documents.blocks import Block, indent_of
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.reading import kept_blocks
from codebase_gardener.documents.sentences import cut_between_words
from codebase_gardener.repository.areas import is_changelog
from codebase_gardener.utils.anchors import Anchor, split_lines

if TYPE_CHECKING:
    from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts

__all__ = ["MOST_ITEMS", "ReleaseNotes", "numbers_of", "release_notes", "stands_for"]

MOST_ITEMS = 15
_DOCUMENTS = ("markdown", "rst", "text")
_ASIDE = ("tests", "examples", "benchmarks")
_LONGEST = 200  # characters of an item that are told
_LONGEST_DATE = 60  # of a paragraph that only says when

_NUMBER = r"\d+(?:\.\d+)+(?:[-.+]?(?!x\b)[A-Za-z][\w.+-]*|-\d+)?"
_DATE = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}"
_TITLE = re.compile(
    rf"(?P<before>(?:[^\s\d]+\s+){{0,6}}?)\W{{0,2}}"
    rf"(?:[vV]\.?|(?<!\S)[A-Za-z][\w.]*?[-@]v?)?(?P<version>{_DATE}|{_NUMBER}|\d+)"
    r"[\])*_`]*(?P<after>\s*(?:[^\w\s].*|\d.*|[A-Z][a-z]+\.? \d.*|release.*)?)"
)
"""A heading that is about a version: a few words, the version, and no more than a date, a name or a mark after it."""
_SAYS_VERSION = re.compile(r"(?:\b(?:version|release|ver\.?)\s*|\bv\.?)\Z", re.IGNORECASE)
_UNRELEASED = re.compile(
    r"\bunreleased\b|\bnot (?:yet )?released\b|\bnot yet published\b|\bupcoming\b|\b(?:in|under) development\b"
    r"|\bin progress\b|\bTB[DA]\b|\?\?|\bxx\b",
    re.IGNORECASE,
)
_SAYS_WHEN = re.compile(
    r"^\W*(?:unreleased\b|(?=.*\b\d{4}\b).*\b(?:released?|date)\b|\d{4}\b|.*\b\d{4}\W*$)", re.IGNORECASE
)


class ReleaseNotes(msgspec.Struct, frozen=True, tag="release"):
    """A section of a changelog.

    Attributes:
        order: Of all sections: the main changelog's come first, its newest one before all.
        book: The file, or the folder that has a file for each release.
        version: Without its "v"; "" for a section above the first version.
        title: Its heading, and what the line under it says of its date.
        released: Whether it has a version and nothing says that it is still to come.
        anchor: Its lines.
        items: Each with its lines; the first `MOST_ITEMS`.
        rest: How many more there are, and their lines; (0, "").
    """

    order: int
    book: str
    version: str
    title: str
    released: bool
    anchor: str
    items: tuple[tuple[str, str], ...]
    rest: tuple[int, str]


@dataclass
class _Section:
    path: str
    version: str
    title: str
    level: int
    start: int
    end: int
    blocks: list[Block] = field(default_factory=list)

    @property
    def is_list(self) -> bool:
        return any(block.kind == "item" for block in self.blocks)

    @property
    def said(self) -> list[Block]:
        return [block for block in self.blocks if block.kind in ("item", "paragraph", "row")]


def release_notes(repository: RepositoryFacts) -> Iterator[ReleaseNotes]:
    """The sections of all changelogs: first those of the one nearest to the root, or with the highest version there."""
    books: dict[str, list[_Section]] = defaultdict(list)
    for path, facts in repository.facts.items():
        if facts.language not in _DOCUMENTS or not is_changelog(path) or path in repository.translations:
            continue
        if repository.areas[path] in _ASIDE:
            continue
        text = repository.texts[path]
        found = _sections(path, kept_blocks(path, facts.language, text), split_lines(text))
        versions = sum(bool(one.version) for one in found)
        books[path if versions != 1 else path.rpartition("/")[0] or path].extend(found)
    order = 0
    for book, found in sorted(books.items(), key=_rank):
        for section in _newest_first(found, whole=any(one.path == book for one in found)):
            yield _notes(section, order, book, split_lines(repository.texts[section.path]))
            order += 1


def numbers_of(version: str) -> tuple[int, ...]:
    """The numbers of a version without zeros at its end, and whether it is no preview: what is compared.

    Example:
        >>> numbers_of("2.1.0") > numbers_of("2.1rc1") > numbers_of("2.0.9")
        True
    """
    head = re.match(r"[\d.\-/]*", version)
    numbers = [int(one) for one in re.findall(r"\d+", head[0] if head else "")]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return (*numbers, 0 if re.search(r"[A-Za-z]", version) is None else -1)


def stands_for(series: str, version: str) -> bool:
    """Whether a section's version is that of a series that a version is of.

    Example:
        >>> stands_for("2.1", "2.1.3"), stands_for("2.1.0", "2.1.3")
        (True, False)
    """
    return f"{version}.".startswith(f"{series}.")


def _rank(book: tuple[str, list[_Section]]) -> tuple[bool, int, tuple[int, ...], str]:
    path, found = book
    highest = max((numbers_of(one.version) for one in found if one.version), default=())
    return not highest, path.count("/"), tuple(-number for number in highest), path


def _newest_first(found: list[_Section], *, whole: bool) -> list[_Section]:
    """As the file has them, or turned where it begins with the oldest; those of a folder by their versions."""
    versions = [numbers_of(one.version) for one in found if one.version]
    if not whole:
        return sorted(
            found, key=lambda one: numbers_of(one.version) if one.version else (10**9,), reverse=True
        )
    return found[::-1] if len(versions) > 1 and versions[0] < versions[-1] else found


# ---- sections


def _sections(path: str, blocks: Sequence[Block], lines: list[str]) -> list[_Section]:
    """Those of versions, and what stands above the first one."""
    headings = [block for block in blocks if block.kind == "heading"]
    if not any(_version(plain_text(one.text)) for one in headings):
        headings = _bare_headings(lines) or headings
    titled = [(one.level, plain_text(one.text)) for one in headings]
    level = next((each for each, title in titled if _version(title)), 0)
    level = level or next((each for each, title in titled if _UNRELEASED.search(title)), 0)
    found: list[_Section] = []
    current: _Section | None = None
    starts = {block.start for block in headings}
    inner = (block for block in blocks if block.kind != "heading" and block.start not in starts)
    for block in sorted((*headings, *inner), key=lambda block: block.start):
        title = plain_text(block.text) if block.kind == "heading" else ""
        version = _version(title)
        is_part = current is not None and block.level > current.level and (not version or bool(current.said))
        if current is not None and (block.kind != "heading" or is_part):  # "Fixed", "Migrating from 1.9"
            current.blocks.append(block)
        elif block.kind == "heading":
            if current is not None:
                current.end = block.start - 1
            # a heading above all versions is the file's own
            current = _Section(path, version, title, block.level, block.start, len(lines))
            current = current if block.level >= level or version else None
            found += [current] if current is not None else []
    found = [one for one in found if one.said or one.version]
    for section in found:
        while section.end > section.start and not lines[section.end - 1].strip():
            section.end -= 1
    first = next((at for at, one in enumerate(found) if one.version), None)
    if first is not None:
        above = [one for one in found[:first] if one.level == level and one.is_list]
        return [*above[-1:], *(one for one in found if one.version)]
    stem = re.fullmatch(rf"[vV]?({_NUMBER})", re.sub(r"\.(?:md|mdx|rst|txt)\Z", "", path.rpartition("/")[2]))
    if stem and blocks:
        title = found[0].title if found else stem[1]
        inside = [one for one in blocks if not (found and one.start == found[0].start)]
        return [_Section(path, stem[1], title, 0, 1, max(1, len(lines)), inside)]
    return [one for one in found if one.is_list and _UNRELEASED.search(one.title)]


def _version(title: str) -> str:
    """The version that a heading is about; "" for a heading of something else."""
    match = _TITLE.fullmatch(title.strip())
    if match is None:
        return ""
    version, until = match["version"], title.strip()[: match.start("version")]
    if version.isdigit() and until and not _SAYS_VERSION.search(until):
        return ""
    if (
        version.isdigit()
        and not until
        and match["after"].strip()
        and not match["after"].strip().startswith("(")
    ):
        return ""
    return version


def _bare_headings(lines: list[str]) -> list[Block]:
    """Lines of a plain text that are about a version and begin what follows them."""
    return [
        Block("heading", at, at, line.strip(), level=1)
        for at, line in enumerate(lines, 1)
        if re.match(r"(?:[vV]|[Vv]ersion |[Rr]elease )?\d+\.\d|[*#=] ?[vV]?\d+\.\d", line)
        and len(line) <= _LONGEST_DATE
        and _version(line.strip().lstrip("*#= "))
    ]


# ---- what a section says


def _notes(section: _Section, order: int, book: str, lines: list[str]) -> ReleaseNotes:
    dated = next(iter(section.said), None)
    when = plain_text(dated.text) if dated is not None and dated.kind == "paragraph" else ""
    when = when if len(when) <= _LONGEST_DATE and _SAYS_WHEN.search(when) else ""
    title = _told(", ".join(filter(None, (section.title, when.rstrip(".")))), _LONGEST)
    items = list(_items(section, lines, skipped=dated if when else None))
    rest = items[MOST_ITEMS:]
    return ReleaseNotes(
        order,
        book,
        section.version,
        title,
        bool(section.version) and not _UNRELEASED.search(f"{section.title} {when}"),
        str(Anchor(section.path, section.start, section.end)),
        tuple((text, str(Anchor(section.path, start, end))) for text, start, end in items[:MOST_ITEMS]),
        (len(rest), str(Anchor(section.path, rest[0][1], rest[-1][2]))) if rest else (0, ""),
    )


def _items(section: _Section, lines: list[str], skipped: Block | None) -> Iterator[tuple[str, int, int]]:
    """The outer items of its lists, each behind the heading that it stands under; without any, its paragraphs."""
    kind = "item" if section.is_list else "paragraph"
    part, base = "", -1
    for block in section.blocks:
        if block.kind == "heading":
            part, base = plain_text(block.text), -1
        elif block.kind == "paragraph" and kind == "item":
            base = -1 if indent_of(lines[block.start - 1]) == 0 else base
        elif block.kind == kind and block is not skipped:
            indent = indent_of(lines[block.start - 1])
            base = indent if base < 0 else base
            text = _told(block.text, _LONGEST)
            if indent <= base and re.search(r"\w", text):
                yield (f"{_told(part, 60)}: {text}" if part else text), block.start, block.end


def _told(text: str, most: int) -> str:
    return cut_between_words(plain_text(text, code_marks=True), most)
