"""Asks for a probe of a training in a fresh process, and reads its answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from codebase_gardener.training.fast.parts import FAST_PARTS
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils import error_handling
from codebase_gardener.utils.children import python_module
from codebase_gardener.utils.error_handling import CodebaseGardenerError, ResourceError, TrainingError
from codebase_gardener.utils.files import write_json

__all__ = ["Probe", "ProbeRequest", "run_probe"]

_LIMIT_S = 900


@dataclass(frozen=True)
class Probe:
    """What a few batches of a training measured.

    Attributes:
        dtype: "bfloat16" or "float32", as `auto` decides here.
        device: Torch device.
        threads: CPU threads.
        gemm_gflops: Measured matrix product rates by format, in GFLOP/s.
        steps: Optimizer steps of the run: those asked for, or those that fit the minutes.
        rows: Encoded rows.
        examples: Rows of all steps, repeated ones counted again.
        padded_tokens: Tokens of all steps, padding included.
        largest_batch_tokens: Padded tokens of the largest batch.
        tokens_per_s: Padded tokens per second of a run, everything within it counted.
        trained_parameters: Parameters that get a gradient.
        peak_bytes: Peak memory of the run: that of the probe, and Adam's moments.
        probe_s: Seconds the probe took, without imports.
        look_tokens: What looking at the validation rows costs, in tokens of training.
        fast_path: Parts of the fast path in effect.
        left_out: What of it was left out since it differed from the model's own path, and by how much.
    """

    dtype: str
    device: str
    threads: int
    gemm_gflops: dict[str, float]
    steps: int
    rows: int
    examples: int
    padded_tokens: int
    largest_batch_tokens: int
    tokens_per_s: float
    trained_parameters: int
    peak_bytes: int
    probe_s: float
    look_tokens: float = 0.0
    fast_path: Sequence[str] = FAST_PARTS
    left_out: Sequence[str] = ()

    @property
    def seconds(self) -> float:
        """Predicted time of the training steps, and of the looks between them."""
        return (self.padded_tokens + self.look_tokens) / self.tokens_per_s

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class ProbeRequest:
    """What to probe."""

    base: Base
    dataset: Path
    training: TrainingSpec
    device: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "base": self.base.as_dict(),
            "dataset": str(self.dataset),
            "training": self.training.model_dump(mode="json"),
            "device": self.device,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ProbeRequest:
        """Back from JSON."""
        return cls(
            base=Base(**{**data["base"], "path": Path(data["base"]["path"])}),
            dataset=Path(data["dataset"]),
            training=parse_spec(data["training"]),
            device=data["device"],
        )


def run_probe(request: ProbeRequest, environment: Mapping[str, str] | None = None) -> Probe:
    """Measure a few batches in a fresh process, whose memory is given back when it ends.

    Args:
        request: What to measure.
        environment: Variables for the process, beside those of this one.

    Raises:
        CodebaseGardenerError: What is wrong with the rows, the base or the options.
        ResourceError: The process was killed, as the system does when memory runs out.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "request.json", request.as_dict())
        done = subprocess.run(
            [*python_module("codebase_gardener.training.torch_probe"), f"{folder}/request.json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
            env={**os.environ, "TOKENIZERS_PARALLELISM": "false", **(environment or {})},
        )
    if done.returncode == -signal.SIGKILL:
        raise ResourceError(
            "the probe was killed: there is too little memory for one batch",
            hint="give a lower --budget, or leave the probe out with --no-probe",
        )
    answer = _last_json(done.stdout)
    if answer is None:
        tail = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise TrainingError(
            f"the probe ended without an answer (exit {done.returncode}): {tail}",
            hint="leave it out with --no-probe",
        )
    if "error" in answer:
        kind = getattr(error_handling, answer["error"], CodebaseGardenerError)
        raise kind(answer["message"], hint=answer["hint"], context=answer["context"])
    return Probe(**answer)


def _last_json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads((text.strip().splitlines() or [""])[-1])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
