"""How figures are written for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

__all__ = ["gigabytes", "verdict_lines", "verdict_table"]


def gigabytes(size: int) -> str:
    """Bytes as GB or MB."""
    return f"{size / 1e9:.1f} GB" if size >= 1e8 else f"{size / 1e6:.1f} MB"


def verdict_table(verdict: Mapping[str, Any]) -> Table:
    """The four arms with their 95 % intervals."""
    arms = verdict["arms"]
    first = next(iter(arms.values()))
    table = Table(
        title=f"{first['functions']} functions of {first['files']} held-out files, {first['tokens']:,} tokens",
        title_justify="left",
    )
    table.add_column("arm")
    for heading in ("nats/token", "95 %", "nats/byte", "next line exact", "95 %"):
        table.add_column(heading, justify="right")
    for name, arm in arms.items():
        low, high = arm["nats_per_token_95"]
        few, many = arm["next_line_95"]
        table.add_row(
            name,
            f"{arm['nats_per_token']:.3f}",
            f"{low:.3f} – {high:.3f}",
            f"{arm['nats_per_byte']:.3f}",
            f"{arm['next_line']:.1%}",
            f"{few:.1%} – {many:.1%}",
        )
    return table


def verdict_lines(verdict: Mapping[str, Any]) -> list[str]:
    """The verdict in words, with the interval that decides, and what was forgotten."""
    decisive, general = verdict["difference"], verdict["general"]
    return [
        f"Verdict: {verdict['word']}. Adapter + retrieval against base + retrieval: "
        f"{decisive['nats_per_token']:+.3f} nats/token "
        f"(95 % {decisive['low']:+.3f} to {decisive['high']:+.3f}, paired, drawn by {decisive['drawn']}).",
        f"General text: {general['base']:.3f} nats/token with the base, {general['adapter']:.3f} with the adapter.",
    ]
