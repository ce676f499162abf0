"""One Ray of this machine for the tests of serving."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package")
def local_ray() -> Iterator[None]:
    os.environ.update({"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "a" * 64, "RAY_USAGE_STATS_ENABLED": "0"})
    import ray

    if address := os.environ.get("RAY_ADDRESS"):
        ray.init(address, log_to_driver=False, logging_level="ERROR")
        yield
        ray.shutdown()
        return
    with tempfile.TemporaryDirectory(prefix="rs", dir="/tmp") as folder:
        ray.init(
            num_cpus=4,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            _node_ip_address="127.0.0.1",
            object_store_memory=80 * 1024**2,
            _temp_dir=folder,
        )
        yield
        ray.shutdown()
