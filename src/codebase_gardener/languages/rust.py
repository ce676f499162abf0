"""Rust: modules are files below their crate's root, `pub` is public, tests stand beside what they test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.brackets import split
from codebase_gardener.languages.engine.nodes import MAX_BYTES, declared_name, text_of
from codebase_gardener.languages.lexing import BLOCK, CHARACTER, DOUBLE, SLASHES, Lexer
from codebase_gardener.languages.meanings import PLACES, Offer, Place, joined
from codebase_gardener.languages.rows import Bound, Doctest, Family, Given, Grammar, Language, each, words
from codebase_gardener.languages.rust_builds import is_left_out_of_rust, rust_conditions
from codebase_gardener.languages.rust_macros import (
    defined_types,
    is_closed_macro,
    macro_names,
    macro_offers,
    token_uses,
)
from codebase_gardener.languages.symbols import Symbol, TypedName

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.engine.linker import Linker
    from codebase_gardener.languages.engine.spaces import Space
    from codebase_gardener.languages.engine.units import Units

__all__ = ["RUST"]

_QUERY = """
[(use_declaration) (extern_crate_declaration)] @import
[(call_expression) (macro_invocation) (struct_expression)] @call
(let_declaration pattern: (identifier) value: (_)) @bind
[(let_declaration pattern: (identifier) type: (_)) (let_declaration pattern: (identifier) value: (match_expression))
 (let_declaration pattern: (tuple_pattern) value: (tuple_expression)) (field_declaration) (for_expression)
 (match_arm) (let_condition) (impl_item trait: (_))] @typed
(source_file [(const_item name: (_) @name) (static_item name: (_) @name)])
(source_file (_ . (visibility_modifier)) @export)
(type_identifier) @type
(tuple_struct_pattern type: (identifier) @type)
(scoped_identifier) @variant
[(type_parameter name: (_) @parameter) (const_parameter name: (_) @parameter)]
(impl_item type: [(type_identifier) @owner (scoped_type_identifier) @owner
                  (generic_type type: [(type_identifier) (scoped_type_identifier)] @owner)
                  (reference_type type: [(type_identifier) @owner (scoped_type_identifier) @owner
                      (generic_type type: [(type_identifier) (scoped_type_identifier)] @owner)])])
(macro_invocation (token_tree) @tokens)
(macro_rule right: (token_tree) @tokens)
(attribute arguments: (token_tree) @tokens)
(arguments [(identifier) (scoped_identifier)] @value)
(field_initializer value: [(identifier) (scoped_identifier)] @value)
[(parameter pattern: (_) @local) (let_declaration pattern: (_) @local) (closure_parameters (_) @local)
 (for_expression pattern: (_) @local) (match_pattern (_) @local) (let_condition pattern: (_) @local)]
