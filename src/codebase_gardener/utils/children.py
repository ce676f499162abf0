"""Python processes that we start."""

from __future__ import annotations

import sys

__all__ = ["python_module"]


def python_module(name: str) -> list[str]:
    """The command that runs a module: `-P`, so that no file of the current folder, a stranger's, is imported for it."""
    return [sys.executable, "-P", "-m", name]
