"""The page as a user sees it in Chromium: first paints, bytes, layout shifts, and what an hour of a training adds.

    python benchmarks/page.py REPOSITORY [--minutes 3.5] [--home HOME] [--built HOME] [--json]

Builds the wiki of REPOSITORY in an empty home, adds 1,000 adapters, and starts `gardener open` on it. "First paint"
is the browser's first contentful paint, counted from the click: the best and the median of the runs are told, since
other programs use the machine. "Cold" is the first page that a server shows after it said that it answers. Bytes are
those of the first view with an empty cache. Shifts are the cumulative layout shift of every view; with `--home`,
those of that home's views are measured, too. For the training an hour's events (one a second, as a small base makes
steps on 2 cores) are written over `--minutes`, while its page is open: the browser's JS heap after a collection, and
the server's resident set, before and after. Needs Chromium (`scripts/chromium.sh`).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import insert

from codebase_gardener.bases.resolution import Base
from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.queue import device_of_this_host
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.registry import schema
from codebase_gardener.registry.rows import ImportedAdapter, JobRow, Publication
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.utils.files import FileLock, publish_dir
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.paths import WikiPaths

ADAPTERS, PROJECTS = 1000, 20
EVENTS = 3600
EVENTS_A_TURN = 10
RUNS = 7
STARTS = 3
PAINTED = (
    "new Promise(done => new PerformanceObserver(list => { for (const one of list.getEntries())"
    " if (one.name === 'first-contentful-paint') done(one.startTime) }).observe({type: 'paint', buffered: true}))"
)
SENT = (
    "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    ".reduce((sum, one) => sum + one.transferSize, 0)"
)
SHIFTS = (
    "window.shifted = 0; new PerformanceObserver(list => { for (const one of list.getEntries())"
    " window.shifted += one.value }).observe({type: 'layout-shift', buffered: true})"
)
TARGETS = {"list_ms": 300, "wiki_cold_ms": 200, "wiki_warm_ms": 200, "sent_bytes": 300_000, "shift": 0.0,
           "heap_growth_bytes": 10_000_000, "server_growth_bytes": 10_000_000}  # fmt: skip


def main() -> int:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        if arguments.built:
            shutil.copytree(arguments.built, home)
        with Gardener(Settings(home=home)) as gardener:
            project = arguments.repository.name
            if not arguments.built:
                project = build_wiki(gardener, str(arguments.repository), Quiet()).project
            _fill(gardener)
            job, lock = _training(gardener)
            page = f"wiki/{project}/{_a_page(gardener, project)}"
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        results: dict[str, Any] = {"repository": arguments.repository.name}
        results |= _cold(browser, home, page)
        with _server(home) as (url, process):
            results |= _warm(browser, url, page)
            views = [*_VIEWS, page, f"wiki/{project}/index.html", f"wiki/{project}/changes",
                     f"trainings/{job.id}", f"projects/{project}", f"ask/{project}"]  # fmt: skip
            results["shifts"] = _shifts(browser, url, views)
            results |= _hour(browser, url, process, job, arguments.minutes)
        lock.release()
        if arguments.home:
            with _server(arguments.home) as (url, _):
                results["shifts"] |= _shifts(browser, url, _views_of(arguments.home))
        browser.close()
    results["shift"] = max(results["shifts"].values())
    print(json.dumps(results) if arguments.json else _table(results))
    return int(any(results[name] > target for name, target in TARGETS.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--minutes", type=float, default=3.5, help="in which an hour's events are written")
    parser.add_argument(
        "--built", type=Path, help="a home with the wiki of REPOSITORY, to leave out its building"
    )
    parser.add_argument("--home", type=Path, help="a home whose views' shifts are measured, too")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


# ---- what is looked at


def _fill(gardener: Gardener) -> None:
    """1,000 adapters in one project, and as many over 20."""
    registry, settings = gardener.registry, gardener.settings
    names = ["orchard", *(f"grove-{number:02}" for number in range(PROJECTS))]
    for name in names:
        registry.add_project(name, f"/src/{name}", "git")
    folder = settings.projects_dir / "orchard" / "adapters" / "default" / "v1"
    registry.reserve_version("orchard", "default")
    staged = settings.home / "staged"
    staged.mkdir()
    (staged / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    publish_dir(staged, folder)
    about = Publication.of(folder, spec={}, metrics={}, libraries={})
    one = registry.publish_imported(
        ImportedAdapter("orchard", "default", 1, "smollm2-135m", "0" * 64), about, {"tensors_matched": 1}
    )
    values = {column.name: asdict(one).get(column.name) for column in schema.versions.columns}
    tree = {"adapter_name": "tree", "active": False, "job_id": None}
    rows = []
    for name in names:
        count = ADAPTERS if name == "orchard" else ADAPTERS // PROJECTS
        registry.reserve_up_to(name, "tree", count)
        project_id = registry.project(name).id
        rows += [
            {**values, **tree, "project_id": project_id, "version": number} for number in range(1, count + 1)
        ]
    with registry.at_home(), registry.database.write() as connection:
        connection.execute(
            insert(schema.versions), [{k: v for k, v in row.items() if k != "id"} for row in rows]
        )


def _training(gardener: Gardener) -> tuple[JobRow, FileLock]:
    """One that is in training, this process being its worker."""
    registry, jobs = gardener.registry, gardener.settings.jobs_dir
    base = Base("smollm2-135m", gardener.settings.bases_dir, "local", "0" * 64, 0)
    spec = JobSpec(base, gardener.settings.home, "1" * 64, parse_spec({}), "cpu")

    def make(job_id: str) -> Path:
        directory = JobDirectory(jobs / job_id)
        directory.path.mkdir(parents=True)
        directory.write_spec(spec)
        return directory.path

    job = registry.reserve_job(
        "orchard", "live", make, spec_hash="2" * 64, dataset_hash="1" * 64, base_id=base.id,
        base_hash=base.sha256, device=device_of_this_host("cpu"),
    )  # fmt: skip
    lock = FileLock(JobDirectory(job.directory).lock)
    assert lock.acquire()
    assert registry.claim_job(job.id)
    events = JobDirectory(job.directory).events
    events.append("planned", steps=EVENTS, memory_bytes=2_000_000_000, dtype="float32", device="cpu")
    _step(job, 1, 11)
    return registry.job(job.id), lock


def _step(job: JobRow, first: int, end: int) -> None:
    """Steps as a worker writes them, with the validation of every hundredth."""
    rows: list[dict[str, object]] = []
    for n in range(first, end):
        smooth = 2.4 - n / EVENTS
        loss = smooth + 0.1 * (n * 7 % 11) / 11
        known = {"time": float(n), "step": n, "steps": EVENTS, "loss": loss}
        rows.append(
            {**known, "kind": "step", "smooth_loss": smooth, "tokens_per_s": 512.4, "elapsed_s": float(n),
             "eta_s": float(EVENTS - n), "rss_bytes": 1_234_000_000}
        )  # fmt: skip
        if n % 100 == 0:
            rows.append({**known, "kind": "validated", "base_loss": 2.5, "best_loss": loss, "best_step": n})
    with JobDirectory(job.directory).events.path.open("a") as log:
        log.write("".join(f"{json.dumps(row)}\n" for row in rows))


def _a_page(gardener: Gardener, project: str) -> str:
    """The largest page of an implementation."""
    folder = WikiPaths(gardener.settings.projects_dir / project).require() / "implementations"
    return f"implementations/{max(folder.glob('*.md'), key=lambda file: (file.stat().st_size, file.name)).stem}.html"


_VIEWS = ("projects", "projects/orchard", "grow", "trainings", "verdict", "ask", "merge", "wiki", "home")


def _views_of(home: Path) -> list[str]:
    """The views of what a home holds."""
    with Gardener(Settings(home=home)) as gardener:
        rows = gardener.registry.versions(limit=3)
        jobs = gardener.registry.jobs()
    of_rows = [
        f"{view}/{row.project}/{row.adapter_name}/{row.version}"
        for row in rows
        for view in ("projects", "verdict")
    ]
    return [*of_rows, *(f"trainings/{job.id}" for job in jobs[:3])]


# ---- the measurements


@contextmanager
def _server(home: Path) -> Iterator[tuple[str, psutil.Process]]:
    """`gardener open`, until the block ends."""
    command = [sys.executable, "-m", "codebase_gardener.cli.main", "open", "--no-browser"]
    environment = {**os.environ, "CODEBASE_GARDENER_HOME": str(home)}
    server = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout
        line = server.stdout.readline()
        if "/page/" not in line:
            raise SystemExit("the server did not start")
        yield line.partition("/page/")[0], psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(60)


@contextmanager
def _tab(browser: Browser) -> Iterator[Page]:
    """With an empty cache, and used before: a browser's own start is not the page's."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(180_000)  # a machine that is busy otherwise
    page = context.new_page()
    page.goto("data:text/html,<p>ready</p>")
    yield page
    context.close()


