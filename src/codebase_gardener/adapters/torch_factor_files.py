"""An adapter's file of low-rank factors, mapped from disk: checked in full before anything live is touched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from codebase_gardener.adapters.factor_options import beyond_factors
from codebase_gardener.adapters.files import MAX_WEIGHT, WEIGHTS, AdapterFiles
from codebase_gardener.adapters.torch_factors import module_scale, pattern_value
from codebase_gardener.adapters.torch_safetensors import MappedTensors
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["FactorFile", "FactorPlace", "FactorTarget", "FactorNames", "factor_names", "open_factors"]

_KEY = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?:(?P<factor>[AB])\.weight|B\.(?P<bias>bias))\Z")
_LARGE_SCALE = 100.0  # below it no weight that is allowed gets out of hand
_SHOWN = 5

FactorNames = Mapping[str, Mapping[str, str]]
"""Module → kind of tensor (A, B, bias) → its name in the file."""


@dataclass(frozen=True)
class FactorTarget:
    """A linear layer of the base that can have factors.

    Attributes:
        number: Its place in the base's list.
        inputs: Columns that A has.
        outputs: Rows that B has.
    """

    number: int
    inputs: int
    outputs: int


@dataclass(frozen=True)
class FactorPlace:
    """Where one module's factors lie in `FactorFile.data`, counted in elements.

    Attributes:
        a: Start of A, shape [rank, in].
        b: Start of B, shape [out, rank].
        bias: Start of the bias, shape [out], or None.
        scale: What multiplies `B A` and the bias.
    """

    module: str
    a: int
    b: int
    bias: int | None
    rank: int
    scale: float


@dataclass(frozen=True)
class FactorFile:
    """Factors of one adapter.

    Attributes:
        data: All tensors of the file, flat, float32; of a float32 file mapped, not yet read.
        places: By number of the target.
    """

    data: Tensor
    places: Mapping[int, FactorPlace]


def factor_names(files: AdapterFiles) -> FactorNames | None:
    """Names of the tensors by module, of an adapter that is nothing but `scale · B A` on linear layers.

    Returns:
        None for any other: DoRA, saved modules, trained tokens, embeddings, other types than LoRA.
    """
    if beyond_factors(files.config, biases=True):
        return None
    names: dict[str, dict[str, str]] = {}
    for key in files.shapes:
        match = _KEY.fullmatch(key)
        if match is None:
            return None
        names.setdefault(match["module"], {})["bias" if match["bias"] else match["factor"]] = key
    return names


def open_factors(
    files: AdapterFiles, names: FactorNames, targets: Mapping[str, FactorTarget], wanted: Set[str]
) -> FactorFile:
    """Map the file and check it against the base.

    Args:
        files: Checked files.
        names: Its `factor_names`; all their modules are targets.
        targets: The base's linear layers, by name.
        wanted: Names of the layers that the adapter's config selects.

    Raises:
        AdapterError: Modules that the base does not have or that get no factors, sizes and ranks that do not fit,
            NaN or infinity, or every B zero.
    """
    missing, unasked = sorted(wanted - names.keys()), sorted(names.keys() - wanted)
    if missing or unasked:
        raise AdapterError(
            f"{files.directory} does not fit this base: "
            + "; ".join(
                part
                for part in (
                    f"{len(missing)} modules get no tensor ({_some(missing)})" if missing else "",
                    f"{len(unasked)} modules have tensors and are not among its target_modules ({_some(unasked)})"
                    if unasked
                    else "",
                )
                if part
            ),
            hint="load it onto the base it was trained on, with the library versions in its gardener.json",
            context={"missing": missing, "unasked": unasked},
        )
    data, starts = _flat(files.directory / WEIGHTS)
    places = {}
    for name, kinds in names.items():
        target = targets[name]
        _check_sizes(files, name, kinds, target)
        rank = files.shapes[kinds["A"]][0]
        places[target.number] = FactorPlace(
            module=name,
            a=starts[kinds["A"]],
            b=starts[kinds["B"]],
            bias=starts[kinds["bias"]] if "bias" in kinds else None,
            rank=rank,
            scale=module_scale(files.config, name, rank),
        )
    opened = FactorFile(data, places)
    _check_values(files, opened, targets)
    return opened


def _check_sizes(files: AdapterFiles, name: str, kinds: Mapping[str, str], target: FactorTarget) -> None:
    if not {"A", "B"} <= set(kinds):
        raise AdapterError(
            f"{files.directory}: {name} has no lora_{'A' if 'A' not in kinds else 'B'}",
            hint="the file is incomplete: copy it again or train again",
        )
    rank = pattern_value(files.config.get("rank_pattern") or {}, name, files.config.get("r", 8))
    fitting = {"A": (rank, target.inputs), "B": (target.outputs, rank), "bias": (target.outputs,)}
    for kind, key in kinds.items():
        if files.shapes[key] != fitting[kind]:
            raise AdapterError(
                f"{files.directory} does not fit this base: {key} {files.shapes[key]} at a module of "
                f"{(target.outputs, target.inputs)} with rank {rank}, expected {fitting[kind]}",
                hint="load it onto the base that its adapter_config.json names",
                context={"tensor": key, "shape": files.shapes[key], "expected": fitting[kind]},
            )


def _flat(path: Path) -> tuple[Tensor, dict[str, int]]:
    """The file's data as one float32 tensor, and where in it each tensor begins."""
    mapped = MappedTensors(path)
    flat = mapped.flat()
    if flat is not None:
        return flat[0].float(), flat[1]
    starts, at = {}, 0
    for name in mapped.names:
        starts[name], at = at, at + mapped[name].numel()
    return torch.cat([mapped[name].float().flatten() for name in mapped.names]), starts


def _check_values(files: AdapterFiles, opened: FactorFile, targets: Mapping[str, FactorTarget]) -> None:
    low, high = torch.aminmax(opened.data)  # NaN goes through
    if not bool(torch.maximum(-low, high) <= MAX_WEIGHT):
        bad = [
            place.module
            for target in targets.values()
            if (place := opened.places.get(target.number)) is not None
            and not _is_sound(opened.data, place, target)
        ]
        if bad:
            raise AdapterError(
                f"{files.directory}: NaN, infinite or absurdly large values in {_some(bad)}",
                hint="the training diverged or the file is damaged: train again with a lower learning rate",
                context={"modules": bad},
            )
    sizes = {target.number: target for target in targets.values()}
    for number, place in opened.places.items():
        b = opened.data[place.b : place.b + sizes[number].outputs * place.rank]
        if place.scale > _LARGE_SCALE and not bool(b.abs().max() * place.scale <= MAX_WEIGHT):
            raise AdapterError(
                f"{files.directory}: absurdly large values in {place.module} once they are times alpha / r",
                hint="lower lora_alpha in adapter_config.json to what it was trained with",
                context={"modules": [place.module]},
            )
    for number, place in opened.places.items():
        if bool(opened.data[place.b : place.b + sizes[number].outputs * place.rank].any()):
            return
        if place.bias is not None and bool(
            opened.data[place.bias : place.bias + sizes[number].outputs].any()
        ):
            return
    raise AdapterError(
        f"{files.directory} changes nothing: every B factor is zero",
        hint="it was saved before it was trained: train it, or save it again",
    )


def _is_sound(data: Tensor, place: FactorPlace, target: FactorTarget) -> bool:
    spans = [(place.a, place.rank * target.inputs), (place.b, target.outputs * place.rank)]
    spans += [(place.bias, target.outputs)] if place.bias is not None else []
    return all(bool((data[start : start + count].abs() <= MAX_WEIGHT).all()) for start, count in spans)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
