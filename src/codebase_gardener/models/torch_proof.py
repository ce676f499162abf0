"""The proof, run as a process of its own: reload the adapter from disk and measure what it changes.

    python -m codebase_gardener.models.torch_proof REQUEST.json

writes one JSON object on the last line: the receipt, or the error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from codebase_gardener.models.adapter_files import check_adapter_files
from codebase_gardener.models.torch_adapters import attach, detach
from codebase_gardener.training.torch_base import load_model, load_tokenizer
from codebase_gardener.training.torch_logits import PROMPTS, last_logits, mean_kl
from codebase_gardener.utils.error_handling import AdapterError, CodebaseGardenerError
from codebase_gardener.utils.files import read_json

__all__ = ["compare_merged", "measure"]

_SMALLEST_EFFECT = 1e-6
_PARITY_TOLERANCE = {"float32": 1e-3, "bfloat16": 0.25, "float16": 0.05}
"""Largest logit difference between the trained and the reloaded model; on one machine it is 0."""


def measure(
    adapter: Path, base: Path, *, base_sha256: str, dtype: str, parity: Path | None
) -> dict[str, Any]:
    """Load base and adapter from disk and measure effect and parity.

    Args:
        adapter: Its folder.
        base: The base's folder.
        base_sha256: Hash of the base's weights; an adapter of another base is refused.
        dtype: Of the base, as it was in training.
        parity: Logits of the trained model on the fixed prompts, to compare with; or None.

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
    model, tokenizer = load_model(base, dtype=dtype), load_tokenizer(base)
    off = last_logits(model, tokenizer)
    attached = attach(model, files, "proof")
    on = last_logits(attached.model, tokenizer)
    effect = float((on - off).abs().max())
    if not effect > _SMALLEST_EFFECT:
        raise AdapterError(
            f"{adapter} changes nothing: logits with it on and off are equal",
            hint="train longer or with a higher learning rate, or check what wrote the file",
        )
    reloaded = float((load_file(parity)["logits"] - on).abs().max()) if parity else None
    if reloaded is not None and not reloaded <= _PARITY_TOLERANCE[dtype]:  # NaN too
        raise AdapterError(
            f"{adapter}, reloaded, differs from the trained model by {reloaded:.3g} in its logits",
            hint="what was saved is not what was trained: report this with the library versions",
        )
    after_unload = float((last_logits(detach(attached.model, "proof"), tokenizer) - off).abs().max())
    if after_unload:
        raise AdapterError(
            f"after unloading {adapter} the base differs by {after_unload:.3g}",
            hint="this is a fault of the loader: report it with the library versions",
        )
    return {
        "base_sha256": base_sha256,
        "dtype": dtype,
        "tensors_matched": attached.matched,
        "tensors_expected": attached.expected,
        "max_logit_difference": effect,
        "mean_kl_nats": mean_kl(on, off),
        "prompts": len(PROMPTS),
        "parity_reload": reloaded,
        "parity_unload": after_unload,
    }


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
    attached = attach(model, files, "proof")
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


def main(request_file: str) -> int:
    """Answer one request; the exit code is that of the error."""
    request = read_json(Path(request_file))
    torch.set_num_threads(request["threads"] or torch.get_num_threads())
    adapter, base = Path(request["adapter"]), Path(request["base"])
    try:
        if "merged" in request:
            receipt = compare_merged(adapter, base, Path(request["merged"]), dtype=request["dtype"])
        else:
            receipt = measure(
                adapter,
                base,
                base_sha256=request["base_sha256"],
                dtype=request["dtype"],
                parity=Path(request["parity"]) if request["parity"] else None,
            )
    except CodebaseGardenerError as error:
        print(json.dumps(error.as_dict()))
        return error.exit_code
    print(json.dumps(receipt))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
