"""What a Python file gives a name at its outer level, and what is said of it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from codebase_gardener.languages.python.expressions import dotted
from codebase_gardener.languages.symbols import Symbol, constant
from codebase_gardener.utils.anchors import split_lines

__all__ = ["python_constants"]

_REGISTRY = 3
"""Definitions in one list or dict that make it the place where they are registered."""
_TYPING = ("TypeVar", "ParamSpec", "TypeVarTuple")
"""What stands for a type in annotations is no value."""
_IS_PROGRAM = ("__name__ == '__main__'", "'__main__' == __name__")
_SENTENCE = 4
"""Words that make a sentence of a comment; shorter ones are titles of parts of a file."""


def python_constants(path: str, text: str, tree: ast.Module) -> Iterator[Symbol]:
    """Each name once, in the order of their lines.

    Names that an import binds, too, loggers and the like (made from `__name__`), dunder names and type variables are
    none.

    Args:
        path: Of the file.
        text: Its content.
        tree: Of it.
    """
    lines, seen = split_lines(text), _imported(tree)
    for statement, after in _statements(tree):
        value = statement.value
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if value is None or _is_machinery(value):
            continue
        for name in (one.id for target in targets for one in _names(target)):
            if name in seen or (name.startswith("__") and name.endswith("__")):
                continue
            seen.add(name)
            docstring, said_at = _said(statement, after, lines)
            first, last = statement.lineno, statement.end_lineno or statement.lineno
            written = "\n".join([*lines[first - 1 : last - 1], _split_at_end(statement, lines)[0]])
            yield constant(
                path,
                name,
                "python",
                (first, last),
                written,
                docstring,
                said_at,
                kind="registry" if _is_registry(value) else "constant",
            )


def _imported(tree: ast.Module) -> set[str]:
    imports = (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    return {name.asname or name.name for node in imports for name in node.names}


def _statements(tree: ast.Module) -> Iterator[tuple[ast.Assign | ast.AnnAssign, ast.stmt | None]]:
    """Assignments that run when the file is imported, each with the statement after it."""
    pending: list[list[ast.stmt]] = [tree.body]
    while pending:
        block = pending.pop()
        for at, statement in enumerate(block):
            if isinstance(statement, ast.Assign | ast.AnnAssign):
                yield statement, block[at + 1] if at + 1 < len(block) else None
            elif isinstance(statement, ast.If | ast.Try | ast.With):
                parts = ("orelse",) if _is_of_a_script(statement) else ("body", "orelse", "finalbody")
                inner = [getattr(statement, name, []) for name in parts]
                inner += [handler.body for handler in getattr(statement, "handlers", [])]
                pending += reversed([each for each in inner if each])


def _is_of_a_script(statement: ast.stmt) -> bool:
    """Whether its body runs only where the file is a program: `if __name__ == "__main__":`."""
    test = statement.test if isinstance(statement, ast.If) else None
    return test is not None and ast.unparse(test) in _IS_PROGRAM


def _names(target: ast.expr) -> Iterator[ast.Name]:
    for one in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
        if isinstance(one, ast.Name):
            yield one


def _is_machinery(value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return False
    named = any(isinstance(one, ast.Name) and one.id == "__name__" for one in value.args)
    return named or dotted(value.func).rpartition(".")[2] in _TYPING


def _is_registry(value: ast.expr) -> bool:
    """Whether it lists definitions: names that are not its own."""
    held: list[ast.expr | None] = []
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        held = list(value.elts)
    elif isinstance(value, ast.Dict):
        held = list(value.values)
    inner = (one.elts[-1] if isinstance(one, ast.Tuple) and one.elts else one for one in held)
    return sum(isinstance(one, ast.Name | ast.Attribute) for one in inner) >= max(_REGISTRY, len(held) / 2)


def _said(
    statement: ast.stmt, after: ast.stmt | None, lines: list[str]
) -> tuple[str | None, tuple[int, int]]:
    """The text after an assignment, else the comment right above it or on its last line; and the lines of it."""
    if (
        isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    ):
        return inspect.cleandoc(after.value.value), (after.lineno, after.end_lineno or after.lineno)
    last = first = statement.lineno - 1
    while first and lines[first - 1].lstrip().startswith("#") and not lines[first - 1].startswith("#!"):
        first -= 1
    above = "\n".join(line.lstrip("#: \t") for line in lines[first:last])
    end = statement.end_lineno or statement.lineno
    behind = _split_at_end(statement, lines)[1].lstrip("#: \t")
    for words, at in ((above, (first + 1, last)), (behind, (end, end))):
        if len(words.split()) >= _SENTENCE:
            return words, at
    return None, (0, 0)


def _split_at_end(statement: ast.stmt, lines: list[str]) -> tuple[str, str]:
    """A statement's last line up to its end, and the comment behind it."""
    line = lines[(statement.end_lineno or statement.lineno) - 1].encode()
    end = statement.end_col_offset or 0
    behind = line[end:].decode("utf-8", "replace").strip()
    return line[:end].decode("utf-8", "replace"), behind if behind.startswith("#") else ""
