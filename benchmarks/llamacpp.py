"""`gardener serve --engine llamacpp` beside xllamacpp's own server asked directly, and beside engine `torch`.

    python benchmarks/llamacpp.py [--repeat 5] [--quantize f16] [--bases DIR]

SmolLM2-135M with one random adapter (r = 16, all-linear), greedy, up to 128 tokens; by turns in one run, medians.
Both sides have the same GGUF files, threads and slots.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from adapters import write_adapters
from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.loaded import Loadable, LoadedAdapters
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.exports.llamacpp import LlamaServer
from codebase_gardener.exports.torch_gguf_adapter import write_gguf_adapter
from codebase_gardener.exports.torch_gguf_base import write_gguf_base
from codebase_gardener.serving.engine import Decoding, Engine, EngineRequest, Served
from codebase_gardener.serving.llamacpp_models import LlamaModels
from codebase_gardener.serving.torch_engine import TorchEngine
from codebase_gardener.serving.torch_llamacpp_engine import LlamaCppEngine

TOKENS, SLOTS = 128, 8
PROMPT = "def quicksort(values):"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quantize", default="f16")
    parser.add_argument("--bases", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        base = resolve_base("smollm2-135m", options.bases or folder / "bases")
        [adapter] = write_adapters(base.path, folder, 1)
        served = Served(base, Loadable("bench/a@1", adapter, base.id))
        model, lora = folder / "base.gguf", folder / "adapter.gguf"
        write_gguf_base(base, model, options.quantize)
        write_gguf_adapter(check_adapter_files(adapter), base, lora)
        direct = LlamaServer(model, [lora], parallel=SLOTS, context_tokens=8192)
        ours = LlamaCppEngine(
            LlamaModels(
                folder / "bases", folder, partial(write_gguf_base, quantize=options.quantize), write_gguf_adapter,
                quantize=options.quantize, slots=SLOTS, cache_tokens=8192, max_bytes=10**9,
            ), max_running=SLOTS,
        )  # fmt: skip
        loaded = LoadedAdapters(
            lambda _: base,
            device="cpu",
            dtype="bfloat16",
            hashes=folder / "hashes",
            max_bytes=10**9,
            max_count=9,
        )
        torch_engine = TorchEngine(loaded)
        ids = ours.encode(base, PROMPT)[0]
        body = {
            "prompt": ids, "n_predict": TOKENS, "temperature": 0.0, "samplers": ["temperature"],
            "lora": [{"id": 0, "scale": 1.0}], "cache_prompt": True, "return_tokens": True,
        }  # fmt: skip
        asks = {
            "xllamacpp's server": lambda: list(direct.stream(body).events)[-1]["tokens_predicted"],
            "engine llamacpp": lambda: _said(ours, served, ids),
            "engine torch": lambda: _said(torch_engine, served, ids),
        }
        print(f"| {options.quantize}, one adapter | tokens/s, one stream | {SLOTS} streams |\n|---|---|---|")
        one, many = (_rates(asks, count, options.repeat) for count in (1, SLOTS))
        for name in asks:
            print(f"| {name} | {one[name]:.1f} | {many[name]:.1f} |")
        name, peer = "engine llamacpp", "xllamacpp's server"
        print(f"ratio to xllamacpp's: {one[name] / one[peer]:.3f}, {many[name] / many[peer]:.3f}")
        for end in (ours.close, torch_engine.close, direct.close):
            end()


def _said(engine: Engine, served: Served, ids: list[int]) -> int:
    request = EngineRequest(served, tuple(ids), decoding=Decoding(max_tokens=TOKENS))
    return sum(piece.tokens for piece in engine.submit(request))


def _rates(asks: dict[str, Callable[[], int]], count: int, repeat: int) -> dict[str, float]:
    """Tokens a second of each, `count` streams at once, the median."""
    found: dict[str, list[float]] = {name: [] for name in asks}
    for turn in range(repeat + 1):
        for name, ask in asks.items():
            started = time.perf_counter()
            with ThreadPoolExecutor(count) as pool:
                said = sum(pool.map(lambda one: one(), [ask] * count))
            if turn:
                found[name].append(said / (time.perf_counter() - started))
    return {name: statistics.median(rates) for name, rates in found.items()}


if __name__ == "__main__":
    main()
