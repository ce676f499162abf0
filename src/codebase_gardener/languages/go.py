"""Go: packages are folders, capitals are public, methods name their receiver."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.brackets import QUOTES, closing, split
from codebase_gardener.languages.engine.nodes import text_of
from codebase_gardener.languages.go_builds import go_conditions, is_left_out_of_go
from codebase_gardener.languages.go_library import LIBRARY_INTERFACES
from codebase_gardener.languages.lexing import BLOCK, CHARACTER, DOUBLE, SLASHES, Lexer
from codebase_gardener.languages.meanings import Offer, Place, joined
from codebase_gardener.languages.rows import Bound, Family, Fulfilled, Given, Grammar, Language, words
from codebase_gardener.languages.symbols import Symbol, TypedName

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.engine.linker import Linker
    from codebase_gardener.languages.engine.spaces import Space
    from codebase_gardener.languages.engine.units import Units

__all__ = ["GO", "import_path"]

_QUERY = """
(import_spec) @import
[(call_expression) (composite_literal type: [(qualified_type) (type_identifier)])] @call
(type_identifier) @type
(type_parameter_declaration name: (identifier) @parameter)
(argument_list [(identifier) (selector_expression)] @value)
[(binary_expression (identifier) @value) (unary_expression (identifier) @value) (expression_list (identifier) @value)
 (selector_expression operand: (identifier) @value) (index_expression (identifier) @value)
 (if_statement condition: (identifier) @value) (for_statement (identifier) @value)
 (range_clause right: (identifier) @value) (expression_switch_statement value: (identifier) @value)
 (type_assertion_expression operand: (identifier) @value) (inc_statement (identifier) @value)
 (slice_expression operand: (identifier) @value) (send_statement (identifier) @value)]
[(binary_expression (selector_expression operand: (identifier)) @value)
 (unary_expression operand: (selector_expression operand: (identifier)) @value)
 (expression_list (selector_expression operand: (identifier)) @value)
 (selector_expression operand: (selector_expression operand: (identifier)) @value)
 (index_expression (selector_expression operand: (identifier)) @value)
 (range_clause right: (selector_expression operand: (identifier)) @value)]
(keyed_element (literal_element) (literal_element [(identifier) (selector_expression)] @value))
[(short_var_declaration left: (_) @local) (parameter_declaration name: (_) @local) (var_spec name: (_) @local)
 (variadic_parameter_declaration name: (_) @local) (range_clause left: (_) @local)
 (receive_statement left: (_) @local) (type_switch_statement alias: (_) @local)]
(short_var_declaration) @bind
(var_spec name: (identifier) value: (_)) @bind
[(function_declaration) (method_declaration) (func_literal) (range_clause) (type_switch_statement) (var_spec)
 (short_var_declaration) (type_spec)] @typed
(source_file (var_declaration [(var_spec name: (identifier) @name)
                               (var_spec_list (var_spec name: (identifier) @name))]))
(source_file (const_declaration (const_spec name: (identifier) @name)))
(source_file (var_declaration [(var_spec name: (identifier) @export)
                               (var_spec_list (var_spec name: (identifier) @export))]))
(source_file (const_declaration (const_spec name: (identifier) @export)))
(source_file [(function_declaration name: (_) @export)
              (type_declaration [(type_spec name: (_) @export) (type_alias name: (_) @export)])])
