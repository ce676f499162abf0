"""Which files are tests: trained on less, and not what a model is measured on where there is other code."""

from __future__ import annotations

import re

__all__ = ["is_test"]

_FOLDERS = re.compile(r"(^|/)(tests?|testing|testdata|__tests__|spec|specs|e2e)/", re.IGNORECASE)
_FILES = re.compile(
    r"(^|/)(test_[^/]*|[^/]*_test\.\w+|[^/]*\.(test|spec)\.\w+|conftest\.py|[^/]*Tests?\.java)$"
)


def is_test(path: str) -> bool:
    """Whether a path is that of test code, by the conventions of the known languages.

    Example:
        >>> is_test("tests/test_split.py"), is_test("pkg/split_test.go"), is_test("src/latest.py")
        (True, True, False)
    """
    return bool(_FOLDERS.search(path) or _FILES.search(path))
