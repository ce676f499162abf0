"""A server on the tiny base, in this process, on a port of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.server import ServeOptions, for_serving, in_background, listen, opened


@dataclass
class Running:
    """A server that answers."""

    gardener: Gardener
    answering: Answering
    url: str


@pytest.fixture
def running(
    settings: Settings, ready: Callable[..., VersionRow], small_repository: Path
) -> Iterator[Running]:
    """A home with a project `geometry` (two versions of `default`, and `other`), served."""
    options = ServeOptions(port=0, memory_bytes=2 * 1024**3)
    with (
        Gardener(for_serving(settings, options)) as gardener,
        listen(options.host, 0) as listening,
    ):
        gardener.add(str(small_repository), name="geometry")
        for number, name in enumerate(("default", "default", "other"), 1):
            ready(gardener.manager, "geometry", name, seed=number)
        with (
            opened(gardener.manager, gardener.wiki, gardener.current_adapter, options) as answering,
            in_background(answering, listening),
        ):
            yield Running(gardener, answering, f"http://127.0.0.1:{listening.getsockname()[1]}")
