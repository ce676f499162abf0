"""Sections of Environment pages: tables, quotes and commands, each with its anchor."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from codebase_gardener.knowledge.environments.evidence_by_kind import FoundEvidence
from codebase_gardener.knowledge.environments.guard_evidence import DEVICES
from codebase_gardener.knowledge.environments.optional_packages import headers
from codebase_gardener.knowledge.pages.citations import dedented
from codebase_gardener.knowledge.pages.markup import EMPTY, NO_ERROR, NO_VARIABLE, code, fence
from codebase_gardener.knowledge.pages.wording import enumerated
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.manifests.table import ECOSYSTEMS

__all__ = [
    "Sheet",
    "called",
    "condition_of",
    "filled_command",
    "grid",
    "install_command",
    "marked",
    "named_with_extras",
]

MAX_QUOTE_LINES = 16
MAX_QUOTES = 8
_EXTRAS = re.compile(r"\s{0,20}\[([\w\s.,-]{1,200})\]")
_SECRET = re.compile(
    r"TOKEN|SECRET|PASSW|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIAL|_KEY$|AUTH(?!OR)", re.IGNORECASE
)


def marked(text: str) -> str:
    """Text of the repository in code marks, on one line; a dash for nothing.

    Example:
        >>> marked("a `b`")
        '`` a `b` ``'
    """
    return code(" ".join(text.split())) or EMPTY


class Sheet:
    """Writes sections and remembers each anchor that they name."""

    def __init__(self, repository: RepositoryFacts) -> None:
        self._repository = repository
        self._sources: dict[Source, None] = {}

    @property
    def sources(self) -> tuple[Source, ...]:
        """All anchors named so far, in order."""
        return tuple(self._sources)

    def anchor(self, found: FoundEvidence) -> str:
        """The evidence's anchor in code marks."""
        source = self._repository.source(found.path, found.evidence.start, found.evidence.end)
        self._sources[source] = None
        return marked(str(source.anchor))

    def anchors(self, rows: Sequence[FoundEvidence], limit: int = 5) -> str:
        """Anchors, those over the limit as a count."""
        unique = list({(found.path, found.evidence.start): found for found in rows}.values())
        return enumerated([self.anchor(found) for found in unique[:limit]], len(unique))

    def requirements(self, rows: Iterable[FoundEvidence]) -> list[tuple[str, ...]]:
        """Rows `Package|Version|Where`; the same requirement in several places is one row."""
        grouped: dict[tuple[str, str], list[FoundEvidence]] = {}
        for found in rows:
            grouped.setdefault((named_with_extras(found), _bound(found)), []).append(found)
        return [
            (called(name, places), marked(bound) if bound else "any", self.anchors(places, 3))
            for (name, bound), places in grouped.items()
        ]

    def devices(self, rows: Sequence[FoundEvidence]) -> list[tuple[str, str, str]]:
        """One row for each kind of device that the code asks for or names."""
        table = []
        asked = {found.evidence.name for found in rows if found.evidence.kind == "device"}
        for device in DEVICES:
            places = [found for found in rows if found.evidence.name == device]
            if places and asked:
                places.sort(
                    key=lambda found: (found.evidence.kind != "device", found.path, found.evidence.start)
                )
                table.append((f"Device {marked(device)}", DEVICES[device], self.anchors(places, 3)))
        return table

    def variables(self, rows: Sequence[FoundEvidence]) -> str:
        """The Credentials section: names only."""
        names = sorted({found.evidence.name for found in rows})
        if not names:
            return NO_VARIABLE
        body = []
        for name in names:
            places = [found for found in rows if found.evidence.name == name]
            holds = "secret" if _SECRET.search(name) else "configuration"
            body.append((marked(name), holds, self.anchors(places, 3)))
        return "Environment variables that the code reads: names only, values are never kept.\n\n" + grid(
            ("Variable", "Holds", "Read at"), body
        )

    def errors(self, rows: Sequence[FoundEvidence]) -> str:
        """The Common Errors section."""
        said: dict[str, list[FoundEvidence]] = {}
        for found in rows:
            said.setdefault(f"{found.evidence.name}: {found.evidence.text}", []).append(found)
        body = [(marked(text), self._cause(same[0]), self.anchors(same, 3)) for text, same in said.items()]
        return grid(("Error", "Cause", "Anchor"), body) if body else NO_ERROR

    def _cause(self, found: FoundEvidence) -> str:
        where = f"raised in {marked(found.evidence.scope)}" if found.evidence.scope else "raised on import"
        conditions = headers(self._repository, found)
        return f"{where}, under {marked(conditions[0].rstrip(':'))}" if conditions else where

    def quotes(self, rows: Iterable[FoundEvidence]) -> str:
        """The Code Evidence section: the evidence's lines, or the short definition around them; neighbours together."""
        rows = list(rows)
        sources = self._merged(rows)
        if len(sources) < 2:  # a page shows two places at least
            apart = (self._repository.source(row.path, row.evidence.start, row.evidence.end) for row in rows)
            sources = list(dict.fromkeys(apart))[:MAX_QUOTES]
        self._sources.update(dict.fromkeys(sources))
        return (
            "\n\n".join(self._block(source) for source in sources)
            if sources
            else "None found in the repository."
        )

    def _merged(self, rows: Iterable[FoundEvidence]) -> list[Source]:
        sources: list[Source] = []
        for found in rows:
            source = self._quoted(found)
            near = next((other for other in sources if _adjacent(source, other)), None)
            if near is None:
                if len(sources) == MAX_QUOTES:
                    continue
                sources.append(source)
            elif not _within(source, near):
                wider = source if _within(near, source) else self._joined(source, near)
                sources = [
                    wider if other is near else other
                    for other in sources
                    if other is near or not _within(other, wider)
                ]
        return sources

    def _quoted(self, found: FoundEvidence) -> Source:
        start, end = found.evidence.start, found.evidence.end
        symbol = self._repository.symbols.get((found.path, found.evidence.scope))
        if symbol and symbol.end - symbol.start < MAX_QUOTE_LINES and symbol.start <= start <= symbol.end:
            return self._repository.source_of(symbol)
        return self._repository.source(found.path, start, min(end, start + MAX_QUOTE_LINES - 1))

    def _joined(self, left: Source, right: Source) -> Source:
        a, b = left.anchor, right.anchor
        return self._repository.source(a.path, min(a.start, b.start), max(a.end, b.end))

    def _block(self, source: Source) -> str:
        anchor = source.anchor
        lines = dedented(self._repository.lines(anchor.path, anchor.start, anchor.end))
        return f"From {marked(str(anchor))}:\n{fence(lines, self._repository.facts[anchor.path].language)}"