(source_file [(attribute_item) (macro_definition) (macro_invocation)] @tests)
(source_file (expression_statement (macro_invocation) @tests))
(mod_item (declaration_list [(attribute_item) (macro_definition) (macro_invocation)] @tests))
"""
_VARIANT = re.compile(r"(?:\w+::)*[A-Z]\w*::[A-Z]\w*\Z")
_TEST = re.compile(rb"#\[(?:cfg\((?:all\()?test\b|(?:\w+::)*test\b)")
_PART_OF_RUST = ("std", "core", "alloc", "proc_macro", "test", "self")
_HOLDERS = words("Vec VecDeque LinkedList BinaryHeap HashSet BTreeSet HashMap BTreeMap")
_HELD = ("Ok", "Some")
_ONLY_OK = re.compile(r"\(\s*(?:Result::ok|\|(\w+)\|\s*\1\.ok\(\))\s*\)")
_BETWEEN = ("attribute_item", "line_comment", "block_comment")

_WRAPPERS = words("Option Result Box Arc Rc RefCell Mutex Pin Cow")

MAX_DEPTH = 20
MAX_MODULES = 20_000


# ---- one file


def _imports(node: Node) -> Iterator[Bound]:
    """As the file would write them where they stand in a module inside it."""
    if node.type == "extern_crate_declaration":
        crate, other = node.child_by_field_name("name"), node.child_by_field_name("alias")
        if crate is not None and text_of(crate) not in _PART_OF_RUST:
            yield text_of(crate), "", text_of(other or crate)
        return
    inside = _modules_around(node)
    for module, name, alias in _used(node):
        yield _from_file(module, inside) if inside else module, name, alias


def _modules_around(node: Node) -> int:
    """How many modules of the file a statement stands in."""
    count, around = 0, node.parent
    while around is not None and around.type in ("declaration_list", "mod_item"):
        count += around.type == "mod_item"
        around = around.parent
    return count


def _from_file(module: str, inside: int) -> str:
    """`super` of a module inside a file is the file itself."""
    parts = module.split(".")
    ups = next((at for at, part in enumerate(parts) if part != "super"), len(parts))
    if not ups or ups < inside:
        return module
    return ".".join([*(["super"] * (ups - inside) or ["self"]), *parts[ups:]])


def _used(node: Node) -> Iterator[Bound]:
    argument = node.child_by_field_name("argument")
    pending = [("", argument, 0)] if argument is not None else []
    while pending:
        path, one, depth = pending.pop()
        if one.type == "scoped_use_list":
            before, entries = one.child_by_field_name("path"), one.child_by_field_name("list")
            inner = _under(path, _path(before)) if before is not None else path
            if entries is not None and depth < MAX_DEPTH:
                pending.extend((inner, child, depth + 1) for child in reversed(entries.named_children))
        elif one.type == "use_list" and depth < MAX_DEPTH:
            pending.extend((path, child, depth + 1) for child in reversed(one.named_children))
        elif one.type == "use_wildcard":
            inner = _path(one.named_children[0]) if one.named_children else ""
            yield _under(path, inner), "*", "*"
        elif one.type == "use_as_clause":
            target, alias = one.child_by_field_name("path"), one.child_by_field_name("alias")
            if target is not None and alias is not None:
                module, _, name = _under(path, _path(target)).rpartition(".")
                yield module, name, text_of(alias)
        elif one.type == "self":
            yield path, "", path.rpartition(".")[2]
        elif one.type in ("identifier", "scoped_identifier", "crate", "super"):
            module, _, name = _under(path, _path(one)).rpartition(".")
            yield (module, name, name) if module else (name, "", name)


def _path(node: Node) -> str:
    return "".join(text_of(node).split()).replace("::", ".").strip(".")


def _under(path: str, inner: str) -> str:
    return f"{path}.{inner}" if path and inner else path or inner


def _tests(nodes: list[Node], source: bytes) -> Iterator[tuple[Node, str]]:
    """Items that are compiled for tests alone, and macros of the file that write tests, with what they are given."""

    def text(node: Node | None) -> bytes:
        return source[node.start_byte : node.end_byte] if node is not None else b""

    macros = [node for node in nodes if node.type == "macro_definition" and _TEST.search(text(node))]
    writing = {text(node.child_by_field_name("name")) for node in macros}
    yield from ((node, text(node.child_by_field_name("name")).decode("utf-8", "replace")) for node in macros)
    for node in nodes:
        if node.type == "attribute_item" and _TEST.match(text(node)):
            item = node.next_named_sibling
            while item is not None and item.type in _BETWEEN:
                item = item.next_named_sibling
            if item is not None:
                yield item, ""
        elif node.type == "macro_invocation":
            name = text(node.child_by_field_name("macro"))
            if name in writing:
                yield node, name.decode("utf-8", "replace")


def _open_fields(node: Node) -> Iterator[str]:
    if any(one.type == "visibility_modifier" and text_of(one) == "pub" for one in node.named_children):
        yield from declared_name(node)


def _given(node: Node) -> Iterator[Given]:
    """The type of a field or a variable that is declared with one; what a pattern takes from a value."""
    pattern, value = node.child_by_field_name("pattern"), node.child_by_field_name("value")
    if node.type in ("match_arm", "let_condition", "for_expression"):
        yield from _taken(node, pattern, value)
        return
    if node.type == "impl_item":
        yield from _item(node)
        return
    named, kind = node.child_by_field_name("name"), _type_name(node.child_by_field_name("type"))
    if node.type == "let_declaration":
        if pattern is not None and node.child_by_field_name("type") is not None:
            yield text_of(pattern), kind, None
        elif pattern is not None and value is not None and value.type == "tuple_expression":
            yield from (
                (text_of(one), each, None)
                for one, each in zip(pattern.named_children, value.named_children, strict=False)
                if one.type == "identifier"
            )
        elif pattern is not None and value is not None:
            yield from ((text_of(pattern), each, None) for each in _matched(value))
    elif named is not None:
        around, owners = node.parent, [text_of(named)]
        while around is not None:
            owner = around.child_by_field_name("name")
            if owner is not None and around.type in ("struct_item", "union_item", "mod_item"):
                owners.insert(0, text_of(owner))
            around = around.parent
        if len(owners) > 1:
            yield ".".join(owners), kind, None


def _taken(node: Node, pattern: Node | None, value: Node | None) -> Iterator[Given]:
    """`Some(a)` and `Ok(a)` of a value, and `for a in b`; of what else a pattern takes nothing is known."""
    holder: Node | None = node
    if node.type == "match_arm":
        around = node.parent.parent if node.parent is not None else None
        value = around.child_by_field_name("value") if around is not None else None
        pattern = next(iter(pattern.named_children), None) if pattern is not None else None
    elif node.type == "for_expression":
        holder = node.child_by_field_name("body")
        value = _passed_on(value)
    else:
        while holder is not None and holder.type in ("let_condition", "let_chain"):
            holder = holder.parent
        if holder is not None:
            holder = holder.child_by_field_name("consequence") or holder.child_by_field_name("body")
    name, is_held = _bare(pattern)
    if name and value is not None and holder is not None:
        is_known = is_held or node.type == "for_expression"
        yield name, value if is_known else "?", holder


def _bare(pattern: Node | None) -> tuple[str, bool]:
    """The one name that a pattern binds, and whether as what an `Ok` or a `Some` holds."""
    held = [False]
    for _ in range(MAX_DEPTH):
        if pattern is None or pattern.type == "identifier":
            break
        if pattern.type == "tuple_struct_pattern":
            kind = pattern.child_by_field_name("type")
            held.append(kind is not None and text_of(kind) in _HELD)
            inner = pattern.named_children[1:]
        elif pattern.type in ("ref_pattern", "mut_pattern", "reference_pattern"):
            inner = [one for one in pattern.named_children if one.type != "mutable_specifier"]
        else:
            return "", False
        pattern = inner[0] if len(inner) == 1 else None
    return (text_of(pattern), len(held) > 1 and all(held[1:])) if pattern is not None else ("", False)


def _matched(value: Node) -> Iterator[Node]:
    """The value of `match value { Ok(a) => a, … }`."""
    body, asked = value.child_by_field_name("body"), value.child_by_field_name("value")
    for arm in body.named_children if body is not None and asked is not None else ():
        pattern, given = arm.child_by_field_name("pattern"), arm.child_by_field_name("value")
        name, is_held = _bare(next(iter(pattern.named_children), None) if pattern is not None else None)
        if is_held and asked is not None and given is not None and text_of(given) == name:
            yield asked
            return


def _passed_on(value: Node | None) -> Node | None:
    """What `value.filter_map(Result::ok)` leaves of the results: the same things."""
    function = value.child_by_field_name("function") if value is not None else None
    named = function.child_by_field_name("field") if function is not None else None
    arguments = value.child_by_field_name("arguments") if value is not None else None
    if named is None or function is None or arguments is None or text_of(named) != "filter_map":
        return value
    return function.child_by_field_name("value") if _ONLY_OK.fullmatch(text_of(arguments)) else value


def _item(node: Node) -> Iterator[Given]:
    """What a loop over a type gives, as its `Iterator` or `IntoIterator` says."""
    owner, trait = _type_name(node.child_by_field_name("type")), _type_name(node.child_by_field_name("trait"))
    body = node.child_by_field_name("body")
    if trait.rpartition(".")[2] not in ("Iterator", "IntoIterator") or body is None:
        return
    for one in body.named_children:
        if one.type == "type_item" and "Item" in declared_name(one):
            yield f"{owner}[]", _type_name(one.child_by_field_name("type")), None


def _type_name(kind: Node | None) -> str:
    """The dotted name of a type, of what it points to, or of what a wrapper holds; "?" of one without a name.

    With `[]` of what a list, or a map under its keys, holds many.
    """
    for _ in range(MAX_DEPTH):
        if kind is None:
            break
        if kind.type in ("type_identifier", "scoped_type_identifier", "primitive_type"):
            return _path(kind)
        if kind.type == "generic_type":
            outer = kind.child_by_field_name("type")
            held = kind.child_by_field_name("type_arguments")
            name = _path(outer) if outer is not None else "?"
            if held is not None and name.rpartition(".")[2] in _HOLDERS:
                return f"{_type_name(held.named_children[-1])}[]"
            if held is None or name.rpartition(".")[2] not in _WRAPPERS:
                return name
            kind = next((one for one in held.named_children if one.type != "lifetime"), None)
        elif kind.type == "array_type":
            return f"{_type_name(kind.child_by_field_name('element'))}[]"
        else:
            kind = kind.child_by_field_name("type") or kind.child_by_field_name("trait")
    return "?"


def _exports(node: Node) -> Iterator[str]:
    """`pub` without a restriction."""
    if text_of(node.named_children[0]) != "pub":
        return
    if node.type == "use_declaration":
        if node.end_byte - node.start_byte <= MAX_BYTES:
            yield from (alias for _, _, alias in _imports(node) if alias not in ("*", ""))
    else:
        yield from declared_name(node)


def _hidden(symbol: Symbol) -> bool:
    """A trait's methods are as open as the trait."""
    if symbol.kind == "macro":
        return is_closed_macro(symbol)
    return not symbol.is_declaration and not re.match(r"pub(?!\s*\()\b", symbol.signature)


