"""Each guard, and what a packaging file says, on small files; hostile ones end quickly and without a crash."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.environments.file_evidence import (
    KINDS,
    environment_evidence,
    manifest_evidence,
)
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.table import language_of
from codebase_gardener.manifests.table import read_manifest


def evidence(path: str, text: str) -> list[tuple[str, ...]]:
    """(kind, scope, name, value, line) of each."""
    tree = parse_python(text) if path.endswith(".py") else None
    found = environment_evidence(path, language_of(path), text, None if isinstance(tree, str) else tree, ())
    last = text.count("\n") + 1
    assert all(one.kind in KINDS and 1 <= one.start <= one.end <= last for one in found)
    return [(one.kind, one.scope, one.name, one.value, one.start) for one in found]


def rows(path: str, text: str, kind: str) -> list[tuple[str, ...]]:
    return [row[1:] for row in evidence(path, text) if row[0] == kind]


PYPROJECT = """\
[project]
name = "tool"
version = "1.2"
requires-python = ">= 3.10"
[project.optional-dependencies]
fast = ["uvloop~=0.19"]
"""
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


def test_guards() -> None:
    assert evidence("pkg/a.py", GUARDS) == [
        ("available", "", "rich", "", 7),
        ("available", "is_bnb_available", "bitsandbytes", "", 10),
        ("available", "is_gptq_available", "auto_gptq", "auto_gptq", 14),
        ("version", "is_gptq_available", "auto_gptq", ">=0.5.0", 15),
        ("raise", "is_gptq_available", "ImportError", "", 17),
        ("guard", "Model.load", "is_bnb_available", "", 21),
        ("raise", "Model.load", "RuntimeError", "", 22),
        ("version", "Model.load", "torch", ">=2.1", 23),
        ("raise", "Model.load", "ImportError", "", 24),
        ("version-check", "Model.load", "Python", ">=3.12", 25),
        ("platform", "Model.load", "win32", "", 27),
        ("device", "Model.load", "cuda", "", 27),
        ("environment-variable", "Model.load", "HOME_DIR", "", 28),
        ("environment-variable", "Model.load", "TOKEN", "'x'", 28),
        ("device-word", "Model.load", "cuda", "", 28),
        ("optional-import", "", "scipy", "31", 32),
    ]


def test_messages_have_their_constants() -> None:
    found = environment_evidence("pkg/a.py", "python", GUARDS, parse_python(GUARDS), ())  # type: ignore[arg-type]
    assert next(one.text for one in found if one.kind == "raise") == "Found {found}, needs 0.5.0 or higher"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('is_torch_version(">=", "2.1")', ("version-check", "torch", ">=2.1")),
        ('compare_versions("deepspeed", "<", "0.9.3")', ("version-check", "deepspeed", "<0.9.3")),
        ('require_version("x >= 1.2")', ("version-check", "x", ">=1.2")),
        ('_is_package_available("msamp", "ms-amp")', ("available", "msamp", "ms-amp")),
        ('import_optional_dependency("lxml")', ("available", "lxml", "")),
        ("is_npu_available()", ("device", "npu", "")),
        ('hasattr(torch, "mps") and torch.backends.mps.is_available()', ("device", "mps", "")),
        ('x = "A_KEY" in os.environ', ("environment-variable", "A_KEY", "")),
        ('os.environ.get("MY-VAR|x")', ("environment-variable", "MY-VAR|x", "")),
        ('x = os.environ["my.var"]', ("environment-variable", "my.var", "")),
        ('x = "A B" in os.environ or os.getenv("a-b")', ("environment-variable", "a-b", "")),
        ('if os.name == "nt": pass', ("platform", "nt", "")),
        ('parse_flag_from_env("DEBUG", False)', ("environment-variable", "DEBUG", "False")),
    ],
)
def test_forms_of_guards(line: str, expected: tuple[str, str, str]) -> None:
    assert expected in [(row[0], row[2], row[3]) for row in evidence("pkg/a.py", f"def f():\n    {line}\n")]


@pytest.mark.parametrize(
    "line",
    [
        'path_in_package("tests", "x")',
        'os.environ["X"] = "1"',
        "is_sorted(x)",
        'd.get("A_B")',
        'os.environ.get("A B=")',
        'request.environ.get("wsgi.input")',
        "raise Custom('x')",
    ],
)
def test_what_is_no_guard(line: str) -> None:
    assert evidence("pkg/a.py", f"def f():\n    {line}\n") == []


def test_other_languages_variables() -> None:
    assert rows("src/a.ts", "\nconst t = process.env.API_TOKEN;\n", "environment-variable") == [
        ("", "API_TOKEN", "", 2)
    ]
    assert rows("a.go", 'x := os.Getenv("HOME_DIR")', "environment-variable") == [("", "HOME_DIR", "", 1)]


def test_code_of_tests_and_examples_counts_for_nothing() -> None:
    assert evidence("tests/test_a.py", GUARDS) == evidence("examples/a.py", GUARDS) == []


def test_what_a_packaging_file_says() -> None:
    manifest = read_manifest("pyproject.toml", PYPROJECT)
    assert manifest is not None
    found = list(manifest_evidence(manifest))
    assert all(one.kind in KINDS for one in found)
    assert [(one.kind, one.scope, one.name, one.value, one.start, one.end) for one in found] == [
        ("package", "", "tool", "1.2", 2, 2),
        ("release", "", "1.2", "", 3, 3),
        ("runtime", "", "Python", ">=3.10", 4, 4),
        ("extra", "fast", "uvloop", "~=0.19", 6, 6),
    ]
    private = read_manifest("package.json", '{"name": "root", "version": "1", "private": true}')
    assert private is not None
    assert list(manifest_evidence(private)) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pkg/a.py", "x = " + "-" * 200 + "1 # is_a_available \n" + "y = '" + "cuda" * 250_000 + "'\n"),
        ("pkg/a.py", "x = [" + "'cuda', " * 100_000 + "]\n"),
        ("pkg/a.py", "x = " + " + ".join(["os.getenv('A_B')"] * 900) + "\n"),
        ("src/a.js", "process.env" * 100_000),
    ],
)
def test_large_files_end_in_time(path: str, text: str) -> None:
    start = time.process_time()
    evidence(path, text)
    assert time.process_time() - start < 5
