"""No adapter is ready before a fresh process has reloaded it and measured its effect: the receipt."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.files import check_adapter_files, check_base
from codebase_gardener.bases.resolution import Base
from codebase_gardener.utils.children import python_module
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import write_json

__all__ = ["prove", "prove_merged", "score_tokens"]

_LIMIT_S = 1800


def prove(
    adapter: Path,
    base: Base,
    *,
    answers: str = "",
    dtype: str = "float32",
    parity: Path | None = None,
    threads: int = 0,
) -> dict[str, Any]:
    """Reload an adapter in a fresh process and measure it (`torch_proof.measure`).

    Args:
        adapter: Its published folder.
        base: What it was trained on.
        answers: The setting `inference_dtype`: it is proven in what answers are computed in, too; "" for `dtype`.
        dtype: "float32" or "bfloat16".
        parity: Logits of the trained model, to compare with.
        threads: CPU threads; 0 for torch's default.

    Returns:
        The receipt's data.

    Raises:
        AdapterError: The adapter does not fit, changes nothing, or the process died.
    """
    check_base(str(adapter), check_adapter_files(adapter), base)
    request = {
        "adapter": str(adapter),
        "base": str(base.path),
        "base_sha256": base.sha256,
        "dtype": dtype,
        "answers": answers,
        "parity": str(parity) if parity and parity.exists() else None,
        "threads": threads,
    }
    return _answered(request)


def prove_merged(
    adapter: Path, base: Base, merged: Path, *, dtype: str = "float32", threads: int = 0
) -> dict[str, Any]:
    """Compare a merged base with the base that has the adapter on, in a fresh process (`torch_proof.compare_merged`).

    Args:
        adapter: Its folder.
        base: What it was trained on.
        merged: The merged model's folder.
        dtype: To compute in.
        threads: CPU threads; 0 for torch's default.

    Returns:
        The receipt's data.

    Raises:
        AdapterError: The merge lost the adapter's effect, or the process died.
    """
    request = {
        "adapter": str(adapter),
        "base": str(base.path),
        "merged": str(merged),
        "dtype": dtype,
        "threads": threads,
    }
    return _answered(request)


def score_tokens(
    adapter: Path, base: Base, rows: Sequence[Sequence[int]], *, dtype: str, threads: int = 0
) -> dict[str, Any]:
    """Log-probabilities of tokens with the adapter on and off, in a fresh process (`torch_proof.token_logprobs`).

    Args:
        adapter: Its folder.
        base: What it was trained on.
        rows: Ids of texts.
        dtype: To compute in.
        threads: CPU threads; 0 for torch's default.

    Returns:
        "on" and "off": values of all rows' tokens but each one's first.

    Raises:
        AdapterError: It does not fit, or the process died.
    """
    return _answered(
        {
            "adapter": str(adapter),
            "base": str(base.path),
            "rows": [list(row) for row in rows],
            "dtype": dtype,
            "threads": threads,
        }
    )


def _answered(request: dict[str, Any]) -> dict[str, Any]:
    """What the fresh process answers to a request.

    Raises:
        AdapterError: An error of its own, or no answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        write_json(Path(folder) / "request.json", request)
        done = subprocess.run(
            [*python_module("codebase_gardener.adapters.torch_proof"), f"{folder}/request.json"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    lines = done.stdout.strip().splitlines()
    answer = _parse(lines[-1]) if lines else None
    if answer is None:
        tail = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise AdapterError(
            f"the proof of {request['adapter']} ended without an answer (exit {done.returncode}): {tail}",
            hint="there may be too little memory; free some and run it again",
        )
    if "error" in answer:
        raise AdapterError(answer["message"], hint=answer["hint"], context=answer["context"])
    return answer


def _parse(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
