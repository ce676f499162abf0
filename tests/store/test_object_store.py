import json
import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from codebase_gardener.store.blob_cache import BlobCache
from codebase_gardener.store.interface import ArtifactStore
from codebase_gardener.store.listing import StoredFile
from codebase_gardener.store.object_store import ObjectStore
from codebase_gardener.utils.error_handling import ConflictError, NotFoundError, ResourceError, StoreError
from codebase_gardener.utils.files import MANIFEST, is_published, publish_dir
from samples.object_stores import SECRET, S3Service

KEY = "projects/demo/adapters/default/1"


@pytest.fixture
def store(store_url: str, tmp_path: Path) -> ObjectStore:
    return ObjectStore(store_url, BlobCache(tmp_path / "cache", 1 << 30))


@pytest.fixture
def publish(tmp_path: Path) -> Callable[..., Path]:
    """Publishes a folder of two files here."""

    def make(name: str = "1", weights: bytes = b"weights", **more: bytes) -> Path:
        staged = tmp_path / f"staged-{name}"
        (staged / "sub").mkdir(parents=True)
        (staged / "config.json").write_text("{}")
        (staged / "sub" / "weights").write_bytes(weights)
        for file, data in more.items():
            (staged / file).write_bytes(data)
        publish_dir(staged, tmp_path / "here" / name)
        return tmp_path / "here" / name

    return make


def test_a_folder_goes_and_comes(store: ArtifactStore, publish: Callable[..., Path], tmp_path: Path) -> None:
    folder, told = publish(), list[tuple[int, int]]()
    assert not store.exists(KEY)
    store.publish(folder, KEY, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (9, 9)
    store.publish(folder, KEY)  # the same bytes again
    assert store.exists(KEY)
    assert list(store.keys()) == list(store.keys("projects/demo")) == [KEY]
    assert list(store.keys("projects/dem")) == []
    for target in (tmp_path / "there", tmp_path / "again"):
        store.fetch(KEY, target)
        store.fetch(KEY, target)
        assert is_published(target, check_hashes=True)
        assert (target / MANIFEST).read_bytes() == (folder / MANIFEST).read_bytes()
    assert (tmp_path / "there/sub/weights").stat().st_ino == (tmp_path / "again/sub/weights").stat().st_ino
    store.delete(KEY)
    store.delete(KEY)
    assert not store.exists(KEY)
    with pytest.raises(NotFoundError, match=KEY):
        store.fetch(KEY, tmp_path / "gone")
    assert not (tmp_path / "gone").exists()


def test_of_two_writers_one_wins_and_the_other_is_told(
    store_url: str, publish: Callable[..., Path], tmp_path: Path
) -> None:
    folders = [publish(str(number), weights=b"%d" % number) for number in range(4)]
    told, start = [], threading.Barrier(len(folders))

    def write(folder: Path) -> None:
        writer = ObjectStore(store_url, BlobCache(tmp_path / "cache", 1 << 30))
        start.wait()
        try:
            writer.publish(folder, KEY)
        except ConflictError as error:
            told.append(error)

    writers = [threading.Thread(target=write, args=(folder,)) for folder in folders]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(told) == len(folders) - 1
    store = ObjectStore(store_url, BlobCache(tmp_path / "cache", 1 << 30))
    store.fetch(KEY, tmp_path / "won")
    with pytest.raises(ConflictError, match="another writer was faster"):
        store.publish(publish("late", weights=b"late"), KEY)
    assert (tmp_path / "won/sub/weights").read_bytes() in {b"0", b"1", b"2", b"3"}


def test_small_objects(store: ArtifactStore) -> None:
    store.put("jobs/1/spec", b"{}", only_new=True)
    with pytest.raises(ConflictError, match="already"):
        store.put("jobs/1/spec", b"other", only_new=True)
    store.put("jobs/1/state", b"old")
    store.put("jobs/1/state", b"new")
    assert store.get("jobs/1/state") == b"new"
    assert store.get("jobs/1/spec") == b"{}"
    assert {(found.path, found.size_bytes) for found in store.listed("jobs")} == {
        ("jobs/1/spec", 2),
        ("jobs/1/state", 3),
    }
    store.remove(["jobs/1/spec", "jobs/1/never"])
    store.remove([])
    assert [found.path for found in store.listed()] == ["jobs/1/state"]
    with pytest.raises(NotFoundError):
        store.get("jobs/1/spec")


def test_bytes_that_changed_in_the_store_are_not_used(tmp_path: Path, publish: Callable[..., Path]) -> None:
    store = ObjectStore(f"file://{tmp_path / 'store'}", BlobCache(tmp_path / "cache", 1 << 30))
    store.publish(publish(), KEY)
    blob = next(tmp_path.joinpath("store/blobs").rglob(sha256(b"weights").hexdigest()))
    blob.write_bytes(b"WEIGHTS")
    with pytest.raises(StoreError, match="others than its name says"):
        store.fetch(KEY, tmp_path / "there")
    blob.unlink()
    blob.symlink_to("/etc/hostname")
    with pytest.raises(StoreError, match="others than its name says"):
        store.fetch(KEY, tmp_path / "there")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".there", "there"))] == []


