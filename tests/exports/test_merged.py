"""The merged export: every element as a correct merge gives it, in one shard's memory above the adapter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.exports.merged import prove_merged_folder
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.writing import export_adapter
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.progress import Quiet
from samples.stock_adapters import STOCK, save_adapter, stock_logits

pytestmark = pytest.mark.slow

FILE = "model.safetensors"


def asked(base: Path, place: Path, kind: str = "lora", quantize: str | None = None) -> ExportRequest:
    folder = save_adapter(place / "adapter", base, STOCK[kind])
    resolved = resolve_base(str(base), place / "bases")
    return ExportRequest("garden/default@1", check_adapter_files(folder), resolved, Quiet(), quantize)


@pytest.mark.parametrize("kind", ["lora", "dora", "head"])
@pytest.mark.filterwarnings("ignore")
def test_equal_to_peft(kind: str, tiny_base: Path, tmp_path: Path) -> None:
    report = export_adapter(asked(tiny_base, tmp_path, kind), "merged", tmp_path / "out")
    assert report.receipt["differing"] == 0
    assert report.receipt["parity_merged"] < 1e-4 < report.receipt["max_logit_difference"]
    on = stock_logits(tiny_base, tmp_path / "adapter")
    assert torch.allclose(stock_logits(tmp_path / "out", None), on, atol=1e-4)


@pytest.mark.filterwarnings("ignore")
def test_the_rounding_is_that_of_a_float32_merge(tiny_base: Path, tmp_path: Path) -> None:
    """Each element is PEFT's float32 merge, rounded once; PEFT's own bfloat16 merge differs from that."""
    report = export_adapter(asked(tiny_base, tmp_path, quantize="bfloat16"), "merged", tmp_path / "out")
    model = PeftModel.from_pretrained(
        AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.float32), tmp_path / "adapter"
    )
    wanted = model.merge_and_unload().state_dict()
    held = load_file(tmp_path / "out" / FILE)
    off = sum(int((wanted[name].bfloat16() != tensor).sum()) for name, tensor in held.items())
    assert off <= 3  # float32 sums in another order, at a tie of the rounding
    assert report.receipt["differing"] == 0


@pytest.mark.parametrize("change", ["one bit", "another tensor", "nan"])
def test_one_wrong_element_is_seen(change: str, tiny_base: Path, tmp_path: Path) -> None:
    request = asked(tiny_base, tmp_path)
    export_adapter(request, "merged", tmp_path / "out")
    held = load_file(tmp_path / "out" / FILE)
    part = "norm.weight" if change == "another tensor" else "q_proj.weight"
    tensor = next(held[name] for name in held if name.endswith(part))
    flat = tensor.view(-1)
    flat[0] = torch.nan if change == "nan" else torch.nextafter(flat[0], torch.tensor(9.0))
    save_file(held, tmp_path / "out" / FILE, metadata={"format": "pt"})
    with pytest.raises(AdapterError, match="1 of "):
        prove_merged_folder(request, tmp_path / "out")


def test_a_nan_in_the_adapter_leaves_nothing(tiny_base: Path, tmp_path: Path) -> None:
    request = asked(tiny_base, tmp_path)
    held = load_file(tmp_path / "adapter/adapter_model.safetensors")
    name = next(name for name in held if "lora_B" in name)
    save_file({**held, name: held[name] * torch.nan}, tmp_path / "adapter/adapter_model.safetensors")
    with pytest.raises(AdapterError, match="NaN"):
        export_adapter(request, "merged", tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"adapter", "bases"}


_MEASURED = """
import json, sys
import torch
from pathlib import Path
from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.exports.merged import write_merged_folder
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.merging.judging import judge_merged
from codebase_gardener.utils.progress import Quiet

def status(name):
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith(name)) * 1024

def run(base, adapter, out):
    out.mkdir()
    request = ExportRequest("a", check_adapter_files(adapter), resolve_base(str(base), out.parent / "b"), Quiet())
    write_merged_folder(request, out)
    return judge_merged(request.files, base, out)["differing"]

small, big, small_adapter, adapter, place = map(Path, sys.argv[1:])
torch.ones(2048, 512) @ torch.ones(512, 2048)  # what a library takes once, for its own buffers
run(small, small_adapter, place / "warm")
Path("/proc/self/clear_refs").write_text("5")
before = status("VmRSS")
differing = run(big, adapter, place / "out")
print(json.dumps({"grown": status("VmHWM") - before, "differing": differing}))
"""


@pytest.mark.slow
def test_memory_is_one_shard_above_the_adapter(
    tiny_base: Path, make_base: Callable[..., Path], tmp_path: Path
) -> None:
    wide = make_base(seed=4, hidden_size=512, intermediate_size=2048, num_hidden_layers=10)
    big = tmp_path / "big"
    AutoModelForCausalLM.from_pretrained(wide, dtype=torch.float32).save_pretrained(
        big, max_shard_size="40MB"
    )
    for file in wide.glob("token*"):
        (big / file.name).write_bytes(file.read_bytes())
    adapters = [
        save_adapter(tmp_path / name, base, {**STOCK["lora"], "target_modules": "all-linear"})
        for name, base in (("a1", tiny_base), ("a2", big))
    ]
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, tiny_base, big, *adapters, tmp_path],
        capture_output=True,
        text=True,
        check=True,
        # what is freed goes back at once: measured is what is needed, not what the allocator keeps for later
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": str(1024**2), "MALLOC_TRIM_THRESHOLD_": "0"},
    )
    found = json.loads(done.stdout.strip().splitlines()[-1])
    shards = [file.stat().st_size for file in big.glob("*.safetensors")]
    assert len(shards) > 3
    assert found["differing"] == 0
    adapter_bytes = (adapters[1] / "adapter_model.safetensors").stat().st_size
    assert found["grown"] < max(shards) + adapter_bytes
