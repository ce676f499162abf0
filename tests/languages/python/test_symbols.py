from __future__ import annotations

import ast
import random
import textwrap
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import codebase_gardener
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.symbols import Symbol, SymbolTable
from codebase_gardener.utils.anchors import Anchor, split_lines


def table(text: str) -> SymbolTable:
    return symbols_of("a.py", text, "python")


def symbols(text: str) -> dict[str, Symbol]:
    return {symbol.qualified_name: symbol for symbol in table(text).symbols}


SOURCE = '''\
import os


@first
@second(
    1,
)
async def outer(a, /, b: int = 1, *args: str, c=lambda x: x, **kw) -> dict[str, int]:
    """Do it.

        More.
    """

    # a comment
    def inner():
        return 1
    return inner


class Base(A, metaclass=M): pass


class Model(
    Base,  # the base
    Generic[T],
):
    """Docs."""
    x = 1

    @property
    def value(self) -> int: return 1

    @staticmethod
    def make(self, n): ...

    class _Meta:
        def __init__(self): pass

    if x:
        def maybe(cls, *, key): return key
    else:
        def maybe(cls): return None


try:
    def tried(): pass
except E:
    def tried(): "doc"
finally:
    for _ in x:
        with y:
            def deep(): pass
'''


def test_everything_is_found_in_order() -> None:
    assert [(s.qualified_name, s.kind, s.start, s.end) for s in table(SOURCE).symbols] == [
        ("outer", "function", 4, 17),
        ("outer.inner", "function", 15, 16),
        ("Base", "class", 20, 20),
        ("Model", "class", 23, 42),
        ("Model.value", "method", 30, 31),
        ("Model.make", "method", 33, 34),
        ("Model._Meta", "class", 36, 37),
        ("Model._Meta.__init__", "method", 37, 37),
        ("Model.maybe", "method", 40, 40),
        ("Model.maybe", "method", 42, 42),
        ("tried", "function", 46, 46),
        ("tried", "function", 48, 48),
        ("deep", "function", 52, 52),
    ]


def test_the_fields_of_a_function() -> None:
    outer = symbols(SOURCE)["outer"]
    assert outer.anchor == Anchor("a.py", 4, 17)
    assert (outer.definition_line, outer.body_start, outer.name, outer.public) == (8, 14, "outer", True)
    assert outer.signature == (
        "async def outer(a, /, b: int = 1, *args: str, c=lambda x: x, **kw) -> dict[str, int]"
    )
    assert outer.docstring == "Do it.\n\nMore."
    assert outer.comment_anchor is None
    assert outer.parameters == ("a", "b", "*args", "c", "**kw")
    assert outer.returns == "dict[str, int]"
    assert outer.decorators == ("first", "second(1,)")


def test_the_fields_of_classes_and_methods() -> None:
    found = symbols(SOURCE)
    assert (found["Model"].signature, found["Model"].bases) == (
        "class Model(Base, Generic[T])",
        ("Base", "Generic[T]"),
    )
    assert (found["Base"].bases, found["Base"].body_start) == (("A",), 0)
    assert found["Model"].body_start == 28
    assert found["Model.value"].parameters == ()
    assert found["Model.make"].parameters == ("n",)
    assert found["Model.maybe"].parameters == ()
    assert not found["Model._Meta"].public and not found["Model._Meta.__init__"].public


@pytest.mark.parametrize(
    ("text", "body_start"),
    [
        ("def f(): return 1\n", 0),
        ("def f():\n    return 1\n", 2),
        ("def f(\n    a,\n):\n    return 1\n", 4),
        ('def f():\n    """d"""\n    return 1\n', 3),
        ('def f():\n    """d"""\n\n    return 1\n', 4),
        ('def f():\n    """d\n    e\n    """\n\n    # c\n    return 1\n', 6),
        ('def f():\n    """d"""\n', 3),
        ('def f():\n    """d"""; return 1\n', 0),
        ('def f(): """d"""\n', 0),
        ("def f():\n    # c\n    return 1\n", 2),
        ("def f():\n\n    return 1\n", 3),
        ("def f() -> (\n    int\n): return 1\n", 0),
        ("def f(a=':', b={1: 2}, c=x[1:2]):  # :\n    return 1\n", 2),
        ("def f() -> lambda: 1:\n    return 1\n", 2),
        ("def f(\n    a=')',  # ):\n    b=1): return 1\n", 0),
        ("def f(a) \\\n    -> int:\n    return 1\n", 3),
        ("def f():\n    @d\n    def g(): pass\n", 2),
        ('def f():\n    b"no docstring"\n    return 1\n', 2),
        ('def f():\n    f"no docstring"\n    return 1\n', 2),
    ],
)
def test_where_the_body_starts(text: str, body_start: int) -> None:
    assert table(text).symbols[0].body_start == body_start


