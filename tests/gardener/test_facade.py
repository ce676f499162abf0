"""Which version is active after an evaluation; several processes at once; a failed add; a home that is only read."""

from __future__ import annotations

import multiprocessing
import os
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.evaluation import torch_evaluate
from codebase_gardener.gardener import publishing
from codebase_gardener.gardener.asking import ask
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.importing import import_adapter
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.registry.rows import Publication, VersionRow
from codebase_gardener.repository import store
from codebase_gardener.utils.error_handling import ConflictError, NotFoundError, ResourceError
from codebase_gardener.utils.files import is_published, publish_dir
from codebase_gardener.utils.names import AdapterRef, parse_ref
from codebase_gardener.utils.progress import Quiet
from samples.queued_jobs import queue_job

pytestmark = pytest.mark.slow

DEMO = AdapterRef("demo")


@pytest.fixture
def gardener(settings: Settings) -> Iterator[Gardener]:
    with Gardener(settings) as gardener:
        gardener.registry.add_project("demo", "rows:demo", "rows")
        yield gardener


def trained(gardener: Gardener) -> VersionRow:
    """A version as `train` leaves it: active only if there was none."""
    registry, base = gardener.registry, gardener.base()
    number = len(registry.versions("demo"))
    job = queue_job(
        registry,
        lambda job_id: gardener.settings.jobs_dir / job_id,
        spec_hash=f"spec {number}",
        dataset_hash="rows",
        base_id=base.id,
        base_hash=base.sha256,
    )
    assert registry.claim_job(job.id)
    job.directory.mkdir(parents=True)
    (job.directory / "file").write_text("x")
    target = gardener.settings.home / job.id
    publish_dir(job.directory, target)
    version = registry.publish(job.id, Publication(target, {}, 0), {})
    if registry.active_version("demo", "default") is None:
        registry.set_active("demo", "default", version.version)
    return version


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def give(word: str, functions: int = 8) -> None:
        data = {"word": word, "arms": {"base": {"functions": functions}}}
        verdict: Any = SimpleNamespace(word=word, as_dict=lambda: data)
        monkeypatch.setattr(torch_evaluate, "evaluate_adapter", lambda *_, **__: verdict)

    return give


@pytest.mark.parametrize(("word", "active"), [("helped", 2), ("unchanged", 2), ("hurt", 1)])
def test_the_newest_version_is_measured_and_becomes_active_unless_it_hurt(
    word: str, active: int, gardener: Gardener, found: Callable[[str], None]
) -> None:
    trained(gardener)
    newest = trained(gardener)
    found(word)
    gardener.evaluate(DEMO, limit=1)
    verdict = gardener.registry.latest_verdict(newest)
    assert verdict is not None
    assert verdict.verdict == word
    assert gardener.registry.active_version("demo", "default") == active


def test_a_verdict_on_fewer_functions_is_shown_and_changes_nothing(
    gardener: Gardener, found: Callable[..., None]
) -> None:
    version = trained(gardener)
    found("helped", functions=32)
    gardener.evaluate(DEMO, limit=32)
    found("hurt", functions=4)
    assert gardener.evaluate(DEMO, limit=4).verdict == "hurt"
    kept = gardener.registry.latest_verdict(version)
    assert kept is not None
    assert kept.verdict == "helped"
    assert gardener.registry.active_version("demo", "default") == 1


def test_an_older_version_is_only_measured(gardener: Gardener, found: Callable[[str], None]) -> None:
    first, _ = trained(gardener), trained(gardener)
    found("helped")
    gardener.evaluate(parse_ref("demo/default@2"), limit=1)
    gardener.evaluate(first.ref, limit=1)
    assert gardener.registry.active_version("demo", "default") == 2


def test_a_version_that_hurt_is_not_active(gardener: Gardener, found: Callable[[str], None]) -> None:
    first = trained(gardener)
    found("hurt")
    gardener.evaluate(first.ref, limit=1)
    assert gardener.registry.active_version("demo", "default") is None
    assert gardener.newest(DEMO).ref == first.ref


