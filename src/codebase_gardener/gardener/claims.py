"""`verify --claims`: what documents claim about lines, against the syntax trees of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.config.settings import Settings
from codebase_gardener.knowledge.claims.forms import read_claims
from codebase_gardener.knowledge.claims.judging import judge_claims
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict, tally
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["ClaimsReport", "verify_claims"]


@dataclass(frozen=True)
class ClaimsReport:
    """All claims of some documents.

    Attributes:
        repository: What was read, as `Snapshot.source` says.
        revision: The state they were judged at.
        verdicts: In the order of the documents and their lines.
    """

    repository: str
    revision: str
    verdicts: tuple[ClaimVerdict, ...]

    @property
    def ok(self) -> bool:
        """Whether every claim with a symbol or a quote is exact."""
        return all(verdict.verdict in ("exact", "no-symbol") for verdict in self.verdicts)

    @property
    def tally(self) -> dict[str, int]:
        """Claims by verdict."""
        return tally(self.verdicts)

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "claims": [verdict.as_dict() for verdict in self.verdicts],
            "tally": self.tally,
            "ok": self.ok,
            "repository": self.repository,
            "revision": self.revision,
        }


def verify_claims(
    settings: Settings,
    documents: Sequence[Path],
    repository: str,
    *,
    revision: str | None = None,
    progress: Progress = silent,
) -> ClaimsReport:
    """Judge every claim of Markdown documents; nothing of the repository is run, nothing is kept.

    Args:
        settings: For the size up to which files are read.
        documents: Markdown that cites lines and names symbols.
        repository: A directory, a git URL, or a source archive.
        revision: A commit, branch or tag; by default the working tree.
        progress: Files read.

    Raises:
        InvalidInputError: A document cannot be read.
        SourceError: The repository cannot be read.
    """
    texts = [(str(document), _document_text(document)) for document in documents]
    snapshot = take_snapshot(
        repository, revision=revision, max_file_bytes=settings.max_file_bytes, progress=progress
    )
    sources = ClaimSources(snapshot)
    verdicts = [
        verdict for name, text in texts for verdict in judge_claims(read_claims(text), sources, document=name)
    ]
    return ClaimsReport(snapshot.source, snapshot.revision, tuple(verdicts))


def _document_text(document: Path) -> str:
    try:
        text = document.read_bytes().decode("utf-8-sig", "replace")
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"{document} cannot be read: {error}", hint="name a Markdown file after --claims"
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
