"""Which rows first, and how they are trained on: ideas against what is there, on the same budget of tokens.

    python benchmarks/train_ideas.py REPOSITORY… [--tokens 43000] [--functions 32] [--only WORD…] [--kept FILE]

Each is trained from nothing on the repository's rows and measured as the arm adapter + retrieval on the same held-out
functions, one idea on all repositories before the next. Differences from the product as it is are paired, in nats per
token with 95 % intervals; negative is better. `--kept` writes each run's measurements to a file and takes those that
are in it as they are: hours of runs go on where they ended.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import statistics
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook

from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.dataset.assembly import Dataset, generate_dataset
from codebase_gardener.dataset.deduplication import shingles, trained_text
from codebase_gardener.dataset.examples import Example
from codebase_gardener.evaluation.measuring import MAX_LENGTH, _encoded, _measurements
from codebase_gardener.evaluation.metrics import Measurement, difference, summarize
from codebase_gardener.evaluation.torch_scorer import TorchScorer
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_device import measure_gemm, pick_dtype, set_threads
from codebase_gardener.training.torch_engine import all_batches, train
from codebase_gardener.training.torch_method import add_adapter
from codebase_gardener.training.validation import Sides, encode_sides

_WORD = re.compile(r"[A-Za-z_]\w{3,}")
_DECAY = 0.9  # of the average of the last weights


def _as_they_are(rows: Sequence[Example], _: Path) -> Sequence[Example]:
    return rows


def _used_first(rows: Sequence[Example], _: Path) -> Sequence[Example]:
    """Functions whose names other files write come earlier."""
    files: dict[str, set[str]] = {}
    for row in rows:
        files.setdefault(row.path, set()).update(_WORD.findall(trained_text(row)))
    uses = Counter(word for words in files.values() for word in words)
    return [
        replace(row, weight=row.weight * (1 + math.log1p(uses[row.symbol.rpartition(".")[2]]) / 2))
        for row in rows
    ]


def _repeats_late(rows: Sequence[Example], _: Path) -> Sequence[Example]:
    """What earlier rows say already comes later."""
    seen: set[Any] = set()
    told = []
    for row in rows:
        own = set(shingles(trained_text(row)))
        new = len(own - seen) / max(1, len(own))
        seen |= own
        told.append(replace(row, weight=row.weight * (0.1 + 0.9 * new)))
    return told


def _changed_first(rows: Sequence[Example], repository: Path) -> Sequence[Example]:
    """Files whose last commit is recent come earlier: weights 2 to 0.5 by rank."""
    log = subprocess.run(
        ["git", "-C", str(repository), "log", "--format=", "--name-only"],
        capture_output=True, text=True, check=True,
    ).stdout.split("\n")  # fmt: skip
    newest = list(dict.fromkeys(filter(None, log)))
    places = {path: n for n, path in enumerate(path for path in newest if (repository / path).exists())}
    return [
        replace(
            row, weight=row.weight * 2 ** (1 - 2 * places.get(row.path, len(places)) / max(1, len(places)))
        )
        for row in rows
    ]


def _halved(rows: Sequence[Example], _: Path) -> Sequence[Example]:
    """The half of the rows that comes first, so that a budget passes over it twice."""
    return sorted(rows, key=lambda row: (-row.weight, row.id))[: len(rows) // 2]


@dataclass(frozen=True)
class Idea:
    """One way to train.

    Attributes:
        options: Of `TrainingSpec`.
        rows: The rows of the training side, weighted anew.
        averaged: Whether an average of the last weights takes the place of the best by validation loss.
    """

    options: dict[str, Any] = field(default_factory=dict)
    rows: Callable[[Sequence[Example], Path], Sequence[Example]] = _as_they_are
    averaged: bool = False


AS_IT_IS = "as it is: r 16, cosine, dropout 0.1"
IDEAS = {
    AS_IT_IS: Idea(),
    "used by other files first": Idea(rows=_used_first),
    "near-duplicates late": Idea(rows=_repeats_late),
    "changed last first": Idea(rows=_changed_first),
    "half of the rows, twice": Idea(rows=_halved),
    "dropout 0": Idea({"lora_dropout": 0.0}),
    "r 8": Idea({"r": 8, "lora_alpha": 16.0}),
    "r 32": Idea({"r": 32, "lora_alpha": 64.0}),
    "attention's layers only": Idea({"target_modules": ("q_proj", "k_proj", "v_proj", "o_proj")}),
    "linear": Idea({"lr_scheduler_type": "linear"}),
    "constant, average of the last weights": Idea(
        {"lr_scheduler_type": "constant_with_warmup", "validation_rows": 0}, averaged=True
    ),
    "half the batch": Idea({"batch_tokens": 768}),
    "twice the batch": Idea({"gradient_accumulation_steps": 2}),
    "rate 1e-3": Idea({"learning_rate": 1e-3}),
    "rate 3e-3": Idea({"learning_rate": 3e-3}),
    "LoRA+ 4": Idea({"loraplus_lr_ratio": 4.0}),
    "last weights, not the best": Idea({"validation_rows": 0}),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--tokens", type=int, default=43_000)
    parser.add_argument("--functions", type=int, default=32)
    parser.add_argument(
        "--only", nargs="+", default=(), metavar="WORD", help="ideas with one of these in their names"
    )
    parser.add_argument(
        "--validation-rows", type=int, default=24, help="fewer leave short runs more of their time"
    )
    parser.add_argument("--base", type=Path, help="folder of a base; by default the embedded one")
    parser.add_argument("--kept", type=Path, help="file of runs that are done, by repository and idea")
    options = parser.parse_args()
    named = {n: i for n, i in IDEAS.items() if not options.only or any(word in n for word in options.only)}
    kept = _Kept(options.kept)
    datasets: dict[Path, Dataset] = {}
    baselines: dict[Path, list[Measurement]] = {}
    set_threads(0)
    with tempfile.TemporaryDirectory() as folder:
        base = resolve_base(str(options.base or "smollm2-135m"), Path(folder))
        print(
            "| idea | repository | steps | nats/token | difference, 95 % |\n|---|---|---|---|---|", flush=True
        )
        medians = []
        budget = f"{options.tokens} {options.functions} {options.validation_rows} {base.id}"
        for name, idea in {AS_IT_IS: IDEAS[AS_IT_IS], **named}.items():
            gains = []
            for repository in options.repositories:
                key = f"{repository.name} {name} {budget}"
                if key not in kept.runs:
                    if repository not in datasets:
                        datasets[repository] = generate_dataset(take_snapshot(str(repository)))
                    kept.add(key, *_trained(base, datasets[repository], repository, idea, options))
                steps, measured = kept.runs[key]
                gained = difference(measured, baselines.setdefault(repository, measured))
                gains.append(gained.nats_per_token)
                print(
                    f"| {name} | {repository.name} | {steps} | {summarize(measured).nats_per_token:.3f} "
                    f"| {gained.nats_per_token:+.3f}, {gained.low:+.3f} to {gained.high:+.3f} |",
                    flush=True,
                )
            medians.append(f"| {name} | {statistics.median(gains):+.3f} | {max(gains):+.3f} |")
    print("\n| idea | median | worst |\n|---|---|---|")
    print("\n".join(medians))


class _Kept:
    """Runs that are done: steps and measurements by repository, idea and budget."""

    def __init__(self, file: Path | None) -> None:
        self.runs: dict[str, tuple[int, list[Measurement]]] = {}
        self._file = file
        if file and file.exists():
            for line in file.read_text().splitlines():
                key, steps, measured = json.loads(line)
                self.runs[key] = steps, [Measurement(**each) for each in measured]

    def add(self, key: str, steps: int, measured: list[Measurement]) -> None:
        """One more, at the file's end."""
        self.runs[key] = steps, measured
        if self._file:
            with self._file.open("a") as out:
                out.write(json.dumps([key, steps, [asdict(each) for each in measured]]) + "\n")


