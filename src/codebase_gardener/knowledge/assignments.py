"""What names are given in a body of code, looked up by line."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["Assignments"]

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Assignments:
    """The assignments of a function or a module, without those of definitions in it; read once, in their order."""

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self._lines: dict[str, list[int]] = {}
        self._values: dict[str, list[ast.expr]] = {}
        pending = list(reversed(body))
        while pending:
            statement = pending.pop()
            if isinstance(statement, _Definition):
                continue
            self._read(statement)
            pending += reversed(_inner(statement))

    def before(self, name: str, line: int) -> ast.expr | None:
        """What a name was last given above a line; `+=` adds to what was there."""
        at = bisect_left(self._lines.get(name, ()), line)
        return self._values[name][at - 1] if at else None

    def _read(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self._add(statement.targets[0], statement.value)
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._add(statement.target, statement.value)
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            earlier = self._values.get(statement.target.id)
            if earlier:
                both = ast.BinOp(earlier[-1], statement.op, statement.value)
                both.lineno, both.end_lineno = earlier[-1].lineno, statement.end_lineno
                self._add(statement.target, both)

    def _add(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._lines.setdefault(target.id, []).append(target.lineno)
            self._values.setdefault(target.id, []).append(value)


def _inner(statement: ast.stmt) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for one in getattr(statement, name, ()):
            found += one.body if isinstance(one, ast.ExceptHandler | ast.match_case) else [one]
    return found
