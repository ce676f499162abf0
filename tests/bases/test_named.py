"""What is written down of the named bases: each figure against another that was published apart from it."""

from __future__ import annotations

import pytest

from codebase_gardener.bases.fill_in import FimTokens
from codebase_gardener.bases.named import NAMED
from codebase_gardener.config.settings import EMBEDDED_BASE

CODE_MODELS = [name for name in NAMED if name != EMBEDDED_BASE]
# As each model's card or paper says, in millions.
PUBLISHED_MILLIONS = {
    "Qwen/Qwen2.5-Coder-0.5B": 494,
    "Qwen/Qwen2.5-Coder-1.5B": 1544,
    "Qwen/Qwen2.5-Coder-7B": 7616,
    "bigcode/starcoder2-3b": 3030,
    "deepseek-ai/deepseek-coder-1.3b-base": 1346,
    "google/codegemma-2b": 2506,
    "ibm-granite/granite-3b-code-base-2k": 3483,
}


def test_seven_code_models_are_named() -> None:
    assert set(CODE_MODELS) == set(PUBLISHED_MILLIONS)
    for name in CODE_MODELS:
        row = NAMED[name]
        assert row.licence and row.context and all(link.startswith("https://") for link in row.source)
        assert row.source[0] == f"https://huggingface.co/{name}"
        assert not row.was_run


@pytest.mark.parametrize("name", CODE_MODELS)
def test_the_config_gives_the_published_number_of_parameters(name: str) -> None:
    assert NAMED[name].shape.parameters / 1e6 == pytest.approx(PUBLISHED_MILLIONS[name], rel=0.002)


@pytest.mark.parametrize("name", CODE_MODELS)
def test_the_files_on_the_hub_are_of_that_many_parameters(name: str) -> None:
    element = 4 if "fp32" in NAMED[name].remark else 2
    assert NAMED[name].disk_bytes / NAMED[name].shape.parameters == pytest.approx(element, rel=0.005)


@pytest.mark.parametrize("name", CODE_MODELS)
def test_its_tokens_are_found(name: str) -> None:
    tokens = NAMED[name].fill_in
    found = FimTokens.of({token: number for number, token in enumerate(tokens)})
    assert found == FimTokens(0, 1, 2)
