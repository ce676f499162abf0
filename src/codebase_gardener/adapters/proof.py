"""No adapter is ready before a fresh process has reloaded it and measured its effect: the receipt."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from codebase_gardener.adapters.files import check_adapter_files, check_base
from codebase_gardener.bases.resolution import Base
from codebase_gardener.utils.children import python_module
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["Prover", "prove", "prove_merged", "score_tokens"]

_LIMIT_S = 1800


class Prover:
    """A fresh process for one proof. Started ahead it makes its imports meanwhile; at the end of the block it is gone.

    Example:
        >>> with Prover() as prover:
        ...     prover.start()  # what is to be proven is still being written
        ...     receipt = prove(adapter, base, prover=prover)
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            if self._process.poll() is None:
                self._process.kill()
            with suppress(OSError, ValueError):  # closed, or what was to be written has no reader any more
                self._process.communicate()

    def start(self) -> None:
        """Begin, unless it has begun; it holds no model before it is asked."""
        self._begun()

    def _begun(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                python_module("codebase_gardener.adapters.proof_process"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        return self._process

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What the process answers to a request, the only one that it takes.

        Raises:
            AdapterError: An error of its own, or no answer.
        """
        process = self._begun()
        output, errors = process.communicate(json.dumps(request), timeout=_LIMIT_S)
        lines = output.strip().splitlines()
        answer = _parse(lines[-1]) if lines else None
        if answer is None:
            tail = (errors.strip().splitlines() or ["no output"])[-1]
            raise AdapterError(
                f"the proof of {request['adapter']} ended without an answer (exit {process.returncode}): {tail}",
                hint="there may be too little memory; free some and run it again",
            )
        if "error" in answer:
            raise AdapterError(answer["message"], hint=answer["hint"], context=answer["context"])
        return answer


def prove(
    adapter: Path,
    base: Base,
    *,
    answers: str = "",
    dtype: str = "float32",
    parity: Path | None = None,
    threads: int = 0,
    prover: Prover | None = None,
) -> dict[str, Any]:
    """Reload an adapter in a fresh process and measure it (`torch_proof.measure`).

    Args:
        adapter: Its published folder.
        base: What it was trained on.
        answers: The setting `inference_dtype`: it is proven in what answers are computed in, too; "" for `dtype`.
        dtype: "float32" or "bfloat16".
        parity: Logits of the trained model, to compare with.
        threads: CPU threads; 0 for torch's default.
        prover: The process, where one was started ahead.

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
    return prover.answer(request) if prover is not None else _answered(request)


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


def _answered(request: Mapping[str, Any]) -> dict[str, Any]:
    with Prover() as prover:
        return prover.answer(request)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
