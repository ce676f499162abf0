"""What is known of an adapter, as Markdown for others: a model card's text, and that of the page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["introduced", "measured", "plain"]

_PUNCTUATION = re.compile(r"([!-+:-@\[-`{-~.])")


def introduced(label: str, facts: Mapping[str, object]) -> list[str]:
    """The heading, and what it was grown from.

    Args:
        label: `project/name@version`.
        facts: A line each; what is not known is left out.
    """
    lines = [f"- {plain(key)}: {plain(str(value))}" for key, value in facts.items() if value]
    return [
        f"# {plain(label)}",
        "A low-rank adapter of a language model to one repository.",
        "\n".join(lines),
    ]


def measured(facts: Mapping[str, Any]) -> list[str]:
    """The verdict with its arms, how it stands beside what it was grown again from, and the proof.

    Args:
        facts: "verdict", its figures or None; "receipts", newest first, each with its "kind".
    """
    receipts = facts.get("receipts") or ()
    return ["## Measured", *_verdict(facts.get("verdict")), *_beside(receipts), *_receipt(receipts)]


def _beside(receipts: Iterable[Mapping[str, Any]]) -> list[str]:
    """The adapter beside the version on another base that it was grown again from."""
    found = next((one for one in receipts if one.get("kind") == "regrown" and "difference" in one), None)
    if found is None:
        return []
    old, gained, lines = found["old"], found["difference"], found["next_line"]
    base = Path(old["base"]).name if Path(old["base"]).is_absolute() else old["base"]
    return [
        f"Grown again from the rows of {plain(old['name'])} on {plain(base)}: {plain(found['word'])}. "
        f"On the same held-out bytes {gained['nats_per_byte']:+.3f} nats per byte "
        f"(95 % interval {gained['low']:+.3f} to {gained['high']:+.3f}); exact next lines "
        f"{100 * lines['share']:+.1f} points ({100 * lines['low']:+.1f} to {100 * lines['high']:+.1f})."
    ]


def _verdict(verdict: Mapping[str, Any] | None) -> list[str]:
    if not verdict or not verdict.get("arms"):
        return ["Not evaluated on held-out code."]
    decisive, general = verdict["difference"], verdict["general"]
    return [
        f"Verdict: {plain(str(verdict['word']))}. On held-out code, adapter with retrieval less base with retrieval: "
        f"{decisive['nats_per_token']:+.3f} nats per token "
        f"(95 % interval {decisive['low']:+.3f} to {decisive['high']:+.3f}).",
        f"On general text: {general['base']:.3f} nats per token with the base, {general['adapter']:.3f} with the "
        "adapter.",
        _arms(verdict["arms"]),
    ]


def _arms(arms: Mapping[str, Any]) -> str:
    rows = [
        f"| {plain(name)} | {one['nats_per_token']:.3f} | {one['nats_per_token_95'][0]:.3f} to "
        f"{one['nats_per_token_95'][1]:.3f} | {one['next_line']:.1%} |"
        for name, one in arms.items()
    ]
    return "\n".join(
        ["| arm | nats per token | 95 % interval | exact next line |", "|---|---|---|---|", *rows]
    )


def _receipt(receipts: Any) -> list[str]:
    """The newest proof of the adapter in a fresh process."""
    for receipt in receipts:  # newest first
        if "max_logit_difference" in receipt and "tensors_matched" in receipt:
            return [
                f"Receipt: {receipt['tensors_matched']} of {receipt['tensors_expected']} tensors found their module; "
                f"logits differ from the base's by {receipt['max_logit_difference']:.3g} at most."
            ]
    return []


def plain(text: str) -> str:
    """A name as text on one line, whatever it holds: no markup, no tags, no links."""
    return _PUNCTUATION.sub(r"\\\1", " ".join(text.split()))
