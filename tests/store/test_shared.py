from pathlib import Path

import pytest

from codebase_gardener.store.shared import SharedFolders
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError, StoreError
from codebase_gardener.utils.files import is_published, publish_dir, read_json

PLACE = "projects/demo/adapters/default/1"


def published(folder: Path, text: str = "text") -> Path:
    staged = folder.with_name(f"{folder.name}.new")
    staged.mkdir(parents=True)
    (staged / "a").write_text(text)
    publish_dir(staged, folder)
    return folder


def opened(home: Path, url: str) -> SharedFolders:
    return SharedFolders.open(home, url, cache_bytes=1 << 20, grace_s=3600)


def test_a_home_that_stands_alone_asks_nobody(tmp_path: Path) -> None:
    alone, folder = opened(tmp_path, ""), tmp_path / PLACE
    assert alone.bring(folder) == folder
    assert not alone.share(folder)
    assert not alone.find(folder)
    alone.withdraw([folder])
    alone.withdraw_all(tmp_path / "projects")
    with pytest.raises(NotFoundError):
        alone.copy(folder, tmp_path / "copy")


def test_a_url_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="neither of a bucket nor of a folder"):
        opened(tmp_path, "gs://bucket")


def test_what_one_home_shares_another_brings(tmp_path: Path, store_url: str) -> None:
    one, two = opened(tmp_path / "one", store_url), opened(tmp_path / "two", store_url)
    here, there = tmp_path / "one" / PLACE, tmp_path / "two" / PLACE
    with pytest.raises(NotFoundError, match="not in the store") as caught:
        two.bring(there)
    assert "store sync --to-store" in caught.value.hint
    assert one.share(published(here))
    assert not one.share(here)
    files = read_json(here / "manifest.json")["files"]
    with pytest.raises(StoreError, match="not what the registry says"):
        two.bring(there, {"a": {**files["a"], "sha256": "0" * 64}})
    assert two.bring(there, files) == there
    assert is_published(there, check_hashes=True)
    assert two.was_brought(there)
    assert not one.was_brought(here)
    two.withdraw([there])
    assert not two.was_brought(there)
    assert not opened(tmp_path / "three", store_url).find(tmp_path / "three" / PLACE)


def test_who_uses_what_is_not_here_is_told_of_its_bytes(tmp_path: Path, store_url: str) -> None:
    one, two = opened(tmp_path / "one", store_url), opened(tmp_path / "two", store_url)
    one.share(published(tmp_path / "one" / PLACE))
    told: list[tuple[str, int, int]] = []
    two.fetching = lambda key: lambda done, total: told.append((key, done, total))
    two.bring(tmp_path / "two" / PLACE)
    assert told[-1] == (PLACE, 4, 4)
    told.clear()
    two.bring(tmp_path / "two" / PLACE)
    assert told == [], "it is here"


def test_the_second_writer_is_told_and_can_see_the_first(tmp_path: Path, store_url: str) -> None:
    one, two = opened(tmp_path / "one", store_url), opened(tmp_path / "two", store_url)
    one.share(published(tmp_path / "one" / PLACE, "first"))
    second = published(tmp_path / "two" / PLACE, "second")
    with pytest.raises(ConflictError):
        two.share(second)
    assert (two.copy(second, tmp_path / "copy") / "a").read_text() == "first"
    assert (second / "a").read_text() == "second"


def test_a_project_goes_with_all_that_is_its(tmp_path: Path, store_url: str) -> None:
    shared = opened(tmp_path / "home", store_url)
    assert shared.store is not None
    for place in (PLACE, "projects/demo/datasets/ab", "projects/other/datasets/ab"):
        shared.share(published(tmp_path / "home" / place))
    shared.store.put("projects/demo/wiki", b"{}")
    shared.withdraw_all(tmp_path / "home/projects/demo")
    assert list(shared.store.keys()) == ["projects/other/datasets/ab"]
    assert list(shared.store.listed()) == []


def test_what_lies_outside_of_the_home_stays_there(tmp_path: Path) -> None:
    shared = opened(tmp_path / "home", f"file://{tmp_path / 'store'}")
    assert not shared.share(published(tmp_path / "elsewhere"))
    assert shared.key(tmp_path / "home") is None
