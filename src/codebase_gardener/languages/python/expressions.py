"""What a Python expression is called, what type it names, and how it reads on one line."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from inspect import cleandoc

from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.utils.anchors import split_lines

__all__ = [
    "OPERATORS",
    "OneLine",
    "annotated",
    "annotated_doc",
    "arguments_of",
    "bare_type",
    "bindable",
    "dotted",
    "is_bare_mark",
    "literals",
    "named_types",
    "passes",
    "strings",
    "value_of",
]

MAX_LINKS = 40
"""A chain with more links is cut off: its names would grow with the square of its length."""
MAX_NAME = 300
MAX_TEXT = 200
_MOST_ARGUMENTS = 12
_LONGEST_CONSTANT = 20

_FIRST = {"Annotated", "Final", "ClassVar", "Required", "NotRequired", "Awaitable", "ReadOnly", "InitVar"}
_ALL = {"Optional", "Union"}
_CONTAINERS = {
    "list", "set", "frozenset", "deque", "sequence", "mutablesequence", "iterable", "iterator", "generator",
    "asynciterable", "asynciterator", "asyncgenerator", "collection", "abstractset", "mutableset",
    "contextmanager", "abstractcontextmanager", "asynccontextmanager", "abstractasynccontextmanager",
}  # fmt: skip
_LITERALS: dict[type[ast.AST], str] = {
    ast.JoinedStr: "str", ast.List: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict",
    ast.Set: "set", ast.SetComp: "set", ast.Tuple: "tuple", ast.GeneratorExp: "generator", ast.Compare: "bool",
}  # fmt: skip

_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.MatMult: "matmul", ast.Div: "truediv",
    ast.FloorDiv: "floordiv", ast.Mod: "mod", ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift",
    ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor", ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert",
}  # fmt: skip
OPERATORS = frozenset(f"__{side}{name}__" for name in (*_OPERATORS.values(), "getitem") for side in ("", "r"))
"""The methods that operators call, as `dotted` writes them."""


class OneLine:
    """Pieces of a source on one line, cut at `MAX_TEXT` characters; lines and columns as `ast` has them."""

    def __init__(self, text: str) -> None:
        self._lines = split_lines(text)
        self._encoded: dict[int, bytes] = {}

    def text(self, node: ast.expr) -> str:
        """The source of an expression."""
        first, last = node.lineno, node.end_lineno or node.lineno
        column, end = node.col_offset, node.end_col_offset or 0
        if first == last:
            line = self._lines[first - 1]
            if end - column <= MAX_TEXT and line.isascii():
                return line[column:end]
            return _short(self._piece(first, column, end))
        pieces = [self._piece(first, column, None)]
        for number in range(first + 1, last + 1):
            if sum(map(len, pieces)) > MAX_TEXT:
                break
            pieces.append(self._piece(number, 0, end if number == last else None).strip())
        return _short(_joined(pieces))

    def _piece(self, number: int, start: int, end: int | None) -> str:
        line = self._lines[number - 1]
        stop = min(start + 4 * MAX_TEXT, end if end is not None else len(line) * 4)
        if line.isascii():
            return line[start:stop]
        if number not in self._encoded:
            self._encoded = {number: line.encode("utf-8", "surrogatepass")}
        return self._encoded[number][start:stop].decode("utf-8", "ignore")


def _joined(pieces: list[str]) -> str:
    text = pieces[0].rstrip()
    for piece in pieces[1:]:
        gap = "" if text.endswith(("(", "[", "{")) or piece.startswith((")", "]", "}", ".")) else " "
        text += gap + piece
    return text


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def dotted(node: ast.expr) -> str:
    """The dotted source of a chain: a call in it is `()`, a literal its type's call, anything else `?`.

    An operator is a call of the method that it stands for.

    Example:
        >>> dotted(ast.parse("A.load(x).eval").body[0].value), dotted(ast.parse("'a'.join").body[0].value)
        ('A.load().eval', 'str().join')
        >>> dotted(ast.parse("(a[0] + b).c").body[0].value)
        'a.__getitem__().__add__().c'
    """
    parts: list[str] = []
    calls, current = "", node
    for _ in range(MAX_LINKS):
        if isinstance(current, ast.Attribute):
            parts.append(current.attr + calls)
            calls, current = "", current.value
        elif isinstance(current, ast.Call):
            calls, current = calls + "()", current.func
        elif isinstance(current, (ast.Await, ast.NamedExpr)):
            current = current.value
        elif operated := _operated(current):
            parts.append(operated[1] + "()" + calls)
            calls, current = "", operated[0]
        else:
            break
    parts.append(_root(current) + calls)
    name = ".".join(reversed(parts))
    return name if len(name) <= MAX_NAME else "?"


def _operated(node: ast.expr) -> tuple[ast.expr, str] | None:
    """What an operator's method is called on, and its name: of the right side where the left one is a literal."""
    if isinstance(node, ast.Subscript):
        return node.value, "__getitem__"
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return node.operand, f"__{_OPERATORS[type(node.op)]}__"
    if not isinstance(node, ast.BinOp):
        return None
    name = _OPERATORS[type(node.op)]
    return (node.right, f"__r{name}__") if _literal(node.left) else (node.left, f"__{name}__")


