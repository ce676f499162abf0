"""The proof, run as a process of its own: reload the adapter from disk and measure what it changes.

`adapters.proof_process` starts it; `main` writes one JSON object on the last line: the receipt, or the error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from codebase_gardener.adapters.files import WEIGHTS, AdapterFiles, check_adapter_files
from codebase_gardener.adapters.torch_attaching import attach
from codebase_gardener.adapters.torch_own_modules import with_own_modules
from codebase_gardener.adapters.torch_slots import SlotTable
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer, tokenizer_sha256
from codebase_gardener.training.torch_device import measure_gemm, pick_dtype
from codebase_gardener.training.torch_logits import PROMPTS, last_logits, mean_kl
from codebase_gardener.utils.error_handling import AdapterError, CodebaseGardenerError
from codebase_gardener.utils.files import sha256_file
from codebase_gardener.utils.limits import available_bytes

__all__ = ["compare_merged", "main", "measure", "token_logprobs"]

_SMALLEST_EFFECT = 1e-6
_FREE_SHARE = 0.8
_PARITY_TOLERANCE = {"float32": 1e-3, "bfloat16": 0.25, "float16": 0.05}
"""Largest logit difference between the trained and the reloaded model; on one machine it is 0."""


@dataclass(frozen=True)
class _Measured:
    """One base with the adapter on, off, and after it was taken off.

    Attributes:
        on_PV: Logits with the adapter.
        off_PV: Logits without.
        after_unload: Largest difference of the logits from `off_PV` once the adapter is gone.
        matched, expected: Tensors.
        switched: Largest difference between the logits in a slot, switched off and on again, and `on_PV`; None
            where the adapter is more than low-rank factors and PEFT's layers hold it.
        merged: The same with the adapter in the weights in memory.
    """

    on_PV: Tensor  # noqa: N815  shapes in names
    off_PV: Tensor  # noqa: N815
    after_unload: float
    matched: int
    expected: int
    switched: float | None = None
    merged: float | None = None


def measure(
    adapter: Path, base: Path, *, base_sha256: str, dtype: str, parity: Path | None, answers: str = ""
) -> dict[str, Any]:
    """Load base and adapter from disk and measure effect and parity.

    An adapter that was trained on a quantized base has its effect measured on the base as it is on disk, and its
    parity on the base quantized in the same way. Where the base as it is does not fit into memory, or the adapter
    begins at the quantization's error (LoftQ), the effect is that on the quantized base; `measured_on` says which.

    Args:
        adapter: Its folder.
        base: The base's folder.
        base_sha256: Hash of the base's weights; an adapter of another base is refused.
        dtype: Of the base, as it was in training.
        parity: Logits of the trained model on the fixed prompts, to compare with; or None.
        answers: The setting of the number format that answers are computed in, in which it must load and have an
            effect, too; "" for `dtype`.

    Returns:
        The receipt's data.

    Raises:
        AdapterError: It does not fit, has no effect, or does not give what the trained model gave.
    """
    files = check_adapter_files(adapter)
    if files.base_sha256 not in (None, base_sha256):
        raise AdapterError(
            f"{adapter} was trained on another base (weights {str(files.base_sha256)[:16]}, here {base_sha256[:16]})",
            hint="load it onto the base that its gardener.json names",
        )
    tokenizer = load_tokenizer(base)
    only_quantized = files.quantization != "none" and (
        files.is_of_quantized_base or not _fits_in_memory(base, dtype)
    )
    measured_on = files.quantization if only_quantized else "none"
    effect = _measure_on(files, base, tokenizer, dtype, measured_on)
    reloaded = None
    if parity is not None:
        again = files.quantization != measured_on
        there = _measure_on(files, base, tokenizer, dtype, files.quantization) if again else effect
        reloaded = float((load_file(parity)["logits"] - there.on_PV).abs().max())
        if not reloaded <= _PARITY_TOLERANCE[dtype]:  # NaN too
            raise AdapterError(
                f"{adapter}, reloaded, differs from the trained model by {reloaded:.3g} in its logits",
                hint="what was saved is not what was trained: report this with the library versions",
            )
    answers = pick_dtype(answers, measure_gemm("cpu")) if answers == "auto" else answers or dtype
    if answers != dtype:
        _measure_on(files, base, tokenizer, answers, measured_on)
    return {
        "base_sha256": base_sha256,
        "adapter_sha256": sha256_file(adapter / WEIGHTS),
        "dtype": dtype,
        "answers_dtype": answers,
        "quantization": files.quantization,
        "measured_on": measured_on,
        "tensors_matched": effect.matched,
        "tensors_expected": effect.expected,
        "max_logit_difference": float((effect.on_PV - effect.off_PV).abs().max()),
        "mean_kl_nats": mean_kl(effect.on_PV, effect.off_PV),
        "prompts": len(PROMPTS),
        "tokenizer_sha256": tokenizer_sha256(tokenizer),
        "parity_reload": reloaded,
        "parity_switch": effect.switched,
        "parity_merge": effect.merged,
        "parity_unload": effect.after_unload,
    }


def _fits_in_memory(base: Path, dtype: str) -> bool:
    """Whether the base as it is on disk fits beside what is in use; bf16 files take twice their size in fp32."""
    size = sum(file.stat().st_size for file in base.glob("*.safetensors"))
    return bool(size * (2 if dtype == "float32" else 1) < _FREE_SHARE * available_bytes())


def _measure_on(files: AdapterFiles, base: Path, tokenizer: Any, dtype: str, quantization: str) -> _Measured:
    """Off, on, and off again, on one base that is loaded for it.

    Raises:
        AdapterError: The adapter does not fit, changes nothing, or leaves the base changed.
    """
    model = load_model(base, dtype=dtype, quantization=quantization)
    off = last_logits(model, tokenizer)
    attached = attach(model, files)
    on = last_logits(attached.model, tokenizer)
    if not bool(torch.isfinite(on).all()):
        raise AdapterError(
            f"{files.directory} gives NaN or infinite logits in {dtype}",
            hint="the training diverged, or its weights are too large for this number format",
        )
    if not float((on - off).abs().max()) > _SMALLEST_EFFECT:
        raise AdapterError(
            f"{files.directory} changes nothing: logits with it on and off are equal in {dtype}",
            hint="train longer or with a higher learning rate, or check what wrote the file",
        )
    after_unload = float((last_logits(model, tokenizer) - off).abs().max())
    if after_unload:
        raise AdapterError(
            f"after unloading {files.directory} the base differs by {after_unload:.3g}",
            hint="this is a fault of the loader: report it with the library versions",
        )
    switched, merged = (
        _in_a_slot(files, model, tokenizer, on, off, dtype) if quantization == "none" else (None, None)
    )
    return _Measured(on, off, after_unload, attached.matched, attached.expected, switched, merged)


def _in_a_slot(
    files: AdapterFiles, model: Any, tokenizer: Any, on: Tensor, off: Tensor, dtype: str
) -> tuple[float | None, float | None]:
    """How far the logits in a slot, after a switch, and those merged in memory are from `on`.

    Raises:
        AdapterError: The slot gives other logits than PEFT, or leaves the base changed.
    """
    plain = with_own_modules(model)
    slots = SlotTable(model, "cpu")
    names = slots.carries(files)
    if names is None:
        return None, None
    slots.load(files, names, "proof")
    for name in ("proof", None, "proof"):
        slots.put_in_effect(name)
    switched = float((last_logits(model, tokenizer) - on).abs().max())
    slots.merge_into(plain, "proof")
    merged = float((last_logits(plain, tokenizer) - on).abs().max())
    slots.put_in_effect(None)
    still_on = float((last_logits(model, tokenizer) - off).abs().max())
    if not switched <= _PARITY_TOLERANCE[dtype] or still_on:  # NaN too
        raise AdapterError(
            f"{files.directory} in a slot differs from PEFT by {switched:.3g} in its logits, and off from the base by "
            f"{still_on:.3g}",
            hint="this is a fault of the loader: report it with the library versions",
        )
    slots.remove("proof")
    return switched, merged


def compare_merged(adapter: Path, base: Path, merged: Path, *, dtype: str) -> dict[str, Any]:
    """Compare a base into which an adapter was merged with the base that has the adapter on.

    Args:
        adapter: Its folder.
        base: The base's folder.
        merged: The merged model's folder.
        dtype: To compute in. Weights that were merged in 16 bits are rounded, so the two differ a little.

    Returns:
        The receipt's data: the adapter's effect, and how far the merged model is off, each as the largest
        difference of logits and the mean KL divergence.

    Raises:
        AdapterError: The merged model is no nearer to the adapted base than the bare base is.
    """
    files = check_adapter_files(adapter)
    model, tokenizer = load_model(base, dtype=dtype), load_tokenizer(base)
    off = last_logits(model, tokenizer)
    attached = attach(model, files)
    on = last_logits(attached.model, tokenizer)
    del model, attached
    found = last_logits(load_model(merged, dtype=dtype), load_tokenizer(merged))
    effect, parity = float((on - off).abs().max()), float((on - found).abs().max())
    if not parity < effect:  # NaN too
        raise AdapterError(
            f"merged into its base, {adapter} is lost: logits differ from the adapter's by {parity:.3g}, "
            f"and the adapter changes them by {effect:.3g}",
            hint="its effect is smaller than the rounding of the base's dtype: keep it as an adapter, "
            "or merge with --dtype float32",
            context={"parity_merged": parity, "max_logit_difference": effect},
        )
    return {
        "dtype": dtype,
        "max_logit_difference": effect,
        "mean_kl_nats": mean_kl(on, off),
        "parity_merged": parity,
        "parity_merged_kl_nats": mean_kl(found, on),
        "prompts": len(PROMPTS),
    }


def token_logprobs(
    adapter: Path, base: Path, rows: Sequence[Sequence[int]], *, dtype: str
) -> dict[str, list[float]]:
    """Log-probabilities of rows' tokens but each one's first, with the adapter on and off, one row at a time.

    Args:
        adapter: Its folder.
        base: The base's folder.
        rows: Ids.
        dtype: To compute in.
    """
    files = check_adapter_files(adapter)
    model = load_model(base, dtype=dtype)
    off = _logprobs(model, rows)
    if files.is_of_quantized_base:  # as it is served
        model = load_model(base, dtype=dtype, quantization=files.quantization)
    return {"on": _logprobs(attach(model, files).model, rows), "off": off}


@torch.no_grad()
def _logprobs(model: Any, rows: Sequence[Sequence[int]]) -> list[float]:
    values: list[float] = []
    for row in rows:
        ids = torch.tensor([list(row)])
        logs = model(input_ids=ids, use_cache=False).logits[0, :-1].float().log_softmax(-1)
        values += logs.gather(1, ids[0, 1:, None])[:, 0].tolist()
    return values


def main(request: Mapping[str, Any]) -> int:
    """Answer one request; the exit code is that of the error."""
    torch.set_num_threads(request["threads"] or torch.get_num_threads())
    adapter, base = Path(request["adapter"]), Path(request["base"])
    try:
        if "merged" in request:
            receipt = compare_merged(adapter, base, Path(request["merged"]), dtype=request["dtype"])
        elif "rows" in request:
            receipt = token_logprobs(adapter, base, request["rows"], dtype=request["dtype"])
        else:
            receipt = measure(
                adapter,
                base,
                base_sha256=request["base_sha256"],
                dtype=request["dtype"],
                parity=Path(request["parity"]) if request["parity"] else None,
                answers=request["answers"],
            )
    except CodebaseGardenerError as error:
        print(json.dumps(error.as_dict()))
        return error.exit_code
    print(json.dumps(receipt))
    return 0
