"""What changed between two states of a repository: definitions that came, went, or are written otherwise."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.sources.repository_facts import text_hash
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import is_code
from codebase_gardener.repository.areas import area_of
from codebase_gardener.repository.snapshot import Snapshot, SourceFile
from codebase_gardener.utils.anchors import split_lines

__all__ = ["changes_since"]

_MOST = 50
_TOLD = ("signature", "removed", "added", "body", "file")

_Definitions = dict[str, tuple[Symbol, str]]


def changes_since(revision: str, before: Snapshot, now: Snapshot) -> tuple[GraphLine, ...]:
    """What changed, the package first: signatures, what went, what came, bodies, other files.

    Args:
        revision: As it was asked for.
        before: The state at that revision.
        now: The state that is asked about.

    Returns:
        A line that counts, and one for each of the first 50; an anchor of what went is that of the revision.
    """
    found = sorted(_changes(revision, before, now))
    counts = {kind: sum(row[2] == kind for row in found) for kind in _TOLD}
    told = ", ".join(f"{count} {_NOUNS[kind]}" for kind, count in counts.items() if count) or "nothing"
    lines = [
        GraphLine(f"since {revision}: {told}"),
        *(GraphLine(text, anchor) for *_, text, anchor in found[:_MOST]),
    ]
    if len(found) > _MOST:
        lines.append(GraphLine(f"and {len(found) - _MOST} more", found[_MOST][-1]))
    return tuple(lines)


_NOUNS = {
    "signature": "changed signatures",
    "removed": "definitions removed",
    "added": "definitions added",
    "body": "changed bodies",
    "file": "other files",
}


def _changes(revision: str, before: Snapshot, now: Snapshot) -> Iterator[tuple[bool, int, str, str, str]]:
    """Rows in the order of telling: whether it is of the package, which kind, and what is said."""
    old, new = ({file.path: file for file in snapshot.files} for snapshot in (before, now))
    for path in sorted(old.keys() | new.keys()):
        was, here = old.get(path), new.get(path)
        if was is not None and here is not None and was.text == here.text:
            continue
        kept = here or was
        if kept is None:
            continue
        outside = area_of(path, kept.language) != "package"
        rows = list(_definitions_changed(revision, _definitions(was), _definitions(here)))
        if not rows:
            word = "changed" if was and here else "added" if here else f"removed; it was there at {revision}"
            rows = [("file", f"file `{path}` {word}", f"{path}:L1-{kept.lines}" if kept.lines else "")]
        for kind, text, anchor in rows:
            yield outside, _TOLD.index(kind), kind, text, anchor


def _definitions_changed(
    revision: str, old: _Definitions, new: _Definitions
) -> Iterator[tuple[str, str, str]]:
    for name in sorted(old.keys() | new.keys()):
        was, here = old.get(name), new.get(name)
        if here is None and was is not None:
            yield "removed", f"removed: `{name}`; it stood there at {revision}", str(was[0].anchor)
        elif here is not None and was is None:
            yield "added", f"added: `{here[0].signature}`", str(here[0].anchor)
        elif here is not None and was is not None and was[0].signature != here[0].signature:
            text = f"signature of `{name}`: `{was[0].signature}` became `{here[0].signature}`"
            yield "signature", text, str(here[0].anchor)
        elif (
            here is not None
            and was is not None
            and was[1] != here[1]
            and here[0].kind in ("function", "method")
        ):
            yield "body", f"body of `{name}` changed", str(here[0].anchor)


def _definitions(file: SourceFile | None) -> _Definitions:
    """By qualified name: the symbol, and a hash of its lines."""
    if file is None or not is_code(file.language):
        return {}
    lines = split_lines(file.text)
    table = symbols_of(file.path, file.text, file.language)
    return {
        each.qualified_name: (each, text_hash(lines[each.start - 1 : each.end])) for each in table.symbols
    }
