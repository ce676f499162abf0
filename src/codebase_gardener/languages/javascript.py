"""JavaScript and TypeScript: modules are files, `export` is public, compilers write files beside their sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.brackets import split
from codebase_gardener.languages.engine.nodes import declared_name, text_of
from codebase_gardener.languages.lexing import BACKTICK, BLOCK, DOUBLE, SINGLE, SLASHES, Lexer
from codebase_gardener.languages.meanings import PLACES, Offer, Place, joined
from codebase_gardener.languages.rows import Bound, Family, Grammar, Language, each, words
from codebase_gardener.languages.symbols import Symbol, TypedName

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.engine.linker import Linker
    from codebase_gardener.languages.engine.spaces import Space
    from codebase_gardener.languages.engine.units import Units

__all__ = ["JAVASCRIPT", "TSX", "TYPESCRIPT"]

_QUERY = """
(import_statement) @import
(export_statement) @export
(export_statement source: (_)) @import
[(call_expression) (new_expression)] @call
(variable_declarator name: (_) value: [(call_expression) (new_expression) (await_expression)]) @bind
(variable_declarator name: (identifier) value: [(identifier) (member_expression)]) @bind
(program [(lexical_declaration (variable_declarator name: (identifier) @name))
          (variable_declaration (variable_declarator name: (identifier) @name))])
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name))))
(program (expression_statement (assignment_expression left: (member_expression) right: (_)) @export))
(program (expression_statement (assignment_expression
  right: (assignment_expression left: (member_expression) right: (_)) @export)))
"""

MAX_TARGET_BYTES = 300
MAX_MODULES = 20_000
_MOST_FILES = 200_000

_ENDING = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?\Z")
_TYPED_ENDING = re.compile(r"(?<!\.d)\.[cm]?tsx?\Z")
_DECLARES = re.compile(r"\.d\.[cm]?ts\Z")
_PLAIN = re.compile(r"\.([cm]?)jsx?\Z")
_SOURCES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", ".d.mts", ".d.cts")
"""Endings of files; where several files have the same stem, the first is the source."""
_BUILT = ("dist", "lib", "build", "out", "es", "esm", "cjs", "umd", "types", "node")
"""Folders that compilers write to."""

_QUOTES = "\"'`"
_CASTS = ("as_expression", "satisfies_expression", "non_null_expression", "parenthesized_expression")
_OF_MODULES = ("import_statement", "export_statement")
_FUNCTIONS = ("arrow_function", "function_expression", "function", "generator_function")
_CHAIN = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*){0,3}")
_MARKS = re.compile(
    r"(?:@\w+(?:\([^()]{0,200}\))?\s+)*(?:(?:public|private|protected|readonly|override)\s+)*"
)
_CJS = re.compile(r"(?:exports\s*=\s*)?module\.exports\s*=|exports\s*=\s*module")
_PART = re.compile(r"[^A-Za-z0-9_$]+(\w?)")
_VARIANCE = re.compile(
    rb"([<,]\s{0,200})((?:in\s{1,9}out|in|out)(?=\s{1,9}[A-Z$_]\w{0,99}\s{0,200}(?:extends\b|[,>=])))"
)
"""TypeScript 4.7's `<in out T>`, which the grammar does not know: blanks stand in its place, so that nothing moves."""


_TYPE_STAR = re.compile(rb"(\bexport\s{1,99})(type)(?=\s{0,99}\*)")
"""TypeScript 5.0's `export type * from`, likewise."""


def _without_unknown(source: bytes) -> bytes:
    for pattern in (_VARIANCE, _TYPE_STAR):
        source = pattern.sub(lambda found: found[1] + b" " * len(found[2]), source)
    return source


# ---- imports of one file


def _imports(node: Node) -> Iterator[Bound]:
    if node.type == "variable_declarator":
        yield from _required(node)
        return
    if node.type == "assignment_expression":
        for given, value in _given(node):
            if _is_require(value):
                yield _module(value), "" if given else "*", given or "*"
        return
    source = node.child_by_field_name("source")
    if source is None:
        return
    module = text_of(source).strip(_QUOTES)
    spaces = [child for child in node.named_children if child.type == "namespace_export"]
    for one in spaces:  # `export * as x from "y"`
        yield module, "", text_of(one.named_children[0]) if one.named_children else ""
    clauses = [child for child in node.named_children if child.type in ("import_clause", "export_clause")]
    if not spaces and not clauses:  # `import "x"`, `export * from "x"`
        yield (module, "*", "*") if node.type == "export_statement" else (module, "", "")
    for part in [part for clause in clauses for part in _parts(clause)]:
        if part.type == "identifier":
            yield module, "default", text_of(part)
        elif part.type == "namespace_import":
            yield module, "", text_of(part.named_children[0]) if part.named_children else ""
        elif part.type in ("import_specifier", "export_specifier"):
            name, alias = part.child_by_field_name("name"), part.child_by_field_name("alias")
            if name is not None:
                yield module, text_of(name), text_of(alias or name)


