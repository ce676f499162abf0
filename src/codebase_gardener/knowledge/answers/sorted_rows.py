"""Rows of a file, sorted by a key: one is found by halving, so that nothing has to be read before the first answer."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.files import write_atomic

__all__ = ["SortedRows"]

_HEAD = "\0rows\t"
"""The first row: a file without it was cut off, and one that is empty could not be mapped."""


class SortedRows:
    """A file of rows.

    Args:
        file: What `write` wrote.

    Raises:
        NotFoundError: There is no such file, or it is damaged.
    """

    def __init__(self, file: Path) -> None:
        try:
            with file.open("rb") as opened:
                self._bytes = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise NotFoundError(
                f"no rows in {file}: {error}", hint="ask again: they are made anew"
            ) from error
        if self._bytes[: len(_HEAD)] != _HEAD.encode():
            raise NotFoundError(f"no rows in {file}", hint="remove it: it is made anew")

    @staticmethod
    def write(file: Path, rows: Iterable[tuple[str, str]]) -> None:
        """Write rows, each a key and what is kept under it; neither may hold a tab or an end of line."""
        lines = sorted({f"{key}\t{text}".encode("utf-8", "replace") for key, text in rows})
        write_atomic(file, b"".join([_HEAD.encode(), b"\n", *(line + b"\n" for line in lines)]))

    def find(self, key: str) -> list[str]:
        """What is kept under a key, in order."""
        wanted = key.encode("utf-8", "replace") + b"\t"
        found, at = [], self._first(wanted)
        while self._bytes[at : at + len(wanted)] == wanted:
            end = self._bytes.find(b"\n", at)
            found.append(self._bytes[at + len(wanted) : end].decode("utf-8"))
            at = end + 1
        return found

    def __contains__(self, key: str) -> bool:
        wanted = key.encode("utf-8", "replace") + b"\t"
        at = self._first(wanted)
        return self._bytes[at : at + len(wanted)] == wanted

    def __iter__(self) -> Iterator[str]:
        """Every key, once for each of its rows."""
        at = self._bytes.find(b"\n") + 1
        while at < len(self._bytes):
            yield self._bytes[at : self._bytes.find(b"\t", at)].decode("utf-8")
            at = self._bytes.find(b"\n", at) + 1

    def _first(self, wanted: bytes) -> int:
        """Where the first row begins that is not before `wanted`."""
        low, high = 0, len(self._bytes)
        while low < high:
            start = self._bytes.rfind(b"\n", 0, (low + high) // 2) + 1
            if self._bytes[start : start + len(wanted)] < wanted:
                low = self._bytes.find(b"\n", (low + high) // 2) + 1
            else:
                high = start
        return low
