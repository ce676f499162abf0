"""A source that is read while what a build needs is loaded: reading is mostly waiting for the scan for secrets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING

from codebase_gardener.repository.patterns import Chosen
from codebase_gardener.repository.snapshot import Snapshot, take_snapshot
from codebase_gardener.wiki.building import remembering_results
from codebase_gardener.wiki.unchanged import StampedSource, paths_of

if TYPE_CHECKING:
    from codebase_gardener.config.settings import Settings

__all__ = ["read_ahead", "reading_ahead"]

_TURN_S = (
    0.0001  # a thread that opens hundreds of files waits so long for each while another one loads modules
)


@contextmanager
def reading_ahead(
    settings: Settings, what: str, source: StampedSource | None
) -> Iterator[Future[Snapshot] | None]:
    """Within the block the snapshot of a directory is taken by another thread, with what the last build computed.

    Args:
        settings: Which files count.
        what: A project, or the directory that it was made from.
        source: Where it lies; None for what is no directory.

    Returns:
        What becomes the snapshot; None where no wiki was built yet: its scan is long, and is to be seen.
    """
    paths = paths_of(settings, what)
    if source is None or not paths.record.is_file():
        yield None
        return
    interval = sys.getswitchinterval()
    with remembering_results(paths):
        sys.setswitchinterval(_TURN_S)
        reader = ThreadPoolExecutor(1)
        taken = reader.submit(copy_context().run, _taken, settings, source.folder)
        reader.shutdown(wait=False)
        try:
            yield taken
        finally:
            sys.setswitchinterval(interval)


def _taken(settings: Settings, folder: Path) -> Snapshot:
    chosen = Chosen(**settings.repository.model_dump())
    return take_snapshot(str(folder), max_file_bytes=settings.max_file_bytes, chosen=chosen)


def read_ahead(taken: Future[Snapshot] | None, source: str) -> Snapshot | None:
    """The snapshot that was taken ahead; None where there is none of this source."""
    if taken is None:
        return None
    snapshot = taken.result()
    return snapshot if snapshot.source == str(Path(source).expanduser().resolve()) else None
