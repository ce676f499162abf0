"""From which version a training goes on: the active one, unless something speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.files import WEIGHTS
from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.taught import UNTAUGHT, Taught
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.training.warm import SHARED_OPTIONS, News, WarmStart, misfit, old_rows
from codebase_gardener.utils.error_handling import CodebaseGardenerError, InvalidInputError
from codebase_gardener.utils.names import AdapterRef

if TYPE_CHECKING:
    from codebase_gardener.dataset.assembly import Dataset
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["WARM_LEARNING_RATE", "WARM_MINUTES", "Start", "starting_point"]

WARM_MINUTES = 1.0
WARM_LEARNING_RATE = 2e-4
"""A tenth of the rate from nothing: at that, the first steps undo more than the new rows teach (docs/fresh.md)."""


@dataclass(frozen=True)
class Start:
    """Where a training begins.

    Attributes:
        options: Of the training: those that were given, and those of the parent.
        parent: The version to go on from; None: from nothing.
        dataset: That the parent was trained on.
        why: Why it begins from nothing, though there are versions.
        there: The version that this tree has already, where nothing is to be done.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    parent: VersionRow | None = None
    dataset: Dataset | None = None
    why: str = ""
    there: VersionRow | None = None

    @property
    def taught(self) -> Taught:
        """What may not be held out."""
        return self.dataset.taught if self.dataset is not None else UNTAUGHT

    def warm(self, dataset: Dataset, new: News) -> WarmStart | None:
        """What the job is told of it."""
        if self.parent is None:
            return None
        row = self.parent
        return WarmStart(
            parent=str(row.ref),
            directory=row.directory,
            weights=row.files[WEIGHTS]["sha256"],
            commit=row.commit,
            news=new,
            old_rows=old_rows(dataset, new),
            commits=tuple((row.lineage or {}).get("commits", ())),
        )


def starting_point(gardener: Gardener, ref: AdapterRef, base: Base, options: Mapping[str, Any]) -> Start:
    """The active version of an adapter, if the snapshot that was taken last can go on from it.

    Args:
        gardener: The home.
        ref: `project/name`.
        base: What is trained on.
        options: Training options that were given.
    """
    number = gardener.registry.active_version(ref.project, ref.name)
    if number is None:
        there = gardener.registry.versions(ref.project, ref.name, limit=1)
        return Start(options, why=f"no version of {ref} is active" if there else "")
    row: VersionRow | None = gardener.registry.version(AdapterRef(ref.project, ref.name, number))
    here = gardener.registry.latest_snapshot(ref.project).snapshot_id
    while row is not None and row.snapshot_id == here:
        if row.lineage is None:
            return Start(
                options, why=f"{row.ref} was grown of these very files; the same options keep it as it is"
            )
        older = gardener.registry.parent_of(row)
        if older is None:
            return Start(options, there=row)
        row = older
    return _from(gardener, row, base, options) if row is not None else Start(options)


def _from(gardener: Gardener, row: VersionRow, base: Base, options: Mapping[str, Any]) -> Start:
    if row.base_hash != base.sha256:
        return Start(options, why=f"{row.ref} is of another base, {row.base_id}")
    if row.dataset_hash is None or WEIGHTS not in row.files:
        return Start(options, why=f"{row.ref} was not trained on this project's rows")
    given = {**gardener.settings.training, **options}
    kept = {name: row.spec[name] for name in SHARED_OPTIONS if name in row.spec and name not in given}
    own = {"minutes": WARM_MINUTES, "learning_rate": WARM_LEARNING_RATE}
    warm = {**{name: value for name, value in own.items() if name not in given}, **kept, **options}
    try:
        if why := misfit(gardener.spec(warm), parse_spec(row.spec)):
            return Start(options, why=f"{row.ref}: {why}")
        from codebase_gardener.dataset.writer import load_dataset

        gardener.shared.bring(row.directory, row.files)
        return Start(warm, row, load_dataset(gardener.heldout_dataset(row)))
    except InvalidInputError as error:
        return Start(options, why=f"the options of {row.ref} are not those of a training here: {error}")
    except CodebaseGardenerError as error:
        return Start(options, why=f"what {row.ref} was trained on is not known any more: {error}")
