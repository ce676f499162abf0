"""`watch`: once settled, all but the adapter is brought to the commit; it can be ended at any time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.watching import Limits, Watch, busy
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.progress import Quiet
from samples.written_garden import write_repository


def commit(source: Path) -> str:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "more", "--allow-empty")):
        subprocess.run(["git", *who, *words], cwd=source, check=True)
    return subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=source, text=True).strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_repository(tmp_path / "garden")
    commit(tmp_path / "garden")
    return tmp_path / "garden"


@pytest.fixture
def gardener(tmp_path: Path) -> Iterator[Gardener]:
    with Gardener(Settings(home=tmp_path / "home")) as gardener:
        yield gardener


def told_by(gardener: Gardener, source: Path) -> tuple[Watch, list[Any]]:
    told: list[Any] = []
    return Watch(gardener, source, lambda event, line, **data: told.append((event, data))), told


@pytest.mark.slow
def test_once_brings_all_to_the_commit_and_says_what_there_is_not(gardener: Gardener, source: Path) -> None:
    watch, told = told_by(gardener, source)
    (source / "README.md").write_text("half-written")  # of the work tree: not asked for
    watch.once()
    assert [event for event, _ in told] == ["refreshed", "no adapter"]
    wiki = gardener.wiki("garden")
    assert wiki.current_pages()[1] == ""
    assert gardener.registry.latest_snapshot("garden").commit == told[0][1]["commit"]
    assert any(wiki.paths.indexes.iterdir())
    assert "half-written" not in str(gardener.snapshot("garden").files)
    subprocess.run(["git", "checkout", "-q", "."], cwd=source, check=True)
    assert wiki.verify(Quiet()).findings == ()


@pytest.mark.slow
def test_commits_that_follow_one_another_are_waited_for(gardener: Gardener, source: Path) -> None:
    watch, told = told_by(gardener, source)
    made = []

    def sleep(seconds: float) -> None:
        if len(made) < 3:
            (source / "more.py").write_text(f"MORE = {len(made)}\n")
            made.append(commit(source))
        elif len(made) < 8:
            made.append("")
        else:
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        watch.follow(settle_s=2, poll_s=1, sleep=sleep)
    refreshed = [data["commit"] for event, data in told if event == "refreshed"]
    assert len(refreshed) == 2  # as it was found, and the last of the three
    assert refreshed[1] == made[2]


@pytest.mark.slow
def test_a_step_that_fails_is_told_of_and_the_watch_goes_on(gardener: Gardener, source: Path) -> None:
    watch, told = told_by(gardener, source)
    for file in source.rglob("*"):
        if file.is_file() and ".git" not in file.parts:
            file.unlink()
    commit(source)
    rounds = iter(range(6))

    def sleep(seconds: float) -> None:
        number = next(rounds, None)
        if number is None:
            raise SystemExit(143)
        if number == 2:
            write_repository(source)
            commit(source)

    with pytest.raises(SystemExit):
        watch.follow(settle_s=0, poll_s=1, sleep=sleep)
    events = [event for event, _ in told]
    assert events.index("failed") < events.index("refreshed")


def test_two_at_once_do_not_get_in_each_others_way(gardener: Gardener, source: Path) -> None:
    watch, told = told_by(gardener, source)
    other = Watch(
        gardener, source, lambda event, line, **data: watch.once() if event == "refreshed" else None
    )
    other.once()
    assert [event for event, _ in told] == ["busy"]


def test_only_commits_are_watched(gardener: Gardener, tmp_path: Path) -> None:
    watch, _ = told_by(gardener, tmp_path)
    with pytest.raises(InvalidInputError, match="no git repository"):
        watch.once()
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    with pytest.raises(InvalidInputError, match="no commit yet"):
        watch.once()


@pytest.mark.parametrize(
    ("load", "battery", "why"),
    [
        (0.0, None, ""),
        (1e9, None, "the load is"),
        (0.0, SimpleNamespace(percent=20.0, power_plugged=False), "the battery is at 20 %"),
        (0.0, SimpleNamespace(percent=20.0, power_plugged=True), ""),
        (0.0, SimpleNamespace(percent=90.0, power_plugged=False), ""),
    ],
)
def test_idle_by_load_and_battery(
    monkeypatch: pytest.MonkeyPatch, load: float, battery: Any, why: str
) -> None:
    """Mocked: this machine has no battery."""
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr(psutil, "sensors_battery", lambda: battery, raising=False)
    kind, words = busy(Limits())
    assert words.startswith(why)
    assert bool(kind) == bool(words) == bool(why)


@pytest.mark.slow
def test_sigterm_ends_it_cleanly(source: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "codebase_gardener.cli.main",
        "watch",
        str(source),
        "--json",
        "--settle",
        "0",
    ]
    environment = {**os.environ, "CODEBASE_GARDENER_HOME": str(tmp_path / "home")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        events = []
        for line in process.stdout:
            events.append(json.loads(line)["event"])
            if events[-1] == "no adapter":
                process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert events == ["watching", "refreshed", "no adapter", "stopped"]
    with Gardener(Settings(home=tmp_path / "home")) as gardener:
        assert gardener.wiki("garden").verify(Quiet()).findings == ()
