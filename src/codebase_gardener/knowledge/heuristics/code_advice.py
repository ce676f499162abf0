"""Evidence in Python code: warnings, logged warnings, help texts of options and fields."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence

from codebase_gardener.documents.prose import plain_text
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.languages.python.assignments import Assignments, Given
from codebase_gardener.languages.python.headers import Definition
from codebase_gardener.languages.python.messages import Lookup, message_text, one_line
from codebase_gardener.languages.python.node_search import FoundNode, Function, nodes_on

__all__ = ["call_evidence"]

_CANDIDATE = re.compile(
    r"\b(?:warn(?:ing|ings)?\w*|deprecated|deprecate_\w+|help|description|Doc|doc)\b|[\"']help[\"']"
)
_LOG_METHODS = {"warning", "warn", "warning_once", "warn_once", "warning_advice", "warn_deprecated"}
_CATEGORY = re.compile(r"(?:Warning|Deprecated\w*)$")
_OPTION_TEXT = ("help", "description", "doc")
_MAX_ABOVE = 12
"""Lines between a message's assignment and the call up to which both are quoted."""


def call_evidence(tree: ast.Module, lines: Sequence[str]) -> Iterator[Evidence]:
    """Warnings, logged warnings and help texts, in the order of the code."""
    wanted = [number for number, line in enumerate(lines, 1) if _CANDIDATE.search(line)]
    if not wanted:
        return
    names = _Names(tree)
    for found in nodes_on(tree, wanted):
        node = found.node
        if isinstance(node, ast.Call):
            evidence = _message(found, node, names)
        elif isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Call):
            evidence = _field(found, node, node.value, names)
        else:
            evidence = None
            if isinstance(node, Function):
                yield from _parameters(found, node, names)
        if evidence is not None and evidence.text:
            yield evidence


