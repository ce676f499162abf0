"""Where the wiki of a project lies, with all that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codebase_gardener.utils.error_handling import NotFoundError

__all__ = ["WikiPaths"]


@dataclass(frozen=True)
class WikiPaths:
    """The places of a project's wiki, whether it is built or not.

    Attributes:
        root: The project's folder; its name is the project's.

    Example:
        >>> WikiPaths(Path("projects/garden")).folder.as_posix()
        'projects/garden/wiki'
    """

    root: Path

    @property
    def project(self) -> str:
        """Whose wiki it is."""
        return self.root.name

    @property
    def folder(self) -> Path:
        """The wiki itself: Markdown."""
        return self.root / "wiki"

    @property
    def overrides(self) -> Path:
        """A person's corrections."""
        return self.root / "wiki-overrides.yaml"

    @property
    def site(self) -> Path:
        """The static site, where no other place is named."""
        return self.root / "wiki-html"

    @property
    def record(self) -> Path:
        """What it was built from."""
        return self._cache / "build.json"

    @property
    def facts(self) -> Path:
        """What was found in each file."""
        return self._cache / "facts.msgpack"

    @property
    def results(self) -> Path:
        """What was computed from each text."""
        return self._cache / "results.msgpack"

    @property
    def prose(self) -> Path:
        """What a writer has answered."""
        return self._cache / "prose.jsonl"

    @property
    def _cache(self) -> Path:
        return self.root / "wiki-cache"

    @property
    def indexes(self) -> Path:
        """The indexes of code and pages, a folder each."""
        return self.root / "indexes"

    def require(self) -> Path:
        """The folder of a wiki that is built.

        Raises:
            NotFoundError: It is not.
        """
        if not self.folder.is_dir():
            raise NotFoundError(f"{self.project} has no wiki yet", hint=f"gardener wiki build {self.project}")
        return self.folder
