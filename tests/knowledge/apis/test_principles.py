"""Principle pages: whose words they quote."""

from codebase_gardener.knowledge.apis.catalog import api_for, tool_apis
from codebase_gardener.knowledge.apis.principles import principle_page, theoretical_basis
from codebase_gardener.knowledge.links.resolution import Target
from samples.written_context import context_of


def test_a_principle_denies_no_docstring_that_it_quotes() -> None:
    files = {"pot.py": 'def boil(a):\n    """Boil a pot."""\n\n\ndef make(a):\n    return a\n'}
    context = context_of(files)
    boil, make = (api_for(Target("pot.py", name), context, "a test") for name in ("boil", "make"))
    page = principle_page(boil, context, {})
    assert "“Boil a pot.”" in page.overview
    assert page.description == "The overview quotes its docstring, at `pot.py:L2-2`."
    assert principle_page(make, context, {}).description.startswith("No docstring and no section")


def test_a_section_that_is_named_is_cited() -> None:
    block = "```python\nfrom pot import make\nmake(1)\n```\n"
    files = {
        "pot.py": "def make(a):\n    return a\n",
        "README.md": f"# All pots\n\nThis is how it is done here.\n\n{block}",
    }
    context = context_of(files)
    page = principle_page(api_for(Target("pot.py", "make"), context, "a test"), context, {})
    assert page.overview.endswith("is shown by the authors under “All pots” (`README.md:L3-3`).")
    assert "README.md" in {source.anchor.path for source in page.sources}


def test_a_command_of_the_repository_is_its_own_and_introduced_by_what_stands_before_it() -> None:
    readme = "# Brew\n\n## Quick start\n\nMake tea for two:\n\n```\nbrew install tea\n```\n"
    packaging = '[project]\nname = "brew"\n[project.scripts]\nbrew = "brew:main"\n'
    context = context_of(
        {"README.md": readme, "pyproject.toml": packaging, "brew.py": "def main():\n    pass\n"}
    )
    api = next(api for api in tool_apis(context, {Target("", "brew install")}))
    page = principle_page(api, context, {})
    assert "is shown by the authors under “Quick start” (`README.md:L5-5`)" in page.overview
    assert "Documents run it 1 time" in page.usage
    assert page.sections[0].body == "`brew` is installed with this repository's package."


def test_what_a_body_uses_is_no_type_of_its_signature() -> None:
    code = """
    class Clay: ...

    class Pot: ...

    SHELF = 3

    def dry(a): ...

    def fire(clay: Clay) -> Pot:
        return Pot(dry(clay), SHELF)
    """
    context = context_of({"kiln/__init__.py": "from .core import fire, SHELF\n", "kiln/core.py": code})
    basis, _ = theoretical_basis(api_for(Target("kiln/core.py", "fire"), context, "a test"), context)
    assert "Its body uses `" in basis and "`Pot`" in basis and "`dry`" in basis
    assert "Clay" not in basis and "order" not in basis


def test_what_was_not_found_is_not_said_to_be_nowhere() -> None:
    context = context_of({"kiln.py": 'def fire(clay):\n    """Fire clay."""\n'})
    api = api_for(Target("kiln.py", "fire"), context, "a test")
    basis, _ = theoretical_basis(api, context)
    assert (
        basis
        == "Its docstring says what it does (`kiln.py:L2-2`); no reference of it to a paper or standard was found."
    )
    assert (
        principle_page(api, context, {}).usage == "No use by its name was found in docs, examples or tests."
    )


def test_an_entry_point_of_the_packaging_file_is_a_use() -> None:
    packaging = '[project]\nname = "kiln"\n[project.entry-points."cook.plugins"]\nfire = "kiln.core:fire"\n'
    context = context_of({"pyproject.toml": packaging, "kiln/core.py": "def fire(clay):\n    return clay\n"})
    page = principle_page(api_for(Target("kiln/core.py", "fire"), context, "a test"), context, {})
    assert page.usage == "It is declared as the entry point `fire` (`pyproject.toml:L4-4`)."


def test_a_comment_in_a_branch_says_when_it_holds() -> None:
    code = """
    def fire(clay, wet):
        # Look at the clay first of all.
        if wet:
            # Dry it for a whole day.
            dry(clay)
        # What is old cracks in the kiln.
        elif clay.old:
            pass
        else:
            # Everything else is fired at once.
            burn(clay)
    """
    context = context_of({"kiln.py": code})
    basis, _ = theoretical_basis(api_for(Target("kiln.py", "fire"), context, "a test"), context)
    assert "- Look at the clay first of all." in basis
    assert "- where `wet`: Dry it for a whole day." in basis
    assert "- where `clay.old`: What is old cracks in the kiln." in basis
    assert "- where `not (wet) and not (clay.old)`: Everything else is fired at once." in basis
