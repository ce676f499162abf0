"""The server's engine beside PEFT and transformers, in one process.

    python benchmarks/serve.py [--repeat 5] [--dtype bfloat16] [--only WORD] [--json]
    python benchmarks/serve.py --zipf [--adapters 1000] [--requests 10000]

Random adapters of SmolLM2-135M (r = 16, all-linear, fp32), both sides in the same number format and threads, by turns,
medians; both make the same number of tokens. `--zipf`: many adapters asked for as Zipf has it, a token each, within
2 GB: memory of the process at each tenth.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from adapters import write_adapters
from codebase_gardener.adapters.loaded import Loadable, LoadedAdapters
from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.serving.engine import Decoding, EngineRequest, Served
from codebase_gardener.utils.allocator import keep_freed_memory

ADAPTERS, ROWS, TOKENS = 8, 16, 48
PROMPTS = [f"def function_{number}(values, index):" for number in range(ROWS)]
LONG = "".join(f"def step_{n}(state, value):\n    return state + value * {n}\n\n\n" for n in range(90))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--bases", type=Path, help="folder with converted bases, to leave out the conversion")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--only", default="", help="rows whose name has this word")
    parser.add_argument("--zipf", action="store_true")
    parser.add_argument("--adapters", type=int, default=1_000)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        side = Side(Path(folder), options)
        try:
            rows = side.zipf() if options.zipf else side.rows()
        finally:
            side.engine.close()
    if options.as_json or options.zipf:
        print(json.dumps(rows, indent=1))
        return
    print("| work | there | here | ratio |\n|---|---|---|---|")
    for row in rows:
        print(
            f"| {row['work']} | {row['there'] * 1000:.4g} ms | {row['here'] * 1000:.4g} ms | {row['ratio']:.2f}× |"
        )


class Side:
    """The engine and its adapters, and PEFT's model beside them."""

    def __init__(self, folder: Path, options: argparse.Namespace) -> None:
        from codebase_gardener.serving.torch_engine import TorchEngine

        self.options = options
        self.base: Base = resolve_base("smollm2-135m", options.bases or folder / "bases")
        count = options.adapters if options.zipf else ADAPTERS + options.repeat + 1
        self.paths = write_adapters(self.base.path, folder, min(count, 64))
        self.loaded = LoadedAdapters(
            lambda _: self.base, device="cpu", dtype=options.dtype, hashes=folder / "hashes", max_bytes=2 * 1024**3,
            max_count=100_000,
        )  # fmt: skip
        self.engine = TorchEngine(self.loaded)
        self.bare = Served(self.base)

    def served(self, number: int) -> Served:
        """The adapter of a number; of more than there are files, each file under many names."""
        path = self.paths[number % len(self.paths)]
        return Served(self.base, Loadable(f"bench/a{number}@1", path, self.base.id))

    def ask(self, served: Served, ids: Sequence[int], tokens: int) -> Any:
        return self.engine.submit(EngineRequest(served, tuple(ids), decoding=Decoding(max_tokens=tokens)))

    def ids(self, prompt: str) -> list[int]:
        return self.engine.encode(self.base, prompt)[0]

    # ---- rows

    def rows(self) -> list[dict[str, Any]]:
        made = []
        for work, measure in (
            ("16 requests over 8 adapters, PEFT adapter_names", self.mixed),
            ("16 requests over 8 adapters, PEFT one group after another", self.groups),
            ("one stream of 128 tokens, transformers", self.stream),
            ("one stream of 128 tokens with an adapter, PEFT", self.adapter_stream),
            ("first token of a 1,500-token prompt that extends the last by 10, cold", self.prefix),
            ("first token, short prompt, a bare forward pass", self.first),
            ("first token, adapter from disk, adapter in a slot", self.disk),
        ):
            if self.options.only in work:
                there, here = measure()
                made.append({"work": work, "there": there, "here": here, "ratio": there / here})
        return made

    def turns(self, there: Callable[[int], object], here: Callable[[int], object]) -> tuple[float, float]:
        found: tuple[list[float], list[float]] = ([], [])
        for turn in range(self.options.repeat + 1):
            for side, work in zip(found, (there, here), strict=True):
                begun = time.perf_counter()
                work(turn)
                side.append(time.perf_counter() - begun)
        return statistics.median(found[0][1:]), statistics.median(found[1][1:])

    def peft(self, count: int) -> tuple[Any, Any]:
        import torch
        from peft import PeftModel
        from transformers import AutoModelForCausalLM

        model: Any = AutoModelForCausalLM.from_pretrained(
            self.base.path, dtype=getattr(torch, self.options.dtype)
        )
        if not count:
            return model.eval(), torch
        model = PeftModel.from_pretrained(model, self.paths[0], adapter_name="a0").eval()
        for number in range(1, count):
            model.load_adapter(str(self.paths[number]), f"a{number}")
        return model, torch

    def batch(self, torch: Any, prompts: Sequence[str]) -> dict[str, Any]:
        rows = [self.ids(prompt) for prompt in prompts]
        width = max(map(len, rows))
        return {
            "input_ids": torch.tensor([[0] * (width - len(row)) + row for row in rows]),
            "attention_mask": torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows]),
        }

    def here_all(self, _: int) -> None:
        running = [self.ask(self.served(n % ADAPTERS), self.ids(PROMPTS[n]), TOKENS) for n in range(ROWS)]
        for generation in running:
            generation.text()

    def mixed(self) -> tuple[float, float]:
        model, torch = self.peft(ADAPTERS)
        names = [f"a{n % ADAPTERS}" for n in range(ROWS)]
        inputs = self.batch(torch, PROMPTS)
        fixed = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "do_sample": False, "pad_token_id": 0}
        with torch.no_grad():
            return self.turns(lambda _: model.generate(**inputs, adapter_names=names, **fixed), self.here_all)

    def groups(self) -> tuple[float, float]:
        model, torch = self.peft(ADAPTERS)
        fixed = {"max_new_tokens": TOKENS, "min_new_tokens": TOKENS, "do_sample": False, "pad_token_id": 0}

        def there(_: int) -> None:
            for number in range(ADAPTERS):
                model.set_adapter(f"a{number}")
                model.generate(**self.batch(torch, PROMPTS[number::ADAPTERS]), **fixed)

        with torch.no_grad():
            return self.turns(there, self.here_all)

    def stream(self) -> tuple[float, float]:
        return self._stream(0, self.bare)

    def adapter_stream(self) -> tuple[float, float]:
        return self._stream(1, self.served(0))

    def _stream(self, adapters: int, served: Served) -> tuple[float, float]:
        model, torch = self.peft(adapters)
        inputs = self.batch(torch, PROMPTS[:1])
        fixed = {"max_new_tokens": 128, "min_new_tokens": 128, "do_sample": False, "pad_token_id": 0}
        ids = self.ids(PROMPTS[0])
        with torch.no_grad():
            return self.turns(
                lambda _: model.generate(**inputs, **fixed), lambda _: self.ask(served, ids, 128).text()
            )

    def prefix(self) -> tuple[float, float]:
        ids = self.ids(LONG)[:1500]
        more = self.ids(" value + state * value - state / value + 1" * 20)

        def cold(turn: int) -> None:
            self.ask(self.bare, [turn + 300, *ids[1:]], 1).text()

        def warm(turn: int) -> None:
            self.ask(self.bare, [*ids, *more[: 10 * (turn + 1)]], 1).text()

        self.ask(self.bare, ids, 1).text()
        return self.turns(cold, warm)

    def first(self) -> tuple[float, float]:
        model, torch = self.peft(0)
        prompts = [self.ids(f"def f{number}(left, right):") for number in range(self.options.repeat + 1)]
        with torch.no_grad():
            return self.turns(
                lambda turn: model(input_ids=torch.tensor([prompts[turn]])).logits.argmax(-1),
                lambda turn: self.ask(self.bare, prompts[turn], 1).text(),
            )

    def disk(self) -> tuple[float, float]:
        ids = self.ids(PROMPTS[0])
        self.ask(self.served(0), ids, 1).text()
        return self.turns(
            lambda turn: self.ask(self.served(ADAPTERS + turn), ids, 1).text(),
            lambda turn: self.ask(self.served(0), [*ids, turn + 300], 1).text(),
        )

    def zipf(self) -> list[dict[str, Any]]:
        import psutil

        dice = random.Random(0)
        count, requests = self.options.adapters, self.options.requests
        weights = [1 / (rank + 1) for rank in range(count)]
        ids, rows, running = self.ids(PROMPTS[0]), [], []
        for number in range(requests):
            running.append(self.ask(self.served(dice.choices(range(count), weights)[0]), ids, 1))
            if len(running) == ROWS:
                for generation in running:
                    generation.text()
                running.clear()
            if (number + 1) % max(1, requests // 10) == 0:
                state = self.engine.state()
                rows.append({
                    "requests": number + 1, "process_bytes": psutil.Process().memory_info().rss,
                    "adapters": len(self.loaded.memory_usage()["loaded"]), "prefix_bytes": state.prefix_bytes,
                })  # fmt: skip
        return rows


if __name__ == "__main__":
    main()
