"""Training on a quantized base: speed and peak memory for each quantization, on the embedded base.

    python benchmarks/quantization.py [--steps 8] [--threads N] [--repeat 1] [--bases DIR] [--json]

Each run is a process of its own, as a training is: default options, a few optimizer steps on texts of this project's
source files. "tokens/s" counts no padding, from the first step to the last; "peak" is the largest resident memory of
the process, "estimate" what `estimate_memory` said before the start, "base" what the loaded base holds in tensors.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from codebase_gardener.bases.quantization import QUANTIZATIONS
from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.dataset.user_rows import user_dataset
from codebase_gardener.dataset.writer import write_dataset
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.training.memory import estimate_memory
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.allocator import keep_freed_memory

SOURCES = Path(__file__).parents[1] / "src"
TEXT_CHARS = 3_000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=0, help="0: one a core")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--bases", type=Path, help="folder with converted bases, to leave out the conversion")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(_run(JobDirectory(options.run))))
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        rows = _measure(Path(folder), options)
    if options.as_json:
        print(json.dumps({"load": load, "rows": rows}, indent=1))
        return
    print("| quantization | tokens/s | peak, GB | estimate, GB | base, GB | loss |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        print(
            f"| `{row['quantization']}` | {row['tokens_per_s']:.0f} | {row['peak_bytes'] / 1e9:.2f} "
            f"| {row['estimate_bytes'] / 1e9:.2f} | {row['base_bytes'] / 1e9:.2f} "
            f"| {row['first_loss']:.2f} to {row['last_loss']:.2f} |"
        )
    print(f"load before the start: {load:.2f}")


def _measure(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    base = resolve_base("smollm2-135m", options.bases or folder / "bases")
    dataset = user_dataset(
        [{"text": file.read_text("utf-8")[:TEXT_CHARS]} for file in sorted(SOURCES.rglob("*.py"))]
    )
    write_dataset(dataset, folder / "rows")
    rows = []
    for name in [name for name, row in QUANTIZATIONS.items() if not row.lacks]:
        runs = []
        for turn in range(options.repeat):
            directory = JobDirectory(folder / f"{name}-{turn}")
            directory.path.mkdir()
            spec = TrainingSpec(quantization=name, steps=options.steps, threads=options.threads)
            directory.write_spec(JobSpec(base, folder / "rows", dataset.hash, spec, "cpu"))
            command = [sys.executable, __file__, "--run", str(directory.path)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            runs.append(json.loads(done.stdout.splitlines()[-1]))
        rows.append(
            {
                **runs[0],
                "quantization": name,
                "tokens_per_s": statistics.median(run["tokens_per_s"] for run in runs),
                "estimate_bytes": _estimate(base, name, runs[0]["dtype"]),
            }
        )
    return rows


def _estimate(base: Base, name: str, dtype: str) -> int:
    return estimate_memory(base, TrainingSpec(quantization=name), bf16=dtype == "bfloat16").total


def _run(directory: JobDirectory) -> dict[str, Any]:
    """In a process of its own: the job, then the base once more for its size."""
    keep_freed_memory()
    from codebase_gardener.bases.torch_loading import load_model
    from codebase_gardener.jobs.torch_run import run_job

    result = run_job(directory, "demo/default@1").as_dict()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    dtype = json.loads(directory.plan.read_text())["dtype"]
    spec = directory.spec
    model = load_model(spec.base.path, dtype=dtype, quantization=spec.training.quantization)
    return {**result, "peak_bytes": peak, "dtype": dtype, "base_bytes": _tensor_bytes(model)}


def _tensor_bytes(model: Any) -> int:
    """Of all parameters; a torchao weight says the size of what it stands for, so its parts are counted."""
    total = 0
    for parameter in model.parameters():
        parts = getattr(parameter, "tensor_data_names", None)
        held = [getattr(parameter, name) for name in parts] if parts else [parameter]
        state = getattr(parameter, "quant_state", None)
        if state is not None:
            held += [state.absmax, state.state2.absmax]
        scales = getattr(parameter, "SCB", None)
        total += sum(
            part.numel() * part.element_size() for part in [*held, *([scales] if scales is not None else [])]
        )
    return total


if __name__ == "__main__":
    main()
