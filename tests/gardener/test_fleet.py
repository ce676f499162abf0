"""What of a fleet is due, what is kept of each, and that one that fails stops no other."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.fleet import (
    FleetWatcher,
    Outcome,
    due_of,
    failed,
    fleet_states,
    grow_here,
    grow_one,
    pinned_bases,
    run_fleet,
)
from codebase_gardener.gardener.fleet_file import FleetEntry
from codebase_gardener.registry.rows import Publication
from codebase_gardener.utils.error_handling import ConflictError, ModelError, SourceError
from codebase_gardener.utils.files import FileLock, publish_dir
from codebase_gardener.utils.progress import Quiet
from samples.queued_jobs import queue_job


class Watched:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def began(self, name: str) -> None:
        self.told.append(("began", name))

    def at(self, name: str, words: str) -> None:
        self.told.append(("at", f"{name}: {words}"))

    def said(self, name: str, message: str) -> None:
        self.told.append(("said", f"{name}: {message}"))

    def ended(self, outcome: Outcome) -> None:
        self.told.append(("ended", outcome.name))


@pytest.fixture
def gardener(tmp_path: Path) -> Iterator[Gardener]:
    with Gardener(Settings(home=tmp_path / "home", offline=True)) as gardener:
        yield gardener


def publish(gardener: Gardener, project: str) -> None:
    """A version of `project/default` without a training."""
    registry = gardener.registry
    registry.add_project(project, f"/src/{project}", "directory")
    job = queue_job(registry, lambda job_id: gardener.settings.jobs_dir / job_id, project=project)
    assert registry.claim_job(job.id)
    staged, folder = gardener.settings.home / "staged", gardener.settings.projects_dir / project / "1"
    staged.mkdir(parents=True)
    (staged / "adapter_config.json").write_text("{}")
    manifest = publish_dir(staged, folder)
    registry.publish(job.id, Publication(folder, manifest["files"], 1, {}, {}), {})


def done(entry: FleetEntry, ended: float | None = None) -> Outcome:
    """What growing it would have come to."""
    outcome = failed(entry, SourceError("no"), time.time())
    return replace(
        outcome,
        state="done",
        adapter=f"{entry.name}/default@1",
        active=True,
        word="helped",
        error="",
        hint="",
        exit_code=0,
        ended=ended or time.time(),
    )


def as_done(entries: Sequence[FleetEntry], watcher: FleetWatcher) -> Iterator[Outcome]:
    for entry in entries:
        watcher.began(entry.name)
        yield done(entry)


def why(gardener: Gardener, *entries: FleetEntry) -> list[str]:
    return [row.why for row in due_of(gardener, entries)]


def test_what_was_grown_is_not_due_until_something_changes(gardener: Gardener) -> None:
    entry = FleetEntry("a", "/a", options={"r": 8})
    assert why(gardener, entry) == ["new"]
    publish(gardener, "a")
    run_fleet(gardener, [entry], Watched(), as_done)
    assert why(gardener, entry, replace(entry, where="f:9", every_s=3_600)) == ["", ""]
    changed = [replace(entry, options={"r": 4}), replace(entry, revision="v1"), replace(entry, source="/b")]
    assert why(gardener, *changed) == ["changed"] * 3


def test_a_schedule_is_due_when_its_time_is_over_whatever_the_clock_did(gardener: Gardener) -> None:
    entry = FleetEntry("a", "/a", every_s=3_600)
    publish(gardener, "a")
    for ended, expected in ((-3_500, ""), (-3_700, "scheduled"), (+60, ""), (+90_000, "scheduled")):
        run_fleet(gardener, [entry], Watched(), lambda *_, at=ended: iter([done(entry, time.time() + at)]))
        assert why(gardener, entry) == [expected]


def test_what_failed_or_is_gone_is_due(gardener: Gardener) -> None:
    a, b = FleetEntry("a", "/a"), FleetEntry("b", "/b")
    ends = lambda *_: iter([failed(a, SourceError("it is gone", hint="look"), time.time()), done(b)])  # noqa: E731  stands for the run
    outcomes = run_fleet(gardener, [a, b], Watched(), ends)
    assert [(one.state, one.error, one.hint, one.exit_code) for one in outcomes] == [
        ("failed", "it is gone", "look", 5),
        ("done", "", "", 0),
    ]
    assert why(gardener, a, b) == ["failed", "gone"]


def test_each_is_kept_when_it_ends_not_at_the_end(gardener: Gardener) -> None:
    entries = [FleetEntry(name, f"/{name}") for name in "abc"]

    def stopped(entries: Sequence[FleetEntry], watcher: FleetWatcher) -> Iterator[Outcome]:
        yield done(entries[0])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_fleet(gardener, entries, Watched(), stopped)
    assert list(fleet_states(gardener.settings.home)) == ["a"]
    run_fleet(gardener, entries[1:], Watched(), as_done)  # the lock was given back
    assert list(fleet_states(gardener.settings.home)) == ["a", "b", "c"]


def test_two_runs_on_one_home_are_refused(gardener: Gardener) -> None:
    with FileLock(gardener.settings.home / "fleet" / "lock"), pytest.raises(ConflictError, match="another"):
        run_fleet(gardener, [FleetEntry("a", "/a")], Watched(), as_done)
    assert fleet_states(gardener.settings.home) == {}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": 5, "unknown": 1}', "[" * 100_000])
def test_a_damaged_file_is_told(gardener: Gardener, text: str) -> None:
    file = gardener.settings.home / "fleet" / "a.json"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(ConflictError, match=r"a\.json is damaged"):
        due_of(gardener, [FleetEntry("a", "/a")])


def test_a_repository_that_cannot_be_read_is_what_became_of_it(gardener: Gardener, tmp_path: Path) -> None:
    watched = Watched()
    outcome = grow_one(gardener, FleetEntry("a", str(tmp_path / "missing")), watched)
    assert (outcome.state, outcome.exit_code) == ("failed", SourceError.exit_code)
    assert "cannot be opened" in outcome.error
    assert outcome.hint
    assert watched.told[:2] == [("began", "a"), ("at", "a: snapshot")]


def test_one_whose_base_is_not_to_be_had_fails_before_it_is_read(gardener: Gardener, tmp_path: Path) -> None:
    entries = [
        FleetEntry("a", "/a", base=str(tmp_path / "none")),
        FleetEntry("b", "/b", base=str(tmp_path / "none")),
    ]
    bases = pinned_bases(gardener, entries, Quiet())
    assert {name: type(base) for name, base in bases.items()} == {str(tmp_path / "none"): ModelError}
    outcomes = run_fleet(gardener, entries, Watched(), grow_here(gardener, bases))
    assert [(one.state, one.exit_code) for one in outcomes] == [("failed", 7)] * 2
    assert gardener.projects() == []


def test_secrets_of_an_address_are_neither_kept_nor_told(gardener: Gardener) -> None:
    entry = FleetEntry("a", "https://me:s3cret@example.org/a.git")
    error = SourceError("https://me:s3cret@example.org/a.git: no", hint="ask https://me:s3cret@example.org")
    run_fleet(gardener, [entry], Watched(), lambda *_: iter([failed(entry, error, time.time())]))
    kept = (gardener.settings.home / "fleet" / "a.json").read_text()
    assert "s3cret" not in kept
    assert json.loads(kept)["source"] == "https://example.org/a.git"


def test_a_bug_is_told_as_one_and_stops_no_other() -> None:
    outcome = failed(FleetEntry("a", "/a"), ZeroDivisionError("by zero"), time.time())
    assert "this is a bug" in outcome.error
    assert "ZeroDivisionError: by zero" in outcome.error
    assert outcome.exit_code == 1
    full = failed(FleetEntry("a", "/a"), OSError(28, "No space left on device"), time.time())
    assert full.exit_code == 9
