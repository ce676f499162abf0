"""Merging adapters into a new one: checked, streamed module by module, with the error of each."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from codebase_gardener.adapters.files import (
    CONFIG,
    TOKENIZER_FILES,
    WEIGHTS,
    AdapterFiles,
    check_adapter_files,
)
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.sidecar import SIDECAR, library_versions
from codebase_gardener.merging.methods import merge_method
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError, ModelError
from codebase_gardener.utils.files import publish_dir, staging, write_json
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.merging.torch_files import LabelledReader

__all__ = [
    "MergeInput",
    "MergePrediction",
    "MergeReport",
    "MergeSpec",
    "check_inputs",
    "check_named_bases",
    "check_one_base",
    "merge_adapters",
    "predict_merge",
    "write_merged",
]

DEFAULT_DENSITY = 0.5
_NOTHING = 1e-6  # Frobenius norm over all modules; what rounding leaves of adapters that cancel


@dataclass(frozen=True)
class MergeInput:
    """One adapter that goes in.

    Attributes:
        directory: Its folder.
        weight: What its weight change is multiplied by.
        label: What it is called in reports, such as `project/name@version`.
    """

    directory: Path
    weight: float
    label: str


@dataclass(frozen=True)
class MergeSpec:
    """How to merge.

    Attributes:
        method: A key of `MERGE_METHODS`, or an alias.
        rank: At most this; None: what is exact, or with an `svd` method the largest input's.
        density: Share of the entries that TIES, DARE and magnitude pruning keep.
        seed: For DARE.
        space: "delta" merges the weight changes; "factors" gives PEFT's factor-wise result.
    """

    method: str = "svd"
    rank: int | None = None
    density: float = DEFAULT_DENSITY
    seed: int = 0
    space: Literal["delta", "factors"] = "delta"


@dataclass(frozen=True)
class MergeReport:
    """What a merge measured.

    Attributes:
        error: Frobenius norm of what is off over all modules, relative to what the method defines.
        modules: Module → its rank and its own relative error.
        base: What the inputs name as their base.
        base_sha256: Its hash, where one of them tells.
    """

    spec: dict[str, Any]
    inputs: tuple[dict[str, Any], ...]
    error: float
    modules: Mapping[str, Mapping[str, float]]
    seconds: float
    base: str | None
    base_sha256: str | None


@dataclass(frozen=True)
class MergePrediction:
    """What the error of a merge will be.

    Attributes:
        error: As in `MergeReport`.
        sampled: The modules that were merged for it and let go; 0 where the result can hold the sum exactly.
        modules: How many there are.
    """

    error: float
    sampled: int
    modules: int


def merge_adapters(
    inputs: Sequence[MergeInput], target: Path, spec: MergeSpec, *, progress: Progress = silent
) -> MergeReport:
    """Merge adapters of one base into a new adapter at `target`; the base itself is not needed.

    Args:
        inputs: At least one.
        target: A folder that does not exist yet. Nothing is left there on failure.
        spec: How.
        progress: Called with modules done.

    Raises:
        InvalidInputError: An unknown method, weights or a density that cannot be right, one adapter twice.
        AdapterError: Adapters that do not fit together, or hold what low-rank factors cannot carry.
    """
    if target.exists():
        raise InvalidInputError(f"{target} exists already", hint="name a folder that does not exist yet")
    with staging(target) as place:
        staged = (
            place / "adapter"
        )  # a folder with the permissions of the user's umask, unlike the staging place
        staged.mkdir()
        report = write_merged(inputs, staged, spec, progress=progress)
        publish_dir(staged, target, private=False)
    return report


def write_merged(
    inputs: Sequence[MergeInput],
    folder: Path,
    spec: MergeSpec,
    *,
    vouched: bool = False,
    progress: Progress = silent,
) -> MergeReport:
    """`merge_adapters` into an empty folder that the caller publishes.

    Where the user has `vouched` for one base of all, what their configs call it is not compared.
    """
    from codebase_gardener.merging.torch_stock import check_stock_loads

    started = time.perf_counter()
    checked, base_sha256 = _checked(inputs, spec)
    if _is_itself(inputs, spec):
        modules = _copy(checked[0], folder)
    else:
        modules = _merge(inputs, checked, spec, folder, vouched, progress)
        check_stock_loads(folder)
    for name in TOKENIZER_FILES:
        if (checked[0].directory / name).is_file():
            shutil.copyfile(checked[0].directory / name, folder / name)
    norm = math.sqrt(sum(row["norm"] ** 2 for row in modules.values()))
    off = math.sqrt(sum((row["norm"] * row["error"]) ** 2 for row in modules.values()))
    if modules and norm < _NOTHING:
        raise AdapterError(
            "the adapters cancel out: nothing is left of them", hint="choose other weights, or other adapters"
        )
    report = MergeReport(
        spec=asdict(spec),
        inputs=tuple(
            {"adapter": entry.label, "weight": entry.weight, "directory": str(entry.directory)}
            for entry in inputs
        ),
        error=off / norm if norm else 0.0,
        modules=modules,
        seconds=time.perf_counter() - started,
        base=checked[0].config.get("base_model_name_or_path"),
        base_sha256=base_sha256,
    )
    base = {"base": {"sha256": base_sha256}} if base_sha256 else {}
    write_json(folder / SIDECAR, {"merge": asdict(report), "libraries": library_versions(), **base})
    return report


def predict_merge(inputs: Sequence[MergeInput], spec: MergeSpec, *, vouched: bool = False) -> MergePrediction:
    """The error of a merge, from the factors of a sample of modules (`torch_files.predicted_error`).

    Nothing is written, and the base is not needed.

    Raises:
        InvalidInputError, AdapterError: As `merge_adapters`.
    """
    from codebase_gardener.merging.torch_files import predicted_error

    checked, _ = _checked(inputs, spec)
    if _is_itself(inputs, spec):
        return MergePrediction(0.0, 0, 0)
    return MergePrediction(*predicted_error(_readers(inputs, checked, vouched), spec))


def _checked(inputs: Sequence[MergeInput], spec: MergeSpec) -> tuple[list[AdapterFiles], str | None]:
    """The files that go in, and the hash of their base where one tells."""
    merge_method(spec.method)
    check_inputs(inputs, spec)
    checked = [check_adapter_files(entry.directory) for entry in inputs]
    return checked, check_one_base(inputs, checked)


def _is_itself(inputs: Sequence[MergeInput], spec: MergeSpec) -> bool:
    return len(inputs) == 1 and inputs[0].weight == 1 and spec.rank is None


def check_inputs(inputs: Sequence[MergeInput], spec: MergeSpec) -> None:
    """What can be said before a file is opened.

    Raises:
        InvalidInputError: None, one twice, or a weight, density or rank that cannot be right.
    """
    if not inputs:
        raise InvalidInputError("there is nothing to merge", hint="name at least one adapter")
    seen: dict[Path, str] = {}
    for entry in inputs:
        place = entry.directory.resolve()
        if place in seen:
            raise InvalidInputError(
                f"the adapter {entry.label} is given twice", hint="name it once, with the sum of the weights"
            )
        seen[place] = entry.label
        if not math.isfinite(entry.weight) or entry.weight == 0:
            raise InvalidInputError(
                f"the weight of {entry.label} is {entry.weight}", hint="expected a number other than 0"
            )
    _check_space(spec)
    if not 0 < spec.density <= 1:
        raise InvalidInputError(
            f"density {spec.density} is not above 0 and at most 1", hint="give a share, such as 0.5"
        )
    if spec.rank is not None and spec.rank < 1:
        raise InvalidInputError(f"rank {spec.rank} is below 1", hint="give 1 or more, or none")


def _check_space(spec: MergeSpec) -> None:
    if spec.space not in ("delta", "factors"):
        raise InvalidInputError(f"there is no space {spec.space!r}", hint="choose delta or factors")
    if spec.space == "factors" and (
        spec.rank is not None or spec.method == "cat" or merge_method(spec.method).compress
    ):
        raise InvalidInputError(
            f"space factors merges A and B one by one: method {spec.method} with rank {spec.rank} has no place there",
            hint="leave out --space: PEFT merges cat and svd on the weight change too; or take linear, ties, "
            "dare_linear, dare_ties or magnitude_prune, without --rank",
        )


def check_one_base(inputs: Sequence[MergeInput], checked: Sequence[AdapterFiles]) -> str | None:
    """The hash of the base that all inputs were trained on, where one tells.

    Raises:
        AdapterError: They were trained on different ones, or one fits a quantized base only.
    """
    for entry, files in zip(inputs, checked, strict=True):
        if files.is_of_quantized_base:
            raise AdapterError(
                f"{entry.label} began at the error of a base in {files.quantization} (LoftQ) and fits that base only",
                hint="use it as it is, or train one without --init-lora-weights loftq",
            )
    known = {
        entry.label: files.base_sha256
        for entry, files in zip(inputs, checked, strict=True)
        if files.base_sha256
    }
    if len(set(known.values())) > 1:
        raise AdapterError(
            f"the adapters were trained on different bases: {', '.join(f'{k} ({v[:12]})' for k, v in known.items())}",
            hint="merge adapters of one base",
        )
    return next(iter(known.values()), None)


def check_named_bases(inputs: Sequence[MergeInput], checked: Sequence[AdapterFiles]) -> None:
    """Compare what the configs name as their base: stock adapters have no hash of it.

    Raises:
        AdapterError: They name different ones, and these are not the same here.
    """
    named = {
        entry.label: str(files.config["base_model_name_or_path"])
        for entry, files in zip(inputs, checked, strict=True)
        if files.config.get("base_model_name_or_path")
    }
    if len(set(named.values())) < 2 or all(files.base_sha256 for files in checked):
        return
    hashes = {
        entry.label: files.base_sha256 or _weights_of(named.get(entry.label, ""))
        for entry, files in zip(inputs, checked, strict=True)
    }
    if None not in hashes.values() and len(set(hashes.values())) == 1:
        return
    raise AdapterError(
        f"the adapters name different bases: {', '.join(f'{label} {base}' for label, base in named.items())}",
        hint="merge adapters of one base; if it is one that goes by two names, say which with --base",
        context={"bases": named},
    )


def _weights_of(base: str) -> str | None:
    """Hash of a base's weights, where it lies here; nothing is fetched."""
    with TemporaryDirectory() as memory:
        try:
            return resolve_base(base, Path(memory), offline=True).sha256
        except ModelError:
            return None


