"""Names that a module offers through a table and `__getattr__` instead of imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codebase_gardener.languages.facts import Import
from codebase_gardener.languages.python.expressions import dotted

__all__ = ["lazy_imports"]


def lazy_imports(tree: ast.Module, offset: int = 0) -> Iterator[Import]:
    """The table's rows as guarded imports, where the module has `__getattr__` or replaces itself by a lazy one.

    `offset` is added to the lines.

    Known forms: `{"module": ["A", "B"]}` and `{"A": ".module"}`, `{"A": (package, ".module")}`.
    """
    if not any(_is_lazy(node) for node in tree.body):
        return
    for node in tree.body:
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        if isinstance(value, ast.Dict):
            for key, entry in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _row(key.value, entry, entry.lineno + offset)


def _is_lazy(node: ast.stmt) -> bool:
    inside = [*node.body, *node.orelse] if isinstance(node, ast.If) else [node]
    for child in inside:
        if isinstance(child, ast.FunctionDef) and child.name == "__getattr__":
            return True
        value = child.value if isinstance(child, ast.Assign) else None
        if isinstance(value, ast.Call) and "lazy" in dotted(value.func).lower():
            return True
    return False


def _row(key: str, entry: ast.expr, line: int) -> Iterator[Import]:
    texts = [entry] if isinstance(entry, ast.Constant) else getattr(entry, "elts", [])
    words = [
        child.value for child in texts if isinstance(child, ast.Constant) and isinstance(child.value, str)
    ]
    modules = [word for word in words if word.startswith(".")]
    if modules and key.isidentifier():
        module = modules[-1]
        bare = module.lstrip(".")
        yield Import(line, bare, len(module) - len(bare), key, key, "", True)
    elif isinstance(entry, (ast.List, ast.Tuple)) and all(word.isidentifier() for word in words):
        for word in words:
            yield Import(line, key.lstrip("."), 1, word, word, "", True)
