from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.dataset.functions import body_text, is_completable
from codebase_gardener.dataset.prompts import (
    completion_prompt,
    documents_that_fit,
    path_line,
    question_messages,
    retrieval_query,
)
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.utils.anchors import source_lines

GO = "package a\n\n// Add adds.\nfunc Add(a, b int) int {\n\tc := a + b\n\treturn c\n}\n"
STATEMENTS = ["x = 1\n", "\n", "# note\n", 'y = "é\u2028\x0c"\n', "import os\n"]
FUNCTIONS = [
    "def f{n}(a):\n    return a + {n}\n",
    "@deco\n@other(\n    1\n)\ndef f{n}(\n    a,\n    b=2,\n):\n"
    "    '''Doc.\n\n    More.\n    '''\n\n    # why\n    z = a\n    return z\n",
    "class C{n}(B):\n    k = {n}\n\n    def m(self):\n        '''Doc.'''\n        return self.k\n",
    "async def f{n}():\n\n    await g()\n",
]
modules = st.lists(st.sampled_from([*STATEMENTS, *FUNCTIONS]), min_size=1, max_size=12).map(
    lambda pieces: "".join(piece.replace("{n}", str(n)) for n, piece in enumerate(pieces))
)


@pytest.fixture(scope="session")
def functions_of(snapshot_of):
    def read(path, text):
        (file,) = snapshot_of({path: text}).files
        lines = source_lines(file.text)
        return [
            s for s in symbols_of(file.path, file.text, file.language).symbols if is_completable(s, lines)
        ], lines

    return read


@given(modules, st.booleans())
def test_prompt_and_completion_are_the_file_up_to_the_end_of_the_function(functions_of, text, ends_bare):
    functions, lines = functions_of("pkg/a.py", text.rstrip("\n") if ends_bare else text)
    for symbol in functions:
        prompt = completion_prompt(symbol, lines, before_chars=10**6)
        whole = prompt.removeprefix("# path: pkg/a.py\n") + body_text(symbol, lines)
        expected = "".join(lines[: symbol.end])
        assert whole == (expected if expected.endswith("\n") else expected + "\n")
        assert prompt.endswith("\n")


@given(modules, st.integers(0, 200))
def test_a_cut_prompt_keeps_whole_last_lines_and_the_header(functions_of, text, room):
    functions, lines = functions_of("a.py", text)
    for symbol in functions:
        prompt = completion_prompt(symbol, lines, before_chars=room)
        header = "".join(lines[symbol.start - 1 : symbol.body_start - 1])
        assert prompt.endswith(header)
        before = prompt.removesuffix(header).removeprefix("# path: a.py\n")
        if "# ...\n" in before:
            owner, kept = before.split("# ...\n")
            assert len(kept) <= room
            assert not owner or owner.startswith("class C")
        else:
            kept = before
        assert "".join(lines[: symbol.start - 1]).endswith(kept)


def test_a_method_far_down_still_shows_its_class(functions_of):
    text = (
        "class Far(Base):\n"
        + "".join(f"    a{n} = {n}\n" for n in range(300))
        + "    def m(self):\n        return 1\n"
    )
    (method,), lines = functions_of("a.py", text)
    prompt = completion_prompt(method, lines, before_chars=100)
    assert prompt.startswith("# path: a.py\nclass Far(Base):\n# ...\n    a29")


def test_a_line_of_nothing_but_keywords_takes_no_time(functions_of):
    keywords = "class " * 50_000 + "xFar"
    text = f'class Far(Base):\n    """\n{keywords}\n    """\n\n    def m(self):\n        return 1\n'
    (method,), lines = functions_of("a.py", text)
    assert completion_prompt(method, lines, before_chars=10).startswith(
        "# path: a.py\nclass Far(Base):\n# ...\n"
    )


