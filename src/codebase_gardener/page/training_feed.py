"""What a page that watches a training is told: figures as text, lines of what happened, and a stream of both."""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from starlette.concurrency import run_in_threadpool

from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.events import NewestEvents
from codebase_gardener.jobs.progress import TrainingProgress
from codebase_gardener.jobs.trainings import Trainings
from codebase_gardener.page.curves import MOST_POINTS
from codebase_gardener.page.plain_words import log_in_words, worded
from codebase_gardener.page.processes import spans
from codebase_gardener.registry.rows import JobRow
from codebase_gardener.serving.guard import Presence
from codebase_gardener.utils.error_handling import NotFoundError

__all__ = ["PENDING", "TrainingFeed", "figures", "happened", "log_tail"]

PENDING = ("queued", "training")
"""States that do not last."""

_LOOK_S = 0.5
_STATE_S = 1.0
_ALIVE_S = 15.0
_LOG_BYTES = 16 * 1024
_LINES = 200
_TOO_MANY = ("step", "rest")
"""Kinds of events that come all the time: they are no line of their own, and nothing is drawn anew for them."""


# ---- as text


def figures(
    job: JobRow, newest: Mapping[str, Mapping[str, Any]], progress: TrainingProgress
) -> dict[str, str]:
    """Where a training is, as the page writes it; what is not known yet is a dash.

    Args:
        job: The training.
        newest: Its newest event of each kind.
        progress: What they say.
    """
    step = newest.get("step", {})
    held = step.get("peak_bytes") or step.get("rss_bytes")
    far = " so far" if job.state == "training" else ""
    peak = f"{held / 1e9:.1f} GB{far}" if held else ""
    planned = f"{progress.memory_bytes / 1e9:.1f} GB planned" if progress.memory_bytes else ""
    best = progress.validated.get("best_loss")
    going = job.state == progress.stage == "training" and progress.eta_s is not None
    shown = {
        "stage": "failed" if progress.stage == "error" else progress.stage,
        "step": f"{progress.step:,} of {progress.steps:,}" if progress.steps else "",
        "loss": f"{progress.loss:.3f}" if progress.loss is not None else "",
        "validation": f"{best:.3f} at step {progress.validated['best_step']}" if best is not None else "",
        "speed": f"{progress.tokens_per_s:,.0f} tokens/s" if progress.tokens_per_s else "",
        "memory": ", ".join(filter(None, (peak, planned))),
        "eta": spans(progress.eta_s or 0.0) if going else "",
        "elapsed": spans(progress.elapsed_s) if progress.step else "",
    }
    return {name: value or "–" for name, value in shown.items()}


def happened(events: Iterable[Mapping[str, Any]], job: JobRow | None = None) -> list[tuple[str, str]]:
    """When, and what, of what did not happen all the time; the newest last.

    A worker that is ended from outside writes nothing of it: the job's row knows.
    """
    told = deque((event for event in events if event["kind"] not in _TOO_MANY), maxlen=_LINES)
    lines = [(_clock(event.get("time", 0.0)), _words(event)) for event in told]
    if job and job.ended_at and job.state in _ENDED and not (told and told[-1]["kind"] in ("error", "ended")):
        lines.append((job.ended_at[11:19], _ENDED[job.state]))
    return lines


_ENDED = {"cancelled": "cancelled", "error": "failed"}


def _clock(stamp: float) -> str:
    return datetime.fromtimestamp(stamp, UTC).strftime("%H:%M:%S")


_WORDS = {
    "placed": "placed on node {node}",
    "started": "the worker began, process {pid}",
    "stage": "{stage}",
    "encoded": "{rows} rows, {supervised_tokens} tokens to train on; {validation_rows} rows set aside, {truncated} cut",
    "not_encoded": "{rows} more rows are there, for which there is no time",
    "fast_path": "fast path through {layers} layers",
    "planned": "{steps} steps, {dtype} on {device}",
    "nodes": "{nodes} nodes train it together",
    "node_lost": "a node was lost: all go on from the last checkpoint",
    "validated": "validation loss {loss:.3f} at step {step}",
    "checkpoint": "checkpoint at step {step}",
    "resumed": "goes on from step {step}",
    "stopped_early": "stopped early at step {step}: {patience} looks brought nothing better",
    "deadline": "stopped at step {step}: the time is over",
    "trained": "trained: {steps} steps, {tokens} tokens",
    "published": "published",
    "proven": "proven: {tensors_matched} of {tensors_expected} tensors",
    "ready": "ready: {adapter}",
    "error": "failed: {message}",
    "ended": "it has ended: {state}",
}


