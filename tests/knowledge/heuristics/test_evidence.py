"""Evidence of heuristics: each kind, with exact lines; hostile files."""

from __future__ import annotations

import ast
import textwrap
import time
from itertools import pairwise

import pytest

from codebase_gardener.knowledge.heuristics.evidence import KINDS, heuristic_evidence
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.languages.python.symbols import python_symbols
from codebase_gardener.languages.python.trees import parse_python
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.languages.table import language_of


def evidence(text: str, path: str = "pkg/a.py") -> list[Evidence]:
    text = textwrap.dedent(text).lstrip("\n")
    language = language_of(path, text)
    tree = parse_python(text) if language == "python" else None
    symbols = python_symbols(path, text).symbols if language == "python" else ()
    found = heuristic_evidence(path, language, text, tree if isinstance(tree, ast.Module) else None, symbols)
    assert all(one.kind in KINDS and 1 <= one.start <= one.end <= text.count("\n") + 1 for one in found)
    return list(found)


def only(text: str, path: str = "pkg/a.py", kind: str = "") -> Evidence:
    found = [one for one in evidence(text, path) if not kind or one.kind == kind]
    assert len(found) == 1, found
    return found[0]


def test_warning_has_its_condition_scope_and_category() -> None:
    one = only("""
        import warnings

        class Layer:
            def merge(self, safe):
                if not safe:
                    warnings.warn(
                        f"Merging {self.name} may " "lose precision.",
                        UserWarning,
                    )
    """)
    assert one == Evidence(
        "warn", 6, 9, "Layer.merge", "UserWarning", "Merging {self.name} may lose precision.", "not safe"
    )


@pytest.mark.parametrize(
    ("build", "start", "text"),
    [
        ('    text = "It is slow."\n', 3, "It is slow."),
        ('    text = "It is "\n    text += "slow."\n', 3, "It is slow."),
        ('    text = "It is %s." % speed\n', 3, "It is {speed}."),
        ('    text = "It is {}.".format(speed)\n', 3, "It is {}."),
        ('    text = " ".join(["It", "is", "slow."])\n', 3, "It is slow."),
        ('    text = TEXT + " now."\n', 3, "Slow … now."),
    ],
)
def test_warning_whose_text_is_built_above(build: str, start: int, text: str) -> None:
    code = f'import warnings\ndef f(speed):\n{build}    warnings.warn(text)\nTEXT = "Slow"\n'
    one = only(code)
    assert (one.start, one.text) == (start, text)
    assert one.end == code.splitlines().index("    warnings.warn(text)") + 1


def test_text_assigned_far_above_is_quoted_where_it_stands() -> None:
    code = 'import warnings\nTEXT = "It is slow."\n' + "x = 1\n" * 30 + "warnings.warn(TEXT)\n"
    one = only(code)
    assert (one.start, one.end, one.text) == (2, 2, "It is slow.")


def test_names_that_mean_each_other_end() -> None:
    names = "abcdefghij"
    code = "import warnings\n" + "".join(f"{one} = {two} + {two}\n" for one, two in pairwise(names))
    began = time.perf_counter()
    evidence(code + "j = a + a + 'x'\nwarnings.warn(a)\n")
    assert time.perf_counter() - began < 1


def test_warning_without_any_text_is_none() -> None:
    assert evidence("import warnings\ndef f(message):\n    warnings.warn(message)\n") == []


def test_deprecated_decorator() -> None:
    one = only('@deprecated("Use `g` instead.")\ndef f():\n    pass\n')
    assert (one.kind, one.name, one.text, one.start) == ("warn", "DeprecationWarning", "Use `g` instead.", 1)


def test_logged_warnings_but_not_other_logs() -> None:
    found = evidence("""
        def f():
            logger.info("not this")
            logger.warning("It falls back to %s", kind)
            self.log.warning_once("Only once.")
            catalog.warning("no logger? its name ends in log")
    """)
    assert [(one.kind, one.text) for one in found][:2] == [
        ("log", "It falls back to %s"),
        ("log", "Only once."),
    ]


OPTIONS = '''
from dataclasses import dataclass, field

@dataclass
class Config:
    r: int = field(default=8, metadata={"help": "The rank."})
    alpha: float = Field(0.5, description="Scaling.")

@click.option("-n", "--name/--no-name", default="x", help="The name.")
def command(name):
    parser.add_argument("--steps", type=int, default=10, help=(
        "How many steps."
    ))

def run(
    size: Annotated[int, typer.Option(help="The size.")] = 4,
    mode: str = typer.Option("fast", help="The mode."),
    *, path: Annotated[str, Doc("""
        Where it lies.
    """)],
): ...
'''


def test_options_of_every_form() -> None:
    found = [(one.name, one.scope, one.value, one.text, one.start, one.end) for one in evidence(OPTIONS)]
    assert found == [
        ("r", "Config", "8", "The rank.", 5, 5),
        ("alpha", "Config", "0.5", "Scaling.", 6, 6),
        ("--name", "command", "'x'", "The name.", 8, 8),
        ("--steps", "command", "10", "How many steps.", 10, 12),
        ("size", "run", "4", "The size.", 15, 15),
        ("mode", "run", "'fast'", "The mode.", 16, 16),
        ("path", "run", "", "Where it lies.", 17, 19),
    ]


