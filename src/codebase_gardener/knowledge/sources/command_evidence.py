"""Commands of a program, as Python code declares them: `add_parser("name", help=…)`, `@group.command("name")`."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.languages.python.expressions import dotted
from codebase_gardener.manifests.values import one_line
from codebase_gardener.repository.areas import area_of

__all__ = ["command_evidence"]

_MAKERS = ("add_parser", "add_subparsers")
_DECORATORS = ("command", "group")
_LIBRARIES = ("click", "rich_click", "asyncclick", "typer")
_DEEPEST = 20
_WORDS = ("add_parser", *_LIBRARIES)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def command_evidence(path: str, text: str, tree: ast.Module | None) -> tuple[Evidence, ...]:
    """The commands that a file of the package declares; kind "command", name with the commands above, text its help.

    The value is what the outermost group is called in the file, of those that a decorator declares.

    Args:
        path: POSIX, from the root.
        text: Its content.
        tree: Its syntax tree, for Python that could be parsed.
    """
    if tree is None or not any(one in text for one in _WORDS) or area_of(path) != "package":
        return ()
    reader = _Reader()
    reader.read(tree)
    decorated = list(reader.decorated()) if reader.imports else []
    if "typer" in reader.imports and len(decorated) == 1:  # then it is the program itself
        decorated = []
    return tuple(sorted((*reader.parsers(), *decorated), key=lambda one: (one.start, one.end, one.name)))


class _Reader:
    """What the file makes, by scope and name; the lines of a command are those of its call."""

    def __init__(self) -> None:
        self.imports: set[str] = set()
        self._made: dict[tuple[str, str], ast.Call] = {}
        self._parsers: list[tuple[str, ast.Call]] = []
        self._parameters: dict[str, list[str]] = {}
        self._calls: dict[str, list[tuple[str, ast.Call]]] = defaultdict(list)
        self._decorated: list[tuple[_Function, ast.Call | ast.Attribute]] = []

    def read(self, tree: ast.Module) -> None:
        pending: list[tuple[ast.AST, str]] = [(tree, "")]
        while pending:
            node, scope = pending.pop()
            self._see(node, scope)
            if isinstance(node, _Function):
                scope = node.name
                self._parameters[scope] = [one.arg for one in node.args.args]
            pending.extend((child, scope) for child in ast.iter_child_nodes(node))

    def _see(self, node: ast.AST, scope: str) -> None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = (
                [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            self.imports |= {one.partition(".")[0] for one in modules}.intersection(_LIBRARIES)
        elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            if _attribute(node.value) in _MAKERS:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    name = dotted(target)
                    self._made["" if "." in name else scope, name] = node.value
        elif isinstance(node, ast.Call):
            if _attribute(node) == "add_parser":
                self._parsers.append((scope, node))
            elif isinstance(node.func, ast.Name):
                self._calls[node.func.id].append((scope, node))
        elif isinstance(node, _Function):
            for one in node.decorator_list:
                stem = one.func if isinstance(one, ast.Call) else one
                if isinstance(one, ast.Call | ast.Attribute) and _attribute(stem) in _DECORATORS:
                    self._decorated.append((node, one))

    def parsers(self) -> Iterator[Evidence]:
        for scope, call in self._parsers:
            name, said = _text(call.args[0] if call.args else None), _help(call)
            if name and said is not None:
                words = (*self._above(scope, call), name)
                yield Evidence(
                    "command", call.lineno, call.end_lineno or call.lineno, scope, " ".join(words), said
                )

    def _above(self, scope: str, call: ast.Call, deep: int = 0) -> tuple[str, ...]:
        """The commands under which a parser stands; () too where what it is made from is not known."""
        source = call.func.value if isinstance(call.func, ast.Attribute) else None
        return self._words(scope, source, deep + 1) if source is not None else ()

    def _words(self, scope: str, source: ast.expr, deep: int) -> tuple[str, ...]:
        if deep > _DEEPEST:
            return ()
        name = dotted(source)
        made = (
            source
            if isinstance(source, ast.Call)
            else self._made.get((scope, name), self._made.get(("", name)))
        )
        parameters = self._parameters.get(scope, [])
        if made is not None and _attribute(made) in _MAKERS:
            own = _text(made.args[0] if made.args else None) if _attribute(made) == "add_parser" else ""
            return (*self._above(scope, made, deep), *([own] if own else []))
        if name in parameters and self._calls[scope]:
            where, call = self._calls[scope][0]
            at = parameters.index(name)
            return self._words(where, call.args[at], deep + 1) if at < len(call.args) else ()
        return ()

    def decorated(self) -> Iterator[Evidence]:
        groups = {node.name: (node, one) for node, one in self._decorated}
        for node, one in sorted(self._decorated, key=lambda each: each[1].lineno):
            (root, *words), said = _path(node, one, groups), _help(one) if isinstance(one, ast.Call) else ""
            if words and said is not None:
                first = (ast.get_docstring(node) or "").split("\n", 1)[0]
                end = node.body[0].end_lineno or node.lineno
                told = said or one_line(first)
                yield Evidence("command", one.lineno, end, node.name, " ".join(words), told, root)


def _path(
    node: _Function, one: ast.Call | ast.Attribute, groups: dict[str, tuple[_Function, ast.Call | ast.Attribute]],
    deep: int = 0,
) -> list[str]:  # fmt: skip
    """Its outermost group and the commands down to it; only itself for what the library makes: a group, a program."""
    stem = one.func if isinstance(one, ast.Call) else one
    group = dotted(stem.value) if isinstance(stem, ast.Attribute) else ""
    if group in _LIBRARIES or deep > _DEEPEST:
        return [node.name]
    given = one.args[0] if isinstance(one, ast.Call) and one.args else None
    named = _text(given) or (_keyword(one, "name") if isinstance(one, ast.Call) else "")
    above = _path(*groups[group], groups, deep + 1) if group in groups and group != node.name else [group]
    return [*above, named or node.name.replace("_", "-")]


def _attribute(node: ast.AST) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else ""


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _keyword(call: ast.Call, name: str) -> str:
    return next((_text(each.value) for each in call.keywords if each.arg == name), "")


def _help(call: ast.Call) -> str | None:
    """What it says of itself; None where it is hidden."""
    values = {each.arg: each.value for each in call.keywords if each.arg}
    hidden, said = values.get("hidden"), values.get("help")
    if isinstance(hidden, ast.Constant) and hidden.value is True:
        return None
    if isinstance(said, ast.Name | ast.Attribute) and ast.unparse(said).rpartition(".")[2] == "SUPPRESS":
        return None
    return one_line(_text(said) or _keyword(call, "short_help"))
