"""Where a home's servers listen: a file for each that runs, so that commands find it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codebase_gardener.utils.files import make_folder, writing

__all__ = ["addresses", "written"]


@contextmanager
def written(home: Path, url: str) -> Iterator[None]:
    """The address of a server in its home, for a block."""
    file = home / "servers" / url.rpartition(":")[2]
    with writing(file):
        make_folder(file.parent)
        file.write_text(url, encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def addresses(home: Path) -> list[str]:
    """Of the servers that run on a home, or were killed."""
    return [file.read_text("utf-8") for file in sorted((home / "servers").glob("[0-9]*"))]
