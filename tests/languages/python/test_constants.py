"""Constants of Python files."""

from __future__ import annotations

import ast
from textwrap import dedent

from codebase_gardener.languages.python.constants import python_constants
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.anchors import Anchor


def constants(text: str) -> dict[str, Symbol]:
    text = dedent(text)
    return {one.name: one for one in python_constants("a.py", text, ast.parse(text))}


def test_what_is_assigned_when_a_file_is_imported() -> None:
    found = constants(
        """
        import logging
        try:
            import fast
        except ImportError:
            fast = None
        if fast:
            A, B = 1, 2
        else:
            A = 3
        C: int = (
            4
        )
        D: int
        def f():
            inner = 1
        class G:
            field = 1
        """
    )
    assert {name: (one.start, one.end) for name, one in found.items()} == {
        "A": (8, 8), "B": (8, 8), "C": (11, 13),
    }  # fmt: skip
    assert found["C"].signature == "C: int = ( 4 )"


def test_loggers_type_variables_and_dunder_names_are_none() -> None:
    text = "__all__ = []\nlog = logging.getLogger(__name__)\nT = typing.TypeVar('T')\n__version__ = '1'\n"
    assert constants(text) == {}


def test_what_only_a_program_assigns_is_none() -> None:
    text = """
        if __name__ == "__main__":
            pot = 1
        else:
            kiln = 2
        if "__main__" == __name__:
            pan = 3
        """
    assert list(constants(text)) == ["kiln"]


def test_what_is_said_of_it() -> None:
    found = constants(
        '''
        # Pots
        POTS = 1

        # How many pots stand
        # in a kiln.
        KILN = 2

        HEAT = 3
        """In degrees.

        Not more.
        """

        SHELF = "é"  # where fired pots stand
        '''
    )
    assert {name: (one.docstring, one.docstring_start, one.docstring_end) for name, one in found.items()} == {
        "POTS": (None, 0, 0),
        "KILN": ("How many pots stand\nin a kiln.", 5, 6),
        "SHELF": ("where fired pots stand", 15, 15),
        "HEAT": ("In degrees.\n\nNot more.", 10, 13),
    }

    assert found["HEAT"].comment_anchor == Anchor("a.py", 10, 13)
    assert (found["SHELF"].comment_anchor, found["SHELF"].signature) == (None, 'SHELF = "é"')


def test_what_lists_definitions_is_a_registry() -> None:
    found = constants(
        "_RULES = {a.ID: a, b.ID: b, c.ID: c}\nLIST = [A, m.B, C]\nPAIRS = [('a', A), ('b', B), ('c', C)]\n"
        "TWO = [A, B]\nWORDS = ['a', 'b', 'c']\n"
    )
    assert {name: one.kind for name, one in found.items()} == {
        "_RULES": "registry", "LIST": "registry", "PAIRS": "registry", "TWO": "constant", "WORDS": "constant",
    }  # fmt: skip
    assert not found["_RULES"].public


def test_a_long_value_is_cut() -> None:
    assert constants(f"A = '{'x' * 500}'\n")["A"].signature.endswith("xxx…")
