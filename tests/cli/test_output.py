"""What is written where: JSON for programs, plain lines without a terminal, help."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from codebase_gardener import __version__
from codebase_gardener.cli import main as cli_main
from codebase_gardener.cli.display import Display
from codebase_gardener.cli.grow import _on_a_larger_base, _show_result
from codebase_gardener.cli.main import COMMANDS
from codebase_gardener.evaluation.verdict import not_measured
from codebase_gardener.utils.files import staging

from .conftest import Cli


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["projects"], 0),
        (["add", "{repository}"], 0),
        (["add", "{repository}/nowhere"], 5),
        (["dataset", "none"], 3),
        (["dataset"], 2),
        (["projects", "--nonsense"], 2),
        (["nonsense"], 2),
        (["jobs", "list"], 0),
        (["jobs", "show", "none"], 3),
        (["jobs", "cancel", "none"], 3),
        (["adapters", "list"], 0),
        (["adapters", "show", "none/none"], 3),
        (["evaluate", "none"], 3),
        (["evaluate", "none", "--require", "perfect"], 2),
        (["ask", "none", "why?"], 3),
        (["delete", "none"], 3),
        (["grow", "{repository}", "--minutes", "0"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_json_is_one_document_also_on_error(
    cli: Cli, small_repository: Path, arguments: list[str], code: int
) -> None:
    result = cli(*(argument.format(repository=small_repository) for argument in arguments), "--json")
    assert result.code == code, result.err
    document = result.json
    if code:
        assert document["exit_code"] == code
        assert document["message"]
        assert "Traceback" not in result.err


def test_the_eta_does_not_count_what_came_before_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A minute of loading, a step of 3 s; a training that goes on begins at step 40 at once."""
    clock, out = [0.0], io.StringIO()
    monkeypatch.setattr("codebase_gardener.cli.display.time", SimpleNamespace(monotonic=lambda: clock[0]))
    with Display(Console(file=out, width=200)).stage("training", "steps") as progress:
        for at, done in ((0, 0), (30, 0), (60, 0), (61, 40), (64, 41), (73, 44)):
            clock[0] = at
            progress(done, 100)
    first, second, third, _ = out.getvalue().splitlines()
    assert (first, second) == ("training: 0/100 steps", "training: 0/100 steps")
    assert third == "training: 44/100 steps, 0.3/s, ETA 168 s"


def test_who_started_it_reads_how_far_it_is_in_a_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clock, file = [0.0], tmp_path / "progress.json"
    monkeypatch.setenv("GARDENER_PROGRESS_FILE", str(file))
    monkeypatch.setattr("codebase_gardener.cli.display.time", SimpleNamespace(monotonic=lambda: clock[0]))
    with Display(Console(file=io.StringIO(), width=200)).stage("tokens", "functions") as progress:
        for at, done in ((1, 1), (3, 2), (5, 3)):
            clock[0] = at
            progress(done, 10)
        told = {"stage": "tokens", "unit": "functions", "done": 3, "total": 10, "left_s": 14.0}
        assert json.loads(file.read_text()) == told
    file.unlink()
    tmp_path.chmod(0o500)
    progress(10, 10)  # what cannot be written keeps nobody from working


@pytest.mark.slow
def test_piped_output_is_plain(tmp_path: Path, small_repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "codebase_gardener.cli.main", "add", str(small_repository)],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": os.environ["HOME"],  # there the scanner keeps its compiled rules: 5 s without
            "CODEBASE_GARDENER_HOME": str(tmp_path / "home"),
            "TERM": "xterm-256color",
        },
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"\x1b" not in done.stdout + done.stderr
    assert b"\r" not in done.stdout + done.stderr
    assert done.stderr.startswith(b"snapshot: done: ")


def test_debug_shows_the_traceback(cli: Cli) -> None:
    result = cli("dataset", "none", "--debug")
    assert result.code == 3
    assert "Traceback" in result.err


