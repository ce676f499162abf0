"""Facts kept between builds, so that after an edit only what was edited is read again."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

import codebase_gardener
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.languages.table import GRAMMARS
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.files import write_atomic
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["FactsCache", "extractor_version", "kept_tables"]

_SAVE_EVERY_S = 20.0
_READING = ("knowledge", "languages", "documents", "manifests", "repository", "utils")
"""Packages whose code facts and remembered results come from."""

_KEY = tuple[str, str, str]  # path, language, hash of the bytes


class _Stored(msgspec.Struct, array_like=True):
    """What the file holds: facts of one version of the code that extracts them."""

    version: str
    facts: list[FileFacts]


class FactsCache:
    """The facts of a project's files in one file, MessagePack, read with their types checked.

    A file that is damaged, or of another version, is as good as none.

    Args:
        path: Of the file; its folder is made when it is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = {_key_of(facts): facts for facts in _stored_facts(path)}

    def extract_all(
        self,
        files: Iterable[SourceFile],
        extract: Callable[[SourceFile], FileFacts],
        progress: Progress = silent,
    ) -> dict[str, FileFacts]:
        """The facts of every file by path; what is not known yet is extracted and kept.

        Long extractions are written every 20 seconds, so that a run that was killed goes on where it was.
        """
        ordered = sorted(files, key=lambda file: file.path)
        found: dict[str, FileFacts] = {}
        saved_at, fresh = time.monotonic(), 0
        for done, file in enumerate(ordered, 1):
            known = self._known.get((file.path, file.language, file.sha256))
            if known is None:
                known = _encodable(extract(file))
                fresh += 1
                if time.monotonic() - saved_at > _SAVE_EVERY_S:
                    self._write([*found.values(), known])
                    saved_at = time.monotonic()
            found[file.path] = known
            progress(done, len(ordered))
        if fresh or len(found) != len(self._known):
            self._write(list(found.values()))
        self._known = {_key_of(facts): facts for facts in found.values()}
        return found

    def _write(self, facts: list[FileFacts]) -> None:
        write_atomic(self.path, msgspec.msgpack.encode(_Stored(extractor_version(), facts)))


def _encodable(facts: FileFacts) -> FileFacts:
    """The facts as UTF-8 can hold them: a docstring may spell a lone surrogate."""
    try:
        msgspec.msgpack.encode(facts)
    except UnicodeEncodeError:
        plain = msgspec.to_builtins(facts)
        return msgspec.convert(_without_surrogates(plain), FileFacts)
    return facts


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {key: _without_surrogates(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(inner) for inner in value]
    return value


def _key_of(facts: FileFacts) -> _KEY:
    return facts.path, facts.language, facts.sha256


class _Symbols(msgspec.Struct):
    """Of a file's facts its symbols: the rest is passed over."""

    path: str
    language: str
    sha256: str
    symbols: tuple[Symbol, ...] = ()
    problem: str = ""


class _StoredSymbols(msgspec.Struct, array_like=True):
    version: str
    facts: list[_Symbols]


def kept_tables(path: Path, files: Iterable[SourceFile]) -> dict[str, SymbolTable]:
    """The symbols of files by path, as a build of the wiki kept them and `languages.reading.symbols_of` reads them.

    Not those of languages that a grammar reads: facts have, beside them, what is only declared.

    Args:
        path: Of the facts.
        files: What they must be of.
    """
    try:
        stored = msgspec.msgpack.decode(path.read_bytes(), type=_StoredSymbols)
    except (OSError, msgspec.DecodeError):
        return {}
    wanted = {(file.path, file.language, file.sha256) for file in files if file.language not in GRAMMARS}
    kept = stored.facts if stored.version == extractor_version() else []
    return {
        one.path: SymbolTable(one.symbols, one.problem or None)
        for one in kept
        if (one.path, one.language, one.sha256) in wanted
    }


def _stored_facts(path: Path) -> list[FileFacts]:
    try:
        stored = msgspec.msgpack.decode(path.read_bytes(), type=_Stored)
    except (OSError, msgspec.DecodeError):
        return []
    return stored.facts if stored.version == extractor_version() else []


@cache
def extractor_version() -> str:
    """A hash over the code that facts and remembered results come from: another version of it never meets old ones."""
    digest = hashlib.sha256(sys.version.encode())
    root = Path(codebase_gardener.__path__[0])
    for package in _READING:
        for file in sorted((root / package).rglob("*.py")):
            digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]
