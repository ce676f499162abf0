"""What a repository writes in two square brackets is text: no page takes it for a link of its own."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.building import build
from codebase_gardener.knowledge.pages.markup import outside_fences, without_code
from codebase_gardener.utils.progress import Quiet
from samples.written_context import context_of

EVIL = "[[step::Principle:evil_X]]"
PACKAGE = {
    "README.md": f"""
        # Pot {EVIL}

        ## Boil {EVIL}

        See `{EVIL}` and {EVIL} first.

        ```python
        from pot import boil, make
        pot = make("{EVIL}")
        boil(pot)
        ```

        ```shell
        pot --name "{EVIL}" go
        pot --name "{EVIL}" stop
        ```
        """,
    "pyproject.toml": f"""
        [project]
        name = "pot"
        requires-python = ">=3.10 {EVIL}"
        dependencies = ["clay>=1 {EVIL}"]
        [project.scripts]
        pot = "pot.core:main"
        """,
    "pot/__init__.py": "from .core import boil, make\n",
    "pot/core.py": f'''
        """Pots {EVIL}."""
        import numpy

        def make(name: "dict['{EVIL}']" = "{EVIL}") -> "{EVIL}":
            """Make it {EVIL}.

            Args:
                name: A name `{EVIL}`. Default {EVIL}.

            Raises:
                ValueError: {EVIL}
            """
            # note: a comment {EVIL} of some length, never do it
            if name == "{EVIL}":
                raise RuntimeError("bad {EVIL} please install numpy>=2")
            return name

        def boil(pot: Literal["{EVIL}"] = "{EVIL}"):
            """Boil (see [here]({EVIL}.md))."""
            raise ImportError("`{EVIL}` please install numpy")

        def main():
            return 0
        ''',
    "tests/test_pot.py": f"""
        from pot import boil, make

        def test_it():
            # {EVIL}
            boil(make("{EVIL}"))
        """,
}


def test_no_text_of_a_repository_becomes_a_link() -> None:
    built = build(context_of(PACKAGE).repository, Quiet())
    assert built.findings == ()
    written = [text for path, text in built.files.items() if not path.startswith("_")]
    assert any(EVIL in text for text in written), "else nothing is tested"
    outside = [line for text in written for line in _outside_code(text.split("\n---\n", 1)[-1])]
    assert [line for line in outside if "Principle:evil_X" in line and "\\[\\[" not in line] == []


def _outside_code(text: str) -> list[str]:
    return [without_code(line) for line in outside_fences(text)]


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("a `[[b]]` c", ["a         c"]),
        ("a `` ` [[b]] `` [[c]]", ["a               [[c]]"]),
        ("a ` [[b]]", ["a ` [[b]]"]),
        ("```\n[[a]]\n```\n[[b]]", ["", "", "", "[[b]]"]),
        (r"\`[[b]]\`", [r"\`[[b]]\`"]),
    ],
)
def test_code_is_left_out(text: str, outside: list[str]) -> None:
    assert _outside_code(text) == outside