def test_a_bug_is_said_to_be_one(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("codebase_gardener.gardener.facade.Gardener.projects", broken)
    result = cli("projects", "--json")
    assert result.code == 1
    assert result.json["exit_code"] == 1
    assert "This is a bug in Codebase Gardener: RuntimeError: boom" in result.err


def test_interrupt(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("codebase_gardener.gardener.facade.Gardener.projects", interrupted)
    assert cli("projects").failed(130, "interrupted")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_path_that_looks_like_markup_is_printed_as_it_is(terminal: bool) -> None:
    out = io.StringIO()
    display = Display(Console(file=out, force_terminal=terminal, width=200))
    display.say("app/[id] at [/foo]")
    with display.stage("training", "steps") as progress:
        progress(1, 1)
        progress.note("[bold] [/bar]")
    for words in ("app/[id] at [/foo]", "[bold] [/bar]"):
        assert words in out.getvalue()


def test_what_grow_ends_with_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    version = SimpleNamespace(
        ref="a/default@1", project="a", active=True, base_id="b", directory="/[/x]/[id]"
    )
    grown: Any = SimpleNamespace(version=version, verdict=not_measured("no [/b]"), was_there=False)
    _show_result(grown, _on_a_larger_base("my [app]/src", "a", "v1 x", None))
    out = capsys.readouterr().out
    assert "in /[/x]/[id]\n" in out
    assert "gardener grow 'my [app]/src' --name a --revision 'v1 x' --base Qwen" in out


def test_help_and_version(cli: Cli) -> None:
    out = cli("--help").ok().out
    assert [name for name in COMMANDS if f"\n  {name} " not in out] == []
    assert cli("--version").ok().out.strip() == f"gardener, version {__version__}"
    assert cli().code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_each_command(cli: Cli, name: str) -> None:
    assert "Usage: " in cli(name, "--help").ok().out
    assert not cli.home.exists(), "help touches nothing"


@pytest.mark.parametrize(
    ("verdict", "required", "good"),
    [
        ("helped", "helped", True),
        ("helped", "unchanged", True),
        ("unchanged", "helped", False),
        ("unchanged", "unchanged", True),
        ("hurt", "unchanged", False),
        ("hurt", "helped", False),
        ("hurt", None, True),
    ],
)
def test_what_require_accepts(verdict: str, required: str | None, good: bool) -> None:
    from codebase_gardener.cli.evaluate import _missed
    from codebase_gardener.utils.names import AdapterRef

    error = _missed(AdapterRef("demo", "default", 1), verdict, required)
    assert (error is None) is good
    assert error is None or error.exit_code == 11


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_output_that_is_full_is_no_bug(options: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "codebase_gardener.cli.main", "projects", *options],
            env={**os.environ, "CODEBASE_GARDENER_HOME": str(tmp_path)},
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 9
    assert "No space left" in done.stderr and "bug" not in done.stderr


def test_a_command_that_is_told_to_end_cleans_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def work() -> None:
        with staging(tmp_path / "out") as place:
            assert place.is_dir()
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)

    monkeypatch.setattr(cli_main, "cli", lambda **_: work())
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit) as caught:
            cli_main.run()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught.value.code == 143
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_reader_that_goes_is_no_error(tmp_path: Path) -> None:
    code = "import time; from codebase_gardener.cli import main as m; "
    code += "m.cli = lambda **_: (time.sleep(1), print('late')); m.main()"
    done = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" | true', sys.executable, code],
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.slow
def test_the_quick_end_loses_nothing(tmp_path: Path) -> None:
    """What is registered for the end is done, what was written arrives, and the exit code is the command's."""
    code = "import atexit, sys; atexit.register(print, 'the last'); sys.argv = ['gardener', *sys.argv[1:]]; "
    code += "from codebase_gardener.cli.main import main; main()"
    for arguments, wanted in ((["projects", "--json"], 0), (["wiki", "show", "x"], 3)):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "CODEBASE_GARDENER_HOME": str(tmp_path / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout.splitlines()[-1]) == (wanted, "the last")
