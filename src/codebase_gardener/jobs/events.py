"""A job's event log: one JSON object a line, appended whole, read while it grows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.utils.files import append_line

__all__ = ["EventLog", "NewestEvents"]


@dataclass(frozen=True)
class EventLog:
    """`events.jsonl` of a job.

    Kinds: placed, started, stage, resumed, fast_path, planned, validated, step, checkpoint, rest, stopped_early,
    trained, published, proven, ready, error.
    """

    path: Path

    def append(self, kind: str, **fields: Any) -> None:
        """Append one event with the time, in a single write."""
        event = {"kind": kind, "time": time.time(), **fields}
        append_line(self.path, json.dumps(event, ensure_ascii=False, default=str))

    def read(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Events from a byte offset on, and the offset to go on from; a line still being written waits."""
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                raw = file.read()
        except FileNotFoundError:
            return [], offset
        whole = raw[: raw.rfind(b"\n") + 1]
        return list(_parse(whole)), offset + len(whole)

    def all(self) -> list[dict[str, Any]]:
        """Every event so far."""
        return self.read()[0]

    def last(self, kind: str) -> dict[str, Any] | None:
        """The newest event of a kind."""
        return next((event for event in reversed(self.all()) if event["kind"] == kind), None)


class NewestEvents:
    """The newest event of each kind, for who looks often: each look reads on from where the one before ended."""

    def __init__(self, log: EventLog) -> None:
        self._log, self._offset = log, 0
        self._by_kind: dict[str, dict[str, Any]] = {}

    def look(self) -> dict[str, dict[str, Any]]:
        """Kind → event, the newest last."""
        events, self._offset = self._log.read(self._offset)
        for event in events:
            self._by_kind.pop(event["kind"], None)  # so that it moves to the end
            self._by_kind[event["kind"]] = event
        return self._by_kind


def _parse(raw: bytes) -> Iterator[dict[str, Any]]:
    for line in raw.splitlines():
        try:
            event = json.loads(line)
        except ValueError:  # a line cut by a full disk: the ones after it still count
            continue
        if isinstance(event, dict) and "kind" in event:
            yield event