def test_parameters_with_advice_in_three_styles_of_docstrings() -> None:
    found = evidence('''
        def google(x, y):
            """Do it.

            Args:
                x (`int`, *optional*, defaults to 8):
                    Larger values need more memory,
                    so it is recommended to start low.
                y: A number.

            Returns:
                int: It should never be used.
            """

        def numpy(x):
            """Do it.

            Parameters
            ----------
            x : int
                Should be even; otherwise it is slower.
            """

        def sphinx(x):
            """Do it.

            :param int x: Avoid large values, they are
                slower.
            :return: x
            """
    ''')
    assert [(one.scope, one.name, one.start, one.end, one.value) for one in found] == [
        ("google", "x", 5, 7, "8"),
        ("numpy", "x", 19, 20, ""),
        ("sphinx", "x", 26, 27, ""),
    ]
    assert found[0].text == "Larger values need more memory, so it is recommended to start low."


def test_notes_in_docstrings() -> None:
    found = evidence('''
        class A:
            """One.

            Note:
                It changes the model in place.

            .. warning:: Not thread-safe: use one
                for each thread.

            <Tip warning={true}>

            It downloads files.

            </Tip>

            Please note that this takes a while in practice.
            """
    ''')
    assert [(one.name, one.start, one.end, one.text) for one in found] == [
        ("note", 4, 5, "It changes the model in place."),
        ("warning", 7, 8, "Not thread-safe: use one for each thread."),
        ("warning", 10, 14, "It downloads files."),
        ("note", 16, 16, "Please note that this takes a while in practice."),
    ]
    assert {one.scope for one in found} == {"A"}


def test_comments_are_whole_blocks_and_know_strings() -> None:
    found = evidence("""
        # Copyright 2020, all rights reserved, because we must
        # say so: NOTE: no heuristic.

        TEXT = '''
        # NOTE: in a string
        '''
        # NOTE: clone it first,
        # or the gradient is lost.
        # TODO(me): remove it
        x = "# HACK: no comment"  # HACK: works around a bug

        def f():
            # We have to cast to float32 here because some devices have
            # slow products of float16.
            return 1  # type: ignore
            # just a remark
    """)
    assert [(one.name, one.start, one.end, one.scope, one.text) for one in found] == [
        ("NOTE", 7, 8, "", "clone it first, or the gradient is lost."),
        ("TODO", 9, 9, "", "remove it"),
        ("HACK", 10, 10, "", "works around a bug"),
        (
            "",
            13,
            14,
            "f",
            "We have to cast to float32 here because some devices have slow products of float16.",
        ),
    ]


def test_comments_of_other_languages() -> None:
    found = evidence(
        """
        package a

        // NOTE: not safe for
        // concurrent use.
        func F() {}

        /*
         * WARNING: keep it open.
         */
    """,
        "a.go",
    )
    assert [(one.name, one.start, one.end, one.text) for one in found] == [
        ("NOTE", 3, 4, "not safe for concurrent use."),
        ("WARNING", 8, 8, "keep it open."),
    ]


ADMONITIONS = {
    "mkdocs": ('!!! tip "Speed"\n    Use the cache.\n\n    It is fast.\n\nText.\n', "tip", "Speed", 4),
    "slashes": ("/// warning | Careful\n\nUse the cache.\nIt is fast.\n\n///\n\nText.\n", "warning", "Careful", 6),
    "rst": (".. note::\n\n   Use the cache.\n   It is fast.\n\nText.\n", "note", "", 4),
    "rst inline": (".. tip:: Use the cache.\n   It is fast.\n\nText.\n", "tip", "", 2),
    "myst": (":::{note} Title\nUse the cache.\nIt is fast.\n:::\n\nText.\n", "note", "Title", 4),
    "myst fence": ("```{warning}\nUse the cache.\nIt is fast.\n```\n\nText.\n", "warning", "", 4),
    "github": ("> [!NOTE]\n> Use the cache.\n> It is fast.\n\nText.\n", "note", "", 3),
    "tip": ("<Tip warning={true}>\n\nUse the cache.\nIt is fast.\n\n</Tip>\n\nText.\n", "warning", "", 6),
    "label": ("**Note**: Use the cache.\nIt is fast.\n\nText.\n", "note", "", 2),
}  # fmt: skip


@pytest.mark.parametrize("form", sorted(ADMONITIONS))
def test_admonitions(form: str) -> None:
    text, name, title, end = ADMONITIONS[form]
    heading, path = ("Caching\n=======", "docs/a.rst") if ".. " in text else ("# Caching\n", "docs/a.md")
    one = only(f"{heading}\n{text}", path, "admonition")
    assert (one.name, one.value, one.start, one.end) == (name, title, 3, end + 2)
    assert one.text == "Use the cache. It is fast."
    assert one.scope == "Caching"


def test_code_in_documents_is_no_advice() -> None:
    text = "# A\n\n```python\n# !!! note\n    You should avoid it, it is slower.\n```\n\n| You should | avoid slow |\n"
    assert evidence(text, "docs/a.md") == []


