"""Generation that begins inside a prompt's last white space, as training does: the model chooses the tokens there.

Training gives the newline and the indentation of a body's first line to the completion (docs/adr/0003). A prompt
that ends with them would begin with tokens that the model has never seen apart; so they are taken back, and the model
may only say what begins with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor
from transformers import LogitsProcessor

__all__ = ["Seam"]

_spaces: WeakKeyDictionary[Any, dict[int, str]] = WeakKeyDictionary()


class Seam(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped
    """Allows only tokens that go on with what was taken back, until all of it is said.

    Args:
        tokenizer: Of the base.
        taken: What was taken back, of each row; "" for nothing.
        begin: Tokens before the first one that is generated.
    """

    def __init__(self, tokenizer: Any, taken: Sequence[str], begin: int) -> None:
        self._tokenizer, self._taken, self._begin = tokenizer, list(taken), begin
        self._vocabulary = _beginning_with_space(tokenizer) if any(taken) else {}

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        """Scores [B, V] with what may not come next at minus infinity."""
        rows = len(input_ids) // max(1, len(self._taken))  # beams, if any, lie together
        for row, ids in enumerate(input_ids):
            taken = self._taken[row // max(1, rows)]
            if not taken:
                continue
            said = "".join(self._vocabulary.get(int(number), "\0") for number in ids[self._begin :])
            left = taken[len(said) :] if taken.startswith(said) else ""
            if left:
                allowed = [
                    n
                    for n, text in self._vocabulary.items()
                    if text.startswith(left) or left.startswith(text)
                ]
                if allowed:
                    scores[row] = _only(scores[row], allowed)
        return scores


def _only(scores: Tensor, allowed: list[int]) -> Tensor:
    kept = torch.full_like(scores, float("-inf"))
    kept[allowed] = scores[allowed]
    return kept


def _beginning_with_space(tokenizer: Any) -> dict[int, str]:
    """The tokens whose text begins with white space, with that text."""
    known = _spaces.get(tokenizer)
    if known is None:
        # a token's text is what it adds behind another: alone, some tokenizers leave out its first space
        ids = list(range(len(tokenizer)))
        anchor = tokenizer("a", add_special_tokens=False)["input_ids"][-1:]
        special = set(tokenizer.all_special_ids)
        before = len(tokenizer.decode(anchor))
        texts = tokenizer.batch_decode(
            [[*anchor, number] for number in ids], clean_up_tokenization_spaces=False
        )
        known = {
            number: text[before:]
            for number, text in zip(ids, texts, strict=True)
            if number not in special and text[before : before + 1] in ("\n", " ", "\t")
        }
        _spaces[tokenizer] = known
    return known
