"""What the scanner for secrets said of the same files, kept between tests and runs: its start outlasts most tests."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

import msgspec
import pytest

from codebase_gardener.repository import secrets
from codebase_gardener.utils.files import write_atomic

_FOLDER = Path(os.environ.get("GARDENER_TEST_CACHE") or Path(__file__).parents[2] / ".venv") / "scans"
_WRITTEN_BY = version("kingfisher-bin").encode() + Path(secrets.__file__).read_bytes()
_ROWS = msgspec.json.Decoder(list[secrets._Row])
_scan = secrets._answers


@pytest.fixture(autouse=True)
def _kept_scans(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of files with the same names and bytes, for this scanner and this code; `scanner` starts it each time."""
    if "scanner" not in request.fixturenames:
        monkeypatch.setattr(secrets, "_answers", _kept_answers)


@pytest.fixture
def scanner() -> None:
    """The scanner itself, each time."""


def _kept_answers(folder: str) -> list[secrets._Row]:
    digest = hashlib.sha256(_WRITTEN_BY)
    for path in sorted(Path(folder).iterdir()):
        digest.update(f"\0{path.name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    kept = _FOLDER / digest.hexdigest()
    try:
        return _ROWS.decode(kept.read_bytes())
    except (OSError, msgspec.DecodeError):
        rows = _scan(folder)
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(kept, msgspec.json.encode(rows))
        return rows