def _paint(page: Page, address: str) -> float:
    page.goto(address)
    return float(page.evaluate(PAINTED))


def _cold(browser: Browser, home: Path, wiki: str) -> dict[str, Any]:
    pages, lists = [], []
    for _ in range(STARTS):
        for view, times in ((wiki, pages), ("projects", lists)):
            with _server(home) as (url, _), _tab(browser) as page:
                times.append(_paint(page, f"{url}/page/{view}"))
    return {**_times("wiki_cold", pages), **_times("list_cold", lists)}


def _warm(browser: Browser, url: str, wiki: str) -> dict[str, Any]:
    found: dict[str, Any] = {"sent_bytes": 0}
    for name, view in (("list", "projects/orchard"), ("projects", "projects"), ("wiki_warm", wiki)):
        with _tab(browser) as page:
            _paint(page, f"{url}/page/{view}")
            sent = int(page.evaluate(SENT))
            found[f"{name}_sent_bytes"] = sent
            found["sent_bytes"] = max(found["sent_bytes"], sent)
            found |= _times(name, [_paint(page, f"{url}/page/{view}") for _ in range(RUNS)])
    return found


def _times(name: str, times: list[float]) -> dict[str, float]:
    return {f"{name}_ms": round(min(times), 1), f"{name}_median_ms": round(statistics.median(times), 1)}


