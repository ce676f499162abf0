"""Sections of the repository's own documents and pieces of its code: found beside the pages, shown by their lines."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from codebase_gardener.documents.file_comments import file_comment_sections
from codebase_gardener.languages.table import is_code
from codebase_gardener.manifests.table import read_manifest
from codebase_gardener.repository.areas import area_of, is_changelog
from codebase_gardener.repository.scripts import script_of
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.repository.translations import translations
from codebase_gardener.retrieval.documents import COMMENT_KIND, Document
from codebase_gardener.utils.anchors import Anchor, source_lines

__all__ = ["anchor_in", "comment_sections", "lines_anchor", "lines_text", "readable_sections"]

MOST_LINES = 80
_FEW_MORE = 20
_ASIDE = ("tests", "examples", "benchmarks")
_RELEASE = re.compile(
    r"\W*(?:[\w.-]+ )?[vV]?\d+(?:\.\d+)+[\w.+-]*(?:\W.*\d{4}.*|\W*)|\W*unreleased\W*", re.IGNORECASE
)
_ANCHOR = re.compile(r"([^:\n]+):L?(\d+)(?:-L?(\d+))?\Z")


def readable_sections(documents: Iterable[Document]) -> list[Document]:
    """The sections under a heading of documents for people: neither translations nor data nor texts for tests.

    Those of what files of code say of themselves are among them.

    A part of a release's notes ("Fixed") has the release in its name. A long section, which an index has in pieces, is
    whole up to 80 lines. The words of a section's file and of the file's first heading are its domains: "Options" of
    `docs/cors.md` is about CORS.

    Args:
        documents: Of a snapshot (`documents_of`).
    """
    pieces = [
        one
        for one in documents
        if one.kind == COMMENT_KIND or (one.kind == "text" and one.symbol and area_of(one.path) == "docs")
    ]
    texts: dict[str, list[str]] = defaultdict(list)
    for one in pieces:
        texts[one.path].append(one.text)
    scripts = {path: script_of("\n".join(said)) for path, said in texts.items()}
    left_out = translations(scripts, scripts)
    sections: list[Document] = []
    first: dict[str, str] = {}
    release: dict[str, str] = {}
    for piece in sorted(pieces, key=lambda one: (one.path, one.line_range)):
        first.setdefault(piece.path, piece.symbol)
        one = piece
        if is_changelog(piece.path):
            if _RELEASE.fullmatch(piece.symbol):
                release[piece.path] = piece.symbol
            elif piece.path in release:
                one = replace(piece, symbol=f"{release[piece.path]}: {piece.symbol}")
        if sections and (whole := _joined(sections[-1], one)) is not None:
            sections[-1] = whole
        else:
            sections.append(one)
    return [
        replace(one, domains=(one.path.rpartition("/")[2].rpartition(".")[0], first[one.path]))
        for one in sections
        if one.path not in left_out
    ]


def comment_sections(snapshot: Snapshot) -> list[Document]:
    """What the library's files of code say of themselves, in sections; before the first heading under their name.

    And what packaging files say of the features and extras that users switch on, under their names.
    """
    found = []
    for file in snapshot.files:
        lines = source_lines(file.text) if is_code(file.language) and area_of(file.path) == "package" else []
        for heading, first, last in file_comment_sections(file.language, lines):
            text = "\n".join(line.strip().lstrip("/*#!").strip() for line in lines[first - 1 : last])
            name = heading or file.path.rpartition("/")[2].partition(".")[0]
            found.append(Document(str(Anchor(file.path, first, last)), file.path, name, text, COMMENT_KIND))
        manifest = read_manifest(file.path, file.text) if area_of(file.path) not in _ASIDE else None
        for switch in manifest.switches if manifest else ():
            anchor = str(Anchor(file.path, switch.start, switch.end))
            text = f"{switch.kind} {switch.name}: {switch.says}"
            found += [Document(anchor, file.path, switch.name, text, COMMENT_KIND)] if switch.says else []
    return found


def _joined(section: Document, piece: Document) -> Document | None:
    """A section with its next piece; None where that is another section's, or they are too long together."""
    (first, _), (_, last) = section.line_range, piece.line_range
    same = (section.path, section.symbol) == (piece.path, piece.symbol)
    if not same or last - first >= MOST_LINES:
        return None
    anchor = str(Anchor(section.path, first, last))
    return replace(section, anchor=anchor, text=f"{section.text}\n{piece.text}")


def lines_anchor(wanted: str) -> Anchor | None:
    """The lines that a search names; None for a page's id.

    Example:
        >>> lines_anchor("docs/cors.md:L4-20"), lines_anchor("Workflow:cors")
        (Anchor(path='docs/cors.md', start=4, end=20), None)
    """
    found = _ANCHOR.match(wanted)
    return Anchor(found[1], int(found[2]), int(found[3] or found[2])) if found else None


def anchor_in(snapshot: Snapshot, wanted: str) -> Anchor | None:
    """The lines that are named, all of them where only the path of a file is; None for a page's id."""
    if ":" in wanted:
        return lines_anchor(wanted)
    text = next((file.text for file in snapshot.files if file.path == wanted), "")
    return Anchor(wanted, 1, len(source_lines(text))) if text else None


def lines_text(anchor: Anchor, snapshot: Snapshot, project: str) -> str | None:
    """What stands there, numbered, under the anchor, 80 lines or few more; None where there are no such lines."""
    text = next((file.text for file in snapshot.files if file.path == anchor.path), "")
    lines = source_lines(text)[anchor.start - 1 : anchor.end] if anchor.start else []
    most = MOST_LINES if len(lines) > MOST_LINES + _FEW_MORE else len(lines)
    rest = f"{anchor.path}:L{anchor.start + most}-{anchor.start + len(lines) - 1}"
    more = (
        f"… and {len(lines) - most} lines more: gardener wiki show {project} {rest}\n"
        if len(lines) > most
        else ""
    )
    numbered = (f"{number:>5}  {line}" for number, line in enumerate(lines[:most], anchor.start))
    return f"From `{anchor}`:\n\n{''.join(numbered)}{more}" if lines else None
