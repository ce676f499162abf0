"""Renaming the tensors of an adapter's folder so that they match the base's modules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from codebase_gardener.adapters.files import CONFIG, WEIGHTS
from codebase_gardener.adapters.key_renaming import PREFIX, Renaming, find_renaming
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import read_json, write_json

__all__ = ["module_names", "rename_tensors"]

_OF_MODULES = ("alpha_pattern", "exclude_modules", "modules_to_save", "rank_pattern", "target_modules")
"""Options of an adapter's config that name modules."""


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
    for option in _OF_MODULES:
        if config.get(option):
            config[option] = _renamed(config[option], found, modules, folder)
    write_json(folder / CONFIG, config)
    return found


def _renamed(named: Any, found: Renaming, modules: Sequence[str], folder: Path) -> Any:
    """Module paths of a list or of a mapping's keys; short names and expressions stay."""
    if isinstance(named, dict):
        return {_path(key, found, modules, folder): value for key, value in named.items()}
    return [_path(name, found, modules, folder) for name in named] if isinstance(named, list) else named


def _path(name: str, found: Renaming, modules: Sequence[str], folder: Path) -> str:
    if not re.fullmatch(r"[\w.]+", name) or "." not in name:
        return name
    if any(module == name or module.endswith(f".{name}") for module in modules):
        return name
    path = found.apply(name).removeprefix(PREFIX)
    if path not in modules:
        raise AdapterError(
            f"{folder / CONFIG} names the module {name}, which the base does not have, renamed or not",
            hint="name the base it was trained on with --base",
        )
    return path
