"""Files of the hub: asked for again where it was busy."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.bases.hub import fetch_snapshot


@pytest.mark.slow
def test_a_hub_that_cannot_be_reached_is_asked_three_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def download(name: str, **_: object) -> str:
        asked.append(name)
        if len(asked) < 3:
            raise ConnectionError("refused")
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert fetch_snapshot("owner/name", None, ["*.json"], offline=False) == tmp_path
    assert len(asked) == 3


def test_what_is_not_there_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def download(name: str, **_: object) -> str:
        asked.append(name)
        raise FileNotFoundError(name)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    with pytest.raises(FileNotFoundError):
        fetch_snapshot("owner/name", None, ["*.json"], offline=False)
    assert len(asked) == 1