def _parameter(part: str) -> TypedName | None:
    named, *typed = split(part.replace("::", "\0"), ":")
    name = named.strip().removeprefix("mut ").strip()
    if not typed:
        return None  # self, in any form
    return TypedName(name, ":".join(typed).strip().replace("\0", "::"))


def _bound(symbol: Symbol, name: str) -> str:
    """`V: Visitor<'de>` between angle brackets or behind `where`; a parameter is never named as a type is."""
    found = re.search(r"(?<![\w:'])" + re.escape(name) + r"\s*:(?!:)\s*([^,>{]*)", symbol.signature)
    return found[1] if found and name[:1].isupper() else ""


def _is_static(symbol: Symbol) -> bool:
    return "self" not in re.split(r"\W+", symbol.signature.partition("(")[2].partition(")")[0])[:5]


# ---- across files


def _find(units: Units, module: str, importer: str) -> str:
    parts = module.split(".")
    if parts[0] in ("crate", "self", "super"):
        is_own = parts[0] != "crate" or _is_own_crate(units, importer)
        base = importer if is_own else _crate_root(units, importer)
        parts = parts[1:] if parts[0] in ("crate", "self") else parts
        while parts and parts[0] == "super":
            base, parts = _parent(units, base), parts[1:]
    else:
        known = units.entries.get(parts[0])
        base = known or importer
        parts = parts[1:] if known else parts
    for part in parts:
        base = _child(units, base, part) if base else ""
    return base if base != importer or module in ("self", "crate") else ""


