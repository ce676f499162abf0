"""Progress for people: bars with rate and ETA on a terminal, plain lines elsewhere; always on standard error."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from codebase_gardener.utils.progress import PROGRESS_FILE, Stage

__all__ = ["Display"]

_LINE_EVERY_S = 10.0
_FILE_EVERY_S = 0.5


class _Rate(ProgressColumn):
    """Units per second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.1f} {task.fields['unit']}/s" if speed else "")


class Display:
    """Shows stages one after another.

    Args:
        console: Where to; standard error by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)

    def say(self, message: str) -> None:
        """One line of text, printed as it is: a path may look like markup."""
        self.console.print(message, highlight=False, soft_wrap=True, markup=False)

    @contextmanager
    def stage(self, title: str, unit: str) -> Iterator[Stage]:
        """Show one stage for as long as the block runs; an error leaves it marked as it stood."""
        if self.console.is_terminal:
            with self._bars() as bars:
                yield _Bar(bars, title, unit)
        else:
            lines = _Lines(self.console, title, unit)
            yield lines
            lines.close()

    def _bars(self) -> Progress:
        return Progress(
            SpinnerColumn(finished_text="[green]✓[/]"),
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _Rate(),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=self.console,
        )


class _Bar:
    """A rich progress bar as a callback."""

    def __init__(self, bars: Progress, title: str, unit: str) -> None:
        self.bars = bars
        self.task = bars.add_task(title, total=None, unit=unit, note="")

    def __call__(self, done: int, total: int) -> None:
        self.bars.update(self.task, completed=done, total=total or None)

    def note(self, words: str) -> None:
        """A few words behind the bar."""
        self.bars.update(self.task, note=words)


class _Lines:
    """Plain lines: at the start, every ten seconds, at the end."""

    def __init__(self, console: Console, title: str, unit: str) -> None:
        self.console, self.title, self.unit = console, title, unit
        self.started = self.said = time.monotonic()
        self.done = self.total = 0
        self.first: tuple[int, float] | None = None
        self.words = ""
        self.file, self.written = os.environ.get(PROGRESS_FILE, ""), 0.0

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        now = time.monotonic()
        if done and self.first is None:
            self.first = done, now
        if now - self.said >= _LINE_EVERY_S:
            self.said = now
            self._print(f"{done}/{total or '?'} {self.unit}{self._told(now)}")
        if self.file and (now - self.written >= _FILE_EVERY_S or done == total):
            self.written = now
            self._write(now)

    def _rate(self, now: float) -> float:
        """Units per second, counted from the first on: what came before was no work on units, or an earlier run's."""
        if self.first is None or self.done == self.first[0]:
            return 0.0
        return (self.done - self.first[0]) / (now - self.first[1])

    def _told(self, now: float) -> str:
        if not (rate := self._rate(now)):
            return ""
        return f", {rate:.1f}/s" + (f", ETA {(self.total - self.done) / rate:.0f} s" if self.total else "")

    def _write(self, now: float) -> None:
        rate = self._rate(now)
        left_s = (self.total - self.done) / rate if rate and self.total else None
        file = Path(self.file)
        with suppress(OSError):  # the work goes on where the disk is full
            told = {
                "stage": self.title,
                "unit": self.unit,
                "done": self.done,
                "total": self.total,
                "left_s": left_s,
            }
            written = file.with_suffix(".new")
            written.write_text(json.dumps(told), "utf-8")
            os.replace(written, file)

    def note(self, words: str) -> None:
        """A few words at the end of the line."""
        self.words = words

    def close(self) -> None:
        """The stage is over."""
        counted = f": {self.done} {self.unit}" if self.done else ""
        self._print(f"done{counted} in {time.monotonic() - self.started:.1f} s")

    def _print(self, message: str) -> None:
        text = f"{self.title}: {message} {self.words}".rstrip()
        self.console.print(text, highlight=False, soft_wrap=True, markup=False)
