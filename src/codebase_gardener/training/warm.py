"""Going on from an adapter that is there: which rows are new, and how many old ones are mixed in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.dataset.examples import Example
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.files import sha256_text
from codebase_gardener.utils.home_paths import kept_path, real_path

if TYPE_CHECKING:
    from codebase_gardener.dataset.assembly import Dataset

__all__ = [
    "OLD_ROWS",
    "SHARED_OPTIONS",
    "News",
    "WarmStart",
    "described",
    "misfit",
    "mixed",
    "news",
    "old_rows",
]

OLD_ROWS = 64
"""At least so many old rows are mixed in, and as many as there are new ones: a few rows alone would be all it knows."""

SHARED_OPTIONS = (
    "peft_type", "peft_options", "quantization", "r", "lora_alpha", "target_modules", "exclude_modules",
    "layers_to_transform", "layers_pattern", "rank_pattern", "alpha_pattern", "use_rslora", "use_dora", "lora_bias",
    "modules_to_save", "trainable_token_indices", "init_lora_weights",
)  # fmt: skip
"""What must be as it was in the parent: the weights' shapes, places and meaning."""


@dataclass(frozen=True)
class News:
    """What a tree has that its parent was not trained on.

    Attributes:
        rows: Ids of new rows.
        new_files: Files with such rows that the parent knew no row of.
        changed_files: The others.
    """

    rows: tuple[str, ...]
    new_files: int
    changed_files: int


@dataclass(frozen=True)
class WarmStart:
    """Where a training begins in place of nothing.

    Attributes:
        parent: `project/name@version`.
        directory: Its files.
        weights: SHA-256 of its weights.
        commit: That it was grown at; None where it is not known.
        news: What is trained on first.
        old_rows: So many others are mixed in.
        commits: Of the generations before the parent, newest first.
    """

    parent: str
    directory: Path
    weights: str
    commit: str | None
    news: News
    old_rows: int
    commits: tuple[str, ...] = field(default=())

    @property
    def lineage(self) -> dict[str, Any]:
        """What is kept of it with the version."""
        row = {**asdict(self), "new_rows": len(self.news.rows), "commits": [self.commit or "", *self.commits]}
        row |= {"new_files": self.news.new_files, "changed_files": self.news.changed_files}
        return {name: value for name, value in row.items() if name not in ("directory", "news")}

    def as_dict(self, home: Path | None) -> dict[str, Any]:
        """As JSON holds it, with the path relative to the home."""
        return {**asdict(self), "directory": kept_path(self.directory, home)}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any], home: Path | None) -> WarmStart:
        """The inverse of `as_dict`."""
        news = News(**{**row["news"], "rows": tuple(row["news"]["rows"])})
        place = real_path(row["directory"], home)
        return cls(**{**row, "directory": place, "news": news, "commits": tuple(row["commits"])})


def described(lineage: Mapping[str, Any]) -> str:
    """What was new, in words.

    Args:
        lineage: As `WarmStart.lineage` gives it.
    """
    files = f"{lineage['new_files']} new and {lineage['changed_files']} changed files"
    rows = f"{lineage['new_rows']} new rows of {files}"
    return f"{lineage['parent']} ({lineage['commit'] or 'no commit'}): {rows}, {lineage['old_rows']} old ones with them"


def misfit(spec: TrainingSpec, parent: TrainingSpec) -> str:
    """Why weights that were trained with one spec are no beginning for another; "" where they are."""
    if spec.peft_type != "LORA" or spec.changes_base or spec.is_of_quantized_base:
        return "only plain LoRA goes on from its weights"
    for name in SHARED_OPTIONS:
        own, others = getattr(spec, name), getattr(parent, name)
        if own != others:
            return f"{name} is {own} now, and was {others}"
    return ""


def news(dataset: Dataset, parent: Dataset) -> News:
    """The rows that the parent has not; lines and commits that have moved make no row new."""
    known = {_content(row) for row in parent.train}
    new = [row for row in dataset.train if _content(row) not in known]
    files, before = {row.path for row in new if row.path}, {row.path for row in parent.examples}
    return News(tuple(row.id for row in new), len(files - before), len(files & before))


def _content(row: Example) -> tuple[Any, ...]:
    turns = tuple((turn["role"], turn["content"]) for turn in row.messages)
    return row.task, row.path, row.symbol, row.prompt, row.completion, turns, row.text, row.fim


def old_rows(dataset: Dataset, new: News) -> int:
    """How many old rows are mixed in."""
    return min(len(dataset.train) - len(new.rows), max(OLD_ROWS, len(new.rows)))


def mixed(rows: Sequence[Example], new: Collection[str], old: int, seed: int) -> list[Example]:
    """The new rows and so many others, in the order of the rows.

    Args:
        rows: To choose from.
        new: Ids of those that are new.
        old: Others at most.
        seed: Of their choice.
    """
    others = sorted(
        (row.id for row in rows if row.id not in new), key=lambda row: sha256_text(f"{seed} {row}")
    )
    chosen = {*new, *others[:old]}
    return [row for row in rows if row.id in chosen]
