from __future__ import annotations

import pytest

from codebase_gardener.bases.fill_in import FimTokens, split_fill_in


@pytest.mark.parametrize(
    "prompt",
    [
        "<|fim_prefix|>a = <|fim_suffix|>\nb<|fim_middle|>",
        "<fim_prefix>a = <fim_suffix>\nb<fim_middle>",
        "<\uff5cfim\u2581begin\uff5c>a = <\uff5cfim\u2581hole\uff5c>\nb<\uff5cfim\u2581end\uff5c>",
        "<PRE> a =  <SUF>\nb <MID>",
    ],
)
def test_a_prompt_in_any_bases_tokens_is_understood(prompt: str) -> None:
    assert split_fill_in(prompt) == ("a = ", "\nb")


@pytest.mark.parametrize(
    "prompt",
    ["a = ", "<fim_prefix>a", 'X = "<fim_prefix>a<fim_suffix>b<fim_middle>"', "<fim_prefix>a<fim_middle>"],
)
def test_text_that_speaks_of_the_tokens_is_text(prompt: str) -> None:
    assert split_fill_in(prompt) is None


def test_tokens_are_found_where_the_base_has_all_three() -> None:
    names = {"<fim_prefix>": 1, "<fim_middle>": 2}
    assert FimTokens.of(names) is None
    found = FimTokens.of({**names, "<fim_suffix>": 3})
    assert found is not None and found.ids([7], [8]) == [1, 7, 3, 8, 2]
