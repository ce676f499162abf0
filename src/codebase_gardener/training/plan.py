"""A training, planned: base + data + device → options with their reasons, and the memory and time they will take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from codebase_gardener.training.advice import Advice, advise_training
from codebase_gardener.training.memory import MemoryEstimate
from codebase_gardener.training.plan_rules import ECONOMIES, RULES, Facts
from codebase_gardener.training.probe import Probe
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils.error_handling import InvalidInputError, ResourceError

__all__ = ["Plan", "Reason", "make_plan"]

_PROBES = 3


@dataclass(frozen=True)
class Reason:
    """An option of the plan, and why it has its value."""

    option: str
    value: Any
    why: str
    source: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """A complete plan.

    Attributes:
        spec: The options.
        reasons: A row an option.
        estimate: Memory by what needs it.
        memory_bytes: Predicted peak of the training process.
        limit_bytes: What it may take.
        limit_is: What the limit is, in words.
        probe: What was measured, or None.
        warnings: Rules of `training.advice` that apply.
    """

    spec: TrainingSpec
    reasons: tuple[Reason, ...]
    estimate: MemoryEstimate
    memory_bytes: int
    limit_bytes: int
    limit_is: str
    probe: Probe | None
    warnings: tuple[Advice, ...]

    @property
    def seconds(self) -> float | None:
        """Predicted time of the steps; None where nothing was measured and `steps` is given."""
        if self.probe is not None:
            return self.probe.seconds / self.spec.throttle
        return None if self.spec.steps else self.spec.minutes * 60

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "training": self.spec.model_dump(mode="json"),
            "reasons": [reason.as_dict() for reason in self.reasons],
            "memory_bytes": self.memory_bytes,
            "memory": asdict(self.estimate),
            "limit_bytes": self.limit_bytes,
            "limit": self.limit_is,
            "seconds": self.seconds,
            "probe": self.probe.as_dict() if self.probe else None,
            "warnings": [advice.as_dict() for advice in self.warnings],
        }


def make_plan(
    facts: Facts,
    base_spec: TrainingSpec,
    given: Mapping[str, Any],
    estimate: Callable[[TrainingSpec, bool], MemoryEstimate],
    probe: Callable[[TrainingSpec], Probe] | None = None,
) -> Plan:
    """Choose what was not given, make it fit, and predict.

    Args:
        facts: Base, data, device, limit.
        base_spec: The options as given, with the defaults for the rest.
        given: Options that must stay as they are.
        estimate: Memory of a spec, in bfloat16 or not.
        probe: Measures a few batches of a spec; None for the estimate only.

    Raises:
        ResourceError: Nothing fits; it names the least that this training needs.
    """
    reasons = {reason.option: reason for reason in _propose(facts, base_spec, given)}
    spec = _changed(base_spec, {option: reason.value for option, reason in reasons.items()})
    bf16, factor, measured = spec.dtype != "float32", 1.0, None
    for _ in range(_PROBES):
        spec = _fit(facts, spec, given, reasons, lambda s: _total(estimate(s, bf16), factor))  # noqa: B023
        if probe is None:
            break
        measured = probe(spec)
        bf16 = measured.dtype == "bfloat16"
        predicted = estimate(spec, bf16)
        factor = max(1.0, _factor(predicted, measured.peak_bytes))
        if _total(predicted, factor) <= facts.limit_bytes:
            break
    needed = estimate(spec, bf16)
    if measured is not None and "dtype" in reasons:
        reasons["dtype"] = _measured_dtype(spec, measured)
    return Plan(
        spec=spec,
        reasons=tuple(reasons.values()),
        estimate=needed,
        memory_bytes=_total(needed, factor),
        limit_bytes=facts.limit_bytes,
        limit_is=facts.limit_is,
        probe=measured,
        warnings=tuple(advise_training(spec, rows=facts.rows, base_parameters=facts.shape.parameters)),
    )


def _propose(facts: Facts, spec: TrainingSpec, given: Mapping[str, Any]) -> Iterator[Reason]:
    decided: set[str] = set()
    for rule in RULES:
        option = rule.option
        if option in decided:
            continue
        if option in given:
            reason = Reason(option, getattr(spec, option), "given", "the command line or the settings")
        elif rule.applies(facts, spec):
            reason = Reason(option, rule.value(spec), rule.why, rule.source)
        else:
            continue
        decided.add(option)
        spec = _changed(spec, {option: reason.value})
        yield reason


def _changed(spec: TrainingSpec, change: Mapping[str, Any]) -> TrainingSpec:
    return parse_spec({**spec.model_dump(), **change})


def _fit(
    facts: Facts,
    spec: TrainingSpec,
    given: Mapping[str, Any],
    reasons: dict[str, Reason],
    needed: Callable[[TrainingSpec], int],
) -> TrainingSpec:
    """Take economies until it fits; `reasons` says each."""
    asked = needed(spec)
    for economy in ECONOMIES:
        if any(option in given for option in economy.options):
            continue
        while needed(spec) > facts.limit_bytes and (change := economy.change(spec)):
            try:
                smaller = _changed(spec, change)
            except InvalidInputError:  # it does not go with another option, as 4 bits with PiSSA
                break
            if needed(smaller) >= needed(
                spec
            ):  # as 4 bits of a base that is mostly embeddings, held in fp32 then
                break
            spec = smaller
            for option, value in change.items():
                why = f"{economy.why}; {_gb(needed(spec))} instead of {_gb(asked)}, for {facts.limit_is}"
                reasons[option] = Reason(option, value, why, economy.source)
    if (least := needed(spec)) > facts.limit_bytes:
        raise ResourceError(
            f"the least that this training needs is {_gb(least)}, and {_gb(facts.limit_bytes)} is {facts.limit_is}",
            hint="lower --max-length, leave out the options that fix batch and checkpointing, or take a smaller base",
            context={"least_bytes": least, "limit_bytes": facts.limit_bytes},
        )
    return spec


def _total(estimate: MemoryEstimate, factor: float) -> int:
    return int(estimate.total + (factor - 1) * estimate.activations)


def _factor(estimate: MemoryEstimate, peak_bytes: int) -> float:
    """By how much the activations are larger than estimated, by the probe; its heap has not grown to its end."""
    fixed = estimate.total - estimate.activations
    return (peak_bytes - fixed) / max(1, estimate.activations)


def _measured_dtype(spec: TrainingSpec, probe: Probe) -> Reason:
    rates = probe.gemm_gflops
    why = f"measured: bf16 {rates['bfloat16']:.0f}, fp32 {rates['float32']:.0f} GFLOP/s, so {probe.dtype}"
    return Reason("dtype", spec.dtype, why, "seed 001, Quantization_Precision; training/torch_device.py")


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
