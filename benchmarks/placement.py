"""What it costs to have a cluster place a training, in seconds a job: from the request to the worker's first event.

    python benchmarks/placement.py [--jobs 5] [--base smollm2-135m]

The same trainings are asked for on this host and on a cluster of one node of this machine, one after another, each
cancelled once its worker has begun. The difference of the medians is Ray's: an actor is made, a process of Ray's
becomes it, the registry is asked, the worker is started.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from codebase_gardener.cluster.local import down, up
from codebase_gardener.cluster.placing import placed
from codebase_gardener.config.settings import Settings, load_settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.directory import JobDirectory

ROWS = [{"prompt": f"def f{n}(x):\n", "completion": f"    return x + {n}\n"} for n in range(40)]
LIMIT_S = 600.0


def begin(gardener: Gardener, name: str) -> float:
    """Seconds from the request to the worker's first event; the training is cancelled then."""
    asked_at = time.time()
    ref = gardener.manager.create_adapter("demo", ROWS, name, {"steps": 1000, "max_epochs": 1000})
    job = next(job for job in gardener.registry.jobs("demo") if str(job.ref) == ref)
    events = JobDirectory(job.directory).events
    while (started := events.last("started")) is None:
        if time.time() - asked_at > LIMIT_S:
            raise TimeoutError(f"{ref} has not begun after {LIMIT_S:.0f} s")
        time.sleep(0.01)
    gardener.manager.trainings.cancel(job.id)
    return float(started["time"]) - asked_at


def measure(settings: Settings, jobs: int) -> dict[str, Any]:
    """Medians in seconds, on this host and placed."""
    with Gardener(settings) as gardener:
        gardener.base()
        here = [begin(gardener, f"here-{number}") for number in range(jobs)]
        started_at = time.monotonic()
        up(settings.home, 1, environment=settings.for_workers)
        up_s = time.monotonic() - started_at
        try:
            with placed(gardener, "auto"):
                there = [begin(gardener, f"placed-{number}") for number in range(jobs)]
        finally:
            down(settings.home)
    return {"here": here, "placed": there, "up_s": up_s}


def main() -> None:
    """Print both and their difference."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--jobs", type=int, default=5)
    parser.add_argument("--base", default=load_settings().base)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        settings = load_settings(home=Path(home), base=given.base, device="cpu", min_free_bytes=0)
        found = measure(settings, given.jobs)
    here, there = (statistics.median(found[name]) for name in ("here", "placed"))
    print(f"cluster up: {found['up_s']:.1f} s")
    for name in ("here", "placed"):
        print(
            f"{name:<7} {statistics.median(found[name]):6.2f} s a job ({', '.join(f'{s:.2f}' for s in found[name])})"
        )
    print(f"overhead of placement: {there - here:.2f} s a job (median of {given.jobs})")


if __name__ == "__main__":
    main()
