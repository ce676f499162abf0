"""What `gardener plan` predicts against what the training measures: peak memory of the worker, seconds of the steps.

python benchmarks/plan.py --steps 16
"""

from __future__ import annotations

import argparse
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.planning import plan_training
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.utils.names import AdapterRef

SPECS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "512 tokens": {"batch_tokens": 512},
    "checkpointing": {"gradient_checkpointing": True},
    "DoRA, 1024 tokens": {"use_dora": True, "batch_tokens": 1024},
    "fp32, 512 tokens": {"dtype": "float32", "batch_tokens": 512},
    "r=64, rsLoRA, 1024 tokens": {"r": 64, "batch_tokens": 1024},
    "r=8, q and v only": {"r": 8, "target_modules": "q_proj,v_proj"},
    "3072 tokens, checkpointing": {"batch_tokens": 3072, "batch_size": 8, "gradient_checkpointing": True},
    "3072 tokens": {"batch_tokens": 3072, "batch_size": 8},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=16)
    add_options(parser)
    parser.add_argument("--specs", nargs="+", default=list(SPECS), choices=list(SPECS))
    parser.add_argument("--json", dest="as_json", action="store_true")
    options = parser.parse_args()
    with home_with_source(options) as gardener:
        for name in options.specs:
            row = _measure(
                gardener, name, {**SPECS[name], "steps": options.steps, "threads": options.threads}
            )
            print(json.dumps(row) if options.as_json else _line(row), flush=True)


def add_options(parser: argparse.ArgumentParser) -> None:
    """What a benchmark of the planner's predictions is told."""
    parser.add_argument("--threads", type=int, default=0, help="fewer than the cores where others use them")
    parser.add_argument("--source", default=str(Path(__file__).parents[1]), help="repository to train on")
    parser.add_argument("--bases", type=Path, help="folder with the converted embedded base")


@contextmanager
def home_with_source(options: argparse.Namespace) -> Iterator[Gardener]:
    """A home of its own with the repository as the project "source", for a block."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        if options.bases:
            (home / "bases").symlink_to(options.bases.resolve())
        with Gardener(Settings(home=home)) as gardener:
            gardener.add(options.source, name="source")
            yield gardener


def _measure(gardener: Gardener, name: str, options: dict[str, Any]) -> dict[str, Any]:
    base, dataset = gardener.base(), gardener.dataset("source")
    started = time.perf_counter()
    plan = plan_training(gardener, base, dataset, options)
    planned_s = time.perf_counter() - started
    ref = AdapterRef("source", re.sub(r"\W+", "-", name))
    job = gardener.train(ref, base=base, dataset=dataset, training=plan.spec)
    peak = _peak_of_worker(gardener, job)
    seconds = float(gardener.version(job.ref).metrics["seconds"])
    return {
        "spec": name,
        "predicted_gb": plan.memory_bytes / 1e9,
        "measured_gb": peak / 1e9,
        "memory_error": plan.memory_bytes / peak - 1,
        "probe_gb": plan.probe.peak_bytes / 1e9 if plan.probe else None,
        "predicted_s": plan.seconds,
        "measured_s": seconds,
        "time_error": (plan.seconds or 0) / seconds - 1,
        "tokens_per_s": plan.probe.padded_tokens / seconds if plan.probe else None,
        "plan_s": planned_s,
        "load": os.getloadavg()[0],
    }


def _peak_of_worker(gardener: Gardener, job: JobRow) -> int:
    """The kernel's own high-water mark of the worker process, in bytes, read until the job ends."""
    events, peak = JobDirectory(job.directory).events, 0
    while gardener.manager.trainings.get(job.id).state in ("queued", "training"):
        started = [event for event in events.all() if event["kind"] == "started"]
        status = Path(f"/proc/{started[-1]['pid']}/status") if started else Path("/nonexistent")
        try:
            found = re.search(r"VmHWM:\s+(\d+)", status.read_text())
        except OSError:
            found = None
        peak = max(peak, int(found[1]) * 1024 if found else 0)
        time.sleep(0.3)
    gardener.manager.trainings.wait(job.id)  # raises what went wrong
    return peak


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['spec']:<27} memory {row['predicted_gb']:5.2f} predicted, {row['measured_gb']:5.2f} GB measured "
        f"({row['memory_error']:+.0%}); time {row['predicted_s']:6.1f} predicted, {row['measured_s']:6.1f} s measured "
        f"({row['time_error']:+.0%}); plan {row['plan_s']:.0f} s, load {row['load']:.1f}"
    )


if __name__ == "__main__":
    main()
