"""What speaks for and against an API: figures about every public definition of the package, gathered once."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codebase_gardener.documents.sentences import first_sentence
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.tree_calls import is_constructor
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of, is_erased, is_hidden

__all__ = ["Candidate", "candidates", "listed_targets", "reference_documents"]

_LISTING_SHARE = 3  # entries from which on a document is an API reference
_DEPRECATED = re.compile(r"\bdeprecated\b", re.IGNORECASE)
_LINE_BEGINS = re.compile(r"^[ \t]*(?::param(?:[ \t]+\w+)?[ \t]+|[-*][ \t]+)?[`*]{0,3}(\w+)", re.MULTILINE)
_LONGEST = 20_000
_TYPES = ("class", "type", "interface")
_KINDS = ("function", "method", "macro", *_TYPES)
_SETTERS = ("setter", "deleter", "overload")


@dataclass(frozen=True)
class Candidate:
    """A public definition with what is known of its standing.

    Attributes:
        symbol: The definition.
        owner: The class of a method, None for functions and classes.
        exported: Public dotted name that an `__init__` or `__all__` gives it (a method: its class); in other languages
            its name, where its file exports it; "".
        bound: Public dotted name that a package gives a method itself: of an instance of its class; "".
        top: Whether that name is one of the top-level package's, or of another language.
        reached: Public dotted name of an exported class that inherits a method whose own class is not exported; "".
        imported: How far users import it (a method: its class) from its module, since the top-level package does not
            export it: 1 where README, docs or examples do, 0.5 where at least two test files do, else 0.
        declared: Whether its own module's `__all__` has it (a method: its class).
        hidden_module: Whether a part of its path begins with an underscore.
        listed: Entries of the docs' API reference that name it, or its class with all members.
        listed_itself: Whether one of them names it; else they only name its class.
        readme, docs, examples, docstrings, tests: Passages of each area that use it, each once.
        documents: Documents that use it.
        mentions: Documents that name it in prose.
        caller_files: Other files of the package that use it.
        docstring_lines: Of its docstring; 0 without one.
        versioned: Whether its docstring says since when it is there or has changed.
        documented: Share of its parameters that its docstring (or its constructor's) describes; 1 with none.
        overrides: Whether a base class of the repository defines the same method.
        is_erased: A type of a script, which only the compiler knows.
        is_property, is_abstract, deprecated: By decorators, bases and docstring.
        heirs: Classes of package, docs, examples and tests that inherit from it.
        outside_heirs: Those of them that stand in docs, examples and tests.
    """

    symbol: Symbol
    owner: Symbol | None
    exported: str
    bound: str
    top: bool
    reached: str
    imported: float
    declared: bool
    hidden_module: bool
    listed: int
    listed_itself: bool
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
    is_erased: bool = False

    @property
    def is_internal(self) -> bool:
        """Whether it only lies in a private module: nothing exports it, no document or example names it."""
        told = self.listed or self.mentions or self.readme or self.docs or self.examples or self.imported
        return self.hidden_module and not (
            self.exported or self.bound or self.reached or self.declared or told
        )


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


def listed_targets(context: ApiContext, documents: Iterable[str]) -> tuple[set[Target], set[Target]]:
    """The functions, classes and methods that documents list.

    Returns:
        Their entries alone; and with the public documented members of what is listed with all members.
    """
    entries: set[Target] = set()
    members: set[Target] = set()
    names = _dotted_names(context)
    alone = _only_ones(names)
    for path in documents:
        for listing in context.repository.facts[path].listings:
            found = names.get(listing.name) or alone.get(listing.name.rpartition(".")[2])
            wanted = set(listing.only)
            if found is None:
                prefix = f"{listing.name}."
                inside = {
                    n: t for n, t in names.items() if n.startswith(prefix) and "." not in n[len(prefix) :]
                }
                members.update(t for n, t in inside.items() if listing.members or n[len(prefix) :] in wanted)
                continue
            entries.add(found)
            if listing.members or wanted:
                inherited = listing.members and _inherits(context, path, listing.line)
                members.update(
                    context.target(each)
                    for each in _methods(found, context, inherited=inherited)
                    if (each.docstring and listing.members and not wanted) or each.name in wanted
                )
    return entries, entries | members


def _inherits(context: ApiContext, path: str, line: int) -> bool:
    """Whether the options of a directive ask for inherited members."""
    for option in context.repository.lines(path, line + 1, line + 8):
        if not option.strip().startswith(":"):
            return False
        if option.strip().startswith(":inherited-members:"):
            return True
    return False


def _methods(owner: Target, context: ApiContext, *, inherited: bool) -> Iterator[Symbol]:
    symbol = context.symbol(owner)
    for cls in (*([symbol] if symbol else []), *(context.ancestors(symbol) if symbol and inherited else ())):
        prefix = f"{cls.qualified_name}."
        for each in context.repository.facts[cls.path].symbols:
            inside = each.qualified_name.startswith(prefix) and "." not in each.qualified_name[len(prefix) :]
            if inside and each.kind == "method" and not each.name.startswith("_"):
                yield each


def _dotted_names(context: ApiContext) -> dict[str, Target]:
    """Every dotted name by which a definition of the package may be listed."""
    found = {
        f"{_module(symbol)}.{symbol.qualified_name}": context.target(symbol) for symbol, _ in _public(context)
    }
    found.update(
        {name: target for name, target in context.resolution.public.items() if context.symbol(target)}
    )
    return found


def _module(symbol: Symbol) -> str:
    return symbol.path.rpartition(".")[0].replace("/", ".").removesuffix(".__init__").removeprefix("src.")


def _only_ones(names: dict[str, Target]) -> dict[str, Target]:
    """The functions and classes whose name no other has: a listing may name a module that passes them on."""
    found: dict[str, set[Target]] = defaultdict(set)
    for target in names.values():
        if "." not in target.name:
            found[target.name].add(target)
    return {name: next(iter(targets)) for name, targets in found.items() if len(targets) == 1}


def _public(context: ApiContext) -> Iterator[tuple[Symbol, Symbol | None]]:
    repository = context.repository
    types = _types_by_folder(context)
    for (path, name), symbol in sorted(repository.symbols.items()):
        if repository.areas.get(path) != "package" or symbol.kind not in _KINDS:
            continue
        if not symbol.public or symbol.name.startswith("_"):
            continue
        if any(each.rpartition(".")[2] in _SETTERS for each in symbol.decorators):
            continue
        if family_of(symbol.language) and (is_hidden(symbol) or is_constructor(symbol)):
            continue
        within = name.rpartition(".")[0]
        owner = repository.symbols.get((path, within)) if within else None
        if within and owner is None and family_of(symbol.language):
            # a method may stand in another file than its type
            owner = types.get((path.rpartition("/")[0], within))
            within = within if owner or symbol.kind == "method" else ""  # what is around it is a namespace
        if within and (owner is None or owner.kind not in _TYPES or is_hidden(owner)):
            continue
        yield symbol, owner


def _types_by_folder(context: ApiContext) -> dict[tuple[str, str], Symbol]:
    found: dict[tuple[str, str], Symbol] = {}
    for (path, name), symbol in sorted(context.repository.symbols.items()):
        if family_of(symbol.language) and symbol.kind in _TYPES:
            found.setdefault((path.rpartition("/")[0], name), symbol)
    return found


class _Figures:
    """Counts over the repository, each made once."""

    def __init__(self, context: ApiContext) -> None:
        self._context = context
        resolution, repository = context.resolution, context.repository
        self._exported = resolution.exported
        self._reached: dict[tuple[str, str], str] = {}
        self._areas: dict[Target, Counter[str]] = defaultdict(Counter)
        documents: dict[Target, set[str]] = defaultdict(set)
        self._shown: set[Target] = set()
        self._acting: set[Target] = set()
        tests: dict[Target, set[str]] = defaultdict(set)
        for target, pairs in context.uses.items():
            for path, _, _, area in {(p.path, p.start, p.scope, p.area) for p, _ in pairs}:
                self._areas[target][area] += 1
                documents[target].add(path)
            for passage, use in pairs:
                if use.how == "import" and passage.area in ("readme", "docs", "example"):
                    self._shown.add(target)
                    if use.kind != "annotation":
                        self._acting.add(target)
                elif use.how == "import" and passage.area == "test":
                    tests[target].add(passage.path)
        self._tested = {target for target, paths in tests.items() if len(paths) > 1}
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
        self._told = {family_of(repository.facts[target.path].language) for target in resolution.statements}

    def candidate(self, symbol: Symbol, owner: Symbol | None) -> Candidate:
        """All figures of a definition."""
        context = self._context
        target = context.target(symbol)
        subject = owner or symbol
        facts = context.repository.facts
        family = FAMILIES.get(family_of(symbol.language))
        exported = self._exported.get(context.target(subject), "")
        if family and not exported and self._says_itself(subject):
            exported = subject.name
        areas = self._areas.get(target, Counter())
        docstring = symbol.docstring or (symbol.declared.docstring if symbol.declared else "") or ""
        last = {name.rpartition(".")[2] for name in symbol.decorators}
        heirs = len(context.subclasses(symbol)) if symbol.kind == "class" else 0
        shown = self._shown_heirs.get(target, 0)
        return Candidate(
            symbol=symbol,
            owner=owner,
            exported=exported,
            bound=self._exported.get(target, "") if owner is not None else "",
            top=_is_top(exported, symbol),
            reached="" if exported or owner is None else self._heir_name(owner),
            imported=0.0
            if exported.count(".") == 1 and _is_top(exported, symbol)
            else self._imported(context.target(subject), is_owner=owner is not None),
            declared=family is None and subject.name in facts[symbol.path].exports,
            hidden_module=any(
                part.startswith("_") and part != "__init__.py" for part in symbol.path.split("/")
            ),
            listed=self._listings_of(symbol, owner),
            listed_itself=self._listings_of(symbol, None) > 0,
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
            and any(context.inside(each, symbol.name) for each in context.ancestors(owner)),
            is_property=any("property" in name for name in last),
            is_abstract=bool(last & {"abstractmethod", "abstractproperty"})
            or any(base.rpartition(".")[2].split("[")[0] in ("ABC", "Protocol") for base in symbol.bases),
            deprecated=any("deprecated" in name for name in last)
            or ".. deprecated::" in docstring
            or bool(_DEPRECATED.search(first_sentence(docstring))),
            heirs=heirs,
            outside_heirs=shown,
            is_erased=is_erased(symbol),
        )

    def _imported(self, target: Target, *, is_owner: bool) -> float:
        """A type that is only named shows none of its methods."""
        shown = self._acting if is_owner else self._shown
        return 1.0 if target in shown else 0.5 if target in self._tested else 0.0

    def _says_itself(self, subject: Symbol) -> bool:
        """Whether only its own file says that others may use it: no packaging file tells what the package offers."""
        if family_of(subject.language) in self._told:
            return False
        return subject.name in self._context.repository.facts[subject.path].exports

    def _heir_name(self, owner: Symbol) -> str:
        """Shortest public name of an exported class that inherits from a class, directly or not."""
        key = (owner.path, owner.qualified_name)
        if key not in self._reached:
            names: set[str] = set()
            pending, seen = [owner], {key}
            while pending:
                for heir in self._context.subclasses(pending.pop()):
                    if (heir.path, heir.qualified_name) not in seen:
                        seen.add((heir.path, heir.qualified_name))
                        names.add(self._exported.get(self._context.target(heir), ""))
                        pending.append(heir)
            self._reached[key] = min(names - {""}, key=lambda name: (name.count("."), name), default="")
        return self._reached[key]

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
            own = self._context.inside(symbol, "__init__")
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


def _is_top(exported: str, symbol: Symbol) -> bool:
    """Whether users meet it first: a name of the package itself."""
    family = FAMILIES.get(family_of(symbol.language))
    return family.is_top(exported) if family else exported.count(".") == 1


def _spellings(symbol: Symbol, roots: set[str]) -> set[str]:
    """Dotted names by which a listing may mean a definition: with its module, or with the package's name alone."""
    parts = _module(symbol).split(".")
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
