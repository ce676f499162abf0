"""Folders that claim to hold an adapter."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.adapters.files import CONFIG, WEIGHTS, check_adapter_files
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.utils.error_handling import AdapterError

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab\nsize 12345\n"


def configured(folder: Path, **values: Any) -> None:
    path = folder / CONFIG
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS, "gardener.json", "tokenizer.json", "README.md"])
@pytest.mark.parametrize("kind", ["fifo", "pointer"])
def test_no_file_hangs_and_a_pointer_is_told(name: str, kind: str, folder: Path) -> None:
    (folder / name).unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(folder / name)
    else:
        (folder / name).write_text(POINTER)
    said = "no regular file" if kind == "fifo" else "git lfs pull"
    with pytest.raises(AdapterError, match=said) as caught:
        check_adapter_files(folder)
    assert name in caught.value.message


@pytest.mark.parametrize("name", [CONFIG, "gardener.json"])
def test_json_that_is_nested_too_deep_is_told(name: str, folder: Path) -> None:
    (folder / name).write_text('{"a":' * 100_000 + "1" + "}" * 100_000)
    with pytest.raises(AdapterError, match="nested too deep"):
        check_adapter_files(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    "values",
    [
        {"target_modules": "(.*)*x"},
        {"exclude_modules": "(.*)*x"},
        {"rank_pattern": {"(.*)*x": 4}},
        {"alpha_pattern": {"(.*)*x": 4}},
        {"layers_pattern": ["(.*)*x"], "layers_to_transform": [0]},
    ],
)
def test_an_expression_that_would_hang_is_refused(values: dict[str, Any], folder: Path) -> None:
    configured(folder, **values)
    with pytest.raises(AdapterError, match="takes longer than"):
        check_adapter_files(folder)


def test_a_pattern_that_is_no_expression_is_refused(folder: Path) -> None:
    configured(folder, rank_pattern={"(": 4})
    with pytest.raises(AdapterError, match="no regular expression"):
        check_adapter_files(folder)


def test_alpha_may_be_any_number(folder: Path, manager: PeftManager) -> None:
    configured(folder, alpha_pattern={"q_proj": 12.5})
    assert check_adapter_files(folder).config["alpha_pattern"] == {"q_proj": 12.5}


def test_bytes_are_those_in_memory_whatever_the_file_holds(folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    before = check_adapter_files(folder).bytes
    tensors = load_file(folder / WEIGHTS)
    assert before == sum(tensor.numel() * 4 for tensor in tensors.values())
    (folder / "manifest.json").unlink(missing_ok=True)
    save_file({name: tensor.to(torch.float16) for name, tensor in tensors.items()}, folder / WEIGHTS)
    assert check_adapter_files(folder).bytes == before


@pytest.mark.parametrize("factor", [1e25, 1e10, float("inf")])
def test_weights_of_no_training_are_refused(factor: float, folder: Path, manager: PeftManager) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / WEIGHTS)
    save_file({name: tensor * factor for name, tensor in tensors.items()}, folder / WEIGHTS)
    with pytest.raises(AdapterError, match="absurdly large values"):
        manager.load_folder(folder).generate("f(1) = ", max_new_tokens=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("modules_to_save", ["x"] * 1_000_000), ("layer_replication", [[0, 2]] * 5_000),
     ("base_model_name_or_path", "a/" + "b" * 100_000)],
)  # fmt: skip
def test_a_config_of_endless_parts_is_refused(folder: Path, name: str, value: object) -> None:
    file = folder / "adapter_config.json"
    (folder / "manifest.json").unlink(missing_ok=True)
    file.write_text(json.dumps({**json.loads(file.read_text()), name: value}))
    with pytest.raises(AdapterError, match=name):
        check_adapter_files(folder)
