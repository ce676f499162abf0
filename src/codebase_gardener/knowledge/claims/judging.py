"""Judging what a Markdown document says about lines: is the symbol that it names where it says?"""

from __future__ import annotations

import builtins
import keyword
import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from codebase_gardener.knowledge.claims.binding import bind_names, in_apposition, in_one_list
from codebase_gardener.knowledge.claims.certainty import PERMANENT, doubt_of, is_permanent, is_said_defined
from codebase_gardener.knowledge.claims.forms import ClaimCitation, Name, Statement, is_path
from codebase_gardener.knowledge.claims.name_index import SEPARATORS
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict, range_distance, share_lines
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.anchors import split_lines

__all__ = ["judge_claims"]

_NO_NAMES = {
    *keyword.kwlist,
    *keyword.softkwlist,
    *dir(builtins),
    *["self", "cls", "this", "true", "false", "null", "none"],
}
_REVERSED = "its last line is above its first"
_MIN_GONE_CHARS = 3
_MIN_BLOCK_CHARS = 10
_MAX_LOOK_UPS = 20_000
"""Of one statement: a hostile row may name thousands of files and of words."""


def judge_claims(
    statements: Iterable[Statement], sources: ClaimSources, *, document: str = ""
) -> tuple[ClaimVerdict, ...]:
    """A verdict for each symbol or quote of each citation, in the order of the document.

    Args:
        statements: From `forms.read_claims`.
        sources: The repository; what it looks up serves further documents too.
        document: Its name, for the verdicts.
    """
    return tuple(
        verdict for statement in statements for verdict in _Judge(statement, sources, document).all()
    )


