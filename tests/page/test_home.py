"""The view of the home, in a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from samples.browser import SIZES, check_view

from .conftest import LEFT_OUT, Home, served

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("home") / "home"
    folder.mkdir()
    (folder / "config.toml").write_text(f'ollama_model = "{HOSTILE}"\n')
    with served(folder, device="cpu", training={"r": 8}) as made:
        registry = made.gardener.registry
        registry.add_project("garden", f"https://example.org/{HOSTILE}", "git")
        made.version("garden")

        def directory(job_id: str) -> Path:
            return folder / "jobs" / job_id

        work = {
            "dataset_hash": "d" * 64,
            "base_id": "smollm2-135m",
            "base_hash": "0" * 64,
            "device": "here:cpu",
        }
        registry.reserve_job("garden", "waiting", directory, spec_hash="a" * 64, **work)
        failed = registry.reserve_job("garden", "failed", directory, spec_hash="b" * 64, **work)
        registry.fail_job(failed.id, f"the disk is full {HOSTILE}")
        merge = folder / "runs" / "merge" / "20260101-000000-00000000"
        merge.mkdir(parents=True)
        (merge / "log.txt").write_bytes(b"x" * 200_000)
        left = folder / "trash" / "left.behind"
        left.mkdir(parents=True)
        (left / "file").write_bytes(b"x" * 300_000)
        for path in (left / "file", left):
            os.utime(path, (1_600_000_000, 1_600_000_000))
        yield made


def test_doctor_comes_after_the_first_paint_and_its_button_mends(home: Home, page: Page) -> None:
    first = page.request.get(f"{home.url}/page/home").text()
    assert "are being looked at" in first
    assert "to come" in first
    page.goto(f"{home.url}/page/home")
    litter = page.get_by_role("row").filter(has_text="litter")
    expect(litter).to_contain_text("gardener doctor --fix", timeout=90_000)
    failed = page.get_by_role("row").filter(has_text="trainings").filter(has_text="1 failed")
    expect(failed).to_contain_text("gardener jobs show")
    expect(page.locator(".held").last).to_contain_text("trash")
    litter.get_by_role("button", name="Clear it").click()
    expect(litter).to_contain_text("cleared 1 leftovers", timeout=90_000)
    assert not (home.gardener.settings.home / "trash" / "left.behind").exists()
    expect(page.locator(".held").last).not_to_contain_text("trash")


def test_what_waits_what_holds_and_what_is_set(home: Home, page: Page) -> None:
    page.goto(f"{home.url}/page/home")
    main = page.get_by_role("main")
    expect(main.get_by_role("row").filter(has_text="garden/waiting@1")).to_contain_text("queued")
    expect(main.get_by_role("listitem").filter(has_text="garden/failed@1")).to_contain_text(HOSTILE)
    expect(main.get_by_role("row").filter(has_text="this server")).to_contain_text(re.compile(r"\d MB|\d GB"))
    expect(main.get_by_role("row").filter(has_text="Memory for loaded adapters")).to_have_text(
        re.compile(r"^Memory for loaded adapters, beside their base, in bytescache_bytes.*\d GB")
    )
    expect(main.get_by_role("row").filter(has_text="training.r")).to_have_text(
        re.compile(r"^Training: rank of the adaptertraining.r8")
    )
    expect(main.get_by_role("row").filter(has_text="ollama_model")).to_contain_text(f"{HOSTILE}file")
    expect(main.get_by_role("row").filter(has=page.get_by_text("device", exact=True)).last).to_contain_text(
        "cpucommand line"
    )
    expect(page.locator(".held").last).to_contain_text("logs of what the page started", timeout=90_000)
    expect(page.get_by_role("row").filter(has_text="adapters").last).to_contain_text("garden", timeout=90_000)
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("size", SIZES)
def test_it_is_accessible_and_fits(home: Home, page: Page, size: str) -> None:
    check_view(page, LEFT_OUT, f"{home.url}/page/home", size, settles_in=90_000)