class _Names:
    """What names mean at a place: those of the enclosing function, then the module's."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._read: dict[int, Assignments] = {}

    def given(self, found: FoundNode, name: str) -> Given | None:
        """What a name was last given before a node."""
        line: int = getattr(found.node, "lineno", 1)
        function = found.function
        own = self._of(function).before(name, line) if function is not None else None
        return own or self._of(self._tree).before(name, sys.maxsize)

    def at(self, found: FoundNode) -> Lookup:
        """The same as a function of the name."""

        def lookup(name: str) -> ast.expr | None:
            given = self.given(found, name)
            return given.value if given is not None else None

        return lookup

    def _of(self, owner: ast.Module | Function) -> Assignments:
        if id(owner) not in self._read:
            self._read[id(owner)] = Assignments(owner.body)
        return self._read[id(owner)]


def _message(found: FoundNode, call: ast.Call, names: _Names) -> Evidence | None:
    kind = _kind(call)
    if kind == "option-help":
        return _option(found, call, names)
    if kind is None or not (call.args or call.keywords):
        return None
    expression = call.args[0] if call.args else _keyword(call, "message", "msg")
    start, end = call.lineno, call.end_lineno or call.lineno
    given = names.given(found, expression.id) if isinstance(expression, ast.Name) else None
    if given is not None and given.end < start:
        start, end = given.start, (end if start - given.start <= _MAX_ABOVE else given.end)
    return Evidence(
        kind, start, end, found.scope, _category(call) if kind == "warn" else "",
        message_text(expression, names.at(found)), _condition(found),
    )  # fmt: skip


def _kind(call: ast.Call) -> str | None:
    function = call.func
    if isinstance(function, ast.Attribute):
        base = _last_name(function.value).lower()
        if function.attr in ("warn", "warn_explicit") and base == "warnings":
            return "warn"
        if function.attr in _LOG_METHODS and "log" in base:
            return "log"
        name = function.attr
    else:
        name = getattr(function, "id", "")
        if name in ("warn", "warn_once", "rank_zero_warn", "warn_deprecated"):
            return "warn"
    if name == "deprecated" and call.args:
        return "warn"
    if name != "field" and _keyword(call, "help") is not None:
        return "option-help"
    return None


def _category(call: ast.Call) -> str:
    if _last_name(call.func) == "deprecated":
        return "DeprecationWarning"
    given = [*call.args[1:2], *([one] if (one := _keyword(call, "category")) is not None else [])]
    names = [_last_name(one) for one in given]
    return next((name for name in names if _CATEGORY.search(name)), "")


def _condition(found: FoundNode) -> str:
    """The test of the nearest `if` in whose body the call stands, within its own function; at most 160 characters."""
    child: ast.AST = found.node
    for parent in reversed(found.parents):
        if isinstance(parent, Definition):
            break
        if isinstance(parent, ast.If) and child in parent.body:
            return _source(parent.test, 160)
        child = parent
    return ""


def _field(
    found: FoundNode, statement: ast.AnnAssign | ast.Assign, call: ast.Call, names: _Names
) -> Evidence | None:
    """`x: int = field(default=8, metadata={"help": …})`, `x: int = Field(8, description=…)`."""
    target = statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0]
    parent = found.parents[-1]
    help_text = _help(call)
    if help_text is None or not isinstance(target, ast.Name) or not isinstance(parent, ast.ClassDef):
        return None
    return Evidence(
        "option-help", statement.lineno, statement.end_lineno or statement.lineno, found.scope, target.id,
        plain_text(message_text(help_text, names.at(found)), code_marks=True), _default(call),
    )  # fmt: skip


def _option(found: FoundNode, call: ast.Call, names: _Names) -> Evidence | None:
    """`@click.option("--x", help=…)`, `parser.add_argument("--x", help=…)`; those of parameters are read elsewhere."""
    written = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    flags = [one for one in written if one.startswith("-")] or [one for one in written if one.isidentifier()]
    if not flags or any(
        isinstance(one, ast.arguments) for one in found.parents
    ):  # a parameter's: `_parameters`
        return None
    return Evidence(  # a decorator's parents include the function it decorates
        "option-help", call.lineno, call.end_lineno or call.lineno, found.scope, max(flags, key=len).partition("/")[0],
        plain_text(message_text(_keyword(call, "help"), names.at(found)), code_marks=True),
        _default(call, flags_first=True),
    )  # fmt: skip


def _parameters(found: FoundNode, node: Function, names: _Names) -> Iterator[Evidence]:
    """`x: Annotated[int, Option(help=…)]`, `x: int = Option(8, help=…)`, `x: Annotated[int, Doc("…")]`."""
    scope = f"{found.scope}.{node.name}" if found.scope else node.name
    given = node.args
    plain = [*given.posonlyargs, *given.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(given.defaults))
    pairs = [*zip(plain, [*missing, *given.defaults], strict=True),
             *zip(given.kwonlyargs, given.kw_defaults, strict=True)]  # fmt: skip
    for argument, default in pairs:
        for call in _marks(argument.annotation, default):
            help_text = _help(call)
            if help_text is None:
                continue
            value = _source(default, 60) if default is not None and default is not call else _default(call)
            end = (default or argument).end_lineno or argument.lineno
            yield Evidence(
                "option-help", argument.lineno, max(end, argument.end_lineno or end), scope, argument.arg,
                plain_text(message_text(help_text, names.at(found)), code_marks=True), value,
            )  # fmt: skip
            break


def _marks(annotation: ast.expr | None, default: ast.expr | None) -> list[ast.Call]:
    """Calls in `Annotated[…]` and the default, if it is one."""
    inner = annotation.slice if isinstance(annotation, ast.Subscript) else None
    elements = inner.elts if isinstance(inner, ast.Tuple) else []
    return [one for one in (*elements, default) if isinstance(one, ast.Call)]


def _help(call: ast.Call) -> ast.expr | None:
    metadata = _keyword(call, "metadata")
    if isinstance(metadata, ast.Dict):
        for key, value in zip(metadata.keys, metadata.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in ("help", "description", "doc"):
                return value
    name = _last_name(call.func)
    if name == "Doc" and call.args:
        return call.args[0]
    return _keyword(call, *_OPTION_TEXT) if name[:1].isupper() or _keyword(call, "help") is not None else None


def _default(call: ast.Call, *, flags_first: bool = False) -> str:
    given = _keyword(call, "default")
    if given is None and not flags_first and call.args and _last_name(call.func) != "Doc":
        given = call.args[0]
    if given is None:
        given = _keyword(call, "default_factory")
        return f"{_source(given, 50)}()" if given is not None else ""
    text = _source(given, 60)
    return "" if text == "..." else text


def _keyword(call: ast.Call, *names: str) -> ast.expr | None:
    return next((one.value for name in names for one in call.keywords if one.arg == name), None)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func) if not isinstance(node.func, ast.Call) else ""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _source(node: ast.expr | None, limit: int) -> str:
    """The expression on one line; "" if it is longer than the limit."""
    if node is None or (node.end_lineno or node.lineno) - node.lineno > 6:
        return ""
    try:
        text = one_line(ast.unparse(node))
    except (RecursionError, ValueError):
        return ""
    return text if len(text) <= limit else ""
