#!/usr/bin/env python3
"""Which test file tests a file of src: its own, else those that reach it by the fewest imports.

    scripts/test_of.py src/codebase_gardener/merging/methods.py

`src/codebase_gardener/a/b.py` has `tests/a/test_b.py` (`test_torch_b.py` where the test needs torch). A module that
has none is tested through who imports it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SRC, TESTS, PACKAGE = ROOT / "src", ROOT / "tests", "codebase_gardener"


def main() -> int:
    """Print the test files, nearest first."""
    module = Path(sys.argv[1]).resolve()
    for path, steps in tests_of(module):
        print(f"{path.relative_to(ROOT)}{'' if not steps else f'  ({steps} imports away)'}")
    return 0


def tests_of(module: Path) -> list[tuple[Path, int]]:
    """The test files of a module, with how many imports lie between; those of the least distance only."""
    own = own_tests(module)
    if own:
        return [(path, 0) for path in own]
    users = imports()
    reached, steps, seen = {module}, 0, {module}
    while reached:
        steps += 1
        reached = {path for path, uses in users.items() if uses & reached} - seen
        seen |= reached
        tests = sorted(path for path in reached if path.is_relative_to(TESTS))
        if tests:
            return [(path, steps) for path in tests]
    return []


@cache
def imports() -> dict[Path, set[Path]]:
    """Of each file of src and each test: the modules that it imports; a test also what its conftest does."""
    names = {name_of(path): path for path in SRC.rglob("*.py")}
    found = {path: set(imported(path, names)) for path in names.values()}
    for test in TESTS.rglob("test_*.py"):
        conftest = test.parent / "conftest.py"
        found[test] = {used for path in (test, conftest) if path.exists() for used in imported(path, names)}
    return found


def own_tests(module: Path) -> list[Path]:
    """`tests/a/test_b.py` and `tests/a/test_torch_b.py` of `src/codebase_gardener/a/b.py`, where they are."""
    folder = TESTS / module.relative_to(SRC / PACKAGE).parent
    stem = module.stem.removeprefix("torch_")
    names = dict.fromkeys((f"test_{module.stem}.py", f"test_torch_{stem}.py"))
    return [folder / name for name in names if (folder / name).is_file()]


def name_of(path: Path) -> str:
    """The module's dotted name."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path, names: Mapping[str, Path]) -> Iterator[Path]:
    """The modules of src that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found = names.get(f"{node.module}.{alias.name}") or names.get(node.module)
                if found:
                    yield found
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            lazy = re.fullmatch(r"\.(\w+):\w+", node.value)  # a row of the table of commands
            found = names.get(node.value) or (lazy and names.get(f"{PACKAGE}.cli.{lazy[1]}"))
            if found:
                yield found  # run with `python -m`, or named lazily


if __name__ == "__main__":
    sys.exit(main())