def _root(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    literal = _literal(node)
    return f"{literal}()" if literal else "?"


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return type(node.value).__name__ if node.value is not None and node.value is not ... else ""
    return _LITERALS.get(type(node), "")


def bindable(node: ast.expr | None) -> str:
    """ "x" or "self.x"; "" for other targets."""
    if isinstance(node, ast.Starred):
        node = node.value
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}" if node.value.id in ("self", "cls") else ""
    return ""


def passes(name: str, value: ast.expr) -> bool:
    """Whether a value is a call on the name itself, or with it among its arguments."""
    if isinstance(value, ast.Await):
        value = value.value
    if not isinstance(value, ast.Call):
        return False
    root: ast.expr = value.func
    while isinstance(root, (ast.Attribute, ast.Call)):
        root = root.value if isinstance(root, ast.Attribute) else root.func
    return any(bindable(node) == name for node in (root, *value.args))


def strings(node: ast.expr) -> Iterator[str]:
    """The strings of a list, or of lists that are added."""
    pending: list[ast.expr] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, ast.BinOp):
            pending.extend((current.right, current.left))
        elif isinstance(current, (ast.List, ast.Tuple, ast.Set)):
            pending.extend(reversed(current.elts))
        elif isinstance(current, ast.Starred):
            pending.append(current.value)
        elif isinstance(current, ast.Constant) and isinstance(current.value, str):
            yield current.value


def value_of(node: ast.expr | None) -> Iterator[tuple[str, str]]:
    """What a name is given, as (value, how) of a `Binding`: several for `a if c else b`."""
    pending = [node]
    for _ in range(MAX_LINKS):
        if not pending:
            return
        current = pending.pop(0)
        if isinstance(current, (ast.Await, ast.NamedExpr)):
            pending.insert(0, current.value)
        elif isinstance(current, ast.IfExp):
            pending[:0] = [current.body, current.orelse]
        elif isinstance(current, ast.BoolOp):
            pending[:0] = current.values
        elif isinstance(current, ast.Call):
            yield dotted(current.func), "call"
        elif isinstance(current, (ast.Name, ast.Attribute)):
            yield dotted(current), "name"
        elif current is not None and _operated(current):
            yield dotted(current).removesuffix("()"), "call"
        elif current is not None and not (isinstance(current, ast.Constant) and current.value is None):
            literal = _literal(current)
            yield (literal, "literal") if literal else ("?", "name")


def arguments_of(node: ast.expr | None) -> str:
    """The arguments of a call as an overload tells them apart: constants, and `?` for other values; "" of no call.

    Example:
        >>> arguments_of(ast.parse("f(x, 1, mixed=True)").body[0].value)
        '0=?,1=1,mixed=True,'
    """
    while isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call):
        return ""
    values = enumerate(node.args)
    given = [("*" if isinstance(value, ast.Starred) else str(at), value) for at, value in values]
    given += [(keyword.arg or "*", keyword.value) for keyword in node.keywords]
    return sys.intern(
        "".join(f"{name}={_constant(value)}," for name, value in given[:_MOST_ARGUMENTS]) or ","
    )


