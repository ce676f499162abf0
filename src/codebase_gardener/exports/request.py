"""What is exported, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.bases.resolution import Base
from codebase_gardener.utils.progress import Progress, Reporter, silent

__all__ = ["ExportReport", "ExportRequest", "ExportTarget"]


@dataclass(frozen=True)
class ExportRequest:
    """An adapter that is to leave.

    Attributes:
        label: `project/name@version`, or its folder.
        files: Its checked files.
        base: What it was trained on, checked to be that.
        quantize: One of the target's `quantizations`; None: as the target does by itself.
        reporter: Who is told what is done.
        heldout: Prompts and what follows them, of code that the adapter was not trained on; empty of a folder.
        facts: What the registry knows of it: dataset, commit, receipts, verdict; empty of a folder.
        ollama_url: Where an Ollama server may listen; "" for none.
        create: What that server is to call the model; "" for not to make one.
        card: Whether a model card is written beside it, whatever the target.
        progress: Of the proof, where it takes long.
    """

    label: str
    files: AdapterFiles
    base: Base
    reporter: Reporter
    quantize: str | None = None
    heldout: Sequence[tuple[str, str]] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    ollama_url: str = ""
    create: str = ""
    card: bool = False
    progress: Progress = silent


@dataclass(frozen=True)
class ExportReport:
    """What an export did.

    Attributes:
        target: The row of `TARGETS`.
        adapter: Its label.
        files: File → bytes.
        notes: What was folded, merged or changed so that the other program takes it; what to type next.
        receipt: How near the export is to the adapter in memory, and how much of its effect is left.
        seconds: In all.
    """

    target: str
    adapter: str
    files: Mapping[str, int]
    notes: tuple[str, ...]
    receipt: Mapping[str, Any]
    seconds: float


@dataclass(frozen=True)
class ExportTarget:
    """A program or format that adapters are exported for.

    Attributes:
        write: Fills an empty folder; returns notes.
        prove: Reads what was written as that program would; returns the receipt's data, or raises `AdapterError`
            where the adapter's effect is lost.
        quantizations: What `--quantize` may be.
    """

    write: Callable[[ExportRequest, Path], list[str]]
    prove: Callable[[ExportRequest, Path], dict[str, Any]]
    quantizations: tuple[str, ...] = ()
