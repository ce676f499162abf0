"""Whether stock PEFT loads what a merge has written: tried on modules of the right sizes, without weights."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel
from peft.utils.save_and_load import set_peft_model_state_dict
from torch import nn

from codebase_gardener.adapters.files import CONFIG, WEIGHTS, AdapterFiles, check_adapter_files
from codebase_gardener.adapters.torch_factors import FactorReader
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import read_json

__all__ = ["check_stock_loads"]

_PREFIX = "base_model.model."


def check_stock_loads(folder: Path) -> None:
    """Load a LoRA adapter as PEFT does, onto modules that have no values: every tensor must find its place.

    Args:
        folder: With config and weights.

    Raises:
        AdapterError: PEFT refuses it, or leaves a tensor out.
    """
    files = check_adapter_files(folder)
    try:
        lost = _left_over(files)
    except Exception as error:  # of PEFT's many kinds: whatever it is, nobody can use the file
        raise _refused(folder, f"{type(error).__name__}: {error}") from error
    if lost:
        raise _refused(folder, f"{len(lost)} tensors have no place, or are missing: {', '.join(lost[:3])}")


def _refused(folder: Path, why: str) -> AdapterError:
    return AdapterError(
        f"PEFT cannot load the merged adapter ({why})",
        hint="nothing was written; this is a fault of the merge: report it with the adapters' configs",
        context={"folder": str(folder)},
    )


def _left_over(files: AdapterFiles) -> list[str]:
    from safetensors.torch import load_file

    options = {**read_json(files.directory / CONFIG), "task_type": None}
    config = LoraConfig(
        **{name: value for name, value in options.items() if name in LoraConfig.__dataclass_fields__}
    )
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")  # of copies into tensors without values
        model = PeftModel(_skeleton(files), config)
        result = set_peft_model_state_dict(model, load_file(files.directory / WEIGHTS))
    missing = [name for name in result.missing_keys if "lora_" in name]
    return [*result.unexpected_keys, *missing]


def _skeleton(files: AdapterFiles) -> nn.Module:
    """The modules that the adapter names, at their paths."""
    reader, root = FactorReader(files), nn.Module()
    for name in reader.modules:
        *path, last = name.removeprefix(_PREFIX).split(".")
        at: Any = root
        for part in path:
            if not hasattr(at, part):
                at.add_module(part, nn.Module())
            at = getattr(at, part)
        at.add_module(last, _module(reader, name))
    return root


def _module(reader: FactorReader, name: str) -> nn.Module:
    kind = reader.kind(name)
    if kind is None:
        raise KeyError(name)
    (_, inputs, *window), (outputs, *_) = kind.shapes
    if kind.embedding:
        return nn.Embedding(inputs, outputs)
    convolutions: dict[int, Any] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
    made: nn.Module = (
        convolutions[len(window)](inputs, outputs, tuple(window)) if window else nn.Linear(inputs, outputs)
    )
    return made
