"""Which engine answers: the one that is asked for, or the one that was faster here."""

from __future__ import annotations

import inspect
import platform
import shlex
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.sidecar import library_versions
from codebase_gardener.exports.llamacpp import is_installed
from codebase_gardener.serving.engine import Decoding, Engine, EngineRequest, Served
from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.files import read_json, write_json
from codebase_gardener.utils.limits import load_per_core

__all__ = ["ENGINES", "EngineName", "chosen"]

EngineName = Literal["torch", "llamacpp"]
ENGINES = ("auto", "torch", "llamacpp")
_TEXT = inspect.getsource(shlex)[:1_200]  # code that repeats itself little, or drafts would always be right
_TOKENS = 32
_BUSY = 0.5  # load of a core from which on figures are not kept

Open = Callable[[EngineName], Engine]
"""Starts an engine."""


def chosen(
    base: Base,
    start: Open,
    remembered: Path,
    torch_only: str = "",
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Engine, str]:
    """The faster engine, running, and why it was chosen.

    Args:
        base: What is measured: a prompt of real code and 32 tokens that are drawn, the fastest of four times.
        start: Starts an engine.
        remembered: File in which figures are kept: by base, machine and versions they are measured
            once, but for those of a busy machine.
        torch_only: Why llama.cpp cannot be used, where that is known.
        say: Told before what takes a while.
    """
    if not torch_only and not is_installed():
        torch_only = "llama.cpp is not installed (pip install xllamacpp)"
    if torch_only:
        return start("torch"), f"torch: {torch_only}"
    key = f"drawn {base.sha256[:16]} {platform.node()} {platform.processor()} {library_versions()}"
    figures: Mapping[str, Any] = _known(remembered).get(key, {})
    engines: dict[str, Engine] = {}
    busy = not figures and load_per_core() > _BUSY
    if not figures:
        say("both engines are measured, once on this machine: a minute, or more where it is busy")
        measured: dict[str, float] = {}
        for name in ("torch", "llamacpp"):
            try:
                engines[name] = start(name)
                measured[name] = _tokens_per_s(engines[name], base)
            except CodebaseGardenerError as error:  # what cannot be started is not chosen
                if name == "torch":
                    raise
                return engines["torch"], f"torch: {error.message}"
        figures = measured
        with suppress(OSError, CodebaseGardenerError):
            if not busy:
                write_json(remembered, {**_known(remembered), key: measured})
    best: EngineName = "llamacpp" if figures["llamacpp"] > figures["torch"] else "torch"
    for name, engine in engines.items():
        if name != best:
            engine.close()
    why = f"{best}: torch gives {figures['torch']:.0f} tokens/s here, llamacpp {figures['llamacpp']:.0f} (one stream)"
    why += "; other programs were busy meanwhile: the next start measures again" if busy else ""
    return engines.get(best) or start(best), why


def _known(file: Path) -> dict[str, Any]:
    try:
        return dict(read_json(file))
    except (OSError, ValueError, TypeError):
        return {}


def _tokens_per_s(engine: Engine, base: Base) -> float:
    ids, taken = engine.encode(base, _TEXT)
    rates = []
    for _ in range(4):  # another program may use the machine meanwhile
        started = time.perf_counter()
        said = 0
        for piece in engine.submit(
            EngineRequest(
                Served(base), tuple(ids), taken, Decoding(max_tokens=_TOKENS, temperature=1.0, seed=0)
            )
        ):
            said += piece.tokens
        rates.append(said / (time.perf_counter() - started))
    return max(rates)
