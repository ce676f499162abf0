"""Tokens/s of one training on two nodes of one core each against one node of one core, on the embedded base.

python benchmarks/nodes.py                    # three ways by turns, with default options but one thread and no dropout
python benchmarks/nodes.py --accumulate 1     # the global batch of the defaults: three or four rows

Each node is a process that is pinned to a core of its own and has one thread. All ways train the same global batches.
`2 apart` are two trainings at once that know nothing of each other: what this machine's cores and memory give at most.
A machine that others use gives them no two cores: `of the CPU` divides what one node's process computed for a step by
what the busier of the two did for it, so waiting, for the other node or for a core, is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import EventLog
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.utils.allocator import keep_freed_memory
from train_examples import write_examples

WARM = 2  # steps that are not counted: memory grows, kernels are loaded
EXAMPLES = 400


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--accumulate", type=int, default=2, help="batches in a step (of four rows, 1,536 tokens)"
    )
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--fast-path", default="head,packing,lora,layers,compile")
    parser.add_argument("--bases", type=Path, help="folder with the converted embedded base")
    parser.add_argument("--json", dest="as_json", action="store_true")
    parser.add_argument("--node", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.node:
        print(json.dumps(_node(json.loads(options.node))))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = _measure(Path(folder), options)
    if options.as_json:
        print(json.dumps(rows))
    else:
        _show(rows, options)


def _measure(folder: Path, options: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    base = resolve_base("smollm2-135m", options.bases or folder / "bases")
    dataset_hash = write_examples(folder, train=EXAMPLES, heldout=8)
    training = parse_spec(
        {
            "threads": 1,
            "lora_dropout": 0.0,
            "validation_rows": 0,
            "steps": options.steps,
            "gradient_accumulation_steps": options.accumulate,
            "dtype": options.dtype,
            "fast_path": options.fast_path,
        }
    )
    spec = JobSpec(base, folder / "train", dataset_hash, training, "cpu")
    rows: dict[str, list[dict[str, Any]]] = {"1 node": [], "2 nodes": [], "2 apart": []}
    for number in range(options.rounds):
        for way, found in rows.items():
            directory = JobDirectory(
                folder / "home" / "jobs" / f"{way[:3].replace(' ', '')}{way[-1]}{number}"
            )
            found.append(_run(way, directory, spec))
            print(
                f"{way}: {json.dumps(found[-1])}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True
            )
    return rows


def _run(way: str, directory: JobDirectory, spec: JobSpec) -> dict[str, Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    cores = sorted(os.sched_getaffinity(0))[-2:]
    processes = []
    for rank in range(1 if way == "1 node" else 2):
        apart = way != "2 nodes"
        own = JobDirectory(directory.path.with_name(f"{directory.job_id}-{rank}")) if apart else directory
        if apart or rank == 0:
            own.path.mkdir(parents=True)
            own.write_spec(spec)
        asked = {"job": str(own.path), "rank": rank, "core": cores[rank], "address": "" if apart else address}
        command = [sys.executable, __file__, "--node", json.dumps(asked)]
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "TORCHINDUCTOR_CACHE_DIR": str(spec.dataset.parent / "compiled"),
        }
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, env=environment))
    ended = [json.loads(process.communicate()[0].splitlines()[-1]) for process in processes]
    return {
        "tokens_per_s": sum(each["tokens_per_s"] for each in (ended if way == "2 apart" else ended[:1])),
        "cpu_s_a_token": max(each["cpu_s"] / each["tokens"] for each in ended),
        "exchange_ms": median(each["exchange_ms"] for each in ended),
        "bytes_a_step": ended[0]["bytes_a_step"],
    }


@dataclass(frozen=True)
class _Watch(EventLog):
    """The job's event log, whose steps are timed."""

    steps: list[tuple[float, float, float]] = field(default_factory=list)

    def append(self, kind: str, **fields: Any) -> None:
        super().append(kind, **fields)
        if kind == "step":
            tokens = fields["tokens_per_s"] * fields["elapsed_s"]
            self.steps.append((tokens, fields["elapsed_s"], time.process_time()))


def _node(asked: dict[str, Any]) -> dict[str, Any]:
    """One process: a whole training, or a node of one."""
    from codebase_gardener.jobs.torch_nodes import own_directory
    from codebase_gardener.jobs.torch_run import run_job
    from codebase_gardener.training.torch_group import Group, join_group

    os.sched_setaffinity(0, {asked["core"]})
    keep_freed_memory()
    directory, waits = JobDirectory(Path(asked["job"])), list[float]()
    add_up = Group.add_up

    def timed(self: Group, flat: Any) -> None:
        start = time.perf_counter()
        add_up(self, flat)
        if flat.numel() > 1000:  # the gradients, not a decision
            waits.append(1000 * (time.perf_counter() - start))

    Group.add_up = timed  # type: ignore[method-assign]  # timed in place
    if not asked["address"]:
        return _summary(_watched(directory, run_job), waits, directory)
    with join_group(asked["rank"], 2, asked["address"]) as group:
        if group.is_first:
            return _summary(_watched(directory, run_job, group), waits, directory)
        with own_directory(directory, directory.spec) as own:
            return _summary(_watched(own, run_job, group), waits, own)


def _watched(directory: JobDirectory, run_job: Any, *group: Any) -> Sequence[tuple[float, float, float]]:
    watch = _Watch(directory.events.path)
    directory.events = watch
    run_job(directory, "bench/default@1", *group)
    return watch.steps


def _summary(
    steps: Sequence[tuple[float, float, float]], waits: list[float], directory: JobDirectory
) -> dict[str, Any]:
    first, last = steps[WARM - 1], steps[-1]
    told = directory.events.last("nodes")
    return {
        "tokens": last[0] - first[0],
        "tokens_per_s": (last[0] - first[0]) / (last[1] - first[1]),
        "cpu_s": last[2] - first[2],
        "exchange_ms": median(waits[WARM:]) if waits else 0.0,
        "bytes_a_step": told["bytes_a_step"] if told else 0,
    }


def _show(rows: dict[str, list[dict[str, Any]]], options: argparse.Namespace) -> None:
    one = rows["1 node"]
    print(f"{options.steps} steps of {options.accumulate} batches, {options.rounds} rounds by turns, medians")
    for way, found in rows.items():
        speed = median(each["tokens_per_s"] for each in found)
        ratio = median(a["tokens_per_s"] / b["tokens_per_s"] for a, b in zip(found, one, strict=True))
        cpu = median(b["cpu_s_a_token"] / a["cpu_s_a_token"] for a, b in zip(found, one, strict=True))
        wait = median(each["exchange_ms"] for each in found)
        print(
            f"{way:<8} {speed:6.0f} tokens/s, {ratio:.2f} of one node's; {cpu:.2f} of the CPU; "
            f"{found[0]['bytes_a_step'] / 1e6:.1f} MB a step, exchanged and waited for {wait:.0f} ms"
        )


if __name__ == "__main__":
    main()
