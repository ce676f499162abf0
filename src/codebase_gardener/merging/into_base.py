"""Merging adapters into their base: a whole model's folder, which any tool loads without PEFT."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.files import AdapterFiles, check_adapter_files
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.sidecar import SIDECAR, library_versions
from codebase_gardener.merging.merge import (
    MergeInput,
    MergeSpec,
    check_inputs,
    check_named_bases,
    check_one_base,
)
from codebase_gardener.merging.methods import merge_method
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError, ModelError
from codebase_gardener.utils.files import publish_dir, staging, write_json
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["MERGED_DTYPES", "BaseMergeReport", "merge_into_base"]

MERGED_DTYPES = ("float32", "bfloat16", "float16")
_COPIED = (".json", ".txt", ".model", ".jinja")
_NOT_COPIED = ("config.json", "manifest.json", "model.safetensors.index.json", SIDECAR)


@dataclass(frozen=True)
class BaseMergeReport:
    """What a merge into a base did.

    Attributes:
        tensors: In the base's files.
        changed: Of these, by an adapter.
        untied: Tied tensors that were given values of their own.
        notes: What a user should know of the result.
    """

    spec: dict[str, Any]
    inputs: tuple[dict[str, Any], ...]
    base: str
    base_sha256: str
    tensors: int
    changed: int
    untied: list[str]
    notes: tuple[str, ...]
    seconds: float


def merge_into_base(
    inputs: Sequence[MergeInput],
    base: Base,
    target: Path,
    spec: MergeSpec,
    *,
    vouched: bool = False,
    dtype: str | None = None,
    progress: Progress = silent,
) -> BaseMergeReport:
    """Write the base with adapters merged in: config, tokenizer, and safetensors in the base's own shards.

    The base is streamed tensor by tensor and never loaded as a model. Where an adapter was trained on a quantized
    base, the result has the precision of the base's files all the same.

    Args:
        inputs: At least one.
        base: What they were trained on.
        target: A folder that does not exist yet. Nothing is left there on failure.
        spec: How; methods are those of `MERGE_METHODS` that do not compress, on task vectors.
        vouched: Whether the user has named the base, whatever the adapters call it.
        dtype: One of `MERGED_DTYPES`; None for that of the base's files.
        progress: Tensors done.

    Raises:
        InvalidInputError: As `merge_adapters`; or a method, rank or space that a base has no use for.
        AdapterError: Adapters of another base, or that cannot be merged into one.
        ModelError: The base's files are quantized.
    """
    started = time.perf_counter()
    if target.exists():
        raise InvalidInputError(f"{target} exists already", hint="name a folder that does not exist yet")
    _check_spec(spec, dtype)
    check_inputs(inputs, spec)
    checked = [check_adapter_files(entry.directory) for entry in inputs]
    _check_base(inputs, checked, base, vouched)
    from codebase_gardener.merging.torch_into_base import write_merged_base

    with staging(target) as place:
        staged = place / "model"  # a folder with the permissions of the user's umask
        staged.mkdir()
        _copy_beside(base.path, staged)
        found = write_merged_base(
            [(entry.weight, files) for entry, files in zip(inputs, checked, strict=True)],
            base.path,
            staged,
            method=merge_method(spec.method),
            density=spec.density,
            seed=spec.seed,
            dtype=dtype,
            progress=progress,
        )
        report = BaseMergeReport(
            spec={**asdict(spec), "dtype": dtype},
            inputs=tuple(
                {"adapter": entry.label, "weight": entry.weight, "directory": str(entry.directory)}
                for entry in inputs
            ),
            base=base.pinned,
            base_sha256=base.sha256,
            notes=tuple(_notes(inputs, checked)),
            seconds=time.perf_counter() - started,
            **found,
        )
        write_json(
            staged / SIDECAR,
            {"merged_into_base": asdict(report), "libraries": library_versions(), "base": base.as_dict()},
        )
        publish_dir(staged, target, private=False)
    return report


def _check_spec(spec: MergeSpec, dtype: str | None) -> None:
    if merge_method(spec.method).compress or spec.rank is not None:
        raise InvalidInputError(
            f"method {spec.method}{f' with rank {spec.rank}' if spec.rank else ''} makes low-rank factors, "
            "and a base has none",
            hint="use linear, ties, dare_linear, dare_ties or magnitude_prune, without --rank",
        )
    if spec.space != "delta":
        raise InvalidInputError(
            f"space {spec.space} is about factors, and a base has none", hint="leave out --space"
        )
    if dtype is not None and dtype not in MERGED_DTYPES:
        raise InvalidInputError(
            f"{dtype} is no dtype to merge into", hint=f"choose from {', '.join(MERGED_DTYPES)}"
        )


def _check_base(
    inputs: Sequence[MergeInput], checked: Sequence[AdapterFiles], base: Base, vouched: bool
) -> None:
    known = check_one_base(inputs, checked)
    if not vouched:
        check_named_bases(inputs, checked)
    if known not in (None, base.sha256):
        raise AdapterError(
            f"{inputs[0].label} was trained on another base (weights {str(known)[:16]}, "
            f"those of {base.id} are {base.sha256[:16]})",
            hint="name the base that its gardener.json names with --base",
        )
    if "quantization_config" in base.config:
        method = base.config["quantization_config"].get("quant_method", "quantized")
        raise ModelError(
            f"the base {base.id} is stored quantized ({method}): a change merged into it would be rounded away",
            hint="name the unquantized model with --base: its adapters fit it",
        )


def _copy_beside(base: Path, staged: Path) -> None:
    """Tokenizer, generation config and license: small files, and no code."""
    for file in sorted(base.iterdir()):
        wanted = file.suffix in _COPIED or file.name.upper().startswith("LICENSE")
        if file.is_file() and wanted and file.name not in _NOT_COPIED:
            shutil.copyfile(file, staged / file.name)


def _notes(inputs: Sequence[MergeInput], checked: Sequence[AdapterFiles]) -> list[str]:
    return [
        f"{entry.label} was trained on a quantized base ({files.quantization}): it also corrects that base's rounding, "
        "which the merged weights do not have; measure the result"
        for entry, files in zip(inputs, checked, strict=True)
        if files.quantization != "none"
    ]
