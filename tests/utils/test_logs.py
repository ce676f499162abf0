"""Logging: readable lines for people, JSON objects for a worker's log."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from codebase_gardener.utils.logs import configure_logging


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_person_reads_level_and_message(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    logging.getLogger("codebase_gardener.x").info("%s rows", 3)
    logging.getLogger("codebase_gardener.x").debug("hidden")
    logging.getLogger("matplotlib").info("chatter")
    assert capsys.readouterr().err == "INFO: 3 rows\n"


def test_a_worker_writes_json_with_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("WARNING", as_json=True)
    try:
        int("broken")
    except ValueError:
        logging.getLogger("codebase_gardener.x").exception("it %s", "failed")
    record = json.loads(capsys.readouterr().err)
    assert (record["event"], record["level"], record["logger"]) == (
        "it failed",
        "error",
        "codebase_gardener.x",
    )
    assert "ValueError: invalid literal" in record["exception"]
    assert record["timestamp"].endswith("Z")