def _parts(clause: Node) -> Iterator[Node]:
    for child in clause.named_children:
        if child.type == "named_imports":
            yield from child.named_children
        else:
            yield child


def _requires(node: Node) -> bool:
    """Whether it is a variable (or `module.exports`) that CommonJS' `require("module")` is given to."""
    if node.type == "assignment_expression":
        return any(_is_require(value) for _, value in _given(node))
    value = node.child_by_field_name("value") if node.type == "variable_declarator" else None
    return value is not None and _is_require(value)


def _given(node: Node) -> Iterator[tuple[str, Node]]:
    """What an assignment gives to CommonJS' `exports`: the values by name, "" for `module.exports` itself."""
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    target = text_of(left) if left is not None and left.end_byte - left.start_byte <= MAX_TARGET_BYTES else ""
    while right is not None and right.type == "assignment_expression":  # `exports = module.exports = f`
        inner = right.child_by_field_name("left")
        target = "module.exports" if inner is not None and text_of(inner) == "module.exports" else target
        right = right.child_by_field_name("right")
    if right is None:
        return
    if target.startswith(("module.exports.", "exports.")):
        yield target.rpartition(".")[2], right
    elif target == "module.exports" and right.type == "object":
        for one in right.named_children:
            key, value = one.child_by_field_name("key"), one.child_by_field_name("value")
            if one.type == "shorthand_property_identifier":
                yield text_of(one), one
            elif key is not None and value is not None and key.type == "property_identifier":
                yield text_of(key), value
    elif target == "module.exports":
        yield "", right


def _is_require(value: Node) -> bool:
    if value.type != "call_expression":
        return False
    function, arguments = value.child_by_field_name("function"), value.child_by_field_name("arguments")
    if function is None or function.end_byte - function.start_byte != len("require") or arguments is None:
        return False
    return text_of(function) == "require" and [one.type for one in arguments.named_children] == ["string"]


def _module(value: Node) -> str:
    arguments = value.child_by_field_name("arguments")
    return text_of(arguments.named_children[0]).strip(_QUOTES) if arguments is not None else ""


def _required(node: Node) -> Iterator[Bound]:
    pattern, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if pattern is None or value is None:
        return
    module = _module(value)
    if pattern.type == "identifier":
        yield module, "", text_of(pattern)
    for one in pattern.named_children:
        if one.type == "shorthand_property_identifier_pattern":
            yield module, text_of(one), text_of(one)
        elif one.type == "pair_pattern":
            name, alias = one.child_by_field_name("key"), one.child_by_field_name("value")
            if name is not None and alias is not None and alias.type == "identifier":
                yield module, text_of(name), text_of(alias)


# ---- what one file lets others use


def _exports(node: Node) -> Iterator[str]:
    """`export` and CommonJS."""
    if node.type == "assignment_expression":
        yield from _common_js(node)
        return
    declaration = _declaration(node)
    if any(child.type in ("default", "=") for child in node.children):
        yield "default"
        return
    if declaration is not None:
        yield from declared_name(declaration)
        for one in declaration.named_children:
            if one.type == "variable_declarator":
                yield from declared_name(one)
    for clause in node.named_children:
        if clause.type == "namespace_export" and clause.named_children:
            yield text_of(clause.named_children[0])
        if clause.type == "export_clause":
            for one in clause.named_children:
                shown = one.child_by_field_name("alias") or one.child_by_field_name("name")
                if shown is not None:
                    yield text_of(shown)


def _declaration(node: Node) -> Node | None:
    """What stands after `export`, without TypeScript's `declare`."""
    found = node.child_by_field_name("declaration")
    if found is not None and found.type == "ambient_declaration":
        return next(iter(found.named_children), None)
    return found


def _common_js(node: Node) -> Iterator[str]:
    for name, value in _given(node):
        if name or value.type in ("identifier", *_FUNCTIONS):
            yield name or "default"


