"""What a fleet writes down of where it is: for looking at only, whatever the disk and those who look do."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from codebase_gardener.gardener.fleet_file import FleetEntry
from codebase_gardener.gardener.fleet_progress import FleetProgress, fleet_run_now
from codebase_gardener.utils.files import FileLock
from samples.fleets import Nobody


def test_what_works_is_seen_while_the_lock_is_held(tmp_path: Path) -> None:
    progress = FleetProgress(tmp_path, [FleetEntry("a", "https://me:pw@x.org/a", where="f:9")], Nobody())
    progress.began("a")
    with FileLock(tmp_path / "lock"):
        now = fleet_run_now(tmp_path)
        assert (now.runs, now.file, now.asked) == (True, "f", {"a": "https://x.org/a"})
        assert now.works["a"][0] == "begins"
    assert fleet_run_now(tmp_path).works == {}, "its run was killed"


def test_where_nothing_can_be_written_the_fleet_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        progress = FleetProgress(tmp_path / "file", [FleetEntry("a", "/a", where="f:9")], Nobody())
        progress.began("a")
    assert len([line for line in caplog.messages if "cannot be written down" in line]) == 1
