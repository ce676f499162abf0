import socket
from pathlib import Path

import pytest

from codebase_gardener.store.blob_cache import BlobCache
from codebase_gardener.store.object_store import ObjectStore
from codebase_gardener.utils.error_handling import StoreError


def test_a_store_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{probe.getsockname()[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setattr("codebase_gardener.store.opening._RETRIES", 0)
    store = ObjectStore("s3://bucket", BlobCache(tmp_path, 1))
    with pytest.raises(StoreError, match=r"did not answer for .*connect") as caught:
        store.exists("a")
    assert "AWS_ENDPOINT_URL" in caught.value.hint
    assert "s3cret" not in str(caught.value.as_dict())


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(StoreError, match="no folder"):
        ObjectStore(f"file://{tmp_path / 'store'}", BlobCache(tmp_path, 1)).exists("a")
