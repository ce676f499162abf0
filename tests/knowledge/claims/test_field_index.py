"""Constants of a module and fields of its classes."""

from __future__ import annotations

import pytest

from samples.claim_verdicts import Judge


@pytest.mark.parametrize(
    ("text", "said_of"),
    [
        ("`Cart.limit` (`cart/model.py:L13`)", [("Cart.limit", "exact")]),
        ("`Cart.limit` is at `cart/model.py:L1-2`.", [("Cart.limit", "wrong")]),
        (
            "`Cart.limit` and `Cart` (`cart/model.py:L13`, `cart/model.py:L11-33`)",
            [("Cart.limit", "exact"), ("Cart", "exact")],
        ),
        ("| `limit` | `Cart` | cart/model.py:L11-33 |", [("Cart", "exact")]),
        ("`Base.limit` (`cart/model.py:L13`)", [("", "no-symbol")]),
        ("The `RATES` constant: `shop/rates.py:L1-4`.", [("RATES", "exact")]),
        ("The `rates.RATES` constant: `shop/rates.py:L1-2`.", [("RATES", "off")]),
        ("`RATES` as in `rate` (`shop/rates.py:L7-8`).", [("rate", "exact")]),
        ("`self.owner` (`cart/model.py:L16`)", [("", "no-symbol")]),
    ],
)
def test_fields_with_their_class_and_constants(
    judge: Judge, text: str, said_of: list[tuple[str, str]]
) -> None:
    assert [(v.definition, v.verdict) for v in judge(text)] == said_of
