"""How long `gardener --help` and `gardener adapters list` take, each as a process of its own.

    python benchmarks/startup.py [--json] [--runs 10]

The listing reads an existing registry with one project and no adapters. Median of the runs; one run before them
fills the file cache. Targets: 0.25 s and 0.6 s.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from codebase_gardener.registry.transactions import Registry

TARGETS_S = {"--help": 0.25, "adapters list": 0.6}


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as home:
        with Registry(Path(home) / "registry.sqlite") as registry:
            registry.add_project("demo", "/src/demo", "git")
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
    times_s = [_timed_s(command.split(), home) for _ in range(runs + 1)][1:]
    return {
        "command": f"gardener {command}",
        "median_s": round(statistics.median(times_s), 3),
        "slowest_s": round(max(times_s), 3),
        "target_s": TARGETS_S[command],
    }


def _timed_s(arguments: list[str], home: str) -> float:
    gardener = Path(sys.executable).with_name("gardener")
    environment = {**os.environ, "CODEBASE_GARDENER_HOME": home}
    started = time.perf_counter()
    subprocess.run([gardener, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _line(result: dict[str, float | str]) -> str:
    return "{median_s:.3f} s  {command} (slowest {slowest_s:.3f} s, target {target_s} s)".format(**result)


if __name__ == "__main__":
    sys.exit(main())
