"""The text of an expression that builds a message, as far as it stands in the source."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable

__all__ = ["Lookup", "message_text", "one_line"]

Lookup = Callable[[str], ast.expr | None]
"""What a name was last given, or None."""

_MAX_NODES = 400  # `a = b + b; b = c + c; …` grows without bound
_MAX_DEPTH = 100
_MAX_CHARACTERS = 20_000
_SPACES = re.compile(r"\s+")
_PERCENT = re.compile(r"%(?:\(\w+\))?[#0\- +]?\d*(?:\.\d+)?[sdrifgex]")
_SAME_TEXT = ("format", "strip", "rstrip", "lstrip", "lower", "replace")
_WRAPPERS = ("_", "gettext", "N_", "ngettext", "dedent", "cleandoc", "indent", "fill")


def message_text(node: ast.expr | None, lookup: Lookup = lambda _: None) -> str:
    """Constant parts of strings, f-strings, `+`, `%`, `.format`, `.join`, and of names that were given such.

    What is only known at run time is written in braces: `f"{name} is slow"` gives "{name} is slow". An expression
    without any constant text gives "".

    Args:
        node: The expression.
        lookup: What each name was last given before this place.
    """
    if node is None:
        return ""
    text, constant = _Reader(lookup).text(node, 0)
    return one_line(text) if constant else ""


def one_line(text: str) -> str:
    """Runs of white space as one space."""
    return _SPACES.sub(" ", text[:_MAX_CHARACTERS]).strip()


class _Reader:
    """Reads one message; it stops after a number of nodes."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._left = _MAX_NODES
        self._open: set[str] = set()  # names being read: `text = "…" + text` speaks of an earlier value

    def text(self, node: ast.expr, depth: int) -> tuple[str, bool]:
        """The text, and whether any of it is constant."""
        self._left -= 1
        if self._left < 0 or depth > _MAX_DEPTH:
            return "", False
        if isinstance(node, ast.Constant):
            return (node.value, True) if isinstance(node.value, str) else (str(node.value)[:40], False)
        if isinstance(node, ast.Name) and node.id not in self._open:
            given = self._lookup(node.id)
            if given is not None:
                self._open.add(node.id)
                found = self.text(given, depth + 10)
                self._open.discard(node.id)
                return found
        return self._compound(node, depth)

    def _compound(self, node: ast.expr, depth: int) -> tuple[str, bool]:
        if isinstance(node, ast.JoinedStr):
            return self._joined("", node.values, depth)
        if isinstance(node, ast.BinOp):
            return self._operation(node, depth)
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        if isinstance(node, ast.IfExp):
            found = self.text(node.body, depth + 1)
            return found if found[1] else self.text(node.orelse, depth + 1)
        return _placeholder(node.value if isinstance(node, ast.FormattedValue) else node), False

    def _joined(self, separator: str, nodes: list[ast.expr], depth: int) -> tuple[str, bool]:
        parts = [self.text(node, depth + 1) for node in nodes]
        return separator.join(text for text, _ in parts), any(constant for _, constant in parts)

    def _operation(self, node: ast.BinOp, depth: int) -> tuple[str, bool]:
        if isinstance(node.op, ast.Add):
            first, last = self._part(node.left, depth), self._part(node.right, depth)
            between = "… " if last[2] else " …" if first[2] else ""
            return f"{first[0]}{between}{last[0]}", first[1] or last[1]
        if isinstance(node.op, ast.Mod):
            left, constant = self.text(node.left, depth + 1)
            values = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            written = iter([_placeholder(value) for value in values])
            return _PERCENT.sub(lambda _: next(written, "{…}"), left), constant
        return _placeholder(node), False

    def _part(self, node: ast.expr, depth: int) -> tuple[str, bool, bool]:
        """Text, whether any of it is constant, and whether it stands elsewhere, where a name was given it."""
        text, constant = self.text(node, depth + 1)
        return text, constant, constant and isinstance(node, ast.Name)

    def _call(self, node: ast.Call, depth: int) -> tuple[str, bool]:
        """`"…".format(x)`, `dedent("…")`, `_("…")`, `" ".join(["a", "b"])`."""
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if isinstance(function, ast.Attribute) and name == "join" and node.args:
            elements = node.args[0]
            if isinstance(elements, ast.List | ast.Tuple):
                return self._joined(self.text(function.value, depth + 1)[0], elements.elts, depth)
        if isinstance(function, ast.Attribute) and name in _SAME_TEXT:
            return self.text(function.value, depth + 1)
        if node.args and name in _WRAPPERS:
            text, constant = self.text(node.args[0], depth + 1)
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
