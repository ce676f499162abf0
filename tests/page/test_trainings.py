"""The view of trainings, in a browser."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.dataset.user_rows import user_dataset
from codebase_gardener.dataset.writer import write_dataset
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import NewestEvents
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.jobs.queue import device_of_this_host
from codebase_gardener.jobs.spec import JobSpec
from codebase_gardener.page.grow_runs import GrowRun
from codebase_gardener.page.mounting import mounted_page
from codebase_gardener.page.training_feed import figures
from codebase_gardener.registry.rows import JobRow, Publication
from codebase_gardener.serving.server import ServeOptions, in_background, listen, opened
from codebase_gardener.training.spec import parse_spec
from codebase_gardener.utils.files import FileLock, publish_dir
from samples.browser import SIZES, axe_violations
from samples.queued_jobs import queue_job

from .conftest import LEFT_OUT, Home, served
from .test_grow_runs import CANCELLED, PLAN, run_in

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}"
ROWS = [
    {"prompt": f"def {HOSTILE}(x):\n", "completion": "    return 'é <|end|>'\n"},
    *({"prompt": f"def f{n}(x):\n", "completion": f"    return {n}\n"} for n in range(7)),
]
POINTS = "#curves [data-column='1']"


@dataclass
class Trainings(Home):
    """A home in which trainings are written by hand."""

    base: Path

    def job(self, name: str, device: str = "cpu") -> JobRow:
        """Ask for one: with its folder, and nothing that happened."""
        dataset = user_dataset(ROWS, heldout_share=0)
        folder = self.gardener.settings.projects_dir / "garden" / "datasets" / "rows"
        if not folder.exists():
            write_dataset(dataset, folder)
        training = parse_spec({"max_length": 96, "validation_rows": 0})
        spec = JobSpec(
            resolve_base(str(self.base), self.gardener.settings.bases_dir),
            folder,
            dataset.hash,
            training,
            "cpu",
        )

        def make(job_id: str) -> Path:
            directory = JobDirectory(self.gardener.settings.jobs_dir / job_id)
            directory.path.mkdir(parents=True)
            directory.write_spec(spec)
            return directory.path

        where = device if ":" in device else device_of_this_host(device)
        return queue_job(
            self.gardener.registry, make, project="garden", adapter_name=name, spec_hash=name, device=where
        )

    def begun(self, name: str, device: str, steps: int = 3, of: int = 20) -> tuple[JobRow, FileLock]:
        """One that is in training, its worker being this process."""
        job = self.job(name, device)
        lock = FileLock(JobDirectory(job.directory).lock)
        assert lock.acquire()
        assert self.gardener.registry.claim_job(job.id)
        events = JobDirectory(job.directory).events
        events.append("planned", steps=of, memory_bytes=2_000_000_000, dtype="float32", device="cpu")
        events.append("validated", step=0, loss=2.5, base_loss=2.5, best_loss=None, best_step=None)
        step(job, 1, steps + 1, of=of)
        return self.gardener.registry.job(job.id), lock


def step(job: JobRow, first: int, end: int, *, of: int = 20, loss: float = 0.0) -> None:
    """Steps as a worker writes them; `loss` 0: one that falls."""
    rows = [
        {"kind": "step", "time": 0.0, "step": n, "steps": of, "loss": now, "smooth_loss": now, "tokens_per_s": 512.4,
         "elapsed_s": 2.0 * n, "eta_s": 2.0 * (of - n), "rss_bytes": 1_234_000_000}
        for n in range(first, end) for now in [loss or 2.4 - n / of]
    ]  # fmt: skip
    with JobDirectory(job.directory).events.path.open("a") as log:
        log.write("".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Iterator[Trainings]:
    with served(tmp_path_factory.mktemp("home") / "home", device="cpu") as made:
        made.gardener.registry.add_project("garden", "/src/garden", "git")
        yield Trainings(made.gardener, made.url, tiny_base)


@pytest.fixture(scope="module")
def live(home: Trainings) -> Iterator[JobRow]:
    job, lock = home.begun("live", "cpu")
    yield job
    lock.release()


@pytest.fixture(scope="module")
def failed(home: Trainings) -> JobRow:
    job, lock = home.begun("failed", "other")
    JobDirectory(job.directory).log.write_text(f"Traceback {HOSTILE}\n")
    home.gardener.registry.fail_job(job.id, f"out of memory {HOSTILE}")
    lock.release()
    return home.gardener.registry.job(job.id)


@pytest.fixture(scope="module")
def ready(home: Trainings) -> JobRow:
    job, lock = home.begun("done", "third", steps=20)
    events = JobDirectory(job.directory).events
    events.append("validated", step=10, loss=1.9, base_loss=2.5, best_loss=1.9, best_step=10)
    folder = home.gardener.settings.projects_dir / "garden" / "adapters" / "done" / "1"
    staged = home.gardener.settings.home / "made"
    staged.mkdir()
    (staged / "adapter_config.json").write_text("{}")
    publish_dir(staged, folder)
    row = home.gardener.registry.publish(
        job.id, Publication.of(folder, spec={}, metrics={}, libraries={}), {}
    )
    arms = {"base": {"nats_per_token": 2.25}, "adapter": {"nats_per_token": 1.75}}
    home.gardener.registry.add_verdict(row, "helped", {"arms": arms})
    lock.release()
    return home.gardener.registry.job(job.id)


def address(home: Home, job: JobRow, more: str = "") -> str:
    return f"{home.url}/page/trainings/{job.id}{more}"


def last(page: Page) -> list[float]:
    """Step and loss of the newest point."""
    points = page.locator(POINTS).get_attribute("points") or ""
    step, loss = points.split(" ")[-1].split(",")
    return [float(step), -float(loss)]


def test_from_the_list_to_a_training_that_goes_on(
    home: Trainings, live: JobRow, failed: JobRow, page: Page
) -> None:
    page.goto(f"{home.url}/page/")
    page.get_by_role("link", name="Trainings").click()
    expect(page.get_by_role("row").filter(has_text="failed@1")).to_contain_text("out of memory <img src=x")
    page.get_by_role("searchbox").press_sequentially("live")
    expect(page.get_by_role("row").filter(has_text="failed@1")).to_have_count(0)
    expect(page.get_by_role("progressbar", name="Steps of garden/live@1")).to_be_visible()
    page.get_by_role("link", name="garden/live@1").click()
    expect(page.locator("[data-figure=step]")).to_have_text("3 of 20")
    expect(page.locator("[data-figure=speed]")).to_have_text("512 tokens/s")
    expect(page.locator("[data-figure=memory]")).to_have_text("1.2 GB so far, 2.0 GB planned")
    expect(page.locator("[data-figure=eta]")).to_have_text("34 s")
    assert last(page) == [3, 2.25]
    step(live, 4, 6)
    expect(page.locator("[data-figure=step]")).to_have_text("5 of 20")
    assert last(page) == [5, 2.15]
    step(live, 6, 7, loss=9.0)  # beyond the picture's edge: it is drawn anew
    expect(page.get_by_role("img", name="Loss by step")).to_have_attribute("viewBox", re.compile(r"^0 -9\."))
    JobDirectory(live.directory).events.append("resumed", step=3)
    step(live, 4, 5)
    expect(page.locator("#happened li").first).to_contain_text("goes on from step 3")
    assert last(page) == [4, 2.2]
    with JobDirectory(live.directory).log.open("a") as log:
        log.write(f"said {HOSTILE}\n")
    expect(page.locator("#log")).to_contain_text(f"said {HOSTILE}")
    assert page.locator("main img").count() == 0


def test_what_is_left_is_told_while_it_trains(home: Trainings) -> None:
    job, lock = home.begun("proved", "seventh", steps=2)
    events = JobDirectory(job.directory).events
    seen = NewestEvents(events)
    assert figures(job, seen.look(), TrainingProgress.of_job(job, seen))["eta"] != "–"
    events.append("stage", stage="proving")
    shown = figures(job, seen.look(), TrainingProgress.of_job(job, seen))
    assert (shown["stage"], shown["eta"]) == ("proving", "–")
    home.gardener.registry.cancel_job(job.id)
    lock.release()


def test_a_lone_point_is_seen_until_a_line_takes_its_place(home: Trainings, page: Page) -> None:
    """A line of one point has no length: the picture of a training's first step was empty."""
    job, lock = home.begun("lone", "eighth", steps=1)
    page.goto(address(home, job))
    area, lone = page.locator(".area"), page.locator("#curves .point")
    expect(lone).to_have_count(1)
    seen = area.screenshot()
    lone.evaluate("node => { node.style.display = 'none'; }")
    assert area.screenshot() != seen, "it is painted"
    step(job, 2, 3)
    expect(page.locator("[data-figure=step]")).to_have_text("2 of 20")
    expect(lone).to_have_count(0)
    assert last(page) == [2, 2.3]
    home.gardener.registry.cancel_job(job.id)
    lock.release()


