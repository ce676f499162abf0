"""Symbols of a source file, with the exact lines they stand on."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from codebase_gardener.utils.anchors import Anchor

__all__ = ["TYPES", "Symbol", "SymbolTable", "TypedName", "constant", "is_public"]

TYPES = ("class", "type", "interface")
"""Kinds of symbols that have members."""

_SHOWN = 160
"""Characters of a constant's statement that are shown."""


class Symbol(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A function, method or class.

    Attributes:
        path: POSIX path of its file.
        qualified_name: Dotted within the file: `Class.method`, `outer.inner`.
        kind: "function", "method" or "class" (for other languages also "type", "interface", "macro").
        language: As in `SourceFile`.
        start: First line, 1-based: the first decorator's.
        end: Last line of the body, inclusive.
        definition_line: The line of `def`, `class`, `func` …
        body_start: First line of the body after signature and docstring (and after a blank line that
            follows the docstring); equal to `end + 1` where there is no further body, 0 where the body
            shares a line with the signature.
        signature: From the definition's keyword to the `:` or `{` (without it), on one line.
        docstring: Cleaned (inspect.cleandoc) docstring or leading comment, else None.
        parameters: Parameter names in order, without `self` and `cls`, with their `*`.
        returns: The return annotation's source, else None.
        bases: For a class, the source of its bases.
        decorators: Source of each decorator, without `@`.
        public: No part of the qualified name begins with an underscore (dunder names count as public).
        is_declaration: Only declared, without a body, as an interface's method.
        docstring_start: First line of the docstring or comment, 0 without one; it may stand above `start`.
        docstring_end: Its last line, inclusive.
        declared: Its declaration, where a file beside its own declares it with types (`.d.ts`).
        inner_name: Its name in its own file, and in the signature, where others know it by another; else "".
        overloads: First and last line of each signature that callers see in place of its own.
        implements: Of a method that its type has for an interface's sake, in a block of its own: the interface as
            written, such as `Visitor<'de>` of Rust's `impl Visitor<'de> for V`.
        left_out: Whether a build that asks for nothing does without it; of Python, whether only type checkers read it.
    """

    path: str
    qualified_name: str
    kind: str
    language: str
    start: int
    end: int
    definition_line: int
    body_start: int
    signature: str
    docstring: str | None
    parameters: tuple[str, ...] = ()
    returns: str | None = None
    bases: tuple[str, ...] = ()
    decorators: tuple[str, ...] = ()
    public: bool = True
    is_declaration: bool = False
    docstring_start: int = 0
    docstring_end: int = 0
    declared: Symbol | None = None
    inner_name: str = ""
    overloads: tuple[tuple[int, int], ...] = ()
    implements: str = ""
    left_out: bool = False

    @property
    def name(self) -> str:
        """The last part of the qualified name."""
        return self.qualified_name.rpartition(".")[2]

    @property
    def is_property(self) -> bool:
        """Whether it is a method that is read as an attribute, without a call."""
        return self.kind == "method" and any(
            one.rpartition(".")[2].endswith("property") for one in self.decorators
        )

    @property
    def anchor(self) -> Anchor:
        """Where it stands."""
        return Anchor(self.path, self.start, self.end)

    @property
    def docstring_anchor(self) -> Anchor | None:
        """Where its docstring or comment stands; None without one."""
        if not self.docstring:
            return self.declared.docstring_anchor if self.declared is not None else None
        return Anchor(self.path, self.docstring_start or self.start, self.docstring_end or self.end)

    @property
    def comment_anchor(self) -> Anchor | None:
        """Where the comment above or after it stands; None where its docstring is inside, or where it has none."""
        found = self.docstring_anchor
        inside = found is None or (
            found.path == self.path and self.start <= found.start <= found.end <= self.end
        )
        return None if inside else found


@dataclass(frozen=True)
class SymbolTable:
    """The symbols of one file, in the order in which they begin.

    Attributes:
        symbols: Those that could be read.
        problem: Why there are none or fewer, such as "syntax error at line 3: kept as text"; else None.
    """

    symbols: tuple[Symbol, ...]
    problem: str | None = None


@dataclass(frozen=True)
class TypedName:
    """A parameter.

    Attributes:
        name: With `...` before one that takes the rest.
        type: As written; "" where there is none.
        default: As written; "".
        required: Whether a call must give it.
    """

    name: str
    type: str = ""
    default: str = ""
    required: bool = True


def constant(
    path: str,
    name: str,
    language: str,
    lines: tuple[int, int],
    text: str,
    docstring: str | None,
    said_at: tuple[int, int],
    *,
    kind: str = "constant",
    public: bool = True,
) -> Symbol:
    """A constant or variable of a file's outer level.

    Args:
        path: Of the file.
        name: Its name.
        language: As in `SourceFile`.
        lines: Of the statement that gives it its value.
        text: Of that statement; its beginning stands as the signature.
        docstring: What is said of it.
        said_at: The lines that say it; zeros where there are none.
        kind: "constant", or "registry" for one that lists definitions.
        public: Whether its file gives it to others; a name with an underscore before it is never public.
    """
    shown = " ".join(text[: 4 * _SHOWN].split())
    return Symbol(
        path=path,
        qualified_name=name,
        kind=kind,
        language=language,
        start=lines[0],
        end=lines[1],
        definition_line=lines[0],
        body_start=0,
        signature=shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…",
        docstring=docstring,
        public=public and is_public(name),
        docstring_start=said_at[0],
        docstring_end=said_at[1],
    )


def is_public(qualified_name: str) -> bool:
    """Whether no part begins with an underscore; dunder names count as public.

    Example:
        >>> is_public("Model.__init__"), is_public("_Cache.get")
        (True, False)
    """
    return all(
        not part.startswith("_") or (len(part) > 4 and part.startswith("__") and part.endswith("__"))
        for part in qualified_name.split(".")
    )
