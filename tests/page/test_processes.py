"""Commands that the page starts."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from codebase_gardener.page.processes import OwnProcess

pytestmark = pytest.mark.slow


def test_what_goes_wrong_is_kept(tmp_path: Path) -> None:
    process = OwnProcess(tmp_path / "one")
    assert not process.runs
    assert (process.error, process.log_tail()) == ({}, "")
    process.start(["evaluate", "--", "nothing/here@1"], {"CODEBASE_GARDENER_HOME": str(tmp_path / "home")})
    assert process.runs
    while process.runs:
        time.sleep(0.05)
    assert process.error["error"] == "NotFoundError"
    assert "nothing" in process.log_tail()
    (process.folder / "said.json").write_text("")
    assert process.error["message"] == "it ended before it was done"
