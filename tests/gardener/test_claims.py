"""A document that is changed while it is judged is left as it is; what fails leaves it whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener import claims
from codebase_gardener.gardener.claims import verify_claims
from codebase_gardener.utils import files
from codebase_gardener.utils.error_handling import ConflictError, ResourceError


@pytest.fixture
def document(tmp_path: Path) -> Path:
    (tmp_path / "store.py").write_text("def load(path):\n    return path\n")
    (tmp_path / "a.md").write_text("`load` (store.py:L7)\n")
    return tmp_path / "a.md"


def test_a_change_meanwhile_is_kept(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take = claims.take_snapshot

    def slow(*arguments: object, **options: object) -> object:
        document.write_text("another text\n")
        return take(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(claims, "take_snapshot", slow)
    with pytest.raises(ConflictError, match="left as it is"):
        verify_claims(Settings(), [document], str(document.parent), fix=True)
    assert document.read_text() == "another text\n"


def test_a_full_disk_leaves_the_document_whole(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(ResourceError):
        verify_claims(Settings(), [document], str(document.parent), fix=True)
    assert document.read_text() == "`load` (store.py:L7)\n"
    assert sorted(path.name for path in document.parent.iterdir()) == ["a.md", "store.py"]


def test_without_fix_nothing_is_written(document: Path) -> None:
    before = document.stat()
    report = verify_claims(Settings(), [document], str(document.parent))
    assert [verdict.repair for verdict in report.verdicts] == [(1, 2)]
    assert not report.ok
    assert document.stat() == before
