"""JavaScript and TypeScript: modules are files, `export` is public, compilers write files beside their sources."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.brackets import split
from codebase_gardener.languages.engine.nodes import declared_name, text_of
from codebase_gardener.languages.javascript_exports import (
    CASTS,
    ENDING,
    FUNCTIONS,
    assigned,
    exports,
    given,
    is_key,
    kept,
    open_names,
    outer_names,
    renamed,
)
from codebase_gardener.languages.lexing import BACKTICK, BLOCK, DOUBLE, SINGLE, SLASHES, Lexer
from codebase_gardener.languages.meanings import PLACES, Offer, Place, joined
from codebase_gardener.languages.rows import Bound, Family, Grammar, Language, TypeTests, each, words
from codebase_gardener.languages.symbols import Symbol, TypedName
from codebase_gardener.languages.typescript_callables import callables, called_types, signatures_of

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
(call_expression function: (member_expression) arguments: (arguments (identifier) (object))) @kept
(variable_declarator name: (_) value: [(call_expression) (new_expression) (await_expression)]) @bind
(variable_declarator name: (identifier) value: [(identifier) (member_expression)]) @bind
(arguments [(identifier) (member_expression)] @value)
[(formal_parameters (_) @local) (arrow_function parameter: (identifier) @local) (variable_declarator name: (_) @local)
 (catch_clause parameter: (_) @local) (for_in_statement left: (_) @local)]
(program [(lexical_declaration (variable_declarator name: (identifier) @name))
          (variable_declaration (variable_declarator name: (identifier) @name))])
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name))))
(program (expression_statement (assignment_expression left: (member_expression) right: (_)) @export))
(program (expression_statement (assignment_expression
  right: (assignment_expression left: (member_expression) right: (_)) @export)))
"""

_JSX = """
(([(jsx_opening_element name: (_) @tag) (jsx_self_closing_element name: (_) @tag)]) @call (#match? @tag "^[A-Z]"))
"""  # small letters are elements of HTML

MAX_MODULES = 20_000
_MOST_FILES = 200_000
_MOST_COMMENTS, _MOST_COMMENT = 20, 4_000  # above a signature; bytes of one

_TYPED_ENDING = re.compile(r"(?<!\.d)\.[cm]?tsx?\Z")
_PLAIN = re.compile(r"\.([cm]?)jsx?\Z")
_SOURCES = (".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", ".d.mts", ".d.cts")
"""Endings of files; where several files have the same stem, the first is the source."""
_BUILT = ("dist", "lib", "build", "out", "es", "esm", "cjs", "commonjs", "umd", "types", "node")
"""Folders that compilers write to."""

_RESERVED = words(
    "await break case catch class const continue debugger default delete do else enum export extends false finally for"
    " function if implements import in instanceof interface let new null package private protected public return static"
    " super switch this throw true try typeof undefined var void while with yield"
)
_SPACE_NAME = re.compile(r"\W+|^(?=\d)")
_QUOTES = "\"'`"
_MARKS = re.compile(
    r"(?:@\w+(?:\([^()]{0,200}\))?\s+)*(?:(?:public|private|protected|readonly|override)\s+)*"
)
_CJS = re.compile(r"(?:exports\s*=\s*)?module\.exports\s*=|exports\s*=\s*module")
_VARIANCE = re.compile(
    rb"([<,]\s{0,200}(?:/\*(?:[^*]|\*(?!/)){0,400}\*/\s{0,200})?)((?:in\s{1,9}out|in|out)(?=\s{1,9}[A-Z$_]\w{0,99}\s{0,200}(?:extends\b|[,>=])))"
)
"""TypeScript 4.7's `<in out T>`, which the grammar does not know: blanks stand in its place, so that nothing moves."""


_TYPE_STAR = re.compile(rb"(\bexport\s{1,99})(type)(?=\s{0,99}\*)")
"""TypeScript 5.0's `export type * from`, likewise."""


_CALL_SIGNATURE = re.compile(
    rb"(?m)^[ \t]{0,200}[ \t](?=<\s{0,200}(?:const\s{1,9})?[A-Z]\w{0,99}(?:\s{0,9}[,=]|\s{1,9}extends\b|>\s{0,9}\())"
)
"""`<T>(): T` on a line of its own: after one that no semicolon ends the grammar does not see that another begins."""


