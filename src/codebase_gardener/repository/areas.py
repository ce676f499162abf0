"""Which part of a repository a file belongs to, by its path alone."""

from __future__ import annotations

import re

__all__ = ["AREAS", "area_of"]

AREAS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("tests", re.compile(r"(^|/)(tests?|testing_data|__tests__|spec|e2e)/|(^|/)(test_[^/]*|conftest)\.py$"
                         r"|_test\.(py|go)$|\.(test|spec)\.[jt]sx?$|(^|/)src/test/")),
    ("benchmarks", re.compile(r"(^|/)(benchmarks?|perf|asv_bench|method_comparison)/|_bench\.py$")),
    ("examples", re.compile(r"(^|/)(examples?|demos?|samples?|tutorials?|notebooks?|cookbook|docs_src)(/|$)|\.ipynb$")),
    ("docs", re.compile(r"(^|/)(docs?|documentation|website|site)(/|$)"
                        r"|(^|/)(readme|contributing|changelog|changes|history|news|authors|security|code_of_conduct)"
                        r"[^/]*$|\.(md|mdx|rst)$", re.IGNORECASE)),
    ("scripts", re.compile(r"(^|/)(scripts?|tools?|ci|\.github|\.circleci|\.gitlab)/")),
)  # fmt: skip
"""Area and the paths that belong to it; the first row that matches decides."""

_CODE = re.compile(
    r"\.(py|pyi|go|[jt]sx?|[cm][jt]s|rs|java|kt|c|h|cc|cpp|cxx|hpp|cu|cuh|rb|cs|swift|scala|php)$"
)


def area_of(path: str) -> str:
    """ "tests", "benchmarks", "examples", "docs", "scripts", "package" (other code) or "other".

    Example:
        >>> area_of("src/peft/auto.py"), area_of("tests/test_auto.py"), area_of("README.md"), area_of("setup.cfg")
        ('package', 'tests', 'docs', 'other')
    """
    for area, pattern in AREAS:
        if pattern.search(path):
            return area
    if path in ("setup.py", "noxfile.py", "conftest.py", "tasks.py", "fabfile.py"):
        return "other"
    return "package" if _CODE.search(path) else "other"