def _copy(files: AdapterFiles, staged: Path) -> dict[str, dict[str, float]]:
    """One adapter with weight 1 is itself, whatever its variant."""
    from codebase_gardener.adapters.torch_attaching import read_tensors

    read_tensors(files)  # NaN and infinity are found here
    shutil.copyfile(files.directory / WEIGHTS, staged / WEIGHTS)
    write_json(staged / CONFIG, files.config)
    return {}


def _merge(
    inputs: Sequence[MergeInput],
    checked: Sequence[AdapterFiles],
    spec: MergeSpec,
    staged: Path,
    vouched: bool,
    progress: Progress,
) -> dict[str, dict[str, float]]:
    from codebase_gardener.merging.torch_files import write_merged_files

    return write_merged_files(_readers(inputs, checked, vouched), spec, staged, progress)


def _readers(
    inputs: Sequence[MergeInput], checked: Sequence[AdapterFiles], vouched: bool
) -> list[LabelledReader]:
    from codebase_gardener.adapters.torch_factors import FactorReader
    from codebase_gardener.merging.torch_files import module_kinds

    readers = [
        (entry.weight, entry.label, FactorReader(files)) for entry, files in zip(inputs, checked, strict=True)
    ]
    module_kinds(readers)  # sizes that differ say more than names
    if not vouched:
        check_named_bases(inputs, checked)
    return readers
