"""Symbols of Python source, by `ast`."""

from __future__ import annotations

import ast
import inspect

from codebase_gardener.languages.python.headers import Definition, Header, SourceLines
from codebase_gardener.languages.python.node_search import definitions, for_checkers
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.symbols import Symbol, SymbolTable, is_public

__all__ = ["python_symbols"]


def python_symbols(path: str, text: str, tree: ast.Module | str | None = None) -> SymbolTable:
    """All functions, methods and classes, nested and conditional ones included, in the order of their lines.

    Args:
        path: Of the file, for the anchors.
        text: Its content.
        tree: What `parse_python` says of the text, where it is known already.
    """
    tree = parse_python(text) if tree is None else tree
    if isinstance(tree, str):
        return SymbolTable((), f"{tree}: kept as text")
    source = SourceLines(text)
    unread = for_checkers(tree) if "TYPE_CHECKING" in text else []
    return SymbolTable(
        tuple(
            _symbol(
                path,
                source,
                node,
                scope,
                left_out=any(first <= node.lineno <= last for first, last in unread),
            )
            for node, scope in definitions(tree)
        )
    )


def _symbol(
    path: str, source: SourceLines, node: Definition, scope: tuple[Definition, ...], *, left_out: bool
) -> Symbol:
    header = source.header(node)
    name = ".".join(outer.name for outer in (*scope, node))
    kind = _kind(node, scope)
    docstring = _docstring_node(node)
    return Symbol(
        path=path,
        qualified_name=name,
        kind=kind,
        language="python",
        start=min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]),
        end=node.end_lineno or node.lineno,
        definition_line=node.lineno,
        body_start=_body_start(source, node, header),
        signature=header.text,
        docstring=inspect.cleandoc(str(docstring.value)) if docstring is not None else None,
        parameters=()
        if isinstance(node, ast.ClassDef)
        else _parameters(node.args, is_method=kind == "method"),
        returns=_returns(source, node),
        bases=_bases(source, node),
        decorators=tuple(source.segment(decorator) for decorator in node.decorator_list),
        public=is_public(name),
        docstring_start=docstring.lineno if docstring is not None else 0,
        docstring_end=(docstring.end_lineno or 0) if docstring is not None else 0,
        left_out=left_out,
    )


def _kind(node: Definition, scope: tuple[Definition, ...]) -> str:
    if isinstance(node, ast.ClassDef):
        return "class"
    return "method" if scope and isinstance(scope[-1], ast.ClassDef) else "function"


def _body_start(source: SourceLines, node: Definition, header: Header) -> int:
    end = node.end_lineno or node.lineno
    if node.body[0].lineno == header.last_line:
        return 0
    after = header.last_line
    if _docstring_node(node) is not None:
        after = node.body[0].end_lineno or after
        if len(node.body) > 1 and node.body[1].lineno == after:
            return 0
    return next((number for number in range(after + 1, end + 1) if not source.is_blank(number)), end + 1)


def _docstring_node(node: Definition) -> ast.Constant | None:
    first = node.body[0]
    if not (isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)):
        return None
    return first.value if isinstance(first.value.value, str) else None


def _parameters(arguments: ast.arguments, *, is_method: bool) -> tuple[str, ...]:
    plain = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    if is_method and plain[:1] in (["self"], ["cls"]):
        plain = plain[1:]
    starred = [f"*{arguments.vararg.arg}"] if arguments.vararg else []
    double = [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    return (*plain, *starred, *(argument.arg for argument in arguments.kwonlyargs), *double)


def _returns(source: SourceLines, node: Definition) -> str | None:
    if isinstance(node, ast.ClassDef) or node.returns is None:
        return None
    return source.segment(node.returns)


def _bases(source: SourceLines, node: Definition) -> tuple[str, ...]:
    return tuple(source.segment(base) for base in node.bases) if isinstance(node, ast.ClassDef) else ()
