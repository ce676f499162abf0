"""What the pages of APIs are computed from: the repository, the links between its files, and indexes over both."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property, lru_cache

from codebase_gardener.documents.code_spans import edited
from codebase_gardener.knowledge.apis.entry_points import EntryPoint, entry_points
from codebase_gardener.knowledge.apis.shell_commands import Command, commands, console_scripts, is_own
from codebase_gardener.knowledge.apis.subcommands import subcommands
from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.sources.known_packages import known_packages
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.python.headers import Definition
from codebase_gardener.languages.python.row import module_path
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import family_of, is_of_its_type

__all__ = ["ApiContext", "DefinitionText", "definition_in"]

_NESTED = ("readme", "docs", "example")
_OUTSIDE = ("docs", "examples", "tests")
_LONGEST_DOCUMENT = 200_000  # characters of a document whose spelling is looked at


@dataclass(frozen=True)
class DefinitionText:
    """The lines of a Python definition alone, as `definition_in` parses them.

    Attributes:
        text: An indented one stands under an `if`.
        offset: To be added to a line of `text` for the line of the file.
    """

    text: str
    offset: int


@dataclass(frozen=True)
class ApiContext:
    """The repository with its links, and what is looked up again and again."""

    repository: RepositoryFacts
    resolution: Resolution

    def target(self, symbol: Symbol) -> Target:
        """What a symbol is to the resolution."""
        return Target(symbol.path, symbol.qualified_name)

    def symbol(self, target: Target) -> Symbol | None:
        """The definition of a target; None for what comes from outside, and for constants."""
        return self.repository.symbols.get((target.path, target.name))

    @cached_property
    def names(self) -> dict[Target, str]:
        """The dotted name that a user imports it by, shortest first."""
        told = self.resolution.told
        found: dict[Target, str] = dict(told)
        for name, target in self.resolution.public.items():
            if target in told:
                continue
            if target not in found or (name.count("."), len(name), name) < (
                found[target].count("."),
                len(found[target]),
                found[target],
            ):
                found[target] = name
        return found

    @cached_property
    def main(self) -> frozenset[Target]:
        """What the main entry point of a package offers under its own name: "zod.string", not "zod/mini.string"."""
        return frozenset(
            target
            for target, name in self.names.items()
            if not target.external
            and name.endswith(f".{target.name}")
            and name[: -len(target.name) - 1].isidentifier()
        )

    @cached_property
    def roots(self) -> frozenset[str]:
        """The packages that the repository's public names begin with."""
        return frozenset(name.partition(".")[0] for name in self.resolution.public)

    @cached_property
    def top_names(self) -> frozenset[str]:
        """The names that packages export at their outer level."""
        return frozenset(name.rpartition(".")[2] for name in self.resolution.exported.values())

    @cached_property
    def package_names(self) -> frozenset[str]:
        """What code calls the repository's own packages, and those that the package's files import."""
        areas = self.repository.areas
        files = (facts for path, facts in self.repository.facts.items() if areas[path] == "package")
        return self.roots | {each.alias for facts in files for each in facts.imports}

    @cached_property
    def known_packages(self) -> frozenset[str]:
        """The packages that the repository has to do with."""
        return known_packages(self.repository)

    @cached_property
    def uses(self) -> dict[Target, list[tuple[Passage, Use]]]:
        """Where passages use each target, in order; a passage around another that uses it, too, is left out."""
        found: dict[Target, list[tuple[Passage, Use]]] = defaultdict(list)
        for passage in self.resolution.passages:
            for use in passage.uses:
                found[use.target].append((passage, use))
        return {target: _narrowest(pairs) for target, pairs in found.items()}

    def open_calls(self, symbol: Symbol) -> tuple[tuple[str, int], ...]:
        """Where a method's name is called on something of unknown type, outside of it: path and line.

        One that is called on its type has no such calls.
        """
        if symbol.kind != "method" or is_of_its_type(symbol):
            return ()
        family = family_of(symbol.language) or symbol.language
        return tuple(
            (path, line)
            for path, line in self.resolution.open_calls.get((family, symbol.name), ())
            if not (path == symbol.path and symbol.start <= line <= symbol.end)
        )

    def first_lines(self, passage: Passage) -> dict[str, dict[Target, int]]:
        """By file, the line of each target's first use in a passage; of a test, in its own lines, not in a helper's."""
        if id(passage) not in self._first_lines:  # passages live as long as the resolution
            found: dict[str, dict[Target, int]] = {}
            for use in passage.uses:
                inside = use.path == passage.path and passage.start <= use.start <= passage.end
                if inside or passage.area != "test":
                    lines = found.setdefault(use.path, {})
                    lines[use.target] = min(lines.get(use.target, use.start), use.start)
            self._first_lines[id(passage)] = found
        return self._first_lines[id(passage)]

    @cached_property
    def imports_outside(self) -> dict[str, list[tuple[str, int]]]:
        """By name: the files of docs, examples and tests that import it from a module of the repository, each with the
        first line, where it is not known what the module means by it.
        """
        found: dict[str, dict[str, int]] = defaultdict(dict)
        public = self.resolution.public
        modules = {name.rpartition(".")[0] for name in public}
        for path, area in self.repository.areas.items():
            facts = self.repository.facts[path]
            imports = (*facts.imports, *(one for snippet in facts.snippets for one in snippet.imports))
            for one in imports if area in _OUTSIDE else ():
                name = one.alias if one.name in ("", "default") else one.name
                if one.module in modules and not one.level and f"{one.module}.{name}" not in public:
                    found[name].setdefault(path, one.line)
        return {name: list(lines.items()) for name, lines in found.items()}

    @cached_property
    def _first_lines(self) -> dict[int, dict[str, dict[Target, int]]]:
        return {}

    @cached_property
    def used_in(self) -> dict[str, list[Target]]:
        """Of each file, the targets that it defines and passages use; "" for those from outside."""
        found: dict[str, list[Target]] = defaultdict(list)
        for target in self.uses:
            found[target.path].append(target)
        return dict(found)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """How the documents write words that have capitals inside, such as "LoRA", by their lower case."""
        every: Counter[str] = Counter()
        for path, area in self.repository.areas.items():
            if area == "docs":
                text = self.repository.texts[path][:_LONGEST_DOCUMENT]
                prose = re.sub(r"https?://\S+", " ", edited(text, lambda span: " "))
                every.update(re.findall(r"\b[A-Za-z][A-Za-z0-9]{1,20}\b", prose))
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for word, times in every.items():
            counts[word.lower()][word] = times
        most = {low: max(each.items(), key=lambda item: (item[1], item[0])) for low, each in counts.items()}
        return {
            low: word
            for low, (word, times) in most.items()
            if times > 1 and sum(letter.isupper() for letter in word) > 1
        }

    @cached_property
    def scripts(self) -> frozenset[str]:
        """Programs that the repository installs."""
        return console_scripts(self.repository.texts)

    @cached_property
    def entry_points(self) -> dict[Target, tuple[EntryPoint, ...]]:
        """Of what packaging files name as an entry point, where they do."""
        found: dict[Target, tuple[EntryPoint, ...]] = {}
        for one in entry_points(self.repository.texts):
            tail = f"/{one.module.replace('.', '/')}"
            for path, name in self.repository.symbols:
                if name == one.called and f"/{module_path(path)}".endswith(tail):
                    target = Target(path, name)
                    found[target] = (*found.get(target, ()), one)
        return found

    @cached_property
    def commands(self) -> dict[str, tuple[Command, ...]]:
        """Commands that its documents tell the user to run, by name."""
        facts, own = self.repository.facts, self.scripts
        return commands(facts, own, subcommands(facts, self.repository.texts) if own else frozenset())

    @cached_property
    def own_commands(self) -> frozenset[str]:
        """Those of them that are of the repository: of its programs, of its files, calls of its server."""
        return frozenset(name for name in self.commands if is_own(name, self.scripts))

    def calls_of(self, symbol: Symbol) -> list[tuple[Target, int]]:
        """What the package's code inside a definition calls or reads, with how often, in order of appearance."""
        starts, targets = self._calls.get(symbol.path, ([], []))
        own = self.target(symbol)
        counts: dict[Target, int] = {}
        for target in targets[bisect_left(starts, symbol.start) : bisect_right(starts, symbol.end)]:
            if target != own:
                counts[target] = counts.get(target, 0) + 1
        return list(counts.items())

    def ancestors(self, symbol: Symbol) -> tuple[Symbol, ...]:
        """The classes of the repository that a class inherits from, nearest first."""
        found: dict[tuple[str, str], Symbol] = {}
        pending = [symbol]
        while pending:
            current = pending.pop(0)
            for base in current.bases:
                parent = self._class_named(base, current)
                if parent and parent != symbol and (parent.path, parent.qualified_name) not in found:
                    found[parent.path, parent.qualified_name] = parent
                    pending.append(parent)
        return tuple(found.values())

    def subclasses(self, symbol: Symbol) -> tuple[Symbol, ...]:
        """The classes of the repository that name a class among their bases, in order of path and line."""
        return tuple(self._heirs.get((symbol.path, symbol.qualified_name), ()))

    def member(self, owner: Symbol, name: str) -> Symbol | None:
        """A method of a class, its own or the nearest inherited one."""
        found = (self.inside(cls, name) for cls in (owner, *self.ancestors(owner)))
        return next(filter(None, found), None)

    def inside(self, owner: Symbol, name: str) -> Symbol | None:
        """What a definition itself defines under a name."""
        return self.repository.symbols.get((owner.path, f"{owner.qualified_name}.{name}"))

    def owner(self, symbol: Symbol) -> Symbol | None:
        """The definition around a definition."""
        return self.repository.symbols.get((symbol.path, symbol.qualified_name.rpartition(".")[0]))

    def text_of(self, symbol: Symbol) -> DefinitionText:
        """The lines of a Python definition; no text for another language's."""
        if family_of(symbol.language):
            return DefinitionText("", 0)
        lines = self.repository.lines(symbol.path, symbol.start, symbol.end)
        indented = bool(lines) and lines[0][:1].isspace()
        text = "\n".join(["if 1:", *lines] if indented else lines)
        return DefinitionText(text, symbol.start - (2 if indented else 1))

    @cached_property
    def _heirs(self) -> dict[tuple[str, str], list[Symbol]]:
        found: dict[tuple[str, str], list[Symbol]] = defaultdict(list)
        for symbol in self.repository.symbols.values():
            for base in symbol.bases:
                parent = self._class_named(base, symbol)
                if parent and parent != symbol:
                    found[parent.path, parent.qualified_name].append(symbol)
        return dict(found)

    @cached_property
    def _calls(self) -> dict[str, tuple[list[int], list[Target]]]:
        found: dict[str, list[tuple[int, Target]]] = defaultdict(list)
        for target, uses in self.resolution.callers.items():
            for use in uses:
                if not target.external or use.how == "import":  # a type's member from outside is an inference
                    found[use.path].append((use.start, target))
        return {
            path: ([start for start, _ in sorted(calls)], [target for _, target in sorted(calls)])
            for path, calls in found.items()
        }

    @cached_property
    def class_names(self) -> frozenset[str]:
        """Names of the package's public classes."""
        return frozenset(
            name
            for name, found in self._classes.items()
            if any(each.public and self.repository.areas.get(each.path) == "package" for each in found)
        )

    @cached_property
    def _classes(self) -> dict[str, list[Symbol]]:
        found: dict[str, list[Symbol]] = defaultdict(list)
        for symbol in self.repository.symbols.values():
            if symbol.kind == "class":
                found[symbol.name].append(symbol)
        return dict(found)

    def _class_named(self, base: str, user: Symbol) -> Symbol | None:
        """The class of the repository that a base's source means, seen from a class's file."""
        dotted = base.split("[", 1)[0].split("(", 1)[0].strip()
        name = dotted.rpartition(".")[2]
        candidates = self._classes.get(name, [])
        here = [each for each in candidates if each.path == user.path]
        if here and "." not in dotted:
            return here[0]
        root = dotted.partition(".")[0]
        imports = [each for each in self.repository.facts[user.path].imports if each.alias == root]
        for each in imports:
            parts = [part for part in each.module.split(".") if part]
            tail = "/".join([*parts, each.name] if dotted != name and each.name else parts)
            inside = [c for c in candidates if f"/{module_path(c.path)}".endswith(f"/{tail}")]
            package = [c for c in candidates if tail and f"/{tail}/" in f"/{c.path}"]
            if inside or package:
                return (inside or package)[0]
            if each.level and len(candidates) == 1:
                return candidates[0]
        return None


def _narrowest(pairs: list[tuple[Passage, Use]]) -> list[tuple[Passage, Use]]:
    """Without the uses by whole documents and examples that a section or function inside them has as well."""
    ranges = {(p.path, p.start, p.end) for p, _ in pairs if p.area in _NESTED}
    wide = {
        (path, start, end)
        for path, start, end in ranges
        if any(
            other == path and (start, end) != (first, last) and start <= first and last <= end
            for other, first, last in ranges
        )
    }
    return [(p, use) for p, use in pairs if (p.path, p.start, p.end) not in wide or p.area not in _NESTED]


@lru_cache(maxsize=16)
def definition_in(text: str) -> Definition | None:
    """The syntax tree of a `DefinitionText`; None where it is none. Several questions are asked of one in turn."""
    tree = parse_python(text)
    if isinstance(tree, str) or not tree.body:
        return None
    first = tree.body[0]
    node = first.body[0] if isinstance(first, ast.If) else first
    return node if isinstance(node, Definition) else None
