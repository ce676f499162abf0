"""The adapter as vLLM takes it: plain LoRA of one rank, its scales in the factors.

vLLM's rules, of its `PEFTHelper` and `LoRAConfig` (https://docs.vllm.ai/en/latest/features/lora/): `--max-lora-rank`
is one of a few numbers; no DoRA, no biases, no saved modules; releases before rank and alpha patterns were read ignore
them. What is written here holds for all of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from codebase_gardener.adapters.factor_options import beyond_factors
from codebase_gardener.adapters.files import CONFIG, WEIGHTS, AdapterFiles, check_adapter_files
from codebase_gardener.adapters.proof import prove
from codebase_gardener.adapters.torch_factors import FactorReader
from codebase_gardener.adapters.torch_safetensors import TensorWriter
from codebase_gardener.bases.resolution import Base
from codebase_gardener.exports.request import ExportRequest
from codebase_gardener.exports.stock_peft import public_name, write_sidecar
from codebase_gardener.merging.torch_judgement import ModelTensors
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import write_json

__all__ = ["VLLM_RANKS", "prove_vllm_folder", "write_vllm_folder"]

VLLM_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What `--max-lora-rank` may be; 1 is left out, as older releases refuse it."""
_TOLERANCE = 1e-5
_PREFIX = "base_model.model."


def write_vllm_folder(request: ExportRequest, folder: Path) -> list[str]:
    """Fold and pad the factors.

    Raises:
        AdapterError: vLLM has no place for something of the adapter; the message names it.
    """
    reader = _reader(request.files, request.base)
    kinds = [kind for module in reader.modules if (kind := reader.kind(module))]
    widest = max(kind.rank for kind in kinds)
    rank = next((allowed for allowed in VLLM_RANKS if allowed >= widest), None)
    if rank is None:
        raise _refused(request.files, f"rank {widest}: it takes {VLLM_RANKS[-1]} at most")
    plan: dict[str, tuple[torch.dtype, tuple[int, ...]]] = {}
    for module, kind in zip(reader.modules, kinds, strict=True):
        rows, columns = kind.size
        plan[f"{module}.lora_A.weight"] = (torch.float32, (rank, columns))
        plan[f"{module}.lora_B.weight"] = (torch.float32, (rows, rank))
    with TensorWriter(folder / WEIGHTS, plan) as writer:
        for module in reader.modules:
            factors = reader.read([module])
            writer.write(_padded(factors.a[0].float(), rank, 0))
            writer.write(_padded(factors.b[0].float() * factors.scale, rank, 1))
            reader.release()
    name, revision = public_name(request.base)
    write_json(folder / CONFIG, _config(request.files.config, reader, rank, name, revision))
    write_sidecar(request, folder)
    changed = {(kind.rank, kind.scale) for kind in kinds} != {(rank, 1.0)}
    folded = [f"scales are folded into B, and all ranks are {rank}: alpha is {rank}, too"] if changed else []
    served = f"{name} --revision {revision}" if revision else name
    return [*folded, f"vllm serve {served} --enable-lora --max-lora-rank {rank} --lora-modules NAME=FOLDER"]


def prove_vllm_folder(request: ExportRequest, folder: Path) -> dict[str, Any]:
    """Every module's change equals the adapter's; and the folder, loaded by stock PEFT, is in effect.

    vLLM itself is not run.
    """
    difference = _largest_difference(FactorReader(request.files), FactorReader(check_adapter_files(folder)))
    if not difference <= _TOLERANCE:  # NaN too
        raise AdapterError(
            f"the folded factors of {request.label} give another change, by {difference:.3g} of its size",
            hint="this is a fault of the export: report it with the adapter's config",
        )
    return {"relative_difference": difference, "read_by": "stock PEFT", **prove(folder, request.base)}


def _reader(files: AdapterFiles, base: Base) -> FactorReader:
    if refusal := beyond_factors(files.config):
        raise _refused(files, refusal)
    if files.config.get("fan_in_fan_out"):
        raise _refused(files, "layers that store their weights across (fan_in_fan_out)")
    reader = FactorReader(files)
    _check_copies(files, reader, base)
    for module in reader.modules:
        kind = reader.kind(module)
        if kind is None:
            continue
        if kind.embedding:
            raise _refused(files, f"an adapted embedding ({module.removeprefix(_PREFIX)})")
        if kind.bias or any(len(shape) != 2 for shape in kind.shapes):
            raise _refused(files, f"{module.removeprefix(_PREFIX)}, which is no linear layer without a bias")
        if module.endswith(".lm_head") and base.config.get("tie_word_embeddings"):
            raise _refused(files, "a change of the head alone, which is the embedding in this base")
    return reader


def _check_copies(files: AdapterFiles, reader: FactorReader, base: Base) -> None:
    """PEFT saves the base's own head beside an adapted one; vLLM has it already, and left out it must be the same."""
    stored = ModelTensors(base.path)
    for name in reader.copies:
        tensor = name.removeprefix(_PREFIX).replace(".base_layer.", ".")
        own, copy = stored.get(tensor), reader.copy(name)
        if own is not None and (own.shape != copy.shape or not torch.equal(own.to(copy.dtype), copy)):
            raise _refused(files, f"{tensor}, which is another than the base's")


def _refused(files: AdapterFiles, what: str) -> AdapterError:
    way = (
        "export a merged model: --to merged"
        if files.config["peft_type"] == "LORA"
        else "merge it with PEFT's merge_and_unload, and serve that model"
    )
    return AdapterError(f"{files.directory}: vLLM does not take {what}", hint=way)


def _padded(tensor: Tensor, rank: int, axis: int) -> Tensor:
    shape = list(tensor.shape)
    shape[axis] = rank - shape[axis]
    return torch.cat([tensor, tensor.new_zeros(shape)], axis)


def _config(
    config: dict[str, Any], reader: FactorReader, rank: int, name: str, revision: str | None
) -> dict[str, Any]:
    return {
        "peft_type": "LORA",
        "task_type": config.get("task_type") or "CAUSAL_LM",
        "base_model_name_or_path": name,
        "revision": revision,
        "inference_mode": True,
        "r": rank,
        "lora_alpha": rank,
        "lora_dropout": 0.0,
        "bias": "none",
        "use_rslora": False,
        "use_dora": False,
        "fan_in_fan_out": False,
        "init_lora_weights": True,
        "modules_to_save": None,
        # in full: a layer that the adapter leaves alone stays so
        "target_modules": [module.removeprefix(_PREFIX) for module in reader.modules],
    }


def _largest_difference(one: FactorReader, two: FactorReader) -> float:
    """Of the changes of all modules, as a share of each one's size; without forming `B A`.

    `‖B₁A₁ - B₂A₂‖` is that of one product: the factors side by side, reduced by QR.
    """
    largest = 0.0
    for module in one.modules:
        first, second = one.read([module]), two.read([module])
        b1, a1 = first.b[0].double() * first.scale, first.a[0].double()
        b2, a2 = second.b[0].double() * second.scale, second.a[0].double()
        size = _product_norm(b1, a1)
        apart = _product_norm(torch.cat([b1, -b2], 1), torch.cat([a1, a2], 0))
        largest = max(largest, apart / size if size else apart)
    return largest


def _product_norm(b: Tensor, a: Tensor) -> float:
    triangle = torch.linalg.qr(b, mode="r").R @ torch.linalg.qr(a.T, mode="r").R.T
    return float(torch.linalg.matrix_norm(triangle))
