"""How the figures of `evaluate --full` are written for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from codebase_gardener.cli.figures import paper
from codebase_gardener.evaluation.arms import MEMORY

__all__ = ["full_lines", "full_table", "print_full"]


def print_full(data: Mapping[str, Any]) -> None:
    """The arms at the cursors, then what else was measured, in words."""
    console = paper()
    console.print(full_table(data))
    for line in full_lines(data):
        console.print(line)


def full_table(data: Mapping[str, Any]) -> Table:
    """The arms: loss, exact match and edit similarity of the next line, and of the next three."""
    editing = data["editing"]
    asked = f"new since {data['since'][:12]}" if data.get("since") else "held out"
    table = Table(
        title=f"{editing['cursors']} cursors in functions {asked}, {editing['at_line_starts']} at a line's start",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("arm", no_wrap=True)
    for heading in ("nats/token", "next line", "95 %", "similar", "3 lines", "similar"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, one in sorted(editing["arms"].items(), key=lambda arm: arm[0].endswith(MEMORY)):
        low, high = one["loss"]["next_line_95"]
        table.add_row(
            name,
            f"{one['loss']['nats_per_token']:.3f}",
            f"{one['loss']['next_line']:.1%}",
            f"{low:.1%} – {high:.1%}",
            f"{one['similarity']:.2f}",
            f"{one['exact_lines']:.1%}",
            f"{one['similarity_lines']:.2f}",
        )
    return table


def full_lines(data: Mapping[str, Any]) -> Iterator[str]:
    """Differences with their intervals, slices, losses, noise, recitation, forgetting."""
    editing = data["editing"]
    gained = editing["difference"]
    yield (
        f"Adapter + retrieval against base + retrieval: {gained['nats_per_token']:+.3f} nats/token "
        f"(95 % {gained['low']:+.3f} to {gained['high']:+.3f}), exact next lines {_points(editing['exact'])}; "
        f"against base alone {_points(editing['exact_over_base'])}."
    )
    if editing.get("exact_all") is not None:  # a receipt of before has none
        yield (
            f"With the memory of the repository: exact next lines {_points(editing['exact_all'])}; "
            f"against base alone {_points(editing['exact_all_over_base'])}."
        )
    for one in editing["slices"]:
        difference = one["difference"]
        yield (
            f"  {one['by']} {one['value']} ({one['functions']}): {one['word']}, "
            f"{difference['nats_per_token']:+.3f} ({difference['low']:+.3f} to {difference['high']:+.3f})"
        )
    if editing["losses"]:
        lost = ", ".join(f"{one['symbol']} {one['nats_per_token']:+.2f}" for one in editing["losses"])
        yield f"Lost most: {lost}."
    if (null := data["null"]) is not None:
        yield (
            f"More than noise: {null['effect']:+.3f} nats/token, where {null['draws']} adapters of the same norms and "
            f"random directions make {null['null_mean']:+.3f}: {abs(null['deviations']):.1f} standard deviations apart."
        )
    if (said := data["recitation"]) is not None:
        yield (
            f"Recitation: of {said['rows']} training rows {said['adapter']:.1%} are said word for word for 32 tokens "
            f"(base {said['base']:.1%}; of {said['heldout_rows']} held-out ones {said['heldout']:.1%})."
        )
    code = data["general_code"]
    yield (
        f"Code of other languages: {code['base']:.3f} nats/token with the base, {code['adapter']:.3f} with the adapter."
    )


def _points(points: Mapping[str, float]) -> str:
    return f"{100 * points['share']:+.1f} points ({100 * points['low']:+.1f} to {100 * points['high']:+.1f})"
