"""What code says of names: imports, bindings and uses, in any language."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from codebase_gardener.languages.symbols import Symbol

__all__ = ["Binding", "Code", "Import", "Reference"]


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One name that an import binds.

    Attributes:
        line: 1-based, in the file.
        module: As written, without leading dots: "a.b" of `from .a.b import c`; for `import a.b` the same.
        level: Leading dots.
        name: The imported name, "" for `import a.b`, "*" for a star.
        alias: The name it is bound to here: "c", or "a" for `import a.b`; "*" for a star.
        scope: Qualified name of the enclosing definition; "" at module level.
        guarded: Under `try`, or under `if` (such as TYPE_CHECKING or an availability check).
        erased: Whether only the compiler reads it: `import type`.
        again: Whether `as` gives it its own name, with which a stub hands it out.
    """

    line: int
    module: str
    level: int
    name: str
    alias: str
    scope: str = ""
    guarded: bool = False
    erased: bool = False
    again: bool = False


class Binding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A name (or attribute, `self.x`) given something that can be traced.

    Attributes:
        line: 1-based, in the file.
        scope: Qualified name of the enclosing definition; "" at module level.
        name: "x", "self.x".
        value: Dotted source: `A.load` for `x = A.load()`, `A` for `x: A`, `a.b` for `x = a.b`.
        how: "call", "name", "annotation" (also of a parameter), "with", "for", "returns" (name "" : what the scope
            returns by annotation). Further: "literal" (value is a builtin type, such as "dict"), "def" and "class"
            (the name is defined there; value is a base of the class or a decorator, one binding each, or "").
            The value of "with" and "for" ends in `()` where it is a call; "?" is a value that cannot be traced. What
            a container holds is bound to the name with `[]` or `[0]` after it, what a callable gives with `()`:
            "xs[]" to `A` for
            `xs: list[A]`; what a scope returns or yields by statement to "return" and "yield"; what a
            `__getattr__` hands a member on to, by `getattr(value, name)`, to "pass".
        item: Which element of the value it is given, for `a, b = f()`.
        passes: The value is a call on the name itself, or with it among its arguments: `x = x.to(device)`.
        arguments: Of a call, as overloads tell them apart: "0=?,mixed=True,"; "" where it is none or not known. What
            an overload takes is bound with `how` "overload": the name is "mixed", the value "True".
        end: Last line on which it holds, as of a closure's parameter; 0 where that is its scope's.
    """

    line: int
    scope: str
    name: str
    value: str
    how: str
    item: int | None = None
    passes: bool = False
    arguments: str = ""
    end: int = 0


class Reference(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A use of a name: a call, an attribute that is read without one, a base of a class, a name in an annotation, and
    a function that is handed on as a value (in languages that tree-sitter reads: what may be one).

    Attributes:
        start: First line, 1-based, in the file.
        end: Last line, inclusive.
        scope: Qualified name of the enclosing definition; "" at module level.
        name: Dotted source of what is used: "get_peft_model", "model.generate"; a call in the chain is written
            `()`: "A.load().eval"; other expressions `?`: "?.generate".
        kind: "call", "attribute", "decorator", "base", "annotation" or "value".
        keywords: Names of keyword arguments.
        text: The expression on one line, at most 200 characters.
    """

    start: int
    end: int
    scope: str
    name: str
    kind: str
    keywords: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Code:
    """What a piece of code says.

    Attributes:
        imports: Modules stay as the language writes them, with dots for `::`.
        bindings: By line.
        references: In the order of evaluation: of those on one line, the inner ones come first.
        exports: Names that it lets others use.
        names: Constants and variables of the module.
        constants: Those of them that have a value of their own, with their lines and what is said of them.
        tests: Lines that only tests have, in a file that has others; with a title what is tests by itself.
    """

    imports: tuple[Import, ...] = ()
    bindings: tuple[Binding, ...] = ()
    references: tuple[Reference, ...] = ()
    exports: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    constants: tuple[Symbol, ...] = ()
    tests: tuple[tuple[int, int, str], ...] = ()