class _Judge:
    """Of one row or sentence."""

    def __init__(self, statement: Statement, sources: ClaimSources, document: str) -> None:
        self.statement = statement
        self.sources = sources
        self.document = document
        self.files = {c.path: sources.candidates(c.path, document) for c in statement.citations}
        self.begins = [citation.at for citation in statement.citations]
        self.names = statement.names[: max(1, _MAX_LOOK_UPS // len(self.files))]
        self.matched: dict[tuple[str, str], tuple[list[tuple[str, Symbol]], bool] | None] = {}

    def all(self) -> list[ClaimVerdict]:
        """By quotes where there are any; by names else, and by the fenced block beside it where nothing is named."""
        citations = self.statement.citations
        chosen = self._chosen(citations)
        bound = bind_names(self.statement, citations, chosen, self._fit)
        quoted = self._by_quotes(bound)
        block = self._by_block() if not chosen and not quoted else None
        verdicts: list[ClaimVerdict] = []
        several = len(citations) > 1
        for number, (citation, names) in enumerate(zip(citations, bound, strict=True)):
            if citation.problem:
                verdicts.append(self._verdict(citation, "no-symbol", citation.problem))
            elif number in quoted:
                named = names[0].text if names else ""
                verdicts += [replace(verdict, symbol=named) for verdict in quoted[number]]
            elif block is not None and number == len(citations) - 1:
                verdicts.append(block)
            else:
                judged = self._judge_names(citation, names)
                verdicts += [self._doubted(v, citation, names, several=several) for v in judged]
        return _with_twins(verdicts)

    def _doubted(
        self, verdict: ClaimVerdict, citation: ClaimCitation, names: Sequence[Name], *, several: bool
    ) -> ClaimVerdict:
        """Without its repair where it is not certain that the citation is of that name."""
        if verdict.repair is None:
            return verdict
        doubt = doubt_of(self.statement, citation, names, alone=not several)
        return replace(verdict, repair=None, doubt=doubt) if doubt else verdict

    # ---- quotes

    def _by_quotes(self, bound: Sequence[Sequence[Name]]) -> dict[int, list[ClaimVerdict]]:
        """Number of the citation → its verdicts, with the names that belong to each citation."""
        statement = self.statement
        found: dict[int, list[ClaimVerdict]] = {}
        for quote in statement.quotes:
            number = self._nearest(quote.at, quote.until)
            verdict = self._judge_quote(statement.citations[number], quote.text, bound[number])
            if verdict.verdict != "gone" or len(quote.text.split()) > 3:
                found.setdefault(number, []).append(verdict)
        return found

    def _by_block(self) -> ClaimVerdict | None:
        """The fenced block beside the last citation; one that is not in the file is a quote only after a colon."""
        statement = self.statement
        if len("".join(statement.block.split())) < _MIN_BLOCK_CHARS:
            return None
        verdict = self._judge_quote(statement.citations[-1], statement.block)
        introduced = statement.text.rstrip().rstrip("`*)").endswith(":")
        return verdict if verdict.verdict != "gone" or introduced else None

    def _nearest(self, at: int, until: int) -> int:
        """The citation that follows a quote, else the one before it."""
        following = bisect_left(self.begins, until)
        if following == len(self.begins) or following == 0:
            return max(0, following - 1)
        gap_before = at - self.statement.citations[following - 1].until
        gap_after = self.begins[following] - until
        return following if gap_after <= gap_before or gap_before < 0 else following - 1

    def _judge_quote(self, citation: ClaimCitation, quote: str, names: Sequence[Name] = ()) -> ClaimVerdict:
        claimed = _claimed(citation)
        places = [
            (place, path)
            for path in self.files[citation.path]
            for place in self.sources.quotes(path).places(quote)
        ]
        shown = " ".join(quote.split())
        if not places:
            return replace(self._verdict(citation, "gone", self._missing(citation, "the quote")), quote=shown)
        actual, path = min(
            places, key=lambda place: (not _within(place[0], claimed), range_distance(place[0], claimed))
        )
        word = "exact" if _within(actual, claimed) else "off" if share_lines(actual, claimed) else "wrong"
        note = ""
        last = self.sources.last_line(path)
        holder = self._holder(citation, names, path, actual)
        if _is_reversed(citation):
            word, note = "wrong", _REVERSED
        elif claimed[1] > last:
            word, note = "wrong", f"{path} ends at L{last}"
        elif word == "exact" and holder and _length(claimed) > _length(_lines(holder)):
            word, note = "off", f"wider than {holder.qualified_name} at {holder.anchor}"
        verdict = replace(self._verdict(citation, word, note), file=path, actual=actual, quote=shown)
        if len(places) > 1:
            return replace(verdict, doubt=f"the quote stands in {len(places)} places")
        whole = holder is not None and _length(claimed) > _length(actual)
        return replace(verdict, repair=_lines(holder) if holder and whole else actual)

    def _holder(
        self, citation: ClaimCitation, names: Sequence[Name], path: str, lines: tuple[int, int]
    ) -> Symbol | None:
        """The longest of the named definitions that hold some lines of a file."""
        matches = [matched for name in names if (matched := self._matches(citation.path, name.text))]
        symbols = [symbol for found, _ in matches for file, symbol in found if file == path]
        around = [symbol for symbol in symbols if _within(lines, _lines(symbol))]
        return max(around, key=lambda symbol: _length(_lines(symbol)), default=None)

    # ---- names

    def _chosen(self, citations: Sequence[ClaimCitation]) -> list[Name]:
        """The names that are symbols, of the plainest way to name one; else those that seem to have been symbols."""
        paths = list(dict.fromkeys(citation.path for citation in citations))
        ranks: dict[Name, int] = {}
        for name in self.names:
            found = [matched[1] for path in paths if (matched := self._matches(path, name.text)) is not None]
            if found:
                ranks[name] = name.rank if any(found) and name.rank < 2 else 2 if name.rank < 3 else 3
        for name in self._fields([name for name in self.names if name not in ranks], paths, alone=not ranks):
            ranks[name] = 0
        lost = [name for name in self.names if name not in ranks and self._seems_gone(name, paths)]
        if ranks:
            best = min(ranks.values())
            chosen = [name for name, rank in ranks.items() if rank == best]
            chosen += _lost_beside(self.statement, chosen, lost)
            return sorted(chosen, key=lambda name: name.at)
        marked = [name for name in lost if name.rank == 0] or lost
        clear = [name for name in marked if name.called or _looks_like_symbol(name.text)]
        return clear or marked

    def _fields(self, names: Sequence[Name], paths: Sequence[str], *, alone: bool) -> list[Name]:
        """The names that are fields of a class, written with it, or (`alone`: beside no symbol) constants.

        An option in code marks beside a symbol makes no claim of its own.
        """
        found: list[Name] = []
        for name in names:
            dotted = "." in name.text
            if name.rank > 1 or not (alone or dotted):
                continue
            for path in paths:
                symbols = [
                    (file, symbol)
                    for file in self.files[path]
                    for symbol in self.sources.fields(file, name.text)
                    if alone or symbol.kind == "field"
                ]
                if symbols:
                    self.matched[path, name.text] = (symbols, True)
                    found.append(name)
        return found

    def _matches(self, path: str, name: str) -> tuple[list[tuple[str, Symbol]], bool] | None:
        """The symbols that a name means in the files of a path, and whether it means them exactly."""
        if (path, name) not in self.matched:
            self.matched[path, name] = self._match(path, name)
        return self.matched[path, name]

    def _match(self, path: str, name: str) -> tuple[list[tuple[str, Symbol]], bool] | None:
        found = [(file, self.sources.names(file).find(name)) for file in self.files[path]]
        if not any(match for _, match in found) and (ancestors := self.sources.ancestors(name)):
            found = [(file, self.sources.names(file).find(name, ancestors)) for file in self.files[path]]
        matches = [(file, match) for file, match in found if match]
        exact = any(match.exact for _, match in matches)
        symbols = [
            (file, symbol) for file, match in matches if match.exact or not exact for symbol in match.symbols
        ]
        return (symbols, exact) if symbols else None

    def _seems_gone(self, name: Name, paths: Sequence[str]) -> bool:
        """Whether a name that is no symbol of the file looks as if it had been one, and is no option or value."""
        text = name.text
        if self._is_lost_definition(name):
            return True
        if len(text) < _MIN_GONE_CHARS or text in _NO_NAMES or is_path(text) or name.rank > 1 or name.guessed:
            return False
        if name.rank == 1 and ("_" not in text.strip("_") or _is_title(text)):
            return False
        if any(_is_value(text, self.sources.text(file)) for path in paths for file in self.files[path]):
            moved = self.sources.elsewhere(text)  # what moved away may still be imported here
            return moved is not None and "." not in moved.qualified_name and _looks_like_symbol(text)
        return True

    def _is_lost_definition(self, name: Name) -> bool:
        """Whether it is said to be defined at lines that have not even the word, and another file defines it.

        Then it is a symbol, though it may be a common word.
        """
        if name.rank or name.guessed:
            return False
        said = [one for one in self.statement.citations if is_said_defined(self.statement.text, name, one)]
        if not said or any(self._has_word(one, name) for one in said if self.files[one.path]):
            return False
        moved = self.sources.elsewhere(name.text)
        return moved is not None and "." not in moved.qualified_name

    def _has_word(self, citation: ClaimCitation, name: Name) -> bool:
        first, last = _claimed(citation)
        word = re.compile(rf"(?<!\w){re.escape(SEPARATORS.split(name.text)[-1])}(?!\w)")
        return any(
            word.search("\n".join(split_lines(self.sources.text(path))[first - 1 : last]))
            for path in self.files[citation.path]
        )

    def _fit(self, citation: ClaimCitation, name: Name) -> float:
        """How near the name's symbol is to the lines; larger is worse."""
        matched = self._matches(citation.path, name.text)
        claimed = _claimed(citation)
        return (
            min((range_distance(_lines(s), claimed) for _, s in matched[0]), default=1e9) if matched else 1e9
        )

    def _judge_names(self, citation: ClaimCitation, names: Sequence[Name]) -> list[ClaimVerdict]:
        verdicts: dict[str, ClaimVerdict] = {}
        for name in names:
            verdict = self._judge_name(citation, name)
            verdicts.setdefault(verdict.definition or verdict.symbol, verdict)
        if verdicts:
            return list(verdicts.values())
        files = self.files[citation.path]
        note = self._past_end(citation) if files else self._missing(citation, "the name")
        verdict = self._verdict(citation, "wrong" if files and note else "no-symbol", note)
        return [replace(verdict, file=files[0] if len(files) == 1 else "", doubt=note if files else "")]

    def _past_end(self, citation: ClaimCitation) -> str:
        """Where the file ends, if before the last line that is cited; "" else, and for a file at another commit."""
        files = self.files[citation.path]
        longest = max(files, key=self.sources.last_line)
        if is_permanent(self.statement, citation) or _claimed(citation)[1] <= self.sources.last_line(longest):
            return ""
        return f"{longest} ends at L{self.sources.last_line(longest)}"

    def _judge_name(self, citation: ClaimCitation, name: Name) -> ClaimVerdict:
        matched = self._matches(citation.path, name.text)
        if matched is None:
            note = self._missing(citation, "the symbol")
            elsewhere = self.sources.elsewhere(name.text)
            note += f"; {elsewhere.qualified_name} is at {elsewhere.anchor}" if elsewhere else ""
            return replace(self._verdict(citation, "gone", note), symbol=name.text)
        symbols, exact = matched
        claimed = _claimed(citation)
        file, symbol = min(symbols, key=lambda pair: range_distance(_lines(pair[1]), claimed))
        distance = range_distance(_lines(symbol), claimed)
        word = "exact" if not distance else "off" if distance < 1 else "wrong"
        notes = [] if exact else [f"read as {symbol.qualified_name}"]
        if _is_reversed(citation):
            word = "wrong"
            notes.append(_REVERSED)
        files = sorted({path for path, _ in symbols})
        if len(files) > 1:
            notes.append(f"ambiguous: {len(files)} files define it, the nearest range was taken")
        verdict = self._verdict(citation, word, "; ".join(notes))
        named = replace(verdict, symbol=name.text, definition=symbol.qualified_name)
        doubt = notes[0] if not exact else f"{len(symbols)} definitions have that name"
        certain = exact and len(symbols) == 1
        return replace(
            named,
            file=file,
            actual=_lines(symbol),
            repair=_lines(symbol) if certain else None,
            doubt="" if certain else doubt,
        )

    # ---- both

    def _missing(self, citation: ClaimCitation, what: str) -> str:
        files = self.files[citation.path]
        if not files:
            return self.sources.left_out(citation.path) or f"no file {citation.path}"
        where = files[0] if len(files) == 1 else f"any of {len(files)} files {citation.path}"
        return f"{what} is not in {where}"

    def _verdict(self, citation: ClaimCitation, word: str, note: str = "") -> ClaimVerdict:
        """Of a citation; what it names or quotes is put in by the caller."""
        files = self.files[citation.path]
        return ClaimVerdict(
            document=self.document,
            line=citation.line,
            path=citation.path,
            file=files[0] if word == "gone" and len(files) == 1 else "",
            symbol="",
            definition="",
            claimed=(citation.start, citation.end),
            actual=None,
            verdict=word,
            note=note,
            doubt=note if word == "gone" else "",
            numbers=citation.numbers,
        )


def _with_twins(verdicts: list[ClaimVerdict]) -> list[ClaimVerdict]:
    """A link's target cites what its text cites: `[a.py:L3-9](…/a.py#L3-L9)`."""
    repairs = {(v.file, v.claimed, v.definition): v.repair for v in verdicts if v.repair and v.definition}
    found = [repairs.get((v.file, v.claimed, v.definition)) for v in verdicts]
    return [
        replace(verdict, repair=repair, doubt="")
        if repair and verdict.doubt and verdict.doubt != PERMANENT
        else verdict
        for verdict, repair in zip(verdicts, found, strict=True)
    ]


def _lost_beside(statement: Statement, chosen: Sequence[Name], lost: Sequence[Name]) -> list[Name]:
    """Names that are gone, in one list with those that are there (`a`, `b` and `c`) or right before a citation."""
    marked = {name for name in lost if name.rank == 0}
    known = set(chosen)
    for name in marked:
        following = bisect_left(statement.citations, name.until, key=lambda citation: citation.at)
        for citation in statement.citations[following : following + 1]:
            if in_apposition(statement.text, name, citation):
                known.add(name)
    for names in (statement.names, statement.names[::-1]):
        for previous, name in pairwise(names):
            if name in marked and previous in known and in_one_list(statement.text, previous, name):
                known.add(name)
    return [name for name in marked if name in known]


def _looks_like_symbol(text: str) -> bool:
    return "_" in text.strip("_") or "." in text or not (text.islower() or text.isupper())


def _is_title(text: str) -> bool:
    """A page that is named after a topic: `Base_Model_Loading`."""
    return all(part[:1].isupper() or part[:1].isdigit() for part in text.split("_") if part)


def _is_value(name: str, text: str) -> bool:
    """Whether a name stands in a text as an option, a field, a value or an import.

    A call is none. A name with a capital, of a class, is one only where it is imported; a dotted one, of a member, only
    where it is declared or assigned: both are used in many other ways while they exist.
    """
    word = SEPARATORS.split(name)[-1]
    begin = text.find(word)
    while begin >= 0:
        end = begin + len(word)
        before, after = text[begin - 1 : begin], text[end : end + 1]
        if not (before.isidentifier() or after.isalnum() or after in ("_", "(")):
            if word != name:
                found = text[end : end + 3].lstrip()[:1] in ("=", ":")
            elif word[:1].isupper() and not word.isupper():
                found = "import" in text[text.rfind("\n", 0, begin) + 1 : begin]
            else:
                found = True
            if found:
                return True
        begin = text.find(word, end)
    return False


def _lines(symbol: Symbol) -> tuple[int, int]:
    return symbol.start, symbol.end


def _claimed(citation: ClaimCitation) -> tuple[int, int]:
    return min(citation.start, citation.end), max(citation.start, citation.end)


def _is_reversed(citation: ClaimCitation) -> bool:
    return citation.start > citation.end


def _length(lines: tuple[int, int]) -> int:
    return lines[1] - lines[0] + 1


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]
