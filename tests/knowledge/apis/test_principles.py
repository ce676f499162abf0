"""Principle pages: whose words they quote."""

from codebase_gardener.knowledge.apis.catalog import api_for
from codebase_gardener.knowledge.apis.principles import principle_page
from codebase_gardener.knowledge.links.resolution import Target
from samples.written_context import context_of


def test_a_principle_denies_no_docstring_that_it_quotes() -> None:
    files = {"pot.py": 'def boil(a):\n    """Boil a pot."""\n\n\ndef make(a):\n    return a\n'}
    context = context_of(files)
    boil, make = (api_for(Target("pot.py", name), context, "a test") for name in ("boil", "make"))
    page = principle_page(boil, context, {})
    assert "“Boil a pot.”" in page.overview
    assert page.description == "The overview quotes its docstring, at `pot.py:L1-2`."
    assert principle_page(make, context, {}).description.startswith("No docstring and no section")