ROUNDS = 8


def at_once(settings: Settings, works: list[Callable[[Gardener, int], object]]) -> list[str]:
    """Each work in a process of its own, again and again, all begun together. Returns what they raised."""
    context = multiprocessing.get_context("fork")
    barrier, told = context.Barrier(len(works)), context.Queue()

    def run(work: Callable[[Gardener, int], object]) -> None:
        raised = []
        with Gardener(settings) as gardener:
            for number in range(ROUNDS):
                barrier.wait(60)
                try:
                    work(gardener, number)
                except BaseException as error:
                    raised.append(f"{type(error).__name__}: {error}")
        told.put(raised)

    processes = [context.Process(target=run, args=(work,)) for work in works]
    for process in processes:
        process.start()
    raised = [line for _ in processes for line in told.get(timeout=120)]
    for process in processes:
        process.join(60)
    return raised


def test_of_many_that_add_one_new_name_none_fails(settings: Settings, small_repository: Path) -> None:
    def add(gardener: Gardener, number: int) -> object:
        name = f"project{number}"
        gardener.add(str(small_repository), name=name)
        return gardener.dataset(name)

    with Gardener(settings) as gardener:
        assert at_once(settings, [add] * 3) == []
        assert len(gardener.projects()) == len(gardener.registry.list_snapshots()) == ROUNDS
        assert all(is_published(row.path, check_hashes=True) for row in gardener.registry.list_snapshots())


def test_a_race_with_delete_is_a_conflict_and_rows_have_their_files(
    settings: Settings, small_repository: Path
) -> None:
    def add(gardener: Gardener, _: int) -> object:
        return gardener.add(str(small_repository), name="demo")

    def dataset(gardener: Gardener, _: int) -> object:
        with suppress(NotFoundError):  # it was deleted before this began
            return gardener.dataset("demo")

    def delete(gardener: Gardener, _: int) -> object:
        with suppress(NotFoundError):
            return gardener.delete(AdapterRef("demo"))

    raised = at_once(settings, [add, add, dataset, delete])
    assert {line.partition(":")[0] for line in raised} <= {"ConflictError"}, raised
    with Gardener(settings) as gardener:
        for row in gardener.registry.list_snapshots():
            assert is_published(row.path, check_hashes=True)
        assert {path.name for path in settings.projects_dir.glob("*")} == {
            r.name for r in gardener.projects()
        }


def test_what_is_deleted_while_it_is_written_is_told(settings: Settings, tmp_path: Path) -> None:
    from codebase_gardener.utils.files import staging

    with (
        pytest.raises(ConflictError, match="was deleted while it was written"),
        staging(tmp_path / "x") as staged,
    ):
        staged.rmdir()
        (staged / "file").write_text("x")


def test_a_project_in_use_is_not_deleted(settings: Settings, small_repository: Path) -> None:
    with Gardener(settings) as gardener, Gardener(settings) as other:
        gardener.add(str(small_repository), name="demo")
        with gardener.manager.using_project("demo"), pytest.raises(ConflictError, match="'demo' is in use"):
            other.delete(AdapterRef("demo"))
        assert other.delete(AdapterRef("demo")) == ["demo"]


