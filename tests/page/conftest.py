"""A home with projects and adapters in it, a server with the page, and one browser for a file of tests."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from httpx2 import Response
from playwright.sync_api import Browser, Page
from starlette.testclient import TestClient

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.page.mounting import mounted_page
from codebase_gardener.registry.rows import ImportedAdapter, Publication, VersionRow
from codebase_gardener.serving.api_keys import ApiKeys
from codebase_gardener.serving.app import build_app
from codebase_gardener.serving.server import ServeOptions, in_background, listen, opened
from codebase_gardener.utils.files import publish_dir
from samples.browser import browser as started
from samples.browser import listening as complaints_of

LEFT_OUT = "THE PAGE IS NOT TESTED IN A BROWSER"


@dataclass
class Home:
    """A server with the page over a home of its own."""

    gardener: Gardener
    url: str

    def version(self, project: str, adapter: str = "default", **about: object) -> VersionRow:
        """Publish small files as a version; `spec`, `lineage`, `verdict`, `reason`, `active`: what is known of it."""
        registry = self.gardener.registry
        number = registry.reserve_version(project, adapter)
        folder = self.gardener.settings.projects_dir / project / "adapters" / adapter / f"v{number}"
        staged = self.gardener.settings.home / "staged"
        staged.mkdir()
        (staged / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
        publish_dir(staged, folder)
        row = registry.publish_imported(
            ImportedAdapter(project, adapter, number, "smollm2-135m", "0" * 64, commit="c0ffee" * 6),
            Publication.of(
                folder,
                spec=about.get("spec", {}),
                metrics={"last_loss": 1.25},
                libraries={},
                lineage=about.get("lineage"),
            ),
            {"tensors_matched": 4, "tensors_expected": 4, "max_logit_difference": 0.5},
        )
        if word := about.get("verdict"):
            registry.add_verdict(row, str(word), {"word": word, "reason": about.get("reason", "")})
        if about.get("active"):
            registry.set_active(project, adapter, number)
        return registry.version(row.ref)


@contextmanager
def served(home: Path, keys: ApiKeys | None = None, **settings: object) -> Iterator[Home]:
    """A home's page on a port of its own; no base is loaded."""
    options = ServeOptions(port=0, preload=False)
    with (
        Gardener(Settings(home=home, **settings)) as gardener,
        listen(options.host, 0) as listening,
        opened(gardener.manager, gardener.wiki, gardener.current_adapter, options) as answering,
        in_background(answering, listening, keys, mounted_page(gardener, keys), preload=False),
    ):
        yield Home(gardener, f"http://127.0.0.1:{listening.getsockname()[1]}")


@contextmanager
def asked(home: Path, keys: ApiKeys | None = None, **settings: object) -> Iterator[tuple[Home, TestClient]]:
    """A home's page without a socket or a browser; no redirect is followed."""
    options = ServeOptions(port=0, preload=False)
    with (
        Gardener(Settings(home=home, **settings)) as gardener,
        opened(gardener.manager, gardener.wiki, gardener.current_adapter, options) as answering,
    ):
        app = build_app(answering, keys, mounted=mounted_page(gardener, keys), preload=False)
        url = "http://127.0.0.1:8000"
        with TestClient(app, url, raise_server_exceptions=False, follow_redirects=False) as client:
            yield Home(gardener, url), client


def token_in(answer: Response) -> str:
    """What the forms of a page carry."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', answer.text)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with started(LEFT_OUT) as running:
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A tab; at the end the browser must have had nothing to complain of."""
    with tab(chromium) as one:
        yield one


@contextmanager
def tab(chromium: Browser, *, allowed: Callable[[str], bool] = lambda line: False) -> Iterator[Page]:
    """A tab of its own storage, whose complaints but those allowed fail the test."""
    context = chromium.new_context()
    page = context.new_page()
    told = complaints_of(page)
    yield page
    context.close()
    assert [line for line in told if not allowed(line)] == []