def _crate_root(units: Units, importer: str) -> str:
    parts = importer.split("/")
    for at in range(len(parts) - 1, -1, -1):
        for name in ("lib.rs", "main.rs", "src/lib.rs", "src/main.rs"):
            found = units.existing("/".join([*parts[:at], name]))
            if found:
                return found
    return ""


def _is_own_crate(units: Units, path: str) -> bool:
    """Whether a file is a crate by itself: a test, a benchmark or an example beside the sources of a package."""
    folder = path.rpartition("/")[0]
    package, _, name = folder.rpartition("/")
    return name in ("tests", "benches", "examples") and any(
        units.existing(joined(package, f"src/{root}.rs")) for root in ("lib", "main")
    )


def _child(units: Units, base: str, name: str) -> str:
    folder, _, file = base.rpartition("/")
    stem = file.removesuffix(".rs")
    is_outer = stem in ("lib", "main", "mod") or _is_own_crate(units, base)
    inside = folder if is_outer else joined(folder, stem)
    return units.existing(joined(inside, f"{name}.rs")) or units.existing(joined(inside, f"{name}/mod.rs"))


def _parent(units: Units, base: str) -> str:
    folder, _, file = base.rpartition("/")
    if file == "mod.rs":
        folder = folder.rpartition("/")[0]
    elif file in ("lib.rs", "main.rs"):
        return base
    names = ("mod.rs", "lib.rs", "main.rs")
    found = next((f for n in names if (f := units.existing(joined(folder, n)))), "")
    return found or units.existing(f"{folder}.rs")


