"""Names that a module offers through a table and `__getattr__` instead of imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from codebase_gardener.languages.facts import Import
from codebase_gardener.languages.python.expressions import bindable, dotted, strings

__all__ = ["lazy_imports"]


def lazy_imports(tree: ast.Module, offset: int = 0) -> Iterator[Import]:
    """The table's rows as guarded imports, where the module has `__getattr__` or replaces itself by a lazy one.

    `offset` is added to the lines.

    Known forms: `{"module": ["A", "B"]}` and `{"A": ".module"}`, `{"A": (package, ".module")}`, in a table of the
    module or given to the call that makes `__getattr__`; that call's list of submodules; the stub beside the file that
    it is given (https://scientific-python.org/specs/spec-0001/), as a star import of the module itself.
    """
    statements = [child for node in tree.body for child in (_branches(node) or [node])]
    made = [call for node in statements if (call := _maker(node)) is not None]
    if not made and not any(_is_lazy(node) for node in statements):
        return
    tables = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    named = {_name(node): node.value for node in tables}
    for node in tables:
        yield from _rows(node.value, offset)
    for call in made:
        given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
        for value in given:
            name = dotted(value)
            words = (
                ["*"] if name == "__file__" else filter(str.isidentifier, strings(named.get(name) or value))
            )
            yield from _rows(value, offset)
            for word in words:
                yield Import(value.lineno + offset, "", 1, word, word, "", True)


def _branches(node: ast.stmt) -> list[ast.stmt]:
    return [*node.body, *node.orelse] if isinstance(node, ast.If) else []


def _name(node: ast.Assign | ast.AnnAssign) -> str:
    return bindable(node.targets[0] if isinstance(node, ast.Assign) else node.target)


def _is_lazy(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
        return True
    value = node.value if isinstance(node, ast.Assign) else None
    return isinstance(value, ast.Call) and "lazy" in dotted(value.func).lower()


def _maker(node: ast.stmt) -> ast.Call | None:
    """The call whose result is a module's `__getattr__`, alone or first of several."""
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
        return None
    target = node.targets[0]
    names = target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]
    return node.value if "__getattr__" in map(bindable, names) else None


def _rows(table: ast.expr | None, offset: int) -> Iterator[Import]:
    if isinstance(table, ast.Dict):
        for key, entry in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield from _row(key.value, entry, entry.lineno + offset)


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
    elif isinstance(entry, (ast.List, ast.Tuple, ast.Set)) and all(word.isidentifier() for word in words):
        for word in words:
            yield Import(line, key.lstrip("."), 1, word, word, "", True)
