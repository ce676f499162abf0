"""How long `gardener --help` and the commands that only look take, each as a process of its own.

    python benchmarks/startup.py [--json] [--runs 10]

The listings read an existing registry with one project, and no adapters or trainings. `wiki search` and `ask` (a
question that the graph answers) are about a repository of one module. Median of the runs, of wall clock and of the
processor; one run before them fills the file cache and builds the indexes. Targets, on cores that nothing else uses:
0.1 s for --help, 0.3 s for listings, 0.8 s for what reads a wiki.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGETS_S = {
    "--help": 0.1,
    "adapters list": 0.3,
    "jobs list": 0.3,
    "wiki search demo grow": 0.8,
    "ask demo 'where is grow?'": 0.8,
}
CODE = 'def grow(plant: str) -> str:\n    """Grow a plant."""\n    return plant\n'


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / "demo").mkdir()
        (Path(home) / "demo/demo.py").write_text(CODE)
        (Path(home) / "demo/README.md").write_text(
            "# Demo\n\n```python\nfrom demo import grow\n\ngrow('oak')\n```\n"
        )
        _times_s(["wiki", "build", f"{home}/demo"], home)
        results = [_result(command, home, arguments.runs) for command in TARGETS_S]
    for result in results:
        print(json.dumps(result) if arguments.json else _line(result))
    return int(any(result["median_s"] > result["target_s"] for result in results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--runs", type=int, default=10)
    return parser.parse_args()


def _result(command: str, home: str, runs: int) -> dict[str, float | str]:
    times = [_times_s(shlex.split(command), home) for _ in range(runs + 1)][1:]
    return {
        "command": f"gardener {command}",
        "median_s": round(statistics.median(wall_s for wall_s, _ in times), 3),
        "cpu_s": round(statistics.median(cpu_s for _, cpu_s in times), 3),
        "slowest_s": round(max(wall_s for wall_s, _ in times), 3),
        "target_s": TARGETS_S[command],
    }


def _times_s(arguments: list[str], home: str) -> tuple[float, float]:
    """Of wall clock, and of the processor."""
    gardener = Path(sys.executable).with_name("gardener")
    environment = {**os.environ, "CODEBASE_GARDENER_HOME": home}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as where they are installed
    started = time.perf_counter()
    process = subprocess.Popen(
        [gardener, *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"gardener {' '.join(arguments)} failed")
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


def _line(result: dict[str, float | str]) -> str:
    words = (
        "{median_s:.3f} s ({cpu_s:.3f} s of CPU)  {command} (slowest {slowest_s:.3f} s, target {target_s} s)"
    )
    return words.format(**result)


if __name__ == "__main__":
    sys.exit(main())
