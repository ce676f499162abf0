"""A registry that was lost, a home that was moved: what is on disk is enough."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.doctor.checks import Examined, examine
from codebase_gardener.gardener.adopting import adopt, unregistered
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.registry.record import RECORD, read_record
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.names import parse_ref

pytestmark = pytest.mark.slow

Ready = Callable[..., VersionRow]
ONE_SECOND = timedelta(seconds=1)


def found(settings: Settings, **options: bool) -> dict[str, Examined]:
    return {one.check: one for one in examine(settings, **options)}


def grow_old(home: Path) -> None:
    for path in (home, *home.rglob("*")):
        os.utime(path, (0, 0))


def lose_registry(settings: Settings) -> None:
    for file in settings.home.glob("registry.sqlite*"):
        file.unlink()
    grow_old(settings.home)


@pytest.fixture
def versions(settings: Settings, ready: Ready, small_repository: Path) -> list[VersionRow]:
    """Two versions of one adapter, the first with a verdict and active, and a project with a snapshot."""
    with Gardener(settings) as gardener:
        gardener.add(str(small_repository), name="code")
        made = [ready(gardener.manager), ready(gardener.manager, seed=1)]
        gardener.registry.add_verdict(made[0], "helped", {"gain": 0.5})
        gardener.registry.set_active("demo", "default", 1)
        return made


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_an_adapter_named_trash_is_no_trash(settings: Settings, ready: Ready, small_repository: Path) -> None:
    with Gardener(settings) as gardener:
        ready(gardener.manager, "demo", "trash")
    lose_registry(settings)
    with Gardener(settings) as gardener:
        gardener.add(str(small_repository), name="demo")
    grow_old(settings.home)
    before = files_below(settings.projects_dir)
    found(settings, fix=True)
    assert files_below(settings.projects_dir) == before


def test_a_lost_registry_costs_nothing(settings: Settings, versions: list[VersionRow]) -> None:
    lose_registry(settings)
    before = files_below(settings.projects_dir)
    told = found(settings, fix=True)
    assert files_below(settings.projects_dir) == before
    assert told["files against registry"].state == "problem"
    assert "--adopt" in told["files against registry"].fix
    assert found(settings, adopt=True)["adoption"].found.startswith("3 adopted")
    with Gardener(settings) as gardener:
        assert unregistered(gardener) == []
        assert {row.name for row in gardener.projects()} == {"code", "demo"}
        assert gardener.registry.latest_snapshot("code").path.exists()
        first, second = (gardener.registry.version(parse_ref(f"demo/default@{n}")) for n in (1, 2))
        for row, was in ((first, versions[0]), (second, versions[1])):
            assert (row.directory, row.base_hash, row.files) == (was.directory, was.base_hash, was.files)
            assert gardener.registry.receipts(row)[0].data == {"tensors_matched": 1}
            assert (
                abs(datetime.fromisoformat(row.created_at) - datetime.fromisoformat(was.created_at))
                < ONE_SECOND
            )
        assert gardener.registry.latest_verdict(first).data == {"gain": 0.5}  # type: ignore[union-attr]
        assert gardener.registry.latest_verdict(second) is None
        assert gardener.registry.reserve_version("demo", "default") == 3
        assert gardener.registry.active_version("demo", "default") == 1


def test_trainings_that_are_lost_are_named(settings: Settings, versions: list[VersionRow]) -> None:
    lose_registry(settings)
    (settings.jobs_dir / "20260101-000000-abcdef/checkpoints/step-5").mkdir(parents=True)
    assert "begun anew: 20260101-000000-abcdef" in found(settings, adopt=True)["adoption"].found


def test_another_registry_is_told_and_nothing_is_cleared(
    settings: Settings, versions: list[VersionRow], tmp_path: Path
) -> None:
    grow_old(settings.home)
    other = settings.model_copy(update={"registry_url": f"sqlite:///{tmp_path / 'mistyped.sqlite'}"})
    before = files_below(settings.projects_dir)
    told = found(other, fix=True)
    assert files_below(settings.projects_dir) == before
    assert (
        told["files against registry"].state == "problem"
        and "mistyped" in told["files against registry"].found
    )


def test_a_published_folder_without_a_row_beside_those_with_one_is_kept(
    settings: Settings, versions: list[VersionRow]
) -> None:
    copy = versions[0].directory.with_name("9")
    shutil.copytree(versions[0].directory, copy)
    grow_old(settings.home)
    told = found(settings, fix=True)
    assert copy.exists() and "default/9" in told["files against registry"].found


def test_what_was_changed_is_not_adopted(settings: Settings, versions: list[VersionRow]) -> None:
    lose_registry(settings)
    weights = versions[1].directory / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    told = found(settings, adopt=True)["adoption"]
    assert told.state == "problem"
    assert "2 adopted" in told.found and "demo/adapters/default/2 (its files are not those" in told.found


def test_a_version_without_a_receipt_is_proven_first(
    settings: Settings, versions: list[VersionRow], tiny_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_registry(settings)
    (versions[0].directory.parent / RECORD).unlink()
    proven: list[Path] = []
    monkeypatch.setattr(
        "codebase_gardener.adapters.proof.prove", lambda folder, base, **_: proven.append(folder) or {"n": 1}
    )
    with Gardener(settings) as gardener:
        assert adopt(gardener).refused == ()
        assert proven == [row.directory for row in versions]


def test_a_record_that_a_crash_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text('{"version": 1, "kind": "active"}\n[1]\nnonsense\n{"version": 2, "ki')
    assert [row["version"] for row in read_record(tmp_path)] == [1]


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_a_home_that_lies_elsewhere_now(
    how: str, settings: Settings, versions: list[VersionRow], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "else" / "where"
    elsewhere.parent.mkdir()
    (shutil.move if how == "moved" else shutil.copytree)(settings.home, elsewhere)
    with Gardener(settings.model_copy(update={"home": elsewhere})) as gardener:
        row = gardener.registry.version(parse_ref("demo"))
        assert row.directory == elsewhere / versions[0].directory.relative_to(settings.home)
        assert row.directory.exists()
        assert gardener.registry.rows_without_files() == []
        assert gardener.registry.latest_snapshot("code").path.is_relative_to(elsewhere)
        assert all(job.directory.is_relative_to(elsewhere) for job in gardener.registry.jobs(limit=None))
        handle = gardener.manager.load_adapter("demo")
        assert handle.generate("def f():", max_new_tokens=2) is not None
    assert found(settings.model_copy(update={"home": elsewhere}))["registry against files"].state == "ok"


def test_an_empty_registry_beside_adapters_is_told_where_they_are_listed(
    settings: Settings, versions: list[VersionRow]
) -> None:
    from click.testing import CliRunner

    from codebase_gardener.cli.main import cli

    lose_registry(settings)
    said = CliRunner().invoke(cli, ["adapters", "list"], env={"CODEBASE_GARDENER_HOME": str(settings.home)})
    assert "gardener doctor" in said.output and "grow" not in said.output
