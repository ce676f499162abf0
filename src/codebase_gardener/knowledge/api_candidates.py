"""What speaks for and against an API: figures about every public definition of the package, gathered once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codebase_gardener.knowledge.api_context import ApiContext
from codebase_gardener.knowledge.facts import FileFacts
from codebase_gardener.knowledge.quoting import first_sentence
from codebase_gardener.knowledge.resolution import Target
from codebase_gardener.repository.symbols import Symbol

__all__ = ["Candidate", "candidates", "reference_documents"]

_LISTING_SHARE = 3  # entries from which on a document is an API reference
_DEPRECATED = re.compile(r"\bdeprecated\b", re.IGNORECASE)
_LINE_BEGINS = re.compile(r"^[ \t]*(?::param(?:[ \t]+\w+)?[ \t]+|[-*][ \t]+)?[`*]{0,3}(\w+)", re.MULTILINE)
_LONGEST = 20_000
_SETTERS = ("setter", "deleter", "overload")


@dataclass(frozen=True)
class Candidate:
    """A public definition with what is known of its standing.

    Attributes:
        symbol: The definition.
        owner: The class of a method, None for functions and classes.
        exported: Public dotted name that an `__init__` or `__all__` gives it (a method: its class); "".
        top: Whether that name is one of the top-level package's.
        declared: Whether its own module's `__all__` has it (a method: its class).
        hidden_module: Whether a part of its path begins with an underscore.
        listed: Entries of the docs' API reference that name it, or its class with all members.
        readme, docs, examples, docstrings, tests: Passages of each area that use it, each once.
        documents: Documents that use it.
        mentions: Documents that name it in prose.
        caller_files: Other files of the package that use it.
        docstring_lines: Of its docstring; 0 without one.
        versioned: Whether its docstring says since when it is there or has changed.
        documented: Share of its parameters that its docstring (or its constructor's) describes; 1 with none.
        overrides: Whether a base class of the repository defines the same method.
        is_property, is_abstract, deprecated: By decorators, bases and docstring.
        heirs: Classes of package, docs, examples and tests that inherit from it.
        outside_heirs: Those of them that stand in docs, examples and tests.
    """

    symbol: Symbol
    owner: Symbol | None
    exported: str
    top: bool
    declared: bool
    hidden_module: bool
    listed: int
    readme: int
    docs: int
    examples: int
    docstrings: int
    tests: int
    documents: int
    mentions: int
    caller_files: int
    docstring_lines: int
    versioned: bool
    documented: float
    overrides: bool
    is_property: bool
    is_abstract: bool
    deprecated: bool
    heirs: int
    outside_heirs: int


def candidates(context: ApiContext) -> tuple[Candidate, ...]:
    """Every public function, class and method of the package, in order of path and line."""
    figures = _Figures(context)
    return tuple(figures.candidate(symbol, owner) for symbol, owner in _public(context))


def reference_documents(facts: Iterable[FileFacts]) -> tuple[str, ...]:
    """The documents that are API reference: those whose entries stand for several definitions."""
    return tuple(
        each.path
        for each in facts
        if len(each.listings) >= _LISTING_SHARE or any(x.members for x in each.listings)
    )


def _public(context: ApiContext) -> Iterator[tuple[Symbol, Symbol | None]]:
    repository = context.repository
    for (path, name), symbol in sorted(repository.symbols.items()):
        if repository.areas.get(path) != "package" or symbol.kind not in ("function", "class", "method"):
            continue
        if not symbol.public or symbol.name.startswith("_"):
            continue
        if any(each.rpartition(".")[2] in _SETTERS for each in symbol.decorators):
            continue
        owner = repository.symbols.get((path, name.rpartition(".")[0])) if "." in name else None
        if "." in name and (owner is None or owner.kind != "class"):
            continue
        yield symbol, owner


class _Figures:
    """Counts over the repository, each made once."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        resolution, repository = context.resolution, context.repository
        self._exported = resolution.exported
        self._areas: dict[Target, Counter[str]] = defaultdict(Counter)
        documents: dict[Target, set[str]] = defaultdict(set)
        for passage in resolution.passages:
            for target in {use.target for use in passage.uses}:
                self._areas[target][passage.area] += 1
                documents[target].add(passage.path)
        self._documents = {target: len(paths) for target, paths in documents.items()}
        self._files = {
            target: len({use.path for use in uses} - {target.path})
            for target, uses in resolution.callers.items()
        }
        self._mentions = _mentions(repository.facts.values())
        self._listed = _listings(repository.facts.values())
        self._names = Counter(name.rpartition(".")[2] for _, name in repository.symbols)
        self._roots = {name.partition(".")[0] for name in self._exported.values()}
        self._shown_heirs = self._heirs_outside()

    def candidate(self, symbol: Symbol, owner: Symbol | None) -> Candidate:
        """All figures of a definition."""
        context = self._context
        target = context.target(symbol)
        subject = owner or symbol
        exported = self._exported.get(context.target(subject), "")
        areas = self._areas.get(target, Counter())
        docstring = symbol.docstring or ""
        last = {name.rpartition(".")[2] for name in symbol.decorators}
        heirs = len(context.subclasses(symbol)) if symbol.kind == "class" else 0
        shown = self._shown_heirs.get(target, 0)
        return Candidate(
            symbol=symbol,
            owner=owner,
            exported=exported,
            top=exported.count(".") == 1,
            declared=subject.name in context.repository.facts[symbol.path].exports,
            hidden_module=any(
                part.startswith("_") and part != "__init__.py" for part in symbol.path.split("/")
            ),
            listed=self._listings_of(symbol, owner),
            readme=areas["readme"],
            docs=areas["docs"],
            examples=areas["example"],
            docstrings=areas["docstring"],
            tests=areas["test"],
            documents=self._documents.get(target, 0),
            mentions=self._mentions_of(symbol, owner),
            caller_files=self._files.get(target, 0),
            docstring_lines=len(docstring.strip().split("\n")) if docstring.strip() else 0,
            versioned=".. version" in docstring,
            documented=self._documented(symbol),
            overrides=owner is not None
            and any(
                (each.path, f"{each.qualified_name}.{symbol.name}") in context.repository.symbols
                for each in context.ancestors(owner)
            ),
            is_property=any("property" in name for name in last),
            is_abstract=bool(last & {"abstractmethod", "abstractproperty"})
            or any(base.rpartition(".")[2].split("[")[0] in ("ABC", "Protocol") for base in symbol.bases),
            deprecated=any("deprecated" in name for name in last)
            or ".. deprecated::" in docstring
            or bool(_DEPRECATED.search(first_sentence(docstring))),
            heirs=heirs,
            outside_heirs=shown,
        )

    def _listings_of(self, symbol: Symbol, owner: Symbol | None) -> int:
        own = sum(self._listed[name] for name in _spellings(symbol, self._roots))
        if owner is not None:
            own += sum(self._listed[f"{name}.*"] for name in _spellings(owner, self._roots))
        return own

    def _mentions_of(self, symbol: Symbol, owner: Symbol | None) -> int:
        if owner is None:
            return self._mentions[symbol.qualified_name]
        bare = self._mentions[symbol.name] if self._names[symbol.name] == 1 else 0
        return self._mentions[f"{owner.name}.{symbol.name}"] + bare

    def _documented(self, symbol: Symbol) -> float:
        names, docstring = symbol.parameters, symbol.docstring or ""
        if symbol.kind == "class":
            own = self._context.repository.symbols.get((symbol.path, f"{symbol.qualified_name}.__init__"))
            names = own.parameters if own else ()
            docstring += f"\n{own.docstring or ''}" if own else ""
        if not names:
            return 1.0
        begins = set(_LINE_BEGINS.findall(docstring[:_LONGEST]))
        return sum(name.lstrip("*") in begins for name in names) / len(names)

    def _heirs_outside(self) -> Counter[Target]:
        """How many classes of docs, examples and tests name a class of the package among their bases."""
        found: Counter[Target] = Counter()
        for parent in [s for s in self._context.repository.symbols.values() if s.kind == "class"]:
            for heir in self._context.subclasses(parent):
                if self._context.repository.areas.get(heir.path) in ("docs", "examples", "tests"):
                    found[self._context.target(parent)] += 1
        return found


def _spellings(symbol: Symbol, roots: set[str]) -> set[str]:
    """Dotted names by which a listing may mean a definition: with its module, or with the package's name alone."""
    module = symbol.path.rpartition(".")[0].replace("/", ".").removesuffix(".__init__").removeprefix("src.")
    parts = module.split(".")
    prefixes = {".".join(parts[i:]) for i in range(len(parts))} | {
        ".".join(parts[:i]) for i in range(1, len(parts))
    }
    return {f"{prefix}.{symbol.qualified_name}" for prefix in prefixes | roots} | {symbol.qualified_name}


def _listings(facts: Iterable[FileFacts]) -> Counter[str]:
    found: Counter[str] = Counter()
    for each in facts:
        for listing in each.listings:
            found[listing.name] += 1
            found.update([f"{listing.name}.*"] if listing.members else [])
            found.update(f"{listing.name}.{name}" for name in listing.only)
    return found


def _mentions(facts: Iterable[FileFacts]) -> Counter[str]:
    """In how many documents a name stands, by its last part and by its last two."""
    found: Counter[str] = Counter()
    for each in facts:
        names: set[str] = set()
        for mention in each.mentions:
            parts = mention.name.strip("~.").partition("(")[0].split(".")
            names.add(parts[-1])
            names.update([".".join(parts[-2:])] if len(parts) > 1 else [])
        found.update(names)
    return found