def _assigned(node: Node, path: str) -> str:
    """What a function is that is assigned: "app.use", "x" of `exports.x = `, "Kiln.fire" of `Kiln.prototype.fire = `.

    Of `module.exports = function fire() {}` it is "fire", and the file's name where the function has none; "" for what
    has no name that a reader could use.
    """
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    around = node.parent.parent if node.parent is not None else None
    while (
        around is not None and around.type == "expression_statement"
    ):  # `exports = module.exports = function`
        around = around.parent
    if around is None or around.type != "program":
        return ""
    if left is None or right is None or left.end_byte - left.start_byte > MAX_TARGET_BYTES:
        return ""
    if left.type not in ("member_expression", "identifier") or not _CHAIN.fullmatch(text_of(left)):
        return ""
    target = text_of(left)
    if _is_whole(target):
        named = right.child_by_field_name("name")
        return text_of(named) if named is not None else _name_of_file(path)
    for own in ("module.exports.", "exports.", "this."):
        if target.startswith(own):
            return target.removeprefix(own) if own != "this." else ""
    return target.replace(".prototype.", ".") if "." in target else ""


def _is_key(node: Node) -> bool:
    """Whether it is a method of an object that the file does not hand out as a whole."""
    literal = node.parent
    if literal is None or literal.type != "object":
        return False
    holder = literal.parent
    if holder is None or holder.type != "assignment_expression":
        return holder is None or holder.type != "export_statement"
    left = holder.child_by_field_name("left")
    return left is None or left.end_byte - left.start_byte > MAX_TARGET_BYTES or not _is_whole(text_of(left))


def _is_whole(target: str) -> bool:
    return target in ("module.exports", "exports")


def _name_of_file(path: str) -> str:
    """As one writes it who requires the file: `lower-bound.js` is "lowerBound", `parse/index.js` is "parse"."""
    folder, _, file = _ENDING.sub("", path).rpartition("/")
    stem = folder.rpartition("/")[2] if file == "index" and folder else file
    return _PART.sub(lambda found: found[1].upper(), stem).strip()


def _renamed(node: Node, path: str) -> Iterator[tuple[str, str]]:
    if node.type == "assignment_expression":
        for given, value in _given(node):
            inner = value.child_by_field_name("name") if value.type in _FUNCTIONS else None
            if value.type == "identifier" and text_of(value) != given:
                yield given or "default", text_of(value)
            elif not given and value.type in _FUNCTIONS:
                yield "default", text_of(inner) if inner is not None else _name_of_file(path)
        return
    if node.child_by_field_name("source") is not None:
        return
    if any(child.type in ("default", "=") for child in node.children):
        yield "default", _default_name(node)
    yield from _same(node)
    for clause in node.named_children:
        for one in clause.named_children if clause.type == "export_clause" else ():
            name, alias = one.child_by_field_name("name"), one.child_by_field_name("alias")
            if name is not None and alias is not None:
                yield text_of(alias), text_of(name)


def _same(node: Node) -> Iterator[tuple[str, str]]:
    """The constants of a declaration that are another name for what has one: `export const pour = pourOut as Pour`."""
    declaration = node.child_by_field_name("declaration")
    for one in declaration.named_children if declaration is not None else ():
        name = one.child_by_field_name("name") if one.type == "variable_declarator" else None
        value = _uncast(one.child_by_field_name("value"))
        if name is not None and value is not None and name.type == value.type == "identifier":
            yield text_of(name), text_of(value)


def _uncast(value: Node | None) -> Node | None:
    """Without the types that TypeScript takes a value for."""
    while value is not None and value.type in _CASTS and value.named_children:
        value = value.named_children[0]
    return value


def _default_name(node: Node) -> str:
    """Of what `export default` (or `export =`) hands out; "" for an expression."""
    declaration, value = _declaration(node), _uncast(node.child_by_field_name("value"))
    if any(child.type == "=" for child in node.children):
        value = _uncast(node.named_children[0])
    named = declaration.child_by_field_name("name") if declaration is not None else value
    plain = named is not None and named.type in ("identifier", "type_identifier")
    return text_of(named) if named is not None and plain else ""


