"""Which names belong to which citation."""

from __future__ import annotations

import pytest

from samples.claim_verdicts import Judge


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("`Base` (`cart/model.py:L6-8`) and `Cart` (`cart/model.py:L11-33`).", ["Base", "Cart"]),
        ("`cart/model.py:L6-8`: `Base`; `cart/model.py:L11-33`: `Cart`.", ["Base", "Cart"]),
        ("| `Base`, `Cart` | `cart/model.py:L6-8`, `cart/model.py:L11-33` |", ["Base", "Cart"]),
        ("`Base` and `Cart` (`cart/model.py:L6-8, 11-33`).", ["Base", "Cart"]),
        ("`Cart` has no more `drop_item` (`cart/model.py:L40-50`).", []),
        ("`Cart` (`cart/model.py:L11-33`), `drop_item` (`cart/model.py:L40-50`).", ["Cart"]),
        ("`Cart` (`cart/model.py:L11-33`) inherits `Base`.", ["Cart"]),
        ("`Cart` (`cart/model.py:L11-33`, L11-33).", ["Cart", "Cart"]),
    ],
)
def test_names_belong_to_the_citation_beside_them(judge: Judge, text: str, bound: list[str]) -> None:
    verdicts = [(v.definition, v.verdict) for v in judge(text) if v.symbol != "drop_item"]
    assert verdicts == [(name, "exact") for name in bound]
    assert {v.verdict for v in judge(text) if v.symbol == "drop_item"} <= {"gone"}


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        (
            "`Cart.total`: `cart/model.py:18-20`; `.add_item()`: `cart/model.py:31-33`",
            ["Cart.total", "Cart.add_item"],
        ),
        (
            "`Cart`'s `.add_item(item)`: `cart/model.py:11-33`; `cart/model.py:31-33`",
            ["Cart", "Cart.add_item"],
        ),
        ("`Cart`: `cart/model.py:11-33`; its `.pay()` is another's", ["Cart"]),
        ("`Cart` calls `.pay()` (`pay/model.py:L2-3`)", ["Card.pay"]),
    ],
)
def test_a_method_after_a_dot_is_of_the_class_before_it(judge: Judge, text: str, bound: list[str]) -> None:
    assert [(v.definition, v.verdict) for v in judge(text)] == [(name, "exact") for name in bound]
