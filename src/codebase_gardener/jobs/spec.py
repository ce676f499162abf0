"""What a training is asked for with, from the request to the worker: one form, stored once, in the job's directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.training.warm import WarmStart
from codebase_gardener.utils.home_paths import kept_path, real_path

__all__ = ["JobSpec"]


@dataclass(frozen=True)
class JobSpec:
    """What to train, and from what: all that a worker needs to know, apart from the settings.

    The registry gives it a name (`project/name@version`) and looks for it by its hashes; it keeps no copy.

    Attributes:
        base: Pinned by hash: a base that changed since is refused.
        dataset: Folder of the published dataset.
        dataset_hash: Of its rows.
        training: Checked options.
        device: As the settings say; once it is submitted, as torch names it.
        commit: Revision of the snapshot the rows were made from, or None.
        snapshot_id: Of the snapshot, or None.
        warm: The adapter that it goes on from, or None.
        nodes: Of a cluster, that train it together; not part of what makes two jobs the same work.
    """

    base: Base
    dataset: Path
    dataset_hash: str
    training: TrainingSpec
    device: str = "auto"
    commit: str | None = None
    snapshot_id: str | None = None
    warm: WarmStart | None = None
    nodes: int = 1

    @property
    def hash(self) -> str:
        """Of options, base and first weights; with rows and the adapter's name, what makes two jobs the same work."""
        return self.training.hash_for(self.base.sha256 + (f" {self.warm.weights}" if self.warm else ""))

    def as_dict(self, home: Path | None = None) -> dict[str, Any]:
        """As JSON holds it, with paths relative to the home where they lie in it."""
        return {
            **asdict(self),
            "base": {**self.base.as_dict(), "path": kept_path(self.base.path, home)},
            "dataset": kept_path(self.dataset, home),
            "training": self.training.model_dump(mode="json"),
            "warm": self.warm.as_dict(home) if self.warm else None,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any], home: Path | None = None) -> JobSpec:
        """The inverse of `as_dict`; earlier versions wrote the job's id too, and no snapshot."""
        known = {field.name: row[field.name] for field in fields(cls) if field.name in row}
        return cls(
            **{
                **known,
                "base": Base(**{**row["base"], "path": real_path(row["base"]["path"], home)}),
                "dataset": real_path(row["dataset"], home),
                "training": parse_spec(row["training"]),
                "warm": WarmStart.from_dict(row["warm"], home) if row.get("warm") else None,
            }
        )
