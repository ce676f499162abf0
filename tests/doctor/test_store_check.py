import os
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.doctor.checks import REGISTRY_CHECKS, Examined
from codebase_gardener.doctor.store_check import judge
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.utils.files import publish_dir
from codebase_gardener.utils.names import AdapterRef
from samples.stored_versions import add_version


@pytest.fixture
def shared(tmp_path: Path) -> Settings:
    """A home with one version in a store that is a folder."""
    settings = Settings(home=tmp_path / "home", store=f"file://{tmp_path / 'store'}")
    with Gardener(settings) as gardener:
        add_version(gardener)
    return settings


def check(settings: Settings, *, fix: bool = False, name: str = "registry against store") -> Examined:
    with Gardener(settings) as gardener:
        return REGISTRY_CHECKS[name](gardener, fix)


def litter(settings: Settings, tmp_path: Path) -> None:
    """What an upload leaves whose row was never written."""
    with Gardener(settings) as gardener:
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "a").write_text("left over")
        publish_dir(tmp_path / "new", tmp_path / "left")
        assert gardener.shared.store is not None
        gardener.shared.store.publish(tmp_path / "left", "projects/demo/adapters/taken/9")


def make_old(store: Path) -> None:
    for path in store.rglob("*"):
        os.utime(path, (1, 1))


def test_what_no_row_names_goes_once_it_is_old(shared: Settings, tmp_path: Path) -> None:
    litter(shared, tmp_path)
    store = tmp_path / "store"
    assert check(shared, fix=True).state == "ok"
    assert (store / "artifacts/projects/demo/adapters/taken/9").is_dir()
    make_old(store)
    told = check(shared)
    assert (told.state, told.fix) == ("warning", "gardener doctor --fix")
    assert "1 folders that no row names" in told.found
    assert check(shared, fix=True).state == "ok"  # the folder; then what nothing names any more
    assert "1 files that no folder names" in check(shared).found
    check(shared, fix=True)
    assert check(shared).state == "ok"
    with Gardener(shared) as gardener:
        assert gardener.shared.store is not None
        assert list(gardener.shared.store.keys()) == ["projects/demo/adapters/taken/1"]
        gardener.shared.copy(gardener.version(AdapterRef("demo", "taken", 1)).directory, tmp_path / "whole")


def test_a_version_that_is_not_there_or_another_is_a_problem(shared: Settings, tmp_path: Path) -> None:
    manifest = tmp_path / "store/artifacts/projects/demo/adapters/taken/1/manifest.json"
    whole = manifest.read_text()
    manifest.write_text(whole.replace('"sha256": "', '"sha256": "0', 1))
    make_old(tmp_path / "store")
    told = check(shared, fix=True)
    assert (told.state, "has other files" in told.found) == ("problem", True)
    with Gardener(shared) as gardener:
        assert gardener.shared.store is not None
        assert (
            judge(gardener, gardener.shared.store).unnamed_blobs == ()
        )  # a manifest that is refused may name them
    manifest.unlink()
    told = check(shared)
    assert (told.state, "is not there" in told.found) == ("problem", True)


def test_another_registry_clears_nothing(shared: Settings, tmp_path: Path) -> None:
    make_old(tmp_path / "store")
    other = shared.model_copy(update={"home": tmp_path / "other"})
    told = check(other, fix=True)
    assert told.state == "problem"
    assert "gardener doctor --adopt" in told.fix
    assert check(shared).state == "ok"


def test_a_copy_of_what_was_deleted_elsewhere_is_cleared(shared: Settings, tmp_path: Path) -> None:
    other = shared.model_copy(update={"home": tmp_path / "other", "registry_url": shared.database_url})
    with Gardener(other) as gardener:
        copy = gardener.manager.version(AdapterRef("demo", "taken", 1)).directory
    with Gardener(shared) as gardener:
        gardener.delete(AdapterRef("demo", "taken", 1))
    assert copy.is_dir()
    assert check(other, name="files against registry").state == "ok"
    assert "1 copies here of what was deleted elsewhere" in check(other, fix=True).found
    assert not copy.exists()