def test_paragraphs_of_advice() -> None:
    found = evidence(
        """
        Tips
        ====

        * Keep the number of workers low, because each
          needs its own memory.
        * This is the second item of the list, and says nothing.

        Usage
        -----

        Call the function with a name and print what it returns.

        You should avoid large batches, they are much
        slower than small ones.
    """,
        "docs/a.rst",
    )
    assert [(one.kind, one.start, one.end, one.scope, one.value) for one in found] == [
        ("doc-tip", 4, 5, "Tips", "heading"),
        ("doc-tip", 13, 14, "Usage", "advice"),
    ]


def test_markup_is_taken_off() -> None:
    one = only(
        """
        # A

        !!! note
            See [the guide](x.md "t") for :meth:`~App.run`, **now** <b>or</b> ``later``.
    """,
        "docs/a.md",
    )
    assert one.text == "See the guide for `run`, now or `later`."


@pytest.mark.parametrize(
    "text",
    [
        "# Tips\n\n[^hot]: You should avoid a hot kiln, it makes pots break.\n",
        '# Tips\n\n::read-more{to="x"}\nYou should avoid a hot kiln,[^hot] it makes pots break.\n::\n',
    ],
)
def test_labels_of_footnotes_and_marks_of_components_are_no_text(text: str) -> None:
    assert only(text, "docs/a.md").text == "You should avoid a hot kiln, it makes pots break."


def test_the_mark_of_a_box_in_a_parameter_s_description_is_no_text() -> None:
    one = only(
        '''
        def fire(kiln, lid):
            """Fires it.

            Args:
                lid: Use none for stews.

                    .. warning::

                        You should never open it while it is hot, pots break.
            """
    ''',
        kind="parameter-doc",
    )
    assert one.text == "Use none for stews. You should never open it while it is hot, pots break."


HOSTILE = {
    "comment of 1 MB on one line": "# NOTE: " + "a " * 500_000 + "\nx = 1\n",
    "comment of 1 MB on many lines": "# NOTE: because it is slow\n" * 40_000,
    "docstring of 1 MB": '"""' + "Note: should avoid slow. " * 40_000 + '"""\n',
    "many quotes": "x = 1 # " + "'" * 200_000 + " NOTE: x\n",
    "many brackets": "# A\n\n" + "[" * 300_000 + "\n",
    "many tips": "<Tip>\n" * 40_000,
    "open fences": "```\n" * 40_001,
    "deep warning": "import warnings\nwarnings.warn(" + "+".join(["'a'"] * 3_000) + ")\n",
    "null": "# NOTE: a\x00b\n",
    "many headings": "a\n=\n" * 40_000,
    "long sentence": "# A\n\n" + "you should avoid slow memory, " * 30_000 + "\n",
    "spaces": "# A\n\n" + "note " + " " * 500_000 + "x\n",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(HOSTILE))
@pytest.mark.parametrize("path", ["a.py", "docs/a.md", "docs/a.rst", "a.go"])
def test_hostile_files_neither_crash_nor_hang(name: str, path: str) -> None:
    text = HOSTILE[name]
    language = language_of(path, text)
    tree = parse_python(text) if language == "python" else None
    began = time.process_time()
    found = heuristic_evidence(path, language, text, tree if isinstance(tree, ast.Module) else None, ())
    assert time.process_time() - began < 3
    assert all(len(one.text) <= 20_000 for one in found)


def test_a_comment_above_a_definition_is_of_what_it_documents() -> None:
    text = """\
export class Kiln {
  // NOTE: always close it

  /**
   * Never opens it while it is hot, because open kilns crack in the cold air,
   * which is much more expensive.
   */
  open() {}
}
"""
    symbols = symbols_of("src/a.ts", text, "typescript").symbols
    found = heuristic_evidence("src/a.ts", "typescript", text, None, symbols)
    assert [(one.scope, one.start) for one in found] == [("Kiln", 2), ("Kiln.open", 5)]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("# What came\n\n## 2.0.0 (2024-01-02)\n\n{}\n\n## Unreleased\n\n### Fixed\n\n{}\n", "docs/past.md"),
        ("Past\n====\n\n**2.0.0** (2024-01-02)\n\n{}\n\n**UNRELEASED**\n\n{}\n", "docs/past.rst"),
        ("# Past\n\n## 2024-01-02\n\n{}\n\n## v1.9\n\n{}\n", "docs/past.md"),
    ],
)
def test_what_lists_versions_and_their_changes_advises_nothing_whatever_it_is_called(
    text: str, path: str
) -> None:
    advice = "- You should always avoid the old glaze, since it is slower and leaks memory."
    assert evidence(text.format(advice, advice), path) == []
    after = (
        f"{text.format(advice, advice)}\n"
        + ("# Use\n" if path.endswith("md") else "Use\n===\n")
        + f"\n{advice}\n"
    )
    assert len(evidence(after, path)) == 1
    told = "## Python 3.12\n\n" if path.endswith("md") else "Since 3.12\n----------\n\n"
    assert len(evidence(f"{told}{advice[2:]}\n", path)) == 1
