"""What is known of a wiki beside its pages: what it was built from, how far, by which version, and who wrote."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codebase_gardener.utils.files import read_json, sha256_text, write_json

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.repository.snapshot import Snapshot

__all__ = ["WikiRecord", "built_snapshot", "is_kept_report", "keep_record", "read_record"]


@dataclass(frozen=True)
class WikiRecord:
    """A build.

    Attributes:
        revision: What it was built from.
        snapshot: Folder of that snapshot.
        phase: The last one done.
        version: Of the code that built it (`extractor_version`).
        writer_report: Hash of `_reports/writer.md`; "" where there is none.
    """

    revision: str
    snapshot: str
    phase: str
    version: str
    writer_report: str = ""


def _file(wiki: Path) -> Path:
    return wiki.with_name("wiki-cache") / "build.json"


def keep_record(wiki: Path, record: WikiRecord) -> None:
    """Write the record of the wiki that lies at `wiki`."""
    write_json(_file(wiki), asdict(record))


def read_record(wiki: Path) -> WikiRecord | None:
    """The record of a wiki; None where there is none, or none that can be read."""
    try:
        return WikiRecord(**{key: str(value) for key, value in read_json(_file(wiki)).items()})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


def is_kept_report(record: WikiRecord | None, report: str | None) -> bool:
    """Whether a writer's report is the one that the build wrote."""
    return record is not None and report is not None and record.writer_report == sha256_text(report)


def built_snapshot(gardener: Gardener, project: str, record: WikiRecord | None) -> Snapshot | None:
    """The snapshot that a wiki was built from; None where it is not kept any more."""
    from codebase_gardener.repository.store import load_snapshot
    from codebase_gardener.utils.error_handling import SourceError

    latest = gardener.registry.latest_snapshot(project)
    folder = latest.path.with_name(record.snapshot) if record is not None else latest.path
    try:
        return load_snapshot(folder)
    except SourceError:
        return None