def test_a_stream_goes_on_where_it_was_and_ends_with_the_training(home: Trainings) -> None:
    job, lock = home.begun("short", "fourth", steps=2)
    size = JobDirectory(job.directory).events.path.stat().st_size
    step(job, 3, 4)
    home.gardener.registry.cancel_job(job.id)
    lock.release()
    where = address(home, job, "/events")
    whole = httpx.get(where).text
    assert '"points": [[1, 2.35, 2.35], [2, 2.3, 2.3], [3, 2.25, 2.25]]' in whole
    assert whole.endswith('event: end\ndata: "cancelled"\n\n')
    rest = httpx.get(where, headers={"Last-Event-ID": str(size)}).text
    assert '"points": [[3, 2.25, 2.25]]' in rest
    assert f"id: {JobDirectory(job.directory).events.path.stat().st_size}\n" in rest
    assert httpx.get(where, headers={"Last-Event-ID": "-1"}).status_code == 400
    assert httpx.get(where, params={"after": "9" * 12}).text.endswith('data: "cancelled"\n\n')


def test_a_server_that_ends_ends_its_streams(home: Trainings, live: JobRow) -> None:
    gardener, options = home.gardener, ServeOptions(port=0, preload=False)
    with (
        listen(options.host, 0) as listening,
        opened(gardener.manager, gardener.wiki, gardener.current_adapter, options) as answering,
    ):
        port = listening.getsockname()[1]
        page = mounted_page(gardener)
        with (
            in_background(answering, listening, None, page, preload=False) as server,
            httpx.stream("GET", f"http://127.0.0.1:{port}/page/trainings/{live.id}/events") as answer,
        ):
            lines = answer.iter_lines()
            assert any(line.startswith("data:") for line in lines)
            server.should_exit, ending = True, time.monotonic()
            assert "event: bye" in list(lines)
    assert time.monotonic() - ending < 5, "s: it did not wait until it may end what runs"


