"""`grow`: every step from a repository to a verdict, each of which finds what an earlier run has done."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.gardener.choosing import foretell
from codebase_gardener.gardener.facade import DEFAULT_ADAPTER, Gardener, move_mark
from codebase_gardener.gardener.lineage import Start, starting_point
from codebase_gardener.gardener.planning import foresee, suited_to
from codebase_gardener.gardener.shared_wikis import share_wiki
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.training.advice import Advice
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.training.memory import estimate_memory, expects_bf16
from codebase_gardener.training.plan import Reason
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.warm import described, news
from codebase_gardener.utils.collection import paused_collection
from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Reporter

if TYPE_CHECKING:
    from codebase_gardener.dataset.assembly import Dataset
    from codebase_gardener.dataset.taught import Taught
    from codebase_gardener.repository.snapshot import Snapshot
    from codebase_gardener.training.warm import WarmStart

__all__ = [
    "EVALUATED_FUNCTIONS",
    "GrowPlan",
    "Grown",
    "GrowReady",
    "follow",
    "functions_after",
    "grow",
    "plan_of",
    "prepare",
    "verdict_of",
]

EVALUATED_FUNCTIONS = 32
_FEWEST, _TOKENS_A_FUNCTION = 16, 10_000
"""All arms of a function take as long as a thousand trained tokens: a tenth of a training is one in ten thousand."""


@dataclass(frozen=True)
class GrowPlan:
    """What a run is going to do and take.

    Attributes:
        minutes: Of training.
        memory_bytes: Estimated peak of the training.
        disk_bytes: What the run adds at most: adapter, checkpoints, dataset.
        warnings: What is to be known before it starts.
        reasons: Why options differ from the settings.
        start: The version that it goes on from and what is new, or why it begins from nothing; "" for the first.
    """

    project: str
    revision: str
    base: Base
    device: str
    rows: int
    heldout_functions: int
    minutes: float
    memory_bytes: int
    disk_bytes: int
    free_disk_bytes: int
    warnings: tuple[Advice, ...] = ()
    reasons: tuple[Reason, ...] = ()
    start: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it, the base by its title."""
        held = {each.name: getattr(self, each.name) for each in fields(self)}
        rows = {name: [one.as_dict() for one in held[name]] for name in ("warnings", "reasons")}
        return {**held, **rows, "base": self.base.title}


@dataclass(frozen=True)
class Grown:
    """What came of it.

    Attributes:
        version: The adapter.
        verdict: As the registry keeps it, or the reason why nothing was measured.
        skipped: Files that were left out of the snapshot.
        was_there: Whether adapter and verdict were there before.
    """

    version: VersionRow
    verdict: dict[str, Any]
    skipped: int
    was_there: bool


@dataclass(frozen=True)
class GrowReady:
    """What a run has found before it trains.

    Attributes:
        ref: What it makes a version of.
        snapshot: The repository as it was read.
        dataset: What is trained on, and its folder.
        spec: How.
        warm: What it goes on from; None for nothing.
        plan: In figures.
        there: The version to which nothing is new; None where there is something to train.
    """

    ref: AdapterRef
    snapshot: Snapshot
    dataset: tuple[Dataset, Path]
    spec: TrainingSpec
    warm: WarmStart | None
    plan: GrowPlan
    there: VersionRow | None


def grow(
    gardener: Gardener,
    source: str,
    reporter: Reporter,
    *,
    name: str | None = None,
    revision: str | None = None,
    base_id: str | None = None,
    options: Mapping[str, Any] | None = None,
    fresh: bool = False,
    show_plan: Callable[[GrowPlan], None],
) -> Grown:
    """Snapshot, wiki, dataset, training, proof, evaluation, verdict.

    Args:
        gardener: The home.
        source: A directory, a git URL, or a source archive.
        reporter: Told of every stage.
        name: Of the project.
        revision: A commit, branch or tag.
        base_id: The base model; the setting's by default.
        options: Training options.
        fresh: Whether it begins from nothing where an active version could be gone on from.
        show_plan: Called before the training starts.

    Raises:
        CodebaseGardenerError: Whatever a step raises; what is done stays done.
    """
    ready = prepare(
        gardener,
        source,
        reporter,
        name=name,
        revision=revision,
        base_id=base_id,
        options=options,
        fresh=fresh,
    )
    if ready.there is not None:
        return _as_it_was(gardener, ready.there, ready.snapshot, reporter)
    dataset, _ = ready.dataset
    show_plan(ready.plan)
    job = gardener.train(
        ready.ref, base=ready.plan.base, dataset=ready.dataset, training=ready.spec, warm=ready.warm
    )
    was_ready = job.state == "ready"
    if not was_ready:
        follow(gardener, job.id, reporter, then_evaluated=bool(dataset.heldout))
    row = gardener.version(job.ref)
    was_there = was_ready and (gardener.registry.latest_verdict(row) is not None or not dataset.heldout)
    verdict = _verdict(gardener, row, dataset, reporter)
    return Grown(gardener.version(row.ref), verdict, len(ready.snapshot.skipped), was_there)