@pytest.mark.parametrize(
    ("text", "signature"),
    [
        ("def f(a, b): pass", "def f(a, b)"),
        ("def  f( a ):\n  pass", "def  f( a )"),
        ("def f(\n    a,  # first, (\n    b='# no',\n) -> int:\n    pass", "def f(a, b='# no') -> int"),
        ("def f(a='''x\ny'''):\n    pass", "def f(a='''x\\ny''')"),
        ("class A:\n    pass", "class A"),
        ("class Ä(größe.Base): pass", "class Ä(größe.Base)"),
        ("def f(ä='ö', *, b: 'ü' = 1) -> 'é': pass", "def f(ä='ö', *, b: 'ü' = 1) -> 'é'"),
        ("def f(a=(1,\n)): pass", "def f(a=(1,))"),
    ],
)
def test_signatures_stand_on_one_line(text: str, signature: str) -> None:
    assert table(text).symbols[0].signature == signature


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x = 1\ny = \ndef f(:\n", "syntax error at line 2: kept as text"),
        ("print 'python 2'\n", "syntax error at line 1: kept as text"),
        ("x = 1\0\n", "syntax error at line 1: kept as text"),
        ("  indented\n", "syntax error at line 1: kept as text"),
    ],
)
def test_what_does_not_parse_is_a_problem(text: str, problem: str) -> None:
    assert table(text) == SymbolTable((), problem)


