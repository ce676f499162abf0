"""`bases`: which code models fit this machine, told before anything is fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from codebase_gardener.bases.named import NAMED, NamedBase
from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.gardener.planning import free_on, plan_for
from codebase_gardener.training.devices import resolve_device
from codebase_gardener.training.memory import estimate_memory, serving_bytes
from codebase_gardener.training.plan import Facts, make_plan
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.speed import predicted_tokens_per_s
from codebase_gardener.utils.error_handling import InvalidInputError, ResourceError

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["SERVED_TOKENS", "Fit", "Prospect", "foretell", "prospects"]

SERVED_TOKENS = 8192
"""Of all requests together: four editors' prompts of 1,500 tokens, with their answers."""

_SIZES_GB = (8, 16, 24)
_ROWS = 1000  # a repository's are hundreds to thousands, all of which plan alike
_SERVED = {"bf16": 2.0, "q8_0": 34 / 32}
"""How the engines hold a base: torch as it is; llama.cpp also in blocks of 32 weights with one scale."""


@dataclass(frozen=True)
class Fit:
    """What can be done with a base in some memory; all figures are predicted.

    Attributes:
        memory: Whose it is, in words.
        limit_bytes: That is free.
        training: "LoRA", "ckpt LoRA" (activations are computed again), "QLoRA", or "" where nothing fits.
        training_bytes: Of that, or the least that a training needs.
        serving: "bf16", "q8_0", or "" where neither fits.
        serving_bytes: Of that, or the least.
        tokens_per_s: Of the training, where this machine's products were measured and the base is not quantized.
    """

    memory: str
    limit_bytes: int
    training: str
    training_bytes: int
    serving: str
    serving_bytes: int
    tokens_per_s: float | None = None


@dataclass(frozen=True)
class Prospect:
    """A named base, and what it fits.

    Attributes:
        base: What is known of it.
        shape: Reckoned from its config.
        fits: For 8, 16 and 24 GB, this machine, and its accelerator where it has one.
    """

    base: NamedBase
    shape: BaseShape
    fits: tuple[Fit, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the linear layers that an adapter changes by default: all but the head."""
        return tuple(dict.fromkeys(linear.name for linear in self.shape.linears))

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        base = asdict(self.base)
        return {
            **base,
            "parameters": self.shape.parameters,
            "target_modules": self.targets,
            "fetch_command": self.base.fetch_command,
            "fits_predicted": [asdict(fit) for fit in self.fits],
        }


@dataclass(frozen=True)
class _Memory:
    """Whose it is, its free bytes, what products reach beside it, where that was measured, and what computes."""

    name: str
    size: int
    gflops: float | None = None
    device: str = "cuda"


def prospects(gardener: Gardener, names: Sequence[str] = (), *, timed: bool = False) -> list[Prospect]:
    """The named bases, with what fits.

    Args:
        gardener: The home, whose settings training follows.
        names: Ids, or their last parts; by default all.
        timed: Whether to measure products here, for seconds, and predict how fast a training is.

    Raises:
        InvalidInputError: A name that is not known.
    """
    spec = gardener.spec({})
    limits = [_Memory(f"{size} GB", size * 10**9) for size in _SIZES_GB]
    limits += [
        _Memory(device, free_on(device), _gflops(device, spec) if timed else None, device)
        for device in dict.fromkeys(["cpu", resolve_device(gardener.settings.device)])
    ]
    return [_prospect(base, limits, spec, gardener.settings.training) for base in _chosen(names)]


def _gflops(device: str, spec: TrainingSpec) -> float:
    """What products reach in the format that is trained in."""
    from codebase_gardener.training.torch_device import measure_gemm, pick_dtype, set_threads

    set_threads(spec.threads)
    rates = measure_gemm(device)
    return rates.bfloat16 if pick_dtype(spec.dtype, rates) == "bfloat16" else rates.float32


def foretell(gardener: Gardener, base_id: str | None, options: Mapping[str, Any]) -> str:
    """What a training on a named code model will take, in words, before gigabytes are fetched; "" of other bases.

    Raises:
        ResourceError: It cannot fit: with the least that is needed, and what is free.
    """
    base = NAMED.get((base_id or gardener.settings.base).partition("@")[0])
    if base is None or base.was_run:
        return ""
    plan = plan_for(gardener, base.shape, _ROWS, options)
    return (
        f"{base.id}: {base.disk_bytes / 1e9:.1f} GB on the hub, fetched once ({base.licence}); predicted to train in "
        f"{plan.memory_bytes / 1e9:.1f} GB ({_words(plan.spec)}) of {plan.limit_bytes / 1e9:.1f} GB, {plan.limit_is}"
    )


def _chosen(names: Sequence[str]) -> list[NamedBase]:
    short = {base.id.rpartition("/")[2].lower(): base for base in NAMED.values()}
    for name in names:
        if name.rpartition("/")[2].lower() not in short:
            raise InvalidInputError(
                f"nothing is known of the base {name!r}",
                hint=f"there are {', '.join(NAMED)}; for another, name a folder: gardener plan NAME --base FOLDER",
            )
    return [short[name.rpartition("/")[2].lower()] for name in names] or list(NAMED.values())


def _prospect(
    base: NamedBase, limits: Sequence[_Memory], spec: TrainingSpec, given: Mapping[str, Any]
) -> Prospect:
    shape = base.shape
    return Prospect(base, shape, tuple(_fit(shape, memory, spec, given) for memory in limits))


def _fit(shape: BaseShape, memory: _Memory, spec: TrainingSpec, given: Mapping[str, Any]) -> Fit:
    speed = None
    try:
        plan = make_plan(
            Facts(shape, _ROWS, memory.size, memory.name, memory.device),
            spec,
            given,
            lambda spec, bf16: estimate_memory(shape, spec, bf16=bf16),
        )
        training = _words(plan.spec), plan.memory_bytes
        if memory.gflops is not None:
            speed = predicted_tokens_per_s(shape, plan.spec, memory.gflops)
    except ResourceError as error:
        training = "", int(error.context["least_bytes"])
    needed = {name: serving_bytes(shape, SERVED_TOKENS, held) for name, held in _SERVED.items()}
    serving = next((name for name in needed if needed[name] <= memory.size), "")
    served = needed[serving] if serving else min(needed.values())
    return Fit(memory.name, memory.size, *training, serving, served, speed)


def _words(spec: TrainingSpec) -> str:
    if spec.quantization != "none":
        return "QLoRA"
    return "ckpt LoRA" if spec.gradient_checkpointing else "LoRA"