def _without_unknown(source: bytes) -> bytes:
    for pattern in (_VARIANCE, _TYPE_STAR):
        source = pattern.sub(lambda found: found[1] + b" " * len(found[2]), source)
    ended = bytearray(source)
    for found in _CALL_SIGNATURE.finditer(source):
        if re.search(rb"[\w)>\]}]\Z", _code_before(source, found.start())):
            ended[found.end() - 1] = ord(";")
    return bytes(ended)


def _code_before(source: bytes, end: int) -> bytes:
    """The line before a place, without blanks and comments at its end."""
    for _ in range(_MOST_COMMENTS):
        text = source[max(0, end - _MOST_COMMENT) : end].rstrip()
        line = text.rpartition(b"\n")[2]
        if text.endswith(b"*/"):
            left = text.rpartition(b"/*")[0]
        elif line.lstrip().startswith(b"//"):
            left = text.removesuffix(line)
        else:
            return line
        end -= len(source[max(0, end - _MOST_COMMENT) : end]) - len(left)
    return b""


# ---- imports of one file


def _imports(node: Node) -> Iterator[Bound]:
    if node.type == "variable_declarator":
        yield from _required(node)
        return
    if node.type == "assignment_expression":
        for outer, value in given(node):
            if _is_require(value):
                yield _module(value), "" if outer else "*", outer or "*"
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


def _erases(node: Node) -> bool:
    """`import type …`, and `import { type … }` where all names have the word."""
    named = [
        one
        for clause in node.named_children
        if clause.type in ("import_clause", "export_clause")
        for one in _parts(clause)
    ]
    return any(one.type == "type" for one in node.children) or (
        bool(named) and all(any(part.type == "type" for part in one.children) for one in named)
    )


def _parts(clause: Node) -> Iterator[Node]:
    for child in clause.named_children:
        if child.type == "named_imports":
            yield from child.named_children
        else:
            yield child


def _requires(node: Node) -> bool:
    """Whether it is a variable (or `module.exports`) that CommonJS' `require("module")` is given to."""
    if node.type == "assignment_expression":
        return any(_is_require(value) for _, value in given(node))
    value = node.child_by_field_name("value") if node.type == "variable_declarator" else None
    return value is not None and _is_require(value)


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
        stem = ENDING.sub("", target)
        return _file_at(units, stem) or _file_at(units, target) or _unbuilt(units, stem)
    known = units.entries.get(module)
    if known is not None:
        return known
    name = module
    while "/" in name:
        name = name.rpartition("/")[0]
        if (entry := units.entries.get(name)) is not None:
            folder = entry.rpartition("/")[0]
            found = _file_at(units, ENDING.sub("", joined(folder, module[len(name) + 1 :])))
            if found:
                return found
    return ""


def _unbuilt(units: Units, stem: str) -> str:
    """The source of a file that only a build writes: nothing of its folder is in the repository."""
    root, name = next(
        (one for one in units.roots if not one[0] or f"{stem}/".startswith(f"{one[0]}/")), ("", "")
    )
    inside = stem.removeprefix(root).strip("/")
    if not inside:  # `..`, the package itself
        return units.entries.get(name, "")
    first = inside.partition("/")[0]
    if first not in _BUILT or units.below(joined(root, first)):
        return ""
    sources = (*_stems(stem, root), *_stems(f"{stem}/index", root))
    return next((found for one in sources if (found := _file_at(units, one))), "")


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
    return _file_at(units, ENDING.sub("", plain))


def _matching(units: Units, folder: str, name: str, path: str) -> Iterator[tuple[str, str]]:
    """What `"./*": "./dist/*.js"` hands out: the files beside the one that the package itself means."""
    package = next((own for root, own in units.roots if root == folder and name.startswith(f"{own}/")), "")
    main = units.entries.get(package, "")
    base = main.rpartition("/")[0]
    own = name[len(package) + 1 :].partition("*")[0]
    for file in units.below(base) if main and ENDING.search(path) else ():
        whole = ENDING.sub("", file.removeprefix(f"{base}/") if base else file)
        if (base == folder and "/" in whole) or "." in whole:
            continue
        for part in dict.fromkeys((whole, whole.removeprefix(own))):
            if _entry(units, folder, path.replace("*", part)) == file:
                yield name.replace("*", part), file


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
            statement = f'import {wanted} from "{module}";'
            if name in _RESERVED and name != "default":  # no variable can be called so
                space = _SPACE_NAME.sub("_", module.rpartition("/")[2])
                statement = f'import * as {space} from "{module}";  // {space}.{name}'
            yield (entity.path, entity.name), Offer(f"{module}.{shown}", statement)
    if not entries:
        yield from _plain_files(spaces)


