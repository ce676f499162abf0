"""What a Python file gives a name at its top or in a class: constants and fields, with the lines of the statement."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from codebase_gardener.knowledge.claims.name_index import SEPARATORS
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.symbols import Symbol, is_public

__all__ = ["FieldIndex"]

_BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")


class FieldIndex:
    """Looks up the constants and fields of one file.

    Args:
        path: Of the file.
        text: Its content; what does not parse has none.
    """

    def __init__(self, path: str, text: str) -> None:
        self._by_name: dict[str, list[Symbol]] = defaultdict(list)
        tree = parse_python(text)
        for name, owner, statement in _assigned(tree) if isinstance(tree, ast.Module) else ():
            symbol = _symbol(path, name, owner, statement)
            for key in {name, ".".join(name.split(".")[-2:])} if owner else {name}:
                self._by_name[key].append(symbol)

    def all(self) -> Iterator[Symbol]:
        """Every constant and field, in the order of their lines."""
        found = {symbol for symbols in self._by_name.values() for symbol in symbols}
        return iter(sorted(found, key=lambda symbol: (symbol.start, symbol.qualified_name)))

    def find(self, name: str) -> tuple[Symbol, ...]:
        """A constant by its name, with or without its module; a field with its class only.

        Example:
            >>> index = FieldIndex("a.py", "LIMIT = 3\\nclass A:\\n    size: int = (\\n        1\\n    )\\n")
            >>> [(s.start, s.end) for name in ("LIMIT", "A.size", "size") for s in index.find(name)]
            [(1, 1), (3, 5)]
        """
        parts = SEPARATORS.split(name)
        found = self._by_name.get(".".join(parts)) or self._by_name.get(".".join(parts[-2:])) or []
        if found or len(parts) == 1 or parts[-2][:1].isupper() or parts[-2] in ("self", "cls"):
            return tuple(found)
        return tuple(self._by_name.get(parts[-1], []))


def _assigned(tree: ast.Module) -> Iterator[tuple[str, str, ast.stmt]]:
    """Each name, the class it is of, and the statement; a stack instead of recursion, since `elif` chains nest."""
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, owner = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(node, ast.ClassDef):
            owner = f"{owner}.{node.name}".lstrip(".")
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                for one in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                    if isinstance(one, ast.Name):
                        yield f"{owner}.{one.id}".lstrip("."), owner, node
        children = [child for block in _BLOCKS for child in getattr(node, block, ())]
        pending.extend((child, owner) for child in reversed(children) if isinstance(child, ast.AST))


def _symbol(path: str, name: str, owner: str, statement: ast.stmt) -> Symbol:
    return Symbol(
        path=path,
        qualified_name=name,
        kind="field" if owner else "constant",
        language="python",
        start=statement.lineno,
        end=statement.end_lineno or statement.lineno,
        definition_line=statement.lineno,
        body_start=0,
        signature=name,
        docstring=None,
        public=is_public(name),
    )
