"""What `gardener bases --time` predicts of a named base, against a probe of a random model of its full size.

Real weights are not at hand; memory and speed do not depend on their values. The tokenizer is the embedded base's.

python benchmarks/named_bases.py --bases ~/.codebase-gardener/bases Qwen/Qwen2.5-Coder-0.5B
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from codebase_gardener.bases.named import NAMED
from codebase_gardener.config.settings import EMBEDDED_BASE
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.planning import plan_training
from codebase_gardener.training.memory import estimate_memory
from codebase_gardener.training.speed import predicted_tokens_per_s
from plan import add_options, home_with_source


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names", nargs="*", default=[EMBEDDED_BASE, "Qwen/Qwen2.5-Coder-0.5B"], choices=list(NAMED)
    )
    add_options(parser)
    options = parser.parse_args()
    with home_with_source(options) as gardener:
        for name in options.names:
            print(json.dumps(_measure(gardener, name, options.threads)), flush=True)


def _measure(gardener: Gardener, name: str, threads: int) -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        base = gardener.base(EMBEDDED_BASE)
        if name != EMBEDDED_BASE:
            _write_random(name, base.path, Path(folder))
            base = gardener.base(folder)
        plan = plan_training(gardener, base, gardener.dataset("source"), {"threads": threads})
    probe, shape = plan.probe, NAMED[name].shape
    assert probe is not None
    return {
        "base": name,
        "gflops": round(probe.gemm_gflops[probe.dtype]),
        "predicted tokens/s": predicted_tokens_per_s(shape, plan.spec, probe.gemm_gflops[probe.dtype]),
        "measured tokens/s": probe.tokens_per_s,
        "predicted GB": estimate_memory(shape, plan.spec, bf16=probe.dtype == "bfloat16").total / 1e9,
        "measured GB": probe.peak_bytes / 1e9,
    }


def _write_random(name: str, tokenizer: Path, folder: Path) -> None:
    config = {**NAMED[name].config, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": None}
    torch.set_default_dtype(torch.bfloat16)
    AutoModelForCausalLM.from_config(AutoConfig.for_model(**config)).save_pretrained(folder)
    torch.set_default_dtype(torch.float32)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / file, folder)


if __name__ == "__main__":
    main()
