import os
from hashlib import sha256
from pathlib import Path

import pytest

from codebase_gardener.store.blob_cache import BlobCache
from codebase_gardener.store.listing import StoredFile
from codebase_gardener.utils.error_handling import StoreError


def of(data: bytes) -> StoredFile:
    return StoredFile(len(data), sha256(data).hexdigest())


def never() -> list[bytes]:
    raise AssertionError("it is here already")


def test_what_arrived_once_is_linked_from_then_on(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 100)
    cache.place(of(b"text"), tmp_path / "a", lambda: [b"te", b"xt"])
    cache.place(of(b"text"), tmp_path / "b", never)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"text"
    assert (tmp_path / "a").stat().st_ino == (tmp_path / "b").stat().st_ino


@pytest.mark.parametrize("arrived", [b"tex", b"texts", b"TEXT", b"", b"text" * 100])
def test_other_bytes_are_not_used(tmp_path: Path, arrived: bytes) -> None:
    cache = BlobCache(tmp_path / "cache", 100)
    with pytest.raises(StoreError, match="others than its name says"):
        cache.place(of(b"text"), tmp_path / "a", lambda: [arrived])
    assert not (tmp_path / "a").exists()
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_copy_that_was_changed_is_fetched_again(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 100)
    cache.place(of(b"text"), tmp_path / "a", lambda: [b"text"])
    (tmp_path / "a").write_bytes(b"TEXT")  # the same inode
    cache.place(of(b"text"), tmp_path / "b", lambda: [b"text"])
    assert (tmp_path / "b").read_bytes() == b"text"


def test_what_was_used_last_stays(tmp_path: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 8)
    for number, data in enumerate((b"old!", b"new!", b"more")):
        cache.place(of(data), tmp_path / str(number), lambda data=data: [data])
    cache.place(of(b"old!"), tmp_path / "again", never)
    cut_short = tmp_path / "cache" / "aa" / ".incoming.x"
    cut_short.parent.mkdir(exist_ok=True)
    cut_short.write_bytes(b"part")
    os.utime(cut_short, (0, 0))
    cache.trim()
    kept = {path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert kept == {b"old!", b"more"}
    assert (tmp_path / "1").read_bytes() == b"new!"  # what was taken out stays


def test_across_file_systems_it_is_copied(tmp_path: Path, small_disk: Path) -> None:
    cache = BlobCache(tmp_path / "cache", 100)
    cache.place(of(b"text"), small_disk / "a", lambda: [b"text"])
    assert (small_disk / "a").read_bytes() == b"text"
