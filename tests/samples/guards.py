"""Code that asks what is installed, and its evidence."""

from __future__ import annotations

from codebase_gardener.knowledge.environments.file_evidence import (
    KINDS,
    environment_evidence,
)
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.table import language_of

__all__ = ["GUARDS", "evidence"]


def evidence(path: str, text: str) -> list[tuple[str, ...]]:
    """(kind, scope, name, value, line) of each."""
    tree = parse_python(text) if path.endswith(".py") else None
    found = environment_evidence(path, language_of(path), text, None if isinstance(tree, str) else tree, ())
    last = text.count("\n") + 1
    assert all(one.kind in KINDS and 1 <= one.start <= one.end <= last for one in found)
    return [(one.kind, one.scope, one.name, one.value, one.start) for one in found]


GUARDS = """\
import importlib
import os
import sys
from packaging import version
import torch

HAS_RICH = importlib.util.find_spec("rich") is not None

def is_bnb_available():
    return importlib.util.find_spec("bitsandbytes") is not None

def is_gptq_available():
    minimum = version.parse("0.5.0")
    found = version.parse(importlib.metadata.version("auto_gptq"))
    if minimum <= found:
        return True
    raise ImportError(f"Found {found}, " + f"needs {minimum} or higher")

class Model:
    def load(self):
        if not is_bnb_available():
            raise RuntimeError("please install the `bnb` package")
        if version.parse(torch.__version__) < version.parse("2.1"):
            raise ImportError("torch is too old")
        if sys.version_info >= (3, 12):
            pass
        if sys.platform == "win32" or torch.cuda.is_available():
            return os.environ["HOME_DIR"], os.getenv("TOKEN", "x"), "cuda:0"
        raise ValueError("rank must be positive")

try:
    import scipy.stats
except (ImportError, AttributeError):
    scipy = None
"""
