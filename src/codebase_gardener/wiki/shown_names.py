"""What a passage of a document shows for what is asked: the calls and assignments in it that do that."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence, Set
from itertools import takewhile

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.sentences import first_sentence
from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.answers.graph_rows import DefinedName
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.retrieval.stems import stems
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.wiki.synonyms import had

__all__ = ["shown_names"]

_MOST = 3
_ENOUGH = 1 / 2  # of the words that the name with the most of them has
_LONGEST_LINE = 500
_MOST_LINES = 8
_DEFINES = re.compile(
    r"\A\W*(?:(?:async|default|export|pub|public|static)\s+){0,4}"
    r"(?:class|def|enum|fn|func|function|int|interface|struct|trait|type|void)\s+([A-Za-z_$][\w$]*)"
)
"""A line that defines something, also one of a comment's example."""
_ITEM = re.compile(r"\A\s*(?:[-*+•]|\d{1,2}[.)])\s+")
_WRITTEN = re.compile(
    r"(?P<call>[A-Za-z_$][\w$]*)[ ]?\("
    r"|(?:[.:>])(?P<field>[A-Za-z_][\w]*)[ ]*=(?![=>])"
    r"|`{1,2}[~@]?(?:[\w$]+(?:\.|::|\#))*(?P<marked>[A-Za-z_$][\w$]*)(?:\(\))?`{1,2}"
)


def shown_names(
    anchor: Anchor, lines: Sequence[str], graph: Graph, asked: Set[str], told: Collection[str] | None = None
) -> Iterator[GraphLine]:
    """The definitions that a passage calls, assigns or names in code and that have words of what is asked.

    What it defines itself, as the `main` of an example, is its own.
    Where it makes one call, that one: the heading says what it is for.

    Args:
        anchor: Of the passage.
        lines: Those of it.
        graph: Of the repository.
        asked: Stems of what is asked.
        told: Anchors of definitions that are told without this; then what is only named says nothing new.
    """
    written: dict[str, tuple[str, int]] = {}
    own = {found[1] for line in lines if (found := _DEFINES.match(line[:_LONGEST_LINE]))}
    for number, line in enumerate(lines, anchor.start):
        for found in _WRITTEN.finditer(line[:_LONGEST_LINE]):
            kind = found.lastgroup or ""
            name = found[kind]
            if name in own:
                continue
            if kind == "marked" and (told is not None or number == anchor.start):
                continue
            if name not in written or (written[name][0] == "marked" and kind != "marked"):
                written[name] = kind, number
    rows = {name: row for name in written if (row := _row(graph, name, written[name][0])) is not None}
    words = {name: len(had(asked, set(stems(name)))) for name in rows}
    most = max(words.values(), default=0)
    in_code = [name for name in rows if written[name][0] != "marked"]
    asked_for = [name for name, count in words.items() if most and count >= _ENOUGH * most]
    for name in (asked_for or (in_code if len(in_code) == 1 else []))[:_MOST]:
        kind, number = written[name]
        row = rows[name]
        if row.place.anchor in (told or ()):
            continue
        at = number - anchor.start
        said = (
            f"`{lines[at].strip()}`" if kind != "marked" else f"`{row.name}`: {_sentence(lines[at:], name)}"
        )
        yield GraphLine(said, str(Anchor(anchor.path, number, number)))
        if kind != "marked":
            what = f"{row.kind} `{row.name}`{f': {row.says}' if row.says else ''}"
            yield GraphLine(what, row.place.anchor)


def _row(graph: Graph, name: str, kind: str) -> DefinedName | None:
    """The definition of the package that a name in code can only mean; of a call something that can be called."""
    found = [row for row in graph.rows(name) if isinstance(row, DefinedName) and _is_meant(row, name, kind)]
    return found[0] if len({row.name for row in found}) == 1 else None


def _is_meant(row: DefinedName, name: str, kind: str) -> bool:
    is_value = row.kind in ("field", "constant")
    return (
        row.place.area == "package"
        and row.kind not in ("file", "command")
        and row.name.rpartition(".")[2] == name
        and (kind == "marked" or is_value is (kind == "field"))
    )


def _sentence(lines: Sequence[str], name: str) -> str:
    """The first sentence of the lines that stand together, without the name that they begin with.

    Of a list's item those that are the item's.
    """
    rest = takewhile(lambda line: line.strip() and not _ITEM.match(line), lines[1:_MOST_LINES])
    said = first_sentence(plain_text(" ".join(map(str.strip, (_ITEM.sub("", lines[0]), *rest)))))
    return re.sub(rf"\A(?:\w+[.:#]+)*{re.escape(name)}\W*(?=\w)", "", said)