def _trained(
    base: Base, dataset: Dataset, repository: Path, idea: Idea, options: argparse.Namespace
) -> tuple[int, list[Measurement]]:
    spec = TrainingSpec(**{"minutes": 10_000.0, "validation_rows": options.validation_rows, **idea.options})
    torch.manual_seed(spec.seed)
    tokenizer = load_tokenizer(base.path)
    rates = measure_gemm("cpu")
    dtype = pick_dtype("auto", rates)
    model = add_adapter(load_model(base.path, dtype=dtype), spec, base)
    sides = encode_sides(idea.rows(dataset.train, repository), tokenizer, spec)
    spec = spec.model_copy(update={"steps": _steps(sides, spec, options.tokens)})
    machine = {
        "dtype": dtype,
        "device": "cpu",
        "threads": torch.get_num_threads(),
        "gemm_gflops": asdict(rates),
    }
    with tempfile.TemporaryDirectory() as folder, _average(model, idea.averaged):
        there = Path(folder)
        train(
            model, tokenizer, sides, spec,
            plan_file=there / "plan.json", checkpoints=there / "checkpoints", resume_from=None, best=there / "best",
            events=_Unheard(), fixed=lambda: machine, memory=lambda _: 0,
        )  # fmt: skip
    asked = dataset.heldout[: options.functions]
    rows = [_encoded(function, tokenizer, MAX_LENGTH)[1] for function in asked]
    scores = TorchScorer(model.eval(), tokenizer).scores(rows, adapter=True)
    named = [(one.path, one.completion, row) for one, row in zip(asked, rows, strict=True)]
    return spec.steps, _measurements(named, scores, tokenizer)


def _steps(sides: Sides, spec: TrainingSpec, tokens: int) -> int:
    """As many as train on so many tokens, or all that there are."""
    used = list(
        accumulate(
            sum(len(sides.train.rows[n].ids) for n in batch) for batch in all_batches(sides.train, spec)
        )
    )
    batches = min(len(used), 1 + sum(each < tokens for each in used))
    return max(1, batches // spec.gradient_accumulation_steps)


@contextmanager
def _average(model: Any, wanted: bool) -> Iterator[None]:
    """At the end, an exponential average of the adapter's weights after each step takes their place."""
    if not wanted:
        yield
        return
    trained = [each for each in model.parameters() if each.requires_grad]
    kept = [each.detach().clone() for each in trained]

    def follow(*_: Any) -> None:
        with torch.no_grad():
            torch._foreach_lerp_(kept, [each.detach() for each in trained], 1 - _DECAY)

    hook = register_optimizer_step_post_hook(follow)
    try:
        yield
    finally:
        hook.remove()
    with torch.no_grad():
        for each, average in zip(trained, kept, strict=True):
            each.copy_(average)


class _Unheard:
    """Events that nobody reads."""

    def append(self, kind: str, **_: Any) -> None:
        """Leave it."""


if __name__ == "__main__":
    main()