def test_cancel_and_resume_by_buttons(home: Trainings, live: JobRow, page: Page) -> None:
    job, lock = home.begun("stopped", "elsewhere:cpu")
    lock.release()  # no worker is here to be ended
    page.goto(address(home, job))
    state = page.locator("#state")
    page.get_by_role("button", name="Cancel garden/stopped@1").click()
    expect(state).to_contain_text("It was cancelled")
    assert home.gardener.registry.job(job.id).state == "cancelled"
    expect(page.locator("#happened li").first).to_contain_text("cancelled")
    page.get_by_role("button", name="Resume garden/stopped@1").click()
    expect(state).to_contain_text("waits until its device is free")  # the other one trains there
    home.gardener.registry.cancel_job(job.id)
    expect(state).to_contain_text("It was cancelled")  # without a reload
    JobDirectory(job.directory).plan.write_text("{}")
    page.get_by_role("button", name="Begin anew").click()
    expect(state).to_contain_text("waits until its device is free")
    assert not JobDirectory(job.directory).plan.exists()
    home.gardener.registry.cancel_job(job.id)


def test_a_resumed_training_of_a_growing_goes_on_to_its_verdict(
    home: Trainings, live: JobRow, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, lock = home.begun("regrown", "elsewhere:cpu")
    lock.release()
    home.gardener.manager.trainings.cancel(job.id)
    ended = {"error": "TrainingError", "message": "…", "context": {"job": job.id, "state": "cancelled"}}
    older = run_in(home.gardener.settings.home, "20251231-000000-00000000", plan=PLAN, grown=ended)
    of_it = run_in(home.gardener.settings.home, plan=PLAN, grown=ended)
    other = run_in(home.gardener.settings.home, "20260102-000000-00000000", plan=PLAN, grown=CANCELLED)
    begun: list[tuple[str, str]] = []
    monkeypatch.setattr(GrowRun, "start", lambda run, _, resumed: begun.append((run.id, resumed)))
    page.goto(address(home, job))
    page.get_by_role("button", name="Resume garden/regrown@1").click()
    expect(page.locator("#state")).to_contain_text("waits until its device is free")
    assert begun == [(of_it.id, job.id)]
    stopped: list[str] = []
    monkeypatch.setattr(GrowRun, "stop", lambda run: stopped.append(run.id))
    (of_it.folder / "resumed").write_text(job.id)
    working = FileLock(of_it.folder / "lock")
    assert working.acquire()
    page.get_by_role("button", name="Cancel garden/regrown@1").click()
    expect(page.locator("#state")).to_contain_text("It was cancelled")
    assert stopped == [of_it.id], "it would have started the training again"
    working.release()
    for run in (older, of_it, other):
        run.discard()


def test_runs_lie_over_one_another_as_the_address_says(
    home: Trainings, ready: JobRow, failed: JobRow, page: Page
) -> None:
    page.goto(address(home, ready))
    picture = page.get_by_role("img", name="Loss by step")
    expect(picture).to_have_accessible_name(
        re.compile(
            "validation loss 1.900 at its best, step 10, 2.500 of the base; held-out functions: base 2.250"
        )
    )
    adapter = page.locator("#state").get_by_role(
        "link", name="The adapter"
    )  # which is drawn anew when it is ready
    expect(adapter).to_have_attribute("href", "/page/projects/garden/done/1")
    page.get_by_text("Other runs over this one").click()
    page.get_by_role("checkbox", name="garden/failed@1").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".keys li")).to_have_count(2)
    assert page.url.endswith(f"?with={failed.id}")
    expect(picture).to_have_accessible_name(re.compile("garden/failed@1: training loss"))
    dashes = page.locator(".lines .smooth").evaluate_all(
        "all => all.map(one => getComputedStyle(one).strokeDasharray)"
    )
    assert len(set(dashes)) == 2, "told apart without colour"
    page.reload()
    expect(page.locator(".keys li")).to_have_count(2)
    page.get_by_role("link", name="This one alone").click()
    expect(page.locator(".keys li")).to_have_count(1)


