"""Renaming the tensors of an adapter's folder so that they match the base's modules."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from codebase_gardener.models.adapter_files import CONFIG, WEIGHTS
from codebase_gardener.models.key_renaming import PREFIX, Renaming, find_renaming
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import read_json, write_json

__all__ = ["module_names", "rename_tensors"]


def module_names(base: Path) -> list[str]:
    """Names of a base's modules, without reading its weights."""
    config = AutoConfig.from_pretrained(base, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    return [name for name, _ in model.named_modules() if name]


def rename_tensors(folder: Path, base: Path) -> Renaming | None:
    """Rename an adapter's tensors, in its folder, so that each belongs to a module of the base.

    Returns:
        What was renamed, or None where every name matches as it is.

    Raises:
        AdapterError: No known renaming makes them match, or two tensors would get one name.
    """
    tensors = load_file(folder / WEIGHTS)
    modules = module_names(base)
    found = find_renaming(list(tensors), modules)
    if found is None:
        return None
    renamed = {found.apply(key): tensor for key, tensor in tensors.items()}
    if len(renamed) != len(tensors):
        raise AdapterError(
            f"{folder}: with {found}, two tensors get one name",
            hint="the file holds more than one adapter: save them apart",
        )
    save_file(renamed, folder / WEIGHTS, metadata={"format": "pt"})
    config = read_json(folder / CONFIG)
    if isinstance(config.get("target_modules"), list):  # short names stay
        config["target_modules"] = [
            found.apply(name).removeprefix(PREFIX) if "." in name else name
            for name in config["target_modules"]
        ]
        write_json(folder / CONFIG, config)
    return found