def _shifts(browser: Browser, url: str, views: list[str]) -> dict[str, float]:
    """By view and width, after everything that a view asks for itself has come."""
    found = {}
    for width, height in ((1280, 900), (400, 800)):
        for view in views:
            with _tab(browser) as page:
                page.set_viewport_size({"width": width, "height": height})
                page.add_init_script(SHIFTS)
                page.goto(f"{url}/page/{view}")
                page.wait_for_timeout(1500)
                found[f"{view} {width}"] = round(float(page.evaluate("window.shifted")), 4)
    return found


def _hour(
    browser: Browser, url: str, process: psutil.Process, job: JobRow, minutes: float
) -> dict[str, float]:
    with _tab(browser) as page:
        page.goto(f"{url}/page/trainings/{job.id}")
        page.locator("[data-figure=step]").get_by_text(f"10 of {EVENTS:,}").wait_for()
        session = page.context.new_cdp_session(page)

        def held() -> tuple[int, int]:
            session.send("HeapProfiler.collectGarbage")
            return int(session.send("Runtime.getHeapUsage")["usedSize"]), process.memory_info().rss

        page.wait_for_timeout(5000)  # what a first minute of any page costs
        before, begun = held(), time.monotonic()
        for first in range(11, EVENTS, EVENTS_A_TURN):
            end = min(first + EVENTS_A_TURN, EVENTS)
            _step(job, first, end)
            ahead = begun + minutes * 60 * end / EVENTS - time.monotonic()
            page.wait_for_timeout(max(1.0, 1000 * ahead))
        page.locator("[data-figure=step]").get_by_text(f"{EVENTS - 1:,} of").wait_for()
        after = held()
    return {
        "hour_events": EVENTS,
        "hour_s": round(time.monotonic() - begun, 1),
        "heap_bytes": before[0],
        "heap_growth_bytes": after[0] - before[0],
        "server_bytes": before[1],
        "server_growth_bytes": after[1] - before[1],
    }


def _table(results: dict[str, Any]) -> str:
    rows = [
        f"{name:>24} {value:,}{f'  (aim: {TARGETS[name]:,})' if name in TARGETS else ''}"
        for name, value in results.items()
        if isinstance(value, (int, float))
    ]
    return "\n".join(
        [*rows, *(f"{'shift':>24} {value}  {view}" for view, value in results["shifts"].items() if value)]
    )


if __name__ == "__main__":
    sys.exit(main())
