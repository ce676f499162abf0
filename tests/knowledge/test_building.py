"""What a built wiki links, and why a page is there."""

from codebase_gardener.knowledge.building import build
from codebase_gardener.knowledge.heuristics.pages import heuristic_pages
from codebase_gardener.knowledge.links.resolution import Target
from codebase_gardener.utils.progress import Quiet
from samples.pot import PACKAGE
from samples.written_context import context_of


def test_a_workflow_links_advice_on_the_options_that_it_gives() -> None:
    block = "```python\nfrom pot import Config, boil, make\nmodel = make(Config(heat=2.0))\nboil(model, None)\n```\n"
    guide = {"README.md": f"# Pot\n\n## Boil\n\n{block}", "docs/use.md": f"# Use\n\n{block}"}
    context = context_of(PACKAGE | guide)
    advice = {one.page.title: one for one in heuristic_pages(context.repository, context.resolution).pages}
    assert set(advice) == {"Config: heat", "Config: lid"}
    assert advice["Config: heat"].options == ("heat",)
    assert Target("pot/core.py", "Config") in advice["Config: heat"].near
    built = build(context.repository, Quiet())
    linked = {edge.target for page in built.pages if page.type == "Workflow" for edge in page.edges}
    assert any(target.endswith("Config_heat") for target in linked)
    assert not any(target.endswith("Config_lid") for target in linked)


def test_a_page_says_why_it_is_there_and_no_workflow_that_is_none() -> None:
    long = "def _lonely(pot):\n    return pot\n\n\ndef lonely(pot):\n" + "    pot += 1\n" * 300
    context = context_of({**PACKAGE, "pot/__init__.py": "from .core import make\n", "pot/long.py": long})
    built = build(context.repository, Quiet())
    (page,) = [page for page in built.pages if page.id == "Implementation:o_r_lonely"]
    assert page.notes == "kept as an orphan: stands for its file (at least 300 lines)"
    assert "Why it has a page: stands for its file (at least 300 lines)." in page.description
    orphans = [page for page in built.pages if page.notes]
    assert not [page.id for page in orphans if "a step of a workflow" in page.notes + page.description]


def test_a_file_of_a_newer_python_has_its_pages_and_links() -> None:
    newer = """
        from .core import Config

        type Row[T] = dict[str, T]

        def stew[T](row: Row[T], config: Config) -> str:
            \"\"\"Cook a row slowly.\"\"\"
            config.check()
            return f"{row["a"]} and {", ".join(row)}"
    """
    block = "```python\nfrom pot import Config, stew\nstew({}, Config())\n```\n"
    files = {
        "pot/newer.py": newer,
        "pot/__init__.py": PACKAGE["pot/__init__.py"] + "from .newer import stew\n",
    }
    context = context_of({**PACKAGE, **files, "README.md": f"# Pot\n\n## Stew\n\n{block}"})
    assert not context.repository.facts["pot/newer.py"].problem
    built = build(context.repository, Quiet())
    (page,) = [page for page in built.pages if page.id == "Implementation:o_r_stew"]
    assert "pot/newer.py:L5-8" in page.description or "L5-8" in page.body
