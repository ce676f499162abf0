"""Parameters, types and defaults from the text of signatures."""

from __future__ import annotations

import pytest

from codebase_gardener.languages.signatures import typed_parameters
from codebase_gardener.languages.symbols import Symbol


@pytest.mark.parametrize(
    "signature", ["f(" * 3000, "f(a: " + "<" * 9000, "f(" + "a=" * 9000 + ")", "f(" + "'" * 9001]
)
def test_a_signature_that_never_ends(signature: str) -> None:
    symbol = Symbol("a", "f", "function", "typescript", 1, 1, 1, 0, signature, None)
    assert len(typed_parameters(symbol)) <= 1
