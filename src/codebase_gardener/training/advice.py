"""Warnings about a training or an adapter: a visible table of rules, each with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.limits import cores, load_per_core

__all__ = [
    "FEW_ROWS",
    "HIGH_RANK",
    "RULES",
    "Advice",
    "Case",
    "AdviceRule",
    "advise_adapter",
    "advise_training",
]

FEW_ROWS = 100
HIGH_RANK = 32
_BILLION = 10**9
_HIGH_RATE = 5e-4
_BUSY_SHARE = 0.5


@dataclass(frozen=True)
class Case:
    """What is judged.

    Attributes:
        rank: The highest rank of the adapter; 0 where its method has none.
        use_rslora: Whether the scale is alpha/sqrt(r).
        use_dora: Whether magnitudes are trained apart.
        quantization: Of the base the adapter is or was trained on; "none" for 16 or 32 bits.
        learning_rate: Peak rate; 0 for an adapter that is there.
        rows: To train on; None where that is not known.
        base_parameters: None where that is not known.
        busy_cores: Cores' worth of work that other programs do.
        cores: Of the machine.
        threads: That were asked for; 0: one a core.
        is_trained: Whether the adapter is there already: what follows concerns its use.
    """

    rank: int = 0
    use_rslora: bool = False
    use_dora: bool = False
    quantization: str = "none"
    learning_rate: float = 0.0
    rows: int | None = None
    base_parameters: int | None = None
    busy_cores: float = 0.0
    cores: int = 1
    threads: int = 0
    is_trained: bool = False


@dataclass(frozen=True)
class AdviceRule:
    """One row: when it applies, what it says, and where that comes from."""

    name: str
    applies: Callable[[Case], bool]
    text: str
    source: str


@dataclass(frozen=True)
class Advice:
    """A rule that applies."""

    rule: str
    text: str
    source: str

    def as_dict(self) -> dict[str, str]:
        """As JSON holds it."""
        return asdict(self)


RULES: tuple[AdviceRule, ...] = (
    AdviceRule(
        "high rank without rsLoRA",
        lambda case: case.rank >= HIGH_RANK and not case.use_rslora and not case.is_trained,
        "alpha/r shrinks the update as the rank grows; rsLoRA does not: compare --use-rslora with alpha near 2*sqrt(r)",
        "seed 000, LoRA_Rank_Selection (r >= 32; PEFT's use_rslora names no rank); measured here "
        "(benchmarks/advice.py): r=64, 60 steps: loss 2.28 without, 2.33 with it and alpha 16, 2.50 with alpha 32",
    ),
    AdviceRule(
        "few examples",
        lambda case: case.rows is not None and case.rows < FEW_ROWS,
        f"fewer than {FEW_ROWS} rows: the adapter may learn them by heart; a lower --r, fewer --max-epochs, more rows",
        "a choice of this project: nothing was measured here",
    ),
    AdviceRule(
        "high learning rate",
        lambda case: case.learning_rate > _HIGH_RATE and (case.base_parameters or 0) >= _BILLION,
        "high for a base of this size: 2e-4 is usual up to 13B parameters, 1e-4 above",
        "seed 001, Learning_Rate_Selection; QLoRA (arXiv 2305.14314), table 9",
    ),
    AdviceRule(
        "DoRA at inference",
        lambda case: case.use_dora,
        "DoRA computes the norm of every adapted weight at each forward: merge it before it serves",
        "seed 000, DoRA_Overhead; peft/tuners/lora/config.py:use_dora; measured here (benchmarks/advice.py): 5.7 times "
        "LoRA's time for a token, 2.0 times for 256; merged, that of the base",
    ),
    AdviceRule(
        "merging into a quantized base",
        lambda case: case.quantization != "none",
        "merging into a 4- or 8-bit base rounds the result, and it may answer differently: merge into the 16-bit base",
        "seed 000, Quantized_Merge_Warning; peft/tuners/lora/bnb.py:100 (8 bits), :378 (4 bits)",
    ),
    AdviceRule(
        "busy machine",
        lambda case: case.busy_cores > _BUSY_SHARE * case.cores and not (case.threads or case.is_trained),
        "other programs use the cores: threads that wait for each other can make a step ten times slower; "
        "wait, or give --threads for the cores that are free",
        "measured here: 25 tokens/s with 2 threads, 83 with 1, on 2 cores that others kept busy",
    ),
)


def advise_training(
    spec: TrainingSpec,
    *,
    rows: int | None = None,
    base_parameters: int | None = None,
    busy_cores: float | None = None,
) -> list[Advice]:
    """Warnings about a training before it starts.

    Args:
        spec: The options.
        rows: To train on.
        base_parameters: Of the base.
        busy_cores: What others use; by default the load of the last minute.
    """
    return _apply(
        Case(
            rank=max([spec.r, *spec.rank_pattern.values()]),
            use_rslora=spec.use_rslora,
            use_dora=spec.use_dora,
            quantization=spec.quantization,
            learning_rate=spec.learning_rate,
            rows=rows,
            base_parameters=base_parameters,
            busy_cores=load_per_core() * cores() if busy_cores is None else busy_cores,
            cores=cores(),
            threads=spec.threads,
        )
    )


def advise_adapter(config: Mapping[str, Any], sidecar: Mapping[str, Any] | None = None) -> list[Advice]:
    """Warnings about the use of an adapter that is there.

    Args:
        config: Its adapter_config.json.
        sidecar: Our own metadata, where it has some: how its base was quantized.
    """
    training = (sidecar or {}).get("training") or {}
    return _apply(
        Case(
            rank=int(config.get("r") or 0),
            use_rslora=bool(config.get("use_rslora")),
            use_dora=bool(config.get("use_dora")),
            quantization=training.get("quantization", "none"),
            is_trained=True,
        )
    )


def _apply(case: Case) -> list[Advice]:
    return [Advice(rule.name, rule.text, rule.source) for rule in RULES if rule.applies(case)]
