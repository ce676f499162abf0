"""Reading JSONL that a stranger wrote: one JSON value per line, each with its line number or its problem."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError

__all__ = ["MAX_LINE_BYTES", "JsonLine", "read_jsonl"]

MAX_LINE_BYTES = 5_000_000
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class JsonLine:
    """A line that is not blank.

    Attributes:
        number: 1-based.
        value: What the JSON says; None where there is a problem.
        problem: Why it could not be read, else "".
    """

    number: int
    value: Any = None
    problem: str = ""


def read_jsonl(path: Path) -> Iterator[JsonLine]:
    """The lines of a JSONL file; blank ones are skipped, a byte order mark and CRLF are accepted.

    Raises:
        NotFoundError: There is no such file.
        InvalidInputError: It is no regular file, or cannot be read.
    """
    if not path.exists():
        raise NotFoundError(f"there is no file {path}", hint="give the path of a JSONL file")
    if not path.is_file():  # a FIFO would block for ever
        raise InvalidInputError(f"{path} is not a file", hint="give the path of a JSONL file")
    try:
        with path.open("rb") as file:
            yield from _lines(file)
    except OSError as error:
        raise InvalidInputError(f"cannot read {path}: {error.strerror}") from error


def _lines(file: BinaryIO) -> Iterator[JsonLine]:
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            _skip_line(file, raw)
            yield JsonLine(
                number, problem=f"is longer than {MAX_LINE_BYTES:,} bytes: cut it into several rows"
            )
        elif number == 1 and raw.startswith(_UTF16):
            yield JsonLine(number, problem="begins as UTF-16: save the file as UTF-8")
            return
        else:
            line = _parse(number, raw.removeprefix(_BOM) if number == 1 else raw)
            if line:
                yield line


def _skip_line(file: BinaryIO, raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = file.readline(MAX_LINE_BYTES)


def _parse(number: int, raw: bytes) -> JsonLine | None:
    if not raw.strip():
        return None
    try:
        return JsonLine(number, json.loads(raw.decode("utf-8"), object_pairs_hook=_once))
    except _TwiceError as error:
        return JsonLine(number, problem=f"says {str(error)[:40]!r} twice")
    except UnicodeDecodeError as error:
        return JsonLine(number, problem=f"is not UTF-8 (byte {error.start + 1})")
    except json.JSONDecodeError as error:
        return JsonLine(number, problem=_not_json(number, raw, error))
    except (RecursionError, ValueError):  # nested a thousand deep; a number of 5,000 digits
        return JsonLine(
            number, problem="is JSON that no row needs: nested too deep or with too long a number"
        )


class _TwiceError(Exception):
    """An object has a key more than once: which value is meant nobody knows."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) < len(pairs):
        raise _TwiceError(next(key for n, (key, _) in enumerate(pairs) if key in dict(pairs[:n])))
    return known


def _not_json(number: int, raw: bytes, error: json.JSONDecodeError) -> str:
    if number == 1 and raw.strip() in (b"[", b"{"):
        return "begins a JSON document of many lines: write one row per line, without commas between rows"
    return f"is not JSON ({error.msg}, column {error.colno})"
