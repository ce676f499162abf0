"""What is known of a wiki beside its pages: what it was built from, how far, by which version, and who wrote."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from codebase_gardener.utils.files import read_json, sha256_text, write_json

__all__ = ["WikiRecord"]


@dataclass(frozen=True)
class WikiRecord:
    """A build.

    Attributes:
        revision: What it was built from.
        snapshot: Folder of that snapshot.
        phase: The last one done.
        version: Of the code that built it (`extractor_version`).
        date: Of the snapshot; a touched file changes that of the next one, and nothing else.
        writer_report: Hash of `_reports/writer.md`; "" where there is none.
    """

    revision: str
    snapshot: str
    phase: str
    version: str
    date: str = ""
    writer_report: str = ""

    @classmethod
    def read(cls, file: Path) -> WikiRecord | None:
        """The record in a file; None where there is none, or none that can be read."""
        try:
            return cls(**{key: str(value) for key, value in read_json(file).items()})
        except (OSError, ValueError, TypeError, AttributeError):
            return None

    def write(self, file: Path) -> None:
        """Keep it."""
        write_json(file, asdict(self))

    def wrote(self, report: str) -> bool:
        """Whether a writer's report is the one that this build wrote."""
        return self.writer_report == sha256_text(report)