def test_a_hostile_manifest_writes_nothing(tmp_path: Path, publish: Callable[..., Path]) -> None:
    store = ObjectStore(f"file://{tmp_path / 'store'}", BlobCache(tmp_path / "cache", 1 << 30))
    store.publish(publish(), KEY)
    manifest = tmp_path / "store/artifacts" / KEY / MANIFEST
    hashed = sha256(b"weights").hexdigest()
    manifest.write_text(json.dumps({"files": {"../../escaped": {"bytes": 7, "sha256": hashed}}}))
    with pytest.raises(StoreError, match="refused"):
        store.fetch(KEY, tmp_path / "there")
    manifest.write_text(json.dumps({"files": {"a": {"bytes": 1 << 42, "sha256": hashed}}}))
    with pytest.raises(ResourceError, match="are free"):
        store.fetch(KEY, tmp_path / "there")
    os.truncate(manifest, 1 << 30)
    with pytest.raises(StoreError, match="more than"):
        store.fetch(KEY, tmp_path / "there")
    assert not (tmp_path / "there").exists()
    assert not list(tmp_path.rglob("escaped"))


def test_what_the_registry_does_not_know_is_not_fetched(
    store: ObjectStore, publish: Callable[..., Path], tmp_path: Path
) -> None:
    store.publish(publish(), KEY)
    with pytest.raises(StoreError, match="not what the registry says"):
        store.fetch(KEY, tmp_path / "there", expected={"config.json": StoredFile(2, "0" * 64)})
    store.fetch(KEY, tmp_path / "there", expected=store.files(KEY))
    assert is_published(tmp_path / "there")


def test_a_folder_that_changed_here_is_not_sent(store: ObjectStore, publish: Callable[..., Path]) -> None:
    folder = publish()
    (folder / "sub" / "weights").write_bytes(b"WEIGHTS")
    with pytest.raises(StoreError, match="not what its manifest says"):
        store.publish(folder, KEY)
    (folder / "sub" / "weights").unlink()
    (folder / "sub" / "weights").symlink_to("/etc/hostname")
    with pytest.raises(StoreError, match="is no file"):
        store.publish(folder, KEY)
    assert not store.exists(KEY)


def test_bytes_that_could_be_cleared_are_sent_again(tmp_path: Path, publish: Callable[..., Path]) -> None:
    store = ObjectStore(f"file://{tmp_path / 'store'}", BlobCache(tmp_path / "cache", 1 << 30), grace_s=2000)
    folder = publish()
    store.publish(folder, KEY)
    blobs = [path for path in tmp_path.joinpath("store/blobs").rglob("*") if path.is_file()]
    for blob in blobs:
        os.utime(blob, (1, 1))
    store.publish(folder, KEY)  # a manifest names them
    assert {blob.stat().st_mtime for blob in blobs} == {1}
    store.publish(folder, "projects/demo/adapters/default/2")
    assert min(blob.stat().st_mtime for blob in blobs) > 1


@pytest.mark.slow
def test_a_service_without_conditions_is_refused(
    unconditional_url: str, publish: Callable[..., Path], tmp_path: Path
) -> None:
    store = ObjectStore(unconditional_url, BlobCache(tmp_path / "cache", 1 << 30))
    with pytest.raises(StoreError, match="not safe for several writers"):
        store.publish(publish(), KEY)
    with pytest.raises(StoreError, match="not safe for several writers"):
        store.put("a", b"", only_new=True)
    assert list(store.keys()) == []
    store.put("a", b"1")
    assert store.get("a") == b"1"


