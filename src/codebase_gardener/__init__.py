"""Codebase Gardener: grows a model that knows your codebase, and proves it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Gardener": "codebase_gardener.gardener.facade",
    "PeftManager": "codebase_gardener.models.peft_manager",
    "Project": "codebase_gardener.gardener.project",
    "Receipt": "codebase_gardener.adapters.receipt",
    "Settings": "codebase_gardener.config.settings",
    "TrainingSpec": "codebase_gardener.training.spec",
    "CodebaseGardenerError": "codebase_gardener.utils.error_handling",
}

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604  the names are the table's keys


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing the package stays instant (PEP 562)."""
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