def test_a_very_long_docstring_is_cut_in_its_middle(functions_of):
    doc = "".join(f"    line {n} of a long story\n" for n in range(400))
    (function,), lines = functions_of("a.py", f'def f(a):\n    """Begin.\n{doc}    """\n    return a\n')
    prompt = completion_prompt(function, lines)
    assert len(prompt) < 3_000
    assert 'def f(a):\n    """Begin.\n' in prompt
    assert prompt.endswith('line 399 of a long story\n    """\n')


def test_the_best_document_stands_nearest_to_the_file(functions_of):
    (function,), lines = functions_of("a.py", "def f(a):\n    return a\n")
    best, second = (
        Document(f"{n}.py:L1-1", f"{n}.py", n, f"def {n}(): ...\n", "function") for n in ("best", "second")
    )
    assert completion_prompt(function, lines, context=[best, second]) == (
        "# second.py:L1-1\ndef second(): ...\n\n# best.py:L1-1\ndef best(): ...\n\n# path: a.py\ndef f(a):\n"
    )


@given(st.lists(st.integers(0, 40), max_size=5), st.integers(0, 1500))
def test_documents_fit_into_their_room_and_end_at_a_line(line_counts, room):
    documents = [
        Document(f"{n}.py:L1-1", "a.py", "", "".join(f"line {i} {n}\n" for i in range(count)), "function")
        for n, count in enumerate(line_counts)
    ]
    fitting = documents_that_fit(documents, room)
    assert sum(len(d.text) for d in fitting) <= room
    assert [d.anchor for d in fitting] == [d.anchor for d in documents[: len(fitting)]]
    for cut, whole in zip(fitting, documents, strict=False):
        assert whole.text.startswith(cut.text)
        assert cut.text.endswith("\n") or not cut.text
    assert documents_that_fit(fitting, room) == fitting


def test_other_languages_have_their_own_comments():
    function = Symbol("a.go", "Add", "function", "go", 4, 7, 4, 5, "func Add(a, b int) int", "Adds.")
    prompt = completion_prompt(function, source_lines(GO))
    assert prompt == "// path: a.go\npackage a\n\n// Add adds.\nfunc Add(a, b int) int {\n"
    assert body_text(function, source_lines(GO)) == "\tc := a + b\n\treturn c\n}\n"


def test_a_path_with_a_newline_stays_one_line():
    assert path_line("a\nimport evil.py", "python") == "# path: a?import evil.py\n"


def test_the_query_holds_nothing_of_the_body(functions_of):
    text = "def find(a):\n    '''Seeks.'''\n    hidden_answer = a\n    return hidden_answer\n"
    (function,), _ = functions_of("pkg/seek.py", text)
    assert retrieval_query(function) == "pkg/seek.py\nfind\ndef find(a)\nSeeks."


def test_question_messages_put_documents_before_the_question():
    documents = [Document("a.py:L1-1", "a.py", "f", "def f(): ...\n", "function")]
    assert question_messages("What is f?", documents) == [
        {"role": "user", "content": "a.py:L1-1\n```\ndef f(): ...\n```\n\nWhat is f?"}
    ]
    assert question_messages("What is f?") == [{"role": "user", "content": "What is f?"}]


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "...",
        "raise NotImplementedError('x')",
        "# only\n    pass",
        "return",
        "return None",
        "raise NotImplementedError",
    ],
)
def test_trivial_bodies_are_not_worth_asking_for(functions_of, body):
    functions, _ = functions_of("a.py", f"def f():\n    {body}\n\n\ndef g():\n    return 2\n")
    assert [symbol.name for symbol in functions] == ["g"]


@pytest.mark.parametrize("source", ["def f(): return 1\n", "def f():\n    '''Only this.'''\n"])
def test_functions_without_a_body_of_their_own_are_left_out(functions_of, source):
    assert functions_of("a.py", source)[0] == []


def test_bodies_over_six_thousand_characters_are_left_out(functions_of):
    long = "def f():\n" + "    x = 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\n" * 150
    assert functions_of("a.py", long)[0] == []
