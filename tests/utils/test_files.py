"""Files are whole or absent: atomic writes, published directories, locks."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.files import (
    MANIFEST,
    FileLock,
    append_line,
    is_published,
    make_folder,
    out_of_room,
    publish_dir,
    read_json,
    remove_tree,
    sha256_text,
    tree_bytes,
    write_atomic,
    write_json,
    writing,
)

HOLD = """
import sys, time
from pathlib import Path
from codebase_gardener.utils.files import FileLock
lock = FileLock(Path(sys.argv[1]))
assert lock.acquire(shared=sys.argv[2] == "shared")
print("held", flush=True)
time.sleep(60)
"""


@contextmanager
def small_files() -> Iterator[None]:
    """No file of this process may pass 4,096 bytes: what a full disk does in the middle of a write.

    For a block only: pytest itself may be writing to a file.
    """
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, old[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)


def test_a_write_that_fails_midway_leaves_the_old_content_and_no_litter(tmp_path: Path) -> None:
    target = tmp_path / "state.json"
    write_atomic(target, "old")
    with small_files(), pytest.raises(ResourceError) as caught:
        write_atomic(target, "x" * 10_000)
    assert target.read_text() == "old"
    assert [p.name for p in (tmp_path).iterdir()] == ["state.json"]
    assert str(target) in caught.value.message
    assert caught.value.context["free_bytes"] > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_full_disk_is_named_with_its_path(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk], check=False).returncode:
        pytest.skip("no mounts in this container")
    try:
        with pytest.raises(ResourceError, match="No space left"):
            write_atomic(disk / "big", b"x" * 1_000_000)
        assert [p.name for p in (disk).iterdir()] == []
        staged = disk / "staged"
        staged.mkdir()
        filled = 0
        with pytest.raises(OSError, match="No space"):
            while True:
                (staged / f"{filled}").write_bytes(b"x" * 4096)
                filled += 1
        with pytest.raises(ResourceError):
            publish_dir(staged, disk / "published")
        assert not (disk / "published").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ResourceError, match="CODEBASE_GARDENER_HOME"):
        write_atomic(tmp_path / "x", "")


def test_only_what_is_out_of_room_becomes_a_resource_error(tmp_path: Path) -> None:
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EFBIG):
        with pytest.raises(ResourceError), writing(tmp_path):
            raise OSError(number, os.strerror(number))
    with pytest.raises(IsADirectoryError), writing(tmp_path):
        raise IsADirectoryError(errno.EISDIR, "is a directory")


def test_readers_see_the_old_content_or_the_new(tmp_path: Path) -> None:
    target = tmp_path / "state"
    write_atomic(target, "a" * 100_000)
    code = (
        "import sys; from pathlib import Path; from codebase_gardener.utils.files import write_atomic\n"
        "for n in range(60): write_atomic(Path(sys.argv[1]), 'ab'[n % 2] * 100_000)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(target)])
    seen = set()
    while writer.poll() is None:
        text = target.read_text()
        assert len(text) == 100_000
        seen |= set(text)
    assert writer.returncode == 0
    assert seen <= {"a", "b"}


def test_json_goes_there_and_back(tmp_path: Path) -> None:
    value = {"name": "é\u2028", "odd": "\udc80", "number": 0.1, "list": [1, None, True]}
    write_json(tmp_path / "deep" / "value.json", value)
    assert read_json(tmp_path / "deep" / "value.json") == value
    assert sha256_text("\udc80") == sha256_text("\udc80")


def staged(root: Path) -> Path:
    folder = root / "staged"
    (folder / "sub").mkdir(parents=True)
    (folder / "weights").write_bytes(b"12345")
    (folder / "sub" / "config").write_text("{}")
    return folder


def test_a_published_directory_lists_its_files(tmp_path: Path) -> None:
    manifest = publish_dir(staged(tmp_path), tmp_path / "deep" / "1")
    assert set(manifest["files"]) == {"weights", "sub/config"}
    assert manifest["files"]["weights"]["bytes"] == 5
    assert is_published(tmp_path / "deep" / "1", check_hashes=True)
    assert not (tmp_path / "staged").exists()
    assert tree_bytes(tmp_path / "deep" / "1") == 7 + (tmp_path / "deep" / "1" / MANIFEST).stat().st_size


def test_a_published_directory_is_never_replaced(tmp_path: Path) -> None:
    publish_dir(staged(tmp_path), tmp_path / "1")
    (tmp_path / "1" / "mark").write_text("first")
    again = staged(tmp_path)
    with pytest.raises(FileExistsError):
        publish_dir(again, tmp_path / "1")
    assert (tmp_path / "1" / "mark").exists()
    assert again.exists()


def test_of_many_who_publish_at_once_one_does(tmp_path: Path) -> None:
    barrier = threading.Barrier(6)

    def publish(number: int) -> bool:
        (tmp_path / str(number)).mkdir()
        folder = staged(tmp_path / str(number))
        barrier.wait()
        try:
            publish_dir(folder, tmp_path / "published")
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(publish, range(6))) == 1
    assert is_published(tmp_path / "published", check_hashes=True)


def test_what_is_published_and_made_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        publish_dir(staged(tmp_path), tmp_path / "deep" / "1")
        append_line(tmp_path / "lines", "one")
        FileLock(tmp_path / "locks" / "lock").acquire()
        (tmp_path / "open").mkdir()
        publish_dir(staged(tmp_path / "open"), tmp_path / "open" / "1", private=False)
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(tmp_path)): stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")
    }
    public = {name: mode for name, mode in modes.items() if name.startswith("open")}
    assert public["open/1"] == 0o755
    assert public["open/1/weights"] == 0o644
    private = {mode for name, mode in modes.items() if name not in public}
    assert private == {0o600, 0o700}


def test_changes_are_seen(tmp_path: Path) -> None:
    target = tmp_path / "1"
    publish_dir(staged(tmp_path), target)
    (target / "weights").write_bytes(b"12346")  # of the same size
    assert is_published(target)
    assert not is_published(target, check_hashes=True)
    (target / "weights").write_bytes(b"123456")
    assert not is_published(target)
    (target / "weights").unlink()
    assert not is_published(target)


@pytest.mark.parametrize("damage", [None, "", "{", "[]", '{"no": "files"}'])
def test_without_a_whole_manifest_nothing_is_published(tmp_path: Path, damage: str | None) -> None:
    target = staged(tmp_path)
    if damage is not None:
        (target / MANIFEST).write_text(damage)
    assert not is_published(target)
    assert not is_published(tmp_path / "missing")


def test_remove_tree_takes_everything(tmp_path: Path) -> None:
    folder = staged(tmp_path)
    remove_tree(folder, tmp_path / "trash")
    assert [p.name for p in (tmp_path / "trash").iterdir()] == []
    assert not folder.exists()
    remove_tree(folder, tmp_path / "trash")  # a second time is no error


def holder(path: Path, kind: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, path, kind], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_holds_across_processes_and_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "one"
    assert FileLock.is_free(path)
    process = holder(path, "alone")
    assert not FileLock.is_free(path)
    assert not FileLock(path).acquire()
    process.kill()
    process.wait()
    lock = FileLock(path)
    assert lock.acquire()
    assert lock.held
    lock.release()
    assert FileLock.is_free(path)


def test_shared_locks_exclude_only_exclusive_ones(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    process = holder(path, "shared")
    mine = FileLock(path)
    assert mine.acquire(shared=True)
    mine.release()
    assert not mine.acquire()
    process.kill()
    process.wait()


def test_a_child_that_inherits_the_descriptor_holds_the_lock_after_its_parent(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    with pytest.raises(RuntimeError):
        FileLock(tmp_path / "other").descriptor  # noqa: B018
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(lock.descriptor,)
    )
    lock.release()
    assert not FileLock.is_free(tmp_path / "lock")
    child.kill()
    child.wait()
    assert FileLock.is_free(tmp_path / "lock")


def test_waiting_for_a_lock(tmp_path: Path) -> None:
    process = holder(tmp_path / "lock", "alone")
    subprocess.Popen([sys.executable, "-c", f"import time, os; time.sleep(0.3); os.kill({process.pid}, 9)"])
    started = time.monotonic()
    with FileLock(tmp_path / "lock") as lock:
        assert lock.held
    assert time.monotonic() - started > 0.1
    process.wait()


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/x"),
        OSError(errno.EROFS, "Read-only file system"),
        RuntimeError("[enforce fail] unexpected pos 64 vs 0"),
        ValueError("Error while serializing: I/O error: No space left on device (os error 28)"),
        ValueError("Error while serializing: I/O error: File too large (os error 27)"),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_full_disk_is_known_by_whichever_words_a_library_has(error: Exception) -> None:
    told = out_of_room(error)
    assert told is not None and told.exit_code == 9
    wrapping = RuntimeError("wrapped")
    wrapping.__cause__ = error
    assert out_of_room(wrapping) is not None
    assert out_of_room(ValueError("anything else")) is None


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file" / "x", Path("/proc/nothing/here"), tmp_path / ("a" * 300)):
        with pytest.raises(ResourceError, match="cannot be made"):
            make_folder(folder)
