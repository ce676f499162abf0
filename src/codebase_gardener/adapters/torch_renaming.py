"""Names of tensors that match no module: which renaming, of a table of known ones, makes an adapter match its base."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from codebase_gardener.adapters.files import CONFIG, WEIGHTS
from codebase_gardener.bases.torch_loading import base_skeleton
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import read_json, write_json

__all__ = ["KnownRenaming", "RENAMINGS", "Renaming", "find_renaming", "rename_tensors"]

PREFIX = "base_model.model."
_OF_MODULES = ("alpha_pattern", "exclude_modules", "modules_to_save", "rank_pattern", "target_modules")
"""Options of an adapter's config that name modules."""
_PART = re.compile(r"\.(?:lora_|ia3_|hada_|lokr_|oft_|boft_|vera_|weight\Z|bias\Z)")
_COPIES = (
    ".base_layer.weight",
    ".base_layer.bias",
)  # of the base, which PEFT saves beside an adapted embedding
_ADAPTER_NAME = r"\.(lora_[AB]|lora_embedding_[AB])\.(?!weight\Z|bias\Z)[^.]+(?=\.weight\Z|\.bias\Z|\Z)"


@dataclass(frozen=True)
class KnownRenaming:
    """A way in which names come to differ.

    Attributes:
        about: What it undoes.
        pattern: Regular expression.
        replacement: What takes its place.
        source: Where such names come from.
    """

    about: str
    pattern: str
    replacement: str
    source: str


RENAMINGS = (
    KnownRenaming(
        "the name of a wrapped layer",
        r"\.base_layer(?=\.(?:lora_|ia3_|hada_|lokr_|oft_|boft_|vera_))",
        "",
        "PEFT: an adapter saved while another one was on",
    ),
    KnownRenaming(
        "the adapter's name",
        _ADAPTER_NAME,
        r".\1",
        "PEFT: state_dict() keeps it, save_pretrained drops it",
    ),
    KnownRenaming("a data-parallel wrapper", r"(?:\A|(?<=\.))module\.", "", "torch DistributedDataParallel"),
    KnownRenaming("a compiled module", r"_orig_mod\.", "", "torch.compile"),
    KnownRenaming("a sharding wrapper", r"_fsdp_wrapped_module\.", "", "torch FullyShardedDataParallel"),
    KnownRenaming("a checkpointing wrapper", r"_checkpoint_wrapped_module\.", "", "torch CheckpointWrapper"),
    KnownRenaming(
        "transformers 4 to 5: language_model.model",
        r"(?:model\.)?language_model\.model\.",
        "model.language_model.",
        "transformers 5 conversion_mapping.py",
    ),
)


@dataclass(frozen=True)
class Renaming:
    """What makes every name match a module.

    Attributes:
        known: Rows of the table, in order.
        old: Beginning of the module paths in the file, after the rows.
        new: What the base has in its place.
    """

    known: tuple[KnownRenaming, ...]
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        told = [f"{row.about} taken out" if not row.replacement else row.about for row in self.known]
        if self.old != self.new:
            told.append(f"{self.old or '(nothing)'} becomes {self.new or '(nothing)'}")
        return ", ".join(told) or f"{PREFIX} put before each"

    def apply(self, key: str) -> str:
        """The name of a tensor, or of a module, as the base has it."""
        path = _undone(self.known, key.removeprefix(PREFIX))
        return PREFIX + self.new + path.removeprefix(self.old) if path.startswith(self.old) else PREFIX + path


def find_renaming(keys: Sequence[str], modules: Collection[str]) -> Renaming | None:
    """A renaming after which every tensor belongs to a module.

    Args:
        keys: Names of an adapter's tensors.
        modules: Names of the base's modules.

    Returns:
        None where there is none, or where nothing needs to change.
    """
    known = set(modules)
    if all(
        key.startswith(PREFIX) and _module_of(key.removeprefix(PREFIX)) in known for key in keys
    ) and not any(re.search(_ADAPTER_NAME, key) for key in keys):
        return None
    paths = [key.removeprefix(PREFIX) for key in keys]
    applicable = [row for row in RENAMINGS if any(re.search(row.pattern, path) for path in paths)]
    for count in range(len(applicable), -1, -1):  # what can be undone is undone, unless it must stand
        for rows in combinations(applicable, count):
            owners = {_module_of(_undone(rows, path)) for path in paths}
            prefixes = ("", "") if owners <= known else _prefixes(owners, known)
            if prefixes is not None:
                found = Renaming(rows, *prefixes)
                return found if any(found.apply(key) != key for key in keys) else None
    return None


def _undone(rows: Sequence[KnownRenaming], path: str) -> str:
    for row in rows:
        path = re.sub(row.pattern, row.replacement, path)
    return path


def _module_of(path: str) -> str:
    match = _PART.search(path)
    if path.endswith(_COPIES):
        return path.rpartition(".base_layer.")[0]
    return path[: match.start()] if match else path


def _prefixes(owners: Collection[str], modules: Collection[str]) -> tuple[str, str] | None:
    """The beginning that all module paths of the file share, and the one that the base has instead."""
    first = min(owners).split(".")
    for kept in range(len(first), 1, -1):
        end = ".".join(first[-kept:])
        old = ".".join([*first[:-kept], ""])
        for module in sorted(modules):
            if module != end and not module.endswith(f".{end}"):
                continue
            new = module[: len(module) - len(end)]
            if all(o.startswith(old) and new + o.removeprefix(old) in modules for o in owners):
                return old, new
    return None


def rename_tensors(folder: Path, base: Path) -> Renaming | None:
    """Rename an adapter's tensors, in its folder, so that each belongs to a module of the base.

    Returns:
        What was renamed, or None where every name matches as it is.

    Raises:
        AdapterError: No known renaming makes them match, or two tensors would get one name.
    """
    tensors = load_file(folder / WEIGHTS)
    modules = [name for name, _ in base_skeleton(base).named_modules() if name]
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
