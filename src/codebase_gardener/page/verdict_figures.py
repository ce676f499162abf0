"""What the registry keeps of verdicts and evaluations, as pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from codebase_gardener.evaluation.arms import ARMS, MEMORY, PARENT
from codebase_gardener.page.intervals import Interval, Picture, picture

__all__ = ["arms", "differences", "is_measured", "next_lines", "slices_of", "times"]

_SIGNED = "{:+.3f}"


def is_measured(figures: Mapping[str, Any] | None) -> bool:
    """Whether a verdict has arms to show."""
    return bool(figures and figures.get("arms") and figures.get("difference"))


def times(nats_per_token: float) -> float:
    """How many times as likely a token is with the adapter, in the geometric mean."""
    return math.exp(min(50.0, -nats_per_token))


def arms(figures: Mapping[str, Any]) -> Picture | None:
    """The loss of each arm."""
    return picture(
        Interval(name, arm["nats_per_token"], *arm["nats_per_token_95"]) for name, arm in _arms(figures)
    )


def next_lines(figures: Mapping[str, Any]) -> Picture | None:
    """How often each arm writes the next line exactly."""
    return picture(
        (Interval(name, arm["next_line"], *arm["next_line_95"]) for name, arm in _arms(figures)), "{:.1%}"
    )


def _arms(figures: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The four, then those with memory, then the parent."""
    known = figures["arms"]
    for behind in ("", MEMORY):
        yield from (
            (arm.name + behind, known[arm.name + behind]) for arm in ARMS if arm.name + behind in known
        )
    if figures.get("parent"):
        yield f"{PARENT.name}", figures["parent"]["arm"]


_PARTS = {
    "all": "all functions",
    "changed": "changed or new functions",
    "unchanged": "functions that did not change",
}


def differences(figures: Mapping[str, Any]) -> Picture | None:
    """All paired differences in nats per token: what decides first."""
    rows = [
        _interval("adapter less base, both with retrieval", figures["difference"], "this decides"),
        _interval("adapter less base, without retrieval", figures["without_retrieval"]),
    ]
    if fill_in := figures.get("fill_in"):
        count = fill_in["arms"]["adapter"]["functions"]
        rows.append(_interval("filling in: adapter less base", fill_in["difference"], f"{count} middles"))
    for name, one in (figures.get("memory") or {}).items():
        rows.append(_interval(f"memory added to {name}", one))
    if wiki := figures.get("wiki"):
        kept = "its pages are in retrieval" if wiki["kept"] else "retrieval goes without"
        rows.append(_interval("wiki added to base + retrieval", wiki["difference"], kept))
    for name, part in ((figures.get("parent") or {}).get("parts") or {}).items():
        count = f"{part['functions']} functions"
        rows.append(_interval(f"adapter less parent, {_PARTS.get(name, name)}", part["difference"], count))
    return picture(rows, _SIGNED, zero=True)


def slices_of(full: Mapping[str, Any]) -> list[tuple[str, Picture]]:
    """Where it helped and where it hurt: a picture for each way to group the functions, best first."""
    groups: dict[str, list[Interval]] = {}
    for one in full["editing"]["slices"]:
        row = _interval(one["value"], one["difference"], f"{one['functions']} functions", one["word"])
        groups.setdefault(one["by"], []).append(row)
    drawn = ((by, picture(sorted(rows, key=lambda row: row.value), _SIGNED, zero=True))
             for by, rows in groups.items())  # fmt: skip
    return [(by, one) for by, one in drawn if one is not None]


def _interval(name: str, one: Mapping[str, Any], note: str = "", word: str = "") -> Interval:
    told = word or ("helped" if one["high"] < 0 else "hurt" if one["low"] > 0 else "unchanged")
    return Interval(name, one["nats_per_token"], one["low"], one["high"], note, told)
