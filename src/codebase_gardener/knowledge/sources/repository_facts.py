"""A snapshot with the facts of all its files: what every phase of the wiki is given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce

from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.package_manager import package_manager
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of, is_code
from codebase_gardener.repository.areas import area_of, is_about_versions_or_work
from codebase_gardener.repository.older import older_documents
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.repository.translations import translations
from codebase_gardener.utils.anchors import Anchor, split_lines
from codebase_gardener.utils.memo import remembered

__all__ = ["RepositoryFacts", "areas_and_copies", "areas_of", "set_aside", "text_hash"]

_SHOWN = ("docs", "examples", "tests")


@dataclass(frozen=True)
class RepositoryFacts:
    """What is known of a repository at a commit.

    Attributes:
        owner_repo: First part of every page's name, such as "huggingface_peft".
        snapshot: The files.
        facts: By path, in the order of paths.
        repo: Where it comes from: the remote's URL, the package's home page or the directory's name.
    """

    owner_repo: str
    snapshot: Snapshot
    facts: Mapping[str, FileFacts]
    repo: str = ""

    @cached_property
    def texts(self) -> dict[str, str]:
        """Content of each file by path."""
        return {file.path: file.text for file in self.snapshot.files}

    @cached_property
    def package_manager(self) -> str:
        """Which program installs what work on it needs, where it is of JavaScript."""
        return package_manager(self.texts, {file.path for file in self.snapshot.skipped})

    @cached_property
    def areas(self) -> dict[str, str]:
        """Of each path: "package", "examples", "tests", "docs", "benchmarks", "scripts" or "other"."""
        return areas_of(self.facts)

    @cached_property
    def translations(self) -> frozenset[str]:
        """Paths of documents that say again, in another language, what others say."""
        return _translated(self.facts)

    @cached_property
    def symbols(self) -> dict[tuple[str, str], Symbol]:
        """By path and qualified name; of those defined twice, the first that is no overload or stub;
        what a build leaves out that asks for nothing goes behind what it holds;
        what the file hands out goes before what it keeps under the same name.

        One at the file's outer level goes before one that is indented: a method of an object literal has no owner's
        name, and is not what the file hands out under its own.
        """
        return {key: reduce(self._preferred, symbols) for key, symbols in self.definitions.items()}

    @cached_property
    def definitions(self) -> dict[tuple[str, str], list[Symbol]]:
        """By path and qualified name, all definitions, in the order of their lines."""
        found: dict[tuple[str, str], list[Symbol]] = {}
        for facts in self.facts.values():
            for symbol in facts.symbols:
                found.setdefault((symbol.path, symbol.qualified_name), []).append(symbol)
        return found

    def _preferred(self, known: Symbol, symbol: Symbol) -> Symbol:
        """Of two definitions of a name, in the order of their lines."""
        if _is_overload(known):
            return symbol
        if known.left_out != symbol.left_out:
            return symbol if known.left_out else known
        if known.public != symbol.public:
            return symbol if symbol.public else known
        if "." in symbol.qualified_name or _is_overload(symbol):
            return known
        first, second = (
            self.lines(each.path, each.definition_line, each.definition_line) for each in (symbol, known)
        )
        is_further_out = first and second and not first[0][:1].isspace() and second[0][:1].isspace()
        return symbol if is_further_out else known

    def lines(self, path: str, start: int, end: int) -> list[str]:
        """Lines of a file without their ends, 1-based and inclusive."""
        return self._lines(path)[start - 1 : end]

    def source(self, path: str, start: int, end: int, symbol: str = "") -> Source:
        """The anchor of a range, with the hash of its lines."""
        return Source(Anchor(path, start, end), symbol, self.hash_of(path, start, end))

    def hash_of(self, path: str, start: int, end: int) -> str:
        """`text_hash` of lines, which many pages cite."""
        asked = (path, start, end)
        if asked not in self._hashes:
            self._hashes[asked] = text_hash(self.lines(path, start, end))
        return self._hashes[asked]

    @cached_property
    def _hashes(self) -> dict[tuple[str, int, int], str]:
        return {}

    def source_of(self, symbol: Symbol) -> Source:
        """The anchor of a symbol."""
        return self.source(symbol.path, symbol.start, symbol.end, symbol.qualified_name)

    @cached_property
    def _split(self) -> dict[str, list[str]]:
        return {}

    def _lines(self, path: str) -> list[str]:
        if path not in self._split:
            self._split[path] = split_lines(self.texts[path])
        return self._split[path]


def _translated(facts: Mapping[str, FileFacts]) -> frozenset[str]:
    """Documents that are translations, by their places and scripts."""
    return _translations(tuple((path, each.script) for path, each in facts.items()))


@remembered
def _translations(scripts: tuple[tuple[str, str], ...]) -> frozenset[str]:
    return translations([path for path, _ in scripts], dict(scripts))


@remembered
def _older(documents: tuple[str, ...]) -> frozenset[str]:
    return older_documents(documents)


def set_aside(facts: Mapping[str, FileFacts]) -> frozenset[str]:
    """Documents that show nothing of their own: translations, and those of a version that newer ones have replaced."""
    documents = (path for path, each in facts.items() if area_of(path, each.language) == "docs")
    return _translated(facts) | _older(tuple(documents))


def areas_of(facts: Mapping[str, FileFacts]) -> dict[str, str]:
    """Of each path, in order, as `area_of` says; what a compiler wrote, what is set aside, and copies are "other"."""
    return areas_and_copies(facts)[0]


def areas_and_copies(facts: Mapping[str, FileFacts]) -> tuple[dict[str, str], frozenset[str]]:
    """What `areas_of` says, and the copies: what shows or tests the package a second time.

    Those are files of docs, examples and tests with another's content. Of a document that among the docs stays, of
    code that which is run; of these the one nearest to the root.
    """
    areas = _areas(facts)
    copied = _copies(facts, areas)
    return areas | dict.fromkeys(copied, "other"), copied


def _copies(facts: Mapping[str, FileFacts], areas: Mapping[str, str]) -> frozenset[str]:
    seen: set[str] = set()
    found: list[str] = []

    def rank(path: str) -> tuple[bool, bool, int, str]:
        unused = is_about_versions_or_work(path)
        return unused, is_code(facts[path].language) == (areas[path] == "docs"), path.count("/"), path

    shown = (path for path, area in areas.items() if area in _SHOWN and _shows(facts[path]))
    for path in sorted(shown, key=rank):
        content = facts[path].sha256
        if content and content in seen:
            found.append(path)
        seen.add(content)
    return frozenset(found)


def _shows(facts: FileFacts) -> bool:
    return bool(facts.references or facts.snippets or facts.mentions)


def _areas(facts: Mapping[str, FileFacts]) -> dict[str, str]:
    no_evidence = _compiled(facts) | set_aside(facts)
    return {path: "other" if path in no_evidence else _area(path, facts[path]) for path in sorted(facts)}


def _area(path: str, facts: FileFacts) -> str:
    is_all_tests = any(start == 1 and end >= facts.lines for start, end, _ in facts.tests)
    return "tests" if is_all_tests else area_of(path, facts.language)


def _compiled(facts: Mapping[str, FileFacts]) -> frozenset[str]:
    folders = {path.rpartition("/")[0] for path, each in facts.items() if each.entries}
    roots = sorted(folders, key=len, reverse=True)
    paths: dict[str, list[str]] = {name: [] for name in FAMILIES}
    for path, each in facts.items():
        if family_of(each.language):
            paths[family_of(each.language)].append(path)
    return frozenset().union(
        *(FAMILIES[name].compiled(of_family, roots) for name, of_family in paths.items())
    )


def text_hash(lines: Iterable[str]) -> str:
    """First 16 hex digits of the SHA-256 of lines joined by newlines."""
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _is_overload(symbol: Symbol) -> bool:
    return any(name.rpartition(".")[2] == "overload" for name in symbol.decorators)