def _entry(units: Units, folder: str, path: str) -> str:
    return units.existing(joined(folder, path))


def _offers(linker: Linker, spaces: Mapping[str, Space]) -> Iterator[tuple[Place, Offer]]:
    crates = {path: name for name, path in linker.units.entries.items()}
    yield from macro_offers(linker.units, spaces, crates, _crate_root)
    pending = [
        (path, name)
        for path, name in sorted(crates.items())
        if path.endswith("lib.rs") or (len(crates) == 1 and not path.endswith("main.rs"))
    ]
    seen: set[str] = set()
    while pending and len(seen) < MAX_MODULES:
        path, name = pending.pop(0)
        space = spaces.get(path)
        if space is None or path in seen:
            continue
        seen.add(path)
        for exported in space.exports:
            entity = linker.offered(path, exported)
            if entity is not None and entity.kind == "module":
                pending.append((entity.path, f"{name}::{exported}"))
            elif entity is not None and entity.kind in PLACES:
                shown = f"{name}.{exported}".replace("::", ".")
                yield (entity.path, entity.name), Offer(shown, f"use {name}::{exported};")
        for star in space.stars:
            base = linker.units.find(star.module, path)
            if base and base not in crates:
                pending.append((base, name))


def _inside(linker: Linker, spaces: Mapping[str, Space]) -> Iterator[tuple[Place, str]]:
    """With `crate` before it, as it can be written in any file that may import it."""
    found: list[tuple[bool, int, str, Place]] = []
    for path, space in spaces.items():
        for one in space.imports.values():
            entity = linker.trace(space, "", one.alias, one.line) if one.name else None
            if entity is None or entity.kind not in PLACES or entity.path == path:
                continue
            root = one.module.partition(".")[0]
            plain = root == "crate" or root in linker.units.entries
            module = one.module if plain else _from_crate(linker.units, path, one.module)
            statement = f"use {module}.{one.name};".replace(".", "::")
            found.append((not plain, len(statement), statement, (entity.path, entity.name)))
    yield from ((place, statement) for *_, statement, place in sorted(found))


