"""Guards in Python code: what it does only where a package, a version, a device or a variable is there."""

from __future__ import annotations

import ast
import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from codebase_gardener.knowledge.environments.guard_expressions import (
    Comparison,
    Names,
    comparison,
    message,
    version_call,
)
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.manifests.values import one_line

__all__ = ["AVAILABILITY", "DEVICES", "FLAG", "guard_evidence"]

DEVICES = {
    "cuda": "NVIDIA (CUDA) or AMD (ROCm) GPU",
    "mps": "Apple Silicon GPU (Metal)",
    "xpu": "Intel GPU (XPU)",
    "npu": "Huawei Ascend NPU",
    "mlu": "Cambricon MLU",
    "hpu": "Intel Gaudi HPU",
    "cpu": "CPU",
}
"""Device words that the frameworks use (the first six are those of the wiki's format), and what they are."""

AVAILABILITY = re.compile(
    r"_?(?:is|has|have|can_use|check|require|requires|ensure|assert)_(\w+?)_(?:is_)?(?:available|installed|present)$"
)
FLAG = re.compile(
    r"_?(?:HAS|HAVE|IS)_([A-Z][A-Z0-9_]*?)(?:_AVAILABLE|_INSTALLED)?$|_?([A-Z][A-Z0-9_]*?)_(?:AVAILABLE|INSTALLED)$"
)
_ASKS = re.compile(
    r"_?(?:is|has|have|check|requires?|ensure|try|optional|safe|lazy|import)(?:_\w+)??_?"
    r"(?:package|module|dependency|lib|library|dep|import|installed)s?(?:_(?:is_)?(?:available|installed|exists?|optional))?$"
)
_INTERESTING = re.compile(
    r"available|installed|find_spec|import_module|ersion|environ|getenv|_env|Error|\bexcept\b|platform|os\.name"
    r"|HAS_|HAVE_|package|optional|(?:msg|message|reason) ?=|[\"'](?:" + "|".join(DEVICES) + r")(?:[:\"'])"
)
_ENVIRONMENT = re.compile(r"environ|getenv")
_COMPARED = re.compile(_INTERESTING.pattern + r"|[<>]=?\s")
_ERRORS = {"ImportError", "ModuleNotFoundError", "RuntimeError", "EnvironmentError", "OSError", "NotImplementedError",
           "ValueError", "UsageError"}  # fmt: skip
_PLAIN_ERRORS = _ERRORS - {"ImportError", "ModuleNotFoundError"}
_NEEDS = re.compile(
    r"\binstall|not available|unavailable|\brequires?\b[^.]{0,60}\b(?:version|package|library|python|cuda|gpu)"
    r"|\b(?:cuda|gpu|device|platform|windows|macos|python) (?:is|are|was|not|\d)"
    r"|incompatible version|environment variable",
    re.IGNORECASE,
)
_READERS = ("os.getenv", "getenv", "os.environ.get", "environ.get", "os.environ.pop", "environ.pop")
_PACKAGE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}$")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{1,99}$")
_ODD_VARIABLE = re.compile(r"[^\s=\x00-\x1f\x7f]{1,99}\Z")
"""What else a system lets a variable be called: only for a name that `os` itself is asked for."""


@dataclass
class _Walk:
    """State of the walk over one file."""

    lines: list[int]
    wrappers: frozenset[str] = frozenset()
    names: Names = field(default_factory=Names)
    raising: set[int] = field(default_factory=set)
    handled: dict[int, str] = field(default_factory=dict)
    found: list[Evidence] = field(default_factory=list)
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def touches(self, node: ast.AST) -> bool:
        """Whether an interesting line is within the node (without lines of its own: maybe)."""
        return _touches(node, self.lines)

    def add(self, kind: str, node: ast.AST, scope: str, name: str, text: str, value: str = "") -> None:
        """Keep one piece of evidence."""
        start = getattr(node, "lineno", 1)
        end = getattr(node, "end_lineno", None) or start
        self.found.append(
            Evidence(kind, start, end, scope, one_line(name, 120), one_line(text), one_line(value, 120))
        )

    def add_once(self, kind: str, node: ast.AST, scope: str, name: str, text: str) -> None:
        """The same, the first time in its scope."""
        if (kind, scope, name) not in self.seen:
            self.seen.add((kind, scope, name))
            self.add(kind, node, scope, name, text)


def _touches(node: ast.AST, lines: Sequence[int]) -> bool:
    start = getattr(node, "lineno", None)
    if start is None:
        return True
    decorators = getattr(node, "decorator_list", None)
    first = min([start, *(item.lineno for item in decorators)]) if decorators else start
    index = bisect_left(lines, first)
    return index < len(lines) and lines[index] <= (getattr(node, "end_lineno", None) or start)


