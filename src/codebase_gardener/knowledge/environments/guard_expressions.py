"""Expressions of guards: version comparisons and error messages, read without running them."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from packaging.version import InvalidVersion, Version

__all__ = ["Comparison", "Names", "comparison", "message", "version_call"]

_OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_SWAPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_PARSERS = {"parse", "Version", "LooseVersion", "StrictVersion", "parse_version", "vparse"}
MAX_DEPTH = 40


@dataclass(frozen=True)
class Comparison:
    """A package compared with a version: `torch >= 2.1`."""

    package: str
    operator: str
    bound: str


@dataclass
class Names:
    """What module and functions gave to their names: only expressions, nothing evaluated."""

    values: dict[tuple[str, str], ast.expr] = field(default_factory=dict)

    def learn(self, scope: str, node: ast.Assign) -> None:
        """Keep `x = …`; a name given several things keeps the last."""
        for target in node.targets:
            if isinstance(target, ast.Name):
                self.values[scope, target.id] = node.value

    def assigned(self, scope: str, name: str) -> ast.expr | None:
        """What the nearest scope gave it."""
        while True:
            if (scope, name) in self.values:
                return self.values[scope, name]
            if not scope:
                return None
            scope = scope.rpartition(".")[0]


def comparison(node: ast.Compare, scope: str, names: Names) -> Comparison | None:
    """Which package is compared with which version, if that is what the expression does."""
    if len(node.ops) != 1 or type(node.ops[0]) not in _OPERATORS:
        return None
    operator = _OPERATORS[type(node.ops[0])]
    left = _side(node.left, scope, names)
    right = _side(node.comparators[0], scope, names)
    if left[0] == "package" and right[0] == "bound":
        return Comparison(left[1], operator, right[1])
    if left[0] == "bound" and right[0] == "package":
        return Comparison(right[1], _SWAPPED[operator], left[1])
    return None


def _side(  # noqa: PLR0911 - one return a form
    node: ast.expr, scope: str, names: Names, depth: int = 0
) -> tuple[str, str]:
    """("package", name), ("bound", version) or ("", "")."""
    if depth > MAX_DEPTH:
        return "", ""
    match node:
        case ast.Name(id=name):
            value = names.assigned(scope, name)
            if value is not None and value is not node:
                return _side(value, scope, names, depth + 1)
            found = re.match(r"_?([a-z][a-z0-9_]*?)_?version$", name, re.IGNORECASE)
            return ("package", found[1].lower()) if found and found[1].islower() else ("", "")
        case ast.Attribute(value=ast.Name(id="sys"), attr="version_info"):
            return "package", "Python"
        case ast.Subscript(value=ast.Attribute(value=ast.Name(id="sys"), attr="version_info")):
            return "package", "Python"
        case ast.Attribute(value=ast.Name(id=module), attr="__version__"):
            return "package", module
        case ast.Attribute(value=inner, attr="base_version" | "release" | "public"):
            return _side(inner, scope, names, depth + 1)
        case ast.Tuple(elts=parts) if parts and all(
            isinstance(part, ast.Constant) and type(part.value) is int for part in parts
        ):
            return "bound", ".".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
        case ast.Constant(value=str(text)):
            return ("bound", text) if _is_version(text) else ("", "")
        case ast.Call(func=func, args=[first, *_]):
            return _called(func, first, scope, names, depth)
        case _:
            return "", ""


def _called(func: ast.expr, first: ast.expr, scope: str, names: Names, depth: int) -> tuple[str, str]:
    last = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    if last in ("version", "get_version", "get_distribution") and isinstance(first, ast.Constant):
        return ("package", first.value) if isinstance(first.value, str) else ("", "")
    if last in _PARSERS:
        return _side(first, scope, names, depth + 1)
    return "", ""


def _is_version(text: str) -> bool:
    try:
        Version(text[:60])
    except InvalidVersion:
        return False
    return True


def version_call(node: ast.Call, last: str, scope: str, names: Names) -> Comparison | None:
    """`is_torch_version(">=", "2.1")`, `compare_versions("torch", ">=", "2.1")`, `require_version("x>=1")`."""
    if "version" not in last.lower():
        return None
    words = [
        part.value for part in node.args if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    if len(words) == 1 and (
        found := re.fullmatch(r"([\w.-]{1,80})\s*(>=|<=|==|>|<)\s*([\w.]{1,40})", words[0])
    ):
        return Comparison(found[1], found[2], found[3])
    if len(node.args) not in (2, 3) or not words:
        return None
    operator = next((word for word in words if word in _SWAPPED), "")
    role, bound = _side(node.args[-1], scope, names)
    named = re.match(r"_?(?:is|check|has)_(\w+?)_version", last)
    package = named[1] if named else ""
    if len(node.args) == 3:
        first = node.args[0]
        text = first.value if isinstance(first, ast.Constant) else _side(first, scope, names)[1]
        package = text if isinstance(text, str) else ""
    return Comparison(package, operator, bound) if package and operator and role == "bound" else None


def message(call: ast.Call, scope: str, names: Names) -> str:
    """The text that an exception is given; what is only known at run time stands as `{…}`."""
    parts: list[str] = []
    for argument in call.args[:1]:
        _write(argument, scope, names, parts, 0)
    return " ".join("".join(parts).split())


def _write(node: ast.expr, scope: str, names: Names, parts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        return
    match node:
        case ast.Constant(value=str(text)):
            parts.append(text)
        case ast.JoinedStr(values=values):
            for value in values:
                _write(value, scope, names, parts, depth + 1)
        case ast.FormattedValue(value=ast.Name(id=name)):
            bound = names.assigned(scope, name)
            known = _side(bound, scope, names) if bound is not None else ("", "")
            parts.append(known[1] if known[0] == "bound" else "{" + name + "}")
        case ast.FormattedValue(value=value):
            parts.append("{" + ast.unparse(value)[:60] + "}")
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            _write(left, scope, names, parts, depth + 1)
            _write(right, scope, names, parts, depth + 1)
        case ast.BinOp(op=ast.Mod(), left=left):
            _write(left, scope, names, parts, depth + 1)
        case ast.Call(func=ast.Attribute(value=inner, attr="format" | "join" | "strip")):
            _write(inner, scope, names, parts, depth + 1)
        case ast.Name(id=name):
            bound = names.assigned(scope, name)
            if bound is not None and bound is not node:
                _write(bound, scope, names, parts, depth + 1)
        case _:
            return
