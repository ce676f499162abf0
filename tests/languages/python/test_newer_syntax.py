"""Python newer than the oldest that runs: each reads as it does where it is known, at the same lines and columns."""

import ast
import re
import sys
import textwrap

import pytest

from codebase_gardener.languages.python.code import python_code
from codebase_gardener.languages.python.messages import message_text
from codebase_gardener.languages.python.newer_syntax import parse_newer
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.reading import symbols_of

AFTER = '''

def after(x):
    """What stands below is read, too."""
    return found(x)
'''

NEWER = {
    "695 alias": "type Row[T, *Ts, **P] = dict[\n    str, T\n]",
    "695 alias in a block": "if ready: type Row = int",
    "695 function": "def first[T: (int, str)](rows: list[T]) -> T:\n    return pick(rows)",
    "695 class": "class Box[\n    # the ] content\n    T,\n\n    U,\n]:\n    def get(self): return pick(self)",
    "695 class with a base": "class Box[T](Base[T]):\n    x = 1",
    "696": "class Box[T: int = str, **P = [int, '[']](Base):\n    def put[U = list[T]](self, x: U): pick(x)",
    "701 quotes": """x = f"{row["name"]} of {", ".join(names)!r:>{width["a"]}} {{kept}}" """,
    "701 lines": 'x = f"{\n    load(  # a comment with "quotes"\n        1)\n}" f"{pick("a")}" "end"',
    "701 nested": """x = f"{f"{f"{pick("é")}"}"}" """,
    "701 backslash": r"""x = f"{'\n'.join(rows)} {a, b} {y["a"],}" """,
    "750": 'x = t"hello {pick(name)!r}"',
    "758": "try:\n    run()\nexcept Missing, errors.Broken(1), Late: pick()",
    "758 groups": "try:\n    run()\nexcept* A,:\n    pick()",
    "798": "x = [*pick(r) for r in rows]\ny = {**r for r in rows}\nz = (*r async for r in rows)",
    "810": "lazy import json\nlazy from a.b import c as d",
}


def _calls(tree: ast.AST) -> list[str]:
    return sorted(ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))


@pytest.mark.parametrize("name", NEWER)
def test_a_file_with_newer_syntax_keeps_its_functions_at_their_lines(name: str) -> None:
    text = NEWER[name] + AFTER
    found = symbols_of("a.py", text, "python")
    assert found.problem is None
    (after,) = [symbol for symbol in found.symbols if symbol.qualified_name == "after"]
    lines = text.split("\n")
    assert lines[after.start - 1 : after.end][0] == "def after(x):"
    assert (after.end - after.start, after.body_start - after.start) == (2, 2)
    assert after.docstring == "What stands below is read, too."


@pytest.mark.parametrize("name", NEWER)
def test_calls_stand_at_their_columns(name: str) -> None:
    text = NEWER[name] + AFTER
    tree = parse_python(text)
    assert isinstance(tree, ast.Module)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    written = re.findall(r"(?<!def )\b(?:pick|load|found|run|join|Broken)(?=\()", text)
    assert sorted(ast.unparse(call.func).rpartition(".")[2] for call in calls) == sorted(written)
    for call in calls:
        source = ast.get_source_segment(text, call) or ""
        assert re.match(r"[^()]+\(", source) and source.endswith(")"), source


def test_headers_are_told_as_they_are_written() -> None:
    text = textwrap.dedent("""\
        @made
        def first[T: (int, str) = int](
            rows: list[T],  # some
        ) -> T:
            return rows[0]

        class Box[T](Base[T], Other): ...
    """)
    first, box = symbols_of("a.py", text, "python").symbols
    assert first.signature == "def first[T: (int, str) = int](rows: list[T]) -> T"
    assert (first.start, first.definition_line, first.body_start, first.end) == (1, 2, 5, 5)
    assert (first.parameters, first.returns) == (("rows",), "T")
    assert (box.signature, box.bases) == ("class Box[T](Base[T], Other)", ("Base[T]", "Other"))


def test_names_are_bound_as_they_are_where_the_syntax_is_known() -> None:
    text = (
        "type Row[T] = Model\n"
        "type Plain = Model\n"
        "try: pass\nexcept A, b.C: pass\n"
        'x = f"{y["a"]}"\n'
        'z = t"{y}"\n'
        "lazy from a import b\n"
    )
    code = python_code(text)
    found = [(binding.line, binding.name, binding.value, binding.how) for binding in code.bindings]
    assert (1, "Row", "Model", "name") in found and (2, "Plain", "Model", "name") in found
    assert (5, "x", "str", "literal") in found and (6, "z", "?", "name") in found
    assert [(one.line, one.module, one.name) for one in code.imports] == [(7, "a", "b")]
    assert "b.C" in [reference.name for reference in code.references]


def test_the_text_of_an_f_string_is_read() -> None:
    tree = parse_python("""f"no {kind["name"]} in {{braces}}: {path!r}\\n" f"{a["b"]}" "{end}" """)
    assert isinstance(tree, ast.Module) and isinstance(tree.body[0], ast.Expr)
    assert message_text(tree.body[0].value) == "no {…} in {braces}: {path} {…}{end}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("type X = int\ndef f(:\n", 2),
        ('x = f"{y["a"]}"\nprint "x"\n', 2),
        ("def f[T(x): pass\n", 1),
        ('x = f"{y!}"\n', 1),
        ('x = f"{y["a"]\n', 1),
        ("type X[T int\n", 1),
        ("raise lazy from\n", 1),
        ("type\nX[0] = = 1\n", 2),
    ],
)
def test_what_is_broken_stays_unreadable(text: str, line: int) -> None:
    assert parse_python(text) == f"syntax error at line {line}"


def test_older_code_that_looks_newer_is_left_alone() -> None:
    for text in (
        "type = lazy = 1\ntype(type)[lazy] = 1\n",
        "raise lazy from type\n",
        "type\nx = 1\n",
        'f"{a}"\n',
    ):
        assert parse_newer(text) is None
    with pytest.raises(SyntaxError):
        parse_newer("type X = int\ntype\ny[0] = = 1\n")


@pytest.mark.skipif(sys.version_info < (3, 12), reason="says what 3.12 reads")
@pytest.mark.parametrize("name", [name for name in NEWER if name[:3] == "695"])
def test_the_tree_is_that_of_the_python_that_knows_it(name: str) -> None:
    text = NEWER[name] + AFTER
    newer = parse_newer(text)
    assert newer is not None and _calls(newer) == _calls(ast.parse(text))
