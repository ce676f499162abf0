"""The row of a language: what is particular to it, as data and as functions. Each language's file ends in one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codebase_gardener.languages.engine.brackets import QUOTES
from codebase_gardener.languages.lexing import Lexer
from codebase_gardener.languages.meanings import Entity, Offer, Place
from codebase_gardener.languages.symbols import Symbol, TypedName

if TYPE_CHECKING:
    from tree_sitter import Node

    from codebase_gardener.languages.engine.linker import Linker
    from codebase_gardener.languages.engine.spaces import Space
    from codebase_gardener.languages.engine.units import Units
    from codebase_gardener.languages.facts import Import

__all__ = [
    "Bound",
    "Doctest",
    "Family",
    "Fulfilled",
    "Given",
    "Grammar",
    "Language",
    "MacroNames",
    "TokenUse",
    "TypeTests",
    "each",
    "words",
]

Given = tuple[str, "str | Node", "Node | None"]
"""A variable's name; its type, or the value of whose elements it is one (of the nodes in `matching`: that it is); the
node in which that holds."""

Bound = tuple[str, str, str]
"""What an import binds: module, name, alias."""

TokenUse = tuple["Node", "Node", str, str]
"""First and last token, name and kind of a `Reference`."""

NEVER = re.compile(r"(?!)")


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def each(read: Callable[[str], TypedName | None]) -> Callable[[list[str]], Iterable[TypedName | None]]:
    """Reads parameters one by one."""
    return lambda parts: map(read, parts)


def _named_entries(units: Units) -> dict[str, str]:
    return {name: path for name, path in units.entries.items() if name.isidentifier()}


@dataclass(frozen=True)
class Doctest:
    """How the comments of a language hold examples, in fences, that its tools run as tests.

    Attributes:
        comment: What a line of such a comment begins with.
        info: What stands behind the fence of an example in the language itself.
        hidden: What begins a line that is run without being shown.
    """

    comment: re.Pattern[str]
    info: re.Pattern[str]
    hidden: re.Pattern[str]


@dataclass(frozen=True, eq=False)
class Grammar:
    """How a language is read from its syntax tree; types of nodes are those of the wheel's own `node-types.json`.

    Attributes:
        module: The wheel's module.
        function: In it, the function that returns the language.
        kinds: Node type to the symbol's kind; "function" becomes "method" inside a type.
        code: A tree-sitter query. Captures: `import`, a statement that imports; `call`, a call or the making of an
            object; `bind`, a variable with a value; `typed`, a variable with a type; `export`, a declaration that
            others may use (read by the family's `exports`); `name`, a module-level constant or variable; `kept`, a call
            that may give members to its first argument; `value`, a name or path that may be a function handed on;
            `local`, what binds names inside a function; `tokens`, what no grammar reads; `tests`, what the function
            `tests` is asked. Of types: `type`, where one is named; `parameter`, the name of a type parameter; `owner`,
            where it only says whose methods follow.
        calls: Calls, and the making of objects.
        paths: Nodes that are a dotted path (`a.b`, `a::b`, `a->b`): fields of what stands before the dot, fields of
            what stands after it.
        wrapped: Nodes around a path, and the fields in which it is (none for the first child).
        leaves: Words that are a name as an identifier is.
        around: Nodes around a value: awaited, propagated (`f()?`), pointed to (`&T{}`).
        plain: Values that are a name or a path.
        lists: Nodes that hold several names or values of one assignment.
        types_need_body: Whether a type without a body is only a mention of it.
        closing: The word after an empty body, such as "end": then definitions without a body are listed, too.
        aliases: Types whose body is the type that they name.
        whole: Definitions whose body has no node of its own: it is what stands between their braces.
        interfaces: Types that are an interface by the node in their `type` field.
        values: Node types that are symbols only if their value is a function.
        functions: Values that are a function.
        casts: Nodes around a value that only say its type.
        members: Values that are a method wherever they stand.
        scopes: Node types that qualify names without being symbols, and the field that names them.
        types: Those of the scopes that stand for a type.
        implemented: The field of such a scope that names the interface whose methods it holds.
        wrappers: Node types around a definition that belong to it (`export …`, `const …`, `template <…>`).
        naming: Those of the wrappers that name a definition without a name of its own.
        reserved: Words that name no definition: where one seems to, the parser was led astray, as by a macro.
        attributes: Decorators, annotations, attributes.
        attribute: What is written around an attribute's text, as a pattern with one group.
        attribute_mark: What a line of attributes begins with.
        comments: Node types of comments.
        marks: What is no text in a comment.
        directive: A comment for tools.
        braced_later: Bodies that begin before their brace.
        callables: The variables of a file's outer level whose types say how they are called: each with its node, and
            those of its signatures.
        signatures_of: The signatures by which what a type's node defines is called; none where it is not called.
        called_types: The names of the types by which a variable may be called, with `()` of the function that made it.
        declarations: Node types that declare a function without a body (an interface's method, a prototype), to the
            kind; they are listed on request only.
        overloads: Whether callers of what has a body see its declarations in the same file alone.
        typed_declarations: Those of them that declare a function only if their type is such a node.
        owner: The type that a definition's own receiver names: Go's `func (c *Command) Run`.
        assigned: The name of a function that an assignment gives to something, by the file's path where it has none:
            JavaScript's `app.use = function`.
        handed_out: How the signature of a function begins that the file hands out without binding its name.
        kept: What a call gives back of its arguments, with the members that it gives to that, by name: JavaScript's
            `Object.assign(f, {g})`.
        is_key: Whether a function is only what a value has under a key: JavaScript's `{ fire() {} }`.
        open_names: What a file of a path lets others use of its outer level; None where it is all open.
        outer_names: What a file of a path hands out under one other name alone: its own name to that one.
        qualified_types: Nodes of a type's name with what it is qualified by.
        variant: A path that the query captures as `variant` and that names a type with what is before its last part.
        embedded: The types whose members a type has as its own: Go's `struct { Base }`.
        is_scope: Whether a symbol only qualifies names.
        operators: Names that are signs.
        signature: With the words that apply to a definition without standing at it, such as a `private` above it.
        bases: Nodes that hold what a type extends or implements.
        no_base: Nodes in them that are no base.
        no_parameter: Nodes among the parameters that are none.
        plain_parameters: Nodes that are a parameter's name.
        needed: The node of a parameter that a call must give, where a `?` after its name says that it need not.
        rest: Parameters that take the rest.
        given: What a node that the query captures as `typed` says of variables and fields (`Type.field`, and `Type[]`
            for what a type's elements are), where it is no declaration in the manner of C.
        matching: Nodes in which a pattern takes a value apart, besides those that loop over it.
        indexed: Nodes of one element of what stands first in them: `[]` in a dotted name.
        field_node: The node type of a field of a type.
        variant_node: The node type of one of the values that a type of them has.
        open_fields: The names that such a node gives to users of its type.
        renamed: The dotted name of the type that one of `aliases` only gives another name to; "".
        function_type: The node type of a type of functions.
        shared_keyword: What several definitions of types may have before them once.
        tokens: What is used in a node that the query captures as `tokens`, whose own are no tree, by the source.
        defined: The types that a node defines which the query captures as `tokens`.
        tests: Of the nodes that the query captures so, those with what only tests have; and the title of a node that is
            tests by itself, else "".
        prepared: What the parser gets in place of a source, of the same length.
    """

    module: str
    function: str
    kinds: Mapping[str, str]
    code: str
    calls: tuple[str, ...]
    paths: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    wrapped: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    leaves: tuple[str, ...] = ("this", "super")
    around: tuple[str, ...] = ("parenthesized_expression", "unary_expression")
    plain: tuple[str, ...] = ("identifier",)
    lists: tuple[str, ...] = ()
    types_need_body: bool = False
    closing: str = ""
    aliases: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    interfaces: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    casts: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    scopes: Mapping[str, str] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    implemented: str = ""
    wrappers: tuple[str, ...] = ()
    naming: tuple[str, ...] = ()
    reserved: frozenset[str] = frozenset()
    attributes: tuple[str, ...] = ()
    attribute: re.Pattern[str] = re.compile(r"\A@(.*)\Z", re.DOTALL)
    attribute_mark: bytes = b"@"
    comments: tuple[str, ...] = ("comment",)
    marks: re.Pattern[str] = re.compile(
        r"^[ \t]*(?:/\*+!?|\*+/|//[/!]*|\*(?!/))[ \t]?|[ \t]*\*+/[ \t]*$", re.MULTILINE
    )
    directive: re.Pattern[str] = re.compile(
        r"/{4}|//(?:go:|nolint|lint:)|/[/*][ \t]*(?:eslint|@ts-|prettier-|istanbul |c8 |v8 |[#@]__[A-Z_]+__)"
    )
    braced_later: tuple[str, ...] = ()
    callables: Callable[[Node], Mapping[str, tuple[Node, list[Node]]]] = lambda _root: {}
    signatures_of: Callable[[Node], list[Node]] = lambda _node: []
    called_types: Callable[[Node], Iterator[str]] = lambda _node: iter(())
    declarations: Mapping[str, str] = field(default_factory=dict)
    overloads: bool = False
    typed_declarations: Mapping[str, str] = field(default_factory=dict)
    owner: Callable[[Node], str] | None = None
    assigned: Callable[[Node, str], str] | None = None
    handed_out: re.Pattern[str] = NEVER
    kept: Callable[[Node], tuple[Node, Mapping[str, Node]] | None] | None = None
    is_key: Callable[[Node], bool] | None = None
    open_names: Callable[[Node, str], frozenset[str] | None] = lambda _root, _path: None
    outer_names: Callable[[Node, str], Mapping[str, str]] = lambda _root, _path: {}
    qualified_types: tuple[str, ...] = ()
    variant: re.Pattern[str] = NEVER
    embedded: Callable[[Node], Iterable[str]] | None = None
    is_scope: Callable[[Node], bool] | None = None
    operators: tuple[str, ...] = ()
    signature: Callable[[Node, str], str] = lambda _node, text: text
    bases: tuple[str, ...] = ()
    no_base: tuple[str, ...] = ("comment", "type_arguments")
    no_parameter: tuple[str, ...] = ("comment",)
    plain_parameters: tuple[str, ...] = ("identifier",)
    needed: str = ""
    rest: Mapping[str, str] = field(default_factory=dict)
    given: Callable[[Node], Iterator[Given]] | None = None
    matching: tuple[str, ...] = ()
    indexed: tuple[str, ...] = ()
    field_node: str = "field_declaration"
    variant_node: str = ""
    open_fields: Callable[[Node], Iterator[str]] | None = None
    renamed: Callable[[Node], str] | None = None
    function_type: str = ""
    shared_keyword: str = ""
    tokens: Callable[[Node, bytes], Iterator[TokenUse]] | None = None
    defined: Callable[[Node, bytes], Iterator[str]] = lambda _node, _source: iter(())
    tests: Callable[[list[Node], bytes], Iterator[tuple[Node, str]]] | None = None
    prepared: Callable[[bytes], bytes] | None = None

    @property
    def named(self) -> str:
        """A tree-sitter query that captures what may define a name."""
        return f"[{' '.join(f'({name})' for name in dict.fromkeys((*self.kinds, *self.values)))}] @node"

    @property
    def definitions(self) -> str:
        """A tree-sitter query that captures every node of interest to symbols."""
        types = dict.fromkeys(
            [*self.kinds, *self.declarations, *self.values, *self.scopes, *self.wrappers, *self.attributes,
             *self.comments]
        )  # fmt: skip
        return f"[{' '.join(f'({name})' for name in (*types, 'ERROR'))}] @node"


def _static(symbol: Symbol) -> bool:
    return bool(re.match(r"(?:[\w()@]+\s+){0,5}static\b", symbol.signature))


@dataclass(frozen=True)
class Fulfilled:
    """Interfaces, and the types that have their methods.

    Attributes:
        pairs: A type, and an interface that it implements.
        remarks: Of an interface that no type can be told to implement: why, or that each one does.
    """

    pairs: tuple[tuple[Place, Place], ...]
    remarks: Mapping[Place, str]


@dataclass(frozen=True)
class MacroNames:
    """How macros are called, whose names are no other definition's.

    Attributes:
        call: How the text of such a call begins.
        package: The file that stands for the package of a path: a macro is known all over it.
        own: What a path to the own package's begins with.
    """

    call: re.Pattern[str]
    package: Callable[[Units, str], str]
    own: frozenset[str]


@dataclass(frozen=True)
class TypeTests:
    """How tests of types are told that stand beside the code.

    Attributes:
        files: What their paths match.
        checkers: Packages whose program checks the types in every file of a package.
        asserters: Packages that only such tests import.
    """

    files: re.Pattern[str]
    checkers: frozenset[str]
    asserters: frozenset[str]


@dataclass(frozen=True, eq=False)
class Family:
    """Languages that import each other's files, and how they say and link names.

    Attributes:
        name: Of the family.
        imports: What a statement that imports binds. The module is without quotes, with dots for `::`; the name is ""
            where the module itself is bound, "*" where everything is visible (with the alias "*").
        exports: The names that a declaration lets others use.
        hidden: Whether a definition is closed to users of its package, by its signature.
        find: The unit of a module as a file's import writes it; "" for one from outside.
        offers: Everything that users of the package can import, methods left out.
        parameters: The parameters in the text between a signature's parentheses, split at the commas.
        renamed: What is handed out under another name: that name, and the one by which the file of a path knows it.
        erases: Whether only the compiler reads an import.
        requires: Whether a variable with a value, or an exported one, is an import in truth.
        open_constants: Whether a file's constants are open to others, by its path; None where `exports` says which are.
        joint: Between the parts of a path in code: "." or "::".
        method_joint: Between a type and its own method, where that is another.
        receivers: Names that mean the object itself inside its methods.
        receiver_classes: Those of them that mean its class.
        maker: The method of a class that makes its object, where a call of the class itself does not.
        wrappers: Types that only hold what a function really gives.
        common: Methods of the language's own types, by whose name alone nothing can be told.
        keeping: Methods of the language's own types that give what they hold, or what holds the same.
        changing: Such methods whose name says nothing of what they give, besides the common ones.
        free_values: Whether a value may have members that no type of the repository has, under any name: then a
            method's name alone says nothing of a value whose type is not known.
        typed_values: Whether code says the type of each of its values, so that a method's name alone says nothing of
            any but those that a document leaves out.
        names_interfaces: Whether a file names each interface of whose methods it calls one.
        builtins: Names of the language itself.
        quotes: What text stands between.
        receiver: The receiver that a method's signature names.
        bound: The types that a function asks of its type parameter of a name, as written; "".
        constructors: Methods that make the object of their class, besides those of its name.
        construction: How an object is made: `{name}` of the class, its `{path}`, `{arguments}`.
        is_static: Whether a method is called on the type.
        renames: Whether a package may offer something under another name than its file does.
        makes_functions: Whether a call may make a function that a constant then names and others call by it.
        results_told: Whether a function whose signature has no result returns nothing.
        by_package: Whether a function is called by its package's name and its own.
        one_list: Whether its packaging file lists what only tests need with what users need, by the imports' names.
        erased: Kinds that only the compiler knows.
        is_top: Whether users meet a public name first, by the name.
        tests_anywhere: Whether tests stand beside what they test.
        titled: Calls that run a test with a title, `test("title", …)`.
        title: The call's text with the title as a group.
        test_scripts: Whether a file of tests that has no test and hands nothing out is one as a whole.
        type_tests: How files that only check types are told; None where there are none.
        comment: A line of a comment that is none for documentation, or an attribute, or blank.
        doc_comment: A line of a comment for documentation.
        doctest: How its comments hold examples that its tools run; None where they do not.
        named_comment: Whether a comment that begins with a definition's name documents it.
        package_comment: How the line begins whose comment above describes a folder as a whole; "" for none.
        unit: The unit of import that a file belongs to; a folder's has a mark with a colon: "go:folder".
        matching: The names and files that an entry with a `*` means, given the folder, the name and the path.
        entry: The file that a packaging file's entry means, given the folder; None where it names a root alone.
        better: Whether an entry's file is better than the one known before.
        root_names: Names that documents use for a package without an import, with their units.
        imported: What an import means, where names are not simply of a unit.
        own_members: Whether a method names its object's members without saying whose they are.
        by_ending: Whether definitions of other files are visible without a name of their file (an `#include`, a
            `require`): then the end of its qualified name tells a definition.
        submodules: Whether a module may hold others that are files of their own.
        paths_need_no_import: Whether a path may begin with a package that no statement imports: `itoa::Buffer::new()`.
        variant: A member's name by which a type has values of its own: Rust's `Level::Info`.
        inside: The statements by which the package's own files import of each other, the best of each place first.
        macros: How macros are called; None where they are not told from functions.
        declarations: The file that would declare, with types, what the file of a path defines; "".
        fulfilled: What types implement, where none says which interfaces those are.
        compiled: Files that a compiler wrote from others, given all paths and the folders of packaging files.
        conditions: What a file, or code in it, is built on, with its line, by path and text: systems, versions, tags.
        leaves_out: Whether a build that asks for nothing leaves the file out, by path and text.
        is_left_out: Whether it leaves out what has these attributes, with these features on; None where they are not
            known, and tell nothing.
    """

    name: str
    imports: Callable[[Node], Iterator[Bound]]
    exports: Callable[[Node], Iterator[str]]
    hidden: Callable[[Symbol], bool]
    find: Callable[[Units, str, str], str]
    offers: Callable[[Linker, Mapping[str, Space]], Iterator[tuple[Place, Offer]]]
    parameters: Callable[[list[str]], Iterable[TypedName | None]]
    renamed: Callable[[Node, str], Iterator[tuple[str, str]]] = lambda _node, _path: iter(())
    erases: Callable[[Node], bool] = lambda _node: False
    requires: Callable[[Node], bool] = lambda _node: False
    open_constants: Callable[[str], bool] | None = None
    joint: str = "."
    method_joint: str = ""
    receivers: tuple[str, ...] = ("this",)
    receiver_classes: tuple[str, ...] = ()
    maker: str = ""
    wrappers: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    keeping: frozenset[str] = frozenset()
    changing: frozenset[str] = frozenset()
    free_values: bool = False
    typed_values: bool = False
    names_interfaces: bool = False
    builtins: frozenset[str] = frozenset()
    quotes: str = QUOTES
    receiver: Callable[[Symbol], TypedName | None] = lambda _symbol: None
    bound: Callable[[Symbol, str], str] = lambda _symbol, _name: ""
    constructors: tuple[str, ...] = ("constructor",)
    construction: str = "new {name}({arguments})"
    is_static: Callable[[Symbol], bool] = _static
    renames: bool = False
    makes_functions: bool = False
    by_package: bool = False
    results_told: bool = False
    one_list: bool = False
    erased: tuple[str, ...] = ()
    is_top: Callable[[str], bool] = bool
    tests_anywhere: bool = False
    titled: tuple[str, ...] = ()
    title: re.Pattern[str] = NEVER
    test_scripts: bool = False
    type_tests: TypeTests | None = None
    comment: re.Pattern[str] = re.compile(r"\s*(?:/[/*]|\*|@|#\[|\[\[|\w[^*/]*\*/|$)")
    doc_comment: re.Pattern[str] = re.compile(r"\s*(?:/\*[*!]|//[/!])")
    doctest: Doctest | None = None
    named_comment: bool = False
    package_comment: str = ""
    unit: Callable[[str], str] = str
    entry: Callable[[Units, str, str], str] | None = None
    matching: Callable[[Units, str, str, str], Iterable[tuple[str, str]]] = lambda *_: ()
    better: Callable[[str, str], bool] = lambda _found, _known: False
    root_names: Callable[[Units], dict[str, str]] = _named_entries
    imported: Callable[[Linker, Space, Import], Entity | None] | None = None
    own_members: bool = False
    by_ending: bool = False
    submodules: bool = False
    paths_need_no_import: bool = False
    variant: re.Pattern[str] = NEVER
    inside: Callable[[Linker, Mapping[str, Space]], Iterator[tuple[Place, str]]] = lambda _linker, _spaces: (
        iter(())
    )
    macros: MacroNames | None = None
    declarations: Callable[[str], str] = lambda _path: ""
    fulfilled: Callable[[Linker, Mapping[str, Space]], Fulfilled] | None = None
    compiled: Callable[[list[str], list[str]], frozenset[str]] = lambda _paths, _roots: frozenset()
    conditions: Callable[[str, str], Iterator[tuple[int, str]]] = lambda _path, _text: iter(())
    leaves_out: Callable[[str, str], bool] = lambda _path, _text: False
    is_left_out: Callable[[Sequence[str], Collection[str] | None], bool] | None = None


@dataclass(frozen=True, eq=False)
class Language:
    """How a language is told, and how it is read.

    Attributes:
        extensions: With their dot, lower case.
        comment: What begins a comment that runs to the end of the line; "" where there is none.
        code: A programming language, rather than docs, markup or configuration.
        filenames: Whole file names.
        interpreters: Names in a `#!` line.
        aliases: Other names in documents: Pygments', GitHub's (linguist) and Sphinx's directives.
        lexer: How it is coloured.
        opening: What stands between a signature and its body.
        no_body: What stands for a member's body.
        trivial: Statements that alone make no body, as a pattern.
        grammar: Where tree-sitter reads it.
        family: Where tree-sitter reads it: how its names are linked.
        scripts: Paths of files that build, run or pack programs and are none, as a pattern.
        test_stem: What a test file's name ends in before its ending, as a pattern.
        test: What in its decorators makes a function a test, else what its name begins with.
        test_word: What in a test's name says no more than that.
        example: Names of those tests that documentation shows.
        variables: How code reads a variable of the environment; one of two groups is its name.
        set_by_tools: Names of those that the build sets itself, for the code that it runs.
        told_version: How a document asks for a version of it, `version`, or a later one; `name` is what asks.
        built_with: How a file says on which condition it is built; one group is the condition.
        own_tag: In a condition a tag that the project itself made, not one of the system or the tools.
        error: The type by which functions return errors; "" where they are raised.
        errors: How a line makes or returns one; one of its groups is the error.
    """

    extensions: tuple[str, ...]
    comment: str = ""
    code: bool = False
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    lexer: Lexer | None = None
    opening: str = " {"
    no_body: str = ";"
    trivial: str = "return"
    grammar: Grammar | None = None
    family: Family | None = None
    scripts: str = ""
    test_stem: str = ""
    test: re.Pattern[str] = NEVER
    test_word: re.Pattern[str] = re.compile(r"[Tt]est(?=[A-Z_\d])_?")
    example: re.Pattern[str] = NEVER
    variables: re.Pattern[str] = NEVER
    set_by_tools: re.Pattern[str] = NEVER
    told_version: re.Pattern[str] = NEVER
    built_with: re.Pattern[str] = NEVER
    own_tag: re.Pattern[str] = NEVER
    error: str = ""
    errors: re.Pattern[str] | None = None

    @property
    def ending(self) -> str:
        """A pattern of how its files' names end."""
        return rf"\.(?i:{'|'.join(re.escape(one[1:]) for one in self.extensions)})$"