"""

_SYSTEMS = """aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1
    windows zos unix 386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32
    mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm cgo gc gccgo race msan asan ignore tools
    appengine boringcrypto purego"""
"""Tags that Go and its tools set, and those by which files are left out of every build (`go help buildconstraint`)."""
_VERSION = re.compile(r"(?:/v\d+|\.v\d+)\Z")
_RECEIVER = re.compile(r"func\s*\(\s*(?:([A-Za-z_]\w*)\s+)?(\*?)\s*([A-Za-z_]\w*)")
_NAME = re.compile(r"[A-Za-z_]\w*")
_TYPE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)?")
_TYPE_WORDS = frozenset(("chan", "func", "interface", "map", "struct"))
_HOLDERS = ("slice_type", "array_type", "map_type", "channel_type")


# ---- one file


def _imports(node: Node) -> Iterator[Bound]:
    path, alias = node.child_by_field_name("path"), node.child_by_field_name("name")
    if path is None:
        return
    module = text_of(path).strip('"`')
    if alias is not None and text_of(alias) == ".":
        yield module, "*", "*"
    else:
        yield module, "", text_of(alias) if alias is not None else _VERSION.sub("", module).rpartition("/")[2]


def _exports(node: Node) -> Iterator[str]:
    name = text_of(node)
    if name[:1].isupper():
        yield name


def _hidden(symbol: Symbol) -> bool:
    return not all(part[:1].isupper() for part in symbol.qualified_name.split("."))


def _owner(receiver: Node) -> str:
    """`(r *Recv[T])` → `Recv`."""
    inner = re.sub(r"\[.*\]", "", text_of(receiver).strip("() \n"), flags=re.DOTALL).split()
    return inner[-1].lstrip("*") if inner else ""


def _embedded(node: Node) -> Iterator[str]:
    """The types whose members are a struct's or an interface's own: `type Engine struct { RouterGroup }`."""
    kind = node.child_by_field_name("type")
    fields = (
        kind.named_children if kind is not None and kind.type in ("struct_type", "interface_type") else ()
    )
    for one in (one for each in fields for one in (each.named_children if "list" in each.type else (each,))):
        given = one.child_by_field_name("type") or (
            one.named_children[0] if one.type == "type_elem" else None
        )
        if one.type == "type_elem" and one.named_child_count > 1:
            yield " ".join(text_of(one).split())
            continue
        is_named = one.child_by_field_name("name") is not None
        if given is not None and one.type in ("field_declaration", "type_elem") and not is_named:
            yield text_of(given).lstrip("*")


def _renamed(node: Node) -> str:
    """`type A = B[int]` and `type A p.B` → `B`, `p.B`."""
    kind = node.child_by_field_name("type")
    if kind is not None and kind.type == "generic_type":
        kind = kind.child_by_field_name("type")
    return text_of(kind) if kind is not None and kind.type in ("type_identifier", "qualified_type") else ""


def _open_fields(node: Node) -> Iterator[str]:
    yield from (name for one in node.children_by_field_name("name") if (name := text_of(one))[:1].isupper())


def _receiver(symbol: Symbol) -> TypedName | None:
    found = _RECEIVER.match(symbol.signature)
    return TypedName(found[1], f"{found[2]}{found[3]}") if found and found[1] else None


def _parameters(parts: list[str]) -> Iterator[TypedName]:
    """Several names may share the type after the last of them."""
    rows = [part.split(None, 1) for part in parts]
    if not any(
        len(row) > 1 and _NAME.fullmatch(row[0]) and row[0] not in ("func", "chan", "map") for row in rows
    ):
        return  # types alone
    kind = ""
    found: list[TypedName] = []
    for row in reversed(rows):
        if len(row) > 1:
            kind = row[1].strip()
        rest = kind.startswith("...")
        found.append(TypedName(f"...{row[0]}" if rest else row[0], kind.removeprefix("..."), "", not rest))
    yield from reversed(found)


# ---- the types of values


def _given(node: Node) -> Iterator[Given]:
    if node.type in ("function_declaration", "method_declaration", "func_literal"):
        for field in ("receiver", "parameters", "result"):
            listed = node.child_by_field_name(field)
            for one in listed.named_children if listed is not None else ():
                yield from _named(one, node)
    elif node.type == "range_clause":
        names = _listed(node.child_by_field_name("left"))
        values = node.child_by_field_name("right")
        if len(names) > 1 and values is not None:
            yield text_of(names[1]), values, node.parent
    elif node.type == "type_switch_statement":
        yield from _cases(node)
    elif node.type == "type_spec":
        yield from _fields(node)
    elif node.type == "short_var_declaration":
        yield from _read(*(_listed(node.child_by_field_name(field)) for field in ("left", "right")))
    else:
        yield from _named(node, None)
        yield from _read(node.children_by_field_name("name"), _listed(node.child_by_field_name("value")))


def _named(node: Node, holder: Node | None) -> Iterator[Given]:
    kind = node.child_by_field_name("type")
    for name in node.children_by_field_name("name") if kind is not None else ():
        yield text_of(name), _type_name(kind), holder


def _read(names: list[Node], values: list[Node]) -> Iterator[Given]:
    """`x.(T)`, `new(T)` and `x[i]`."""
    for name, value in zip(names, values, strict=False):
        arguments = value.child_by_field_name("arguments")
        function = value.child_by_field_name("function")
        if value.type == "type_assertion_expression":
            yield text_of(name), _type_name(value.child_by_field_name("type")), None
        elif (
            value.type == "index_expression" and (operand := value.child_by_field_name("operand")) is not None
        ):
            yield text_of(name), operand, None
        elif function is not None and arguments is not None and text_of(function) == "new":
            yield text_of(name), _type_name(next(iter(arguments.named_children), None)), None


def _cases(node: Node) -> Iterator[Given]:
    """In a case of one type the variable is of that type; in others it is what it was."""
    names = _listed(node.child_by_field_name("alias"))
    for case in node.named_children:
        kinds = case.children_by_field_name("type")
        if names and case.type in ("type_case", "default_case"):
            yield text_of(names[0]), _type_name(kinds[0]) if len(kinds) == 1 else "?", case


def _fields(node: Node) -> Iterator[Given]:
    name, kind = node.child_by_field_name("name"), node.child_by_field_name("type")
    if name is None or kind is None:
        return
    element = _type_name(kind)
    if kind.type in _HOLDERS and element:
        yield f"{text_of(name)}[]", element, None
    listed = kind.named_children[:1] if kind.type == "struct_type" else ()
    for each in (
        member for one in listed for member in one.named_children if member.type == "field_declaration"
    ):
        inner = each.child_by_field_name("type")
        named = each.children_by_field_name("name") or ([inner] if inner is not None else [])
        for one in named:
            yield f"{text_of(name)}.{text_of(one).rpartition('.')[2]}", _type_name(inner), None


def _type_name(kind: Node | None) -> str:
    """The dotted name of a type, of a pointer's or of what is held; "?" of one without a name."""
    while kind is not None:
        if kind.type in ("type_identifier", "qualified_type"):
            return text_of(kind)
        if kind.type not in (*_HOLDERS, "pointer_type", "generic_type", "parenthesized_type", "type_elem"):
            break
        kind = (
            kind.child_by_field_name("element")
            or kind.child_by_field_name("value")
            or next(iter(kind.named_children), None)
        )
    return "?"


