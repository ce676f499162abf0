import time

import pytest

from codebase_gardener.languages.facts import Binding, Import, Reference
from codebase_gardener.languages.python.code import python_code, snippet_code


def bindings(text: str, name: str) -> list[tuple[str, str]]:
    return [(b.value, b.how) for b in python_code(text).bindings if b.name == name]


def test_imports_say_what_they_bind_and_where() -> None:
    code = python_code(
        "import a.b\nimport a.b as c\nfrom ..d import e as f\n"
        "try:\n    from g import *\nexcept ImportError:\n    pass\n"
        "def h():\n    from i import j\n"
    )
    assert code.imports == (
        Import(1, "a.b", 0, "", "a"),
        Import(2, "a.b", 0, "", "c"),
        Import(3, "d", 2, "e", "f"),
        Import(5, "g", 0, "*", "*", "", True),
        Import(9, "i", 0, "j", "j", "h"),
    )


def test_references_stand_in_the_order_of_evaluation() -> None:
    code = python_code("model = wrap(Base.load(name,\n    dtype=torch.half), Config(r=8))\n")
    assert [(r.name, r.kind, r.start, r.end) for r in code.references] == [
        ("torch.half", "attribute", 2, 2),
        ("Base.load", "call", 1, 2),
        ("Config", "call", 2, 2),
        ("wrap", "call", 1, 2),
    ]
    assert code.references[1].keywords == ("dtype",)
    assert code.references[1].text == "Base.load(name, dtype=torch.half)"


def test_calls_in_a_chain_are_marked() -> None:
    code = python_code("a.b(1).c().d\nx[0].e()\n'-'.join(y)\nf()()\n(await g.h()).i()\n")
    assert [r.name for r in code.references] == [
        "a.b", "a.b().c", "a.b().c().d", "x.__getitem__().e", "str().join", "f", "f()", "g.h", "g.h().i",
    ]  # fmt: skip


def test_decorators_are_references_of_the_scope_around() -> None:
    code = python_code("class A:\n    @app.route('/', methods=['GET'])\n    @plain\n    def f(self): ...\n")
    assert code.references == (
        Reference(2, 2, "A", "app.route", "decorator", ("methods",), "app.route('/', methods=['GET'])"),
        Reference(3, 3, "A", "plain", "decorator", (), "plain"),
    )


def test_lines_begin_where_the_snippet_stands() -> None:
    code = python_code("import a\nx = a.b()\n", first_line=40)
    assert [i.line for i in code.imports] == [40]
    assert [(b.line, b.name) for b in code.bindings] == [(41, "x")]
    assert [(r.start, r.end) for r in code.references] == [(41, 41)]


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("x = A.load()", "x", [("A.load", "call")]),
        ("x = await a.b()", "x", [("a.b", "call")]),
        ("x = a.b", "x", [("a.b", "name")]),
        ("x = A() if c else b", "x", [("A", "call"), ("b", "name")]),
        ("x = None", "x", []),
        ("x = {}", "x", [("dict", "literal")]),
        ("x = y[0]", "x", [("y.__getitem__", "call")]),
        ("x = 1 + y", "x", [("y.__radd__", "call")]),
        ("x = -(y @ z)", "x", [("y.__matmul__().__neg__", "call")]),
        ("x = not y", "x", [("?", "name")]),
        ("with A() as x: pass", "x", [("A()", "with")]),
        ("for x in a.b(): pass", "x", [("a.b()", "for")]),
        ("[x.c() for x in xs]", "x", [("xs", "for")]),
        ("if (x := A()): pass", "x", [("A", "call")]),
        ("x: 'A | None' = None", "x", [("A", "annotation")]),
        ("def f(x: Optional[Union[A, 'b.C']]): ...", "x", [("A", "annotation"), ("b.C", "annotation")]),
        ("def f(x: Annotated[A, 1]): ...", "x", [("A", "annotation")]),
        ("def f(x: type[A]): ...", "x", [("A", "name")]),
        ("def f(x: list[A]): ...", "x[]", [("A", "annotation")]),
        ("def f() -> A | B: ...", "", [("A", "returns"), ("B", "returns")]),
        ("def f() -> tuple[A, B]: ...", "[1]", [("B", "returns")]),
        ("def f():\n    return A()", "return", [("A", "call")]),
        ("try: pass\nexcept a.E as x: pass", "x", [("a.E", "annotation")]),
    ],
)
def test_what_a_name_is_bound_to(text: str, name: str, expected: list[tuple[str, str]]) -> None:
    assert bindings(text, name) == expected


