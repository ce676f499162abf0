"""Drafts: the engine with and without guessed tokens, beside transformers' `generate`, on held-out code.

    python benchmarks/drafts.py REPOSITORY [--functions 6] [--tokens 64] [--repeat 3] [--bases FOLDER] [--json]

The base alone answers retrieval prompts of held-out functions greedily, one stream, all ways by turns within one run:
transformers' `generate`, the engine without drafts, with drafts of prompt and retrieved code, with those of the
repository's memory too, and with the memory mixed in. The medians are of seconds for all functions.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.loaded import LoadedAdapters
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.dataset.assembly import generate_dataset
from codebase_gardener.memory.building import build_memory
from codebase_gardener.memory.recall import Gate
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.serving.engine import Decoding, EngineRequest, Served
from codebase_gardener.utils.allocator import keep_freed_memory

NEVER = Gate(constant=-100, length=0, count=0, variety=0, doubt=0)
"""A memory that is only guessed from."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repository")
    parser.add_argument("--functions", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--bases", type=Path, help="folder with converted bases, to leave out the conversion")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(options, Path(folder))
    if options.as_json:
        print(json.dumps(rows, indent=1))
        return
    print("| way | tokens/s | of `generate` | tokens as without drafts |\n|---|---|---|---|")
    for row in rows:
        print(f"| {row['way']} | {row['tokens_per_s']:.1f} | {row['ratio']:.2f}× | {row['same']:.0%} |")


def measured(options: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    from codebase_gardener.serving.torch_engine import TorchEngine

    base = resolve_base("smollm2-135m", options.bases or folder / "bases")
    snapshot = take_snapshot(options.repository)
    dataset = generate_dataset(snapshot)
    loaded = LoadedAdapters(
        lambda _: base, device="cpu", dtype=options.dtype, hashes=folder / "hashes", max_bytes=2**31, max_count=9
    )  # fmt: skip
    drafting, plain = TorchEngine(loaded, prefix_bytes=0), TorchEngine(loaded, prefix_bytes=0, drafts=False)
    with loaded.holding_base(base) as live:
        memory = build_memory(snapshot, live.tokenizer, without=dataset.report.heldout_files)
        guessed = build_memory(snapshot, live.tokenizer, without=dataset.report.heldout_files)
        guessed.gate = NEVER
        asked = [
            EngineRequest(
                Served(base),
                tuple(plain.encode(base, function.prompt_with_context)[0]),
                decoding=Decoding(max_tokens=options.tokens),
            )
            for function in dataset.heldout[: options.functions]
        ]

        def engine(which: TorchEngine, memory: Any = None) -> Callable[[EngineRequest], Sequence[int]]:
            def said(request: EngineRequest) -> Sequence[int]:
                wanted = replace(request, memory=memory, decoding=replace(request.decoding, top_scores=0))
                return [score.id for piece in which.submit(wanted) for score in piece.scores]

            return said

        def generate(request: EngineRequest) -> Sequence[int]:
            import torch

            ids = torch.tensor([request.ids])
            with live.using(None) as model, torch.no_grad():
                out = model.generate(
                    ids, attention_mask=torch.ones_like(ids), max_new_tokens=options.tokens, do_sample=False,
                    pad_token_id=0,
                )  # fmt: skip
            return [token for token in out[0, ids.shape[1] :].tolist() if token not in live.end_tokens]

        ways = {
            "transformers' generate": generate,
            "engine": engine(plain),
            "engine, drafts of the prompt": engine(drafting),
            "engine, drafts of prompt and memory": engine(drafting, guessed),
            "engine, memory mixed in, no drafts": engine(plain, memory),
            "engine, memory mixed in, drafts": engine(drafting, memory),
        }
        return _by_turns(ways, asked, options.repeat)


def _by_turns(
    ways: dict[str, Callable[[EngineRequest], Sequence[int]]], asked: Sequence[EngineRequest], repeat: int
) -> list[dict[str, Any]]:
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    said: dict[str, list[Sequence[int]]] = {}
    for turn in range(repeat + 1):
        for way, answer in ways.items():
            started = time.perf_counter()
            said[way] = [answer(request) for request in asked]
            if turn:  # the first warms up
                seconds[way].append(time.perf_counter() - started)
    rates = {way: sum(map(len, said[way])) / statistics.median(seconds[way]) for way in ways}
    first = next(iter(ways))
    rows = []
    for way in ways:
        against = said["engine, memory mixed in, no drafts" if "mixed" in way else "engine"]
        pairs = [
            pair
            for one, other in zip(said[way], against, strict=True)
            for pair in zip(one, other, strict=False)
        ]
        rows.append(
            {
                "way": way,
                "tokens_per_s": rates[way],
                "ratio": rates[way] / rates[first],
                "same": sum(a == b for a, b in pairs) / len(pairs),
            }
        )
    return rows


if __name__ == "__main__":
    main()
