"""The view of projects, in a browser."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update

from codebase_gardener.page.processes import STOPPED
from codebase_gardener.registry import schema
from codebase_gardener.utils.files import FileLock
from codebase_gardener.utils.names import AdapterRef
from samples.browser import SIZES, check_view
from samples.queued_jobs import queue_job

from .conftest import LEFT_OUT, Home, served, tab
from .test_grow_runs import run_in

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>{{ 7*7 }}"
OVERVIEW = f"""---
type: Overview
name: garden_overview
title: "garden"
---
# garden

## Overview

Waters plants by the clock {HOSTILE}.
"""
PLAN = {"project": "garden", "revision": "c0ffee", "base": "tiny", "device": "cpu", "rows": 9, "minutes": 1.0,
        "heldout_functions": 2, "memory_bytes": 1, "disk_bytes": 1, "free_disk_bytes": 1, "start": "",
        "reasons": [], "warnings": []}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    with served(tmp_path_factory.mktemp("home") / "home") as made:
        registry = made.gardener.registry
        registry.add_project("garden", f"https://example.org/{HOSTILE}", "git")
        registry.add_project("empty", "/src/empty", "git")
        wiki = made.gardener.settings.projects_dir / "garden" / "wiki"
        wiki.mkdir(parents=True)
        (wiki / "_Overview.md").write_text(OVERVIEW)
        first = made.version("garden", verdict="hurt", reason=f"too few functions {HOSTILE}")
        news = {"parent": str(first.ref), "weights": "", "commit": None, "new_files": 1, "changed_files": 2,
                "new_rows": 9, "old_rows": 64}  # fmt: skip
        made.version("garden", verdict="helped", active=True, lineage=news)
        merged = {"merged_from": {str(first.ref): 0.5, "garden/default@2": 0.5}}
        made.version("garden", "blend", spec=merged)
        made.version("garden", "stray", spec={"imported_from": "/tmp/stray <b>"})
        yield made


def test_from_the_list_to_an_adapter_and_what_is_known_of_it(home: Home, page: Page) -> None:
    page.goto(home.url)
    assert page.url == f"{home.url}/page/projects"
    expect(page.get_by_role("listitem").filter(has_text="garden")).to_contain_text(
        "Waters plants by the clock {{ 7*7 }}"
    )
    page.get_by_role("link", name="garden", exact=True).click()
    row = page.get_by_role("row", name=re.compile("^default@2 "))
    expect(row).to_contain_text("active")
    expect(row).to_contain_text("helped")
    expect(row).to_contain_text("4 of 4 tensors")
    expect(row).to_contain_text("warm-started from garden/default@1")
    expect(page.get_by_role("row").filter(has_text="blend@1")).to_contain_text(
        "merged of garden/default@1 × 0.5 and"
    )
    expect(page.get_by_role("row").filter(has_text="stray@1")).to_contain_text("imported from /tmp/stray <b>")
    page.get_by_role("link", name="default@2", exact=True).click()
    expect(page.get_by_role("main")).to_contain_text("9 new rows of 1 new and 2 changed files")
    expect(page.get_by_role("main")).to_contain_text("Largest change of a logit")
    expect(page.get_by_role("link", name="See the verdict")).to_be_visible()
    assert page.locator("img").count() == 0


def test_an_adapter_leads_to_its_training_and_says_which_source_it_saw(home: Home, page: Page) -> None:
    registry = home.gardener.registry
    one = home.version("garden", "roots")
    job = queue_job(registry, lambda job_id: home.gardener.settings.jobs_dir / job_id, project="garden")
    with registry.at_home(), registry.database.write() as connection:
        made = schema.versions.c.id == one.id
        known = {
            "job_id": job.id,
            "commit": "tree:83789fce4db8a9a8",
            "metrics": {"beats_base": True, "tokens": 156408},
        }
        connection.execute(update(schema.versions).where(made).values(**known))
    page.goto(f"{home.url}/page/projects/garden")
    expect(page.get_by_role("row", name=re.compile("^roots@1 "))).to_contain_text(
        "trained at tree 83789fce4d"
    )
    page.get_by_role("link", name="roots@1", exact=True).click()
    main = page.get_by_role("main")
    expect(main).to_contain_text(re.compile(r"Better than the base on validation\s*yes"))
    expect(main).to_contain_text("156,408")
    expect(main.get_by_role("link", name="Measure it")).to_be_visible()
    expect(main.get_by_role("link", name="Its training")).to_have_attribute(
        "href", f"/page/trainings/{job.id}"
    )
    home.gardener.delete(one.ref)


def test_switch_disable_and_delete_by_clicks(home: Home, page: Page) -> None:
    gone = home.version("garden", "weeds")
    page.goto(f"{home.url}/page/projects/garden")
    page.get_by_role("button", name="Switch to garden/default@1").click()
    expect(page.get_by_role("button", name="Disable garden/default@1")).to_be_focused()
    assert home.gardener.registry.active_version("garden", "default") == 1
    page.get_by_role("button", name="Disable garden/default@1").click()
    assert home.gardener.registry.active_version("garden", "default") is None
    said = page.get_by_text("None is active: the base answers.")
    expect(said).to_be_visible()
    page.get_by_role("button", name="Switch to garden/default@2").click()
    expect(said).to_be_hidden()
    page.get_by_role("link", name="Delete garden/weeds@1").click()
    expect(page.get_by_role("link", name="Keep it")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Delete garden/weeds@1")).to_be_focused()
    page.get_by_role("link", name="Keep it").click()
    assert gone.directory.is_dir()
    page.get_by_role("link", name="Delete garden/weeds@1").click()
    page.get_by_role("button", name="Delete garden/weeds@1").click()
    expect(page.get_by_role("row", name=re.compile("^default@2 "))).to_be_visible()
    assert not gone.directory.exists()
    expect(page.get_by_role("status").filter(has_text="garden/weeds@1 is deleted.")).to_be_visible()
    page.goto(
        f"{home.url}/page/projects/garden?deleted=garden/default@2"
    )  # it is there: nothing false is said
    expect(page.get_by_role("row", name=re.compile("^default@2 "))).to_be_visible()
    assert page.get_by_text("is deleted.").count() == 0
    assert page.get_by_role("row").filter(has_text="weeds").count() == 0


def test_a_project_is_deleted_after_a_question(home: Home, page: Page) -> None:
    home.gardener.registry.add_project("doomed", "/src/doomed", "git")
    page.goto(f"{home.url}/page/projects")
    page.get_by_role("link", name="doomed", exact=True).click()
    page.get_by_role("link", name="Delete project").click()
    expect(page.get_by_role("main")).to_contain_text(
        "This removes the project with its wiki and its datasets."
    )
    page.get_by_role("button", name="Delete doomed").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="doomed is deleted.")).to_be_visible()
    assert "doomed" not in [row.name for row in home.gardener.projects()]


def test_a_project_without_a_repository_says_so(home: Home, page: Page) -> None:
    """It said "growing it makes one" of a wiki, and there was nothing to grow."""
    home.gardener.manager.ensure_project("loose")
    for path in ("projects?q=loose", "projects/loose"):
        page.goto(f"{home.url}/page/{path}")
        expect(page.get_by_role("main")).to_contain_text("It has no repository")
        expect(page.get_by_role("main")).not_to_contain_text("rows:")
    expect(page.get_by_role("link", name="Grow it again")).to_have_count(0)
    home.gardener.delete(AdapterRef("loose"))


def test_what_is_typed_filters_and_stands_in_the_address(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/projects")
    page.get_by_role("searchbox").press_sequentially("EMPT")
    expect(page.get_by_role("link", name="garden", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="empty", exact=True)).to_be_visible()
    assert page.url.endswith("?q=EMPT")
    page.reload()
    expect(page.get_by_role("link", name="garden", exact=True)).to_have_count(0)
    page.goto(f"{home.url}/page/projects?q=%25")
    expect(page.get_by_role("main")).to_contain_text("Nothing is called like that")


def test_all_views_are_in_sight_on_a_narrow_screen(home: Home, page: Page) -> None:
    page.set_viewport_size({"width": 400, "height": 800})
    for path in ("projects", "home"):
        page.goto(f"{home.url}/page/{path}")
        links = page.get_by_role("navigation", name="Views").get_by_role("link")
        assert links.count() == 8
        for link in links.all():
            expect(link).to_be_in_viewport(ratio=1)
            assert link.evaluate("node => getComputedStyle(node.parentElement).maskImage") == "none"


def test_while_it_grows_it_leads_to_its_training_and_its_wiki(home: Home, chromium: Browser) -> None:
    settings = home.gardener.settings
    run = run_in(settings.home, plan=PLAN, grown="")
    log = run.folder / "log.txt"
    log.write_text("".join(f"line {number}\n" for number in range(100)))
    lock = FileLock(run.folder / "lock")
    assert lock.acquire()
    far = {"stage": "training", "unit": "steps", "done": 0, "total": 0, "left_s": None}
    (run.folder / "progress.json").write_text(json.dumps(far))
    (run.folder / "process.json").write_text(json.dumps({"pid": 1, "create_time": time.time()}))
    job = queue_job(home.gardener.registry, lambda job_id: settings.jobs_dir / job_id, project="garden")
    with tab(chromium, allowed=lambda line: "ERR_FAILED" in line) as page:
        page.goto(f"{home.url}/page/grow/{run.id}")
        main = page.get_by_role("main")
        expect(main).to_contain_text("1 minute of training")
        expect(main.get_by_role("link", name="Read its wiki")).to_be_visible()
        watch = main.get_by_role("link", name="Watch the training")
        expect(watch).to_have_attribute("href", f"/page/trainings/{job.id}")
        said = main.get_by_role("group", name="Log")
        at_end = "node => node.scrollTop + node.clientHeight >= node.scrollHeight - 1"
        assert said.evaluate(at_end)
        log.write_text(log.read_text() + "the newest\n")
        expect(said).to_contain_text("the newest")
        assert said.evaluate(at_end)
        page.route("**/page/grow/*", lambda route: route.abort())
        expect(page.get_by_role("alert")).to_contain_text("The server does not answer")
        page.unroute("**/page/grow/*")
        expect(page.get_by_role("alert")).to_have_count(0)
        said.evaluate("node => { node.scrollTop = 40; }")
        log.write_text(log.read_text() + "newer still\n")
        expect(said).to_contain_text("newer still")
        assert said.evaluate("node => node.scrollTop") == 40
        watch.hover()
        page.mouse.down()
        with page.expect_response(f"**/page/grow/{run.id}"):
            log.write_text(log.read_text() + "while the button is pressed\n")
        page.wait_for_timeout(300)
        page.mouse.up()
        expect(page.get_by_role("heading", level=1)).to_have_text(str(job.ref))
        page.goto(f"{home.url}/page/projects/garden")
        expect(main).to_contain_text(f"{job.ref} waits for its training")
        main.get_by_role("link", name="Watch it").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(str(job.ref))
        (run.folder / "progress.json").write_text(json.dumps({**far, "stage": "evaluation"}))
        page.goto(f"{home.url}/page/grow/{run.id}")  # that training is another's
        expect(watch).to_have_count(0)
        expect(main.get_by_role("button", name="Stop")).to_be_visible()
        (run.folder / "progress.json").write_text(json.dumps(far))
        page.reload()
        main.get_by_role("button", name=f"Cancel {job.ref}").click()
        expect(page.locator("#state")).to_contain_text("It was cancelled")
    lock.release()
    run.discard()


def test_what_has_grown_leads_to_its_verdict(home: Home, page: Page) -> None:
    run = run_in(home.gardener.settings.home, plan=PLAN, grown={"adapter": "garden/default@2"})
    page.goto(f"{home.url}/page/grow/{run.id}")
    page.get_by_role("link", name="See the verdict").click()
    expect(page).to_have_url(f"{home.url}/page/verdict/garden/default/2")
    run.discard()


def test_a_run_that_trained_nothing_says_so(home: Home, page: Page) -> None:
    made = {"adapter": "garden/default@2", "was_there": True}
    run = run_in(home.gardener.settings.home, plan=PLAN, grown=made)
    page.goto(f"{home.url}/page/grow/{run.id}")
    expect(page.get_by_role("status")).to_contain_text("Nothing was trained: this version was there")
    run.discard()


def test_a_run_that_was_stopped_says_what_can_be_done_next(home: Home, page: Page) -> None:
    where = home.gardener.settings.home
    run = run_in(where, "20260101-000000-00000001", plan=PLAN, grown=STOPPED)
    page.goto(home.url)
    expect(page.get_by_text("garden of /src/garden, 00:00 UTC: was stopped")).to_be_visible()
    page.get_by_role("link", name="/src/garden").click()
    expect(page.get_by_role("status")).to_contain_text("What was done until then is kept")
    expect(page.get_by_role("button", name="Go on with it")).to_be_visible()
    page.get_by_role("button", name="Remove this run").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Projects")
    assert not run.folder.exists()
    run = run_in(where, "20260101-000000-00000001", plan="")
    lock = FileLock(run.folder / "lock")
    assert lock.acquire()
    page.goto(f"{home.url}/page/grow/{run.id}")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()  # it has no process: nothing is ended
    (run.folder / "plan.json").write_text(json.dumps(STOPPED))
    lock.release()
    expect(page.get_by_role("link", name="Plan it again")).to_be_visible()
    run.discard()


def test_a_run_whose_process_was_killed_is_shown(home: Home, page: Page) -> None:
    run = run_in(home.gardener.settings.home, plan=PLAN, grown="")
    page.goto(f"{home.url}/page/grow/{run.id}")
    expect(page.get_by_role("alert")).to_contain_text("The process ended before it was done")
    expect(page.get_by_role("list", name="Steps")).to_contain_text("Training and proof, failed")
    expect(page.get_by_role("button", name="Go on with it")).to_be_visible()
    run.discard()


def test_a_plan_that_nobody_wants_is_discarded(home: Home, page: Page) -> None:
    run = run_in(home.gardener.settings.home, plan=PLAN)
    page.goto(home.url)
    page.get_by_role("link", name="garden of /src/garden").click()
    page.get_by_role("button", name="Discard the plan").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Projects")
    assert page.get_by_role("link", name="garden of /src/garden").count() == 0
    assert not run.folder.exists()


@pytest.mark.parametrize("path", ["projects", "projects/garden", "projects/garden/default/2", "grow",
                                  "delete?what=garden/default@2"])  # fmt: skip
@pytest.mark.parametrize("size", SIZES)
def test_every_view_is_accessible_and_fits(home: Home, page: Page, path: str, size: str) -> None:
    check_view(page, LEFT_OUT, f"{home.url}/page/{path}", size)


@pytest.mark.parametrize("size", SIZES)
def test_what_is_met_on_the_way_is_accessible_and_fits(home: Home, chromium: Browser, size: str) -> None:
    """A plan with its warnings, a run that failed, the key's form, and an error."""
    told = {
        **PLAN,
        "reasons": [{"option": "batch_size", "value": 2, "why": "memory is short"}],
        "warnings": [{"rule": "busy machine", "text": "wait, or give --threads for the cores that are free"}],
    }
    failed = {"error": "ModelError", "message": "m" * 200, "hint": "name another base with --base"}
    runs = [
        run_in(home.gardener.settings.home, f"20260101-000000-0000000{number}", **files)
        for number, files in enumerate(({"plan": told}, {"plan": failed}))
    ]
    (runs[1].folder / "log.txt").write_text("l" * 300)
    places = {f"grow/{runs[0].id}": "“CPU threads”", f"grow/{runs[1].id}": "“Base model”", "sign-in": "API key",
              "projects/none": "there is no project"}  # fmt: skip
    with tab(chromium, allowed=lambda line: "404" in line) as page:
        for path, words in places.items():
            check_view(page, LEFT_OUT, f"{home.url}/page/{path}", size)
            expect(page.get_by_role("main")).to_contain_text(words)
    for run in runs:
        run.discard()


