"""What becomes of a version after it is published, in a file beside the versions: a lost registry costs nothing.

One JSON object a line, appended within the transaction that writes the row: no row is without its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codebase_gardener.utils.files import append_line, make_folder

__all__ = ["RECORD", "append_record", "read_record"]

RECORD = "record.jsonl"


def append_record(directory: Path, version: int, kind: str, data: Mapping[str, Any]) -> None:
    """Append a line on a published version.

    Args:
        directory: Of the version; the record lies beside it.
        version: Its number.
        kind: "receipt", "verdict" or "active".
        data: As JSON.

    Raises:
        ResourceError: The disk is full or the place cannot be written.
    """
    line = json.dumps({"version": version, "kind": kind, **data}, ensure_ascii=False)
    make_folder(directory.parent)  # the version may lie in another home
    append_line(directory.parent / RECORD, line)


def read_record(adapter: Path) -> Iterator[dict[str, Any]]:
    """The lines of an adapter's record, oldest first; what a crash cut short is left out.

    Args:
        adapter: The folder that holds its versions.
    """
    try:
        lines = (adapter / RECORD).read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("version"), int) and isinstance(row.get("kind"), str):
            yield row
