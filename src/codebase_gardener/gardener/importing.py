"""Adapters that no job here has trained: imported from a folder, or merged; proven before they are ready."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.models.adapter_files import CONFIG, SIDECAR, WEIGHTS, check_adapter_files
from codebase_gardener.models.merging import MergeInput, MergeReport, MergeSpec, merge_adapters
from codebase_gardener.models.proof import prove
from codebase_gardener.registry.rows import ImportedAdapter, Publication, VersionRow
from codebase_gardener.training.base import Base
from codebase_gardener.training.submission import adapter_directory
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.utils.files import publish_dir, read_json, remove_tree, tree_bytes, writing
from codebase_gardener.utils.names import AdapterRef, check_name, parse_ref
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.gardener.gardener import Gardener

__all__ = ["Located", "import_adapter", "locate", "merge_into", "prove_adapter"]

_TAKEN = (
    CONFIG,
    WEIGHTS,
    SIDECAR,
    "README.md",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
)


@dataclass(frozen=True)
class Located:
    """An adapter that a command names.

    Attributes:
        label: `project/name@version`, or the folder.
        directory: Where its files are.
        row: Its row, where it is in the registry.
    """

    label: str
    directory: Path
    row: VersionRow | None


@dataclass(frozen=True)
class _Origin:
    """What a new version's row says of where it comes from."""

    base: Base
    spec: Mapping[str, Any]
    dataset_hash: str | None = None
    commit: str | None = None
    snapshot_id: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)


def locate(gardener: Gardener, what: str) -> Located:
    """An adapter by its folder, or by its name in the registry.

    Raises:
        NotFoundError: There is neither.
        InvalidInputError: It is no name.
    """
    folder = Path(what).expanduser()
    if (folder / CONFIG).is_file() or folder.is_absolute() or what.startswith("."):
        return Located(str(folder), folder.resolve(), None)
    row = gardener.version(parse_ref(what))
    return Located(str(row.ref), row.directory, row)


def import_adapter(
    gardener: Gardener, folder: Path, ref: AdapterRef, *, base: str | None = None
) -> VersionRow:
    """Take an adapter of PEFT's format into the registry: checked, copied, and proven in a fresh process.

    Args:
        gardener: The home.
        folder: With adapter_config.json and adapter_model.safetensors.
        ref: `project/name`; the project is made where there is none.
        base: Base model; by default the one that the adapter's config names.

    Raises:
        AdapterError: Its files are unsound, or it does not fit the base, or changes nothing. Nothing is left.
    """
    files = check_adapter_files(folder)
    model = gardener.base(base or _named_base(files.config, folder))

    def copy(staged: Path) -> None:
        staged.mkdir()
        for name in _TAKEN:
            if (folder / name).is_file():
                shutil.copyfile(folder / name, staged / name)

    spec = {
        name: files.config.get(name) for name in ("peft_type", "r", "lora_alpha", "use_rslora", "use_dora")
    }
    return _publish(gardener, ref, copy, _Origin(model, {**spec, "imported_from": str(folder.resolve())}))


def _named_base(config: Mapping[str, Any], folder: Path) -> str:
    named = config.get("base_model_name_or_path")
    if not isinstance(named, str) or not named:
        raise InvalidInputError(f"{folder}/{CONFIG} names no base", hint="name it with --base")
    return named


def merge_into(
    gardener: Gardener,
    inputs: Sequence[tuple[Located, float]],
    ref: AdapterRef,
    spec: MergeSpec,
    *,
    base: str | None = None,
    progress: Progress = silent,
) -> tuple[VersionRow, MergeReport]:
    """Merge adapters into a new version of `ref`, and prove it.

    Raises:
        ConflictError: The inputs were trained on different bases.
        AdapterError, InvalidInputError: As `merge_adapters`.
    """
    rows = [located.row for located, _ in inputs if located.row is not None]
    hashes = {row.base_hash for row in rows}
    if len(hashes) > 1:
        raise ConflictError(
            f"{', '.join(str(row.ref) for row in rows)} were trained on different bases",
            hint="merge adapters of one base",
        )
    named = base or (rows[0].base_id if rows else None)
    model = gardener.base(
        named or _named_base(check_adapter_files(inputs[0][0].directory).config, inputs[0][0].directory)
    )
    datasets = {(row.dataset_hash, row.commit, row.snapshot_id) for row in rows}
    same = datasets.pop() if len(datasets) == 1 and len(rows) == len(inputs) else (None, None, None)
    reports: list[MergeReport] = []

    def merge(staged: Path) -> None:
        entries = [MergeInput(located.directory, weight, located.label) for located, weight in inputs]
        reports.append(merge_adapters(entries, staged, spec, progress=progress))

    origin = _Origin(model, {"merged_from": {located.label: weight for located, weight in inputs}}, *same)
    row = _publish(gardener, ref, merge, origin)
    gardener.registry.add_receipt(row, "merge", reports[0].as_dict())
    return row, reports[0]


def _publish(
    gardener: Gardener, ref: AdapterRef, make: Callable[[Path], None], origin: _Origin
) -> VersionRow:
    """Stage, publish, prove, then one transaction; on any failure no files stay."""
    name = check_name(ref.name or "default", "adapter name")
    if ref.version is not None:
        raise InvalidInputError(
            f"{ref} names a version", hint=f"write {ref.project}/{name}: the number is given out"
        )
    gardener.manager.ensure_project(ref.project)
    number = gardener.registry.reserve_version(ref.project, name)
    target = adapter_directory(gardener.settings.projects_dir, AdapterRef(ref.project, name, number))
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".staged-") as folder:
        staged = Path(folder) / "adapter"
        make(staged)
        (staged / "manifest.json").unlink(missing_ok=True)
        publish_dir(staged, target)
    try:
        receipt = prove(target, origin.base)
        row = gardener.registry.publish_imported(
            ImportedAdapter(
                project=ref.project,
                adapter_name=name,
                version=number,
                base_id=origin.base.pinned,
                base_hash=origin.base.sha256,
                spec=origin.spec,
                dataset_hash=origin.dataset_hash,
                commit=origin.commit,
                snapshot_id=origin.snapshot_id,
            ),
            Publication(
                directory=target,
                files=read_json(target / "manifest.json")["files"],
                bytes=tree_bytes(target),
                metrics=origin.metrics,
            ),
            receipt,
        )
    except BaseException:
        remove_tree(target, gardener.settings.home / "trash")
        raise
    if gardener.registry.active_version(ref.project, name) is None:
        gardener.registry.set_active(ref.project, name, number)
    return gardener.registry.version(row.ref)


def prove_adapter(
    gardener: Gardener, what: str, *, base: str | None = None
) -> tuple[Located, dict[str, Any]]:
    """Reload an adapter in a fresh process and measure its effect; kept as a receipt where it is in the registry.

    Raises:
        AdapterError: It does not fit the base, or changes nothing.
    """
    located = locate(gardener, what)
    if located.row is not None:
        receipt = prove(located.directory, gardener.base(base or located.row.base_id))
        gardener.registry.add_receipt(located.row, "proof", receipt)
    else:
        config = check_adapter_files(located.directory).config
        receipt = prove(located.directory, gardener.base(base or _named_base(config, located.directory)))
    return located, receipt