def prepare(
    gardener: Gardener,
    source: str,
    reporter: Reporter,
    *,
    name: str | None = None,
    revision: str | None = None,
    base_id: str | None = None,
    options: Mapping[str, Any] | None = None,
    fresh: bool = False,
) -> GrowReady:
    """All that `grow` does before it trains; its arguments. What is done stays done.

    Raises:
        CodebaseGardenerError: Whatever a step raises.
    """
    gardener.spec(options or {})
    if foretold := foretell(gardener, base_id, options or {}):
        reporter.say(foretold)
    with reporter.stage("snapshot", "files") as progress:
        project, snapshot = gardener.add(source, name=name, revision=revision, progress=progress)
        progress.note(f"{len(snapshot.skipped)} left out")
    with reporter.stage("base model", "bytes") as progress:
        base = gardener.base(base_id, progress)
    ref = AdapterRef(project.name, DEFAULT_ADAPTER)
    start = Start(options or {}) if fresh else starting_point(gardener, ref, base, options or {})
    made = _dataset(gardener, project.name, snapshot, reporter, start.taught)
    dataset = made[0]
    for warning in dataset.report.warnings:
        reporter.say(f"warning: {warning}")
    new = news(dataset, start.dataset) if start.dataset is not None else None
    there = start.there or (start.parent if new is not None and not new.rows else None)
    spec, reasons = suited_to(gardener, ref, base, dataset, start.options)
    warm = start.warm(dataset, new) if new is not None else None
    begins = f"goes on from {described(warm.lineage)}" if warm else start.why and f"from nothing: {start.why}"
    plan = plan_of(
        gardener,
        project.name,
        snapshot.revision,
        dataset,
        base,
        spec,
        reasons,
        start=begins,
        more_disk=sum(len(file.text) for file in snapshot.files) * 4,
    )
    return GrowReady(ref, snapshot, made, spec, warm, plan, there)


def _dataset(
    gardener: Gardener, project: str, snapshot: Snapshot, reporter: Reporter, before: Taught
) -> tuple[Dataset, Path]:
    """Of the snapshot and the wiki that is built of it: the same, whatever wiki was there before."""
    with paused_collection(), gardener.manager.using_project(project):
        wiki = gardener.wiki(project)
        pages = wiki.plain_pages(snapshot, reporter)
        share_wiki(gardener.shared, wiki.paths)
    with reporter.stage("dataset", "files") as progress:
        made = gardener.dataset(project, pages=pages, before=before, progress=progress)
        progress.note(f"{len(made[0].train)} rows")
    return made


def _as_it_was(gardener: Gardener, row: VersionRow, snapshot: Snapshot, reporter: Reporter) -> Grown:
    """Nothing is new to this version."""
    from codebase_gardener.dataset.writer import load_dataset

    verdict = _verdict(gardener, row, load_dataset(gardener.heldout_dataset(row)), reporter)
    return Grown(gardener.version(row.ref), verdict, len(snapshot.skipped), was_there=True)


def _verdict(gardener: Gardener, row: VersionRow, dataset: Dataset, reporter: Reporter) -> dict[str, Any]:
    """The verdict, measured where it is not known; where nothing is held out, the newer code counts as no worse."""
    data = verdict_of(gardener, row, dataset, reporter)
    if not data["arms"]:  # a verdict that was measured has moved it
        move_mark(gardener.registry, row, data["word"])
    return data