@pytest.mark.parametrize("where", ["publish_dir", "registry"])
def test_an_add_that_fails_leaves_no_row_and_no_folder(
    where: str, settings: Settings, small_repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise ResourceError("the disk is full")

    with Gardener(settings) as gardener:
        with monkeypatch.context() as patched:
            if where == "registry":
                patched.setattr(gardener.registry, "add_snapshot_of", full)
            else:
                patched.setattr(store, "publish_dir", full)
            with pytest.raises(ResourceError):
                gardener.add(str(small_repository), name="demo")
        assert gardener.projects() == []
        assert not (settings.projects_dir / "demo").exists()
        gardener.add(str(small_repository), name="demo")
        with monkeypatch.context() as patched, pytest.raises(ResourceError):
            patched.setattr(gardener.registry, "add_snapshot_of", full)
            (small_repository / "more.py").write_text("X = 1\n")
            gardener.add(str(small_repository), name="demo")
        assert gardener.snapshot("demo").files, "what was there before stays"
        assert len(list((settings.projects_dir / "demo" / "snapshots").glob("[!.]*"))) == 1


def test_a_name_of_another_source_is_refused_before_anything_is_written(
    settings: Settings, small_repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "a.py").write_text("A = 1\n")
    with Gardener(settings) as gardener:
        gardener.add(str(small_repository), name="demo")
        with pytest.raises(ConflictError, match="is taken by the project of"):
            gardener.add(str(tmp_path / "other"), name="demo")
        assert len(list((settings.projects_dir / "demo" / "snapshots").iterdir())) == 1


def populated(settings: Settings, repository: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "prove", lambda *_, **__: {"reloaded": True})
    with Gardener(settings) as gardener:
        gardener.add(str(repository), name="demo")
        gardener.dataset("demo")
        build_wiki(gardener, "demo", Quiet())
        import_adapter(gardener, str(folder), AdapterRef("demo", "taken"))
        gardener.wiki("demo").index()


def test_what_a_home_holds_is_its_owners_alone(
    settings: Settings, small_repository: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = os.umask(0o022)
    try:
        populated(settings, small_repository, folder, monkeypatch)
        with PeftManager(settings) as manager:
            manager.create_adapter(
                "rows", [{"prompt": "a", "completion": "b"}] * 4, config_override={"steps": 1}
            )
            job = manager.trainings.list("rows")[0]
            with suppress(Exception):
                manager.trainings.wait(job.id, timeout_s=120)
    finally:
        os.umask(before)
    for path in (settings.home, *settings.home.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), (str(path), oct(mode))


def test_a_home_that_can_only_be_read_is_read(
    settings: Settings,
    small_repository: Path,
    folder: Path,
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = settings.model_copy(update={"home": small_disk / "home"})
    populated(home, small_repository, folder, monkeypatch)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with Gardener(home) as gardener:
        assert [row.name for row in gardener.projects()] == ["demo"]
        assert [row.adapter_id for row in gardener.manager.list_adapters()] == ["demo/taken@1"]
        assert gardener.version(AdapterRef("demo", "taken", 1)).active
        assert gardener.manager.trainings.list() == []
        wiki = gardener.wiki("demo")
        assert wiki.search("geometry")
        assert wiki.show("geometry_Core_Environment").id == "Environment:geometry_Core_Environment"
        assert ask(gardener, AdapterRef("demo"), "What is kite_area?").graph is not None
        said = ask(gardener, AdapterRef("demo"), "What is the area?", max_new_tokens=2).model
        assert said is not None
        assert said.adapter == "demo/taken@1"
        for change in (
            lambda: gardener.add(str(small_repository), name="more"),
            lambda: gardener.delete(AdapterRef("demo")),
            lambda: gardener.deactivate(AdapterRef("demo", "taken")),
        ):
            with pytest.raises(ResourceError):
                change()
    assert [row.name for row in Gardener(home).projects()] == ["demo"]


def test_a_projects_bare_name_means_the_default_adapter_until_another_is_chosen(
    gardener: Gardener, ready: Callable[..., VersionRow]
) -> None:
    ready(gardener.manager, "demo", "other", seed=3)
    assert gardener.current_adapter("demo") == "other"  # there is no default
    ready(gardener.manager, "demo", "default", seed=1)
    ready(gardener.manager, "demo", "newer", seed=2)
    assert gardener.current_adapter("demo") == "default"
    gardener.activate(parse_ref("demo/newer"))
    assert gardener.current_adapter("demo") == "newer"
