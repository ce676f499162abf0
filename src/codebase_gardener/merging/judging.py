"""What a merged model is to an adapter: in a few words, and a few lines."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["judge_merged", "judgement_lines"]

_SPREAD = 0.05  # scales this near are one
_LAYER = re.compile(r"\.(\d+)\.")
_SHOWN = 8
_MEANING = {
    "merged": "holds the adapter",
    "scaled": "holds the adapter at another scale",
    "partly": "holds the adapter in part",
    "not merged": "does not hold the adapter",
    "lost": "was merged in a dtype that cannot hold the adapter's change",
    "another": "is changed, and not by this adapter",
    "mixed": "holds the adapter with something else",
    "unclear": "differs from the base by less than its rounding, or not as a merge does",
}


def judge_merged(
    files: AdapterFiles, base: Path, merged: Path, *, progress: Progress = silent
) -> dict[str, Any]:
    """Judge a merged model, whoever made it.

    Returns:
        word, scale (one for all, or None), differing (elements that a correct merge would give otherwise), elements,
        tensors (those the adapter changes), others (what else is changed).

    Raises:
        AdapterError, ModelError: As `judge_tensors`.
    """
    from codebase_gardener.merging.torch_judgement import judge_tensors

    rows = list(judge_tensors(files, base, merged, progress=progress))
    own = [row for row in rows if row.word != "changed"]
    others = [row for row in rows if row.word == "changed"]
    scales = [row.scale for row in own if row.word in ("held", "scaled")]
    one = sum(scales) / len(scales) if scales and max(scales) - min(scales) <= _SPREAD else None
    return {
        "word": _overall(Counter(row.word for row in own), one, has_others=bool(others)),
        "scale": one,
        "differing": sum(row.differing for row in rows),
        "elements": sum(row.elements for row in rows),
        "tensors": [asdict(row) for row in own],
        "others": [asdict(row) for row in others],
    }


def _overall(words: Counter[str], scale: float | None, *, has_others: bool) -> str:
    alone = next(iter(words)) if len(words) == 1 else ""
    if not words.keys() - {"held", "rounded away", "unclear"} and words["held"]:
        return "mixed" if has_others else "merged"
    if alone == "scaled" and scale is not None:
        return "scaled"
    if words.keys() <= {"missing", "absent", "rounded away", "unclear"}:
        is_lost = not words["missing"] and not words["absent"]
        return ("lost" if words["rounded away"] else "unclear") if is_lost else "not merged"
    if words.keys() <= {"other", "missing", "rounded away", "unclear"}:
        return "another"
    return "mixed" if words["mixed"] or words["other"] else "partly"


def judgement_lines(found: Mapping[str, Any]) -> list[str]:
    """A judgement for a person: one line in all, one for each group of tensors."""
    groups: dict[tuple[str, str], list[str]] = {}
    for row in (*found["tensors"], *found["others"]):
        scale = f" at scale {row['scale']:.2f}" if row["word"] in ("held", "scaled", "mixed") else ""
        groups.setdefault((row["word"], scale), []).append(row["tensor"])
    lines = [f"the model {_MEANING[found['word']]}"]
    for (word, scale), names in sorted(groups.items(), key=lambda group: -len(group[1]))[:_SHOWN]:
        told = "changed, and not by the adapter" if word == "changed" else word
        lines.append(f"  {len(names)} {told}{scale}: {_grouped(names)}")
    if len(groups) > _SHOWN:
        lines.append(f"  … {len(groups) - _SHOWN} more groups: --json has each tensor")
    lines.append(
        f"  {found['differing']:,} of {found['elements']:,} elements are not what one rounding of base + change gives"
    )
    return lines


def _grouped(names: Sequence[str]) -> str:
    """Tensor names with their layers' numbers taken together: `layers.{0-5}.q_proj.weight`."""
    layers: dict[str, set[int]] = {}
    for name in names:
        match = _LAYER.search(name)
        shape = name if match is None else f"{name[: match.start()]}.{{}}.{name[match.end() :]}"
        layers.setdefault(shape, set()).update(() if match is None else {int(match[1])})
    told = [shape.replace("{}", f"{{{_ranges(numbers)}}}", 1) for shape, numbers in layers.items()]
    more = f", and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
    return ", ".join(told[:_SHOWN]) + more


def _ranges(numbers: set[int]) -> str:
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
