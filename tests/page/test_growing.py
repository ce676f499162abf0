"""By clicks from an empty home to an adapter that answers: the plan, the training, the verdict, a question."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from .conftest import served, tab

PATIENCE_MS = 240_000


@pytest.mark.slow
def test_from_an_empty_home_to_an_adapter_that_answers(
    chromium: Browser,
    small_repository: Path,
    tiny_base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = {"dtype": "float32", "threads": 1, "max_length": 256, "steps": 2, "r": 4}
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    settings = {"base": str(tiny_base), "device": "cpu", "offline": True, "min_free_bytes": 0}
    (tmp_path / "home").mkdir()
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]  # for the processes
    lines += ["[training]", *(f"{name} = {json.dumps(value)}" for name, value in training.items())]
    (tmp_path / "home" / "config.toml").write_text("\n".join(lines))
    with served(tmp_path / "home", **settings) as home, tab(chromium) as page:
        page.goto(home.url)
        main = page.get_by_role("main")
        expect(main).to_contain_text("Nothing grows here yet")
        main.get_by_role("link", name="Grow a project").click()
        page.get_by_label("Repository").fill(str(small_repository))
        page.get_by_role("button", name="Make the plan").click()
        page.get_by_role("button", name="Start the training").click(timeout=PATIENCE_MS)
        main.get_by_role("link", name="Watch the training").click(timeout=PATIENCE_MS)
        expect(page.locator("#state")).to_contain_text("It is trained and proven", timeout=PATIENCE_MS)
        page.go_back()
        main.get_by_role("link", name="See the verdict").click(timeout=PATIENCE_MS)
        expect(main).to_contain_text("times as likely as with the base")
        page.get_by_role("link", name="The adapter").click()
        page.goto(f"{home.url}/page/ask/geometry?q=what+is+area%3F&tokens=4")
        answers = page.get_by_role("article")
        expect(answers).to_have_count(2)
        for at in range(2):
            expect(answers.nth(at).get_by_role("status")).to_contain_text("done", timeout=PATIENCE_MS)
