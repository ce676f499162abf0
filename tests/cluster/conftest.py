"""One Ray of this machine for the tests of serving."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codebase_gardener.cluster.local import down, up
from codebase_gardener.cluster.placing import on_cluster
from codebase_gardener.config.settings import Settings


@pytest.fixture(scope="package")
def local_ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A node with four cores, that this process is connected to."""
    home = tmp_path_factory.mktemp("cluster")
    up(home, 1, cpus=4, environment={})
    try:
        with on_cluster(Settings(home=home), "auto"):
            yield
    finally:
        down(home)
