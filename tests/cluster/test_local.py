"""A cluster of this machine that is not there, and what is left of one that was killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from codebase_gardener.cluster.address import ClusterFolder
from codebase_gardener.cluster.local import LocalCluster, described, down, running
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import write_json

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_what_was_never_started_cannot_be_stopped(tmp_path: Path) -> None:
    for call in (running, down):
        with pytest.raises(NotFoundError, match="no cluster of this home runs"):
            call(tmp_path)


def test_down_ends_what_was_started_and_nothing_else(tmp_path: Path) -> None:
    temp = tmp_path / "temp"
    temp.mkdir()
    with subprocess.Popen(SLEEP) as ours, subprocess.Popen(SLEEP) as other:
        (pid, at), (another, its) = described([psutil.Process(ours.pid), psutil.Process(other.pid)])
        left = LocalCluster("127.0.0.1:1", "", str(temp), 1, 0.0, ((pid, at), (another, its - 60)), 1, 1)
        write_json(ClusterFolder.of(tmp_path).state, left.as_dict())
        with pytest.raises(NotFoundError):
            running(tmp_path)  # nobody holds its lock
        try:
            assert down(tmp_path) == left
            ours.wait(10)  # it has ended
            assert other.poll() is None  # its id is in the list, but it began at another time
        finally:
            ours.kill()
            other.kill()
    assert not temp.exists()
    assert not ClusterFolder.of(tmp_path).state.exists()
