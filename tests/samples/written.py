"""Repositories that a test writes down as {path: text}, and their facts."""

from collections.abc import Mapping
from textwrap import dedent

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.snapshot import SourceFile

__all__ = ["facts_of"]


def facts_of(files: Mapping[str, str]) -> dict[str, FileFacts]:
    """The facts of files, by path."""
    return {
        path: extract(SourceFile(path, language_of(path, dedent(text)), "", dedent(text)))
        for path, text in sorted(files.items())
    }