def guard_evidence(text: str, tree: ast.Module) -> tuple[Evidence, ...]:
    """One walk over the parts of the tree whose lines hold a word that can be evidence."""
    wrappers = frozenset(_wrappers(tree, _lines_of(_ENVIRONMENT, text)))
    lines = _interesting_lines(text, wrappers)
    if not lines:
        return ()
    walk = _Walk(lines, wrappers)
    pending: list[tuple[ast.AST, str]] = [(tree, "")]
    while pending:
        node, scope = pending.pop()
        handler = _HANDLERS.get(type(node))
        if handler:
            handler(node, scope, walk)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            scope = f"{scope}.{node.name}" if scope else node.name
        children = [(child, scope) for child in _run(node) if walk.touches(child)]
        pending.extend(reversed(children))
    return tuple(walk.found)


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes within that a program runs: what stands under `if TYPE_CHECKING` is read by type checkers alone."""
    if isinstance(node, ast.If) and _for_checkers(node.test):
        return iter(node.orelse)
    if isinstance(node, ast.If) and isinstance(node.test, ast.UnaryOp) and _for_checkers(node.test.operand):
        return iter(node.body)
    return ast.iter_child_nodes(node)


def _for_checkers(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(map(_for_checkers, test.values))
    return _dotted(test).rpartition(".")[2] == "TYPE_CHECKING"


def _wrappers(tree: ast.Module, lines: Sequence[int]) -> Iterator[str]:
    """Functions of the file, around some of these lines, that read the variable whose name is their first parameter."""
    for node in ast.walk(tree) if lines else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _touches(node, lines):
            given = [one.arg for one in node.args.args if one.arg not in ("self", "cls")][:1]
            if given and any(_reads(inner, given[0]) for inner in ast.walk(node)):
                yield node.name


def _reads(node: ast.AST, name: str) -> bool:
    """Whether the environment is asked for what a variable of the code holds."""
    if isinstance(node, ast.Call):
        key, asked = (node.args[0] if node.args else None), _dotted(node.func) in _READERS
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        key, asked = node.slice, _dotted(node.value) in ("os.environ", "environ")
    else:
        return False
    return asked and isinstance(key, ast.Name) and key.id == name


def _interesting_lines(text: str, wrappers: frozenset[str]) -> list[int]:
    """Numbers of the lines that can matter, ascending."""
    pattern = _COMPARED if "ersion" in text else _INTERESTING
    if wrappers:
        pattern = re.compile(rf"{pattern.pattern}|\b(?:{'|'.join(sorted(wrappers))})\(")
    return _lines_of(pattern, text)


def _lines_of(pattern: re.Pattern[str], text: str) -> list[int]:
    """Numbers of the lines in which the pattern begins, ascending."""
    found: list[int] = []
    line, offset = 1, 0
    for hit in pattern.finditer(text):
        line += text.count("\n", offset, hit.start())
        offset = hit.start()
        if not found or found[-1] != line:
            found.append(line)
    return found


def _assign(node: ast.Assign, scope: str, walk: _Walk) -> None:
    walk.names.learn(scope, node)


def _if(node: ast.If, scope: str, walk: _Walk) -> None:
    """Comparisons in a test whose branch gives up demand the opposite."""
    gives_up = any(
        isinstance(inner, ast.Raise)
        or (
            isinstance(inner, ast.Return)
            and isinstance(inner.value, ast.Constant)
            and inner.value.value is False
        )
        for inner in node.body
    )
    if gives_up and isinstance(node.test, ast.Compare | ast.Call):
        walk.raising.add(id(node.test))


def _compare(node: ast.Compare, scope: str, walk: _Walk) -> None:
    found = comparison(node, scope, walk.names)
    if found:
        _version(found, node, scope, walk)
        return
    if isinstance(node.ops[0], ast.In | ast.NotIn) and isinstance(node.left, ast.Constant):
        if _dotted(node.comparators[0]) in ("os.environ", "environ") and isinstance(node.left.value, str):
            _variable(node.left.value, node, scope, walk, "", _dotted(node.comparators[0]))
    elif _dotted(node.left) in ("sys.platform", "os.name", "platform.system"):
        for side in node.comparators:
            if isinstance(side, ast.Constant) and isinstance(side.value, str):
                walk.add("platform", node, scope, side.value, ast.unparse(node))


_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


def _version(found: Comparison, node: ast.expr, scope: str, walk: _Walk) -> None:
    operator = found.operator
    needed = bool(AVAILABILITY.match(scope.rpartition(".")[2])) and operator in (">", ">=")
    if id(node) in walk.raising:
        operator, needed = _OPPOSITE[operator], True
    walk.add("version" if needed else "version-check", node, scope, found.package, one_line(ast.unparse(node)),
             f"{operator}{found.bound}")  # fmt: skip


def _call(node: ast.Call, scope: str, walk: _Walk) -> None:
    dotted = _dotted(node.func)
    last = dotted.rpartition(".")[2]
    first = _first_text(node)
    device = _device_call(dotted, last)
    if device:
        walk.add_once("device", node, scope, device, f"{dotted}()")
    elif dotted in ("os.getenv", "getenv") or dotted.rpartition(".")[0].endswith("environ"):
        if first and last in ("get", "getenv", "pop"):
            _variable(first, node, scope, walk, _default(node), dotted)
    elif last in ("find_spec", "import_module", "importorskip") or (_ASKS.match(last.lower()) and first):
        if first and _PACKAGE.match(first) and last != "import_module":
            walk.add("available", node, scope, first, _spoken(node), _distribution(node))
    elif _VARIABLE.match(first) and (
        last in walk.wrappers or (first.isupper() and re.search(r"env", last.lower()))
    ):
        _variable(first, node, scope, walk, _default(node))
    elif AVAILABILITY.match(last) and last != scope.rpartition(".")[2]:
        walk.add("guard", node, scope, last, _spoken(node))
    elif last == "version" and first and _PACKAGE.match(first) and "metadata" in dotted:
        walk.add("available", node, scope, first, _spoken(node), first)
    else:
        found = version_call(node, last, scope, walk.names)
        if found:
            _version(found, node, scope, walk)


def _device_call(dotted: str, last: str) -> str:
    """ "cuda" of `torch.cuda.is_available` and of `is_cuda_available`; "" for any other call."""
    parts = dotted.split(".")
    if last in ("is_available", "device_count") and len(parts) > 1 and parts[-2] in DEVICES:
        return parts[-2]
    found = AVAILABILITY.match(last)
    words = found[1].split("_") if found else []
    return next((word for word in words if word in DEVICES), "") if len(words) <= 2 else ""


def _name(node: ast.Name, scope: str, walk: _Walk) -> None:
    if isinstance(node.ctx, ast.Load) and FLAG.match(node.id):
        walk.add_once("guard", node, scope, node.id, node.id)


def _subscript(node: ast.Subscript, scope: str, walk: _Walk) -> None:
    key = node.slice
    reads = isinstance(node.ctx, ast.Load) and _dotted(node.value) in ("os.environ", "environ")
    if reads and isinstance(key, ast.Constant) and isinstance(key.value, str):
        _variable(key.value, node, scope, walk, "", _dotted(node.value))


def _variable(name: str, node: ast.AST, scope: str, walk: _Walk, default: str, asked: str = "") -> None:
    if (_ODD_VARIABLE if asked.startswith("os.") else _VARIABLE).match(name):
        walk.add("environment-variable", node, scope, name, _spoken(node), default)


def _constant(node: ast.Constant, scope: str, walk: _Walk) -> None:
    if isinstance(node.value, str) and len(node.value) < 12:
        device = node.value.partition(":")[0]
        if device in DEVICES:
            walk.add_once("device-word", node, scope, device, repr(node.value))


def _try(node: ast.Try, scope: str, walk: _Walk) -> None:
    if not any(_catches_imports(handler) for handler in node.handlers):
        return
    for handler in filter(_catches_imports, node.handlers):
        walk.handled.update({id(inner): str(node.lineno) for inner in handler.body})
    for statement in node.body:
        for module in _modules(statement):
            walk.add("optional-import", statement, scope, module, ast.unparse(statement), str(node.lineno))


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {_dotted(item).rpartition(".")[2] for item in caught if item is not None}
    return bool(names & {"ImportError", "ModuleNotFoundError", "PackageNotFoundError"})


def _modules(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.Import):
        found = [alias.name.partition(".")[0] for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom) and not statement.level:
        found = [(statement.module or "").partition(".")[0]]
    else:
        found = []
    yield from (name for name in found if name and name not in sys.stdlib_module_names)


def _raise(node: ast.Raise, scope: str, walk: _Walk) -> None:
    if not isinstance(node.exc, ast.Call):
        return
    error = _dotted(node.exc.func).rpartition(".")[2]
    said = message(node.exc, scope, walk.names)
    handled = walk.handled.get(id(node), "")
    known = bool(handled) or (error in _ERRORS and (error not in _PLAIN_ERRORS or bool(_NEEDS.search(said))))
    if not said or not known:
        return
    walk.add("raise", node, scope, error, said, handled)


def _first_text(node: ast.Call) -> str:
    first = node.args[0] if node.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _distribution(node: ast.Call) -> str:
    """The second text of `_is_package_available("msamp", "ms-amp")`: what the package index calls it."""
    second = node.args[1] if len(node.args) > 1 else None
    text = second.value if isinstance(second, ast.Constant) else ""
    return text if isinstance(text, str) and _PACKAGE.match(text) else ""


def _default(node: ast.Call) -> str:
    extra = node.args[1] if len(node.args) > 1 else None
    words = [word.value for word in node.keywords if word.arg == "default"]
    value = extra or (words[0] if words else None)
    return ast.unparse(value) if isinstance(value, ast.Constant) else ""


def _dotted(node: ast.AST | None) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        else:
            node = node.func
    parts.append(node.id if isinstance(node, ast.Name) else "?")
    return ".".join(reversed(parts))


def _spoken(node: ast.AST) -> str:
    try:
        return one_line(ast.unparse(node))
    except RecursionError:
        return ""


_HANDLERS: dict[type[ast.AST], Callable[[Any, str, _Walk], None]] = {
    ast.Assign: _assign,
    ast.If: _if,
    ast.Compare: _compare,
    ast.Call: _call,
    ast.Name: _name,
    ast.Subscript: _subscript,
    ast.Constant: _constant,
    ast.Try: _try,
    ast.Raise: _raise,
}
