"""An adapter's folder, looked at before anything of it is loaded: hostile until checked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.bases.quantization import QUANTIZATIONS
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.sidecar import SIDECAR
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.file_hashes import FileHashes, changed_files
from codebase_gardener.utils.files import read_json, sha256_text
from codebase_gardener.utils.foreign_files import refusal
from codebase_gardener.utils.patterns import pattern_problem

__all__ = [
    "ADAPTER_FILES",
    "CONFIG",
    "MAX_WEIGHT",
    "TOKENIZER_FILES",
    "WEIGHTS",
    "AdapterFiles",
    "check_adapter_files",
    "check_base",
    "content_sha256",
]

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)
"""What lies beside an adapter so that other tools find its tokens and turns."""
ADAPTER_FILES = (CONFIG, WEIGHTS, SIDECAR, "README.md", *TOKENIZER_FILES)
"""All that is taken of an adapter that comes from elsewhere."""
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.pickle", "*.ckpt")
MAX_WEIGHT = 1e6
"""Above this no weight comes of a training: what it multiplies overflows."""
_MAX_RANK = 65_536
_MAX_ALPHA = 1e6
_MAX_PATTERN_CHARS = 10_000
_PATTERNS = ("target_modules", "exclude_modules", "layers_pattern", "feedforward_modules")
_BY_MODULE = ("rank_pattern", "alpha_pattern")
_CHANGING_STARTS = ("pissa", "olora", "corda", "loftq", "lora_ga")
_VIRTUAL_TOKENS = (
    "CARTRIDGE",
    "CPT",
    "MULTITASK_PROMPT_TUNING",
    "PREFIX_TUNING",
    "PROMPT_TUNING",
    "P_TUNING",
)
_ASKS_FOR_MORE = {
    "POLY": "needs a task id with each row, which no prompt has here",
    "XLORA": "mixes other adapters, which are not in its folder",
}
_WITHOUT_SIDECAR = "an adapter is complete without this file: leave it out"
_FLOATS = ("F64", "F32", "F16", "BF16")


@dataclass(frozen=True)
class AdapterFiles:
    """What a folder says of its adapter, once it was found sound.

    Attributes:
        directory: The folder.
        config: adapter_config.json.
        shapes: Tensor name → shape, from the safetensors header.
        base_sha256: Hash of the base's weights that it was trained on, where our sidecar tells.
        beside_sha256: Hash of the files beside that base's weights, where our sidecar tells; else "".
        quantization: Of the base while it was trained, where our sidecar tells; else "none".
        is_of_quantized_base: Whether it fits that quantized base only (LoftQ).
    """

    directory: Path
    config: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]
    base_sha256: str | None
    quantization: str = "none"
    is_of_quantized_base: bool = False
    beside_sha256: str = ""

    @property
    def bytes(self) -> int:
        """Memory that the weights take once they are loaded: float32, whatever they are on disk."""
        return 4 * sum(math.prod(shape) for shape in self.shapes.values())


def check_adapter_files(directory: Path, listed: Mapping[str, Any] | None = None) -> AdapterFiles:
    """Read config and header of an adapter.

    Args:
        directory: Its folder.
        listed: Sizes and hashes of its files as the registry has them; by default as its manifest does.

    Raises:
        AdapterError: Missing, truncated, pickled or mis-shaped files; a config that asks for code of its
            own or has values no training gives; files that are not those that were published.
    """
    for name in ADAPTER_FILES:
        if reason := refusal(directory / name):
            raise AdapterError(
                f"{directory / name} is not used: {reason}",
                hint="copy the adapter again; it is a folder of plain files",
            )
    _check_bytes(directory, listed)
    config = _config(directory)
    sidecar = _sidecar(directory)
    quantization, bound = _quantization(sidecar, directory)
    return AdapterFiles(
        directory,
        config,
        _shapes(directory),
        _base_sha256(sidecar),
        quantization,
        is_of_quantized_base=bound,
        beside_sha256=str(sidecar.get("base", {}).get("beside_sha256", "")),
    )


def check_base(label: str, files: AdapterFiles, base: Base, base_hash: str | None = None) -> None:
    """Make sure that a base is the one that an adapter was trained on.

    Args:
        label: The adapter, for messages.
        files: Its files, whose sidecar may name the base.
        base: The base as it is now.
        base_hash: Of the base's weights, where the sidecar does not tell.

    Raises:
        AdapterError: Its weights, its config or its tokenizer are others.
    """
    for what, wanted, here in (
        ("weights", files.base_sha256 or base_hash or base.sha256, base.sha256),
        ("config or tokenizer", files.beside_sha256 or base.beside_sha256, base.beside_sha256),
    ):
        if wanted != here and here:
            raise AdapterError(
                f"{label} was trained on another base: {what} {wanted[:16]}, {base.id} has {here[:16]}",
                hint="train again on the base as it is now, or bring the old base back",
                context={"adapter_base": wanted, "base": here},
            )


def _check_bytes(directory: Path, listed: Mapping[str, Any] | None) -> None:
    changed = changed_files(directory, FileHashes(directory.parent / ".hashes.json"), listed)
    if changed:
        raise AdapterError(
            f"{directory} is not what was published; changed, truncated or gone: {', '.join(changed[:5])}",
            hint="bring the files back from a copy, or delete this version and train it again",
            context={"changed": changed},
        )


def _config(directory: Path) -> dict[str, Any]:
    path = directory / CONFIG
    try:
        config = read_json(path)
    except (OSError, ValueError) as error:
        raise AdapterError(
            f"{path} cannot be read: {error}", hint="name the folder that holds an adapter"
        ) from error
    if not isinstance(config, dict) or not isinstance(config.get("peft_type"), str):
        raise AdapterError(f"{path} names no peft_type", hint="this is not an adapter of PEFT")
    if config.get("auto_mapping"):
        raise AdapterError(
            f"{path} asks for classes of its own (auto_mapping)",
            hint="remote code is never run: use another adapter",
        )
    if reason := _why_not(config):
        raise AdapterError(
            f"{path}: {reason}",
            hint="use it with PEFT itself, or train a LoRA adapter on the same rows (gardener train --file)",
        )
    _check_sizes(path, config)
    _check_patterns(path, config)
    return config


def _check_sizes(path: Path, config: dict[str, Any]) -> None:
    for name, value in config.items():
        most = _MAX_REPLICAS if name == "layer_replication" else _MAX_NAMES
        if (isinstance(value, str) and len(value) > _MAX_PATTERN_CHARS and name not in _PATTERNS) or (
            isinstance(value, list | dict) and len(value) > most
        ):
            raise AdapterError(
                f"{path}: {name} has {len(value):,} parts, more than any adapter", hint="use another adapter"
            )
    for name, pattern, limit in (
        ("r", "rank_pattern", _MAX_RANK),
        ("lora_alpha", "alpha_pattern", _MAX_ALPHA),
    ):
        by_module = config.get(pattern) or {}
        if not isinstance(by_module, dict):
            raise AdapterError(f"{path}: {pattern} is {by_module!r}", hint="expected numbers by module")
        for key in by_module:
            if not isinstance(key, str) or len(key) > _MAX_PATTERN_CHARS:
                raise AdapterError(
                    f"{path}: {pattern} has the key {key!r:.100}", hint="expected a module's name"
                )
        if config["peft_type"] != "LORA" and not config.get(name):
            continue  # OFT says r = 0, for a size of blocks in its place
        for key, value in ((name, config.get(name, 1)), *by_module.items()):
            if not isinstance(value, int | float) or not 0 < value <= limit:
                raise AdapterError(
                    f"{path}: {name} is {value!r}" + ("" if key == name else f" for {key}"),
                    hint=f"expected a number above 0, up to {limit:g}",
                )


def _check_patterns(path: Path, config: dict[str, Any]) -> None:
    """What PEFT matches against the names of modules, before it does."""
    found = [value for name in _PATTERNS if isinstance(value := config.get(name), str)]
    found += [key for name in _BY_MODULE if isinstance(by := config.get(name), dict) for key in by]
    named = config.get("layers_pattern")
    found += [str(name) for name in named] if isinstance(named, list) else []
    if reason := pattern_problem(found):
        where = ", ".join(name for name in (*_PATTERNS, *_BY_MODULE) if config.get(name))
        raise AdapterError(
            f"{path}: {reason} (in one of {where})", hint="name the modules in full, without an expression"
        )


_MAX_NAMES, _MAX_REPLICAS = 300_000, 1_000


def _why_not(config: dict[str, Any]) -> str:
    """Why such an adapter is not used here, by name; or "". Loading, importing and proving ask here."""
    kind = config["peft_type"]
    if kind in _VIRTUAL_TOKENS:
        return f"{kind} puts virtual tokens before the prompt, which is not done here: the bare base would answer"
    if kind in _ASKS_FOR_MORE:
        return f"{kind} {_ASKS_FOR_MORE[kind]}"
    if config.get("alora_invocation_tokens"):
        return "aLoRA works behind its invocation tokens only, which no prompt has here: the bare base would answer"
    start = str(config.get("init_lora_weights", "")).lower()
    if start.startswith(_CHANGING_STARTS):
        return (
            f"init_lora_weights {start!r} takes its start out of the base's weights, anew at each load "
            "(PEFT converts PiSSA and OLoRA when it saves with path_initial_model_for_weight_conversion)"
        )
    return "megatron_config replaces modules of the base" if config.get("megatron_config") else ""


def content_sha256(directory: Path, hashes: FileHashes) -> str:
    """Hash over what a folder's adapter is made of.

    Raises:
        AdapterError: A file cannot be read.
    """
    try:
        files = [directory / name for name in (CONFIG, WEIGHTS, SIDECAR) if (directory / name).exists()]
        return sha256_text("\n".join(f"{file.name}:{hashes.sha256(file)}" for file in files))
    except OSError as error:
        raise AdapterError(
            f"{directory} cannot be read: {error}", hint="give yourself the right to read it"
        ) from error


def _shapes(directory: Path) -> dict[str, tuple[int, ...]]:
    from safetensors import SafetensorError, safe_open

    path = directory / WEIGHTS
    if not path.is_file():
        pickled = sorted(file.name for pattern in _PICKLES for file in directory.glob(pattern))
        if pickled:
            raise AdapterError(
                f"{directory} has only pickled weights ({', '.join(pickled)}), which are never opened",
                hint="save the adapter with safetensors (PEFT's default)",
            )
        raise AdapterError(
            f"{directory} has no {WEIGHTS}", hint="name the folder that holds the adapter's weights"
        )
    try:
        with safe_open(path, framework="numpy") as tensors:
            slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118  no mapping
            shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
            formats = {name: part.get_dtype() for name, part in slices.items()}
    except (SafetensorError, OSError) as error:
        raise AdapterError(
            f"{path} is damaged or truncated: {error}",
            hint="copy it again, or train again",
            context={"path": str(path)},
        ) from error
    if not shapes:
        raise AdapterError(f"{path} holds no tensors", hint="the save went wrong: train or export again")
    odd = [f"{name} ({kind})" for name, kind in formats.items() if kind not in _FLOATS]
    if odd:
        raise AdapterError(
            f"{path}: not floating point: {', '.join(odd[:5])}", hint="adapters hold floats only"
        )
    return shapes


def _sidecar(directory: Path) -> dict[str, Any]:
    """Our own metadata, empty where there is none."""
    path = directory / SIDECAR
    if not path.exists():
        return {}
    try:
        found = read_json(path)
    except (OSError, ValueError) as error:
        raise AdapterError(f"{path} cannot be read: {error}", hint=_WITHOUT_SIDECAR) from error
    parts = (
        [found, *(found.get(name, {}) for name in ("base", "training"))]
        if isinstance(found, dict)
        else [found]
    )
    if not all(isinstance(part, dict) for part in parts):
        raise AdapterError(f"{path} is not what this program writes", hint=_WITHOUT_SIDECAR)
    return dict(found)


def _base_sha256(sidecar: Mapping[str, Any]) -> str | None:
    value = sidecar.get("base", {}).get("sha256")
    return None if value is None else str(value)


def _quantization(sidecar: Mapping[str, Any], directory: Path) -> tuple[str, bool]:
    training = sidecar.get("training", {})
    name, bound = training.get("quantization", "none"), training.get("init_lora_weights") == "loftq"
    if not isinstance(name, str) or name not in QUANTIZATIONS:
        raise AdapterError(
            f"{directory / SIDECAR}: unknown quantization {name!r}",
            hint=f"there are {', '.join(QUANTIZATIONS)}",
        )
    return name, bound and name != "none"
