"""The four arms: the base and the adapter, each without and with retrieved code; and those that fill in."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ARMS", "FILL_IN_ARMS", "MEMORY", "PARENT", "WITH_WIKI", "Arm"]


@dataclass(frozen=True)
class Arm:
    """One way to ask for a held-out function."""

    name: str
    adapter: bool
    retrieval: bool


ARMS = (
    Arm("base", adapter=False, retrieval=False),
    Arm("base + retrieval", adapter=False, retrieval=True),
    Arm("adapter", adapter=True, retrieval=False),
    Arm("adapter + retrieval", adapter=True, retrieval=True),
)

WITH_WIKI = Arm("base + retrieval + wiki", adapter=False, retrieval=True)
"""Measured where there is a wiki, to say whether the retrieval arms have its pages."""

FILL_IN_ARMS = (
    Arm("base", adapter=False, retrieval=True),
    Arm("adapter", adapter=True, retrieval=True),
)
"""The middle of a body from both sides, as an editor asks for it: with retrieved code. They decide nothing."""

PARENT = Arm("parent + retrieval", adapter=True, retrieval=True)
"""The version that the adapter went on from; it decides whether that one is active."""

MEMORY = " + memory"
"""Behind an arm's name: the same logits with the memory of the repository mixed in. It decides nothing."""
