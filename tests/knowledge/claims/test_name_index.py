"""What a name means in a file, however it is written."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.claims.verdicts import range_text
from samples.claim_verdicts import Judge, one, said


@pytest.mark.parametrize(
    ("name", "definition"),
    [
        ("`Cart.add_item`", "Cart.add_item"),
        ("`Cart.add_item()`", "Cart.add_item"),
        ("`def add_item(self, item):`", "Cart.add_item"),
        ("`Cart::add_item`", "Cart.add_item"),
        ("`shop.cart.model.Cart.add_item`", "Cart.add_item"),
        ("`cart.add_item(x)`", "Cart.add_item"),
        ("Cart_add_item", "Cart.add_item"),
        ("acme_shop_Cart_add_item", "Cart.add_item"),
        ("Implementation:acme_shop_Cart_add_item", "Cart.add_item"),
        ("✅ add_item", "Cart.add_item"),
        ("**add_item**", "Cart.add_item"),
        ("add_item_context", "Cart.add_item"),
        ("Cart\\_add\\_item", "Cart.add_item"),
        ("`@Cart.add_item`", "Cart.add_item"),
    ],
)
def test_a_name_however_it_is_written(judge: Judge, name: str, definition: str) -> None:
    verdict = one(judge, f"| {name} | cart/model.py:L31-33 |")
    assert (verdict.definition, verdict.verdict) == (definition, "exact")


def test_the_page_of_a_class_is_named_after_its_constructor(judge: Judge) -> None:
    assert said(one(judge, "| Cart_init | cart/model.py:L11-33 |")) == (
        "Cart_init",
        "Cart",
        "L11-33",
        "exact",
    )
    assert said(one(judge, "| Cart_init | cart/model.py:L15-16 |"))[1:] == (
        "Cart.__init__",
        "L15-16",
        "exact",
    )
    assert said(one(judge, "| Base_init | cart/model.py:L6-9 |"))[1:] == ("Base", "L6-8", "off")


def test_an_inherited_method_is_that_of_the_base(judge: Judge) -> None:
    verdict = one(judge, "`Cart.clear` (`cart/model.py:L7-8`)")
    assert (verdict.definition, verdict.verdict, verdict.note) == (
        "Base.clear",
        "exact",
        "read as Base.clear",
    )


def test_another_class_is_not_meant(judge: Judge) -> None:
    assert one(judge, "`Card.clear` (`cart/model.py:L7-8`)").verdict == "gone"


def test_of_several_definitions_any_that_fits_is_meant(judge: Judge) -> None:
    for place in ("L18-20", "L22-29"):
        assert one(judge, f"`Cart.total` (`cart/model.py:{place}`)").verdict == "exact"
    for place in ("37-38", "40-41"):
        assert one(judge, f"`open_file` (`cart/model.py:{place}`)").verdict == "exact"
    assert range_text(one(judge, "`open_file` (`cart/model.py:39-42`)").actual) == "L40-41"
