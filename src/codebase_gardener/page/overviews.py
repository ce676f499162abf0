"""What a project is, in the first words of its wiki."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.knowledge.pages.reading import read_page
from codebase_gardener.knowledge.pages.structure import OVERVIEW_FILE
from codebase_gardener.wiki.paths import WikiPaths

__all__ = ["overview_of"]

_KEPT = 2048


def overview_of(projects_dir: Path, project: str) -> str:
    """The first paragraph of a project's wiki, as text; "" where there is none."""
    file = WikiPaths(projects_dir / project).folder / OVERVIEW_FILE
    try:
        stat = file.stat()
    except OSError:
        return ""
    return _read(file, stat.st_mtime_ns, stat.st_size)


@lru_cache(_KEPT)
def _read(file: Path, changed_ns: int, size: int) -> str:
    """The stamps are there to be remembered by."""
    page = read_page(file.read_text("utf-8", "replace")).page
    return plain_text(page.overview) if page else ""
