"""A person's corrections of pages: in a file of their own, put over the computed text at every build."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from codebase_gardener.knowledge.pages.structure import PAGE_TYPES, Page, Section
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts, text_hash
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.files import write_atomic

__all__ = ["Applied", "Override", "apply_overrides", "correct", "read_overrides", "stale_diff"]

MAX_BYTES = 2_000_000
TEXTS = ("title", "overview", "description", "usage")
"""What of a page can be corrected, beside the sections of its type."""

_RANGE = re.compile(r"[\w./-]+:L?\d+(?:-L?\d+)?")
_ANCHOR = re.compile(r"`anchor:([^`\n]{1,300})`")
_FORBIDDEN = re.compile(r"^#{1,2} |^---\s*$|\[\[", re.MULTILINE)


@dataclass(frozen=True)
class Override:
    """The corrections of one page.

    Attributes:
        texts: By a name of `TEXTS`.
        sections: By heading.
        evidence: `text_hash` of `lines`: what the page's subject was when it was corrected; "" if not known.
        lines: These lines, for the diff.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    evidence: str = ""
    lines: str = ""


@dataclass(frozen=True)
class Applied:
    """Pages with their corrections.

    Attributes:
        pages: All pages.
        corrected: Ids of those that have one.
        stale: Id → diff of the lines that the correction was written for.
        problems: Corrections that could not be put in, and why.
    """

    pages: tuple[Page, ...]
    corrected: tuple[str, ...] = ()
    stale: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def read_overrides(path: Path) -> dict[str, Override]:
    """Corrections by page id; {} where there is no file.

    Raises:
        InvalidInputError: It is not what an overrides file holds; the message says where.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return {}
    if len(raw) > MAX_BYTES:
        raise _malformed(path, f"{len(raw):,} bytes (at most {MAX_BYTES:,})")
    try:
        entries = yaml.safe_load(raw.decode("utf-8")) or {}
    except (yaml.YAMLError, UnicodeError, RecursionError) as error:
        raise _malformed(path, str(error).replace("\n", " ")) from error
    if not isinstance(entries, dict):
        raise _malformed(path, "page ids with their corrections are expected")
    return {str(page): _override(path, str(page), entry) for page, entry in entries.items()}


def _override(path: Path, page: str, entry: Any) -> Override:
    if not isinstance(entry, dict):
        raise _malformed(path, f"{page} has no fields")
    sections = entry.get("sections", {})
    unknown = set(entry) - {*TEXTS, "sections", "evidence", "lines"}
    if unknown:
        raise _malformed(path, f"{page} has unknown fields: {', '.join(sorted(map(str, unknown)))}")
    if not isinstance(sections, dict):
        raise _malformed(path, f"sections of {page} are no headings with texts")
    texts = {name: entry[name] for name in TEXTS if name in entry}
    for name, text in [*texts.items(), *sections.items()]:
        if not isinstance(text, str) or not text.strip():
            raise _malformed(path, f"{name} of {page} is no text")
    return Override(
        texts,
        {str(k): v for k, v in sections.items()},
        str(entry.get("evidence", "")),
        str(entry.get("lines", "")),
    )


def _malformed(path: Path, what: str) -> InvalidInputError:
    fields = ", ".join((*TEXTS, "sections"))
    return InvalidInputError(
        f"{path} cannot be used: {what}", hint=f"each entry is a page id with {fields}; see docs/wiki.md"
    )


def apply_overrides(
    pages: tuple[Page, ...], overrides: Mapping[str, Override], repository: RepositoryFacts
) -> Applied:
    """Put corrections over pages; one that cannot be put in is told, and the computed text stands."""
    by_id = {page.id: page for page in pages}
    problems: list[str] = []
    stale: dict[str, str] = {}
    corrected: list[str] = []
    for page_id, override in sorted(overrides.items()):
        page = by_id.get(page_id)
        if page is None:
            problems.append(f"{page_id}: there is no such page (any more)")
            continue
        changed, why = _applied(page, override, repository)
        problems += [f"{page_id}: {reason}" for reason in why]
        diff = stale_diff(changed, override, repository.lines)
        if diff:
            stale[page_id] = diff
            changed = replace(
                changed, notes=_joined(changed.notes, "stale: its lines changed since it was corrected")
            )
        by_id[page_id] = changed
        corrected.append(page_id)
    return Applied(tuple(by_id[page.id] for page in pages), tuple(corrected), stale, tuple(problems))


def _joined(notes: str, more: str) -> str:
    return f"{notes}; {more}" if notes else more


def _applied(page: Page, override: Override, repository: RepositoryFacts) -> tuple[Page, list[str]]:
    problems: list[str] = []
    sources: list[Source] = []

    def text_of(name: str, text: str, computed: str) -> str:
        problem, resolved, found = _resolved(text.strip(), repository)
        if problem:
            problems.append(f"{name} is left as computed: {problem}")
            return computed
        sources.extend(found)
        return resolved

    texts = {name: text_of(name, text, str(getattr(page, name))) for name, text in override.texts.items()}
    for name in ("title", "overview"):
        if name in texts:
            texts[name] = " ".join(texts[name].split())
    known = set(PAGE_TYPES[page.type].sections)
    problems += [f"a {page.type} has no section {name!r}" for name in override.sections if name not in known]
    sections = tuple(
        Section(section.heading, text_of(section.heading, override.sections[section.heading], section.body))
        if section.heading in override.sections
        else section
        for section in page.sections
    )
    changed = replace(
        page,
        title=texts.get("title", page.title),
        overview=texts.get("overview", page.overview),
        description=texts.get("description", page.description),
        usage=texts.get("usage", page.usage),
        sections=sections,
        sources=tuple(dict.fromkeys((*page.sources, *sources))),
    )
    return changed, problems


def _resolved(text: str, repository: RepositoryFacts) -> tuple[str, str, list[Source]]:
    """A problem or "", the text with `anchor:symbol` turned into anchors, and these."""
    if _FORBIDDEN.search(text):
        return "headings of level 1 and 2, --- and [[ are the wiki's own", "", []
    if _RANGE.search(_ANCHOR.sub("", text)):
        return (
            "line ranges are computed: write `anchor:NAME` (or `anchor:PATH::NAME`) for a symbol's lines",
            "",
            [],
        )
    sources: list[Source] = []
    for name in _ANCHOR.findall(text):
        found = _named(name, repository)
        if len(found) != 1:
            what = "no symbol" if not found else f"{len(found)} symbols"
            return f"`anchor:{name}` names {what}", "", []
        sources.append(repository.source_of(found[0]))
    anchors = iter(sources)
    return "", _ANCHOR.sub(lambda _: f"`{next(anchors).anchor}`", text), sources


def _named(name: str, repository: RepositoryFacts) -> list[Symbol]:
    path, _, qualified = name.rpartition("::")
    return [
        symbol
        for (where, symbol_name), symbol in repository.symbols.items()
        if symbol_name == qualified and (not path or where == path)
    ]


def stale_diff(page: Page, override: Override, lines: Callable[[str, int, int], Sequence[str]]) -> str:
    """How the page's subject differs from what it was when the correction was written; "" if it does not.

    Args:
        page: As it is built.
        override: Its correction.
        lines: Gives those of a path, from the first to the last number.
    """
    if not override.evidence or not page.sources:
        return ""
    anchor = page.sources[0].anchor
    now = lines(anchor.path, anchor.start, anchor.end)
    if text_hash(now) == override.evidence:
        return ""
    return "\n".join(
        difflib.unified_diff(override.lines.split("\n"), now, "corrected", str(anchor), lineterm="", n=2)
    )


def correct(path: Path, page: Page, name: str, text: str, repository: RepositoryFacts) -> None:
    """Write one correction into the overrides file, with the lines that it was written for.

    Args:
        path: The overrides file; made if it is not there.
        page: The page as it was built.
        name: One of `TEXTS`, or the heading of one of its sections.
        text: What is to stand there.

    Raises:
        InvalidInputError: The page has no such part, or the text breaks a page.
    """
    if name not in TEXTS and name not in PAGE_TYPES[page.type].sections:
        parts = ", ".join((*TEXTS, *PAGE_TYPES[page.type].sections))
        raise InvalidInputError(f"{page.id} has no {name!r}", hint=f"one of: {parts}")
    override = Override({name: text}) if name in TEXTS else Override(sections={name: text})
    problems = _applied(page, override, repository)[1]
    if problems or not text.strip():
        raise InvalidInputError(
            f"the correction cannot be put in: {'; '.join(problems) or 'it is empty'}",
            hint="see docs/wiki.md, Corrections",
        )
    read_overrides(path)  # refuses to write over what it cannot read
    entries = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}
    entries = entries or {}
    entry = entries.setdefault(page.id, {})
    (entry if name in TEXTS else entry.setdefault("sections", {}))[name] = text
    if page.sources:
        anchor = page.sources[0].anchor
        lines = repository.lines(anchor.path, anchor.start, anchor.end)
        entry |= {"evidence": text_hash(lines), "lines": "\n".join(lines)}
    write_atomic(path, yaml.safe_dump(entries, allow_unicode=True, sort_keys=True, width=100))
