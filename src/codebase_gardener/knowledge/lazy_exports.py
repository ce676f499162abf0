"""Names that a module offers through a table and `__getattr__` instead of imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codebase_gardener.knowledge.facts import Import

__all__ = ["lazy_imports"]


def lazy_imports(tree: ast.Module) -> Iterator[Import]:
    """The table's rows as guarded imports, where the module has `__getattr__` or replaces itself by a lazy one.

    Known forms: `{"module": ["A", "B"]}` and `{"A": ".module"}`, `{"A": (package, ".module")}`.
    """
    if not any(_is_lazy(node) for node in tree.body):
        return
    for node in tree.body:
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        if isinstance(value, ast.Dict):
            for key, entry in zip(value.keys, value.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield from _row(key.value, entry)


def _is_lazy(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "__getattr__"
    if isinstance(node, ast.If):
        return any(_is_lazy(child) for child in (*node.body, *node.orelse))
    value = node.value if isinstance(node, ast.Assign) else None
    return isinstance(value, ast.Call) and "lazy" in ast.dump(value.func).lower()


def _row(key: str, entry: ast.expr) -> Iterator[Import]:
    texts = [entry] if isinstance(entry, ast.Constant) else getattr(entry, "elts", [])
    words = [
        child.value for child in texts if isinstance(child, ast.Constant) and isinstance(child.value, str)
    ]
    modules = [word for word in words if word.startswith(".")]
    if modules and key.isidentifier():
        module = modules[-1]
        bare = module.lstrip(".")
        yield Import(entry.lineno, bare, len(module) - len(bare), key, key, "", True)
    elif isinstance(entry, (ast.List, ast.Tuple)) and all(word.isidentifier() for word in words):
        for word in words:
            yield Import(entry.lineno, key.lstrip("."), 1, word, word, "", True)