def _open_names(root: Node, path: str) -> frozenset[str] | None:
    """What a module hands out of its own, by the names that it has there; None of what is no module.

    A file with `import` or `export` is a module. One that declares what others define, or that assigns to CommonJS'
    `exports`, is open as it stands.
    """
    if _DECLARES.search(path) or not any(child.type in _OF_MODULES for child in root.children):
        return None
    found: set[str] = set()
    for node in root.named_children:
        statement = next(iter(node.named_children), node) if node.type == "expression_statement" else node
        if statement.type == "assignment_expression" and any(True for _ in _given(statement)):
            return None
        if node.type == "ambient_declaration":
            found.update(_declared_for_others(node))
        if node.type == "export_statement" and node.child_by_field_name("source") is None:
            local = dict(_renamed(node, path))
            found.update(local.get(name, name) for name in _exports(node))
            found.update(_keys(node.child_by_field_name("value")))
    return frozenset(found)


def _declared_for_others(node: Node) -> Iterator[str]:
    """What `declare module "x" { }` and `declare global { }` say that there is."""
    inner = node.named_children[0] if node.named_children else node
    named = inner.child_by_field_name("name")
    if inner.type != "statement_block" and (named is None or named.type != "string"):
        return
    body = inner.child_by_field_name("body") or inner
    for one in body.named_children:
        yield from declared_name(one.child_by_field_name("declaration") or one)


def _keys(value: Node | None) -> Iterator[str]:
    for one in value.named_children if value is not None and value.type == "object" else ():
        yield from declared_name(one)


def _hidden(symbol: Symbol) -> bool:
    return "#" in symbol.qualified_name or bool(
        re.match(r"(?:static\s+)?(?:private|protected)\b", symbol.signature)
    )


def _parameter(part: str) -> TypedName | None:
    part = part[_MARKS.match(part).end() :]  # type: ignore[union-attr]  # it matches anything
    head, *given = split(part, "=", _QUOTES)
    named, *typed = split(head, ":", _QUOTES)
    name = named.strip()
    optional = name.endswith("?")
    name = name.rstrip("?").strip()
    if name == "this":
        return None
    if name.startswith(("{", "[")):
        name = " ".join(name.split())[:60]
    default = "=".join(given).strip()
    required = not optional and not default and not name.startswith("...")
    return TypedName(name, ":".join(typed).strip(), default, required)


# ---- across files


def _find(units: Units, module: str, importer: str) -> str:
    if module.startswith("."):
        target = joined(importer.rpartition("/")[0], module)
        return _file_at(units, _ENDING.sub("", target)) or _file_at(units, target)
    known = units.entries.get(module)
    if known is not None:
        return known
    for name, entry in units.entries.items():
        if module.startswith(f"{name}/"):
            folder = entry.rpartition("/")[0]
            found = _file_at(units, _ENDING.sub("", joined(folder, module[len(name) + 1 :])))
            if found:
                return found
    return ""


def _file_at(units: Units, stem: str, *, typed: bool = False) -> str:
    if stem.startswith(".."):
        return ""
    for ending in _SOURCES:
        for candidate in (f"{stem}{ending}", f"{stem}/index{ending}" if stem else f"index{ending}"):
            if candidate in units.paths and (not typed or _TYPED_ENDING.search(candidate)):
                return candidate
    return ""


def _entry(units: Units, folder: str, path: str) -> str:
    plain = joined(folder, path)
    for stem in _stems(plain, folder):
        found = _file_at(units, stem, typed=True)
        if found:
            return found
    return _file_at(units, _ENDING.sub("", plain))


def _better(found: str, known: str) -> bool:
    return bool(_TYPED_ENDING.search(found)) and not _TYPED_ENDING.search(known)


def _is_top(exported: str) -> bool:
    module = exported.rpartition(".")[0]
    return bool(exported) and module.count("/") == module.startswith("@")


def _offers(linker: Linker, spaces: Mapping[str, Space]) -> Iterator[tuple[Place, Offer]]:
    entries = sorted(
        (name.count("/"), name, path) for name, path in linker.units.entries.items() if path in spaces
    )
    for _, module, path in entries:
        for name in _names(linker.units, spaces, path):
            entity = linker.offered(path, name)
            if entity is not None and entity.kind == "module":  # `parse: require("./parse")`
                entity = linker.offered(entity.path, "default")
            if entity is None or entity.kind not in PLACES:
                continue
            shown = entity.name if name == "default" else name
            wanted = shown if name == "default" else f"{{ {name} }}"
            yield (entity.path, entity.name), Offer(f"{module}.{shown}", f'import {wanted} from "{module}";')
    if not entries:
        yield from _plain_files(spaces)