def test_rows_show_what_is_trained_on(home: Trainings, ready: JobRow, page: Page) -> None:
    page.goto(address(home, ready))
    page.get_by_role("link", name="Its rows").click()
    row = page.get_by_role("group").filter(has_text="onerror")
    expect(row).to_contain_text(HOSTILE)
    assert row.locator("mark").all_inner_texts() == ["\n    return 'é <|end|>'\n", "<|end|>"]
    assert row.locator(".control").all_inner_texts() == ["<|end|>"], "the letters in the row are none"
    expect(page.get_by_role("main")).to_contain_text("Rows 1 to 5 of 8")
    page.get_by_role("link", name="Next rows").click()
    expect(page.get_by_role("main")).to_contain_text("Rows 6 to 8 of 8")
    assert page.locator("main img").count() == 0


@pytest.mark.parametrize("size", SIZES)
def test_every_view_is_accessible_and_fits(
    home: Trainings, live: JobRow, ready: JobRow, failed: JobRow, page: Page, size: str
) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(reduced_motion="reduce")
    where = [f"{home.url}/page/trainings", address(home, live), address(home, failed), address(home, ready, "/rows"),
             address(home, ready, f"?with={failed.id}&with={live.id}")]  # fmt: skip
    for theme in ("light", "dark") if size == "wide" else ("dark",):  # colours do not depend on the size
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for one in where:
            page.goto(one)
            assert axe_violations(page, LEFT_OUT) == []
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_hour_of_steps_makes_the_page_little_larger(home: Trainings, page: Page) -> None:
    job, lock = home.begun("long", "sixth", of=36_000)
    page.goto(address(home, job))
    browser = page.context.new_cdp_session(page)

    def held() -> float:
        browser.send("HeapProfiler.collectGarbage")
        return float(browser.send("Runtime.getHeapUsage")["usedSize"])

    step(job, 4, 20, of=36_000)
    expect(page.locator("[data-figure=step]")).to_have_text("19 of 36,000")
    before = held()
    for first in range(20, 36_000, 7_196):
        step(job, first, first + 7_196, of=36_000)
        expect(page.locator("[data-figure=step]")).to_have_text(
            f"{first + 7_195:,} of 36,000", timeout=20_000
        )
    expect(page.locator(POINTS)).to_have_attribute(
        "points", re.compile(r"(35999|36000),\S+$"), timeout=20_000
    )
    points = (page.locator(POINTS).get_attribute("points") or "").split(" ")
    assert 100 < len(points) <= 800
    assert held() - before < 10_000_000, "bytes"
    home.gardener.registry.cancel_job(job.id)
    lock.release()
