"""Two machines: two homes, one registry, one store."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.doctor.checks import REGISTRY_CHECKS, Examined
from codebase_gardener.gardener import publishing
from codebase_gardener.gardener.adopting import adopt
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.generating import generate
from codebase_gardener.gardener.importing import import_adapter
from codebase_gardener.gardener.storing import move_from_store, move_to_store, status
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError, StoreError
from codebase_gardener.utils.files import is_published
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Quiet
from samples.stored_versions import add_version

REF = AdapterRef("demo", "taken")


@dataclass
class Machines:
    """Settings of homes that share a registry and a store."""

    settings: Settings
    url: str
    root: Path

    def at(self, name: str, **changed: object) -> Settings:
        shared = {"store": self.url, "registry_url": f"sqlite:///{self.root / 'registry.sqlite'}"}
        return self.settings.model_copy(update={"home": self.root / name, **shared, **changed})


@pytest.fixture
def machines(store_url: str, tmp_path: Path) -> Machines:
    return Machines(Settings(home=tmp_path), store_url, tmp_path / "machines")


def store_check(gardener: Gardener, *, fix: bool = False) -> Examined:
    return REGISTRY_CHECKS["registry against store"](gardener, fix)


def test_another_machine_finds_what_one_made(machines: Machines, small_repository: Path) -> None:
    with Gardener(machines.at("one")) as one:
        one.add(str(small_repository), name="demo")
        _, made = one.dataset("demo")
        row = add_version(one)
    with Gardener(machines.at("two")) as two:
        assert [version.ref for version in two.registry.versions()] == [row.ref]
        assert two.snapshot("demo").files
        there = two.manager.version(row.ref).directory
        assert there.is_relative_to(machines.root / "two")
        assert is_published(there, check_hashes=True)
        again = two.shared.folder(str(one.shared.key(made)))
        assert two.shared.find(again)
        two.activate(row.ref)
        assert store_check(two).state == "ok"
        assert status(two).folders == {"adapters": 1, "datasets": 1, "snapshots": 1}
        assert REGISTRY_CHECKS["registry against files"](two, False).state == "ok"
        two.delete(row.ref)
        assert two.shared.store is not None
        assert not two.shared.store.exists(str(two.shared.key(there)))
    with Gardener(machines.at("three")) as three:
        assert REGISTRY_CHECKS["registry against files"](three, False).state == "ok"
        with pytest.raises(NotFoundError):
            three.manager.version(row.ref)


@pytest.mark.slow
def test_another_machine_answers_with_an_adapter_that_it_never_had(
    settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "prove", lambda *_, **__: {"reloaded": True})
    machines = Machines(settings, f"file://{tmp_path / 'store'}", tmp_path / "machines")
    with Gardener(machines.at("one")) as one:
        name = str(import_adapter(one, str(folder), REF).ref)
        said = generate(one, [name], ["f(3) = "], max_new_tokens=4)
    with Gardener(machines.at("two")) as two:
        assert [one.text for one in generate(two, [name], ["f(3) = "], max_new_tokens=4)] == [
            one.text for one in said
        ]


def test_a_store_that_is_gone_makes_no_row(
    settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "prove", lambda *_, **__: {"reloaded": True})
    settings = settings.model_copy(update={"store": f"file://{tmp_path / 'store'}"})
    with Gardener(settings) as one:
        import_adapter(one, str(folder), REF)
        shutil.rmtree(tmp_path / "store")
        (tmp_path / "store").write_text("")
    with Gardener(settings) as one:
        with pytest.raises(StoreError):
            import_adapter(one, str(folder), REF)
        assert [row.version for row in one.registry.versions("demo")] == [1]
        assert not list(settings.projects_dir.glob("demo/adapters/taken/2"))


def test_a_proof_that_fails_leaves_nothing_in_the_store(
    settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConflictError("it changes nothing")

    monkeypatch.setattr(publishing, "prove", refuse)
    with Gardener(settings.model_copy(update={"store": f"file://{tmp_path / 'store'}"})) as one:
        with pytest.raises(ConflictError, match="changes nothing"):
            import_adapter(one, str(folder), REF)
        assert one.shared.store is not None
        assert list(one.shared.store.keys()) == []


def test_a_home_moves_into_a_store_and_back(machines: Machines, small_repository: Path) -> None:
    with Gardener(machines.at("one", store="")) as alone:
        alone.add(str(small_repository), name="demo")
        row = add_version(alone)
        with pytest.raises(InvalidInputError, match="no store is set"):
            status(alone)
    with Gardener(machines.at("one")) as one:
        missing = store_check(one)
        assert missing.state == "problem"
        assert missing.fix == "on the machine that has them: gardener store sync --to-store"
        assert status(one).only_here == 2
        assert len(move_to_store(one, Quiet()).moved) == 2
        assert move_to_store(one, Quiet()).moved == ()
        assert store_check(one).state == "ok"
        kept = {path.name: path.read_bytes() for path in row.directory.iterdir()}
    with Gardener(machines.at("two")) as two:
        assert len(move_from_store(two, Quiet()).moved) == 2
        assert move_from_store(two, Quiet()).were_there == 2
        there = two.manager.version(row.ref).directory
        assert {path.name: path.read_bytes() for path in there.iterdir()} == kept


def test_after_a_lost_registry_the_home_is_fetched_and_adopted(
    machines: Machines, small_repository: Path
) -> None:
    with Gardener(machines.at("one")) as one:
        one.add(str(small_repository), name="demo")
    with Gardener(machines.at("two", registry_url="")) as two:
        foreign = store_check(two, fix=True)
        assert foreign.state == "ok" or "right registry" in foreign.fix  # by its age
        assert len(move_from_store(two, Quiet()).moved) == 1
        assert len(adopt(two).adopted) == 1
        assert two.snapshot("demo").files
