"""`regrow`: the rows and options of a version on another base, and the two side by side."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.gardener.choosing import foretell
from codebase_gardener.gardener.facade import REGROWN, Gardener
from codebase_gardener.gardener.growing import EVALUATED_FUNCTIONS, GrowPlan, follow, plan_of, verdict_of
from codebase_gardener.gardener.planning import foresee, free_on, plan_for
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.training.plan import ECONOMIES, Reason
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Reporter

if TYPE_CHECKING:
    from codebase_gardener.dataset.assembly import Dataset

__all__ = ["Regrown", "regrow"]


@dataclass(frozen=True)
class Regrown:
    """What came of it.

    Attributes:
        version: The adapter on the other base.
        old: The version whose rows and options it has.
        beside: The two side by side, as the registry keeps it; or the reason why nothing was measured.
        verdict: Of the new one on its own base.
        was_there: Whether adapter and comparison were there before.
    """

    version: VersionRow
    old: VersionRow
    beside: dict[str, Any]
    verdict: dict[str, Any]
    was_there: bool


def regrow(
    gardener: Gardener,
    ref: AdapterRef,
    base_id: str,
    reporter: Reporter,
    *,
    options: Mapping[str, Any] | None = None,
    activate: bool = False,
    show_plan: Callable[[GrowPlan], None],
) -> Regrown:
    """Train a version's rows with its options on another base, and compare old and new.

    The new one becomes active only where it is better, or `activate` says so.

    Args:
        gardener: The home.
        ref: `project/name`; without a version the active one.
        base_id: The other base.
        reporter: Told of every stage.
        options: Training options that are not the old one's.
        activate: Whether the new version becomes active in any case.
        show_plan: Called before the training starts.

    Raises:
        CodebaseGardenerError: Whatever a step raises; what is done stays done.
    """
    from codebase_gardener.dataset.writer import load_dataset

    old = gardener.version(ref)
    folder = gardener.heldout_dataset(old)
    wanted = {**_options_of(old), **(options or {})}
    if foretold := foretell(gardener, base_id, wanted):
        reporter.say(foretold)
    with reporter.stage("base model", "bytes") as progress:
        base, beside = gardener.base(base_id, progress), gardener.base_of(old)
    if base.sha256 == beside.sha256:
        raise InvalidInputError(
            f"{old.ref} is of that base already: {old.base_id}",
            hint="name another base, or a version of another one; on the same base: gardener train",
        )
    dataset = load_dataset(folder)
    spec, reasons = _spec(gardener, base, len(dataset.train), wanted)
    went_on = f", which went on from {old.lineage['parent']}" if old.lineage else ""
    begins = f"from nothing, with rows and options of {old.ref} ({old.base_id}){went_on}"
    revision = old.commit or "no commit"
    show_plan(plan_of(gardener, old.project, revision, dataset, base, spec, reasons, start=begins))
    active = gardener.registry.active_version(old.project, old.adapter_name)
    new = _trained(gardener, old, base, (dataset, folder), spec, reporter)
    known = next(
        (one.data for one in gardener.registry.receipts(new) if _is_of(one.kind, one.data, old)), None
    )
    found = known or _compared(gardener, (old, beside), (new, base), dataset, folder, reporter)
    verdict = verdict_of(gardener, new, dataset, reporter)  # on its own base
    if activate:
        gardener.registry.set_active(new.project, new.adapter_name, new.version)
    elif known is None and found["word"] != "better" and gardener.version(new.ref).active:
        # the worker marks a version where none was active
        gardener.registry.set_active(new.project, new.adapter_name, active if active != new.version else None)
    return Regrown(gardener.version(new.ref), old, found, verdict, known is not None)


def _options_of(old: VersionRow) -> dict[str, Any]:
    """The options that a version was trained with."""
    try:
        return parse_spec(old.spec).model_dump()
    except InvalidInputError as error:
        raise InvalidInputError(
            f"the options of {old.ref} are not those of a training here: {error.message}",
            hint="name a version that was trained from this project's rows",
        ) from error


def _is_of(kind: str, data: Mapping[str, Any], old: VersionRow) -> bool:
    return kind == REGROWN and data["old"]["name"] == str(old.ref)


def _spec(
    gardener: Gardener, base: Base, rows: int, wanted: Mapping[str, Any]
) -> tuple[TrainingSpec, tuple[Reason, ...]]:
    """The same options; where they do not fit the memory, those that save it are the plan's.

    Raises:
        ResourceError: Nothing fits.
    """
    spec = parse_spec(dict(wanted))
    device = resolve_device(gardener.settings.device)
    if foresee(base, rows, spec, device).memory_bytes <= free_on(device):
        return spec, ()
    saving = {option for economy in ECONOMIES for option in economy.options}
    kept = {name: value for name, value in wanted.items() if name not in saving}
    made = plan_for(gardener, BaseShape.of(base), rows, kept)
    return made.spec, tuple(one for one in made.reasons if one.value != getattr(spec, one.option))


def _trained(
    gardener: Gardener,
    old: VersionRow,
    base: Base,
    dataset: tuple[Dataset, Path],
    spec: TrainingSpec,
    reporter: Reporter,
) -> VersionRow:
    """The version on the other base, trained or found."""
    ref = AdapterRef(old.project, old.adapter_name)
    job = gardener.train(ref, base=base, dataset=dataset, training=spec, snapshot_id=old.snapshot_id)
    if job.state != "ready":
        follow(gardener, job.id, reporter)
    return gardener.version(job.ref)


def _compared(
    gardener: Gardener,
    old: tuple[VersionRow, Base],
    new: tuple[VersionRow, Base],
    dataset: Dataset,
    folder: Path,
    reporter: Reporter,
) -> dict[str, Any]:
    """Old against new, kept as a receipt of the new one."""
    from codebase_gardener.evaluation.verdict import NOTHING_HELD_OUT

    names = str(old[0].ref), str(new[0].ref)
    bases = old[0].base_id, new[0].base_id
    if dataset.heldout:
        from codebase_gardener.evaluation.across_bases import compare
        from codebase_gardener.evaluation.torch_evaluate import measure_across

        os.environ.update(gardener.settings.for_computing)
        with reporter.stage("old against new", "functions") as progress:
            measured = measure_across(
                [(row.directory, base) for row, base in (old, new)],
                folder,
                device=gardener.settings.device,
                dtype=gardener.settings.inference_dtype,
                limit=EVALUATED_FUNCTIONS,
                progress=progress,
            )
        data = compare(measured[0], measured[1], names, bases).as_dict()
    else:
        sides = [{"name": name, "base": base} for name, base in zip(names, bases, strict=True)]
        data = {"word": "not measured", "reason": NOTHING_HELD_OUT, "old": sides[0], "new": sides[1]}
    gardener.registry.add_receipt(new[0], REGROWN, data)
    return data
