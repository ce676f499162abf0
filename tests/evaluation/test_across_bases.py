"""Adapters of two bases side by side: the same bytes, whatever their tokenizers make of them."""

from __future__ import annotations

from typing import Any

import pytest

from codebase_gardener.cli.figures import across_lines
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.evaluation.across_bases import compare, same_bodies
from codebase_gardener.evaluation.measuring import RowScore, measure_bodies
from codebase_gardener.evaluation.metrics import Measurement, per_byte

NAMES, BASES = ("p/default@1", "p/default@2"), ("small", "large")
BODY = "    total = width + height\n" * 40


def measured(nats: list[float], tokens: int, lines: bool = False) -> list[Measurement]:
    return [Measurement(f"f{n}.py", one, tokens, 30, lines) for n, one in enumerate(nats)]


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ([20.0] * 16, [15.0] * 16, "better"),
        ([20.0] * 16, [20.0] * 16, "unchanged"),
        ([20.0] * 16, [10.0, 30.0] * 8, "unchanged"),
        ([20.0] * 16, [25.0] * 16, "worse"),
        ([20.0] * 4, [15.0] * 4, "unchanged"),  # four functions say nothing
    ],
)
def test_the_word_is_that_of_nats_per_byte(old: list[float], new: list[float], word: str) -> None:
    """Per token the new one, with a third of the tokens, would be worse each time."""
    found = compare(measured(old, 12), measured(new, 4), NAMES, BASES)
    assert found.word == word
    assert ("too few" in found.reason) == (len(old) < 8)
    assert found.difference.nats_per_byte == pytest.approx((sum(new) - sum(old)) / (30 * len(old)))


def test_it_is_told_in_words() -> None:
    made = compare(measured([20.0] * 16, 12), measured([15.0] * 16, 4, lines=True), NAMES, BASES)
    text = "\n".join(across_lines(made.as_dict()))
    assert "better. Adapter + retrieval on the same 480 bytes of 16 held-out functions" in text
    assert "old p/default@1 on small: 0.667 nats/byte, next line 0.0%, 192 tokens" in text
    assert "-0.167 nats/byte (95 % -0.167 to -0.167, paired, drawn by file); next line +100.0 points" in text


def test_other_bytes_are_not_compared() -> None:
    longer = [Measurement("a.py", 1.0, 1, 31, next_line=False)]
    with pytest.raises(ValueError, match="other lengths"):
        per_byte(longer, measured([1.0], 1))


class Uniform:
    """A nat for each token."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def scores(self, rows: Any, *, adapter: bool, progress: Any) -> list[RowScore]:
        assert adapter
        return [RowScore(float(row.supervised), [True] * row.supervised) for row in rows]


def word_tokenizer() -> Any:
    """One that takes a word or a run of spaces as a token, where the tiny base's takes a byte."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    split = pre_tokenizers.Split(Regex(r"\s+"), "isolated")
    words = {word for word, _ in split.pre_tokenize_str("def area(w, h):\n" + BODY)}
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(["?", *sorted(words)])}, "?"))
    tokenizer.pre_tokenizer = split
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def test_both_are_asked_for_the_bytes_that_fit_both(tokenizer: Any) -> None:
    whole = HeldoutFunction("area", "a.py", "", "def area(w, h):\n", "def area(w, h):\n", BODY)
    tokenizers = (tokenizer, word_tokenizer())
    functions = same_bodies([whole], tokenizers)
    body = functions[0].completion
    assert 500 < len(body) < len(BODY)
    assert BODY.startswith(body)
    byte, word = (measure_bodies(Uniform(one), functions)[0] for one in tokenizers)
    assert byte.bytes == word.bytes == len(body)
    assert byte.tokens == len(body) + 1  # and the newline before it
    assert word.tokens < byte.tokens / 2
    assert same_bodies([whole], tokenizers[1:]) == [whole]
