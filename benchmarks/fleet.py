"""A fleet of small repositories on 1 and on 2 nodes of this machine: throughput, and what placing a job takes.

    python benchmarks/fleet.py [--repositories 20] [--nodes 1 2] [--steps 6] [--base ID] [--json]
    python benchmarks/fleet.py --repositories 100
    python benchmarks/fleet.py --waits 5    # compute is replaced by waits of so many seconds; the rest is as it is

Each repository is grown by `gardener grow --many FILE --on auto` on a cluster of `gardener cluster up --local N`, in a
home of its own. The aim: 2 nodes at least 1.8 times the repositories an hour of one, less than 2 s a job for placing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

FUNCTION = """

def {name}_{verb}(width, height):
    \"\"\"The {verb} of a {name}.\"\"\"
    if width < 0 or height < 0:
        raise ValueError("{name}: sizes must not be negative")
    return width * height + {number}
"""
FILES, VERBS = ("square", "circle", "kite", "oval"), ("area", "border", "middle")


def main() -> int:
    arguments = _arguments()
    rows = [_measured(arguments, nodes) for nodes in arguments.nodes]
    first = rows[0]
    for row in rows:
        row["ratio"] = row["per_hour"] / first["per_hour"]
        text = (
            "{nodes} nodes: {repositories} in {seconds:.1f} s, {per_hour:.0f} an hour, {ratio:.2f} x the first; "
            "{placing_s:.2f} s a job beside its work" + " (waits)" * bool(arguments.waits)
        )
        print(json.dumps(row) if arguments.json else text.format(**row))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repositories", type=int, default=20)
    parser.add_argument("--nodes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--waits", type=float, default=0.0, help="seconds in place of a grow")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def _measured(arguments: argparse.Namespace, nodes: int) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory(prefix="fleet-") as folder,
        _cluster(Path(folder), arguments, nodes) as environment,
    ):
        file = _repositories(Path(folder), arguments.repositories)
        begun = time.perf_counter()
        outcomes = _waited(file, arguments.waits) if arguments.waits else _grown(file, environment)
        took = time.perf_counter() - begun
    failed = [outcome for outcome in outcomes if outcome["state"] != "done"]
    assert len(outcomes) == arguments.repositories, outcomes
    assert not failed, failed
    work_s = sum(outcome["seconds"] for outcome in outcomes)
    return {
        "benchmark": "fleet",
        "nodes": nodes,
        "repositories": len(outcomes),
        "waits_s": arguments.waits,
        "seconds": took,
        "per_hour": 3_600 * len(outcomes) / took,
        "placing_s": (took * nodes - work_s) / len(outcomes),
    }


@contextmanager
def _cluster(folder: Path, arguments: argparse.Namespace, nodes: int) -> Iterator[dict[str, str]]:
    options = {"HOME": str(folder / "home"), "BASE": arguments.base, "MIN_FREE_BYTES": "0", "TRAINING__THREADS": "1",
               "TRAINING__STEPS": str(arguments.steps)}  # fmt: skip
    environment = {**os.environ, **{f"CODEBASE_GARDENER_{name}": value for name, value in options.items()}}
    os.environ.update(environment)
    _gardener(environment, "cluster", "up", "--local", str(nodes))
    try:
        yield environment
    finally:
        _gardener(environment, "cluster", "down")


def _gardener(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "codebase_gardener.cli.main", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _repositories(folder: Path, count: int) -> Path:
    for number in range(count):
        root = folder / f"r{number}"
        root.mkdir()
        for name in FILES:
            text = "".join(FUNCTION.format(name=name, verb=verb, number=number) for verb in VERBS)
            (root / f"{name}.py").write_text(text)
    file = folder / "repos.toml"
    file.write_text("".join(f'[[repository]]\nsource = "r{number}"\n' for number in range(count)))
    return file


def _grown(file: Path, environment: dict[str, str]) -> list[dict[str, Any]]:
    told = _gardener(environment, "grow", "--many", str(file), "--on", "auto", "--json")
    return [event for event in map(json.loads, told.splitlines()) if event["event"] == "ended"]


# ---- compute replaced by waits


def _waited(file: Path, seconds: float) -> list[dict[str, Any]]:
    from codebase_gardener.cluster.placing import on_cluster
    from codebase_gardener.config.settings import load_settings
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.gardener.fleet import run_fleet
    from codebase_gardener.gardener.fleet_file import read_fleet

    settings = load_settings()
    with Gardener(settings) as gardener, on_cluster(settings, "auto"):
        from codebase_gardener.cluster.ray_fleet import grow_on_ray

        def wait(row: dict[str, Any], news: Any) -> dict[str, Any]:
            news.tell.remote("began", row["name"])
            time.sleep(seconds)
            known = {"name": row["name"], "source": row["source"], "request": "", "state": "done"}
            return {**known, "ended": time.time(), "seconds": seconds}

        outcomes = run_fleet(gardener, read_fleet(file), _Silent(), grow_on_ray(settings, wait))
    return [asdict(outcome) for outcome in outcomes]


class _Silent:
    def began(self, name: str) -> None:
        pass

    def at(self, name: str, words: str) -> None:
        pass

    def said(self, name: str, message: str) -> None:
        pass

    def ended(self, outcome: object) -> None:
        pass


if __name__ == "__main__":
    sys.exit(main())
