"""Importing into a home whose disk is full, and making room there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener import publishing
from codebase_gardener.gardener.adopting import Adopted, adopt, unregistered
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.importing import import_adapter
from codebase_gardener.registry.leases import lease, lease_path
from codebase_gardener.utils.error_handling import AdapterError, NotFoundError, ResourceError
from codebase_gardener.utils.files import FileLock
from codebase_gardener.utils.names import AdapterRef, parse_ref
from samples.full_disks import fill

REF = AdapterRef("demo", "taken")


@pytest.fixture(autouse=True)
def _quick_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proofs have tests of their own; here they take a process each."""
    monkeypatch.setattr(publishing, "prove", lambda *_, **__: {"reloaded": True})


def test_an_import_that_fails_takes_no_number_and_leaves_nothing(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AdapterError("it changes nothing")

    with Gardener(settings) as gardener:
        with monkeypatch.context() as patched:
            patched.setattr(publishing, "prove", refuse)
            with pytest.raises(AdapterError, match="changes nothing"):
                import_adapter(gardener, str(folder), REF)
        assert gardener.projects() == []
        assert not list(settings.projects_dir.glob("*"))
        assert import_adapter(gardener, str(folder), REF).version == 1
        with monkeypatch.context() as patched:
            patched.setattr(publishing, "prove", refuse)
            with pytest.raises(AdapterError, match="changes nothing"):
                import_adapter(gardener, str(folder), REF)
        assert import_adapter(gardener, str(folder), REF).version == 2
        gardener.delete(parse_ref("demo/taken@2"))
        assert import_adapter(gardener, str(folder), REF).version == 3, "of what was there, none comes twice"


def test_what_is_being_proven_is_no_lost_folder(
    settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`doctor --adopt` beside a merge gave the merge's folder a row of its own."""
    seen: list[tuple[list[Path], Adopted]] = []

    def prove(place: Path, *_: object, **__: object) -> dict[str, object]:
        with Gardener(settings) as other:
            assert place.is_dir()
            seen.append((unregistered(other), adopt(other)))
        return {"reloaded": True}

    monkeypatch.setattr(publishing, "prove", prove)
    with Gardener(settings) as gardener:
        row = import_adapter(gardener, str(folder), REF)
        assert seen == [([], Adopted((), ()))]
        copy = row.directory.with_name("9")
        shutil.copytree(row.directory, copy)
        assert unregistered(gardener) == [copy], "nobody is at work on this one"
        with FileLock(lease_path(copy)):
            assert unregistered(gardener) == []
        with lease(lease_path(copy)):
            assert unregistered(gardener) == [copy], "whoever uses it gives it no row"


def test_a_full_disk_takes_no_number_and_can_be_freed(
    settings: Settings, folder: Path, small_disk: Path
) -> None:
    home = settings.model_copy(update={"home": small_disk / "home"})
    with Gardener(home) as gardener:
        import_adapter(gardener, str(folder), REF)
        import_adapter(gardener, str(folder), REF)
    filler = fill(small_disk)
    with Gardener(home) as gardener:  # SQLite takes room to be read
        assert [row.version for row in gardener.registry.versions("demo")] == [2, 1]
        fill(small_disk)
        with pytest.raises(ResourceError, match="No space left"):
            import_adapter(gardener, str(folder), REF)
    fill(small_disk)
    with Gardener(home) as gardener:
        assert gardener.delete(parse_ref("demo/taken@1")) == ["demo/taken@1"]
        assert [row.version for row in gardener.registry.versions("demo")] == [2]
    filler.unlink()
    with Gardener(home) as gardener:
        assert import_adapter(gardener, str(folder), REF).version == 3
    fill(small_disk)
    with Gardener(home) as gardener:
        assert gardener.delete(AdapterRef("demo"))[-1] == "demo"
        assert gardener.projects() == []
        with pytest.raises(NotFoundError):
            gardener.version(REF)
    assert not list((small_disk / "home" / "trash").iterdir())


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"project_storage_bytes": 1000}, "0.0 MB is the limit"),
        ({"min_free_bytes": 1 << 60}, "of memory are free"),
    ],
)
def test_an_import_keeps_to_the_limits(
    limit: dict[str, int], said: str, settings: Settings, folder: Path
) -> None:
    with Gardener(settings.model_copy(update=limit)) as gardener:
        with pytest.raises(ResourceError, match=said) as caught:
            import_adapter(gardener, str(folder), REF)
        assert next(iter(limit)) in caught.value.hint
        assert gardener.projects() == []