def _from_crate(units: Units, path: str, module: str) -> str:
    """A path that a file takes from itself, from its crate's root on."""
    parts = module.split(".")
    while parts and parts[0] in ("self", "super"):
        path = _parent(units, path) if parts[0] == "super" else path
        parts = parts[1:]
    around: list[str] = []
    while path and path != _crate_root(units, path) and len(around) < MAX_DEPTH:
        folder, _, file = path.rpartition("/")
        around.insert(0, folder.rpartition("/")[2] if file == "mod.rs" else file.removesuffix(".rs"))
        path = _parent(units, path)
    return ".".join(("crate", *around, *parts))


_DOCTEST = Doctest(
    re.compile(r"[ \t]*//[/!] ?"),
    # https://doc.rust-lang.org/rustdoc/write-documentation/documentation-tests.html
    re.compile(
        r"(?:(?:rust|no_run|ignore(?:-[\w-]*)?|should_panic|standalone_crate|edition\d+)(?:[,\s]+|\Z))*"
    ),
    re.compile(r"^[ \t]*#(?: |$)"),
)

_COMMON = words(
    """new clone into from unwrap expect unwrap_or unwrap_or_else map map_err and_then or_else ok err iter
           into_iter iter_mut next collect push pop insert remove get get_mut len is_empty contains as_ref as_mut
           as_str to_string to_owned to_vec borrow borrow_mut lock read write flush fmt eq ne cmp partial_cmp hash
           default drop deref filter fold find any all sum min max zip enumerate rev take skip chain extend append
           sort split trim parse chars bytes lines starts_with ends_with replace join concat is_some is_none is_ok
           is_err cloned copied send recv spawn wait poll index try_into try_from as_bytes strip_prefix
           strip_suffix split_once rsplit_once split_at as_deref as_ptr as_mut_ptr deref_mut from_str from_bits to_bits
           push_str write_str write_char write_all"""
)

_FAMILY = Family(
    "rust", _imports, _exports, _hidden, _find, _offers, each(_parameter),
    joint="::",
    receivers=("self", "Self"),
    results_told=True,
    receiver_classes=("Self",),
    wrappers=_WRAPPERS | words("Ok Some impl dyn mut std result io boxed pin future Future"),
    common=_COMMON,
    # https://doc.rust-lang.org/std/ of Option, Result, Iterator, slices, smart pointers and locks
    keeping=words(
        """as_deref as_deref_mut as_mut as_ref borrow borrow_mut by_ref chain clone cloned copied cycle expect filter
           first first_mut flatten fuse get get_mut inspect into_iter iter iter_mut last last_mut lock map_err next
           next_back nth ok ok_or ok_or_else or or_else peek peekable pop pop_back pop_front read rev skip skip_while
           step_by take take_while to_owned to_vec unwrap unwrap_or unwrap_or_default unwrap_or_else write"""
    ),
    changing=words(
        """and err expect_err flat_map fold into_inner join map_or map_or_else map_while max_by max_by_key min_by
           min_by_key partition reduce scan then then_some unwrap_err unzip values xor"""
    ),
    names_interfaces=True,
    builtins=words(
        """std core alloc Vec String Some None Ok Err Box Arc Rc Option Result println print eprintln eprint
           format panic assert assert_eq assert_ne debug_assert vec write writeln todo unimplemented unreachable
           matches include_str include_bytes env concat stringify dbg cfg str u8 u16 u32 u64 u128 usize i8 i16 i32
           i64 i128 isize f32 f64 bool char Default From Into Iterator drop HashMap HashSet BTreeMap"""
    ),
    bound=_bound,
    is_static=_is_static,
    tests_anywhere=True,
    doctest=_DOCTEST,
    entry=_entry,
    submodules=True,
    paths_need_no_import=True,
    variant=re.compile(r"[A-Z]"),
    inside=_inside,
    macros=macro_names(_crate_root),
    conditions=rust_conditions,
    is_left_out=is_left_out_of_rust,
)  # fmt: skip

