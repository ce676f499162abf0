"""A document that makes claims, as it lies on disk: its text, and its bytes with some ranges written anew."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from codebase_gardener.documents.claim_units import written_columns
from codebase_gardener.knowledge.claims.forms import read_claims
from codebase_gardener.knowledge.claims.judging import judge_claims
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict

__all__ = ["ClaimDocument", "Edit"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_UNDECODED = dict.fromkeys(range(56448, 56576), "�")
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@dataclass(frozen=True)
class Edit:
    """A piece of a line to be replaced.

    Attributes:
        line: 1-based.
        begin: Column of its first character, from 0, in the line as it is written.
        end: The column after its last.
        text: What it becomes.
    """

    line: int
    begin: int
    end: int
    text: str


class ClaimDocument:
    """A Markdown file.

    Args:
        name: How verdicts call it.
        data: Its bytes: UTF-8, or UTF-16 with its mark; bytes that are neither are kept as they are.

    Attributes:
        text: What is judged: line ends are `\\n`.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name = name
        self._mark, self._encoding = next(
            ((mark, encoding) for mark, encoding in _MARKS.items() if data.startswith(mark)), (b"", "utf-8")
        )
        self._errors = "surrogateescape" if self._encoding == "utf-8" else "strict"
        try:
            self._raw = data[len(self._mark) :].decode(self._encoding, self._errors)
        except UnicodeError:  # a mark of UTF-16 before what is none
            self._mark, self._encoding, self._errors = b"", "utf-8", "surrogateescape"
            self._raw = data.decode(self._encoding, self._errors)
        self._ends = [match.span() for match in _LINE_END.finditer(self._raw)]
        self.text = _LINE_END.sub("\n", self._raw).translate(_UNDECODED)

    def line(self, number: int) -> str:
        """A line as it is written, without its end."""
        return self._raw[slice(*self._span(number))]

    def judge(self, sources: ClaimSources) -> list[ClaimVerdict]:
        """A verdict for each claim, with the columns of the line as it is written."""
        columns: dict[int, Callable[[int], int]] = {}
        placed = []
        for verdict in judge_claims(read_claims(self.text), sources, document=self.name):
            if verdict.line not in columns:
                columns[verdict.line] = written_columns(self.line(verdict.line))
            column = columns[verdict.line]
            spans = tuple((column(begin), column(end)) for begin, end in verdict.numbers)
            placed.append(replace(verdict, numbers=spans))
        return sorted([*placed, *sources.links.judge(self.name, self.text)], key=lambda verdict: verdict.line)

    def edits(self, verdict: ClaimVerdict) -> list[Edit]:
        """What writes the repair of a claim: its numbers or its target alone; none where they cannot be placed."""
        if verdict.target:
            return [Edit(verdict.line, *verdict.numbers[0], verdict.target)]
        if verdict.repair is None or not verdict.numbers:
            return []
        line, spans = self.line(verdict.line), verdict.numbers
        old = [line[begin:end] for begin, end in spans]
        if [int(number) for number in old if number.isdecimal()] not in (
            [*verdict.claimed], [verdict.claimed[0]],
        ):  # fmt: skip
            return []
        new = [str(number) for number in verdict.repair]
        if len(spans) == 1 and new[0] != new[1]:
            new = [f"{new[0]}-{'L' if line[: spans[0][0]].endswith('#L') else ''}{new[1]}"]
            word = re.search(r"\bline(?=\s+L?$)", line[: spans[0][0]])
            plural = [Edit(verdict.line, word.end(), word.end(), "s")] if word else []
        else:
            plural = []
        pairs = zip(spans, new, strict=False)
        return plural + [Edit(verdict.line, begin, end, text) for (begin, end), text in pairs]

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """The file's bytes with some pieces replaced: encoding, mark and line ends stay."""
        pieces, done = [], 0
        for edit in sorted(edits, key=lambda edit: (edit.line, edit.begin)):
            begin = self._span(edit.line)[0]
            pieces += [self._raw[done : begin + edit.begin], edit.text]
            done = begin + edit.end
        made = "".join([*pieces, self._raw[done:]])
        return self._mark + made.encode(self._encoding, self._errors)

    def _span(self, number: int) -> tuple[int, int]:
        begin = self._ends[number - 2][1] if number > 1 else 0
        end = self._ends[number - 1][0] if number <= len(self._ends) else len(self._raw)
        return begin, end
