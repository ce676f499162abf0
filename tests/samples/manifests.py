"""Manifests of small files, as rows."""

from __future__ import annotations

from codebase_gardener.manifests.contents import Manifest
from codebase_gardener.manifests.table import read_manifest

__all__ = ["everything", "names", "read", "rows"]

Row = tuple[str, str, str, str, int]


def read(path: str, text: str) -> Manifest:
    """Its lines are checked to be in the file."""
    manifest = read_manifest(path, text)
    assert manifest is not None
    last = text.count("\n") + 1
    for each in (manifest.name, manifest.version, *manifest.dependencies):
        assert 1 <= each.start <= each.end <= last
    return manifest


def everything(path: str, text: str) -> list[Row]:
    """(kind, group, name, version, first line) of each dependency."""
    return [(one.kind, one.group, one.name, one.version, one.start) for one in read(path, text).dependencies]


def rows(path: str, text: str, kind: str) -> list[tuple[str, str, str, int]]:
    """(group, name, version, first line) of those of a kind."""
    return [row[1:] for row in everything(path, text) if row[0] == kind]


def names(path: str, text: str) -> list[tuple[str, str]]:
    """What the file lets others import: the name, and the file that it means."""
    return [(entry.name, entry.path) for entry in read(path, text).entries]
