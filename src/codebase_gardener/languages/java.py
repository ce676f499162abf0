"""Java: packages are folders, `public` is public."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.nodes import declared_name, text_of
from codebase_gardener.languages.facts import Import
from codebase_gardener.languages.lexing import BLOCK, CHARACTER, DOUBLE, SLASHES, Lexer
from codebase_gardener.languages.meanings import OUTSIDE, Entity, Offer, Place
from codebase_gardener.languages.rows import Bound, Family, Grammar, Language, each, words
from codebase_gardener.languages.symbols import Symbol, TypedName

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.engine.linker import Linker
    from codebase_gardener.languages.engine.spaces import Space
    from codebase_gardener.languages.engine.units import Units

__all__ = ["JAVA"]

_QUERY = """
(import_declaration) @import
[(method_invocation) (object_creation_expression)] @call
(local_variable_declaration) @bind
[(local_variable_declaration type: [(type_identifier) (generic_type)])
 (field_declaration type: (type_identifier))] @typed
(program (_ (modifiers "public")) @export)
"""

_ROOTS = re.compile(r"(?:^|/)(?:src/(?:main|test)/java|src/java|src|java)/(.+)\Z")
_MARKS = re.compile(r"(?:(?:@\w+(?:\([^()]{0,200}\))?|final)\s+)*")


# ---- one file


def _imports(node: Node) -> Iterator[Bound]:
    path = next((one for one in node.named_children if "identifier" in one.type), None)
    if path is None:
        return
    dotted = "".join(text_of(path).split())
    if any(child.type == "asterisk" for child in node.named_children):
        yield dotted, "*", "*"
    else:
        module, _, name = dotted.rpartition(".")
        yield module, name, name


def _hidden(symbol: Symbol) -> bool:
    return not symbol.is_declaration and not re.match(
        r"(?:[@\w()\".=, ]{0,200}\s)?public\b", symbol.signature
    )


def _parameter(part: str) -> TypedName | None:
    part = part[_MARKS.match(part).end() :].strip()  # type: ignore[union-attr]  # it matches anything
    kind, _, name = part.rpartition(" ")
    if "..." in part:
        kind, _, name = part.rpartition("...")
        return TypedName(f"...{name.strip()}", kind.strip(), "", False)
    return TypedName(name.strip(), kind.strip()) if kind and name != "this" else None


# ---- across files


def _unit(path: str) -> str:
    folder = path.rpartition("/")[0]
    found = _ROOTS.search(folder)
    return f"java:{found[1] if found else folder}"


def _find(units: Units, module: str, _importer: str) -> str:
    path = module.replace(".", "/")
    return units.ending(f"java:{path}", "java:", path)


def _imported(linker: Linker, space: Space, found: Import) -> Entity | None:
    """A type of a package, or a member of such a type."""
    unit = linker.units.find(found.module, space.path)
    if unit:
        return linker.of_unit(unit, found.name)
    package, _, name = found.module.rpartition(".")
    unit = linker.units.find(package, space.path) if package else ""
    owner = linker.of_unit(unit, name) if unit else None
    return linker.member(owner, found.name) if owner is not None else OUTSIDE


def _offers(_linker: Linker, spaces: Mapping[str, Space]) -> Iterator[tuple[Place, Offer]]:
    for path, space in spaces.items():
        package = _unit(path).removeprefix("java:").strip("/").replace("/", ".")
        for name in space.exports:
            if name in space.symbols and package:
                yield (path, name), Offer(f"{package}.{name}", f"import {package}.{name};")


_FAMILY = Family(
    "java", _imports, declared_name, _hidden, _find, _offers, each(_parameter),
    wrappers=words("Optional CompletableFuture Future Mono Supplier Callable"),
    common=words(
        """equals hashCode toString getClass notify wait clone compareTo get set put add remove size isEmpty
           contains containsKey iterator next hasNext stream map filter collect forEach of length charAt substring
           indexOf split trim replace format append close read write flush run call apply accept test println print
           printf valueOf parseInt toArray sort keySet values entrySet getOrDefault getMessage start join sleep
           assertEquals assertTrue assertFalse assertNull assertNotNull assertThrows"""
    ),
    builtins=words(
        """String Object Integer Long Double Float Boolean Character Byte Short Math System Thread Runnable
           StringBuilder Exception RuntimeException IllegalArgumentException IllegalStateException Error Class
           Iterable Override super assertEquals assertTrue assertFalse assertNull assertNotNull assertThrows
           fail"""
    ),
    unit=_unit,
    imported=_imported,
)  # fmt: skip

JAVA = Language(
    (".java",), "//", True,
    # https://docs.oracle.com/javase/specs/jls/se21/html/jls-3.html#jls-3.9
    lexer=Lexer(
        (SLASHES, BLOCK), (DOUBLE, CHARACTER),
        "abstract assert boolean break byte case catch char class const continue default do double else enum "
        "extends final finally float for if implements import instanceof int interface long native new null "
        "package private protected public record return short static super switch synchronized this throw "
        "throws transient true false try var void volatile while",
        decorators=True,
    ),
    grammar=Grammar(
        "tree_sitter_java", "language",
        {"class_declaration": "class", "record_declaration": "class", "interface_declaration": "interface",
         "enum_declaration": "type", "method_declaration": "function", "constructor_declaration": "function"},
        _QUERY,
        calls=("method_invocation", "object_creation_expression"),
        paths={
            "field_access": (("object",), ("field",)),
            "scoped_identifier": (("scope",), ("name",)),
            "scoped_type_identifier": ((), ("name",)),
            "method_invocation": (("object",), ("name",)),
        },
        wrapped={"object_creation_expression": ("type",), "generic_type": (), "parenthesized_expression": (),
                 "unary_expression": ("operand",)},
        attributes=("marker_annotation", "annotation"),
        comments=("line_comment", "block_comment"),
        declarations={"method_declaration": "function"},
        bases=("superclass", "super_interfaces", "extends_interfaces", "type_list"),
        no_base=("line_comment", "block_comment", "type_arguments"),
        no_parameter=("line_comment", "block_comment", "receiver_parameter"),
        rest={"spread_parameter": "..."},
    ),
    family=_FAMILY,
    test_stem="[a-z0-9]Tests?",
    test=re.compile(r"@(?:\w+\.)*(?:Parameterized)?Test\b"),
    trivial=r"throw new (Error|UnsupportedOperationException)\(.*\)",
    variables=re.compile(r"System\.getenv\(\"([A-Za-z_]\w{1,80})\"()"),
)  # fmt: skip
