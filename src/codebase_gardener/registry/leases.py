"""Leases: whoever uses a version's files holds a shared lock; deleting them takes it exclusively, and so does
publishing what no job has trained, until it has its row.

The lock is the kernel's (flock): it holds across processes, and a killed process holds nothing.
The lease file lies outside of the published directory, which never changes, and is never removed:
two processes could otherwise hold locks on two files of one name.

To use a version: take its lease, then read its row. The other way round it may be deleted in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.files import FileLock

__all__ = ["exclusive", "lease", "lease_path", "project_lease_path"]


def lease_path(directory: Path) -> Path:
    """The lease file of a published directory: beside it, in `.leases`.

    Example:
        >>> lease_path(Path("adapters/default/3")).as_posix()
        'adapters/default/.leases/3'
    """
    return directory.parent / ".leases" / directory.name


def project_lease_path(home: Path, project: str) -> Path:
    """The lease file of a project: whoever writes into its folder holds it shared, whoever deletes it alone."""
    return home / "locks" / project


@contextmanager
def lease(path: Path, what: str = "this version") -> Iterator[FileLock]:
    """Hold a version in use; many may at once.

    Args:
        path: The lease file, the same for all who use the version. Made where it is not there.
        what: How an error names the version, such as `demo/default@3`.

    Yields:
        The lock: its descriptor can be handed down to a child process.

    Raises:
        ConflictError: The version is being deleted.
    """
    with _held(
        path, shared=True, refusal=f"{what} is being deleted", hint="wait for that, or choose another"
    ) as lock:
        yield lock


@contextmanager
def exclusive(path: Path, what: str = "this version") -> Iterator[FileLock]:
    """Hold a version alone, to delete it; never waits.

    Raises:
        ConflictError: It is in use, by this process or another.
    """
    hint = "unload it, or wait for what works on it or serves it, and try again"
    with _held(path, shared=False, refusal=f"{what} is in use", hint=hint) as lock:
        yield lock


@contextmanager
def _held(path: Path, *, shared: bool, refusal: str, hint: str) -> Iterator[FileLock]:
    lock = FileLock(path)
    if not lock.acquire(shared=shared):
        raise ConflictError(refusal, hint=hint, context={"lease": str(path)})
    try:
        yield lock
    finally:
        lock.release()
