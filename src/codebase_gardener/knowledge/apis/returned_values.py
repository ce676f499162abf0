"""What a Python function without an annotation hands out, as its body tells it: a variable's name tells nothing."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from codebase_gardener.languages.python.headers import Definition, SourceLines

__all__ = ["own_nodes", "returned"]

_MOST_VALUES = 3
_LONGEST_VALUE = 60
_MARKS = re.compile(r"`|\[\[|:L[0-9]")
_TYPES: dict[type[ast.expr], str] = {
    ast.JoinedStr: "str", ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict",
    ast.Set: "set", ast.SetComp: "set", ast.Tuple: "tuple", ast.Lambda: "function", ast.GeneratorExp: "generator",
}  # fmt: skip
"""What an expression makes, by its form."""
_MADE_BY = {
    name: name
    for name in ("str", "int", "float", "bool", "bytes", "list", "dict", "set", "frozenset", "tuple")
}
_MADE_BY |= {"isinstance": "bool", "issubclass": "bool", "hasattr": "bool", "callable": "bool", "len": "int"}
"""What a built-in function makes."""
_DEEPEST = 5


def returned(definition: Definition, source: SourceLines) -> tuple[str, str]:
    """Type and words: ("str", "Returns `name or \\"x\\"`."); "" for each that the body does not tell.

    The type stands where all values have a known one; the words, where they say something to who sees no body.
    """
    body = _Body(definition)
    told: dict[str, list[str]] = {"Returns": [], "Yields": []}
    types: dict[str, None] = {}
    for node in own_nodes(definition):
        word = "Returns" if isinstance(node, ast.Return) else "Yields"
        if not isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) or node.value is None:
            continue
        types[body.type_of(node.value) if word == "Returns" else ""] = None
        value = source.segment(node.value) if body.is_clear(node.value) else ""
        if value not in told[word] and not (word == "Returns" and value == "None"):
            told[word].append(value)
    parts = []
    for word, values in told.items():
        clean = [one for one in values if one and len(one) <= _LONGEST_VALUE and not _MARKS.search(one)]
        if values and len(values) <= _MOST_VALUES and len(clean) == len(values):
            parts.append(f"{word} {' or '.join(f'`{value}`' for value in values)}.")
    return "" if "" in types else " | ".join(types), " ".join(parts)


def own_nodes(definition: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a body in order, without those of functions and classes inside it."""
    pending = list(reversed(getattr(definition, "body", [])))
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            pending.extend(reversed(list(ast.iter_child_nodes(node))))


class _Body:
    """The names that a body gives to itself."""

    def __init__(self, definition: Definition) -> None:
        own = list(own_nodes(definition))
        self._functions = {one.name for one in own if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}
        stored = Counter(
            one.id for one in own if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        )
        self._given = {
            one.targets[0].id: one.value
            for one in own
            if isinstance(one, ast.Assign)
            and isinstance(one.targets[0], ast.Name)
            and stored[one.targets[0].id] == 1
        }
        classes = {one.name for one in own if isinstance(one, ast.ClassDef)}
        arguments = getattr(definition, "args", None)
        parameters = (
            {one.arg for one in ast.walk(arguments) if isinstance(one, ast.arg)} if arguments else set()
        )
        self._local = (set(stored) | classes | self._functions) - parameters

    def is_clear(self, value: ast.expr) -> bool:
        """Whether an expression says something without the body: it has no name that only the body knows."""
        own = {
            one.id for one in ast.walk(value) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }
        named = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
        return not (named - own) & self._local

    def type_of(self, value: ast.expr, depth: int = 0) -> str:
        """The type that an expression makes; "" where its form does not tell."""
        if isinstance(value, ast.Constant):
            return "None" if value.value is None else type(value.value).__name__
        if isinstance(value, ast.Call):
            return _class_called(value.func)
        if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.Not):
            return "bool"
        if isinstance(value, ast.Name):
            given = self._given.get(value.id) if depth < _DEEPEST else None
            known = self.type_of(given, depth + 1) if given is not None else ""
            return "function" if value.id in self._functions else known
        return _TYPES.get(type(value), "")


def _class_called(function: ast.expr) -> str:
    """The class whose name is called, by how classes are written: `Pot(…)`, `kitchen.Pot(…)`."""
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name in _MADE_BY:
        return _MADE_BY[name]
    return name if name.strip("_")[:1].isupper() and not name.isupper() else ""
