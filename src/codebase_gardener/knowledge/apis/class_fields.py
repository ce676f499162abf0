"""Fields of dataclasses and their kin: what such a class is made from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from codebase_gardener.knowledge.apis.context import ApiContext, definition_in
from codebase_gardener.languages.python.expressions import annotated_doc, bare_type
from codebase_gardener.languages.python.headers import SourceLines
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.memo import remembered

__all__ = ["ClassField", "class_fields", "has_fields"]

_DECORATOR = re.compile(r"(?:^|\.)(?:dataclass|define|frozen|mutable|attrs|attr\.s|attr\.dataclass)\b(?!\.)")
_BASE = re.compile(r"(?:^|\.)(?:BaseModel|BaseSettings|NamedTuple|TypedDict|Struct)\b")
_MAKERS = {"field", "Field", "ib", "attrib", "attr"}
_HELP = ("help", "description", "doc")


@dataclass(frozen=True)
class ClassField:
    """A field; texts are on one line and as in the source.

    Attributes:
        owner: Qualified name of the class that declares it.
        path, start, end: Where it does that; as `class_fields` gives them.
    """

    name: str
    type: str
    default: str
    required: bool
    description: str
    owner: str
    path: str = ""
    start: int = 0
    end: int = 0


def has_fields(symbol: Symbol, context: ApiContext) -> bool:
    """Whether the fields declared in a class's body are its constructor's parameters."""
    family = (symbol, *context.ancestors(symbol))
    return any(_DECORATOR.search(name) for name in symbol.decorators) or any(
        _BASE.search(base) for each in family for base in each.bases
    )


def class_fields(symbol: Symbol, context: ApiContext) -> tuple[ClassField, ...]:
    """The fields, inherited ones of the repository's classes first, as a dataclass orders them."""
    found: dict[str, ClassField] = {}
    for owner in (*reversed(context.ancestors(symbol)), symbol):
        if has_fields(owner, context):
            written = context.text_of(owner)
            for each in _fields(written.text, owner.qualified_name):
                start, end = each.start + written.offset, each.end + written.offset
                found[each.name] = replace(each, path=owner.path, start=start, end=end)
    return tuple(each for each in found.values() if not each.name.startswith("_"))


@remembered
def _fields(text: str, owner: str) -> tuple[ClassField, ...]:
    node = definition_in(text)
    return tuple(_fields_in(node.body, SourceLines(text), owner)) if node else ()


def _fields_in(body: list[ast.stmt], source: SourceLines, owner: str) -> Iterator[ClassField]:
    for index, node in enumerate(body):
        declared = _declared(node)
        if not declared:
            continue
        name, annotation, value = declared
        type_ = source.segment(bare_type(annotation)) if annotation else ""
        if "ClassVar" in type_ or type_.endswith("KW_ONLY"):
            continue
        maker = value if isinstance(value, ast.Call) and _last(value.func) in _MAKERS else None
        if annotation is None and maker is None:
            continue
        keywords = {word.arg: word.value for word in maker.keywords if word.arg} if maker else {}
        if _constant(keywords.get("init")) is False:
            continue
        default = _default(source, value, maker, keywords)
        after = body[index + 1] if index + 1 < len(body) else None
        help_ = _help(keywords) or annotated_doc(annotation) or _constant_text(after, statement=True)
        yield ClassField(
            name, type_, default, not default, help_, owner, "", node.lineno, node.end_lineno or node.lineno
        )


def _declared(node: ast.stmt) -> tuple[str, ast.expr | None, ast.expr | None] | None:
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return node.target.id, node.annotation, node.value
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, None, node.value
    return None


def _default(
    source: SourceLines, value: ast.expr | None, maker: ast.Call | None, keywords: dict[str, ast.expr]
) -> str:
    if maker is None:
        return source.segment(value) if value is not None else ""
    given = keywords.get("default", maker.args[0] if maker.args else None)
    if given is not None and _constant(given) is not Ellipsis:
        return source.segment(given)
    factory = keywords.get("default_factory", keywords.get("factory"))
    if factory is None:
        return ""
    made = source.segment(factory)
    return f"{made}()" if isinstance(factory, ast.Name | ast.Attribute) else f"({made})()"


def _help(keywords: dict[str, ast.expr]) -> str:
    metadata = keywords.get("metadata")
    if isinstance(metadata, ast.Dict):
        for key, value in zip(metadata.keys, metadata.values, strict=True):
            if key is not None and _constant(key) in _HELP:
                return _constant_text(value)
    return next((text for word in _HELP if (text := _constant_text(keywords.get(word)))), "")


def _constant(node: ast.AST | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _constant_text(node: ast.AST | None, *, statement: bool = False) -> str:
    if statement:
        node = node.value if isinstance(node, ast.Expr) else None
    value = _constant(node)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
