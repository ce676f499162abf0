"""How figures are written for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from codebase_gardener.evaluation.arms import ARMS, FILL_IN_ARMS, MEMORY, PARENT

__all__ = ["across_lines", "gigabytes", "paper", "print_verdict", "verdict_lines", "verdict_table"]

_PIPED_COLUMNS = 100


def paper() -> Console:
    """Standard output, without markup; wide enough for every table where it is no terminal."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    if not console.is_terminal:
        console.width = _PIPED_COLUMNS
    return console


def gigabytes(size: int) -> str:
    """Bytes as GB or MB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def print_verdict(verdict: Mapping[str, Any]) -> None:
    """The arms, and the verdict in words."""
    console = paper()
    console.print(verdict_table(verdict))
    for line in verdict_lines(verdict):
        console.print(line)


def verdict_table(verdict: Mapping[str, Any]) -> Table:
    """The four arms with their 95 % intervals, in 80 columns; dashes where nothing was measured."""
    table = Table(
        title=_title(verdict["arms"]),
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("arm", no_wrap=True)
    for heading in ("nats/token", "95 %", "nats/byte", "next line", "95 %"):
        table.add_column(heading, justify="right", no_wrap=True)
    with_memory = [arm.name + MEMORY for arm in ARMS if arm.name + MEMORY in verdict["arms"]]
    for name in (*(arm.name for arm in ARMS), *with_memory):
        table.add_row(name, *_figures(verdict["arms"].get(name)))
    if verdict.get("parent"):
        table.add_row(PARENT.name, *_figures(verdict["parent"]["arm"]))
    return table


def _title(arms: Mapping[str, Any]) -> str:
    if not arms:
        return "0 functions held out"
    first = next(iter(arms.values()))
    return f"{first['functions']} functions of {first['files']} held-out files, {first['tokens']:,} tokens"


def _figures(arm: Mapping[str, Any] | None) -> list[str]:
    if arm is None:
        return ["–"] * 5
    low, high = arm["nats_per_token_95"]
    few, many = arm["next_line_95"]
    return [
        f"{arm['nats_per_token']:.3f}",
        f"{low:.3f} – {high:.3f}",
        f"{arm['nats_per_byte']:.3f}",
        f"{arm['next_line']:.1%}",
        f"{few:.1%} – {many:.1%}",
    ]


_PARTS = {
    "all": "held-out functions",
    "changed": "that changed or are new",
    "unchanged": "that did not change",
}


def verdict_lines(verdict: Mapping[str, Any]) -> list[str]:
    """The verdict in words, with the interval that decides, and what was forgotten."""
    if not verdict["arms"]:
        return [f"Verdict: {verdict['word']}: {verdict['reason']}."]
    decisive, general = verdict["difference"], verdict["general"]
    reason = f" ({verdict['reason']})" if verdict.get("reason") else ""
    wiki = [_wiki_line(verdict["wiki"])] if verdict.get("wiki") else []
    fill_in = [_fill_in_line(verdict["fill_in"])] if verdict.get("fill_in") else []
    return [
        f"Verdict: {verdict['word']}{reason}. Adapter + retrieval against base + retrieval: "
        f"{decisive['nats_per_token']:+.3f} nats/token "
        f"(95 % {decisive['low']:+.3f} to {decisive['high']:+.3f}, paired, drawn by {decisive['drawn']}).",
        f"General text: {general['base']:.3f} nats/token with the base, {general['adapter']:.3f} with the adapter.",
        *fill_in,
        *wiki,
        *([_memory_line(verdict["memory"])] if verdict.get("memory") else []),
        *(_parent_lines(verdict["parent"]) if verdict.get("parent") else []),
    ]


def _fill_in_line(fill_in: Mapping[str, Any]) -> str:
    """How well the middle of a body is filled in from both sides."""
    base, adapter = (fill_in["arms"][arm.name] for arm in FILL_IN_ARMS)
    gained = fill_in["difference"]
    return (
        f"Fill-in (middles of {base['functions']} bodies, with retrieval): {base['nats_per_token']:.3f} nats/token "
        f"with the base, {adapter['nats_per_token']:.3f} with the adapter ({gained['nats_per_token']:+.3f}, "
        f"95 % {gained['low']:+.3f} to {gained['high']:+.3f}); next line {base['next_line']:.1%} → "
        f"{adapter['next_line']:.1%}."
    )


def _wiki_line(wiki: Mapping[str, Any]) -> str:
    """Whether pages of the wiki are in the retrieval arms, and what they bring there."""
    gained = wiki["difference"]
    return (
        f"Wiki: base + retrieval {wiki['code']:.3f} → {wiki['with_pages']:.3f} nats/token with pages "
        f"({gained['nats_per_token']:+.3f}, 95 % {gained['low']:+.3f} to {gained['high']:+.3f}): "
        f"{'kept' if wiki['kept'] else 'left out'}."
    )


def _parent_lines(parent: Mapping[str, Any]) -> list[str]:
    """How it stands beside the version that it went on from."""
    parts = "; ".join(
        f"{part['difference']['nats_per_token']:+.3f} (95 % {part['difference']['low']:+.3f} to "
        f"{part['difference']['high']:+.3f}) on {part['functions']} {_PARTS[name]}"
        for name, part in parent["parts"].items()
    )
    worse = (
        f" It is worse, and not made active in place of {parent['name']}."
        if parent["word"] == "worse"
        else ""
    )
    return [f"Beside its parent {parent['name']}, both with retrieval, nats/token: {parts}.{worse}"]


def _memory_line(gains: Mapping[str, Any]) -> str:
    """What the memory of the repository adds to base and adapter, both with retrieved code."""
    base, adapter = (
        f"{gains[arm.name]['nats_per_token']:+.3f} nats/token for {arm.name} "
        f"(95 % {gains[arm.name]['low']:+.3f} to {gains[arm.name]['high']:+.3f})"
        for arm in ARMS
        if arm.retrieval
    )
    return f"Memory of the repository: {base}, {adapter}."


def across_lines(beside: Mapping[str, Any]) -> list[str]:
    """Two versions of different bases side by side, in words."""
    old, new = beside["old"], beside["new"]
    head = f"Old against new: {beside['word']}"
    if "difference" not in beside:
        return [f"{head}: {beside['reason']}."]
    gained, lines = beside["difference"], beside["next_line"]
    reason = f" ({beside['reason']})" if beside.get("reason") else ""
    return [
        f"{head}{reason}. Adapter + retrieval on the same {beside['bytes']:,} bytes of {new['arm']['functions']} "
        "held-out functions:",
        *(
            f"  {word} {side['name']} on {side['base']}: {side['arm']['nats_per_byte']:.3f} nats/byte, "
            f"next line {side['arm']['next_line']:.1%}, {side['arm']['tokens']:,} tokens"
            for word, side in (("old", old), ("new", new))
        ),
        f"  new less old: {gained['nats_per_byte']:+.3f} nats/byte "
        f"(95 % {gained['low']:+.3f} to {gained['high']:+.3f}, paired, drawn by {gained['drawn']}); "
        f"next line {100 * lines['share']:+.1f} points "
        f"(95 % {100 * lines['low']:+.1f} to {100 * lines['high']:+.1f})",
    ]
