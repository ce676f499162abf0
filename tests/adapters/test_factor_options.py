"""What is more than factors, by the config alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.adapters.factor_options import beyond_factors
from codebase_gardener.adapters.files import check_adapter_files
from samples.stock_adapters import IN_SLOTS, STOCK, save_adapter


@pytest.mark.slow
@pytest.mark.parametrize("kind", STOCK)
def test_of_stock_kinds_those_in_slots_are_factors(tiny_base: Path, tmp_path: Path, kind: str) -> None:
    config = check_adapter_files(save_adapter(tmp_path / "adapter", tiny_base, STOCK[kind])).config
    if kind in IN_SLOTS:
        assert beyond_factors(config, biases=True) == ""


def test_an_option_of_a_later_peft_is_named() -> None:
    assert beyond_factors({"peft_type": "LORA", "use_something": True}) == "the option use_something"
    assert beyond_factors({"peft_type": "LORA", "use_something": False, "bias": "none"}) == ""
    assert beyond_factors({"peft_type": "LORA", "lora_bias": True}) == "biases"
