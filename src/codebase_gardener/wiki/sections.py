"""Sections of the repository's own documents, found beside the pages: what their authors wrote for readers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from codebase_gardener.repository.areas import area_of
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.repository.translations import translations
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.utils.anchors import Anchor, source_lines

__all__ = ["readable_sections", "section_anchor", "section_text"]

_ANCHOR = re.compile(r"([^:\n]+):L(\d+)-(\d+)\Z")


def readable_sections(documents: Iterable[Document]) -> list[Document]:
    """The sections under a heading of documents for people: neither translations nor data nor texts for tests.

    The words of a section's file and of the file's first heading are its domains: "Options" of `docs/cors.md` is
    about CORS.

    Args:
        documents: Of a snapshot (`documents_of`).
    """
    sections = [one for one in documents if one.kind == "text" and one.symbol and area_of(one.path) == "docs"]
    left_out = translations({one.path for one in sections})
    first: dict[str, str] = {}
    for one in sorted(sections, key=lambda one: (one.path, one.line_range)):
        first.setdefault(one.path, one.symbol)
    return [
        replace(one, domains=(one.path.rpartition("/")[2].rpartition(".")[0], first[one.path]))
        for one in sections
        if one.path not in left_out
    ]


def section_anchor(wanted: str) -> Anchor | None:
    """The lines of a document that a search names; None for a page's id and for lines of code.

    Example:
        >>> section_anchor("docs/cors.md:L4-20"), section_anchor("src/cors.py:L4-20"), section_anchor("Workflow:cors")
        (Anchor(path='docs/cors.md', start=4, end=20), None, None)
    """
    found = _ANCHOR.match(wanted)
    if found is None or area_of(found[1]) != "docs":
        return None
    return Anchor(found[1], int(found[2]), int(found[3]))


def section_text(anchor: Anchor, snapshot: Snapshot) -> str | None:
    """What stands there, under the anchor; None where there are no such lines."""
    text = next((file.text for file in snapshot.files if file.path == anchor.path), "")
    lines = source_lines(text)[anchor.start - 1 : anchor.end] if anchor.start else []
    return f"From `{anchor}`:\n\n{''.join(lines)}" if lines else None
