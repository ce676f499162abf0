"""C and C++: headers are public, an include makes everything in them visible."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.brackets import split
from codebase_gardener.languages.engine.nodes import plain_name, text_of
from codebase_gardener.languages.lexing import BLOCK, CHARACTER, DOUBLE, SLASHES, Lexer
from codebase_gardener.languages.meanings import Offer, Place, joined
from codebase_gardener.languages.rows import Bound, Family, Given, Grammar, Language, each, words
from codebase_gardener.languages.symbols import TYPES, Symbol, TypedName

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.engine.linker import Linker
    from codebase_gardener.languages.engine.spaces import Space
    from codebase_gardener.languages.engine.units import Units

__all__ = ["C", "CPP"]

_QUERY_C = """
(preproc_include) @import
(call_expression) @call
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @name)))
(preproc_def name: (identifier) @name)
(declaration (function_declarator declarator: (identifier) @export))
(declaration (pointer_declarator (function_declarator declarator: (identifier) @export)))
"""
_QUERY_CPP = """
[(preproc_include) (using_declaration)] @import
[(call_expression) (new_expression)] @call
(init_declarator declarator: (identifier) value: [(call_expression) (new_expression)]) @bind
[(declaration type: [(type_identifier) (qualified_identifier) (template_type) (placeholder_type_specifier)])
 (field_declaration type: [(type_identifier) (qualified_identifier) (template_type)])] @typed
(declaration type: [(type_identifier) (qualified_identifier) (template_type)]
  declarator: (init_declarator declarator: (identifier) value: [(argument_list) (initializer_list)])) @call
(compound_statement (declaration type: [(type_identifier) (qualified_identifier) (template_type)]
  declarator: (function_declarator declarator: (identifier))) @call)
(translation_unit (declaration declarator: (init_declarator declarator: (identifier) @name)))
(preproc_def name: (identifier) @name)
(declaration (function_declarator declarator: (identifier) @export))
"""

_HELD = re.compile(
    r"(?:std::)?(?:unique_ptr|shared_ptr|weak_ptr|optional)\s*<\s*(?:const\s+)?([^<>,]+?)\s*>\Z"
)
"""What holds one object, that stands behind `->`."""
_MAKES = re.compile(r"(?:std::)?make_(?:unique|shared|optional)\s*<\s*([^<>,]+?)\s*>\Z")
_MAX_TYPE = 200
_HEADER = re.compile(r"\.(?:h|hh|hpp|hxx|cuh)\Z")
_INCLUDED_FROM = re.compile(r"(?:^|.*/)(?:include|inc|src|lib)/(?=.)")


# ---- one file


def _imports(node: Node) -> Iterator[Bound]:
    path = node.child_by_field_name("path")
    if path is not None:
        yield text_of(path).strip('<>"'), "*", "*"
    elif node.type == "using_declaration" and node.named_children:
        dotted = "".join(text_of(node.named_children[-1]).split()).replace("::", ".").strip(".")
        if any(child.type == "namespace" for child in node.children):
            yield dotted, "*", "*"
        else:
            module, _, name = dotted.rpartition(".")
            yield module, name, name


def _given(node: Node) -> Iterator[Given]:
    """Variables and fields of a type: also `Type name(a, b);` in a function, which reads like a declaration of one."""
    kind = node.child_by_field_name("type")
    is_local = node.parent is not None and node.parent.type == "compound_statement"
    for declared in node.children_by_field_name("declarator"):
        named, types = _declared(declared, functions=is_local), [kind]
        value = declared.child_by_field_name("value")
        if kind is not None and kind.type == "placeholder_type_specifier":
            types = [value.child_by_field_name("function")] if value is not None else []
        for one in types if named is not None else ():
            name = _type_name(one, _MAKES if one is not kind else _HELD, is_made=one is not kind)
            if name and named is not None:
                yield text_of(named), name, None
                if node.type == "field_declaration":
                    yield ".".join([*_scopes(node), text_of(named)]), name, None


def _declared(declarator: Node, *, functions: bool) -> Node | None:
    """The name that a declarator declares; None for a function's, where those are none."""
    found: Node | None = declarator
    while found is not None and not found.type.endswith("identifier"):
        if found.type == "function_declarator" and not functions:
            return None
        found = found.child_by_field_name("declarator") or next(
            (one for one in found.named_children if one.type.endswith(("identifier", "declarator"))), None
        )
    return found


def _type_name(kind: Node | None, held: re.Pattern[str], *, is_made: bool) -> str:
    """The dotted name of a type, or of what it holds; of a value that is made only that."""
    text = text_of(kind) if kind is not None and kind.end_byte - kind.start_byte <= _MAX_TYPE else ""
    inner = held.fullmatch(text)
    return plain_name(inner[1] if inner else "" if is_made else text)


def _scopes(node: Node) -> list[str]:
    """The names of the types and namespaces around a node."""
    names: list[str] = []
    around = node.parent
    while around is not None:
        if around.type in ("class_specifier", "struct_specifier", "union_specifier", "namespace_definition"):
            named = around.child_by_field_name("name")
            names[:0] = [plain_name(text_of(named))] if named is not None else []
        around = around.parent
    return names


def _exports(node: Node) -> Iterator[str]:
    """Functions that are declared without a body, which a header's are."""
    yield text_of(node)


def _hidden(symbol: Symbol) -> bool:
    return bool(re.match(r"static\b", symbol.signature)) and symbol.kind == "function"