def test_a_thousand_adapters_are_listed_in_one_small_view_that_stands_still(
    page: Page, tmp_path: Path
) -> None:
    with served(tmp_path / "home") as many:
        registry = many.gardener.registry
        registry.add_project("orchard", "/src/orchard", "git")
        one = many.version("orchard")
        rows_like(many, one, 1000)
        page.goto(f"{many.url}/page/projects/orchard")
        sent = page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".reduce((sum, one) => sum + one.encodedBodySize, 0)"
        )
        slow = page.context.new_cdp_session(page)
        slow.send("Emulation.setCPUThrottlingRate", {"rate": 20})
        shift = 0
        for _ in range(3):  # a busy machine paints what it has read so far
            page.reload()
            shift += page.evaluate(
                "new Promise(done => new PerformanceObserver(list => done(list.getEntries().length))"
                ".observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 1000))"
            )
        slow.send("Emulation.setCPUThrottlingRate", {"rate": 1})
        assert page.get_by_role("row").count() == 51
        page.get_by_role("link", name="Older").click()
        expect(page.get_by_role("row").nth(1)).to_contain_text("tree@950")
    assert sent < 300_000
    assert shift == 0


def rows_like(home: Home, version: object, count: int) -> None:
    """Many versions that share the files of one."""
    from dataclasses import asdict

    from sqlalchemy import insert

    from codebase_gardener.registry import schema

    values = {column.name: asdict(version).get(column.name) for column in schema.versions.columns}  # type: ignore[call-overload]
    registry = home.gardener.registry
    project_id = registry.project("orchard").id
    registry.reserve_up_to("orchard", "tree", count)
    rows = [{**values, "id": None, "project_id": project_id, "adapter_name": "tree", "version": number, "active": False,
             "job_id": None} for number in range(1, count + 1)]  # fmt: skip
    with registry.at_home(), registry.database.write() as connection:
        connection.execute(
            insert(schema.versions), [{k: v for k, v in row.items() if k != "id"} for row in rows]
        )