def _plain_files(spaces: Mapping[str, Space]) -> Iterator[tuple[Place, Offer]]:
    """Without a packaging file: each file by its path."""
    for path, space in spaces.items():
        stem = _ENDING.sub("", path)
        for name in space.exports:
            if name in space.symbols:
                yield (path, name), Offer(name, f'import {{ {name} }} from "./{stem}";')


def _names(units: Units, spaces: Mapping[str, Space], path: str) -> list[str]:
    """The names that a file hands out, those that it passes on from others included."""
    names: dict[str, None] = {}
    pending = [path]
    seen: set[str] = set()
    while pending and len(seen) < MAX_MODULES:
        current = pending.pop(0)
        space = spaces.get(current)
        if space is None or current in seen:
            continue
        seen.add(current)
        names.update(dict.fromkeys(name for name in space.exports if name != "default" or current == path))
        pending += [units.find(star.module, current) for star in space.stars]
    return list(names)


def _declarations(path: str) -> str:
    return _PLAIN.sub(r".d.\1ts", path) if _PLAIN.search(path) else ""


def _compiled(paths: list[str], roots: list[str]) -> frozenset[str]:
    """A TypeScript file of the same name stands in the place of its source."""
    typed = {_ENDING.sub("", path) for path in paths if _TYPED_ENDING.search(path)}
    if not typed or len(paths) > _MOST_FILES:
        return frozenset()
    found = set()
    for path in paths:
        if _TYPED_ENDING.search(path):
            continue
        root = next((root for root in roots if not root or path.startswith(f"{root}/")), "")
        if any(stem in typed for stem in _stems(path, root)):
            found.add(path)
    return frozenset(found)


def _stems(path: str, root: str) -> Iterator[str]:
    """Where the source of a compiled file may be, without its ending: beside it, or in `src` instead of `dist`."""
    stem = _ENDING.sub("", path)
    yield stem
    inside = stem[len(root) :].strip("/") if root else stem
    parts = inside.split("/")
    if parts[0] == "src":
        return
    while len(parts) > 1 and parts[0] in _BUILT:
        parts = parts[1:]
        yield joined(root, "/".join(["src", *parts]))
        yield joined(root, "/".join(parts))
    yield joined(root, "/".join(["src", *parts]))


_FAMILY = Family(
    "script", _imports, _exports, _hidden, _find, _offers, each(_parameter),
    renamed=_renamed,
    requires=_requires,
    wrappers=words("Promise Awaited Readonly Partial Required PromiseLike NonNullable"),
    common=words(
        """apply bind call map filter forEach reduce find findIndex some every includes indexOf push pop shift
           unshift splice slice concat join sort reverse keys values entries flat flatMap at fill test exec match
           matchAll replace replaceAll split trim trimStart trimEnd toLowerCase toUpperCase startsWith endsWith
           padStart padEnd repeat charAt charCodeAt codePointAt substring substr localeCompare normalize toString
           toFixed valueOf hasOwnProperty get set has delete add clear size then catch finally next return throw
           log error warn info debug parse stringify assign freeze create from of isArray resolve reject all race
           now getTime toISOString on once off emit addEventListener removeEventListener querySelector appendChild
           send write end read close open json text status done toBe toEqual toThrow describe length name"""
    ),
    builtins=words(
        """Object Array String Number Boolean BigInt Symbol Function Date RegExp Error TypeError RangeError
           SyntaxError ReferenceError Map Set WeakMap WeakSet WeakRef Promise Proxy Reflect JSON Math Intl
           Uint8Array Uint16Array Uint32Array Int8Array Int16Array Int32Array Float32Array Float64Array ArrayBuffer
           DataView AggregateError AbortController AbortSignal URL URLSearchParams TextEncoder TextDecoder Buffer
           Blob File FormData Headers Request Response console process globalThis window document navigator global
           require parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent encodeURI decodeURI
           atob btoa setTimeout clearTimeout setInterval clearInterval setImmediate queueMicrotask
           structuredClone fetch super import describe it test expect beforeEach afterEach beforeAll afterAll vi
           jest assert performance eval"""
    ),
    free_values=True,
    quotes=_QUOTES,
    erased=("type", "interface"),
    is_top=_is_top,
    titled=("it", "test", "Deno.test", "test.only", "it.only", "test.concurrent"),
    title=re.compile(
        r"(?:it|test|Deno\.test)(?:\.\w+)?\s*\(\s*(?:\"([^\"]{1,120})\"|'([^']{1,120})'|`([^`]{1,120})`)"
    ),
    entry=_entry,
    better=_better,
    declarations=_declarations,
    compiled=_compiled,
)  # fmt: skip

