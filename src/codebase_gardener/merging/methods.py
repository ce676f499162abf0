"""The ways to merge adapters: a table, each row with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["MERGE_METHODS", "MergeMethod", "merge_method"]


@dataclass(frozen=True)
class MergeMethod:
    """One way to merge.

    Attributes:
        prune: Which entries are dropped before the sum: none, the smallest, or random ones (the rest scaled up).
        elect: Whether each entry's sign is elected, and only what agrees with it is averaged (TIES).
        compress: Whether the result gets the largest input's rank where no rank is asked for (`…svd`).
        source: Where it is defined.
    """

    prune: Literal["none", "magnitude", "random"]
    elect: bool
    compress: bool
    source: str

    @property
    def words(self) -> str:
        """What it does, for someone who chooses."""
        summed = {
            "none": "the weighted sum",
            "magnitude": "the sum of the largest entries",
            "random": "the sum of random entries, scaled up",
        }[self.prune]
        signs = ", where their signs agree" if self.elect else ""
        return f"{summed}{signs}; {'as large as the largest adapter' if self.compress else 'as large as all together'}"

    @property
    def dense(self) -> bool:
        """Whether entries of the weight change itself are needed, one module at a time."""
        return self.prune != "none" or self.elect


_TASK = "task arithmetic, arXiv:2212.04089"
_TIES = "TIES, arXiv:2306.01708"
_DARE = "DARE, arXiv:2311.03099"
_PRUNE = "PEFT's magnitude_prune"

MERGE_METHODS: dict[str, MergeMethod] = {
    "linear": MergeMethod("none", False, False, _TASK),
    "cat": MergeMethod("none", False, False, _TASK),
    "svd": MergeMethod("none", False, True, f"{_TASK}; Eckart and Young 1936"),
    "ties": MergeMethod("magnitude", True, False, _TIES),
    "ties_svd": MergeMethod("magnitude", True, True, _TIES),
    "dare_linear": MergeMethod("random", False, False, _DARE),
    "dare_linear_svd": MergeMethod("random", False, True, _DARE),
    "dare_ties": MergeMethod("random", True, False, f"{_DARE}; {_TIES}"),
    "dare_ties_svd": MergeMethod("random", True, True, f"{_DARE}; {_TIES}"),
    "magnitude_prune": MergeMethod("magnitude", False, False, _PRUNE),
    "magnitude_prune_svd": MergeMethod("magnitude", False, True, _PRUNE),
}
_ALIASES = {"task_arithmetic": "linear"}


def merge_method(name: str) -> MergeMethod:
    """The method of a name or alias.

    Raises:
        InvalidInputError: There is none; the hint lists what there is.
    """
    method = MERGE_METHODS.get(_ALIASES.get(name, name))
    if method is None:
        known = ", ".join([*MERGE_METHODS, *_ALIASES])
        raise InvalidInputError(f"there is no merge method {name!r}", hint=f"choose from {known}")
    return method
