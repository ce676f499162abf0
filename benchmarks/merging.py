"""Merging adapters of the embedded base into a saved one: this project against PEFT, side by side.

    python benchmarks/merging.py [--repeat 5] [--adapters 2 4 8] [--memory | --predict [--of DIR DIR…]] [--cpu] [--json]

Random adapters of SmolLM2-135M (r = 16, all-linear, fp32), weights 0.7 and shares of 0.3. PEFT's time:
`add_weighted_adapter` and `save_pretrained` with the adapters loaded. Ours: `merge_adapters`, from files to files,
fsync and hashes included, on the weight changes ("delta") and factor by factor as PEFT does it ("factors"). One
process, same allocator settings and threads, in turns, medians. "error" is the distance from what the method
defines on the weight change, relative, over all modules.

`--memory` measures instead, each in a process of its own: growth of the resident set during the first merge, its
seconds ("first", with what is imported then), and our imports before it ("import").

`--predict` compares the error that `gardener merge --plan` predicts with the one that the merge measures, over the
methods; of two random adapters, or of those in the folders of `--of`.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.merging.merge import MergeInput, MergeSpec, merge_adapters, predict_merge
from codebase_gardener.merging.methods import MERGE_METHODS
from codebase_gardener.utils.allocator import keep_freed_memory

METHODS = ("linear", "cat", "svd", "ties", "dare_linear", "dare_ties", "magnitude_prune")
SPACES = ("delta", "factors")
NO_FACTORS = ("cat", "svd")  # PEFT itself does these on the weight change
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
    parser.add_argument("--memory", action="store_true", help="measure memory and the first call instead")
    parser.add_argument("--predict", action="store_true", help="compare predicted errors with measured ones")
    parser.add_argument("--of", type=Path, nargs="+", default=[], help="with --predict: adapters' folders")
    parser.add_argument(
        "--cpu", action="store_true", help="seconds of one CPU thread, for a machine that is busy otherwise"
    )
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(*options.child)
        return
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        measure = _memory if options.memory else _predict if options.predict else _measure
        for row in measure(Path(folder), options):
            print(json.dumps(row) if options.as_json else _line(row), flush=True)


def _line(row: dict[str, Any]) -> str:
    figures = (f"{name} {value:.3g}" for name, value in row.items() if name not in ("method", "adapters"))
    return f"{row['method']:<16} {row['adapters']} adapters: {', '.join(figures)}"


def _weights(count: int) -> list[float]:
    return [0.7] + [0.3 / (count - 1)] * (count - 1)


def _measure(folder: Path, options: argparse.Namespace) -> Any:
    clock = _one_thread() if options.cpu else time.perf_counter
    base = resolve_base("smollm2-135m", options.bases or folder / "bases")
    model = _adapters(base.path, folder, max(options.adapters))
    for method in options.methods:
        for count in options.adapters if method != "svd" else [2]:
            spaces = SPACES if method not in NO_FACTORS else SPACES[:1]
            sides: dict[str, Callable[[Path], float]] = {"peft": _peft(model, method, count)}
            sides |= {space: _here(folder, method, count, space) for space in spaces}
            seconds: dict[str, list[float]] = {side: [] for side in sides}
            errors = dict.fromkeys(sides, 0.0)
            for turn in range(options.repeat if method != "svd" else min(options.repeat, 2)):
                for side, merge in sides.items():
                    with tempfile.TemporaryDirectory(dir=folder) as place:
                        started = clock()
                        errors[side] = merge(Path(place) / f"{side}{turn}")
                        seconds[side].append(clock() - started)
                model.delete_adapter("merged")
            medians = {side: statistics.median(values) for side, values in seconds.items()}
            row: dict[str, Any] = {"method": method, "adapters": count, "PEFT s": medians["peft"]}
            for space in spaces:
                row |= {
                    f"{space} s": medians[space],
                    f"{space} ratio": medians["peft"] / medians[space],
                    f"{space} error": errors[space],
                }
            yield row


def _one_thread() -> Callable[[], float]:
    import torch

    torch.set_num_threads(1)
    return time.process_time


def _peft(model: Any, method: str, count: int) -> Callable[[Path], float]:
    def merge(place: Path) -> float:
        names = [f"a{number}" for number in range(count)]
        model.add_weighted_adapter(names, _weights(count), "merged", combination_type=method, density=DENSITY)
        model.save_pretrained(place, selected_adapters=["merged"])
        return 0.0

    return merge


def _here(folder: Path, method: str, count: int, space: Any) -> Callable[[Path], float]:
    def merge(place: Path) -> float:
        inputs = [
            MergeInput(folder / f"a{number}", weight, f"a{number}")
            for number, weight in enumerate(_weights(count))
        ]
        return merge_adapters(inputs, place, MergeSpec(method=method, density=DENSITY, space=space)).error

    return merge


def _predict(folder: Path, options: argparse.Namespace) -> Any:
    folders = options.of
    if not folders:
        _adapters(resolve_base("smollm2-135m", options.bases or folder / "bases").path, folder, 2)
        folders = [folder / "a0", folder / "a1"]
    weights = _weights(len(folders))
    inputs = [MergeInput(place, weight, place.name) for place, weight in zip(folders, weights, strict=True)]
    for method in options.methods if options.methods != list(METHODS) else MERGE_METHODS:
        for rank in (None, R // 2) if method == "svd" else (None,):
            spec = MergeSpec(method, rank, DENSITY)
            started = time.perf_counter()
            predicted = predict_merge(inputs, spec)
            between = time.perf_counter()
            with tempfile.TemporaryDirectory(dir=folder) as place:
                measured = merge_adapters(inputs, Path(place) / "merged", spec).error
            yield {
                "method": f"{method}{f', rank {rank}' if rank else ''}", "adapters": len(inputs),
                "predicted": predicted.error, "measured": measured, "modules": predicted.sampled,
                "prediction s": between - started, "merge s": time.perf_counter() - between,
            }  # fmt: skip


def _memory(folder: Path, options: argparse.Namespace) -> Any:
    base = resolve_base("smollm2-135m", options.bases or folder / "bases")
    _adapters(base.path, folder, max(options.adapters))
    for method in options.methods:
        for count in options.adapters if method != "svd" else [2]:
            row: dict[str, Any] = {"method": method, "adapters": count}
            for side in ("peft", "delta", *(["factors"] if method not in NO_FACTORS else [])):
                arguments = [str(folder), side, method, str(count)]
                done = subprocess.run(
                    [sys.executable, __file__, "--child", *arguments],
                    capture_output=True,
                    text=True,
                    check=True,
                )
                row |= {
                    f"{side} {name}": value
                    for name, value in json.loads(done.stdout.splitlines()[-1]).items()
                }
            yield row


def _child(folder: str, side: str, method: str, count: str) -> None:
    """One merge in a process of its own: prints how much the resident set grew, and the seconds."""
    keep_freed_memory()
    place, number = Path(folder), int(count)
    started = time.perf_counter()
    if side == "peft":
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        config = json.loads((place / "a0" / "adapter_config.json").read_text())
        base = AutoModelForCausalLM.from_pretrained(config["base_model_name_or_path"], dtype="float32")
        model = PeftModel.from_pretrained(base, place / "a0", adapter_name="a0")
        for other in range(1, number):
            model.load_adapter(place / f"a{other}", f"a{other}")
        merge = _peft(model, method, number)
    else:
        import torch

        import codebase_gardener.merging.torch_files  # noqa: F401 - so that it counts as import, not as merge

        for dtype in (torch.float32, torch.float64):  # the code of the kernels is no growth of a merge
            tall = torch.rand(2, 64, 8, dtype=dtype)
            torch.linalg.svd(torch.linalg.cholesky(tall.mT @ tall))
            torch.linalg.svd(torch.linalg.qr(tall[0]).R)
        merge = _here(place, method, number, side)
    imported = time.perf_counter() - started
    with tempfile.TemporaryDirectory(dir=place) as target:
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins again
        before, started = _resident_mb("VmRSS"), time.perf_counter()
        merge(Path(target) / "out")
        seconds = time.perf_counter() - started
        grown = _resident_mb("VmHWM") - before
    told = {"MB": grown, "first s": seconds}
    print(json.dumps(told if side == "peft" else {**told, "import s": imported}))


def _resident_mb(name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def _adapters(base: Path, folder: Path, count: int) -> Any:
    """A PEFT model with random adapters a0, a1 …, saved in folders of their names."""
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
    return peft


if __name__ == "__main__":
    main()