def literals(annotation: ast.expr | None) -> tuple[str, ...]:
    """The values of `Literal[…]`; () of other annotations."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = _quoted(annotation.value)
    if isinstance(annotation, ast.Constant) and annotation.value is None:
        return ("None",)
    if not isinstance(annotation, ast.Subscript) or dotted(annotation.value).rpartition(".")[2] != "Literal":
        return ()
    inside = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    return tuple(_constant(each) for each in inside)


def _constant(node: ast.expr) -> str:
    if not isinstance(node, ast.Constant):
        return "?"
    text = repr(node.value)
    return text if len(text) <= _LONGEST_CONSTANT and not set(text) & set(",=?") else "?"


def annotated(node: ast.expr | None) -> Iterator[tuple[str, str, str]]:
    """The types that an annotation names, as (suffix, dotted, how): `list[A]` gives ("[]", "A", "annotation").

    Unions give each of their members; `type[A]` gives ("", "A", "name").
    """
    pending: list[tuple[ast.expr | None, str]] = [(node, "")]
    for _ in range(MAX_LINKS):
        if not pending:
            return
        current, suffix = pending.pop(0)
        if isinstance(current, ast.Constant) and isinstance(current.value, str):
            current = _quoted(current.value)
        if isinstance(current, ast.BinOp):
            pending[:0] = [(current.left, suffix), (current.right, suffix)]
        elif isinstance(current, (ast.Name, ast.Attribute)):
            yield suffix, dotted(current), "annotation"
        elif isinstance(current, ast.Subscript):
            inside = list(current.slice.elts) if isinstance(current.slice, ast.Tuple) else [current.slice]
            types, within = _generic(dotted(current.value), inside, suffix)
            yield from ((suffix, value, how) for value, how in types)
            pending[:0] = within


def is_bare_mark(annotation: ast.expr) -> bool:
    """Whether an annotation marks a name without telling its type: `Final`, `ClassVar`, `TypeAlias`."""
    named = isinstance(annotation, (ast.Name, ast.Attribute))
    return named and dotted(annotation).rpartition(".")[2] in ("Final", "ClassVar", "TypeAlias")


def _generic(
    name: str, inside: list[ast.expr], suffix: str
) -> tuple[list[tuple[str, str]], list[tuple[ast.expr | None, str]]]:
    """What `name[inside]` names itself, as (value, how), and the annotations in it that are still to be read."""
    last = name.rpartition(".")[2]
    first = inside[0] if inside else None
    types = [(name, "annotation")]
    within: list[tuple[ast.expr | None, str]] = []
    if last in _ALL:
        types, within = [], [(child, suffix) for child in inside]
    elif last in _FIRST:
        types, within = [], [(first, suffix)]
    elif last == "Coroutine":
        types, within = [], [(inside[-1] if inside else None, suffix)]
    elif last in ("type", "Type"):
        types = list(value_of(first))
    elif last == "Literal":
        types = [(name, "literal") for name in dict.fromkeys(filter(None, map(_literal, inside)))]
    elif last in ("tuple", "Tuple"):
        types = [("tuple", "literal")]
        within = [(child, f"[{at}]") for at, child in enumerate(inside[:9])] if not suffix else []
    elif last == "Callable" and len(inside) == 2 and not suffix:
        within = [(inside[1], "()")]
    elif last.lower() in _CONTAINERS and not suffix:
        within = [(first, "[]")]
    return types, within


def _quoted(text: str) -> ast.expr | None:
    text = text.strip()
    if len(text) > MAX_TEXT:
        return None
    if text.isidentifier():
        return ast.Name(text, ast.Load())
    tree = parse_python(f"({text})")
    if isinstance(tree, str) or not tree.body or not isinstance(tree.body[0], ast.Expr):
        return None
    return tree.body[0].value


def bare_type(annotation: ast.expr) -> ast.expr:
    """The type of an annotation: `A` of `Annotated[A, …]`."""
    inside = _annotated_parts(annotation)
    return inside[0] if inside else annotation


def annotated_doc(annotation: ast.expr | None) -> str:
    """What `Annotated[A, Doc("…")]` says, in paragraphs; "".

    Example:
        >>> annotated_doc(ast.parse("Annotated[int, Doc('How many.')]", mode="eval").body)
        'How many.'
    """
    for part in _annotated_parts(annotation)[1:]:
        if isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] == "Doc" and part.args:
            return cleandoc(next(strings(part.args[0]), ""))
    return ""


def _annotated_parts(annotation: ast.expr | None) -> list[ast.expr]:
    if not isinstance(annotation, ast.Subscript) or not isinstance(annotation.slice, ast.Tuple):
        return []
    return list(annotation.slice.elts) if dotted(annotation.value).rpartition(".")[2] == "Annotated" else []


_BUILTIN_TYPES = frozenset(name for name in dir(builtins) if isinstance(getattr(builtins, name), type))


def named_types(annotation: ast.expr | None) -> Iterator[ast.Name | ast.Attribute]:
    """The names in an annotation, builtins left out, strings left as they are, at most `MAX_LINKS`.

    Example:
        >>> [dotted(node) for node in named_types(ast.parse("dict[str, a.Pot] | Lid", mode="eval").body)]
        ['a.Pot', 'Lid']
    """
    pending = [annotation]
    for _ in range(MAX_LINKS):
        if not pending:
            return
        node = pending.pop(0)
        if isinstance(node, ast.Attribute):
            yield node
        elif isinstance(node, ast.Name):
            if node.id not in _BUILTIN_TYPES:
                yield node
        elif isinstance(node, ast.Subscript):
            pending[:0] = [node.value, node.slice]
        elif isinstance(node, (ast.Tuple, ast.List)):
            pending[:0] = node.elts
        elif isinstance(node, ast.BinOp):
            pending[:0] = [node.left, node.right]
