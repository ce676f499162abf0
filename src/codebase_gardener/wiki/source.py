"""The repository of a project: its snapshots, and its source as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codebase_gardener.registry.transactions import Registry
from codebase_gardener.repository.git import GitRepository, find_repository
from codebase_gardener.repository.patterns import Chosen
from codebase_gardener.repository.snapshot import Snapshot, take_snapshot
from codebase_gardener.repository.sources import is_git_url
from codebase_gardener.repository.store import load_snapshot
from codebase_gardener.store.shared import SharedFolders
from codebase_gardener.utils.error_handling import NotFoundError, SourceError
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["ProjectSource"]


@dataclass(frozen=True)
class ProjectSource:
    """What a wiki is built from and judged by.

    Attributes:
        registry: It knows the project's snapshots.
        project: Its name.
        max_file_bytes: Larger files are left out.
        chosen: Which files count.
        shared: Where snapshots of other machines come from.
    """

    registry: Registry
    project: str
    max_file_bytes: int
    chosen: Chosen
    shared: SharedFolders | None = None

    @property
    def latest_id(self) -> str:
        """Of the snapshot that was taken last."""
        return self.registry.latest_snapshot(self.project).snapshot_id

    def latest(self) -> Snapshot:
        """The snapshot that was taken last."""
        return self._at(self.registry.latest_snapshot(self.project).path)

    def kept(self, snapshot_id: str) -> Snapshot | None:
        """An earlier snapshot; None where it is not kept any more."""
        try:
            return self._at(self.registry.latest_snapshot(self.project).path.with_name(snapshot_id))
        except (SourceError, NotFoundError):
            return None

    def _at(self, folder: Path) -> Snapshot:
        return load_snapshot(folder if self.shared is None else self.shared.bring(folder))

    @property
    def has_revisions(self) -> bool:
        """Whether it is in git: no archive, and no folder outside of a work tree."""
        source = self.registry.project(self.project).source
        return is_git_url(source) or self.repository is not None

    @property
    def repository(self) -> GitRepository | None:
        """Its git repository on this machine; None for an archive, a URL and a folder that is in none."""
        folder = Path(self.registry.project(self.project).source)
        return find_repository(folder.resolve()) if folder.is_dir() else None

    @property
    def commit(self) -> str:
        """Of the snapshot that was taken last; "" without one."""
        return self.registry.latest_snapshot(self.project).commit or ""

    def at(self, revision: str) -> Snapshot:
        """The source at a commit, branch or tag, without keeping it.

        Raises:
            SourceError: There is no such revision, or the source has none.
        """
        source = self.registry.project(self.project).source
        return take_snapshot(
            source, revision=revision, max_file_bytes=self.max_file_bytes, chosen=self.chosen
        )

    def now(self, progress: Progress = silent) -> Snapshot:
        """The source as it is now, without keeping it; the last snapshot, where it is no directory here."""
        source = self.registry.project(self.project).source
        if not Path(source).is_dir():
            return self.latest()
        return take_snapshot(
            source, max_file_bytes=self.max_file_bytes, chosen=self.chosen, progress=progress
        )