def verdict_of(gardener: Gardener, row: VersionRow, dataset: Dataset, reporter: Reporter) -> dict[str, Any]:
    """The verdict on a version as the registry keeps it, measured where it is not known."""
    from codebase_gardener.evaluation.verdict import NOTHING_HELD_OUT, not_measured

    known = gardener.registry.latest_verdict(row)
    if known is not None:
        return known.data
    if not dataset.heldout:
        return not_measured(NOTHING_HELD_OUT)
    limit = functions_after(row)
    with reporter.stage("evaluation", "prompts") as progress:
        return gardener.evaluate(row.ref, limit=limit, fill_in=False, progress=progress).data


def functions_after(row: VersionRow) -> int:
    """How many functions a verdict is measured on: about a tenth of what the training took."""
    if row.lineage:  # beside its parent, on what changed: these are few enough
        return EVALUATED_FUNCTIONS
    tokens: int = row.metrics.get("tokens", 0)
    return max(_FEWEST, min(EVALUATED_FUNCTIONS, tokens // _TOKENS_A_FUNCTION))


def plan_of(
    gardener: Gardener,
    project: str,
    revision: str,
    dataset: Dataset,
    base: Base,
    spec: TrainingSpec,
    reasons: tuple[Reason, ...],
    *,
    start: str,
    more_disk: int = 0,
) -> GrowPlan:
    """What a training takes, and what it is of.

    Args:
        gardener: The home.
        project: Its name.
        revision: That is grown.
        dataset: What is trained on.
        base: That is trained.
        spec: How.
        reasons: Why options differ from the settings.
        start: Where it begins; "" where that goes without saying.
        more_disk: Bytes beside those of the adapter.
    """
    device = resolve_device(gardener.settings.device)
    memory = estimate_memory(base, spec, bf16=expects_bf16(spec, device))
    return GrowPlan(
        project=project,
        revision=revision,
        base=base,
        device=device,
        rows=len(dataset.train),
        heldout_functions=min(len(dataset.heldout), EVALUATED_FUNCTIONS),
        minutes=spec.minutes,
        memory_bytes=memory.total,
        disk_bytes=3 * memory.adapter + more_disk,
        free_disk_bytes=shutil.disk_usage(gardener.settings.home).free,
        warnings=foresee(base, len(dataset.train), spec, device).warnings,
        reasons=reasons,
        start=start,
    )


def follow(gardener: Gardener, job_id: str, reporter: Reporter, *, then_evaluated: bool = False) -> None:
    """Follow a training from loading to proof; leaving does not end it.

    Args:
        gardener: The home.
        job_id: Of the training.
        reporter: Told of its steps.
        then_evaluated: Whether this process measures it afterwards: meanwhile it makes what the first question would
            wait for, and imports what measuring takes during the proof, which leaves a core free.
    """
    told: set[str] = set()
    ahead = {
        "training": threading.Thread(target=_make_answerable, args=(gardener, job_id), daemon=True),
        "saving": threading.Thread(target=_import_evaluation),
    }
    with reporter.stage("training", "steps") as progress:

        def show(now: TrainingProgress) -> None:
            if now.slower and now.slower not in told:
                told.add(now.slower)
                reporter.say(now.slower)
            stage = "saving" if now.stage == "proving" else now.stage
            if then_evaluated and stage in ahead:
                ahead.pop(stage).start()
            progress(now.step, now.steps)
            loss = f"loss {now.loss:.3f}, {now.tokens_per_s:,.0f} tokens/s" if now.loss is not None else ""
            progress.note(f"{loss} {'' if now.stage == 'training' else now.stage}".strip())

        ended = gardener.manager.trainings.wait(job_id, callback=show)
    if ended.validation:
        reporter.say(ended.validation)


def _make_answerable(gardener: Gardener, job_id: str) -> None:
    """The graph of the code and the index of wiki and code, or nothing: then who asks is told why."""
    with suppress(CodebaseGardenerError):
        wiki = gardener.wiki(gardener.manager.trainings.get(job_id).ref.project)
        wiki.graph()
        wiki.index()


def _import_evaluation() -> None:
    with paused_collection():
        import codebase_gardener.evaluation.torch_evaluate  # noqa: F401
