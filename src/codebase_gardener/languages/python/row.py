"""How Python is told and coloured; its readers are the files beside this one."""

from __future__ import annotations

import builtins
import keyword
import re

from codebase_gardener.languages.lexing import DOUBLE, HASH, SINGLE, Lexer
from codebase_gardener.languages.rows import Language

__all__ = ["PYTHON", "SOURCE_ROOTS", "is_python", "module_path"]

_PREFIX = "(?:[rRbBuUfF]{1,2}+)?"
_TRIPLE = tuple(
    rf"{_PREFIX}{mark * 3}(?:[^{mark}\\]++|\\.|{mark}(?!{mark * 2}))*+(?:{mark * 3})?" for mark in "\"'"
)

PYTHON = Language(
    (".py", ".pyi", ".pyw"), "#", True, ("SConstruct", "wscript"), ("python", "python3", "pypy", "py", "ipython"),
    aliases=("py", "python3", "py3", "pycon", "python-console", "python-repl", "doctest", "ipython", "ipython3",
             "testcode", "testsetup", "testcleanup"),
    lexer=Lexer(
        (HASH,), (*_TRIPLE, _PREFIX + DOUBLE, _PREFIX + SINGLE), " ".join(keyword.kwlist),
        " ".join(sorted(name for name in dir(builtins) if not name.startswith("_"))),
        decorators=True,
    ),
    opening=":",
    no_body=": ...",
    scripts=r"(?:setup|noxfile|tasks|fabfile|hatch_build|pdm_build)\.py",
    test_stem="(?:^|/)conftest",
    test=re.compile("_*test"),
    test_word=re.compile("test_"),
    trivial=r"pass|\.\.\.|raise NotImplementedError.*|return None",
)  # fmt: skip

SOURCE_ROOTS = ("", "src", "lib", "python", "py")
"""Folders that the modules of a project lie in."""


def is_python(path: str) -> bool:
    """Whether a file is Python by its ending."""
    return path.endswith(PYTHON.extensions)


def module_path(path: str) -> str:
    """A path without the ending of a Python file."""
    return path.rpartition(".")[0] if is_python(path) else path