def _listed(node: Node | None) -> list[Node]:
    return node.named_children if node is not None else []


# ---- across files


def _unit(path: str) -> str:
    return f"go:{path.rpartition('/')[0]}"


def _find(units: Units, module: str, _importer: str) -> str:
    for root, name in units.roots:
        if module == name or module.startswith(f"{name}/"):
            key = f"go:{joined(root, module[len(name) :].strip('/'))}"
            if key in units.files:
                return key
    return units.ending(f"go:{module}", "go:", module) if "/" in module else ""


def import_path(units: Units, key: str) -> str:
    """How a folder is imported: with its module's name, else from the first part that is a host on."""
    folder = key.removeprefix("go:")
    for root, name in units.roots:
        if not root or folder == root or folder.startswith(f"{root}/"):
            inside = folder[len(root) :].strip("/")
            return f"{name}/{inside}" if inside else name
    parts = folder.split("/")
    at = next((i for i, part in enumerate(parts) if "." in part.strip(".")), len(parts) - 1)
    return "/".join(parts[at:])


def _package(module: str) -> str:
    last = _VERSION.sub("", module).rpartition("/")[2]
    last = last.removeprefix("go-").removesuffix("-go").removesuffix(".go")
    return last if last.isidentifier() else ""


def _root_names(units: Units) -> dict[str, str]:
    keys = sorted(units.files, reverse=True)
    return {name: key for key in keys if (name := _package(import_path(units, key)))}


def _offers(linker: Linker, spaces: Mapping[str, Space]) -> Iterator[tuple[Place, Offer]]:
    mains = {_unit(path) for path, space in spaces.items() if "main" in space.symbols}
    for path, space in spaces.items():
        key = _unit(path)
        module = import_path(linker.units, key)
        if key in mains or "internal" in module.split("/") or path.endswith("_test.go"):
            continue
        package = _package(module)
        for name in space.exports:
            if package:
                yield (path, name), Offer(f"{package}.{name}", f'import "{module}"')


def _inside(linker: Linker, spaces: Mapping[str, Space]) -> Iterator[tuple[Place, str]]:
    """What a folder exports, by the statement that another one of the package imports it with."""
    keys = {
        linker.units.find(one.module, path): one.module
        for path, space in spaces.items()
        for one in (*space.imports.values(), *space.stars)
    }
    for path, space in spaces.items():
        if module := keys.get(_unit(path)):
            yield from (((path, name), f'import "{module}"') for name in space.exports)


