"""Chromium through Playwright, for tests of the page: clicks, what the browser says of errors, and axe."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from samples.node_packages import node_packages

__all__ = ["SIZES", "THEMES", "axe_violations", "browser", "check_view", "listening", "pictures"]

SIZES = {"wide": (1280, 900), "narrow": (400, 800)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@contextmanager
def browser(left_out: str) -> Iterator[Browser]:
    """One browser for a block; without one the test is left out, or fails in CI.

    Args:
        left_out: What is not tested then, in capitals.
    """
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        reason = f"{left_out}: there is no chromium; scripts/chromium.sh install brings it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield started
        finally:
            started.close()


def listening(page: Page) -> list[str]:
    """What the browser complains of from here on: errors of the console and of scripts."""
    told: list[str] = []
    page.on("console", lambda line: told.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    return told


def axe_violations(page: Page, left_out: str) -> list[str]:
    """What axe finds wrong with a view, a line each."""
    script = (node_packages(left_out) / "node_modules/axe-core/axe.min.js").read_text("utf-8")
    page.evaluate(script)  # not as an element: the page allows none
    found: dict[str, Any] = page.evaluate("() => axe.run()")
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]]


def check_view(page: Page, left_out: str, address: str, size: str, settles_in: float = 0.0) -> None:
    """That a view has nothing that axe finds, and no width beyond the screen's, in both themes.

    Args:
        page: The tab.
        left_out: As for `axe_violations`.
        address: The view's.
        size: A key of `SIZES`.
        settles_in: Milliseconds in which what it asks for itself has to be there; 0: it asks for nothing.
    """
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        page.goto(address)
        if settles_in:
            expect(page.locator("[data-refresh]")).to_have_count(0, timeout=settles_in)
        assert axe_violations(page, left_out) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def pictures(page: Page, folder: Path, name: str) -> None:
    """A view at both sizes, in both themes."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            page.screenshot(path=folder / f"{name}-{size}-{theme}.png", full_page=True)
