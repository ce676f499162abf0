"""Training at the machine's limit: the product beside transformers' Trainer and TRL, on the same examples.

    make bench-train [QUICK=1]
    python benchmarks/train.py [--quick] [--steps 50] [--rounds 3] [--bases DIR] [--json]
    python benchmarks/train.py --variants        what was tried for "at its best"
    python benchmarks/train.py --ablation        the product without one part or another

Each run is a process of its own, the contenders in turn. The first round goes over all examples and gives the loss
curves, the held-out losses and the time to reach them; the later ones go over the first 16 steps only
(`--repeat-steps`). Figures are medians over the rounds. docs/training-speed.md says what is measured, and how.

Ends with 1 where the losses differ from the Trainer's by more than 1e-4 (fp32) or 1e-2 (bf16).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.config.settings import load_settings
from train_contenders import Request, run
from train_examples import prepare, score, write_examples
from train_table import Bench, as_json, as_text
from train_variants import ABLATION, CONTENDERS, VARIANTS, Contender

SHARED = {
    "r": 16,
    "lora_alpha": 32,
    "batch_size": 4,
    "lr_scheduler_type": "constant_with_warmup",
}
WITH_DROPOUT = "dropout 0.1"  # columns of the full run only
QUICK = {"steps": 6, "rounds": 1, "heldout": 8, "kept": 1, "max_length": 256}
FULL = {"steps": 50, "rounds": 3, "heldout": 40, "kept": 10, "max_length": 512}


def main() -> int:
    options = _options()
    if options.run:
        request = json.loads(options.run.read_text())
        print(json.dumps(CHILDREN[request["child"]](request)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        bench = _bench(Path(folder), options)
    print(json.dumps(as_json(bench), indent=1) if options.as_json else as_text(bench))
    return 0 if bench.equal else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="a few steps, one round: under 5 minutes")
    parser.add_argument("--steps", type=int, help="optimizer steps of 4 examples in the first round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--repeat-steps", type=int, default=16, help="steps of the later rounds")
    parser.add_argument("--heldout", type=int, help="held-out examples")
    parser.add_argument("--max-length", type=int, help="tokens of an example at most")
    parser.add_argument("--only", nargs="+", metavar="CONTENDER", help=", ".join(CONTENDERS))
    parser.add_argument("--variants", action="store_true", help="run what was tried for Trainer and TRL")
    parser.add_argument("--ablation", action="store_true", help="run the product without its parts")
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--bases", type=Path, help="folder of converted bases; default: the home's")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--run", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name, value in (QUICK if options.quick else FULL).items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    return options


def _bench(folder: Path, options: argparse.Namespace) -> Bench:
    """Prepare, then round after round, then score what was kept."""
    load = os.getloadavg()[0]
    machine = _Machine(folder)
    _say("preparing: examples, base, initial adapter")
    base = resolve_base(options.base, options.bases or load_settings().home / "bases")
    hash_ = write_examples(folder, train=4 * options.steps, heldout=options.heldout)
    shared = {**SHARED, "max_length": options.max_length, "max_epochs": 1.0}
    prepared = machine.child(
        "prepare",
        {
            "base": base.as_dict(),
            "examples": [str(folder / "train"), str(folder / "heldout")],
            "training": shared,
            "initial": str(folder / "initial.safetensors"),
        },
    )
    table = VARIANTS if options.variants else ABLATION if options.ablation else CONTENDERS
    full = options.variants or options.ablation or not options.quick
    quick = [title for title in table if full or not title.endswith(WITH_DROPOUT)]
    chosen = {title: table[title] for title in options.only or quick}
    request = Request(
        contender=CONTENDERS["Trainer"],
        base=base,
        examples=folder / "train",
        dataset_hash=hash_,
        initial=folder / "initial.safetensors",
        folder=folder,
        training=shared,
        steps=options.steps,
    )
    bench = Bench(base=base, prepared=prepared, shared=shared, load=load, contenders=chosen)
    if any(contender.engine == "gardener" for contender in chosen.values()):
        _say("Gardener: first step with an empty compile cache")
        bench.cold = machine.train(replace(request, until_step=1), CONTENDERS["Gardener"])
    for number in range(options.rounds):
        bench.gemm.append(machine.child("gemm", {}))
        _one_round(bench, machine, request, number, options)
    _score(bench, machine, folder / "heldout")
    return bench


def _one_round(
    bench: Bench, machine: _Machine, request: Request, number: int, options: argparse.Namespace
) -> None:
    best = "bfloat16" if bench.gemm[0]["bf16_pays"] else "float32"
    steps = options.steps if number == 0 else min(options.steps, options.repeat_steps)
    training = {**request.training, "max_epochs": steps / options.steps}
    tables = options.variants or options.ablation
    keep_every = 0 if number or tables else -(-steps // options.kept)
    for title, contender in bench.contenders.items():
        if number and title.endswith("fp32"):
            continue  # it is there for the equality of its losses
        exact = contender
        if contender.engine != "gardener" and contender.dtype == "best":
            exact = replace(contender, dtype=best)
        asked = replace(request, steps=steps, training=training, keep_every=keep_every)
        measured = machine.train(asked, exact)
        bench.runs.setdefault(title, []).append(measured)
        _say(f"round {number + 1}, {title}: {_summary(measured)}")


def _summary(measured: Mapping[str, Any]) -> str:
    ends, cpu, tokens = measured["ends"], measured["cpu"], measured["tokens"]
    speed = sum(tokens[2:]) / (ends[-1] - ends[1]) if len(ends) > 2 else 0
    per_cpu = sum(tokens[2:]) / (cpu[-1] - cpu[1]) if len(ends) > 2 else 0
    return (
        f"{speed:.0f} tokens/s, {per_cpu:.0f} a CPU second, first step after {ends[0]:.1f} s, "
        f"{measured['peak_bytes'] / 1e9:.2f} GB, loss {measured['losses'][0]:.4f} to "
        f"{measured['losses'][-1]:.4f}, {len(ends)} steps, {ends[-1]:.0f} s"
    )


def _score(bench: Bench, machine: _Machine, heldout: Path) -> None:
    files = [
        (measured, str(Path(measured["folder"]) / f"{step}.safetensors"))
        for runs in bench.runs.values()
        for measured in runs[:1]
        for step in measured["kept"]
    ]
    if not files:
        return
    _say(f"held-out loss of {len(files)} adapters")
    losses = machine.child(
        "score",
        {
            "base": bench.base.as_dict(),
            "heldout": str(heldout),
            "training": bench.shared,
            "dtype": "bfloat16" if bench.gemm[0]["bf16_pays"] else "float32",
            "adapters": [str(heldout.parent / "initial.safetensors"), *(file for _, file in files)],
        },
    )
    bench.untrained = losses[0]
    for (measured, _), loss in zip(files, losses[1:], strict=True):
        measured.setdefault("heldout", []).append(loss)


@dataclass
class _Machine:
    """Starts the processes, one at a time."""

    folder: Path
    started: int = 0

    def train(self, request: Request, contender: Contender) -> dict[str, Any]:
        folder = self.folder / f"run-{self.started}"
        asked = replace(request, contender=contender, folder=folder)
        measured = self.child("train", asked.as_dict(), cache=contender.engine)
        return {**measured, "folder": str(folder)}

    def child(self, kind: str, asked: dict[str, Any], cache: str = "none") -> Any:
        """Run one of `CHILDREN` in a process of its own, with a compile cache for each engine."""
        file = self.folder / f"request-{self.started}.json"
        self.started += 1
        environment = {
            **os.environ,
            "CODEBASE_GARDENER_HOME": str(self.folder / "home"),
            **load_settings().for_computing,
            "TORCHINDUCTOR_CACHE_DIR": str(
                self.folder / "compiled" / cache.replace(" ", "-").replace(",", "")
            ),
        }
        command = [sys.executable, __file__, "--run", str(file)]
        file.write_text(json.dumps({**asked, "child": kind, "launched": time.time()}))
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise SystemExit(f"{kind} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        return json.loads(done.stdout.splitlines()[-1])


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


# ---- in a process of its own


def _prepare(asked: dict[str, Any]) -> dict[str, Any]:
    folders = [Path(folder) for folder in asked["examples"]]
    return prepare(_base(asked), folders, asked["training"], Path(asked["initial"]))


def _train(asked: dict[str, Any]) -> dict[str, Any]:
    return run(Request.from_dict({name: value for name, value in asked.items() if name != "child"}))


def _score_adapters(asked: dict[str, Any]) -> list[float]:
    adapters: Sequence[Path] = [Path(file) for file in asked["adapters"]]
    return score(_base(asked), Path(asked["heldout"]), asked["training"], asked["dtype"], adapters)


def _gemm(asked: dict[str, Any]) -> dict[str, Any]:
    import torch

    from codebase_gardener.training.torch_device import measure_gemm, set_threads

    threads = set_threads(0)
    rates = measure_gemm("cpu")
    return {
        "float32": rates.float32,
        "bfloat16": rates.bfloat16,
        "bf16_pays": rates.bf16_pays,
        "threads": threads,
        "torch": torch.__version__,
    }


def _base(asked: dict[str, Any]) -> Base:
    return Base(**{**asked["base"], "path": Path(asked["base"]["path"])})


CHILDREN = {"prepare": _prepare, "train": _train, "score": _score_adapters, "gemm": _gemm}

if __name__ == "__main__":
    sys.exit(main())
