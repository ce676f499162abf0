"""Ruby: files are required by path, what they define is visible everywhere, `private` hides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.brackets import split
from codebase_gardener.languages.engine.nodes import text_of
from codebase_gardener.languages.lexing import DOUBLE, HASH, SINGLE, Lexer
from codebase_gardener.languages.meanings import Offer, Place, joined
from codebase_gardener.languages.rows import Bound, Family, Grammar, Language, each, words
from codebase_gardener.languages.symbols import TYPES, Symbol, TypedName

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.engine.linker import Linker
    from codebase_gardener.languages.engine.spaces import Space
    from codebase_gardener.languages.engine.units import Units

__all__ = ["RUBY"]

_QUERY = """
((call method: (identifier) @required) @import (#any-of? @required "require" "require_relative" "load"))
(call) @call
(assignment left: (identifier) right: [(call) (constant) (scope_resolution)]) @bind
(program [(class name: (_) @export) (module name: (_) @export) (method name: (_) @export)])
(assignment left: (constant) @name)
"""

_QUOTES = "\"'`"
_HIDING = ("private", "protected")
_VISIBILITY = (*_HIDING, "public")
_MOST_MEMBERS = 1_000  # of a class whose words of visibility are looked for


# ---- one file


def _imports(node: Node) -> Iterator[Bound]:
    method, arguments = node.child_by_field_name("method"), node.child_by_field_name("arguments")
    given = arguments.named_children if arguments is not None else []
    if method is None or len(given) != 1 or given[0].type != "string":
        return
    module = text_of(given[0]).strip(_QUOTES)
    yield (f"./{module}" if text_of(method) == "require_relative" else module), "*", "*"


def _exports(node: Node) -> Iterator[str]:
    yield text_of(node).replace("::", ".")


def _signature(node: Node, text: str) -> str:
    """With the visibility that words above it give, and with `self.` inside of `class << self`."""
    around = node.parent
    if around is None or node.type not in ("method", "singleton_method"):
        return text
    if around.type == "argument_list" and around.parent is not None:  # `private def …`
        word = around.parent.child_by_field_name("method")
        return f"{text_of(word)} {text}" if word is not None and text_of(word) in _HIDING else text
    if around.parent is not None and around.parent.type == "singleton_class":
        text = text.replace("def ", "def self.", 1)
    above = _visibility(node, around) if around.named_child_count <= _MOST_MEMBERS else ""
    return f"{above} {text}" if above in _HIDING else text


def _visibility(node: Node, around: Node) -> str:
    """The last word above a method, or the one that is given its name."""
    found = ""
    for one in around.named_children:
        if one.type == "identifier" and one.end_byte <= node.start_byte and text_of(one) in _VISIBILITY:
            found = text_of(one)
        elif one.type == "call":
            word, arguments = one.child_by_field_name("method"), one.child_by_field_name("arguments")
            if word is not None and arguments is not None and text_of(word) in _HIDING:
                named = node.child_by_field_name("name")
                if named is not None and f":{text_of(named)}" in map(text_of, arguments.named_children):
                    return text_of(word)
    return found


def _hidden(symbol: Symbol) -> bool:
    return symbol.signature.startswith(_HIDING)


def _is_namespace(node: Node) -> bool:
    """A module that has nothing of its own but other modules and classes."""
    body = node.child_by_field_name("body")
    kinds = {one.type for one in body.named_children} if node.type == "module" and body is not None else {""}
    return kinds <= {"module", "class", "comment", "assignment"} and bool(kinds & {"module", "class"})


def _parameter(part: str) -> TypedName | None:
    keyword = re.match(r"(\w+:)(?!:)\s*(.*)\Z", part, re.DOTALL)
    if keyword:
        return TypedName(keyword[1], "", keyword[2].strip(), not keyword[2])
    name, *given = split(part, "=", _QUOTES)
    is_rest = part.startswith(("*", "&"))
    return TypedName(name.strip(), "", "=".join(given).strip(), not given and not is_rest)


# ---- across files


def _find(units: Units, module: str, importer: str) -> str:
    """Beside the file that asks, or in a folder `lib`."""
    path = module if module.endswith(".rb") else f"{module}.rb"
    if module.startswith("."):
        return units.existing(joined(importer.rpartition("/")[0], path))
    return units.existing(f"lib/{path}") or units.existing(path) or units.ending("", "", f"lib/{path}")


def _offers(linker: Linker, spaces: Mapping[str, Space]) -> Iterator[tuple[Place, Offer]]:
    """Types and functions; a gem's own file requires the others."""
    for path, space in spaces.items():
        root, lib, inside = path.rpartition("lib/") if "/lib/" in path else ("", *_parted(path))
        gem = f"{root}{lib}{inside.partition('/')[0].removesuffix('.rb')}.rb"
        required = (gem if linker.units.existing(gem) else path).removeprefix(root + lib).removesuffix(".rb")
        for name, symbol in space.symbols.items():
            if symbol.kind in (*TYPES, "function") and not _hidden(symbol):
                yield (path, name), Offer(name, f'require "{required}"')


def _parted(path: str) -> tuple[str, str]:
    return ("lib/", path[4:]) if path.startswith("lib/") else ("", path)


_FAMILY = Family(
    "ruby", _imports, _exports, _hidden, _find, _offers, each(_parameter),
    open_constants=lambda _path: True,
    joint="::",
    method_joint=".",
    receivers=("self",),
    maker="new",
    common=words(
        """new each map collect select reject find detect inject reduce first last push pop shift unshift join split
           gsub sub strip chomp match scan to_s to_a to_h to_i to_f to_sym to_json inspect dup clone freeze frozen?
           nil? empty? any? all? none? include? key? keys values size length count sort sort_by min max sum zip
           flatten compact uniq reverse merge merge! fetch dig delete delete_if update concat insert slice take drop
           call puts print write read close open exist? join expand_path basename dirname extname start_with?
           end_with? downcase upcase capitalize is_a? respond_to? send public_send instance_of? kind_of? tap then
           raise name class method methods hash get set add run"""
    ),
    builtins=words(
        """Array Hash String Symbol Integer Float Numeric Object BasicObject Class Module Struct Proc Time Date DateTime
           Kernel File Dir IO Regexp Range Set Exception StandardError RuntimeError ArgumentError TypeError NameError
           NoMethodError NotImplementedError KeyError IndexError LoadError Errno Comparable Enumerable Process Thread
           Mutex ENV ARGV JSON YAML Logger Pathname FileUtils URI Comparator puts print p pp raise require
           require_relative load autoload lambda proc loop format sprintf rand sleep exit abort warn attr_reader
           attr_writer attr_accessor include extend prepend private public protected module_function private_constant
           private_class_method alias_method define_method block_given? binding catch throw super freeze assert
           assert_equal refute assert_nil assert_raises expect describe it should context let before after"""
    ),
    quotes=_QUOTES,
    constructors=("initialize",),
    construction="{path}.new({arguments})",
    is_static=lambda symbol: symbol.signature.startswith("def self."),
    titled=("it", "should", "test", "specify"),
    title=re.compile(r"(?:it|should|test|specify)[ (]+(?:\"([^\"]{1,120})\"|'([^']{1,120})')"),
    comment=re.compile(r"\s*(?:#|$)"),
    doc_comment=re.compile(r"\s*#"),
    by_ending=True,
)  # fmt: skip

RUBY = Language(
    (".rb", ".rake", ".gemspec", ".ru"), "#", True, ("Rakefile", "Gemfile"), ("ruby",), ("rb",),
    # https://docs.ruby-lang.org/en/3.3/keywords_rdoc.html
    lexer=Lexer(
        (HASH,), (DOUBLE, SINGLE),
        "__ENCODING__ __LINE__ __FILE__ BEGIN END alias and begin break case class def defined? do else elsif end "
        "ensure false for if in module next nil not or redo rescue retry return self super then true undef unless "
        "until when while yield",
    ),
    opening="",
    no_body="; end",
    trivial=r"raise NotImplementedError.*|nil|return nil|super",
    grammar=Grammar(
        "tree_sitter_ruby", "language",
        {"method": "function", "singleton_method": "function", "class": "class", "module": "type"},
        _QUERY,
        calls=("call",),
        paths={"call": (("receiver",), ("method",)), "scope_resolution": (("scope",), ("name",))},
        wrapped={"parenthesized_statements": ()},
        leaves=("constant", "self", "super"),
        around=("parenthesized_statements",),
        plain=("identifier", "constant", "scope_resolution"),
        closing="end",
        scopes={"singleton_class": ""},
        types=("singleton_class",),
        is_scope=_is_namespace,
        operators=("operator",),
        signature=_signature,
        marks=re.compile(r"^[ \t]*#+[ \t]?", re.MULTILINE),
        directive=re.compile(r"#!|#[ \t]*(?:frozen_string_literal|rubocop|encoding|typed|-\*-)"),
        bases=("superclass",),
        rest={"splat_parameter": "*", "hash_splat_parameter": "**", "block_parameter": "&"},
    ),
    family=_FAMILY,
    scripts=r".*\.(?:rake|gemspec|ru)",
    test=re.compile(r"test_"),
    variables=re.compile(r"ENV(?:\.fetch\(|\[)[\"']([A-Za-z_]\w{1,80})[\"']()"),
)  # fmt: skip