# ---- interfaces


@dataclass
class _Type:
    """A type of a package, with what tells the methods that it has."""

    place: Place
    unit: str
    space: Space
    symbol: Symbol
    methods: dict[str, str] = field(default_factory=dict)


def _fulfilled(linker: Linker, spaces: Mapping[str, Space]) -> Fulfilled:
    """Types that have each method of an interface themselves, with the same types in its signature.

    Left out is what cannot be certain: interfaces with parameters, or that hold one from outside that is not of the
    standard library, methods that a type has from what it embeds.
    """
    types = _types(spaces)
    by_method: dict[str, list[_Type]] = defaultdict(list)
    for one in types.values():
        for name in one.methods if one.symbol.kind != "interface" else ():
            by_method[name].append(one)
    found: list[tuple[Place, Place]] = []
    remarks: dict[Place, str] = {}
    for interface in (one for one in types.values() if one.symbol.kind == "interface"):
        wanted = _wanted(linker, types, interface, frozenset())
        if isinstance(wanted, str):
            remarks[interface.place] = f"what implements it cannot be told: {wanted}"
            continue
        if not wanted:
            remarks[interface.place] = "every type implements it: it has no methods"
        for one in by_method.get(min(wanted, default=""), ()):
            is_open = one.unit == interface.unit or all(name[:1].isupper() for name in wanted)
            if is_open and all(one.methods.get(name) == signature for name, signature in wanted.items()):
                found.append((one.place, interface.place))
    return Fulfilled(tuple(found), remarks)


def _types(spaces: Mapping[str, Space]) -> dict[tuple[str, str], _Type]:
    """By package and name."""
    ordered = sorted(spaces.items(), key=lambda item: not item[1].left_out)
    found = {
        (_unit(path), name): _Type((path, name), _unit(path), space, symbol)
        for path, space in ordered
        for name, symbol in space.symbols.items()
        if symbol.kind in ("type", "interface")
    }
    for path, space in ordered:
        for symbol in space.symbols.values():
            owner = found.get((_unit(path), symbol.qualified_name.rpartition(".")[0]))
            if owner is not None and symbol.kind == "method":
                owner.methods[symbol.name] = _written(space, symbol)
    return found


def _wanted(
    linker: Linker, types: Mapping[tuple[str, str], _Type], interface: _Type, seen: frozenset[Place]
) -> dict[str, str] | str:
    """The methods of an interface with those that it embeds; why, where they are not known."""
    if "[" in interface.symbol.signature:
        return f"`{interface.symbol.name}` has type parameters"
    wanted = dict(interface.methods)
    for base in interface.symbol.bases:
        if not _TYPE.fullmatch(base):
            return f"`{interface.symbol.name}` holds `{base}`"
        found = linker.base(interface.space, interface.symbol.qualified_name, base)
        inner = types.get((_unit(found.path), found.name)) if found is not None else None
        if inner is None and (known := LIBRARY_INTERFACES.get(_named_outside(interface.space, base))):
            wanted |= known
            continue
        if inner is None or inner.symbol.kind != "interface" or inner.place in seen:
            return f"it embeds `{base}`, whose methods are not in the repository"
        methods = _wanted(linker, types, inner, seen | {interface.place})
        if isinstance(methods, str):
            return methods
        wanted |= methods
    return wanted


def _named_outside(space: Space, name: str) -> str:
    """A type of another package by that package's path: `h.Handler` → `net/http.Handler`."""
    return _whole(space, name) if "." in name else name


def _written(space: Space, symbol: Symbol) -> str:
    """The types of a method's parameters and results, each with its package."""
    text = symbol.signature
    start = text.find(f"{symbol.name}(") + len(symbol.name)
    end = closing(text, start, QUOTES)
    if start < len(symbol.name) or end < 0:
        return ""
    results = text[end + 1 :].strip()
    given = results[1:-1] if results.startswith("(") and results.endswith(")") else results
    return "".join(f"({','.join(_each_type(space, one))})" for one in (text[start + 1 : end], given))


