"""Where the wiki of a project lies, with all that belongs to it."""

from __future__ import annotations

from pathlib import Path

from codebase_gardener.utils.error_handling import NotFoundError

__all__ = ["WikiPaths"]


class WikiPaths:
    """The places of a project's wiki, whether it is built or not.

    Args:
        root: The project's folder; its name is the project's.

    Attributes:
        folder: The wiki itself: Markdown.
        overrides: A person's corrections.
        site: The static site, where no other place is named.
        indexes: The indexes of code and pages, a folder each.
        graphs: What questions are answered from, a folder for a snapshot.
        record: What the wiki was built from.
        unchanged: What the last build said, and the stamps of all that it depends on.
        facts: What was found in each file.
        results: What was computed from each text.
        prose: What a writer has answered.
    """

    def __init__(self, root: Path) -> None:
        self.project = root.name
        self.folder = root / "wiki"
        self.overrides = root / "wiki-overrides.yaml"
        self.site = root / "wiki-html"
        self.indexes = root / "indexes"
        self.graphs = root / "graphs"
        cache = root / "wiki-cache"
        self.record = cache / "build.json"
        self.unchanged = cache / "unchanged.json"
        self.facts = cache / "facts.msgpack"
        self.results = cache / "results.msgpack"
        self.prose = cache / "prose.jsonl"

    def require(self) -> Path:
        """The folder of a wiki that is built.

        Raises:
            NotFoundError: It is not.
        """
        if not self.folder.is_dir():
            raise NotFoundError(f"{self.project} has no wiki yet", hint=f"gardener wiki build {self.project}")
        return self.folder
