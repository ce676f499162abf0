"""What modules use of each other, of other packages, and which tests exercise them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Passage, Target
from codebase_gardener.knowledge.modules.imports import imported_files
from codebase_gardener.knowledge.modules.tree import Module, ModuleTree
from codebase_gardener.utils.anchors import Anchor

__all__ = ["Relations"]


@dataclass(frozen=True)
class Relations:
    """The links between the modules of a tree.

    Attributes:
        tree: The modules.
        context: The repository with its links.
    """

    tree: ModuleTree
    context: ApiContext

    def used_by(self, module: Module) -> dict[str, Counter[Target]]:
        """Paths of the modules that use it: what of it, and how often."""
        return self._used_by.get(module.path, {})

    def uses(self, module: Module) -> dict[str, Counter[Target]]:
        """Paths of the modules that it uses: what of them, and how often."""
        return self._uses.get(module.path, {})

    def times(self, target: Target) -> int:
        """How often code, documents, examples and tests use a definition."""
        return len(self.context.resolution.callers.get(target, ())) + len(self.context.uses.get(target, ()))

    def tests(self, module: Module) -> dict[str, list[Passage]]:
        """Tests that use what a module defines, by file; the file with the most first."""
        found = self._tests.get(module.path, {})
        return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))

    @cached_property
    def between_files(self) -> dict[tuple[str, str], int]:
        """A file and another that it uses, both of modules: how often; 0 where it only imports it."""
        ours = self.tree.of_file
        found = {
            (path, file): 0
            for path, files in self._imported.items()
            for file in files
            if path in ours and file in ours
        }
        for target, user, times in self._pairs():
            if target.path in ours and user in ours and target.path != user:
                found[user, target.path] = found.get((user, target.path), 0) + times
        return found

    def line_of(self, user: str, used: str) -> Anchor | None:
        """The first lines of a file that use what another one defines, else those that import it."""
        if (user, used) in self._lines:
            return Anchor(user, *self._lines[user, used])
        line = self._imported.get(user, {}).get(used, 0)
        return Anchor(user, line, line) if line else None

    def lines_between(self, user: Module, used: Module) -> Anchor | None:
        """The first lines by which a module uses another one; None where they are not known."""
        return self._between.get((user.path, used.path))

    @cached_property
    def _between(self) -> dict[tuple[str, str], Anchor]:
        """A use comes before an import."""
        found: dict[tuple[str, str], Anchor] = {}
        for ends, _ in sorted(self.between_files.items(), key=lambda item: (not item[1], item[0])):
            user, used = (self.tree.of_file[path].path for path in ends)
            if user != used and (user, used) not in found and (at := self.line_of(*ends)):
                found[user, used] = at
        return found

    @cached_property
    def _imported(self) -> dict[str, dict[str, int]]:
        return imported_files(self.context.repository.facts)

    @cached_property
    def _lines(self) -> dict[tuple[str, str], tuple[int, int]]:
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for target, uses in self.context.resolution.callers.items():
            for use in uses if not target.external else ():
                lines, ends = (use.start, use.end), (use.path, target.path)
                found[ends] = min(lines, found.get(ends, lines))
        return found

    @cached_property
    def own_links(self) -> frozenset[tuple[str, str]]:
        """Paths of two modules of which a file of the one's own folder uses a file of the other's own."""

        def is_own(path: str) -> bool:
            return self.tree.of_file[path].path in (path, path.rpartition("/")[0])

        return frozenset(
            (self.tree.of_file[user].path, self.tree.of_file[used].path)
            for user, used in self.between_files
            if is_own(user) and is_own(used)
        )

    @cached_property
    def _tests(self) -> dict[str, dict[str, list[Passage]]]:
        found: dict[str, dict[str, list[Passage]]] = defaultdict(lambda: defaultdict(list))
        for passage in self.context.resolution.passages:
            if passage.area == "test":
                used = {self.tree.of_file.get(use.target.path) for use in passage.uses}
                for path in {module.path for module in used if module}:
                    found[path][passage.path].append(passage)
        return found

    @cached_property
    def _uses(self) -> dict[str, dict[str, Counter[Target]]]:
        found: dict[str, dict[str, Counter[Target]]] = defaultdict(lambda: defaultdict(Counter))
        for target, user, times in self._pairs():
            at, by = self.tree.of_file.get(target.path), self.tree.of_file.get(user)
            if at and by and at != by:
                found[by.path][at.path][target] += times
        return found

    @cached_property
    def _used_by(self) -> dict[str, dict[str, Counter[Target]]]:
        found: dict[str, dict[str, Counter[Target]]] = defaultdict(dict)
        for user, used in self._uses.items():
            for path, targets in used.items():
                found[path][user] = targets
        return found

    def _pairs(self) -> list[tuple[Target, str, int]]:
        """A definition, a file that uses it or inherits from it, and how often."""
        pairs = [
            (target, path, times)
            for target, uses in self.context.resolution.callers.items()
            if not target.external
            for path, times in Counter(use.path for use in uses).items()
        ]
        classes = (symbol for symbol in self.context.repository.symbols.values() if symbol.kind == "class")
        return pairs + [
            (self.context.target(symbol), heir.path, 1)
            for symbol in classes
            for heir in self.context.subclasses(symbol)
        ]