def _each_type(space: Space, text: str) -> Iterator[str]:
    parts = [part.strip() for part in split(text, ",") if part.strip()]
    named = [f"{'...' if one.name.startswith('...') else ''}{one.type}" for one in _parameters(parts)]
    for part in named or parts:
        yield re.sub(r"\s+", " ", _TYPE.sub(lambda match: _whole(space, match[0]), part))


def _whole(space: Space, name: str) -> str:
    package, dot, last = name.rpartition(".")
    if dot:
        found = space.imports.get(package)
        return f"{found.module if found else package}.{last}"
    if name in _FAMILY.builtins or name in _TYPE_WORDS:
        return "interface{}" if name == "any" else name
    return f"{_unit(space.path)}.{name}"


_FAMILY = Family(
    "go", _imports, _exports, _hidden, _find, _offers, _parameters,
    receivers=(),
    typed_values=True,
    common=words(
        "Error String Close Read Write Len Less Swap Lock Unlock RLock RUnlock Add Done Wait Do Get Set Run "
        "Fatal Fatalf Errorf Error Log Logf Helper Skip Parallel Cleanup Print Printf Println Is As Unwrap Next "
        "Scan Text Bytes Reset Name Format Now Sub Load Store Delete Range Context Err Value"
    ),
    builtins=words(
        """append cap clear close complex copy delete imag len make max min new panic print println real recover
           bool byte error float32 float64 int int8 int16 int32 int64 rune string uint uint8 uint16 uint32 uint64
           uintptr any"""
    ),
    receiver=_receiver,
    by_package=True,
    results_told=True,
    one_list=True,
    named_comment=True,
    package_comment="package ",
    unit=_unit,
    root_names=_root_names,
    inside=_inside,
    fulfilled=_fulfilled,
    conditions=go_conditions,
    leaves_out=is_left_out_of_go,
)  # fmt: skip

GO = Language(
    (".go",), "//", True,
    aliases=("golang",),
    # https://go.dev/ref/spec#Keywords
    lexer=Lexer(
        (SLASHES, BLOCK), (DOUBLE, CHARACTER, r"`[^`]*+`?"),
        "break case chan const continue default defer else fallthrough for func go goto if import interface "
        "map package range return select struct switch type var true false nil",
    ),
    grammar=Grammar(
        "tree_sitter_go", "language",
        {"function_declaration": "function", "method_declaration": "method", "type_spec": "type",
         "type_alias": "type"},
        _QUERY,
        calls=("call_expression", "composite_literal"),
        paths={"selector_expression": (("operand",), ("field",)), "qualified_type": (("package",), ("name",))},
        wrapped={"call_expression": ("function",), "composite_literal": ("type",), "generic_type": (),
                 "parenthesized_expression": (), "unary_expression": ("operand",)},
        around=("unary_expression", "parenthesized_expression", "expression_list"),
        lists=("expression_list",),
        aliases=("type_spec", "type_alias"),
        interfaces=("interface_type",),
        wrappers=("type_declaration",),
        braced_later=("struct_type", "interface_type"),
        declarations={"method_elem": "method"},
        owner=_owner,
        embedded=_embedded,
        given=_given,
        open_fields=_open_fields,
        qualified_types=("qualified_type",),
        renamed=_renamed,
        function_type="function_type",
        shared_keyword="type",
        rest={"variadic_parameter_declaration": "..."},
    ),
    family=_FAMILY,
    test=re.compile(r"Test(?![a-z])|Example(?![a-z])|Fuzz(?![a-z])"),
    test_word=re.compile(r"(?:Test|Example|Fuzz)(?=[A-Z_\d])_?"),
    example=re.compile(r"Example"),
    trivial=r"panic\(.*not implemented.*\)",
    built_with=re.compile(r"^//(?:go:build| \+build)[ \t]+(.+)$", re.MULTILINE),
    own_tag=re.compile(rf"\b(?!(?:{'|'.join(_SYSTEMS.split())}|go1(?:\.\d+)?)\b)[A-Za-z_][\w.]*"),
    error="error",
    errors=re.compile(
        r"(?!\s*//).*?(?:\b((?:errors\.(?:New|Join)|fmt\.Errorf)\(.*)"
        r"|\breturn\b[^\"]*?\b((?:\w+\.)?[eE]rr[A-Z]\w*(?:\(.*)?|\w+Error\{.*))"
    ),
    variables=re.compile(r"os\.(?:Getenv|LookupEnv)\(\"([A-Za-z_]\w{1,80})\"()"),
)  # fmt: skip
