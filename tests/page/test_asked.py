"""Numbers in addresses and forms."""

from __future__ import annotations

import pytest

from codebase_gardener.page.asked import whole_number
from codebase_gardener.utils.error_handling import InvalidInputError


@pytest.mark.parametrize(("text", "number"), [("", None), ("0", 0), ("007", 7), ("50", 50)])
def test_what_is_a_number(text: str, number: int | None) -> None:
    assert whole_number(text, "it is none", "try another", largest=50) == number


@pytest.mark.parametrize(
    "text", ["51", "-1", "1.0", "x", " 1", "\u0663", "000000001" + "9" * 11, "9" * 100_000]
)
def test_what_is_none_or_out_of_bounds(text: str) -> None:
    with pytest.raises(InvalidInputError, match="it is none"):
        whole_number(text, "it is none", "try another", largest=50)