def test_attributes_of_self_and_unpacking() -> None:
    code = python_code(
        "class A:\n    def f(self):\n        self.x = B()\n        p, q = make()\n        r, s = C(), D()\n"
    )
    rows = [b for b in code.bindings if b.scope == "A.f"]
    assert rows == [
        Binding(3, "A.f", "self.x", "B", "call", arguments=","),
        Binding(4, "A.f", "p", "make", "call", 0, arguments=","),
        Binding(4, "A.f", "q", "make", "call", 1, arguments=","),
        Binding(5, "A.f", "r", "C", "call", arguments=","),
        Binding(5, "A.f", "s", "D", "call", arguments=","),
    ]


def test_a_value_made_from_the_name_itself_says_so() -> None:
    passed = {b.line: b.passes for b in python_code("x = x.to(1)\nx = f(x)\nx = g(y)\n").bindings}
    assert passed == {1: True, 2: True, 3: False}


def test_exports_and_names() -> None:
    code = python_code(
        "__all__ = ['a'] + b.__all__\n__all__ += ['c']\n__all__.extend(('d',))\nX = 1\ny: int = 2\n"
    )
    assert code.exports == ("a", "c", "d")
    assert code.names == ("X", "y")


def test_lazy_tables_are_imports() -> None:
    text = "_table = {'models': ['A', 'B'], 'C': ['D']}\n_other = {'E': '.e'}\ndef __getattr__(name): ...\n"
    found = [(i.module, i.level, i.name, i.guarded) for i in python_code(text).imports]
    assert found == [
        ("models", 1, "A", True), ("models", 1, "B", True), ("C", 1, "D", True), ("e", 1, "E", True),
    ]  # fmt: skip
    assert python_code("_table = {'models': ['A']}\n").imports == ()


def test_columns_are_bytes() -> None:
    code = python_code("é = 'ü'; x = naïve('ö', b)\n")
    assert code.references[0].text == "naïve('ö', b)"


def test_what_does_not_parse_says_nothing() -> None:
    assert python_code("def (:\n").references == ()


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "f(" * 80 + ")" * 80,
        "x" + ".f()" * 900,
        "x = " + "a.b(c) + " * 2000 + "1",
        "f(" + "a.b, " * 30_000 + ")",
        "if a: pass\n" + "elif b.c(): pass\n" * 900,
        "x = '" + "é" * 500_000 + "'; y = a.b(x)" + "; a.b(x)" * 5000,
    ],
    ids=["nested", "chain", "sum", "one line", "elif", "bytes"],
)
def test_odd_code_is_read_in_linear_time(text: str) -> None:
    started = time.process_time()
    code = python_code(text)
    assert time.process_time() - started < 3
    assert all(len(r.text) <= 200 and len(r.name) <= 300 for r in code.references)


def test_a_snippet_loses_no_line() -> None:
    code = "    %pip install a\n    !ls\n    import a\n    for x in y:\n        ...\n"
    code += "    a.b(x, ...)\n    a.c(x=1, ...)\n"
    plain = snippet_code(code)
    assert plain is not None
    assert plain.count("\n") == code.count("\n")
    assert [(r.name, r.start) for r in python_code(plain).references] == [("a.b", 6), ("a.c", 7)]


def test_snippets_that_are_no_python() -> None:
    assert snippet_code("%%bash\nls\n") is None
    assert snippet_code("this is some prose\n") is None
    assert snippet_code("$ pip install x\n") is not None
