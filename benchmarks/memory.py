"""What the memory of a repository adds: the base's arms with and without it, on held-out functions.

    python benchmarks/memory.py REPOSITORY… [--base FOLDER] [--functions 32]
    python benchmarks/memory.py --fit REPOSITORY…

The base alone is measured (an adapter that changes nothing lies on it); `gardener evaluate` has the same arms with a
trained one. `--fit` prints the weights of `memory.recall.GATE`, fitted by likelihood on validation files of these
repositories: files of the training side, which the memory then leaves out beside the held-out ones. Those in the code
are of flask and cobra (Go), of which no gain is claimed.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.dataset.assembly import Dataset, generate_dataset
from codebase_gardener.evaluation.arms import ARMS
from codebase_gardener.evaluation.measuring import MAX_LENGTH, _encoded, _measurements
from codebase_gardener.evaluation.metrics import difference, summarize
from codebase_gardener.evaluation.torch_scorer import TorchScorer
from codebase_gardener.memory.building import build_memory
from codebase_gardener.memory.recall import Gate, Memory
from codebase_gardener.repository.snapshot import Snapshot, take_snapshot
from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.training.fast.torch_batch import collate, supervised_losses
from codebase_gardener.training.torch_device import measure_gemm, pick_dtype

_DEEPEST = 12  # matches of a token that are fitted on
_VALIDATION_SEED = 1


def main() -> None:
    from peft import LoraConfig, get_peft_model

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--base", type=Path, help="folder of a base; by default the embedded one")
    parser.add_argument("--functions", type=int, default=32)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = options.base or resolve_base("smollm2-135m", Path(folder)).path
        tokenizer, plain = (
            load_tokenizer(base),
            load_model(base, dtype=pick_dtype("auto", measure_gemm("cpu"))),
        )
    model = get_peft_model(plain, LoraConfig(target_modules="all-linear")).eval()
    if options.fit:
        print(
            fitted([_facts(model, tokenizer, source, options.functions) for source in options.repositories])
        )
        return
    print("| repository | tokens kept | built in | arm | nats/token | with memory | difference, 95 % |")
    print("|---|---|---|---|---|---|---|")
    for source in options.repositories:
        _table(model, tokenizer, source, options.functions)


def _table(model: Any, tokenizer: Any, source: str, functions: int) -> None:
    snapshot = take_snapshot(source)
    dataset = generate_dataset(snapshot)
    started = time.perf_counter()
    memory = build_memory(snapshot, tokenizer, without=dataset.report.heldout_files)
    seconds = time.perf_counter() - started
    scorer, asked = TorchScorer(model, tokenizer, memory=memory), dataset.heldout[:functions]
    for number, arm in enumerate(arm.name for arm in ARMS if not arm.adapter):
        rows = [_encoded(function, tokenizer, MAX_LENGTH)[number] for function in asked]
        named = [(f.path, f.completion, row) for f, row in zip(asked, rows, strict=True)]
        scores = scorer.scores(rows, adapter=False)
        alone = _measurements(named, scores, tokenizer)
        both = _measurements(named, [score.remembered or score for score in scores], tokenizer)
        gained = difference(both, alone)
        print(
            f"| {Path(source).name} | {len(memory.suffixes):,} | {seconds:.1f} s | {arm} "
            f"| {summarize(alone).nats_per_token:.3f} | {summarize(both).nats_per_token:.3f} "
            f"| {gained.nats_per_token:+.3f}, {gained.low:+.3f} to {gained.high:+.3f} |",
            flush=True,
        )


# ---- the gate's weights


def _validation(snapshot: Snapshot, dataset: Dataset) -> Dataset:
    """Functions of files of the training side, held out of it."""
    held = set(dataset.report.heldout_files)
    rest = Snapshot(
        **{f.name: getattr(snapshot, f.name) for f in fields(Snapshot) if f.name != "files"},
        files=tuple(file for file in snapshot.files if file.path not in held),
    )
    return generate_dataset(rest, seed=_VALIDATION_SEED)


def _facts(model: Any, tokenizer: Any, source: str, functions: int) -> tuple[torch.Tensor, ...]:
    """Of each token: the facts of its matches, whether it followed them, and the model's probability of it."""
    snapshot = take_snapshot(source)
    dataset = generate_dataset(snapshot)
    validation = _validation(snapshot, dataset)
    left_out = {*dataset.report.heldout_files, *validation.report.heldout_files}
    memory = build_memory(snapshot, tokenizer, without=left_out)
    rows: list[tuple[list[list[float]], list[float], float]] = []
    with torch.no_grad(), model.disable_adapter():
        for function in validation.heldout[:functions]:
            for row in _encoded(function, tokenizer, MAX_LENGTH)[:2]:
                rows += _of_row(model, row, memory)
    facts, shares = torch.zeros(len(rows), _DEEPEST, 4), torch.zeros(len(rows), _DEEPEST)
    known = torch.zeros(len(rows), _DEEPEST)
    for n, (of_matches, share, _) in enumerate(rows):
        for place, (fact, own) in enumerate(zip(of_matches, share, strict=True)):
            facts[n, place], shares[n, place], known[n, place] = torch.tensor(fact), own, 1
    return facts.double(), shares.double(), known.double(), torch.tensor([row[2] for row in rows]).double()


def _of_row(
    model: Any, row: EncodedExample, memory: Memory
) -> list[tuple[list[list[float]], list[float], float]]:
    shown: list[torch.Tensor] = []
    supervised_losses(model, collate([row], 0), look=lambda seen: shown.append(seen.logits_NV))
    chances = torch.softmax(torch.cat(shown).float(), -1)
    places = [n for n in range(1, len(row.ids)) if row.labels[n] != IGNORE]
    found = []
    for place, chance in zip(places, chances, strict=True):
        doubt = math.log(max(1 - float(chance.max()), 1e-6))
        matches = memory.seen(row.ids[:place])[-_DEEPEST:]
        facts = [[math.log(m.length), math.log(m.count), math.log(len(m.tokens)), doubt] for m in matches]
        shares = [float(m.shares[m.tokens == row.ids[place]].sum()) for m in matches]
        found.append((facts, shares, float(chance[row.ids[place]])))
    return found


def fitted(repositories: list[tuple[torch.Tensor, ...]]) -> Gate:
    """The gate of the greatest likelihood; each repository counts the same."""
    weights = torch.tensor([-2.0, 0, 0, 0, 0], dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([weights], max_iter=150, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        search.zero_grad()
        total = 1e-3 * (weights**2).sum()
        for facts, shares, known, chance in repositories:
            belief, mixed = torch.sigmoid(facts @ weights[1:] + weights[0]) * known, chance
            for place in range(_DEEPEST):
                mixed = (1 - belief[:, place]) * mixed + belief[:, place] * shares[:, place]
            total = total - torch.log(mixed + 1e-12).mean() / len(repositories)
        total.backward()
        return total

    search.step(loss)
    return Gate(*(round(float(weight), 2) for weight in weights))


if __name__ == "__main__":
    main()
