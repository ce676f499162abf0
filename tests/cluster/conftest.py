"""A cluster of two nodes of one core, and the registry on PostgreSQL, for all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

from codebase_gardener.cluster.local import LocalCluster, down, up
from codebase_gardener.cluster.placing import on_cluster
from codebase_gardener.config.settings import Settings
from registry.conftest import free_port, postgres_database, postgres_server

__all__ = ["postgres_database", "postgres_server"]

SECRET = "not-to-be-seen-in-any-log"


@pytest.fixture(scope="session")
def cluster(
    postgres_database: Callable[[], str], tiny_base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, LocalCluster]]:
    """The settings of its home, and the cluster."""
    if find_spec("ray") is None:
        reason = "RAY IS NOT INSTALLED, so nothing of a cluster is tested: pip install '.[cluster]'"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    settings = Settings(
        home=tmp_path_factory.mktemp("cluster"),
        registry_url=postgres_database(),
        base=str(tiny_base),
        device="cpu",
        inference_dtype="float32",
        training={"dtype": "float32", "threads": 1, "max_length": 64, "steps": 4, "r": 4},
        min_free_bytes=0,
    )
    nodes = {**settings.for_workers, "AWS_SECRET_ACCESS_KEY": SECRET}
    with _changed_environment():
        yield settings, up(settings.home, 2, client_port=free_port(), environment=nodes)
        down(settings.home)


@pytest.fixture(scope="module")
def on_ray(cluster: tuple[Settings, LocalCluster]) -> Iterator[None]:
    """This process, connected to the cluster."""
    with on_cluster(cluster[0], "auto"):
        yield


@contextmanager
def _changed_environment() -> Iterator[None]:
    """What a connection to Ray sets is of no concern to other tests."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
