"""Where a quoted text stands."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.claims.verdicts import range_text
from samples.claim_verdicts import Judge, one


@pytest.mark.parametrize(
    ("text", "actual", "word"),
    [
        ('"the total of a cart is computed from its items only" (`model.py:27-28`)', "L27-28", "exact"),
        ('"the total of a cart is computed from its items only." (`model.py:22-29`)', "L27-28", "exact"),
        ('"the total ... from its items only" (`model.py:27`)', "L27-28", "off"),
        ("“never set the total by hand: it is computed” (`cart/model.py:9`)", "L24-25", "wrong"),
        ('`Cart` says "never set the sum by hand" (`cart/model.py:24`)', None, "gone"),
    ],
)
def test_a_quote_is_judged_by_its_words(judge: Judge, text: str, actual: str | None, word: str) -> None:
    verdict = one(judge, text)
    assert (range_text(verdict.actual), verdict.verdict) == (actual, word)
    assert verdict.quote


@pytest.mark.parametrize(
    ("text", "word", "note"),
    [
        (
            '"sum(self.items)" and more: "never set the total by hand" (`model.py:L1-9000`)',
            "wrong",
            "ends at L41",
        ),
        ('`Cart` says "never set the total by hand" (`cart/model.py:L1-41`)', "off", "wider than Cart"),
        (
            '`Cart.total` says "never set the total by hand" (`cart/model.py:L11-33`)',
            "off",
            "wider than Cart.total",
        ),
        ('`Cart.total` of `Cart` says "never set the total by hand" (`cart/model.py:L11-33`)', "exact", ""),
        ('`Cart.total` says "never set the total by hand" (`cart/model.py:L22-29`)', "exact", ""),
        ('`Base` is told "never set the total by hand" (`cart/model.py:L11-33`)', "exact", ""),
    ],
)
def test_a_quote_does_not_make_any_range_exact(judge: Judge, text: str, word: str, note: str) -> None:
    verdict = one(judge, text)
    assert verdict.verdict == word
    assert note in verdict.note


def test_a_few_words_in_quotation_marks_are_no_quote(judge: Judge) -> None:
    assert one(judge, 'The "big" `Base` (`cart/model.py:L6-8`)').quote == ""
