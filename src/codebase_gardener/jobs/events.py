"""A job's event log: one JSON object a line, appended whole, read while it grows."""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.utils.files import append_line

__all__ = ["EventLog", "EventReader", "NewestEvents"]


@dataclass(frozen=True)
class EventLog:
    """`events.jsonl` of a job.

    Kinds: placed, started, stage, resumed, fast_path, planned, validated, step, checkpoint, rest, stopped_early,
    nodes, node_lost, trained, published, proven, ready, error.
    """

    path: Path

    def append(self, kind: str, **fields: Any) -> None:
        """Append one event with the time, in a single write."""
        event = {"kind": kind, "time": time.time(), **fields}
        append_line(self.path, json.dumps(event, ensure_ascii=False, default=str))

    def read(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Events from a byte offset on, and the offset to go on from; a line still being written waits."""
        reader = EventReader(self, offset)
        return list(reader.new()), reader.offset

    def all(self) -> list[dict[str, Any]]:
        """Every event so far."""
        return self.read()[0]

    def last(self, kind: str) -> dict[str, Any] | None:
        """The newest event of a kind."""
        of_kind = (event for event in EventReader(self).new() if event["kind"] == kind)
        return next(iter(deque(of_kind, maxlen=1)), None)


class EventReader:
    """Reads a log on from where it was, one event at a time: as a list, an hour's 3,600 steps take 6 MB.

    Attributes:
        offset: In bytes; where it goes on.
    """

    def __init__(self, log: EventLog, offset: int = 0) -> None:
        self.log, self.offset = log, offset

    def new(self) -> Iterator[dict[str, Any]]:
        """What was written since; a line still being written waits."""
        try:
            file = self.log.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self.offset += len(line)
                if event := _event(line):
                    yield event


class NewestEvents:
    """The newest event of each kind, for who looks often: each look reads on from where the one before ended."""

    def __init__(self, log: EventLog) -> None:
        self._reader = EventReader(log)
        self._by_kind: dict[str, dict[str, Any]] = {}

    def look(self) -> dict[str, dict[str, Any]]:
        """Kind → event, the newest last."""
        for event in self._reader.new():
            self._by_kind.pop(event["kind"], None)  # so that it moves to the end
            self._by_kind[event["kind"]] = event
        return self._by_kind


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:  # a line cut by a full disk: the ones after it still count
        return None
    return event if isinstance(event, dict) and "kind" in event else None
