"""The conditions under which code is built, those on the same settings together, as notes of the Core page."""

from __future__ import annotations

import re
from collections.abc import Sequence

from codebase_gardener.knowledge.environments.evidence_by_kind import FoundEvidence
from codebase_gardener.knowledge.environments.page_draft import grouped
from codebase_gardener.knowledge.environments.sections import Sheet, marked
from codebase_gardener.knowledge.pages.wording import counted, enumerated

__all__ = ["build_condition_notes"]

_MOST_NOTES = 10
_MOST_SHOWN = 4
"""Conditions of a note."""
_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'")
_SETTING = re.compile(r"[A-Za-z_][\w.]*")
_JOINS = {"all", "and", "any", "defined", "not", "or"}


def build_condition_notes(rows: Sequence[FoundEvidence], sheet: Sheet) -> list[str]:
    """A note for the conditions on each setting, what decides most places first; the rest is counted.

    Args:
        rows: Where conditions stand.
        sheet: Of the page.
    """
    by_setting: dict[tuple[str, ...], list[list[FoundEvidence]]] = {}
    for (name,), places in grouped(rows, lambda one: (one.evidence.name,)):
        by_setting.setdefault(_settings(name), []).append(list(_places(places)))
    groups = [sorted(each, key=lambda one: -len(one)) for each in by_setting.values()]
    groups.sort(key=lambda each: -sum(map(len, each)))
    notes = [_note(each, sheet) for each in groups[:_MOST_NOTES]]
    rest = [one for each in groups[_MOST_NOTES:] for one in each]
    if rest:
        total = counted(sum(map(len, rest)), "place")
        notes.append(f"- {counted(len(rest), 'further build condition')}, in {total}.")
    return notes


def _note(conditions: Sequence[Sequence[FoundEvidence]], sheet: Sheet) -> str:
    if len(conditions) == 1:
        (places,) = conditions
        name = marked(places[0].evidence.name)
        return f"- Build condition {name}: it decides what is built ({sheet.anchors(places, 3)})."
    told = [
        f"{marked(places[0].evidence.name)} ({sheet.anchors(places, 1)})"
        for places in conditions[:_MOST_SHOWN]
    ]
    settings = ", ".join(map(marked, _settings(conditions[0][0].evidence.name)))
    on = f" on {settings}" if settings else ""
    return (
        f"- {len(conditions)} build conditions{on} decide what is built: {enumerated(told, len(conditions))}."
    )


def _places(rows: Sequence[FoundEvidence]) -> Sequence[FoundEvidence]:
    """Each line once."""
    return list({(one.path, one.evidence.start): one for one in rows}.values())


def _settings(condition: str) -> tuple[str, ...]:
    """What a condition asks for, without the values.

    Example:
        >>> _settings('any(target_os = "linux", not(unix))'), _settings("!windows && cgo")
        (('target_os', 'unix'), ('cgo', 'windows'))
    """
    names = _SETTING.findall(_VALUE.sub("", condition))
    return tuple(sorted({name for name in names if name.lower() not in _JOINS}))