RUST = Language(
    (".rs",), "//", True,
    # https://doc.rust-lang.org/reference/keywords.html
    lexer=Lexer(
        (SLASHES, BLOCK), (DOUBLE, CHARACTER),
        "as async await break const continue crate dyn else enum extern false fn for if impl in let loop "
        "match mod move mut pub ref return self Self static struct super trait true type unsafe use where while",
    ),
    grammar=Grammar(
        "tree_sitter_rust", "language",
        {"function_item": "function", "struct_item": "type", "enum_item": "type", "union_item": "type",
         "trait_item": "interface", "type_item": "type", "macro_definition": "macro"},
        _QUERY,
        calls=("call_expression", "macro_invocation", "struct_expression"),
        paths={
            "field_expression": (("value",), ("field",)),
            "scoped_identifier": (("path",), ("name",)),
            "scoped_type_identifier": (("path",), ("name",)),
            "qualified_type": (("package",), ("name",)),
        },
        wrapped={
            "call_expression": ("function",), "struct_expression": ("name",), "macro_invocation": ("macro",),
            "generic_function": ("function",), "generic_type": (), "await_expression": (),
            "parenthesized_expression": (), "try_expression": (), "unary_expression": ("argument",),
            "reference_expression": ("value",), "reference_type": ("type",), "pointer_type": ("type",),
        },
        leaves=("self", "super", "crate", "metavariable"),
        around=("await_expression", "try_expression", "unary_expression", "parenthesized_expression",
                "reference_expression"),
        indexed=("index_expression",),
        matching=("let_condition", "let_declaration", "match_arm"),
        plain=("identifier", "scoped_identifier", "index_expression"),
        aliases=("type_item",),
        whole=("macro_definition",),
        qualified_types=("scoped_type_identifier",),
        variant=_VARIANT,
        scopes={"impl_item": "type", "mod_item": "name"},
        types=("impl_item",),
        implemented="trait",
        attributes=("attribute_item",),
        attribute=re.compile(r"\A#\[(.*)\]\Z", re.DOTALL),
        attribute_mark=b"#[",
        comments=("line_comment", "block_comment"),
        tokens=token_uses,
        defined=defined_types,
        tests=_tests,
        given=_given,
        variant_node="enum_variant",
        open_fields=_open_fields,
        declarations={"function_signature_item": "function"},
        no_base=("line_comment", "block_comment", "type_arguments"),
        no_parameter=("line_comment", "block_comment", "self_parameter"),
    ),
    family=_FAMILY,
    test=re.compile(r"@(?:\w+::)*test\b"),
    trivial=r"todo!\(.*\)|unimplemented!\(.*\)|panic!?\(.*not implemented.*\)",
    # https://doc.rust-lang.org/cargo/reference/environment-variables.html
    set_by_tools=re.compile(
        r"CARGO(?:_(?:CFG|FEATURE|PKG|MANIFEST|BIN|CRATE|PRIMARY|ENCODED)_\w+|_MAKEFLAGS)?\Z|DEP_\w+_\w+\Z"
        r"|(?:OUT_DIR|TARGET|HOST|NUM_JOBS|OPT_LEVEL|DEBUG|PROFILE|RUSTC|RUSTDOC|RUSTC_LINKER|RUSTC_WRAPPER"
        r"|RUSTC_WORKSPACE_WRAPPER)\Z"
    ),
    told_version=re.compile(
        r"\b(?:[Mm]inim(?:um|al)|at least|[Rr]equires?|[Nn]eeds?|MSRV)\b(?:(?!\n\s*\n|[.!?]\s).){0,80}?"
        r"\b(?P<name>rustc|Rust)\b(?:(?!\n\s*\n|[.!?]\s|\d).){0,40}?v?(?P<version>1\.\d{1,3}(?:\.\d{1,3})?)\b",
        re.DOTALL,
    ),
    error="Result",
    errors=re.compile(r"(?!\s*//).*?(?<!\w)(?<!let )Err\((?![^;]*\)\s*=>|_\))(.*)"),
    variables=re.compile(r"env::(?:var|var_os)\(\"([A-Za-z_]\w{1,80})\"()"),
)  # fmt: skip
