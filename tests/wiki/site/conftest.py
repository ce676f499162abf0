"""A site of a repository whose names, headings and docstrings try to be markup."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.site.static_site import StaticSite
from samples.nasty_garden import write_nasty_repository


@pytest.fixture(scope="package")
def gardener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gardener]:
    root = tmp_path_factory.mktemp("site") / "garden"
    write_nasty_repository(root)
    with Gardener(Settings(home=root.parent / "home")) as opened:
        build_wiki(opened, str(root), Quiet())
        yield opened


@pytest.fixture(scope="package")
def site(gardener: Gardener) -> StaticSite:
    return gardener.wiki("garden").html(Quiet())
