"""Whether a citation is of what is named: only then has the verdict a repair."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.claims.verdicts import range_text
from samples.claim_verdicts import Judge, one

CART = "src/shop/cart/model.py"


@pytest.mark.parametrize(
    "text",
    [
        f"| `add_item` | {CART}:L31-34 |",
        f"| API | File | Lines |\n|---|---|---|\n| `add_item` | {CART} | 90-99 |",
        f"`add_item` (`{CART}:L1-2`) adds.",
        f"- `add_item`: {CART}:2",
        f"`add_item` is defined in `{CART}`, lines 3 to 9.",
        f"`{CART}:L3-9` defines `add_item`.",
        f"`add_item` is at `{CART}:L1-2`.",
        f"The `add_item` method is defined at `{CART}:L30-90`, as the others are.",
        f"It is short, and the method `add_item` lives in {CART}:L1-2.",
        f"The quantity is set in `add_item`\n({CART}#L1-L2).",
    ],
)
def test_a_citation_beside_its_name_is_certain(judge: Judge, text: str) -> None:
    verdict = one(judge, text)
    assert (range_text(verdict.repair), verdict.doubt) == ("L31-33", "")


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        (f"`add_item` is called in {CART}:L20.", "does not say that the name is defined there"),
        (f"We call `add_item` in `{CART}:L20`.", "does not say"),
        (f"The check in `add_item` is at {CART}:L32.", "does not say"),
        (f"The default of `add_item` is defined at {CART}:L32.", "does not say"),
        (f"`add_item` checks the quantity first ({CART}:L32).", "does not say"),
        (f"| `add_item` | {CART}:L1-2 | seen in {CART}:L9 |", "several ranges stand in the row"),
        (
            f"`add_item` (https://x.org/o/r/blob/3f2a1b4c5d/{CART}#L1-L2)",
            "the link is to the file at a commit",
        ),
        (f"`add_items` ({CART}:L1-2)", "the symbol is not in"),
        ("`charge_card` and `clear` (pay/model.py:L1-2)", "several names belong to one range"),
    ],
)
def test_what_may_be_meant_otherwise_is_left_with_its_reason(judge: Judge, text: str, doubt: str) -> None:
    verdicts = judge(text)
    assert {verdict.repair for verdict in verdicts} == {None}
    assert any(doubt in verdict.doubt for verdict in verdicts), verdicts


def test_a_link_s_target_is_what_its_text_is(judge: Judge) -> None:
    text = f"`add_item` ([{CART}:L1-2](https://x.org/o/r/blob/main/{CART}#L1-L2))"
    assert [range_text(verdict.repair) for verdict in judge(text)] == ["L31-33", "L31-33"]


def test_a_quote_is_certain_where_it_stands_once(judge: Judge) -> None:
    verdict = one(judge, f'"never set the total by hand" ({CART}:L1-2)')
    assert range_text(verdict.repair) == "L24"
    verdict = one(judge, f'"def open_file(p): return" ({CART}:L1-2)')
    assert (verdict.repair, verdict.doubt) == (None, "the quote stands in 2 places")


def test_one_of_several_definitions_is_not_certain(judge: Judge) -> None:
    verdict = one(judge, f"`open_file` ({CART}:L1-2)")
    assert (verdict.repair, verdict.doubt) == (None, "2 definitions have that name")