def _words(event: Mapping[str, Any]) -> str:
    try:
        words = _WORDS[event["kind"]].format_map(event)
        words = re.sub(r"(?<![\d.,])1 (step|row|token|layer|look)s\b", r"1 \1", words)
        return words.replace("it has ended: error", "it has ended: failed")
    except (KeyError, ValueError, TypeError):  # of another version of the package
        told = ", ".join(
            f"{worded(name)} {value}" for name, value in event.items() if name not in ("kind", "time")
        )
        return ": ".join(filter(None, (worded(str(event["kind"])), told)))[:500]


def log_tail(log: Path) -> str:
    """The end of what the worker printed."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LOG_BYTES))
            return log_in_words(file.read().decode("utf-8", "replace"))
    except FileNotFoundError:
        return ""


# ---- as a stream


class TrainingFeed:
    """Server-sent events of one training, for one page, until the training or the server ends.

    Messages without a name: `points` (step, loss, smoothed loss), `figures`, and `again` where the page is to be drawn
    anew; their id is the offset in the event log to go on from. `log`: the end of the log. `end`: the training has
    ended. `bye`: the server ends.

    Args:
        trainings: Of the home.
        job: The training.
        offset: In bytes; where the page, or the stream before, left off.
    """

    def __init__(self, trainings: Trainings, job: JobRow, offset: int) -> None:
        self._trainings, self._job = trainings, job
        self._directory = JobDirectory(job.directory)
        self._newest = NewestEvents(self._directory.events)
        self._offset = offset
        self._figures: dict[str, str] = {}
        self._log_bytes = -1
        self._asked_s = self._said_s = time.monotonic()

    async def messages(self, presence: Presence) -> AsyncIterator[bytes]:
        """The stream's bytes.

        Args:
            presence: Of the server.
        """
        yield b"retry: 3000\n\n"
        over = False
        while not presence.is_ending:
            was_over = over
            over = await run_in_threadpool(self._is_over)
            for message in await run_in_threadpool(self._look):
                yield message
            if over and was_over:  # looked once more: the last event is written after the state
                yield _message(self._job.state, name="end")
                return
            await anyio.sleep(_LOOK_S)
        yield _message("", name="bye")

    def _is_over(self) -> bool:
        """Whether the training has ended; one whose worker is gone is given its state."""
        now = time.monotonic()
        if now - self._asked_s >= _STATE_S:
            self._asked_s = now
            try:
                self._job = self._trainings.get(self._job.id)
            except NotFoundError:  # it was deleted
                return True
        return self._job.state not in PENDING

    def _look(self) -> list[bytes]:
        events, self._offset = self._directory.events.read(self._offset)
        newest = self._newest.look()
        told = figures(self._job, newest, TrainingProgress.of_job(self._job, self._newest))
        messages = []
        if events or told != self._figures:
            steps = [event for event in events if event["kind"] == "step"]
            every = max(1, len(steps) // MOST_POINTS)
            points = [(one["step"], one["loss"], one["smooth_loss"]) for one in steps[-1::-every][::-1]]
            again = any(event["kind"] not in _TOO_MANY for event in events)
            content = {"points": points, "figures": told, "again": again}
            messages.append(_message(content, number=self._offset))
        self._figures = told
        size = self._directory.log.stat().st_size if self._directory.log.exists() else 0
        if size != self._log_bytes:
            if self._log_bytes >= 0:  # the page came with its end
                messages.append(_message(log_tail(self._directory.log), name="log"))
            self._log_bytes = size
        now = time.monotonic()
        if messages:
            self._said_s = now
        elif now - self._said_s > _ALIVE_S:
            self._said_s = now
            messages.append(b": still here\n\n")
        return messages


def _message(content: Any, *, name: str = "", number: int | None = None) -> bytes:
    head = (f"event: {name}\n" if name else "") + (f"id: {number}\n" if number is not None else "")
    return f"{head}data: {json.dumps(content)}\n\n".encode("ascii")
