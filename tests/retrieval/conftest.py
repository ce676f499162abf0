from __future__ import annotations

import pytest
from hypothesis import settings

from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.symbols import SymbolTable
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.snapshot import SourceFile

settings.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def read_file():
    """Text → (file, symbols)."""

    def read(path: str, text: str) -> tuple[SourceFile, SymbolTable]:
        file = SourceFile(path, language_of(path, text), "", text)
        return file, symbols_of(file.path, file.text, file.language)

    return read
