"""One training row, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["USER_TASK", "Example"]

USER_TASK = "user"
"""The task of rows of the user's own."""


@dataclass(frozen=True)
class Example:
    """A row of the dataset. Exactly one of the three standard forms is filled.

    Attributes:
        id: First 16 hex digits of a hash over task, anchor and text.
        task: A key of `generation.TASKS`, or `USER_TASK`.
        split: "train" or "heldout".
        path: File it was made from, "" for rows of the user's own that name none.
        symbol: Qualified name, "" where there is none.
        anchor: `path:Lx-y` of the evidence (for the user's own: `file.jsonl:Lx-x`, or the lines they name).
        commit: `Snapshot.revision`.
        prompt: What the model is given; "" with `messages` or `text`.
        completion: What is trained on.
        prompt_trained: So many characters at the prompt's end are code of the same file, and trained on too.
        messages: Chat turns `{"role": …, "content": …}`; assistant turns are trained on.
        text: Plain text, trained on as a whole.
        fim: (prefix, middle, suffix): fill-in-the-middle, in the base's own tokens or in plain text.
        context: Anchors of the retrieved documents that stand in the prompt.
        weight: How early the row comes in training, where there is no time for all of them.
    """

    id: str
    task: str
    split: str
    path: str
    symbol: str
    anchor: str
    commit: str
    prompt: str = ""
    completion: str = ""
    prompt_trained: int = 0
    messages: tuple[dict[str, str], ...] = ()
    text: str = ""
    fim: tuple[str, str, str] | None = None
    context: tuple[str, ...] = ()
    weight: float = 1.0

    def as_row(self) -> dict[str, Any]:
        """The row as JSON holds it, without the empty forms."""
        return {key: value for key, value in vars(self).items() if value not in ("", (), None, 0)}
