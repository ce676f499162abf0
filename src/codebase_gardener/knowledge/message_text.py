"""The text of an expression that builds a message, as far as it stands in the source."""

from __future__ import annotations

import ast
import inspect
import re

__all__ = ["message_text", "one_line"]

_MAX_DEPTH = 60
_MAX_CHARACTERS = 20_000
_SPACES = re.compile(r"\s+")
_PERCENT = re.compile(r"%(?:\(\w+\))?[#0\- +]?\d*(?:\.\d+)?[sdrifgex]")


def message_text(node: ast.expr | None, names: dict[str, ast.expr] | None = None) -> str:
    """Constant parts of strings, f-strings, `+`, `%`, `.format`, `.join`, and of names that were given such.

    What is only known at run time is written in braces: `f"{name} is slow"` gives "{name} is slow". An expression
    without any constant text gives "".

    Args:
        node: The expression.
        names: What each name was last given before this place.
    """
    if node is None:
        return ""
    text, constant = _text(node, names or {}, 0)
    return one_line(text) if constant else ""


def one_line(text: str) -> str:
    """Runs of white space as one space."""
    return _SPACES.sub(" ", text[:_MAX_CHARACTERS]).strip()


def _text(node: ast.expr, names: dict[str, ast.expr], depth: int) -> tuple[str, bool]:
    """The text, and whether any of it is constant."""
    if depth > _MAX_DEPTH:
        return "", False
    if isinstance(node, ast.Constant):
        return (node.value, True) if isinstance(node.value, str) else (str(node.value)[:40], False)
    if isinstance(node, ast.JoinedStr):
        parts = [_text(value, names, depth + 1) for value in node.values]
        return "".join(text for text, _ in parts), any(constant for _, constant in parts)
    if isinstance(node, ast.BinOp):
        return _operation(node, names, depth)
    if isinstance(node, ast.Call):
        return _call(node, names, depth)
    if isinstance(node, ast.IfExp):
        text, constant = _text(node.body, names, depth + 1)
        return (text, True) if constant else _text(node.orelse, names, depth + 1)
    if isinstance(node, ast.Name) and node.id in names:
        rest = {name: value for name, value in names.items() if name != node.id}
        return _text(names[node.id], rest, depth + 1)
    if isinstance(node, ast.FormattedValue):
        return _placeholder(node.value), False
    return _placeholder(node), False


def _operation(node: ast.BinOp, names: dict[str, ast.expr], depth: int) -> tuple[str, bool]:
    left, constant = _text(node.left, names, depth + 1)
    if isinstance(node.op, ast.Mod):
        values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
        written = iter([_placeholder(value) for value in values])
        return _PERCENT.sub(lambda _: next(written, "{…}"), left), constant
    if isinstance(node.op, ast.Add):
        right, also = _text(node.right, names, depth + 1)
        return left + right, constant or also
    return _placeholder(node), False


def _call(node: ast.Call, names: dict[str, ast.expr], depth: int) -> tuple[str, bool]:
    """`"…".format(x)`, `dedent("…")`, `_("…")`, `" ".join(["a", "b"])`."""
    function = node.func
    if isinstance(function, ast.Attribute):
        if function.attr == "join" and node.args and isinstance(node.args[0], ast.List | ast.Tuple):
            separator, _ = _text(function.value, names, depth + 1)
            parts = [_text(one, names, depth + 1) for one in node.args[0].elts]
            return separator.join(text for text, _ in parts), any(constant for _, constant in parts)
        if function.attr in ("format", "strip", "rstrip", "lstrip", "lower", "replace"):
            return _text(function.value, names, depth + 1)
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if node.args and name in ("_", "gettext", "N_", "ngettext", "dedent", "cleandoc", "indent", "fill"):
        text, constant = _text(node.args[0], names, depth + 1)
        return (inspect.cleandoc(text) if constant else text), constant
    return _placeholder(node), False


def _placeholder(node: ast.expr) -> str:
    """`{name}` for a name or an attribute, else `{…}`."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute) and len(parts) < 4:
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return "{" + ".".join([node.id, *reversed(parts)]) + "}"
    return "{" + parts[0] + "}" if parts else "{…}"
