"""Inputs and outputs of an API: from its signature, its fields, its body and its docstring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from codebase_gardener.documents.docstrings import Documentation, DocumentedValue, documentation
from codebase_gardener.knowledge.apis.calls import constructor_of_class
from codebase_gardener.knowledge.apis.class_fields import ClassField, class_fields, has_fields
from codebase_gardener.knowledge.apis.context import ApiContext, definition_in
from codebase_gardener.knowledge.apis.returned_values import own_nodes, returned
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.pages.implementation_layout import (
    NOTHING_RETURNED,
    IoContract,
    Output,
    Parameter,
)
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.languages.engine.called import tree_called
from codebase_gardener.languages.engine.fields import (
    FunctionType,
    tree_alias,
    tree_fields,
    tree_function,
    tree_variants,
)
from codebase_gardener.languages.python.expressions import annotated_doc, bare_type
from codebase_gardener.languages.python.headers import Definition, SourceLines
from codebase_gardener.languages.signatures import typed_parameters
from codebase_gardener.languages.symbols import Symbol, TypedName
from codebase_gardener.languages.table import FAMILIES, family_of
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.memo import remembered

__all__ = ["constructor_of", "contract_of", "fields_of", "function_type_of"]

_LONGEST_CODE = 300  # characters of a type or a default
_NOTHING = Output("", NOTHING_RETURNED)


@dataclass(frozen=True)
class _Arguments:
    """Name, type, default as written, `Doc` and lines of each argument; unknown where it is no Python function."""

    known: bool
    rows: tuple[tuple[str, str | None, str | None, str, int, int], ...] = ()


def contract_of(symbol: Symbol, context: ApiContext) -> IoContract:
    """What goes into a function, method or class, and what comes out."""
    says = documented(symbol)
    if family_of(symbol.language):
        return _tree_contract(symbol, says, context)
    if symbol.kind == "class":
        instance = Output(symbol.name, "A new instance.")
        return IoContract(_class_inputs(symbol, says, context), (instance,))
    return IoContract(_inputs(symbol, context, says), _outputs(symbol, says, context))


def _tree_contract(symbol: Symbol, says: Documentation, context: ApiContext) -> IoContract:
    """Of another language: what the text of the signature gives."""
    function = function_type_of(symbol, context)
    if function is not None:
        taken = (Parameter(one.name, one.type, "", one.required, "") for one in function.parameters)
        return IoContract(tuple(taken), (Output(function.returns, "") if function.returns else _NOTHING,))
    if symbol.kind in ("type", "interface"):
        lines = context.repository.lines(symbol.path, symbol.start, symbol.end)
        found = _fields_by_alias(symbol, context) or tree_variants(symbol, lines)
        fields = tuple(map(_open_field, found))
        called = tree_called(symbol, lines)
        if called is None:
            return IoContract(fields, ())
        contract = _tree_contract(called, says, context)
        return IoContract((*contract.inputs, *fields), contract.outputs)
    shown = constructor_of_class(symbol, context) if symbol.kind == "class" else symbol
    at = shown.declared.anchor if shown is not None and shown.declared is not None else None
    inputs = []
    for one in _parameters(shown) if shown else ():
        told = says.parameter(one.name) or documented(shown or symbol).parameter(one.name.strip(".:*&"))
        description = inline(told.description, 300) if told else ""
        inputs.append(
            Parameter(
                one.name, one.type or (told.type if told else ""), one.default, one.required, description, at
            )
        )
    if symbol.kind == "class":
        return IoContract(tuple(inputs), (Output(symbol.name, "A new instance."),))
    told_of = "; ".join(inline(value.description) for value in says.returns if value.description)
    returned = symbol.returns or (symbol.declared.returns if symbol.declared is not None else None) or ""
    if returned or told_of:
        return IoContract(tuple(inputs), (Output(" ".join(returned.split()), told_of),))
    is_told = symbol.kind in ("function", "method") and FAMILIES[family_of(symbol.language)].results_told
    return IoContract(tuple(inputs), (_NOTHING,) if is_told else ())


def _parameters(symbol: Symbol) -> tuple[TypedName, ...]:
    """As they are declared, with the defaults that the definition gives."""
    own = typed_parameters(symbol)
    if symbol.declared is None:
        return own
    defaults = {one.name: one.default for one in own}
    return tuple(
        replace(one, default=one.default or defaults.get(one.name, ""))
        for one in typed_parameters(symbol.declared)
    )


def fields_of(symbol: Symbol, context: ApiContext) -> tuple[Symbol, ...]:
    """What users may read and set of a type of another language, besides its methods."""
    own = context.repository.symbols
    return tuple(one for one in _fields(symbol, context) if (one.path, one.qualified_name) not in own)


def function_type_of(symbol: Symbol, context: ApiContext) -> FunctionType | None:
    """What functions of a type take and return, where it is a type of functions."""
    if symbol.kind != "type":
        return None
    return tree_function(symbol, context.repository.lines(symbol.path, symbol.start, symbol.end))


def _fields(symbol: Symbol, context: ApiContext) -> tuple[Symbol, ...]:
    return tree_fields(symbol, context.repository.lines(symbol.path, symbol.start, symbol.end))


def _fields_by_alias(symbol: Symbol, context: ApiContext) -> tuple[Symbol, ...]:
    """Those of a type, or of the one that it gives another name to."""
    seen: set[tuple[str, str]] = set()
    current: Symbol | None = symbol
    while current is not None and (current.path, current.qualified_name) not in seen:
        seen.add((current.path, current.qualified_name))
        found = _fields(current, context)
        if found:
            return found
        lines = context.repository.lines(current.path, current.start, current.end)
        current = _type_named(tree_alias(current, lines), current.path, context)
    return ()


def _type_named(name: str, path: str, context: ApiContext) -> Symbol | None:
    """A type of the same folder, or of the one folder that an import of the file means."""
    package, _, last = name.rpartition(".")
    module = next((one.module for one in context.repository.facts[path].imports if one.alias == package), "")
    own = path.rpartition("/")[0]
    named = [
        one
        for (at, called), one in context.repository.symbols.items()
        if called == last and one.kind in ("type", "interface") and family_of(one.language)
        and _lies_in(at.rpartition("/")[0], own, module if package else "", is_own=not package)
    ]  # fmt: skip
    return named[0] if len({one.path.rpartition("/")[0] for one in named}) == 1 else None


def _lies_in(folder: str, own: str, module: str, *, is_own: bool) -> bool:
    return folder == own if is_own else bool(folder and module) and f"/{module}".endswith(f"/{folder}")


def _open_field(field: Symbol) -> Parameter:
    place = Anchor(field.path, min(field.docstring_start or field.start, field.start), field.end)
    description = inline(field.docstring or "", 300)
    return Parameter(field.name, _short(field.returns or ""), "", None, description, place)


def constructor_of(symbol: Symbol, context: ApiContext) -> Symbol | None:
    """The `__init__` (or `__new__`) of a class, its own or the nearest inherited one of the repository."""
    return context.member(symbol, "__init__") or context.member(symbol, "__new__")


def _class_inputs(symbol: Symbol, says: Documentation, context: ApiContext) -> tuple[Parameter, ...]:
    own = context.inside(symbol, "__init__")
    if own is None and has_fields(symbol, context):
        return tuple(_field(each, says, symbol) for each in class_fields(symbol, context))
    constructor = own or constructor_of(symbol, context)
    if constructor is None:
        return tuple(
            Parameter(each.name, each.type, each.default, None, inline(each.description, 300))
            for each in says.parameters
        )
    return _inputs(constructor, context, says, documentation(constructor.docstring))


def _field(each: ClassField, says: Documentation, symbol: Symbol) -> Parameter:
    told = says.parameter(each.name) or next((a for a in says.attributes if a.name == each.name), None)
    description = inline(each.description or (told.description if told else ""), 300)
    if each.owner != symbol.qualified_name:
        description = f"{description} (inherited from `{each.owner}`)".strip()
    type_ = each.type or (told.type if told else "")
    place = Anchor(each.path, each.start, each.end)
    return Parameter(each.name, _short(type_), _short(each.default), each.required, description, place)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_CODE else f"{text[:_LONGEST_CODE]} …"


def _inputs(symbol: Symbol, context: ApiContext, *says: Documentation) -> tuple[Parameter, ...]:
    text = context.text_of(symbol)
    written = _written_arguments(text.text)
    if not written.known:
        return tuple(Parameter(name, "", "", True, "") for name in symbol.parameters)
    listed = written.rows
    if symbol.kind == "method" and not any(_last(name) == "staticmethod" for name in symbol.decorators):
        listed = listed[1:]
    found = []
    for name, type_, default, doc, start, end in listed:
        told = next((value for each in says if (value := each.parameter(name))), DocumentedValue(name))
        found.append(
            Parameter(
                name,
                _short(told.type if type_ is None else type_),
                _short(default or ""),
                default is None and not name.startswith("*"),
                inline(doc or told.description, 300),
                Anchor(symbol.path, start + text.offset, end + text.offset),
            )
        )
    return tuple(found)


def _last(dotted: str) -> str:
    return dotted.rpartition(".")[2]


@remembered
def _written_arguments(text: str) -> _Arguments:
    definition = definition_in(text)
    if definition is None or isinstance(definition, ast.ClassDef):
        return _Arguments(known=False)
    source = SourceLines(text)
    rows = tuple(
        (
            name,
            source.segment(bare_type(argument.annotation)) if argument.annotation else None,
            source.segment(default) if default is not None else None,
            annotated_doc(argument.annotation),
            argument.lineno,
            (default if default is not None else argument).end_lineno or argument.lineno,
        )
        for name, argument, default in _arguments(definition.args)
    )
    return _Arguments(known=True, rows=rows)


def _arguments(arguments: ast.arguments) -> Iterator[tuple[str, ast.arg, ast.expr | None]]:
    plain = [*arguments.posonlyargs, *arguments.args]
    padding: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    for argument, default in zip(plain, [*padding, *arguments.defaults], strict=True):
        yield argument.arg, argument, default
    if arguments.vararg:
        yield f"*{arguments.vararg.arg}", arguments.vararg, None
    for argument, given in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield argument.arg, argument, given
    if arguments.kwarg:
        yield f"**{arguments.kwarg.arg}", arguments.kwarg, None


def _outputs(symbol: Symbol, says: Documentation, context: ApiContext) -> tuple[Output, ...]:
    if any(_last(name) in ("contextmanager", "asynccontextmanager") for name in symbol.decorators):
        given = "; ".join(inline(value.description) for value in says.yields)
        return (
            Output(symbol.returns or "", f"A context manager for `with`{f': {given}' if given else '.'}"),
        )
    rows = [
        Output(value.type, inline(f"{value.name}: {value.description}" if value.name else value.description))
        for value in says.returns or says.yields
    ]
    if symbol.returns and len(rows) < 2:
        told = rows[0].description if rows else _returned(context.text_of(symbol).text)
        return (Output(symbol.returns, told),)
    return tuple(rows) or _unannotated(context.text_of(symbol).text)


@remembered
def _unannotated(text: str) -> tuple[Output, ...]:
    """What the body alone tells."""
    definition = definition_in(text)
    if definition is None or _is_stub(definition):
        return ()
    if _hands_out(definition):
        type_, words = returned(definition, SourceLines(text))
        return (Output(type_, words or ("" if type_ else "A value whose type the code does not say.")),)
    return (Output("None", "The body returns no value."),)


@remembered
def _returned(text: str) -> str:
    """What the body's return and yield statements hand out; "" where that is nothing or cannot be told."""
    definition = definition_in(text)
    return returned(definition, SourceLines(text))[1] if definition is not None else ""


def _hands_out(definition: Definition) -> bool:
    return any(
        isinstance(node, ast.Yield | ast.YieldFrom)
        or (isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value))
        for node in own_nodes(definition)
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_stub(definition: Definition) -> bool:
    """A body that only raises, or only has a docstring, `...` or `pass`."""
    return all(
        isinstance(node, ast.Raise | ast.Pass)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in definition.body
    )
