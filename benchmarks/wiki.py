"""How long the wiki of a repository takes: cold, after one file's edit, and as the repository grows.

    python benchmarks/wiki.py SOURCE [--copies 1 3 13] [--more] [--json]

SOURCE is a directory, such as the unpacked sdist of peft 0.18.0. For each number of copies a repository is made that
holds so many of them, each with its package under a name of its own (`peft_01`, …), and `gardener wiki build` is run
three times in an empty home: cold, after an edit that adds a function to a module of the package, and after one that
adds a comment above everything in it. Each run is a process of its own; time is wall clock with the start of the
process, and the processor's share of it; memory is the peak of that process. The last column compares seconds of
processor time a line with the first row's. With `--more` the first `gardener wiki search` of the cold wiki, the next
one, `gardener verify` and `gardener dataset` are run, too, each a process of its own.

Targets, on 2 cores that nothing else uses: one copy cold 25 s and 1 GB, an edit of it 1.5 s; a million lines (thirteen
copies of peft 0.18.0) cold 90 s and 2 GB; ten times the lines at most twelve times the time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

COLD_S, COLD_MB, EDIT_S, GROWTH = 25.0, 1024, 1.5, 1.2
MILLION_S, MILLION_MB = 90.0, 2048
_MORE = {
    "first search": ("wiki", "search", "tree", "how do I save a model"),
    "next search": ("wiki", "search", "tree", "how do I save a model"),
    "verify": ("verify", "tree"),
    "dataset": ("dataset", "tree"),
}
_NOT_COPIED = shutil.ignore_patterns(".git", "*.egg-info", "__pycache__")


@dataclass(frozen=True)
class Run:
    """A run of the command: seconds of wall clock, of the processor, and peak memory."""

    wall_s: float
    cpu_s: float
    peak_mb: int


@dataclass(frozen=True)
class Row:
    """What was measured for so many copies."""

    copies: int
    lines: int
    cold: Run
    function: Run
    comment: Run
    more: dict[str, Run]


def main() -> int:
    arguments = _arguments()
    rows: list[Row] = []
    if not arguments.json:
        print("| copies | lines | cold | of the processor | peak | new function | comment | time a line |")
        print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    for copies in arguments.copies:
        rows.append(_measured(arguments.source, copies, more=arguments.more))
        growth = _growth(rows[0], rows[-1])
        print(
            json.dumps({**asdict(rows[-1]), "growth": growth}) if arguments.json else _line(rows[-1], growth)
        )
        for name, run in rows[-1].more.items() if not arguments.json else ():
            print(f"{name}: {run.wall_s:.1f} s, {run.cpu_s:.1f} s of the processor, {run.peak_mb:,} MB")
    return int(not _reached(rows))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--copies", type=int, nargs="+", default=[1])
    parser.add_argument(
        "--more", action="store_true", help="searches, verify and dataset of the cold wiki, too"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser.parse_args()


def _growth(first: Row, row: Row) -> float:
    return round((row.cold.cpu_s / row.lines) / (first.cold.cpu_s / first.lines), 2)


def _line(row: Row, growth: float) -> str:
    return (
        f"| {row.copies} | {row.lines:,} | {row.cold.wall_s:.1f} s | {row.cold.cpu_s:.1f} s | {row.cold.peak_mb:,} MB "
        f"| {row.function.wall_s:.2f} s ({row.function.cpu_s:.2f}) | {row.comment.wall_s:.2f} s "
        f"({row.comment.cpu_s:.2f}) | {growth:.2f} |"
    )


def _reached(rows: list[Row]) -> bool:
    one = [row for row in rows if row.copies == 1]
    fast = all(
        row.cold.wall_s <= COLD_S
        and row.cold.peak_mb <= COLD_MB
        and max(row.function.wall_s, row.comment.wall_s) <= EDIT_S
        for row in one
    )
    million = [row.cold for row in rows if row.lines >= 1_000_000]
    fast &= all(cold.wall_s <= MILLION_S and cold.peak_mb <= MILLION_MB for cold in million)
    return fast and all(_growth(rows[0], row) <= GROWTH for row in rows)


def _measured(source: Path, copies: int, *, more: bool) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        root, home = Path(folder) / "tree", Path(folder) / "home"
        build = ("wiki", "build", str(root))
        package = _package(source)
        if copies == 1:
            shutil.copytree(source, root, ignore=_NOT_COPIED)
            module = root / package.relative_to(source)
        else:
            make_copies(source, root, copies)
            module = next(root.rglob(f"{package.name}_01"))
        module = max(module.glob("*.py"), key=lambda path: (path.stat().st_size, path.name))
        lines = sum(path.read_bytes().count(b"\n") for path in root.rglob("*") if path.is_file())
        cold = _run(home, *build)
        others = {name: _run(home, *command) for name, command in _MORE.items()} if more else {}
        with module.open("a") as file:
            file.write('\n\ndef benchmark_edit(x: int) -> int:\n    """Add one."""\n    return x + 1\n')
        function = _run(home, *build)
        module.write_text(f"# a comment\n{module.read_text()}")
        return Row(copies, lines, cold, function, _run(home, *build), others)


def make_copies(source: Path, root: Path, copies: int) -> None:
    """A repository in `root` of so many copies of one, each with its package under a name of its own."""
    name = _package(source).name
    for number in range(1, copies + 1):
        _copy(source, root, name, f"{name}_{number:02}")


def _package(source: Path) -> Path:
    """The folder of the repository's package: the largest with an `__init__.py` at the root or in `src`."""
    found = [path.parent for place in (source, source / "src") for path in place.glob("*/__init__.py")]
    found = [path for path in found if path.name not in ("tests", "test", "docs", "examples")]
    if not found:
        raise SystemExit(f"{source} has no Python package at its root or in src/")
    return max(found, key=lambda path: (len(list(path.rglob("*.py"))), path.name))


def _copy(source: Path, root: Path, name: str, other: str) -> None:
    """One more copy, in a folder of its own, with the package under another name wherever it is named."""
    word = re.compile(rf"(?<![A-Za-z0-9_-]){re.escape(name)}(?![A-Za-z0-9_-])".encode())
    copy = root / other
    shutil.copytree(source, copy, ignore=_NOT_COPIED)
    for path in sorted(copy.rglob("*"), reverse=True):
        if path.is_file():
            path.write_bytes(word.sub(other.encode(), path.read_bytes()))
        elif path.name == name:
            path.rename(path.with_name(other))


def _run(home: Path, *command: str) -> Run:
    gardener = Path(sys.executable).with_name("gardener")
    environment = {**os.environ, "CODEBASE_GARDENER_HOME": str(home)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as where they are installed
    started = time.perf_counter()
    process = subprocess.Popen(
        [gardener, *command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - started
    if status:
        raise SystemExit(f"gardener {' '.join(command)} failed")
    return Run(round(wall_s, 2), round(usage.ru_utime + usage.ru_stime, 2), _megabytes(usage))


def _megabytes(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)


if __name__ == "__main__":
    raise SystemExit(main())