@pytest.mark.slow
def test_a_wrong_key_is_told_without_keys(
    new_bucket: Callable[[], str],
    publish: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-s3cret")
    store = ObjectStore(new_bucket(), BlobCache(tmp_path / "cache", 1 << 30))
    with pytest.raises(StoreError, match="refuses") as caught:
        store.publish(publish(), KEY)
    shown = f"{caught.value.as_dict()} {caught.value.__cause__} {store!r} {vars(store)}"
    assert not {"wrong-s3cret", SECRET} & set(shown.split())
    assert "s3cret" not in shown
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.hint


@pytest.mark.slow
def test_a_service_that_is_killed_in_an_upload_leaves_no_folder(
    s3_service: S3Service,
    new_bucket: Callable[[], str],
    publish: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("codebase_gardener.store.opening._RETRIES", 1)
    url = new_bucket()
    folder = publish(weights=os.urandom(9 << 20), more=os.urandom(1000))
    store = ObjectStore(url, BlobCache(tmp_path / "cache", 1 << 30))

    def kill(done: int, _: int) -> None:
        if done:
            s3_service.stop()

    try:
        with pytest.raises(StoreError, match="did not answer") as caught:
            store.publish(folder, KEY, progress=kill)
        assert "do it again" in caught.value.hint
    finally:
        s3_service.start()
    again = ObjectStore(url, BlobCache(tmp_path / "cache", 1 << 30))
    assert not again.exists(KEY)
    again.publish(folder, KEY)
    again.fetch(KEY, tmp_path / "there")
    assert is_published(tmp_path / "there", check_hashes=True)


@pytest.mark.slow
@pytest.mark.skipif("SOAK_MINUTES" not in os.environ, reason="make soak runs it")
@pytest.mark.timeout(0)
def test_soak(s3_service: S3Service, new_bucket: Callable[[], str], tmp_path: Path) -> None:
    """Writers in pairs on one key, a service that is killed at any time: one of each pair wins, nothing is cut."""
    url, end = new_bucket(), time.monotonic() + 60 * float(os.environ["SOAK_MINUTES"])
    rounds = 0
    while time.monotonic() < end:
        rounds += 1
        with ThreadPoolExecutor(4) as pool:
            done = [
                pool.submit(
                    publish_until_told, url, tmp_path / f"{rounds}-{writer}", f"soak/{rounds}/{writer // 2}"
                )
                for writer in range(4)
            ]
            time.sleep(random.random())
            s3_service.stop()
            s3_service.start()
            won = [one.result() for one in done]
        assert won[0] != won[1]
        assert won[2] != won[3]
        store = ObjectStore(url, BlobCache(tmp_path / "cache", 1 << 24))
        for writer, has_won in enumerate(won):
            if has_won:
                store.fetch(f"soak/{rounds}/{writer // 2}", tmp_path / f"{rounds}-{writer}-back")
                back = (tmp_path / f"{rounds}-{writer}-back" / "weights").read_bytes()
                assert back == (tmp_path / f"{rounds}-{writer}" / "weights").read_bytes()
        for path in tmp_path.glob(f"{rounds}-*"):
            shutil.rmtree(path)
    assert len(list(ObjectStore(url, BlobCache(tmp_path / "cache", 1)).keys("soak"))) == 2 * rounds


def publish_until_told(url: str, folder: Path, key: str) -> bool:
    """Whether this writer's bytes are what is published, whatever happens to the service meanwhile."""
    staged = folder.with_name(f"{folder.name}.new")
    staged.mkdir()
    (staged / "weights").write_bytes(os.urandom(random.randint(1, 12 << 20)))
    publish_dir(staged, folder)
    store, end = ObjectStore(url, BlobCache(folder.parent / "cache", 1 << 24)), time.monotonic() + 120
    while True:
        try:
            store.publish(folder, key)
        except ConflictError:
            return False
        except StoreError:
            if time.monotonic() > end:  # the service did not come back
                raise
            continue
        return True
