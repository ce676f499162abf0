"""`plan`: options for a project's data, with reasons, memory and time; and what `train` says before it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.files import CONFIG
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.bases.sidecar import SIDECAR
from codebase_gardener.config.settings import EMBEDDED_BASE
from codebase_gardener.training.advice import Advice, advise_adapter, advise_training
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.training.memory import estimate_memory, expects_bf16
from codebase_gardener.training.plan import ECONOMIES, Facts, Plan, Reason, make_plan
from codebase_gardener.training.probe import Probe, ProbeRequest, run_probe
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils.files import read_json
from codebase_gardener.utils.limits import available_bytes
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.dataset.assembly import Dataset
    from codebase_gardener.gardener.facade import Gardener

__all__ = [
    "Forecast",
    "foresee",
    "free_on",
    "plan_for",
    "plan_training",
    "suited",
    "suited_to",
    "train_command",
    "warnings_about",
]


@dataclass(frozen=True)
class Forecast:
    """What a training will take, estimated without loading anything.

    Attributes:
        memory_bytes: Peak of the training process.
        time: In words.
        warnings: Rules of `training.advice` that apply.
    """

    memory_bytes: int
    time: str
    warnings: tuple[Advice, ...]

    @property
    def line(self) -> str:
        """One line for people."""
        return f"This training will take about {self.memory_bytes / 1e9:.1f} GB of memory at its peak, and {self.time}."


def foresee(base: Base, rows: int, spec: TrainingSpec, device: str) -> Forecast:
    """Memory, time and warnings of a training, from the headers of the base's files."""
    shape = BaseShape.of(base)
    needed = estimate_memory(shape, spec, bf16=expects_bf16(spec, device))
    time = f"{spec.minutes:g} minutes at most" if not spec.steps else f"the time of {spec.steps} steps"
    warnings = advise_training(spec, rows=rows, base_parameters=shape.parameters)
    return Forecast(needed.total, time, tuple(warnings))


def warnings_about(adapter: Path) -> list[Advice]:
    """Warnings about the use of an adapter that is there, from the files of its folder."""
    sidecar = adapter / SIDECAR
    return advise_adapter(read_json(adapter / CONFIG), read_json(sidecar) if sidecar.exists() else None)


def plan_training(
    gardener: Gardener,
    base: Base,
    dataset: tuple[Dataset, Path],
    options: Mapping[str, Any],
    *,
    budget_bytes: int | None = None,
    probe: bool = True,
    progress: Progress = silent,
) -> Plan:
    """Choose options for a training, make them fit, and predict its memory and time.

    Args:
        gardener: The home.
        base: The base model.
        dataset: As `Gardener.dataset` gives it.
        options: Training options that stay as they are, as do those of the settings.
        budget_bytes: Memory that the training process may take; by default what is free.
        probe: Whether a few batches are measured in a fresh process.
        progress: Probes done.

    Raises:
        ResourceError: Nothing fits the memory.
    """
    rows, folder = dataset
    shape = BaseShape.of(base)
    done = 0

    def measure(spec: TrainingSpec) -> Probe:
        nonlocal done
        progress(done, done + 1)
        found = run_probe(
            ProbeRequest(base, folder, spec, gardener.settings.device), gardener.settings.for_computing
        )
        done += 1
        progress(done, done)
        return found

    return plan_for(
        gardener, shape, len(rows.train), options, budget_bytes=budget_bytes, probe=measure if probe else None
    )


def plan_for(
    gardener: Gardener,
    shape: BaseShape,
    rows: int,
    options: Mapping[str, Any],
    *,
    budget_bytes: int | None = None,
    probe: Callable[[TrainingSpec], Probe] | None = None,
) -> Plan:
    """A plan for a base of this shape, which need not be there yet.

    Args:
        gardener: The home.
        shape: Of the base.
        rows: To train on.
        options: As for `plan_training`.
        budget_bytes: Likewise.
        probe: What measures a few batches, or None.

    Raises:
        ResourceError: Nothing fits the memory.
    """
    device = resolve_device(gardener.settings.device)
    free = free_on(device)
    within = budget_bytes is not None and budget_bytes <= free
    facts = Facts(
        shape=shape,
        rows=rows,
        limit_bytes=budget_bytes if within and budget_bytes is not None else free,
        limit_is="the budget" if within else f"what is free on {device}",
        device=device,
    )
    return make_plan(
        facts,
        gardener.spec(options),
        {**gardener.settings.training, **options},
        lambda spec, bf16: estimate_memory(shape, spec, bf16=bf16),
        probe,
    )


def suited(
    gardener: Gardener,
    base: Base,
    rows: int,
    options: Mapping[str, Any],
    earlier: Iterable[Mapping[str, Any]],
) -> tuple[TrainingSpec, tuple[Reason, ...]]:
    """Options that suit a base, and why those that differ from the settings do.

    The settings' defaults are made for the embedded base; of another the plan's rules decide, and what is free.

    Args:
        gardener: The home.
        base: The base model.
        rows: To train on.
        options: That stay as they are.
        earlier: Options of trainings on the same rows and base: what was free then makes no second one now.

    Raises:
        ResourceError: Nothing fits the memory.
    """
    usual = gardener.spec(options)
    if base.id == EMBEDDED_BASE:
        return usual, ()
    made = plan_for(gardener, BaseShape.of(base), rows, options)
    spec = next((old for old in map(parse_spec, earlier) if _equal_but_for_memory(old, made.spec)), made.spec)
    reasons = (one for one in made.reasons if one.value != getattr(usual, one.option))
    return spec, tuple(one for one in reasons if one.value == getattr(spec, one.option))


def suited_to(
    gardener: Gardener, ref: AdapterRef, base: Base, dataset: Dataset, options: Mapping[str, Any]
) -> tuple[TrainingSpec, tuple[Reason, ...]]:
    """`suited` for an adapter's next training: on the same rows and base it is the one that there is."""
    there = gardener.registry.versions(ref.project, ref.name)
    earlier = [v.spec for v in there if (v.dataset_hash, v.base_hash) == (dataset.hash, base.sha256)]
    return suited(gardener, base, len(dataset.train), options, earlier)


def _equal_but_for_memory(one: TrainingSpec, other: TrainingSpec) -> bool:
    """Whether two are equal but for what gives memory back."""
    saving = {option for economy in ECONOMIES for option in economy.options}
    return one.model_dump(exclude=saving) == other.model_dump(exclude=saving)


def free_on(device: str) -> int:
    """Memory of the device that nobody uses."""
    if device == "cpu":
        return available_bytes()
    from codebase_gardener.training.torch_device import free_bytes

    return free_bytes(device)


def train_command(
    gardener: Gardener, what: str, plan: Plan, *, base: str | None, file: Path | None = None
) -> list[str]:
    """The `gardener train` that does what was planned: what differs from the settings is written out."""
    usual = gardener.spec({})
    words = ["gardener", "train", what]
    words += ["--base", base] if base else []
    words += ["--file", str(file)] if file else []
    for name in TrainingSpec.model_fields:
        value = getattr(plan.spec, name)
        if value != getattr(usual, name):
            words += _flag(name, value)
    return words


def _flag(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool) and TrainingSpec.model_fields[name].annotation is bool:
        return [f"--{flag}" if value else f"--no-{flag}"]
    if isinstance(value, Mapping):
        value = ",".join(f"{key}={number}" for key, number in value.items())
    elif isinstance(value, tuple):
        value = ",".join(str(part) for part in value)
    return [f"--{flag}", f"{value:g}" if isinstance(value, float) else str(value)]
