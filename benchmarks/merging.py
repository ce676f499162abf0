"""Merging adapters of the embedded base into a saved one: this project against PEFT, in one process.

    python benchmarks/merging.py [--repeat 5] [--adapters 2 4 8] [--json]

Random adapters of SmolLM2-135M (r = 16, all-linear, fp32). PEFT's time: `add_weighted_adapter` and `save_pretrained`
with the adapters loaded. Ours: `merge_adapters`, from files to files. Same allocator settings and threads, A B A B,
medians. "error" is the distance from what the method defines on the weight change, relative, over all modules.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from codebase_gardener.models.merging import MergeInput, MergeSpec, merge_adapters
from codebase_gardener.training.base import resolve_base
from codebase_gardener.utils.allocator import keep_freed_memory

METHODS = ("linear", "cat", "svd", "ties", "dare_linear", "magnitude_prune")
DENSITY = 0.5
R = 16


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--adapters", type=int, nargs="+", default=[2, 4, 8])
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--bases", type=Path, help="folder with converted bases, to leave out the conversion")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        rows = _measure(Path(folder), options)
    if options.as_json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(
            f"{row['method']:<16} {row['adapters']} adapters: PEFT {row['peft_s']:7.3f} s, "
            f"here {row['here_s']:7.3f} s, {row['ratio']:5.1f}x; error here {row['error']:.1e}"
        )


def _measure(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    base = resolve_base("smollm2-135m", options.bases or folder / "bases")
    model, paths = _adapters(base.path, folder, max(options.adapters))
    rows = []
    for method in options.methods:
        for count in options.adapters if method != "svd" else [2]:
            names = [f"a{number}" for number in range(count)]
            peft_s, here_s, error = [], [], 0.0
            for turn in range(options.repeat if method != "svd" else min(options.repeat, 2)):
                started = time.perf_counter()
                model.add_weighted_adapter(
                    names, [1 / count] * count, "merged", combination_type=method, density=DENSITY
                )
                model.save_pretrained(folder / f"peft{turn}", selected_adapters=["merged"])
                peft_s.append(time.perf_counter() - started)
                model.delete_adapter("merged")
                started = time.perf_counter()
                report = merge_adapters(
                    [MergeInput(paths[name], 1 / count, name) for name in names],
                    folder / f"{method}{count}_{turn}",
                    MergeSpec(method=method, density=DENSITY),
                )
                here_s.append(time.perf_counter() - started)
                error = report.error
            medians = statistics.median(peft_s), statistics.median(here_s)
            rows.append(
                {
                    "method": method,
                    "adapters": count,
                    "peft_s": medians[0],
                    "here_s": medians[1],
                    "ratio": medians[0] / medians[1],
                    "error": error,
                }
            )
    return rows


def _adapters(base: Path, folder: Path, count: int) -> tuple[Any, dict[str, Path]]:
    """A PEFT model with random adapters a0, a1 …, and their folders."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = LoraConfig(r=R, lora_alpha=2 * R, target_modules="all-linear", task_type="CAUSAL_LM")
    peft = get_peft_model(model, config, adapter_name="a0")
    for number in range(1, count):
        peft.add_adapter(
            f"a{number}",
            LoraConfig(r=R, lora_alpha=2 * R, target_modules="all-linear", task_type="CAUSAL_LM"),
        )
    for name, parameter in peft.named_parameters():
        if "lora_" in name:
            parameter.data.normal_(std=0.02)
    peft.save_pretrained(folder)
    paths = {f"a{number}": folder / f"a{number}" for number in range(count)}
    return peft, paths


if __name__ == "__main__":
    main()
