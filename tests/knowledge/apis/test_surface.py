"""Which APIs get a page, and what they are called."""

import pytest

from codebase_gardener.knowledge.apis.candidates import candidates
from codebase_gardener.knowledge.apis.catalog import api_for
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.principle_names import page_names
from codebase_gardener.knowledge.apis.surface import FEATURES, choose_apis, name_kind, ranked, threshold
from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of


def test_exported_documented_and_shown_apis_are_chosen(context: ApiContext) -> None:
    pages = [api.page for api in choose_apis(context)]
    assert pages[:2] in (["make_model", "Model_init"], ["Model_init", "make_model"])
    assert {"Model_run", "Model_load", "Base_save"} <= set(pages)
    assert not {"inner_helper", "helper", "Model__secret", "main"} & set(pages)


def test_reasons_tell_the_figures(context: ApiContext) -> None:
    make = next(api for api in choose_apis(context) if api.page == "make_model")
    assert "listed in the API reference of the docs" in make.reasons
    assert "exported as `lib.make_model`" in make.reasons
    assert "used in 1 section of README and docs" in make.reasons


def test_a_method_s_reasons_tell_what_is_said_of_its_class_as_such() -> None:
    code = (
        '__all__ = [\'Pot\']\n\n\nclass Pot:\n    """A pot."""\n\n'
        '    def fill(self):\n        """Fill it."""\n\n    def wash(self):\n        """Wash it."""\n'
    )
    api = "API\n===\n\n.. autoclass:: garden.Pot\n   :members:\n\n.. automethod:: garden.Pot.wash\n"
    context = context_of({"garden.py": code, "docs/api.rst": api})
    reasons = {each.candidate.symbol.name: each.reasons for each in ranked(context)}
    listed, declared = "listed in the API reference of the docs", "in its module's `__all__`"
    assert {listed, declared} <= set(reasons["Pot"])
    assert {f"a member of a class {listed}", f"a member of a class {declared}"} <= set(reasons["fill"])
    assert {listed, f"a member of a class {declared}"} <= set(reasons["wash"])


def test_scores_are_the_table_s_sums_and_the_threshold_decides(context: ApiContext) -> None:
    scored = ranked(context)
    assert [s.score for s in scored] == sorted((s.score for s in scored), reverse=True)
    for each in scored:
        expected = sum(feature.weight * feature.value(each.candidate) for feature in FEATURES)
        assert each.score == pytest.approx(expected, abs=1e-6)
    chosen = {api.target for api in choose_apis(context)}
    assert chosen == {context.target(s.candidate.symbol) for s in scored if s.score >= threshold(s.candidate)}
    assert all(0 <= feature.value(s.candidate) <= 1 for s in scored for feature in FEATURES)


def test_base_classes_that_users_extend_are_patterns(context: ApiContext) -> None:
    assert api_for(Target("lib/core.py", "make_model"), context, "it is good").kind == "API Doc"
    base = next(s for s in ranked(context) if s.candidate.symbol.qualified_name == "Base")
    assert base.candidate.is_abstract
    assert base.candidate.outside_heirs == 1


def test_a_getter_of_what_is_there_makes_nothing() -> None:
    code = "class Context: ...\n\ndef get_current_context() -> Context:\n    return STACK[-1]\n\n"
    code += "def get_new_context() -> Context:\n    return Context()\n"
    context = context_of({"p/__init__.py": code})
    kinds = {each.name: name_kind(each, context) for each in context.repository.symbols.values()}
    assert kinds == {"Context": "class", "get_current_context": "function", "get_new_context": "maker"}


def test_documents_decide_the_spelling() -> None:
    assert (
        page_names([(Target("a.py", "LoraConfig"), "class")], {"lora": "LoRA"})[0][1] == "LoRA_Configuration"
    )


def test_other_languages_are_judged_by_their_exports() -> None:
    files = {
        "command.go": "package cmd\n\n// Command is one.\ntype Command struct {\n\tUse string\n}\n",
        "run.go": "package cmd\n\n// Execute runs it.\nfunc (c *Command) Execute() error {\n\treturn nil\n}\n",
        "hidden.go": "package cmd\n\n// inner does it.\nfunc inner() {}\n",
    }
    context = context_of(files)
    assert {api.page for api in choose_apis(context)} == {"Command", "Command_Execute"}


def test_where_the_package_exports_nothing_its_modules_are_the_interface() -> None:
    document = "# A\n\n```python\nfrom app.routing import Route\n\nRoute('/')\n```\n"
    context = context_of(
        {
            "app/__init__.py": "",
            "app/routing.py": "class Route:\n    def __init__(self, path): ...\n\nclass Hidden:\n    pass\n",
            "docs/a.md": document,
            "docs/b.md": document.replace("# A", "# B"),
        }
    )
    found = {c.symbol.name: c for c in candidates(context)}
    assert (found["Route"].imported, found["Hidden"].imported) == (1.0, 0.0)
    (best, last) = ranked(context)
    assert best.candidate.symbol.name == "Route"
    assert "imported from its module by docs or examples" in best.reasons
    assert last.score < best.score
