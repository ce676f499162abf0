"""A wiki that is up to date, told by stamps: neither the source nor a page is read, and no database opened."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import codebase_gardener
from codebase_gardener.repository.sources import default_name
from codebase_gardener.repository.stamps import digest_of, folder_stamp, tree_stamp
from codebase_gardener.utils.files import read_json, write_json
from codebase_gardener.wiki.paths import WikiPaths
from codebase_gardener.wiki.record import WikiRecord

if TYPE_CHECKING:
    from codebase_gardener.config.settings import Settings
    from codebase_gardener.wiki.building import Built

__all__ = ["BuildWords", "StampedSource", "paths_of", "remember_build", "unchanged_wiki"]

_SQLITE = "sqlite:///"


@dataclass(frozen=True)
class BuildWords:
    """What a build says.

    Attributes:
        lines: For a person.
        document: For `--json`.
    """

    lines: Sequence[str]
    document: dict[str, Any]

    @classmethod
    def of(cls, built: Built) -> BuildWords:
        """Of a build."""
        return cls(built.summary(), built.as_dict())


@dataclass(frozen=True)
class StampedSource:
    """A project's source before it is read.

    Attributes:
        folder: Resolved.
        stamp: "" where nothing can be told by it later on.
    """

    folder: Path
    stamp: str

    @classmethod
    def of(cls, settings: Settings, what: str) -> StampedSource | None:
        """Of a project whose wiki was built, or of a directory; None for what is neither."""
        try:
            kept = read_json(paths_of(settings, what).unchanged)
            folder = Path(kept["source"])
        except (OSError, ValueError, LookupError, TypeError):
            folder = Path(what).resolve()
        try:
            return cls(folder, tree_stamp(folder)) if folder.is_dir() else None
        except (OSError, ValueError):
            return None


def unchanged_wiki(
    settings: Settings, what: str, source: StampedSource | None, *, phase: str
) -> BuildWords | None:
    """What the last build said, where the wiki is as a build would leave it; None where there may be something to do.

    Args:
        settings: Where the projects lie, and which files count.
        what: A project, or the directory that it was made from.
        source: As it is now.
        phase: The last one to be done.
    """
    paths = paths_of(settings, what)
    if source is None or not source.stamp:
        return None
    try:
        kept = read_json(paths.unchanged)
        now = [str(source.folder), source.stamp, phase, _around(settings, paths)]
        if [kept["source"], kept["tree"], kept["phase"], kept["around"]] != now:
            return None
        return BuildWords(kept["lines"], kept["document"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def remember_build(settings: Settings, built: Built, source: StampedSource | None) -> None:
    """Keep what a build said, once all is written and the database is closed; not of one by a model."""
    paths = WikiPaths(settings.projects_dir / built.project)
    paths.unchanged.unlink(missing_ok=True)
    if source is None or not source.stamp or built.build.prose is not None:
        return
    nothing = replace(built.published, written=(), removed=(), kept=len(built.build.files))
    again = replace(built, published=nothing)
    try:
        around = _around(settings, paths)
    except (OSError, ValueError):
        return
    kept = {"source": str(source.folder), "tree": source.stamp, "phase": built.build.phase, "around": around}
    write_json(paths.unchanged, {**kept, "lines": again.summary(), "document": again.as_dict()})


def paths_of(settings: Settings, what: str) -> WikiPaths:
    """Of the project of that name, else of the one that a directory becomes."""
    known = "/" not in what and (settings.projects_dir / what).is_dir()
    return WikiPaths(settings.projects_dir / (what if known else default_name(what)))


def _around(settings: Settings, paths: WikiPaths) -> str:
    """Of all that a build reads and writes, but for the source.

    Raises:
        OSError: Some of it is not there.
        ValueError: The database is none whose file could be looked at.
    """
    database = settings.database_url
    if not database.startswith(_SQLITE):
        raise ValueError("a database of a server")
    record = WikiRecord.read(paths.record)
    if record is None:
        raise ValueError("no wiki was built")
    root = paths.folder.parent
    code = Path(codebase_gardener.__path__[0])
    own = [(str(file), _status(file)) for file in sorted(code.rglob("*.py"))]
    return digest_of(
        [
            sys.version,
            digest_of(own),
            database,
            [_status(Path(database.removeprefix(_SQLITE) + end)) for end in ("", "-wal", "-journal")],
            settings.max_file_bytes,
            settings.repository,
            _status(paths.overrides),
            _status(paths.record),
            folder_stamp(paths.folder),
            folder_stamp(root / "snapshots" / record.snapshot),
        ]
    )


def _status(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
