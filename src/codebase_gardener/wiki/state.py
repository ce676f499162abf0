"""The wiki of a project as it lies on disk, and whether it speaks of the project's last snapshot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from codebase_gardener.utils.files import sha256_text
from codebase_gardener.wiki.pages import page_files
from codebase_gardener.wiki.paths import WikiPaths

__all__ = ["WikiState"]

_KEPT = 20_000  # pages of which it is known what they say
_COMMIT = re.compile(r'^commit: "?([^"\n]*)"?$', re.MULTILINE)


@dataclass(frozen=True)
class WikiState:
    """Which wiki it is.

    Attributes:
        revision: What it was built from, as `Snapshot.revision` says.
        sha256: Hex digest over the names and bytes of its pages.
    """

    revision: str
    sha256: str

    @classmethod
    def read(cls, paths: WikiPaths) -> WikiState | None:
        """That of a wiki, without parsing it; None where it has no page."""
        files = list(page_files(paths).values()) if paths.folder.is_dir() else []
        if not files:
            return None
        read = [_read(file, (stat := file.stat()).st_mtime_ns, stat.st_size, stat.st_ino) for file in files]
        named = [f"{file.name}\n{sha256}" for file, (sha256, _) in zip(files, read, strict=True)]
        return cls(read[0][1], sha256_text("\n".join(named)))

    def left_out(self, project: str, revision: str) -> str:
        """What a person is told where it speaks of another state than the snapshot's; "" where it does not."""
        if self.revision == revision:
            return ""
        return (
            f"the wiki is left out: it was built from {self.revision or 'nothing that it names'}, "
            f"and the snapshot is {revision}; bring it up to date with: gardener wiki build {project}"
        )


@lru_cache(maxsize=_KEPT)
def _read(file: Path, changed: int, size: int, number: int) -> tuple[str, str]:
    """The digest of a page's text and the commit that it names, as long as its file is the same."""
    text = file.read_text("utf-8", "replace")
    commit = _COMMIT.search(text[: text.find("\n---\n")])
    return sha256_text(text), commit[1] if commit else ""
