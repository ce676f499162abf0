"""What an adapter and those that it was grown from were trained on: none of it may be asked for as held out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from codebase_gardener.dataset.examples import Example
from codebase_gardener.utils.files import sha256_text

__all__ = ["UNTAUGHT", "Taught", "body_key", "taught_by"]


@dataclass(frozen=True)
class Taught:
    """Of all generations before; empty for what is grown from nothing.

    Attributes:
        paths: Files of which there were rows.
        bodies: Hashes of what rows completed, white space left out.
        heldout: Files that the newest generation held out.
    """

    paths: frozenset[str] = frozenset()
    bodies: frozenset[str] = frozenset()
    heldout: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.paths or self.bodies or self.heldout)

    def has(self, body: str) -> bool:
        """Whether a function's body was trained on."""
        return body_key(body) in self.bodies

    def never(self, bodies: Mapping[str, Iterable[str]]) -> frozenset[str]:
        """The files that must not be held out: those that were trained on, also under another name.

        Args:
            bodies: Of the functions of each file.
        """
        moved = (path for path, own in bodies.items() if path not in self.heldout and self._knows_most(own))
        return frozenset((self.paths - self.heldout) | set(moved))

    def _knows_most(self, bodies: Iterable[str]) -> bool:
        known = [self.has(body) for body in bodies]
        return bool(known) and 2 * sum(known) >= len(known)

    def as_dict(self) -> dict[str, list[str]]:
        """As JSON holds it."""
        return {name: sorted(value) for name, value in vars(self).items()}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Taught:
        """The inverse of `as_dict`."""
        return cls(**{name: frozenset(value) for name, value in row.items()})


UNTAUGHT = Taught()


def taught_by(rows: Iterable[Example], heldout: Iterable[str], before: Taught) -> Taught:
    """What the next generation may not ask for.

    Args:
        rows: That were trained on.
        heldout: Files that were held out.
        before: What earlier generations were trained on.
    """
    trained = list(rows)
    return Taught(
        before.paths | {row.path for row in trained if row.path},
        before.bodies | {body_key(row.completion) for row in trained if row.completion},
        frozenset(heldout),
    )


def body_key(body: str) -> str:
    """What tells bodies apart: a hash of the text without white space."""
    return sha256_text("".join(body.split()))[:16]
