"""How a user imports an API, and how it is written."""

from __future__ import annotations

import ast

from codebase_gardener.knowledge.apis.class_fields import class_fields, has_fields
from codebase_gardener.knowledge.apis.context import ApiContext, definition_in
from codebase_gardener.knowledge.apis.tree_calls import constructor_names, tree_call
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import FAMILIES, family_of
from codebase_gardener.utils.identifiers import title_words
from codebase_gardener.utils.memo import remembered

__all__ = ["call_of", "constructor_of_class", "import_of", "is_api_name"]

_MOST_ARGUMENTS = 6


def import_of(target: Target, context: ApiContext) -> str:
    """The statement that makes a target (of a method: its class) usable; "" where no name is known.

    What users cannot import has the one by which the package's own files do.

    Example:
        "from peft import get_peft_model"; for "transformers.Trainer.train" it is "from transformers import Trainer".
    """
    if target.external:
        return _external_import(target.name)
    resolution = context.resolution
    if stated := resolution.statements.get(target):
        return stated
    symbol = context.symbol(target)
    if symbol and family_of(symbol.language):
        owner = target._replace(name=target.name.rpartition(".")[0])
        return (
            resolution.statements.get(owner)
            or resolution.inside.get(target)
            or resolution.inside.get(owner, "")
        )
    subject = target
    while (
        subject not in context.resolution.exported
        and symbol
        and symbol.kind == "method"
        and "." in subject.name
    ):
        subject = Target(target.path, subject.name.rpartition(".")[0])
        symbol = context.symbol(subject)
    name = context.resolution.exported.get(subject) or context.names.get(subject, "")
    module, _, last = name.rpartition(".")
    if name and not module:
        return f"import {name}"
    return f"from {module} import {last}" if name else ""


def call_of(symbol: Symbol, context: ApiContext) -> str:
    """How it is called, with its required parameters: "get_peft_model(model, peft_config)"."""
    if family_of(symbol.language):
        public = context.names.get(context.target(symbol), "")
        by_package = FAMILIES[family_of(symbol.language)].by_package
        taken = context.top_names | context.package_names if by_package else context.top_names
        return tree_call(symbol, constructor_of_class(symbol, context), public, _made(symbol, context), taken)
    shown = symbol
    if symbol.kind == "class":
        shown = context.member(symbol, "__init__") or symbol
    last = {name.rpartition(".")[2] for name in symbol.decorators}
    name = _imported_as(symbol, context)
    if symbol.kind == "method" and not last & {"classmethod", "staticmethod"}:
        owner, _, method = symbol.qualified_name.rpartition(".")
        alias = context.resolution.exported.get(context.target(symbol), "")
        given = _instance(owner)
        if given in context.top_names | context.roots:
            given = _made(symbol, context) or given
        name = alias.rpartition(".")[2] or f"{given}.{method}"
    if any("property" in each for each in last):
        return name
    required = _required(shown, context)
    arguments = ", ".join(required[:_MOST_ARGUMENTS]) + (", ..." if len(required) > _MOST_ARGUMENTS else "")
    return f"{name}({arguments})"


def _made(symbol: Symbol, context: ApiContext) -> str:
    """How the object of a method's class is made; "" for what is no such method, or what cannot be made."""
    owner = context.symbol(Target(symbol.path, symbol.qualified_name.rpartition(".")[0]))
    is_class = owner is not None and owner.kind == "class" and symbol.kind == "method"
    return call_of(owner, context) if owner is not None and is_class else ""


def _imported_as(symbol: Symbol, context: ApiContext) -> str:
    """The name that stands in the statement which imports it; of a class's method its class's."""
    first, dot, rest = symbol.qualified_name.partition(".")
    outer = Target(symbol.path, first)
    module, _, last = (context.resolution.exported.get(outer) or context.names.get(outer, "")).rpartition(".")
    return f"{last if module else first}{dot}{rest}"


def constructor_of_class(symbol: Symbol, context: ApiContext) -> Symbol | None:
    """The constructor of a class of another language than Python."""
    found = (context.inside(symbol, name) for name in constructor_names(symbol))
    return next(filter(None, found), None)


def is_api_name(name: str) -> bool:
    """Whether an external name is a function, a class or a member of one.

    Example:
        >>> is_api_name("transformers.Trainer.train"), is_api_name("transformers.Trainer.state.log_history")
        (True, False)
    """
    parts = name.split(".")
    at = next((i for i, part in enumerate(parts) if part[:1].isupper()), None)
    return (
        len(parts) > 1
        and not any(part.startswith("_") for part in parts)
        and (at is None or len(parts) - at <= 2)
    )


def _required(symbol: Symbol, context: ApiContext) -> list[str]:
    """Parameters without a default; in other languages all."""
    if symbol.kind == "class":
        fields = class_fields(symbol, context) if has_fields(symbol, context) else ()
        return [each.name for each in fields if each.required]
    known, plain, keywords = _without_default(context.text_of(symbol).text)
    if not known:
        return [name for name in symbol.parameters if not name.startswith("*")]
    if symbol.kind == "method" and not any(n.rpartition(".")[2] == "staticmethod" for n in symbol.decorators):
        plain = plain[1:]
    return [*plain, *(f"{name}=..." for name in keywords)]


@remembered
def _without_default(text: str) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Whether it is a function's, its parameters without a default, and those given by keyword alone."""
    node = definition_in(text)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False, (), ()
    plain = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    given = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return (
        True,
        tuple(plain[: len(plain) - len(node.args.defaults)]),
        tuple(argument.arg for argument, default in given if default is None),
    )


def _instance(owner: str) -> str:
    """A variable's name for an instance: "PeftModel" is "peft_model"."""
    return "_".join(word.lower() for word in title_words(owner.rpartition(".")[2])) or "instance"


def _external_import(name: str) -> str:
    parts = name.split(".")
    if len(parts) == 1:
        return f"import {name}"
    at = next((i for i, part in enumerate(parts) if part[:1].isupper()), len(parts) - 1)
    return f"from {'.'.join(parts[:at])} import {parts[at]}" if at else f"import {parts[0]}"
