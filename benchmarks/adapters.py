"""Adapters on a live base: this project's slots against PEFT, in one process.

    python benchmarks/adapters.py [--repeat 7] [--json]
    python benchmarks/adapters.py --kinds

Random adapters of SmolLM2-135M (r = 16, all-linear, fp32), a base for each side, same allocator settings and threads,
A B A B, medians. "cold": the first time in the process, with the adapter's file out of the page cache. Before anything
is timed, both sides give the same logits for each adapter; the mixed batch must give the same tokens. `--kinds`: what
slots do not carry, DoRA and IA3 in turn on one base: time and memory beside the adapters' own tensors (ADR 14).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.utils.allocator import keep_freed_memory

ADAPTERS = 8
ROWS = 16
NEW_TOKENS = 24
R = 16
PROMPTS = [f"def function_{number}(values, index):\n    " for number in range(ROWS)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--bases", type=Path, help="folder with converted bases, to leave out the conversion")
    parser.add_argument("--kinds", action="store_true")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as folder:
        if options.kinds:
            print(json.dumps(_measure_kinds(Path(folder), options), indent=1))
            return
        rows = _measure(Path(folder), options)
    if options.as_json:
        print(json.dumps(rows, indent=1))
        return
    print("| operation | PEFT cold | here cold | PEFT | here | ratio | note |\n|---|---|---|---|---|---|---|")
    for row in rows:
        cells = [_shown(row[name], row["unit"]) for name in ("peft_cold", "here_cold", "peft", "here")]
        print(f"| {row['operation']} | {' | '.join(cells)} | {row['ratio']:.1f}× | {row['note']} |")


def _shown(value: float, unit: str) -> str:
    return f"{value * 1000:.3g} ms" if unit == "s" else f"{value:.3g} {unit}"


def _measure(folder: Path, options: argparse.Namespace) -> list[dict[str, Any]]:
    import torch
    from peft import PeftModel
    from peft.utils.hotswap import hotswap_adapter
    from transformers import AutoModelForCausalLM

    from codebase_gardener.adapters.files import check_adapter_files
    from codebase_gardener.adapters.torch_live_base import LiveBase

    base = resolve_base("smollm2-135m", options.bases or folder / "bases")
    paths = write_adapters(base.path, folder, ADAPTERS + options.repeat + 2)
    live = LiveBase(base.path, device="cpu", dtype="float32")
    model: Any = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32)
    model = PeftModel.from_pretrained(model, paths[0], adapter_name="a0").eval()
    live.attach(check_adapter_files(paths[0]), "a0")
    rows = []

    spare = iter(range(ADAPTERS, len(paths)))
    numbers = [next(spare) for _ in range(options.repeat + 1)]

    def load_peft(turn: int) -> None:
        model.load_adapter(str(paths[numbers[turn]]), f"x{turn}")

    def load_here(turn: int) -> None:
        live.attach(check_adapter_files(paths[numbers[turn]]), f"x{turn}")

    def out_of_cache(turn: int) -> None:
        with (paths[numbers[turn]] / "adapter_model.safetensors").open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    rows.append(_row("load one more adapter", load_peft, load_here, options.repeat, before_cold=out_of_cache))
    rows.append(
        _row(
            "delete it",
            lambda turn: model.delete_adapter(f"x{turn}"),
            lambda turn: live.detach(f"x{turn}"),
            options.repeat,
        )
    )
    for number in range(1, ADAPTERS):
        model.load_adapter(str(paths[number]), f"a{number}")
        live.attach(check_adapter_files(paths[number]), f"a{number}")
    _same_logits(model, live)

    model.set_adapter("a0")
    rows.append(
        _row(
            "replace in place (hot-swap)",
            lambda turn: hotswap_adapter(model, str(paths[numbers[turn]]), "a0", torch_device="cpu"),
            lambda turn: live.swap(check_adapter_files(paths[numbers[turn]]), "a0"),
            options.repeat,
        )
    )
    hotswap_adapter(model, str(paths[0]), "a0", torch_device="cpu")
    live.swap(check_adapter_files(paths[0]), "a0")
    rows.append(
        _row(
            "switch the active adapter",
            lambda turn: model.set_adapter(f"a{turn % ADAPTERS}"),
            lambda turn: live.switch(f"a{turn % ADAPTERS}"),
            options.repeat,
        )
    )

    def disabled(context: Callable[[], Any]) -> Callable[[int], None]:
        def do(_: int) -> None:
            with context():
                pass

        return do

    rows.append(
        _row(
            "disable for a block, in and out",
            disabled(model.disable_adapter),
            disabled(live.disabled),
            options.repeat,
        )
    )
    rows.append(_merging(model, live, options.repeat))
    rows.append(_mixed(model, live, max(3, options.repeat // 2)))
    return rows


def _measure_kinds(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    import tracemalloc

    from peft import IA3Config, LoraConfig

    from codebase_gardener.adapters.files import check_adapter_files
    from codebase_gardener.adapters.torch_live_base import LiveBase
    from codebase_gardener.adapters.torch_own_modules import with_own_modules

    base = resolve_base("smollm2-135m", options.bases or folder / "bases")
    configs = [LoraConfig(r=R, target_modules="all-linear", use_dora=True, task_type="CAUSAL_LM")]
    configs.append(IA3Config(task_type="CAUSAL_LM"))
    paths = [write_adapters(base.path, folder / str(n), 2, config) for n, config in enumerate(configs)]
    live = LiveBase(base.path, device="cpu", dtype="float32")
    live.logits(PROMPTS[0], None)
    loading, names = list[float](), list[str]()
    for path in (path for pair in paths for path in pair):
        started = time.perf_counter()
        names.append(path.as_posix())
        live.attach(check_adapter_files(path), names[-1])
        loading.append(time.perf_counter() - started)
    asking = {"base": [None] * 6, "the same": [names[0]] * 6, "in turn": [names[0], names[2]] * 3}
    times = {}
    for what, turns in asking.items():
        started = time.perf_counter()
        for name in turns:
            live.logits(PROMPTS[0], name)
        times[f"{what}, ms"] = (time.perf_counter() - started) / len(turns) * 1000
    tracemalloc.start()
    copy = with_own_modules(live.base)
    times["a copy of the modules, MB"] = tracemalloc.get_traced_memory()[0] / 1e6
    del copy
    return {"load, ms": statistics.median(loading) * 1000, **times}


def _row(
    operation: str,
    peft: Callable[[int], Any],
    here: Callable[[int], Any],
    repeat: int,
    before_cold: Callable[[int], Any] = lambda _: None,
) -> dict[str, Any]:
    """Both sides in turn; the first turn is the cold one."""
    times: dict[str, list[float]] = {"peft": [], "here": []}
    for turn in range(repeat + 1):
        for name, do in (("peft", peft), ("here", here)):
            if turn == 0:
                before_cold(turn)
            started = time.perf_counter()
            do(turn)
            times[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    return {
        "operation": operation,
        "unit": "s",
        **medians,
        **{f"{name}_cold": values[0] for name, values in times.items()},
        "ratio": medians["peft"] / medians["here"],
        "note": "",
    }


def _same_logits(model: Any, live: Any) -> None:
    import torch

    from codebase_gardener.training.encoding import text_ids

    ids = torch.tensor([text_ids(live.tokenizer, PROMPTS[0])])
    for number in range(ADAPTERS):
        model.set_adapter(f"a{number}")
        with torch.no_grad():
            off = float((model(input_ids=ids).logits[0] - live.logits(PROMPTS[0], f"a{number}")).abs().max())
        if off > 1e-3:
            raise SystemExit(f"adapter {number}: logits differ by {off}")


def _merging(model: Any, live: Any, repeat: int) -> dict[str, Any]:
    """Into the base and back out; what is off afterwards is said."""
    import torch

    before = {name: p.clone() for name, p in model.named_parameters() if "base_layer" in name}
    kept = {name: p.clone() for name, p in live.base.named_parameters()}
    model.set_adapter("a0")

    def peft(_: int) -> None:
        model.merge_adapter()
        model.unmerge_adapter()

    def here(_: int) -> None:
        with live.merged("a0"):
            pass

    row = _row("merge into the live base and back out", peft, here, repeat)
    off = max(float((dict(model.named_parameters())[name] - p).abs().max()) for name, p in before.items())
    exact = all(torch.equal(p, kept[name]) for name, p in live.base.named_parameters())
    row["note"] = f"weights afterwards: PEFT off by {off:.1e}, here {'bit for bit' if exact else 'NOT EXACT'}"
    return row


def _mixed(model: Any, live: Any, repeat: int) -> dict[str, Any]:
    import torch

    names = [f"a{number % ADAPTERS}" for number in range(ROWS)]
    inputs = live.tokenizer(PROMPTS, return_tensors="pt", padding=True, padding_side="left")
    options = {"max_new_tokens": NEW_TOKENS, "min_new_tokens": NEW_TOKENS, "do_sample": False}
    options["pad_token_id"] = live.tokenizer.eos_token_id
    answers: dict[str, Any] = {}

    @torch.no_grad()
    def peft(_: int) -> None:
        answers["peft"] = model.generate(**inputs, **options, adapter_names=names)

    @torch.no_grad()
    def here(_: int) -> None:
        with live.using_rows(names) as base:
            answers["here"] = base.generate(**inputs, **options)

    row = _row(f"mixed batch: {ROWS} rows over {ADAPTERS} adapters, generating", peft, here, repeat)
    same = torch.equal(answers["peft"], answers["here"])
    for name in ("peft", "here", "peft_cold", "here_cold"):
        row[name] = ROWS * NEW_TOKENS / row[name]
    row["unit"] = "tokens/s"
    row["note"] = "same tokens" if same else "tokens differ"
    return row


def write_adapters(base: Path, folder: Path, count: int, config: Any = None) -> list[Path]:
    """Folders of random adapters, as PEFT saves them; LoRA by default."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    lora = LoraConfig(r=R, lora_alpha=2 * R, target_modules="all-linear", task_type="CAUSAL_LM")
    peft = get_peft_model(model, config or lora)
    paths = []
    for number in range(count):
        torch.manual_seed(number)
        for name, parameter in peft.named_parameters():
            if ("lora_" in name and "magnitude" not in name) or "ia3_" in name:
                parameter.data.normal_(std=0.01)
        paths.append(folder / f"adapter{number}")
        peft.save_pretrained(paths[-1])
    return paths


if __name__ == "__main__":
    main()
