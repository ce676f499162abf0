"""An adapter beside the version that it went on from: on held-out code, on what changed, on what did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.dataset.taught import body_key
from codebase_gardener.evaluation.arms import ARMS, PARENT
from codebase_gardener.evaluation.metrics import (
    MIN_FUNCTIONS,
    ArmSummary,
    Difference,
    Measurement,
    difference,
    summarize,
)

__all__ = ["BesideParent", "Parent", "Part", "beside_parent"]


@dataclass(frozen=True)
class Parent:
    """What an adapter is compared with.

    Attributes:
        name: `project/name@version`.
        directory: Its published folder.
        bodies: Keys (`body_key`) of the functions of its tree; None where they are not known.
    """

    name: str
    directory: Path
    bodies: frozenset[str] | None


@dataclass(frozen=True)
class Part:
    """Some of the held-out functions: how many, and adapter less parent in nats per token, both with retrieved code."""

    functions: int
    difference: Difference


@dataclass(frozen=True)
class BesideParent:
    """What came of it.

    Attributes:
        name: Of the parent.
        word: "worse" where one of the intervals that count lies above 0, "better" where that of all lies below, else
            "unchanged". Parts of fewer than 8 functions do not count.
        arm: The parent with retrieved code.
        parts: "all", "changed" (bodies that its tree did not have: new ones too) and "unchanged" ones.
    """

    name: str
    word: str
    arm: ArmSummary
    parts: dict[str, Part]


def beside_parent(
    measured: Mapping[str, Sequence[Measurement]], functions: Sequence[HeldoutFunction], parent: Parent
) -> BesideParent:
    """Compare the two, both with retrieved code.

    Args:
        measured: Arm name → measurements of `functions`; `PARENT` among them.
        functions: Held out from both.
        parent: What is compared with.
    """
    own, others = measured[ARMS[-1].name], measured[PARENT.name]
    groups = {"all": list(range(len(own)))}
    if parent.bodies is not None:
        known = [body_key(function.completion) in parent.bodies for function in functions]
        groups["changed"] = [n for n, is_known in enumerate(known) if not is_known]
        groups["unchanged"] = [n for n, is_known in enumerate(known) if is_known]
    parts = {
        name: Part(len(group), difference([own[n] for n in group], [others[n] for n in group]))
        for name, group in groups.items()
        if group
    }
    return BesideParent(parent.name, _word(parts), summarize(others), parts)


def _word(parts: Mapping[str, Part]) -> str:
    counting = [part for name, part in parts.items() if name == "all" or part.functions >= MIN_FUNCTIONS]
    if any(part.difference.low > 0 for part in counting):
        return "worse"
    return "better" if parts["all"].difference.high < 0 else "unchanged"
