"""The report on who improved the prose: written with the wiki, and read again when it is verified."""

from __future__ import annotations

import re
from dataclasses import dataclass

from codebase_gardener.knowledge.writers.prose_writing import ProseReport, Writer, writer_name

__all__ = ["WRITER_REPORT", "writer_of", "writer_report"]

WRITER_REPORT = "_reports/writer.md"
_WRITER = re.compile(r"^Writer: `([^`\n]{1,300})`$", re.MULTILINE)


def writer_report(writer: Writer, told: ProseReport) -> str:
    """Who wrote, and what became of it."""
    return "\n".join(["# Writer", "", f"Writer: `{writer_name(writer)}`", "", *told.lines(), ""])


def writer_of(report: str) -> Writer | None:
    """A writer that has only the answers that are kept, under the name of the one that a wiki was written with."""
    found = _WRITER.search(report)
    return _Kept(found[1]) if found else None


@dataclass(frozen=True)
class _Kept:
    name: str

    def __call__(self, prompt: str) -> str:
        raise LookupError("this answer was not kept")
