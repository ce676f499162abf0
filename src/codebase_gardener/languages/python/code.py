"""Imports, bindings and references of Python code, in one pass over its syntax tree."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable

from codebase_gardener.languages.facts import Binding, Code, Import, Reference
from codebase_gardener.languages.python.expressions import (
    OneLine,
    annotated,
    arguments_of,
    bindable,
    dotted,
    is_bare_mark,
    literals,
    named_types,
    passes,
    strings,
    value_of,
)
from codebase_gardener.languages.python.headers import Definition
from codebase_gardener.languages.python.lazy_exports import lazy_imports
from codebase_gardener.languages.python.trees import parse_python

__all__ = ["python_code", "snippet_code"]

MAX_RETURNS = 4
"""Return statements that are kept of one function."""

_SHELL = re.compile(r"\s*(?:[%!?]|\$ )|\s*[\w.]+\?+\s*\Z")
_DOTS = re.compile(r"\s*(?:\.{3,}|…)")
_CELL_MAGIC = re.compile(r"\s*%%(?!time|capture|prun|memit)")
_TRIES = 8


def python_code(text: str, first_line: int = 1, tree: ast.Module | str | None = None) -> Code:
    """Read code; what does not parse says nothing.

    Args:
        text: The code.
        first_line: The line of the file on which it begins, 1-based.
        tree: What `parse_python` says of the text, where it is known already.

    Example:
        >>> python_code("from a import B\\nx = B.load()\\n").references[0].name
        'B.load'
    """
    tree = parse_python(text) if tree is None else tree
    if isinstance(tree, str):
        return Code()
    reader = _Reader(OneLine(text), first_line - 1)
    reader.read(tree)
    return reader.result(tree)


def snippet_code(code: str) -> str | None:
    """The code with its lines that are no Python (`%magic`, `!shell`, `...`) as comments, or None if it cannot parse.

    Line numbers stay; indentation that all lines share is taken off.
    """
    lines = textwrap.dedent(code).split("\n")
    if _CELL_MAGIC.match(next((line for line in lines if line.strip()), "")):
        return None
    for at, line in enumerate(lines):
        if _SHELL.match(line):
            lines[at] = _blanked(line)
    for _ in range(_TRIES):
        tree = parse_python("\n".join(lines))
        if not isinstance(tree, str):
            return "\n".join(lines)
        found = re.search(r"line (\d+)", tree)
        at = min(int(found.group(1)), len(lines)) - 1 if found else -1
        at = at if at >= 0 and _DOTS.match(lines[at]) else _elided(lines, at)
        if at < 0:
            return None
        lines[at] = _blanked(lines[at]) if _DOTS.match(lines[at]) else re.sub(r",\s*\.\.\.", "", lines[at])
    return None


def _elided(lines: list[str], near: int) -> int:
    """The line, at most three before the error, that leaves something out by dots; -1 if there is none."""
    for at in range(near, max(near - 4, -1), -1):
        if _DOTS.match(lines[at]) or re.search(r",\s*\.\.\.", lines[at]):
            return at
    return -1


def _blanked(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}pass  # {line.strip()}"


_Walk = tuple[ast.AST, str, bool]


class _Reader:
    """Gathers facts; the nodes still to be seen are on a stack, since chains and `elif` nest deeply."""

    def __init__(self, source: OneLine, offset: int) -> None:
        self._source = source
        self._offset = offset
        self._pending: list[_Walk] = []
        self._imports: list[Import] = []
        self._bindings: list[Binding] = []
        self._references: list[tuple[int, int, Reference]] = []
        self._values: list[tuple[ast.Name, str]] = []
        self._exports: list[tuple[int, str]] = []
        self._names: list[tuple[int, str]] = []
        self._returns: dict[tuple[str, str], int] = {}

    def read(self, tree: ast.Module) -> None:
        """Visit every node once."""
        pending = self._pending
        pending.append((tree, "", False))
        while pending:
            node, scope, guarded = pending.pop()
            handler = _HANDLERS.get(type(node))
            if handler is not None:
                handler(self, node, scope, guarded)
            else:
                self._children(node, scope, guarded)

    def result(self, tree: ast.Module) -> Code:
        """What was gathered, in order."""
        imports = [*self._imports, *lazy_imports(tree, self._offset)]
        defined = {one.name for one in self._bindings if one.how in ("def", "class") and not one.scope}
        known = defined | {found.alias for found in imports}
        for node, scope in self._values:
            if node.id in known:
                self._refer(node, scope, node.id, "value")
        references = sorted(self._references, key=lambda found: found[:2])
        return Code(
            tuple(sorted(imports, key=lambda found: found.line)),
            tuple(sorted(self._bindings, key=lambda found: found.line)),
            tuple(found for _, _, found in references),
            _by_line(self._exports),
            _by_line(self._names),
        )

    def _children(self, node: ast.AST, scope: str, guarded: bool) -> None:
        pending = self._pending
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                pending.extend((child, scope, guarded) for child in value if isinstance(child, ast.AST))
            elif isinstance(value, (ast.expr, ast.stmt)):
                pending.append((value, scope, guarded))

    def _bind(
        self, node: ast.AST, scope: str, name: str, value: str, how: str, item: int | None = None,
        passes: bool = False, arguments: str = "",
    ) -> None:  # fmt: skip
        line = getattr(node, "lineno", 1) + self._offset
        self._bindings.append(Binding(line, scope, name, value, how, item, passes, arguments))

    def _refer(
        self, node: ast.expr, scope: str, name: str, kind: str, keywords: tuple[str, ...] = ()
    ) -> None:
        end = node.end_lineno or node.lineno
        reference = Reference(
            node.lineno + self._offset,
            end + self._offset,
            scope,
            name,
            kind,
            keywords,
            self._source.text(node),
        )
        self._references.append((end, node.end_col_offset or 0, reference))

    # definitions

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: str, guarded: bool) -> None:
        self._decorators(node, scope, guarded)
        inner = f"{scope}.{node.name}" if scope else node.name
        for value in [dotted(decorator) for decorator in node.decorator_list] or [""]:
            self._bind(node, scope, node.name, value, "def")
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for argument in (*every, *filter(None, (arguments.vararg, arguments.kwarg))):
            self._typed(argument.annotation, scope)
        self._typed(node.returns, scope)
        for argument in every:
            for suffix, value, how in annotated(argument.annotation):
                self._bind(argument, inner, argument.arg + suffix, value, how)
        for suffix, value, how in annotated(node.returns):
            self._bind(node, inner, suffix, value, "returns" if how == "annotation" else how)
        if any(dotted(decorator).rpartition(".")[2] == "overload" for decorator in node.decorator_list):
            self._overload(node, inner)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self._pending.append((default, scope, guarded))
        self._pending.extend((child, inner, False) for child in node.body)

    def _overload(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: str) -> None:
        """Which literals it takes, with the position of each parameter; `passes` where it may be left out."""
        self._bind(node, scope, "", "", "overload")
        placed = [*node.args.posonlyargs, *node.args.args]
        required = len(placed) - len(node.args.defaults)
        start = 1 if placed and placed[0].arg in ("self", "cls") else 0
        for at, argument in enumerate(placed):
            for value in literals(argument.annotation):
                self._bind(node, scope, argument.arg, value, "overload", at - start, at >= required)
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
            for value in literals(argument.annotation):
                self._bind(node, scope, argument.arg, value, "overload", None, default is not None)

    def _class(self, node: ast.ClassDef, scope: str, guarded: bool) -> None:
        self._decorators(node, scope, guarded)
        inner = f"{scope}.{node.name}" if scope else node.name
        stems = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
        for value in [dotted(stem) for stem in stems] or [""]:
            self._bind(node, scope, node.name, value, "class")
        for base in node.bases:
            stem = base.value if isinstance(base, ast.Subscript) else base
            if not isinstance(stem, (ast.Name, ast.Attribute)):
                self._pending.append((base, scope, guarded))
                continue
            self._refer(stem, scope, dotted(stem), "base")
            if isinstance(base, ast.Subscript):
                self._pending.append((base.slice, scope, guarded))
        self._pending.extend((child, scope, guarded) for child in node.keywords)
        self._pending.extend((child, inner, guarded) for child in node.body)

    def _decorators(self, node: Definition, scope: str, guarded: bool) -> None:
        for decorator in node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            stem = call.func if call else decorator
            keywords = tuple(k.arg for k in call.keywords if k.arg) if call else ()
            self._refer(decorator, scope, dotted(stem), "decorator", keywords)
            self._inside(stem, scope, guarded)
            if call:
                self._pending.extend((child, scope, guarded) for child in (*call.args, *call.keywords))

    # imports

    def _import(self, node: ast.Import, scope: str, guarded: bool) -> None:
        for name in node.names:
            alias = name.asname or name.name.partition(".")[0]
            line, again = node.lineno + self._offset, name.asname == name.name
            self._imports.append(Import(line, name.name, 0, "", alias, scope, guarded, again=again))

    def _import_from(self, node: ast.ImportFrom, scope: str, guarded: bool) -> None:
        line = node.lineno + self._offset
        for name in node.names:
            alias = name.asname or name.name
            self._imports.append(
                Import(
                    line,
                    node.module or "",
                    node.level,
                    name.name,
                    alias,
                    scope,
                    guarded,
                    again=name.asname == name.name,
                )
            )

    # statements that bind

    def _assign(self, node: ast.Assign, scope: str, guarded: bool) -> None:
        for target in node.targets:
            self._target(target, node.value, scope)
            self._pending.append((target, scope, guarded))
        self._pending.append((node.value, scope, guarded))

    def _annotated_assign(self, node: ast.AnnAssign, scope: str, guarded: bool) -> None:
        name = bindable(node.target)
        self._typed(node.annotation, scope)
        if node.value is not None and is_bare_mark(node.annotation):
            self._target(node.target, node.value, scope)
        elif name:
            self._named(name, node.target, scope)
            for suffix, value, how in annotated(node.annotation):
                self._bind(node, scope, name + suffix, value, how)
            if node.value is not None:
                self._listed(name, node.value)
        if node.value is not None:
            self._pending.append((node.value, scope, guarded))

    def _augmented_assign(self, node: ast.AugAssign, scope: str, guarded: bool) -> None:
        name = bindable(node.target)
        if name and not scope:
            self._listed(name, node.value)
        self._pending.append((node.value, scope, guarded))

    def _walrus(self, node: ast.NamedExpr, scope: str, guarded: bool) -> None:
        self._target(node.target, node.value, scope)
        self._pending.append((node.value, scope, guarded))

    def _with(self, node: ast.With | ast.AsyncWith, scope: str, guarded: bool) -> None:
        for item in node.items:
            name = bindable(item.optional_vars)
            if name:
                self._from(item.context_expr, node, scope, name, "with")
            self._pending.append((item.context_expr, scope, guarded))
        self._pending.extend((child, scope, guarded) for child in node.body)

    def _for(self, node: ast.For | ast.AsyncFor, scope: str, guarded: bool) -> None:
        self._each(node.target, node.iter, node, scope)
        self._pending.append((node.iter, scope, guarded))
        self._pending.extend((child, scope, guarded) for child in (*node.body, *node.orelse))

    def _comprehension(self, node: ast.comprehension, scope: str, guarded: bool) -> None:
        self._each(node.target, node.iter, node.iter, scope)
        self._children(node, scope, guarded)

    def _each(self, target: ast.expr, iterable: ast.expr, node: ast.AST, scope: str) -> None:
        name = bindable(target)
        if name:
            self._from(iterable, node, scope, name, "for")
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self._bind(node, scope, bindable(element) or "_", "?", "name")

    def _from(self, source: ast.expr, node: ast.AST, scope: str, name: str, how: str) -> None:
        arguments = arguments_of(source)
        for value, kind in value_of(source):
            if kind == "literal":
                self._bind(node, scope, name, "?", "name")
            else:
                given = f"{value}()" if kind == "call" else value
                self._bind(node, scope, name, given, how, arguments=arguments)

    def _except(self, node: ast.ExceptHandler, scope: str, guarded: bool) -> None:
        if node.name:
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            for kind in kinds:
                if kind is not None:
                    self._bind(node, scope, node.name, dotted(kind), "annotation")
        self._children(node, scope, guarded)

    def _return(self, node: ast.Return | ast.Yield, scope: str, guarded: bool) -> None:
        name = "return" if isinstance(node, ast.Return) else "yield"
        if node.value is not None:
            count = self._returns[scope, name] = self._returns.get((scope, name), 0) + 1
            if count <= MAX_RETURNS:
                for value, how in value_of(node.value):
                    self._bind(node, scope, name, value, how, arguments=arguments_of(node.value))
            self._pending.append((node.value, scope, guarded))

    def _target(self, target: ast.expr, value: ast.expr, scope: str) -> None:
        name = bindable(target)
        if name:
            self._named(name, target, scope)
            self._listed(name, value)
            passed = passes(name, value)
            for source, how in value_of(value):
                self._bind(target, scope, name, source, how, passes=passed, arguments=arguments_of(value))
        elif isinstance(target, (ast.Tuple, ast.List)):
            self._unpack(target.elts, value, scope)

    def _unpack(self, targets: list[ast.expr], value: ast.expr, scope: str) -> None:
        alike = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(targets)
        for at, element in enumerate(targets):
            name = bindable(element)
            if not name:
                continue
            self._named(name, element, scope)
            given = value.elts[at] if alike and isinstance(value, (ast.Tuple, ast.List)) else value
            for source, how in value_of(given):
                item = None if alike else at
                self._bind(element, scope, name, source, how, item, passes(name, given), arguments_of(given))

    def _named(self, name: str, node: ast.expr, scope: str) -> None:
        if not scope and "." not in name and name != "__all__":
            self._names.append((node.lineno, name))

    def _listed(self, name: str, value: ast.expr) -> None:
        if name == "__all__":
            self._exports.extend((value.lineno, text) for text in strings(value))

    # references

    def _typed(self, annotation: ast.expr | None, scope: str) -> None:
        """The names that an annotation uses, but for builtins."""
        for node in named_types(annotation):
            self._refer(node, scope, dotted(node), "annotation")

    def _call(self, node: ast.Call, scope: str, guarded: bool) -> None:
        keywords = tuple(keyword.arg for keyword in node.keywords if keyword.arg)
        name = dotted(node.func)
        if name != "?" and not isinstance(node.func, (ast.Subscript, ast.BinOp)):
            self._refer(node, scope, name, "call", keywords)
        if name == "__all__.extend" and node.args and not scope:
            self._listed("__all__", node.args[0])
        if name == "getattr" and scope.endswith(".__getattr__") and _is_variable(node.args[1:2]):
            for value, how in value_of(node.args[0]):
                self._bind(node, scope, "pass", value, how, arguments=arguments_of(node.args[0]))
        self._inside(node.func, scope, guarded)
        self._pending.extend((child, scope, guarded) for child in (*node.args, *node.keywords))

    def _attribute(self, node: ast.Attribute, scope: str, guarded: bool) -> None:
        if isinstance(node.ctx, ast.Load):
            name = dotted(node)
            if not name.startswith("?"):
                self._refer(node, scope, name, "attribute")
        self._inside(node.value, scope, guarded)

    def _inside(self, node: ast.expr, scope: str, guarded: bool) -> None:
        """What a chain is built on: its attributes are no references of their own."""
        while isinstance(node, (ast.Attribute, ast.Await)):
            node = node.value
        if not isinstance(node, ast.Name):
            self._pending.append((node, scope, guarded))

    def _name(self, node: ast.Name, scope: str, guarded: bool) -> None:
        """A name by itself: a function that is handed on, compared or kept."""
        if isinstance(node.ctx, ast.Load):
            self._values.append((node, scope))

    def _guard(self, node: ast.AST, scope: str, guarded: bool) -> None:
        self._children(node, scope, True)

    def _nothing(self, node: ast.AST, scope: str, guarded: bool) -> None:
        """Constants say nothing by themselves."""


def _is_variable(nodes: list[ast.expr]) -> bool:
    return any(isinstance(node, ast.Name) for node in nodes)


def _by_line(rows: list[tuple[int, str]]) -> tuple[str, ...]:
    """The names once each, in order of the lines that have them first."""
    return tuple(dict.fromkeys(name for _, name in sorted(rows, key=lambda row: row[0])))


_HANDLERS: dict[type[ast.AST], Callable[..., None]] = {
    ast.FunctionDef: _Reader._function,
    ast.AsyncFunctionDef: _Reader._function,
    ast.ClassDef: _Reader._class,
    ast.Import: _Reader._import,
    ast.ImportFrom: _Reader._import_from,
    ast.Assign: _Reader._assign,
    ast.AnnAssign: _Reader._annotated_assign,
    ast.AugAssign: _Reader._augmented_assign,
    ast.NamedExpr: _Reader._walrus,
    ast.With: _Reader._with,
    ast.AsyncWith: _Reader._with,
    ast.For: _Reader._for,
    ast.AsyncFor: _Reader._for,
    ast.comprehension: _Reader._comprehension,
    ast.ExceptHandler: _Reader._except,
    ast.Return: _Reader._return,
    ast.Yield: _Reader._return,
    ast.Call: _Reader._call,
    ast.Attribute: _Reader._attribute,
    ast.If: _Reader._guard,
    ast.Try: _Reader._guard,
    ast.TryStar: _Reader._guard,
    ast.Name: _Reader._name,
    ast.Constant: _Reader._nothing,
}
