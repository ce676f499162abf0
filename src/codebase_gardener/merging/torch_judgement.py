"""A merged model against its base and an adapter: which tensors hold the adapter, and at which scale.

Of each tensor the move `W_merged - W_base` is compared with the adapter's own change `ΔW`: by least squares for its
scale, and element by element with what a correct merge gives: `W_base + ΔW` in float32, rounded once to the file's
dtype. One tensor is in memory at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.torch_attaching import read_tensors
from codebase_gardener.adapters.torch_safetensors import MappedTensors
from codebase_gardener.bases.torch_loading import base_skeleton
from codebase_gardener.merging.torch_into_base import base_shards, name_candidates
from codebase_gardener.merging.torch_task_vectors import TaskVectors
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["ModelTensors", "TensorJudgement", "judge_tensors"]

_EXACT = 0.02  # relative: what a merge that computes in 16 bits may be off
_MIXED = (
    0.3  # scale above which a change that is not this adapter's alone holds it; chance gives less than 0.1
)
_CLEAR = 0.1  # above it a scale's own error leaves open what it is


@dataclass(frozen=True)
class TensorJudgement:
    """A tensor of the merged model.

    Attributes:
        tensor: As the model names it.
        word: "held", "scaled", "missing", "mixed" (the adapter with something else), "other" (changed, not by this
            adapter), "rounded away" (the dtype cannot hold the change), "unclear" (it is below the rounding),
            "absent" (no such tensor of this shape), "changed" (and the adapter leaves it alone).
        scale: Of the adapter's change, by least squares.
        differing: Elements that a correct merge would give otherwise.
        elements: In all.
    """

    tensor: str
    word: str
    scale: float
    differing: int
    elements: int


def judge_tensors(
    files: AdapterFiles, base: Path, merged: Path, *, progress: Progress = silent
) -> Iterator[TensorJudgement]:
    """Judge what an adapter changes, and name what else is changed.

    Args:
        files: A checked LoRA adapter.
        base: The base's folder.
        merged: A merged model's folder.
        progress: Tensors done.

    Raises:
        AdapterError: The adapter changes nothing, has NaN, or cannot be merged; or there are no safetensors of such
            a model.
        ModelError: The base cannot be read.
    """
    read_tensors(files)
    skeleton = base_skeleton(base)
    tied: dict[str, str] = dict(getattr(skeleton, "all_tied_weights_keys", None) or {})
    vectors = TaskVectors(files, skeleton)
    stored, found = ModelTensors(base), ModelTensors(merged)
    names = [
        name
        for name in skeleton.state_dict()
        if name in vectors.changes or name not in tied or (name in stored or name in found)
    ]
    if not any(name in found for name in names):
        raise AdapterError(
            f"{merged} has no tensor of the base's names: it is no merge of this base",
            hint="name the folder of a merged model, with its *.safetensors",
        )
    for done, name in enumerate(names, 1):
        source = tied.get(name, name)
        place, there = stored.get(name, source), found.get(name, source)
        changes = name if name in vectors.changes else source if source in vectors.tokens else None
        if place is None:
            continue
        change = None if changes is None else vectors.change_of(changes, place.float())
        if there is None or there.shape != place.shape:
            yield TensorJudgement(name, "absent", 0.0, place.numel(), place.numel())
        elif change is not None:
            yield _judged(name, place, change, there)
        elif not torch.equal(there, place.to(there.dtype)):
            differing = int((there != place.to(there.dtype)).sum())
            yield TensorJudgement(name, "changed", 0.0, differing, there.numel())
        del place, there, change
        stored.release()
        found.release()
        progress(done, len(names))


class ModelTensors:
    """The tensors of a model's folder, by the model's names: mapped, not read."""

    def __init__(self, folder: Path) -> None:
        self._shards = [MappedTensors(file) for file in base_shards(folder)]

    def __contains__(self, name: str) -> bool:
        return any(other in shard for other in name_candidates(name) for shard in self._shards)

    def get(self, *names: str) -> Tensor | None:
        """The first that is there."""
        return next(
            (
                shard[other]
                for name in names
                for other in name_candidates(name)
                for shard in self._shards
                if other in shard
            ),
            None,
        )

    def release(self) -> None:
        """Give back the memory of what was read so far."""
        for shard in self._shards:
            shard.release()


def _judged(name: str, stored: Tensor, change: Tensor, found: Tensor) -> TensorJudgement:
    if not found.is_floating_point():
        return TensorJudgement(name, "absent", 0.0, found.numel(), found.numel())
    expected = (stored.float() + change).to(found.dtype)
    differing = int((expected != found).sum())
    is_lost = bool(torch.equal(expected, stored.to(found.dtype)))
    noise = torch.finfo(found.dtype).eps * float(torch.linalg.vector_norm(expected.float())) / math.sqrt(12)
    del expected
    moved = found.float() - stored.float()
    size = float(torch.linalg.vector_norm(change))
    if not size or is_lost:
        word = "rounded away" if size and not differing else "held" if not differing else "other"
        return TensorJudgement(name, word, 0.0, differing, found.numel())
    scale = float((moved.flatten() @ change.flatten()) / size**2)
    error = noise / math.sqrt(found.numel()) / size
    rest = float(torch.linalg.vector_norm(moved.sub_(change, alpha=scale)))
    return TensorJudgement(name, _word(scale, error, rest, noise, size), scale, differing, found.numel())


def _word(scale: float, error: float, rest: float, noise: float, size: float) -> str:
    """What a tensor is.

    Args:
        scale: Of the adapter's change in it.
        error: Of the scale, by the rounding alone.
        rest: Size of what the scaled change leaves unexplained.
        noise: Size of the dtype's rounding.
        size: Of the adapter's change.
    """
    if not math.isfinite(scale):
        return "other"
    if error > _CLEAR:
        return "unclear"
    near = max(_EXACT, 4 * error)
    if rest <= 3 * noise + _EXACT * abs(scale) * size:
        return "held" if abs(scale - 1) <= near else "missing" if abs(scale) <= near else "scaled"
    return "mixed" if abs(scale) > _MIXED else "other"
