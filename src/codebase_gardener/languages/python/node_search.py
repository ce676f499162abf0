"""Finds nodes of a syntax tree that stand on given lines, without visiting the rest of the tree."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codebase_gardener.languages.python.headers import Definition

__all__ = ["FoundNode", "definitions", "for_checkers", "nodes_on"]

Function = ast.FunctionDef | ast.AsyncFunctionDef
_BLOCKS = ("body", "handlers", "cases", "orelse", "finalbody")


@dataclass(frozen=True)
class FoundNode:
    """A node and what is around it.

    Attributes:
        node: The node.
        parents: From the module to its parent.
    """

    node: ast.AST
    parents: tuple[ast.AST, ...]

    @property
    def scope(self) -> str:
        """Qualified name of the enclosing definition; "" at module level."""
        return ".".join(one.name for one in self.parents if isinstance(one, Definition))

    @property
    def function(self) -> Function | None:
        """The innermost enclosing function."""
        return next((one for one in reversed(self.parents) if isinstance(one, Function)), None)


def nodes_on(tree: ast.Module, lines: Sequence[int]) -> Iterator[FoundNode]:
    """Nodes that contain at least one of the lines, each before those in it, in the source's order.

    Args:
        tree: Of a file.
        lines: 1-based, sorted.
    """
    pending = [FoundNode(tree, ())]
    while pending:
        found = pending.pop()
        yield found
        parents = (*found.parents, found.node)
        if len(parents) > 200:  # a chain of operators: nothing of interest is that deep
            continue
        pending += [
            FoundNode(child, parents)
            for child in reversed(list(ast.iter_child_nodes(found.node)))
            if _holds(child, lines)
        ]


def definitions(tree: ast.Module) -> Iterator[tuple[Definition, tuple[Definition, ...]]]:
    """Each definition with those around it; a stack instead of recursion, since `elif` chains nest."""
    pending: list[tuple[ast.AST, tuple[Definition, ...]]] = [(tree, ())]
    while pending:
        node, around = pending.pop()
        if isinstance(node, Definition):
            yield node, around
            around = (*around, node)
        children = [one for block in _BLOCKS for one in getattr(node, block, ()) if isinstance(one, ast.AST)]
        pending.extend((child, around) for child in reversed(children))


def for_checkers(tree: ast.Module) -> list[tuple[int, int]]:
    """First and last line of each block that only type checkers read: under `if TYPE_CHECKING:`."""
    found = []
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and (block := _checked(node)):
            found.append((block[0].lineno, block[-1].end_lineno or block[-1].lineno))
        pending += [one for block in _BLOCKS for one in getattr(node, block, ()) if isinstance(one, ast.AST)]
    return found


def _checked(node: ast.If) -> list[ast.stmt]:
    """The statements of a branch that never runs."""
    test, negated = node.test, False
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, negated = test.operand, not negated
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return (node.orelse if negated else node.body) if name == "TYPE_CHECKING" else []


def _holds(node: ast.AST, lines: Sequence[int]) -> bool:
    first: int | None = getattr(node, "lineno", None)
    if first is None:
        return True
    if isinstance(node, Definition) and node.decorator_list:
        first = min(first, node.decorator_list[0].lineno)
    position = bisect_left(lines, first)
    return position < len(lines) and lines[position] <= (getattr(node, "end_lineno", None) or first)
