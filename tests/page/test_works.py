"""What the page started and works: how far it is, what it holds, and how it is stopped; in a browser."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from codebase_gardener.page.processes import OwnProcess, process_in
from codebase_gardener.page.works import works_of
from codebase_gardener.utils.files import FileLock, make_folder, write_json
from samples.browser import SIZES, check_view

from .conftest import LEFT_OUT, Home, served

pytestmark = pytest.mark.slow

WORKS = """
import json, os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as one that computes in C hears of it late
with open(os.environ["GARDENER_PROGRESS_FILE"], "w") as file:
    json.dump({"stage": "tokens", "unit": "rows", "done": 12, "total": 64, "left_s": 540.0}, file)
print("tokens: 12/64 functions, 0.1/s, ETA 540 s", file=sys.stderr)
time.sleep(600)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home in which every command that the page starts works until it is stopped."""
    script = tmp_path / "works.py"
    script.write_text(WORKS)
    monkeypatch.setattr(
        "codebase_gardener.page.processes.python_module", lambda _: [sys.executable, str(script)]
    )
    with served(tmp_path / "home") as made:
        made.gardener.registry.add_project("garden", "/src/garden", "git")
        made.version("garden", active=True)
        yield made
        for lock in (tmp_path / "home" / "runs").glob("**/lock"):
            OwnProcess(lock.parent).stop()


def tokens_of(home: Home) -> Path:
    return home.gardener.settings.home / "runs" / "evaluate" / "garden" / "default" / "1" / "tokens"


def test_a_measuring_says_how_far_it_is_and_is_stopped(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/default/1")
    page.get_by_role("button", name="Measure token by token").click()
    said = page.get_by_role("status").filter(has_text="under way")
    expect(said).to_have_text(
        "Measuring token by token of garden/default@1 is under way: "
        "12 of 64 times a function, with base or adapter, about 9 min left."
    )
    expect(page.get_by_text("ETA 540 s")).to_be_hidden()
    held = process_in(tokens_of(home))
    assert held
    stop = page.get_by_role("button", name="Stop the measuring token by token of garden/default@1")
    stop.focus()
    with page.expect_response(re.compile("/page/verdict/")):  # it is drawn anew while it works
        pass
    expect(stop).to_be_focused()
    stop.click()
    expect(page.get_by_role("main")).to_contain_text(
        "Measure token by token: stopped. Nothing of it was kept."
    )
    expect(page.get_by_role("alert")).to_have_count(0)
    assert not held.is_running() or held.status() == psutil.STATUS_ZOMBIE
    page.get_by_role("button", name="Measure token by token").click()
    expect(said).to_be_visible()


def test_the_build_of_a_wiki_says_how_far_it_is_and_is_stopped(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/wiki/garden/build")
    page.get_by_role("button", name="Build it").click()
    said = page.get_by_role("status")
    expect(said).to_have_text(
        "Building of the wiki of garden is under way: tokens: 12 of 64 rows, about 9 min left."
    )
    page.goto(f"{home.url}/page/home")
    expect(page.get_by_role("row").filter(has_text="works: tokens")).to_be_visible()
    page.get_by_role("button", name="Stop the building of the wiki of garden").click()
    expect(said).to_have_text("Stopped. It has none yet.")
    expect(page.get_by_role("button", name="Build it")).to_be_visible()


def test_it_stands_among_the_jobs_and_in_the_memory_of_home(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/default/1")
    page.get_by_role("button", name="Measure token by token").click()
    expect(page.get_by_role("status").filter(has_text="12 of 64")).to_be_visible()
    page.goto(f"{home.url}/page/home")
    jobs = page.get_by_role("row").filter(has_text="Measuring token by token of garden/default@1")
    expect(jobs.first).to_contain_text("works: 12 of 64 times a function")
    holds = page.locator(".held").first.get_by_role("row").filter(has_text="measuring token by token")
    expect(holds).to_contain_text(re.compile(r"\d MB"))
    page.get_by_role("link", name="Measuring token by token of garden/default@1").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("default@1")
    page.goto(f"{home.url}/page/home")
    page.get_by_role("button", name="Stop the measuring token by token of garden/default@1").click()
    expect(page.get_by_role("main")).to_contain_text("stopped")
    page.goto(f"{home.url}/page/home")
    expect(jobs).to_have_count(0)
    expect(page.get_by_role("row").filter(has_text="this server")).to_be_visible()


def test_who_asks_meanwhile_is_told_what_answers_wait_for(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/default/1")
    page.get_by_role("button", name="Measure token by token").click()
    expect(page.get_by_role("status").filter(has_text="12 of 64")).to_be_visible()
    page.route("**/v1/chat/completions", lambda route: None)  # no answer comes
    page.goto(f"{home.url}/page/ask/garden")
    page.get_by_label("Question about garden").fill("what is it?")
    page.get_by_role("button", name="Ask", exact=True).click()
    said = page.locator("#busy")
    expect(said).to_contain_text(
        "Answers come slowly beside the measuring token by token of garden/default@1, which takes this machine: 12"
    )
    told = {"stage": "tokens", "unit": "rows", "done": 13, "total": 64, "left_s": 510.0}
    (tokens_of(home) / "progress.json").write_text(json.dumps(told))
    expect(said).to_contain_text("13 of 64")
    said.get_by_role("button", name="Stop the measuring").click()
    expect(said).to_be_empty()
    expect(page).to_have_url(re.compile("/page/ask/garden"))
    assert OwnProcess(tokens_of(home)).was_stopped


@pytest.mark.parametrize("size", SIZES)
def test_what_works_is_accessible_and_fits(home: Home, page: Page, size: str) -> None:
    OwnProcess(tokens_of(home)).start(["evaluate"], {})
    check_view(page, LEFT_OUT, f"{home.url}/page/verdict/garden/default/1", size)
    check_view(page, LEFT_OUT, f"{home.url}/page/ask/garden/fill", size)
    check_view(page, LEFT_OUT, f"{home.url}/page/ask/garden/busy", size)


def test_only_what_the_page_started_is_stopped(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/verdict/garden/default/1")
    page.get_by_role("button", name="Measure token by token").click()
    token = page.locator("input[name=token]").first.input_value()
    sent = {"token": token, "what": "evaluate/garden/default/1/tokens/../tokens"}
    answer = page.request.post(f"{home.url}/page/stop", form=sent, headers={"Origin": home.url})
    assert answer.status == 404
    assert "can be stopped" in answer.text()
    assert OwnProcess(tokens_of(home)).runs


def test_a_merge_is_named_by_what_it_makes(tmp_path: Path) -> None:
    trial = tmp_path / "runs" / "merge" / "20260101-000000-00000000" / "trial"
    make_folder(trial)
    lock = FileLock(trial / "lock")
    assert lock.acquire()
    assert [one.words for one in works_of(tmp_path)] == ["trial of a merge into 20260101-000000-00000000"]
    write_json(trial.parent / "asked.json", {"into": "garden/both"})
    assert [one.words for one in works_of(tmp_path)] == ["trial of a merge into garden/both"]
    lock.release()
