"""What documents say that a function raises, where its code does not say it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from codebase_gardener.documents.sentences import cut_between_words, sentences
from codebase_gardener.knowledge.answers.comparing import paragraphs
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.anchors import Anchor, split_lines

__all__ = ["said_to_raise"]

_MOST = 3
_LONGEST = 300
_SAYS = re.compile(r"\b(?:raise[sd]?|raising|thrown?|throws|throwing)\b", re.IGNORECASE)
_DENIES = re.compile(r"\b(?:not|never|n't|without)\b", re.IGNORECASE)
_ERROR = re.compile(r"`[~]?(?:\w+(?:\.|::))*(\w*(?:Error|Exception)\w*)`")


def said_to_raise(files: Iterable[SourceFile], name: str) -> Iterator[tuple[str, GraphLine]]:
    """The sentences that name a function in code and say that it raises; those first that name the error.

    Args:
        files: Documents.
        name: Of the function.

    Returns:
        Of each the error's name, "" where it names none, and the line.
    """
    last = re.escape(name.rpartition(".")[2])
    named = re.compile(rf"`[^`]*(?<![\w]){last}(?:\([^`]*\))?`")
    found: list[tuple[bool, int, str, int, str, GraphLine]] = []
    for file in files:
        if last not in file.text:
            continue
        for one in paragraphs(file.path, split_lines(file.text), 1):
            for sentence in sentences(one.text) if _SAYS.search(one.text) and named.search(one.text) else ():
                if not named.search(sentence) or not _SAYS.search(sentence) or _DENIES.search(sentence):
                    continue
                error = _ERROR.search(sentence)
                line = GraphLine(
                    f"“{cut_between_words(sentence, _LONGEST)}”", str(Anchor(one.path, one.start, one.end))
                )
                found.append(
                    (
                        error is None,
                        file.path.count("/"),
                        file.path,
                        one.start,
                        error[1] if error else "",
                        line,
                    )
                )
    once: dict[str, tuple[str, GraphLine]] = {}
    for *_, error_name, line in sorted(found, key=lambda row: row[:4]):
        once.setdefault(line.text, (error_name, line))
    yield from list(once.values())[:_MOST]
