"""What names are given in a body of code, looked up by line."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from codebase_gardener.languages.python.headers import Definition

__all__ = ["Assignments", "Given"]


@dataclass(frozen=True)
class Given:
    """What a name was given, and the lines of the statements that gave it."""

    value: ast.expr
    start: int
    end: int


class Assignments:
    """The assignments of a function or a module, without those of definitions in it; read once, in their order."""

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self._lines: dict[str, list[int]] = {}
        self._given: dict[str, list[Given]] = {}
        pending = list(reversed(body))
        while pending:
            statement = pending.pop()
            if isinstance(statement, Definition):
                continue
            self._take(statement)
            pending += reversed(_inner(statement))

    def before(self, name: str, line: int) -> Given | None:
        """What a name was last given above a line; `+=` adds to what was there."""
        at = bisect_left(self._lines.get(name, ()), line)
        return self._given[name][at - 1] if at else None

    def _take(self, statement: ast.stmt) -> None:
        end = statement.end_lineno or statement.lineno
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            self._add(statement.targets[0], Given(statement.value, statement.lineno, end))
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            self._add(statement.target, Given(statement.value, statement.lineno, end))
        elif isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            earlier = self._given.get(statement.target.id)
            if earlier:
                both = ast.BinOp(earlier[-1].value, statement.op, statement.value)
                self._add(statement.target, Given(both, earlier[-1].start, end))

    def _add(self, target: ast.expr, given: Given) -> None:
        if isinstance(target, ast.Name):
            self._lines.setdefault(target.id, []).append(target.lineno)
            self._given.setdefault(target.id, []).append(given)


def _inner(statement: ast.stmt) -> list[ast.stmt]:
    found: list[ast.stmt] = []
    for name in ("body", "handlers", "orelse", "finalbody", "cases"):
        for one in getattr(statement, name, ()):
            found += one.body if isinstance(one, ast.ExceptHandler | ast.match_case) else [one]
    return found
