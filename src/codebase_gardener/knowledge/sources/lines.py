"""Evidence: lines of the repository, and how they are found again."""

from __future__ import annotations

from dataclasses import dataclass

from codebase_gardener.utils.anchors import Anchor

__all__ = ["Source"]


@dataclass(frozen=True, order=True)
class Source:
    """Evidence: lines, what they define, and the hash that finds them again.

    Attributes:
        anchor: Path and range.
        symbol: Qualified name of the definition that the range is; "" for a range that is none.
        sha256: First 16 hex digits over the lines joined by newlines.
    """

    anchor: Anchor
    symbol: str
    sha256: str
