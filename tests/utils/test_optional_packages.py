"""What is left out is not imported, and what a quantized base asks for afterwards is all there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_ADAPTED = """
import json, sys
from pathlib import Path
from codebase_gardener.utils.optional_packages import leave_out

if sys.argv[2] == "left out":
    leave_out()
import torch
from transformers import Trainer
from codebase_gardener.bases.torch_loading import load_model
from peft import LoraConfig, get_peft_model

found = {}
for quantization in sys.argv[3:]:
    torch.manual_seed(0)
    model = load_model(Path(sys.argv[1]), dtype="float32", quantization=quantization)
    model = get_peft_model(model, LoraConfig(target_modules=["q_proj"], init_lora_weights=False))
    layer = model.base_model.model.model.layers[0].self_attn.q_proj
    logits = model.eval()(input_ids=torch.arange(1, 9)[None]).logits
    imported = [name for name in ("bitsandbytes", "torchao", "datasets", "pandas") if sys.modules.get(name)]
    found[quantization] = [type(layer).__module__, logits.sum(-1).tolist(), imported]
print(json.dumps(found))
"""


def _adapted(base: Path, mode: str, *quantizations: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", _ADAPTED, base, mode, *quantizations],
        capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.slow
def test_a_quantized_base_is_what_it_is_where_nothing_was_left_out(tiny_base: Path) -> None:
    asked = ("none", "nf4", "torchao-int8")
    as_installed, without = (_adapted(tiny_base, mode, *asked) for mode in ("as installed", "left out"))
    assert without["none"][2] == []
    assert without["nf4"][2] == ["bitsandbytes"]
    assert without["torchao-int8"][2] == ["bitsandbytes", "torchao"]
    for name in asked:
        assert without[name][:2] == as_installed[name][:2]


def test_the_command_leaves_them_out_before_it_imports_anything() -> None:
    code = "import atexit, sys; sys.argv = ['gardener', '--version']\n"
    code += "atexit.register(lambda: print(sys.modules.get('bitsandbytes', 'there')))\n"
    code += "from codebase_gardener.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "None"