_JAVASCRIPT = Grammar(
    "tree_sitter_javascript", "language",
    {
        "function_declaration": "function",
        "generator_function_declaration": "function",
        "class_declaration": "class",
        "method_definition": "function",
    },
    _QUERY,
    calls=("call_expression", "new_expression"),
    paths={"member_expression": (("object",), ("property",))},
    wrapped={
        "call_expression": ("function",), "new_expression": ("constructor",), "await_expression": (),
        "parenthesized_expression": (), "unary_expression": ("argument",),
    },
    around=("await_expression", "unary_expression", "parenthesized_expression"),
    plain=("identifier", "member_expression"),
    values=("variable_declarator", "field_definition", "assignment_expression"),
    assigned=_assigned,
    is_key=_is_key,
    open_names=_open_names,
    handed_out=_CJS,
    functions=_FUNCTIONS,
    members=("field_definition",),
    wrappers=("export_statement", "lexical_declaration", "variable_declaration", "expression_statement"),
    attributes=("decorator",),
    bases=("class_heritage",),
    no_base=("comment",),
    plain_parameters=("identifier", "object_pattern", "array_pattern", "rest_pattern"),
    rest={"rest_pattern": "..."},
)  # fmt: skip

_TYPESCRIPT = replace(
    _JAVASCRIPT,
    module="tree_sitter_typescript",
    function="language_typescript",
    kinds=_JAVASCRIPT.kinds | {  # type: ignore[operator]  # both are dicts
        "abstract_class_declaration": "class",
        "interface_declaration": "interface",
        "type_alias_declaration": "type",
        "enum_declaration": "type",
    },
    paths=_JAVASCRIPT.paths | {"nested_identifier": (("object",), ("property",))},  # type: ignore[operator]
    wrapped=_JAVASCRIPT.wrapped  # type: ignore[operator]
    | {"template_type": ("name",), "generic_type": (), "non_null_expression": ()},
    aliases=("type_alias_declaration",),
    values=("variable_declarator", "public_field_definition", "assignment_expression"),
    members=("public_field_definition",),
    scopes={"internal_module": "name"},
    wrappers=(*_JAVASCRIPT.wrappers, "ambient_declaration"),
    declarations=dict.fromkeys(
        ("method_signature", "abstract_method_signature", "function_signature", "property_signature"), "function"
    ),
    typed_declarations={"property_signature": "function_type"},
    bases=("class_heritage", "extends_clause", "implements_clause", "extends_type_clause"),
    no_base=("comment", "type_arguments"),
    prepared=_without_unknown,
)  # fmt: skip

# https://262.ecma-international.org/#sec-keywords-and-reserved-words and the handbook of TypeScript
_LEXER = Lexer(
    (SLASHES, BLOCK), (DOUBLE, SINGLE, BACKTICK),
    "async await break case catch class const continue debugger default delete do else enum export "
    "extends false finally for from function if implements import in instanceof interface let new null of "
    "private protected public readonly return static super switch this throw true try type typeof "
    "undefined var void while with yield",
    decorators=True,
)  # fmt: skip

TYPESCRIPT = Language(
    (".ts", ".mts", ".cts"), "//", True, interpreters=("deno", "ts-node"), aliases=("ts",),
    lexer=_LEXER, grammar=_TYPESCRIPT, family=_FAMILY,
    variables=re.compile(r"process\.env(?:\.([A-Z][A-Z0-9_]{1,80})|\[[\"']([A-Z][A-Z0-9_]{1,80})[\"']\])"),
    trivial=r"throw new Error\(.*\)", test_stem=r"\.(?:test|spec)",
)  # fmt: skip
TSX = replace(
    TYPESCRIPT, extensions=(".tsx",), interpreters=(), aliases=(),
    grammar=replace(_TYPESCRIPT, function="language_tsx"),
)  # fmt: skip
JAVASCRIPT = replace(
    TYPESCRIPT, extensions=(".js", ".jsx", ".mjs", ".cjs"), interpreters=("node",),
    aliases=("js", "jsx", "mjs", "node"), grammar=_JAVASCRIPT,
)  # fmt: skip
