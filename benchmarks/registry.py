"""How long a project's adapters take to list, newest first, in a registry of 100,000; how fast processes write.

    python benchmarks/registry.py [--json] [--adapters 100000] [--url URL]
    python benchmarks/registry.py --writers 1 8 [--seconds 5] [--json] [--url URL]

Without --url it is a SQLite file in a temporary directory; with one it must be empty, and is left full.
With --writers, so many processes, each with a project of its own, reserve a job, claim one, beat, append ten events,
publish it, set it active, and begin again: six transactions.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codebase_gardener.registry import schema
from codebase_gardener.registry.rows import Publication
from codebase_gardener.registry.transactions import Registry
from codebase_gardener.utils.files import publish_dir
from codebase_gardener.utils.names import AdapterRef

TARGET_MS = 20.0
PAGE = 50
PROJECTS = 1_000
VERSION = {
    "active": False,
    "base_id": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "base_hash": "0" * 64,
    "dataset_hash": "1" * 64,
    "spec": {"r": 16, "alpha": 32, "target_modules": "all-linear", "dropout": 0.1, "batch_rows": 4},
    "files": {"adapter_model.safetensors": {"bytes": 9_000_000, "sha256": "2" * 64}},
    "bytes": 9_000_000,
    "commit": "3" * 40,
    "snapshot_id": "4" * 16,
    "metrics": {"loss_first": 2.1, "loss_last": 1.3, "tokens_per_s": 250.0},
    "libraries": {"torch": "2.13.0", "peft": "0.21.2", "transformers": "5.23.0"},
}


def main() -> int:
    arguments = _arguments()
    if arguments.writers:
        return _written(arguments)
    with _registry(arguments.url) as registry:
        spread = _fill(registry, "spread", PROJECTS, arguments.adapters // PROJECTS)
        _fill(registry, "large", 1, arguments.adapters)
        results = [
            *_results(registry, f"{arguments.adapters} over {PROJECTS} projects", spread[len(spread) // 2]),
            *_results(registry, f"{arguments.adapters} in one project", "large-0"),
        ]
    for result in results:
        print(json.dumps(result) if arguments.json else "{median_ms:8.2f} ms  {name}".format(**result))
    return int(any(result["median_ms"] > TARGET_MS for result in results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--adapters", type=int, default=100_000)
    parser.add_argument("--url", help="an empty database")
    parser.add_argument("--writers", type=int, nargs="+", help="measure writing, with so many processes")
    parser.add_argument("--seconds", type=float, default=5.0)
    return parser.parse_args()


def _written(arguments: argparse.Namespace) -> int:
    with _registry(arguments.url) as registry, tempfile.TemporaryDirectory() as folder:
        url = registry.database.url.render_as_string(hide_password=False)
        for writers in arguments.writers:
            asked = [(url, Path(folder), f"{writers}-{n}", arguments.seconds) for n in range(writers)]
            with multiprocessing.get_context("spawn").Pool(writers) as pool:
                done = pool.starmap(_write, asked)
            result = {
                "benchmark": "registry",
                "name": f"transactions that write, {writers} processes",
                "database": registry.database.url.drivername,
                "transactions_per_s": round(sum(count / took_s for count, took_s in done), 1),
                "seconds": arguments.seconds,
            }
            shown = "{transactions_per_s:8.1f} /s  {name}, {database}".format(**result)
            print(json.dumps(result) if arguments.json else shown, flush=True)
    return 0


_PER_ROUND = 6


def _write(url: str, folder: Path, name: str, seconds: float) -> tuple[int, float]:
    """Transactions and the seconds they took. Begins together with the others within the start of a process."""
    published = folder / name / "1"
    (folder / name / "staged").mkdir(parents=True)
    (folder / name / "staged" / "adapter_config.json").write_text("{}")
    files = publish_dir(folder / name / "staged", published)["files"]
    events = [(seq, {"kind": "step", "step": seq, "loss": 1.5}) for seq in range(1, 11)]
    work = {"dataset_hash": "1" * 64, "base_id": "base", "base_hash": "0" * 64, "device": "ray:cpu"}
    with Registry(url, connections=2) as registry:
        registry.add_project(name, f"/src/{name}", "git")
        begun, rounds = time.perf_counter(), 0
        while time.perf_counter() - begun < seconds:
            registry.reserve_job(name, "default", lambda job: folder / job, spec_hash=f"{rounds}", **work)
            while (job := registry.claim_next_job("ray:cpu", name)) is None:
                pass
            registry.beat(job.id, name)
            registry.append_job_events(job.id, events)
            registry.publish(job.id, Publication(published, files, 2), {})
            registry.set_active(job.project, job.adapter_name, job.version)
            rounds += 1
        return _PER_ROUND * rounds, time.perf_counter() - begun


@contextmanager
def _registry(url: str | None) -> Iterator[Registry]:
    with tempfile.TemporaryDirectory() as folder, Registry(url or Path(folder) / "registry.db") as registry:
        yield registry


def _fill(registry: Registry, prefix: str, projects: int, adapters: int) -> list[str]:
    """Adapters of `projects` projects, each with one version and a verdict, added in turns."""
    names = [f"{prefix}-{number}" for number in range(projects)]
    ids = [registry.add_project(name, f"/src/{name}", "git").id for name in names]
    step = max(1, 10_000 // projects)
    for start in range(0, adapters, step):
        _insert(registry, ids, range(start, min(start + step, adapters)))
    return names


def _insert(registry: Registry, project_ids: list[int], numbers: range) -> None:
    keys: list[dict[str, Any]] = [
        {"project_id": project, "name": f"adapter-{number}"} for number in numbers for project in project_ids
    ]
    stamp = {"created_at": "2026-11-21T08:36:59.123456+00:00"}
    adapters = [{**key, **stamp, "next_version": 2} for key in keys]
    versions = [{**VERSION, **stamp, **_place(**key)} for key in keys]
    with registry.database.write() as connection:
        connection.execute(schema.adapters.insert(), adapters)
        made = connection.execute(schema.versions.insert().returning(schema.versions.c.id), versions)
        verdicts = [
            {"version_id": number, "verdict": "helped", "data": {}, **stamp} for number in made.scalars()
        ]
        connection.execute(schema.verdicts.insert(), verdicts)


def _place(project_id: int, name: str) -> dict[str, Any]:
    directory = f"/home/projects/{project_id}/adapters/{name}/1"
    return {"project_id": project_id, "adapter_name": name, "version": 1, "directory": directory}


def _results(registry: Registry, where: str, project: str) -> list[dict[str, Any]]:
    page, one = f"a project's, newest first, page of {PAGE}", "the one that a project's name alone means"
    return [
        _result(registry, f"{where}: {page}", lambda: _list(registry, project)),
        _result(registry, f"{where}: {one}", lambda: registry.version(AdapterRef(project))),
    ]


def _result(registry: Registry, name: str, call: Callable[[], object], runs: int = 101) -> dict[str, Any]:
    times_ms = [_took_ms(call) for _ in range(runs)]
    return {
        "benchmark": "registry",
        "name": name,
        "database": registry.database.url.drivername,
        "median_ms": round(statistics.median(times_ms), 2),
        "p95_ms": round(statistics.quantiles(times_ms, n=20)[-1], 2),
        "target_ms": TARGET_MS,
        "runs": runs,
    }


def _took_ms(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def _list(registry: Registry, project: str) -> None:
    page = registry.versions(project, limit=PAGE)
    verdicts = registry.latest_verdicts(page)
    assert len(page) == len(verdicts) == PAGE
    assert all(newer.id > older.id for newer, older in itertools.pairwise(page))


if __name__ == "__main__":
    sys.exit(main())
