"""A training, planned: base + data + device → options with their reasons, and the memory and time they will take.

Two visible tables, whose rows carry their source: `RULES` proposes a value for each option that was not given;
`ECONOMIES` gives memory back, step by step, where the limit is lower than what the options need.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.training.advice import FEW_ROWS, HIGH_RANK, Advice, advise_training
from codebase_gardener.training.memory import MemoryEstimate, batch_tokens, expects_bf16
from codebase_gardener.training.probe import Probe
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils.error_handling import InvalidInputError, ResourceError

__all__ = ["ECONOMIES", "Economy", "Facts", "Plan", "PlanRule", "RULES", "Reason", "make_plan"]

_BILLION = 10**9
_SCALE = 2  # alpha/r of the defaults
_PROBES = 3


@dataclass(frozen=True)
class Facts:
    """What a plan is made from.

    Attributes:
        shape: Of the base.
        rows: To train on.
        limit_bytes: The budget, or the memory that is free.
        limit_is: What the limit is, in words.
        device: That trains.
    """

    shape: BaseShape
    rows: int
    limit_bytes: int
    limit_is: str
    device: str = "cuda"


@dataclass(frozen=True)
class PlanRule:
    """One row: an option, when the row speaks, the value it gives, and why."""

    option: str
    applies: Callable[[Facts, TrainingSpec], bool]
    value: Callable[[TrainingSpec], Any]
    why: str
    source: str


@dataclass(frozen=True)
class Economy:
    """One step that gives memory back: what it changes where it can, else None."""

    options: tuple[str, ...]
    change: Callable[[TrainingSpec], dict[str, Any] | None]
    why: str
    source: str


def _always(_: Facts, __: TrainingSpec) -> bool:
    return True


# In the order in which they are asked: a later row sees what an earlier one has set. The first row that applies
# decides an option; an option that the caller gave is never changed.
RULES: tuple[PlanRule, ...] = (
    PlanRule(
        "r",
        lambda facts, _: facts.rows < FEW_ROWS,
        lambda _: 8,
        f"fewer than {FEW_ROWS} rows: fewer parameters to learn them by heart with",
        "seed 000, LoRA_Rank_Selection; PEFT's default (peft/tuners/lora/config.py:r)",
    ),
    PlanRule(
        "r",
        _always,
        lambda spec: spec.r,
        "16 to 64 for complex tasks, and a repository's code is one",
        "seed 000, LoRA_Rank_Selection; seed 004's default",
    ),
    PlanRule(
        "use_rslora",
        lambda _, spec: spec.r >= HIGH_RANK,
        lambda _: True,
        "alpha/r shrinks the update at high ranks, alpha/sqrt(r) does not; in 60 steps here it gained nothing yet",
        "seed 000, LoRA_Rank_Selection (r >= 32: not in PEFT's source); arXiv 2312.03732; docs/training.md, Plan",
    ),
    PlanRule(
        "use_rslora",
        _always,
        lambda spec: spec.use_rslora,
        f"of use from r = {HIGH_RANK} on",
        "seed 000, LoRA_Rank_Selection",
    ),
    PlanRule(
        "lora_alpha",
        lambda _, spec: spec.use_rslora,
        lambda spec: round(_SCALE * sqrt(spec.r)),
        "the scale alpha/sqrt(r) stays what alpha/r is at the defaults, 2; a higher one trained worse here",
        "peft/tuners/lora/layer.py:update_layer; docs/training.md, Plan",
    ),
    PlanRule(
        "lora_alpha",
        _always,
        lambda spec: _SCALE * spec.r,
        "twice the rank: the scale alpha/r is 2",
        "seed 004's r=16, alpha=32",
    ),
    PlanRule(
        "target_modules",
        _always,
        lambda spec: spec.target_modules,
        "every linear layer: the widest choice, for any architecture",
        "seed 000, Target_Module_Selection; QLoRA (arXiv 2305.14314), figure 2",
    ),
    PlanRule(
        "use_dora",
        _always,
        lambda spec: spec.use_dora,
        "a step of 256 tokens takes 1.8 times as long, an answer 2 to 6 times until it is merged",
        "seed 000, DoRA_Overhead; measured here: docs/training.md, Plan",
    ),
    PlanRule(
        "learning_rate",
        lambda facts, _: facts.shape.parameters >= 20 * _BILLION,
        lambda _: 1e-4,
        "usual for 33B to 65B parameters",
        "seed 001, Learning_Rate_Selection; QLoRA, table 9",
    ),
    PlanRule(
        "learning_rate",
        lambda facts, _: facts.shape.parameters >= _BILLION,
        lambda _: 2e-4,
        "usual for 7B to 13B parameters, and safe from 1B on",
        "seed 001, Learning_Rate_Selection; QLoRA, table 9",
    ),
    PlanRule(
        "learning_rate",
        _always,
        lambda spec: spec.learning_rate,
        "small bases take a higher rate; the README's run was made with the default",
        "seed 001, Learning_Rate_Selection; README",
    ),
    PlanRule(
        "dtype",
        _always,
        lambda spec: spec.dtype,
        "bf16 where its products are 1.3 times as fast as fp32's, which the run measures",
        "seed 001, Quantization_Precision; training/torch_device.py",
    ),
    PlanRule(
        "quantization",
        _always,
        lambda spec: spec.quantization,
        "only where 16 bits do not fit: it rounds the base and slows a CPU down",
        "seed 000, Quantized_Merge_Warning; docs/training.md",
    ),
    PlanRule(
        "batch_size",
        _always,
        lambda spec: spec.batch_size,
        "rows of like length, as many as batch_tokens allow",
        "seed 001, Batch_Size_Accumulation; seed 004's default",
    ),
    PlanRule(
        "batch_tokens",
        _always,
        lambda spec: spec.batch_tokens,
        "what a batch needs in memory follows its tokens",
        "seed 001, Batch_Size_Accumulation; docs/training.md, Plan",
    ),
    PlanRule(
        "gradient_accumulation_steps",
        _always,
        lambda spec: spec.gradient_accumulation_steps,
        "one batch a step: more steps in the same time",
        "seed 001, Batch_Size_Accumulation",
    ),
    PlanRule(
        "gradient_checkpointing",
        _always,
        lambda spec: spec.gradient_checkpointing,
        "only where it does not fit without: half the memory, and a step takes 1.4 times as long",
        "measured here: docs/training.md, Plan; seed 000, Gradient_Checkpointing, says 50-60 % less VRAM for 20 % more "
        "compute, which stands nowhere in PEFT's source",
    ),
)


def _smaller_batches(spec: TrainingSpec) -> dict[str, Any] | None:
    tokens = batch_tokens(spec)
    if tokens <= spec.max_length:
        return None
    return {
        "batch_tokens": max(spec.max_length, tokens // 2),
        "gradient_accumulation_steps": 2 * spec.gradient_accumulation_steps,
    }


def _checkpointing(spec: TrainingSpec) -> dict[str, Any] | None:
    return None if spec.gradient_checkpointing else {"gradient_checkpointing": True}


def _four_bits(spec: TrainingSpec) -> dict[str, Any] | None:
    return {"quantization": "nf4"} if spec.quantization == "none" else None


# Each is taken as often as it changes something, in this order, until the prediction fits.
ECONOMIES: tuple[Economy, ...] = (
    Economy(
        ("batch_tokens", "gradient_accumulation_steps"),
        _smaller_batches,
        "half the batch, twice the accumulation: the optimizer step sees the same tokens",
        "seed 001, Batch_Size_Accumulation",
    ),
    Economy(
        ("gradient_checkpointing",),
        _checkpointing,
        "activations are computed again instead of kept",
        "seed 000, Gradient_Checkpointing; measured here: docs/training.md, Plan",
    ),
    Economy(
        ("quantization",),
        _four_bits,
        "the base in 4 bits, its products in the dtype above",
        "seed 000, Quantization_Environment; QLoRA (arXiv 2305.14314)",
    ),
)


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
    bf16, factor = expects_bf16(spec, facts.device), 1.0
    measured: Probe | None = None

    def memory_of(asked: TrainingSpec) -> int:
        return _total(estimate(_as_found(asked, measured), bf16), factor)

    for _ in range(_PROBES):
        spec = _fit(facts, spec, given, reasons, memory_of)
        if probe is None:
            break
        measured = probe(spec)
        bf16 = measured.dtype == "bfloat16"
        predicted = estimate(_as_found(spec, measured), bf16)
        factor = max(1.0, _factor(predicted, measured.peak_bytes))
        if _total(predicted, factor) <= facts.limit_bytes:
            break
    needed = estimate(_as_found(spec, measured), bf16)
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


def _as_found(spec: TrainingSpec, probe: Probe | None) -> TrainingSpec:
    """With the parts of the fast path that the probe found to be right: the others save no memory."""
    return spec.model_copy(update={"fast_path": tuple(probe.fast_path)}) if probe else spec


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
            hint="lower --max-length, leave out the options that fix batch and checkpointing, or take a smaller base: "
            "`gardener bases` lists what fits",
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