def _within(inner: Source, outer: Source) -> bool:
    a, b = inner.anchor, outer.anchor
    return a.path == b.path and b.start <= a.start and a.end <= b.end


def _adjacent(one: Source, other: Source) -> bool:
    """Whether one quote can hold both: one is within the other, or they follow each other and are short."""
    a, b = one.anchor, other.anchor
    if a.path != b.path:
        return False
    short = max(a.end, b.end) - min(a.start, b.start) < MAX_QUOTE_LINES and not (one.symbol or other.symbol)
    return (
        _within(one, other)
        or _within(other, one)
        or (short and a.start <= b.end + 2 and b.start <= a.end + 2)
    )


def grid(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table; pipes within cells are escaped."""
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    return "\n".join(
        [*lines, *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows)]
    )


def called(name: str, places: Iterable[FoundEvidence]) -> str:
    """A requirement's name in code marks, with the package that it means where that is called otherwise."""
    package = next((one.evidence.package for one in places if one.evidence.package), "")
    return f"{marked(name)} (package {marked(package)})" if package else marked(name)


def named_with_extras(found: FoundEvidence) -> str:
    """ "requests[socks]": the package's name and the extras that its requirement asks for."""
    text, name = found.evidence.text, found.evidence.name
    asked = _EXTRAS.match(text, len(name)) if text.startswith(name) else None
    return f"{name}[{''.join(asked[1].split())}]" if asked else name


def condition_of(found: FoundEvidence) -> str:
    """Where alone a requirement holds, as the packaging file writes it; ""."""
    return found.evidence.text.partition(";")[2].strip() if found.evidence.kind != "version" else ""


def _bound(found: FoundEvidence) -> str:
    """The bound, with the requirement's condition, where it has one."""
    condition = condition_of(found)
    return f"{found.evidence.value}; {condition}".strip("; ") if condition else found.evidence.value


def install_command(ecosystem: str, words: Iterable[str]) -> str:
    """A fenced shell command that installs packages; "" for what has no installer of one line.

    Example:
        >>> install_command("Go", ["github.com/spf13/cobra"])
        '```shell\\ngo get github.com/spf13/cobra\\n```'
    """
    return filled_command(ECOSYSTEMS[ecosystem].install if ecosystem else "", words)


def filled_command(command: str, words: Iterable[str]) -> str:
    """A fenced shell command with words at its `{}`; "" without either."""
    quoted = " ".join(_shell(word) for word in words)
    return fence(command.format(quoted), "shell") if command and quoted else ""


def _shell(word: str) -> str:
    """A word as a shell takes it; quotes where it has more than plain letters."""
    word = re.sub(r"[\s`'\"\\$!\x00-\x1f]", "", word)
    return word if re.fullmatch(r"[\w@./:+-]+", word) else f'"{word}"'
