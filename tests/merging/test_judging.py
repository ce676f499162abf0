"""Merged models that others made, rightly and wrongly, judged tensor by tensor."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.merging.judging import judge_merged, judgement_lines
from codebase_gardener.utils.error_handling import AdapterError
from samples.stock_adapters import STOCK, save_adapter

CONFIG = {**STOCK["lora"], "target_modules": ["q_proj", "down_proj"], "lora_alpha": 8}
FILE = "model.safetensors"


def merged_by_peft(base: Path, adapter: Path, out: Path, dtype: torch.dtype = torch.float32) -> Path:
    """What PEFT's own `merge_and_unload` saves."""
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=dtype), adapter)
    model.merge_and_unload().save_pretrained(out)
    return out


def altered(folder: Path, out: Path, change: Callable[[str, Tensor], Tensor]) -> Path:
    """A copy of a model with other tensors."""
    shutil.copytree(folder, out)
    held = load_file(out / FILE)
    save_file({name: change(name, value).contiguous() for name, value in held.items()}, out / FILE)
    return out


@pytest.fixture
def adapter(tiny_base: Path, tmp_path: Path) -> Path:
    return save_adapter(tmp_path / "adapter", tiny_base, CONFIG)


@pytest.fixture
def right(tiny_base: Path, adapter: Path, tmp_path: Path) -> Path:
    return merged_by_peft(tiny_base, adapter, tmp_path / "right")


def judged(adapter: Path, base: Path, merged: Path) -> dict[str, Any]:
    return judge_merged(check_adapter_files(adapter), base, merged)


def test_a_right_merge_by_peft(tiny_base: Path, adapter: Path, right: Path) -> None:
    found = judged(adapter, tiny_base, right)
    assert found["word"] == "merged"
    assert found["scale"] == pytest.approx(1, abs=1e-4)
    assert len(found["tensors"]) == 4
    assert not found["others"]
    lines = judgement_lines(found)
    assert lines[0] == "the model holds the adapter"
    assert "4 held at scale 1.00: model.layers.{0-1}." in lines[1]


def test_a_merge_in_bfloat16(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    merged = merged_by_peft(tiny_base, adapter, tmp_path / "out", torch.bfloat16)
    found = judged(adapter, tiny_base, merged)
    assert found["word"] == "merged"
    assert found["scale"] == pytest.approx(1, abs=0.02)
    assert found["differing"] < 0.2 * found["elements"]  # PEFT rounds more than once


def test_a_merge_at_twice_the_scale(tiny_base: Path, adapter: Path, right: Path, tmp_path: Path) -> None:
    own = load_file(tiny_base / FILE)
    twice = altered(right, tmp_path / "twice", lambda name, value: 2 * value - own[name])
    found = judged(adapter, tiny_base, twice)
    assert (found["word"], round(found["scale"], 3)) == ("scaled", 2.0)
    assert "4 scaled at scale 2.00" in "\n".join(judgement_lines(found))


def test_half_of_the_layers(tiny_base: Path, adapter: Path, right: Path, tmp_path: Path) -> None:
    own = load_file(tiny_base / FILE)
    half = altered(right, tmp_path / "half", lambda n, value: own[n] if ".layers.1." in n else value)
    found = judged(adapter, tiny_base, half)
    assert found["word"] == "partly"
    words = {row["tensor"]: row["word"] for row in found["tensors"]}
    assert {word for name, word in words.items() if ".layers.0." in name} == {"held"}
    assert {word for name, word in words.items() if ".layers.1." in name} == {"missing"}


def test_the_base_itself(tiny_base: Path, adapter: Path) -> None:
    found = judged(adapter, tiny_base, tiny_base)
    assert found["word"] == "not merged"
    assert {row["word"] for row in found["tensors"]} == {"missing"}


def test_another_adapters_merge(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    other = save_adapter(tmp_path / "other", tiny_base, CONFIG, seed=9)
    found = judged(adapter, tiny_base, merged_by_peft(tiny_base, other, tmp_path / "out"))
    assert found["word"] == "another"
    assert {row["word"] for row in found["tensors"]} == {"other"}


def test_both_adapters_at_once(tiny_base: Path, adapter: Path, right: Path, tmp_path: Path) -> None:
    other = save_adapter(tmp_path / "other", tiny_base, CONFIG, seed=9)
    own, theirs = (
        load_file(folder / FILE)
        for folder in (tiny_base, merged_by_peft(tiny_base, other, tmp_path / "theirs"))
    )
    both = altered(right, tmp_path / "both", lambda name, value: value + theirs[name] - own[name])
    found = judged(adapter, tiny_base, both)
    assert found["word"] == "mixed"
    assert {row["word"] for row in found["tensors"]} == {"mixed"}


def test_what_the_adapter_leaves_alone_is_named(
    tiny_base: Path, adapter: Path, right: Path, tmp_path: Path
) -> None:
    odd = altered(right, tmp_path / "odd", lambda name, value: value + ("k_proj" in name))
    found = judged(adapter, tiny_base, odd)
    assert found["word"] == "mixed"
    assert [row["tensor"].rpartition("self_attn.")[2] for row in found["others"]] == ["k_proj.weight"] * 2


def test_a_change_below_the_rounding(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    small = Path(shutil.copytree(adapter, tmp_path / "small"))
    held = load_file(small / "adapter_model.safetensors")
    save_file({name: value * 1e-4 for name, value in held.items()}, small / "adapter_model.safetensors")
    rounded = altered(tiny_base, tmp_path / "rounded", lambda _, value: value.bfloat16())
    assert judged(small, tiny_base, rounded)["word"] in ("lost", "unclear")


def test_a_dora_merge(tiny_base: Path, tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path / "dora", tiny_base, {**CONFIG, "use_dora": True})
    assert (
        judged(adapter, tiny_base, merged_by_peft(tiny_base, adapter, tmp_path / "out"))["word"] == "merged"
    )


def test_no_model_of_this_kind(
    tiny_base: Path, adapter: Path, make_base: Callable[..., Path], tmp_path: Path
) -> None:
    alien = tmp_path / "alien"
    alien.mkdir()
    save_file({"a": torch.zeros(2)}, alien / FILE)
    with pytest.raises(AdapterError, match="no merge of this base"):
        judged(adapter, tiny_base, alien)
    wide = judged(adapter, tiny_base, make_base(intermediate_size=48))
    assert wide["word"] != "merged"
    assert "absent" in {row["word"] for row in wide["tensors"]}


def test_nan_is_no_merge(tiny_base: Path, adapter: Path, right: Path, tmp_path: Path) -> None:
    spoiled = altered(
        right, tmp_path / "nan", lambda name, value: value * torch.nan if "q_proj" in name else value
    )
    assert judged(adapter, tiny_base, spoiled)["word"] == "mixed"


def test_an_adapter_that_changes_nothing_is_refused(tiny_base: Path, adapter: Path) -> None:
    file = adapter / "adapter_model.safetensors"
    held = load_file(file)
    save_file({name: value * (0 if "lora_B" in name else 1) for name, value in held.items()}, file)
    with pytest.raises(AdapterError, match="changes nothing"):
        judged(adapter, tiny_base, tiny_base)