def _plain_files(spaces: Mapping[str, Space]) -> Iterator[tuple[Place, Offer]]:
    """Without a packaging file: each file by its path."""
    for path, space in spaces.items():
        stem = ENDING.sub("", path)
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
    typed = {ENDING.sub("", path) for path in paths if _TYPED_ENDING.search(path)}
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
    stem = ENDING.sub("", path)
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
    "script", _imports, exports, _hidden, _find, _offers, each(_parameter),
    renamed=renamed,
    renames=True,
    makes_functions=True,
    erases=_erases,
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
    titled=("it", "test", "Deno.test", "t.test", "tap.test", "test.only", "it.only", "test.concurrent"),
    title=re.compile(
        r"(?:(?:Deno|t|tap)\.)?(?:it|test)(?:\.\w+)?\s*\(\s*(?:\"([^\"]{1,120})\"|'([^']{1,120})'|`([^`]{1,120})`)"
    ),
    test_scripts=True,
    # their own documentation on npmjs.com
    type_tests=TypeTests(_TYPED_ENDING, words("check-dts"), words("tsd tsd-lite expect-type tstyche ts-expect")),
    entry=_entry,
    matching=_matching,
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
    _QUERY + _JSX,
    calls=("call_expression", "new_expression"),
    paths={"member_expression": (("object",), ("property",))},
    wrapped={
        "call_expression": ("function",), "new_expression": ("constructor",), "await_expression": (),
        "parenthesized_expression": (), "unary_expression": ("argument",),
        "jsx_opening_element": ("name",), "jsx_self_closing_element": ("name",),
    },
    around=("await_expression", "unary_expression", "parenthesized_expression"),
    plain=("identifier", "member_expression"),
    values=("variable_declarator", "field_definition", "assignment_expression"),
    assigned=assigned,
    casts=CASTS,
    kept=kept,
    is_key=is_key,
    outer_names=outer_names,
    open_names=open_names,
    handed_out=_CJS,
    functions=FUNCTIONS,
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
    overloads=True,
    callables=callables,
    signatures_of=signatures_of,
    called_types=called_types,
    needed="required_parameter",
    typed_declarations={"property_signature": "function_type"},
    field_node="property_signature",
    qualified_types=("nested_type_identifier",),
    code=f"{_QUERY}(type_identifier) @type (type_parameter name: (type_identifier) @parameter)",
    open_fields=declared_name,
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
    variables=re.compile(
        r"(?:process\??|import\.meta)\.env(?:\??\.([A-Z][A-Z0-9_]{1,80})|(?:\?\.)?\[[\"']([A-Z][A-Z0-9_]{1,80})[\"']\])"
        r"|[\"']([A-Z][A-Z0-9_]{1,80})[\"'] in (?:globalThis\.)?process\??\.env\b"
        r"|Deno\.env\.(?:get|has)\([\"']([A-Z][A-Z0-9_]{1,80})[\"']\)"
    ),
    trivial=r"throw new Error\(.*\)", test_stem=r"\.(?:(?:test|spec)(?:-d)?|tst)",
    scripts=r"(?!(?:.*/)?(?:src|lib|app)/)(?:.*/)?(?:[\w.-]+\.config|\.[\w-]+rc)\.[cm]?[jt]sx?",
)  # fmt: skip
TSX = replace(
    TYPESCRIPT, extensions=(".tsx",), interpreters=(), aliases=(),
    grammar=replace(_TYPESCRIPT, function="language_tsx", code=_TYPESCRIPT.code + _JSX),
)  # fmt: skip
JAVASCRIPT = replace(
    TYPESCRIPT, extensions=(".js", ".jsx", ".mjs", ".cjs"), interpreters=("node",),
    aliases=("js", "jsx", "mjs", "node"), grammar=_JAVASCRIPT,
)  # fmt: skip