N = 100_000
DEEP = {
    "minus": "-" * N + "1", "not": "not " * N + "1", "parentheses": "(" * N + ")" * N, "lambda": "lambda:" * N + "1",
    "attributes": "a" + ".a" * N, "sums": "a" + "+a" * N, "calls": "a" + "()" * N, "powers": "a" + "**a" * N,
    "conditions": "a if a else " * N + "a", "elif": "if a:\n pass\n" + "elif a:\n pass\n" * N,
    "indents": "".join(" " * i + "if 1:\n" for i in range(3000)) + " " * 3000 + "pass\n",
    "f-strings": "f'{a:" + "{a:" * 3000 + "}" * 3000 + "}'", "digits": "1" * 5000,
    "decorators": "@a\n" * N + "def f(): pass",
    "mixed": ("(" + "-" * 25) * 190 + "1" + ")" * 190,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("stack_bytes", [0, 256 * 1024])
def test_no_source_crashes_the_interpreter(name: str, stack_bytes: int) -> None:
    """Without the room that `parse_python` gives it, CPython 3.11 ends with a segmentation fault on some of these."""
    answers: list[SymbolTable] = []
    restored = threading.Event()  # or this thread would put back the small size that it found
    before = threading.stack_size(stack_bytes)
    thread = threading.Thread(target=lambda: restored.wait() and answers.append(table(DEEP[name] + "\n")))
    thread.start()
    threading.stack_size(before)
    restored.set()
    thread.join()
    assert isinstance(answers[0], SymbolTable)


def test_parsing_on_many_threads_leaves_the_stack_size_as_it_was() -> None:
    before = threading.stack_size()
    with ThreadPoolExecutor(8) as threads:
        assert all(isinstance(tree, ast.Module) for tree in threads.map(parse_python, ["a = 1\n"] * 2000))
    assert threading.stack_size() == before


def test_a_long_elif_chain_is_read() -> None:
    text = "if a:\n def f(): pass\n" + "elif a:\n def f(): pass\n" * 900
    assert len(table(text).symbols) == 901


def test_warnings_of_their_code_are_not_ours() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(table("def f():\n    return '\\d' is 1\n").symbols) == 1


def own_sources() -> list[Path]:
    return sorted(Path(codebase_gardener.__file__).parent.rglob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [*own_sources()[::3], Path(ast.__file__), Path(random.__file__), Path(textwrap.__file__)]
)
def test_every_range_is_the_syntax_trees(path: Path) -> None:
    check_against_ast(path.read_text(encoding="utf-8"))


def check_against_ast(text: str) -> None:
    """Each symbol's range is the tree's, its lines alone give the definition, and its parts fit together."""
    found = table(text)
    assert found.problem is None
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = sorted(
        (min([n.lineno, *(d.lineno for d in n.decorator_list)]), n.end_lineno, n.name)
         for n in ast.walk(ast.parse(text)) if isinstance(n, kinds)
    )  # fmt: skip
    assert sorted((s.start, s.end, s.name) for s in found.symbols) == nodes
    lines = split_lines(text)
    docstrings = {
        (n.lineno, n.name): ast.get_docstring(n) for n in ast.walk(ast.parse(text)) if isinstance(n, kinds)
    }
    for symbol in found.symbols:
        own_lines = "\n".join(lines[symbol.start - 1 : symbol.end]).replace(
            "\x0c", ""
        )  # dedent takes it for text
        alone = ast.parse(textwrap.dedent(own_lines)).body
        assert len(alone) == 1
        node = alone[0]
        assert isinstance(node, kinds) and node.name == symbol.name
        assert symbol.docstring == docstrings[symbol.definition_line, symbol.name]
        header = ast.parse(f"{symbol.signature}: pass").body[0]
        assert isinstance(header, kinds) and header.name == symbol.name
        if isinstance(node, ast.ClassDef):
            assert symbol.bases == () or len(symbol.bases) == len(node.bases)
        else:
            assert not isinstance(header, ast.ClassDef)
            assert ast.dump(header.args) == ast.dump(node.args)
        assert symbol.body_start == 0 or symbol.definition_line < symbol.body_start <= symbol.end + 1
        if symbol.body_start and symbol.body_start <= symbol.end:
            assert lines[symbol.body_start - 1].strip()


NAMES = st.sampled_from(["f", "g", "_h", "__init__", "Größe"])
DECORATORS = st.lists(st.sampled_from(["@d", "@d(1,\n    2)", "@a.b # :"]), max_size=2)
ARGUMENTS = st.sampled_from(
    ["", "a", "a=':'", "\n    a,  # c\n    *b,\n", "*, k=lambda: 1", "a: 'x[1:2]' = {1: 2}, **k", "é='ü'"]
)
RETURNS = st.sampled_from(["", " -> int", " -> dict[\n    str, int]", " -> 'é'"])
DOCSTRINGS = st.sampled_from(["", '"""Doc."""\n', '"""Doc.\n\n    more\n"""\n\n', "'é'\n"])
STATEMENTS = st.sampled_from(
    ["return 1\n", "# c\nx = '''a\nb'''\n", "\nif x:\n    pass\n", "x = (1,\n2)\n", "...\n", "\x0c\nx = 1\n"]
)


@st.composite
def definitions(draw: st.DrawFn, depth: int = 2) -> str:
    lines = [*draw(DECORATORS)]
    if draw(st.booleans()):
        lines.append(f"class {draw(NAMES)}{draw(st.sampled_from(['', '(A)', '(A, metaclass=M)']))}:")
    else:
        lines.append(
            f"{draw(st.sampled_from(['', 'async ']))}def {draw(NAMES)}({draw(ARGUMENTS)}){draw(RETURNS)}:"
        )
    body = draw(DOCSTRINGS)
    if depth and draw(st.booleans()):
        body += draw(definitions(depth=depth - 1))
    body = (body + draw(STATEMENTS)).replace("return 1", "x = 1")
    return "\n".join(lines) + "\n" + indented(body)


def indented(body: str) -> str:
    """By four spaces; what continues a string or a bracket may stand anywhere."""
    return "".join("    " + line if line.strip() else line for line in body.splitlines(keepends=True))


@given(st.lists(definitions(), min_size=1, max_size=3))
def test_generated_sources(parts: list[str]) -> None:
    text = "\n\n".join(parts)
    try:
        ast.parse(text)
    except SyntaxError:
        assert table(text).problem is not None
    else:
        check_against_ast(text)


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    found = table(text)
    assert found.problem is None or found.symbols == ()