def _parameter(part: str) -> TypedName | None:
    head, *given = split(part, "=")
    head = head.strip()
    if head == "...":
        return TypedName("...", "", "", False)
    pointer = re.search(r"\(\s*\*\s*([A-Za-z_]\w*)\s*\)", head)
    found = pointer or re.search(r"([A-Za-z_]\w*)\s*(?:\[[^\]]*\])*\s*$", head)
    if found is None or head in ("void",):
        return None
    kind = " ".join((head[: found.start(1)] + head[found.end(1) :]).split())
    if not kind or (not pointer and kind in ("const", "struct", "unsigned", "enum")):
        return None
    return TypedName(found[1], kind, "=".join(given).strip(), not given)


# ---- across files


def _find(units: Units, module: str, importer: str) -> str:
    beside = units.existing(joined(importer.rpartition("/")[0], module))
    return beside or units.existing(module) or units.ending("", "", module)


def _offers(linker: Linker, spaces: Mapping[str, Space]) -> Iterator[tuple[Place, Offer]]:
    for path, space in spaces.items():
        if not _HEADER.search(path):
            continue
        included = _INCLUDED_FROM.sub("", path)
        statement = f'#include "{included}"'
        own = [name for name, symbol in space.symbols.items() if symbol.kind in (*TYPES, "function")]
        for name in dict.fromkeys((*space.exports, *own)):
            entity = linker.ending(name, path)
            if entity is None or entity.path not in spaces:
                continue
            if not _hidden(spaces[entity.path].symbols[entity.name]):
                yield (entity.path, entity.name), Offer(entity.name, statement)


_FAMILY = Family(
    "c", _imports, _exports, _hidden, _find, _offers, each(_parameter),
    open_constants=lambda path: bool(_HEADER.search(path)),
    joint="::",
    own_members=True,
    construction="{name}({arguments})",
    wrappers=words("std unique_ptr shared_ptr optional const static inline extern auto"),
    common=words(
        """begin end cbegin cend size empty front back push_back pop_back emplace_back insert erase find count at
           clear resize reserve c_str data str get reset release swap first second substr append length compare
           open close read write good eof fail printf fprintf sprintf snprintf malloc calloc realloc free memcpy
           memset memmove strlen strcmp strncmp strcpy strncpy strcat strdup assert exit abort"""
    ),
    builtins=words(
        """std printf fprintf sprintf snprintf malloc calloc realloc free memcpy memset memmove strlen strcmp
           strncmp strcpy strncpy strcat strdup strtol strtod atoi atof exit abort assert fopen fclose fread fwrite
           fgets fputs puts putchar getchar qsort sizeof static_cast dynamic_cast reinterpret_cast const_cast
           decltype isalpha isdigit isspace toupper tolower TEST TEST_F EXPECT_EQ ASSERT_EQ EXPECT_TRUE ASSERT_TRUE
           EXPECT_FALSE ASSERT_FALSE REQUIRE CHECK"""
    ),
    by_ending=True,
)  # fmt: skip

# https://en.cppreference.com/w/cpp/keyword
_LEXER = Lexer(
    (SLASHES, BLOCK), (DOUBLE, CHARACTER),
    "auto bool break case catch char class const constexpr continue default delete do double else enum "
    "explicit extern false float for friend if inline int long mutable namespace new noexcept nullptr "
    "operator private protected public register return short signed sizeof static struct switch template "
    "this throw true try typedef typename union unsigned using virtual void volatile while",
)  # fmt: skip
_RESERVED = words(
    """auto break case char const continue default do double else enum extern float for goto if int long register return
       short signed sizeof static struct switch typedef union unsigned void volatile while"""
)
"""Of both languages: what C++ adds are names in C."""
_TEST = re.compile(r"test_?(?=[A-Z_\d])|TEST")
_KINDS = {
    "function_definition": "function",
    "struct_specifier": "type",
    "enum_specifier": "type",
    "union_specifier": "type",
}

C = Language(
    (".c", ".h"), "//", True,
    lexer=_LEXER,
    grammar=Grammar(
        "tree_sitter_c", "language", _KINDS, _QUERY_C,
        calls=("call_expression",),
        paths={"field_expression": (("argument",), ("field",))},
        wrapped={"call_expression": ("function",), "parenthesized_expression": (), "unary_expression": ("argument",)},
        types_need_body=True,
        wrappers=("type_definition",),
        naming=("type_definition",),
        reserved=_RESERVED,
    ),
    family=_FAMILY,
    test=_TEST,
)  # fmt: skip

CPP = Language(
    (".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".cu", ".cuh"), "//", True,
    aliases=("c++", "cxx"),
    lexer=_LEXER,
    grammar=Grammar(
        "tree_sitter_cpp", "language",
        _KINDS | {"class_specifier": "class", "struct_specifier": "class"}, _QUERY_CPP,
        calls=("call_expression", "new_expression"),
        paths={"field_expression": (("argument",), ("field",)), "qualified_identifier": (("scope",), ("name",))},
        wrapped={
            "call_expression": ("function",), "new_expression": ("type",), "template_function": ("name",),
            "template_type": ("name",), "parenthesized_expression": (), "unary_expression": ("argument",),
            "declaration": ("type",),
        },
        given=_given,
        types_need_body=True,
        scopes={"namespace_definition": "name"},
        wrappers=("template_declaration", "type_definition"),
        naming=("type_definition",),
        reserved=_RESERVED | words("class namespace operator template typename using"),
        bases=("base_class_clause",),
        no_base=("access_specifier", "comment"),
        rest={"variadic_parameter_declaration": "..."},
    ),
    family=_FAMILY,
    test=_TEST,
)  # fmt: skip
