"""Which APIs get a page, and what they are called."""

import pytest

from codebase_gardener.knowledge.apis.calls import call_of, import_of
from codebase_gardener.knowledge.apis.candidates import candidates, listed_targets, reference_documents
from codebase_gardener.knowledge.apis.catalog import api_catalog, api_for, tool_apis, wrapper_apis
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.names import page_names
from codebase_gardener.knowledge.apis.shell_commands import COMMON, console_scripts
from codebase_gardener.knowledge.apis.surface import FEATURES, choose_apis, name_kind, ranked, threshold
from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of, symbol_named

LIBRARY = {
    "pyproject.toml": '[project]\nname = "lib"\n[project.scripts]\nlib = "lib.core:main"\n',
    "README.md": """
    # Lib

    Call `make_model` first. LoRA is what LoRA does.

    ```python
    from transformers import AutoModel
    from lib import make_model, Model

    base = AutoModel.from_pretrained("x", dtype="float32")
    model = make_model(base)
    model.save("out")
    ```

    Then run:

    ```bash
    lib train --fast
    pip install lib
    other tool --x
    ```

    ## Again

    ```bash
    other tool --y
    ```
    """,
    "docs/api.rst": """
    API
    ===

    .. currentmodule:: lib

    .. autofunction:: make_model

    .. autoclass:: Model
       :members:
       :inherited-members:
    """,
    "lib/__init__.py": "from .core import Model, make_model, old\n__all__ = ['Model', 'make_model', 'old']\n",
    "lib/core.py": '''
    from abc import ABC, abstractmethod
    from lib._hidden import helper

    class Base(ABC):
        def save(self, path):
            """Save it.

            Args:
                path: Where.
            """
            return helper(path)

        def quiet(self):
            return 1

    class Model(Base):
        """A model.

        It has several lines.
        """
        def __init__(self, base, size=1): ...

        def run(self, x, *, mode):
            """Run it."""
            return x

        @classmethod
        def load(cls, path):
            """Load it."""
            return cls(path)

        def _secret(self): ...

    def make_model(base) -> Model:
        """Make a model from a base."""
        return Model(base)

    def old():
        """Deprecated: use make_model."""

    def inner_helper(x):
        return x

    def main(): ...
    ''',
    "lib/_hidden.py": 'def helper(x):\n    """Help."""\n    return x\n',
    "examples/own.py": """
    from transformers import AutoModel
    from lib import make_model
    from lib.core import Base

    class Mine(Base):
        pass

    make_model(AutoModel.from_pretrained("y"))
    """,
    "tests/test_it.py": """
    from lib import Model, make_model
    def test_run():
        make_model(1).run(2, mode=3)
    def test_load():
        Model.load("x")
    """,
}  # fmt: skip


@pytest.fixture(scope="module")
def context() -> ApiContext:
    return context_of(LIBRARY)


def test_exported_documented_and_shown_apis_are_chosen(context: ApiContext) -> None:
    pages = [api.page for api in choose_apis(context)]
    assert pages[:2] in (["make_model", "Model_init"], ["Model_init", "make_model"])
    assert {"Model_run", "Model_load", "Base_save"} <= set(pages)
    assert not {"inner_helper", "helper", "Model__secret", "main"} & set(pages)


def test_figures_of_a_candidate(context: ApiContext) -> None:
    found = {c.symbol.qualified_name: c for c in candidates(context)}
    make = found["make_model"]
    assert (make.exported, make.top, make.declared, make.listed) == ("lib.make_model", True, False, 1)
    assert (make.readme, make.examples, make.tests, make.mentions) == (1, 1, 1, 1)
    save = found["Base.save"]
    assert (save.reached, save.documented, save.docstring_lines) == ("lib.Model", 1.0, 4)
    assert found["helper"].hidden_module
    assert found["helper"].caller_files == 1
    assert found["old"].deprecated
    assert "Model._secret" not in found


def test_reasons_tell_the_figures(context: ApiContext) -> None:
    make = next(api for api in choose_apis(context) if api.page == "make_model")
    assert "listed in the API reference of the docs" in make.reasons
    assert "exported as `lib.make_model`" in make.reasons
    assert "used in 1 section of README and docs" in make.reasons


def test_scores_are_the_table_s_sums_and_the_threshold_decides(context: ApiContext) -> None:
    scored = ranked(context)
    assert [s.score for s in scored] == sorted((s.score for s in scored), reverse=True)
    for each in scored:
        expected = sum(feature.weight * feature.value(each.candidate) for feature in FEATURES)
        assert each.score == pytest.approx(expected, abs=1e-6)
    chosen = {api.target for api in choose_apis(context)}
    assert chosen == {context.target(s.candidate.symbol) for s in scored if s.score >= threshold(s.candidate)}
    assert all(0 <= feature.value(s.candidate) <= 1 for s in scored for feature in FEATURES)


def test_entries_of_the_reference_and_their_members(context: ApiContext) -> None:
    documents = reference_documents(context.repository.facts.values())
    assert documents == ("docs/api.rst",)
    entries, expanded = listed_targets(context, documents)
    assert entries == {Target("lib/core.py", "make_model"), Target("lib/core.py", "Model")}
    assert {target.name for target in expanded - entries} == {"Model.run", "Model.load", "Base.save"}


def test_how_they_are_imported_and_called(context: ApiContext) -> None:
    run = symbol_named(context, "Model.run")
    assert import_of(context.target(run), context) == "from lib import Model"
    assert call_of(run, context) == "model.run(x, mode=...)"
    assert call_of(symbol_named(context, "Model.load"), context) == "Model.load(path)"
    assert call_of(symbol_named(context, "Model"), context) == "Model(base)"
    assert import_of(Target("", "a.b.Trainer.train"), context) == "from a.b import Trainer"
    assert import_of(Target("", "torch.compile"), context) == "from torch import compile"


def test_base_classes_that_users_extend_are_patterns(context: ApiContext) -> None:
    assert api_for(Target("lib/core.py", "make_model"), context, "it is good").kind == "API Doc"
    base = next(s for s in ranked(context) if s.candidate.symbol.qualified_name == "Base")
    assert base.candidate.is_abstract
    assert base.candidate.outside_heirs == 1


def test_external_apis_shown_beside_the_repository_s_own(context: ApiContext) -> None:
    (wrapper,) = wrapper_apis(context)
    assert wrapper.target == Target("", "transformers.AutoModel.from_pretrained")
    assert wrapper.page == "AutoModel_from_pretrained"
    assert wrapper.principle == "Auto_Model_Loading"
    assert wrapper.call == 'AutoModel.from_pretrained("x", dtype="float32")'
    assert wrapper.reasons == ("exercised by 2 passages of 2 files", "shown to users in 2 passages")


def test_a_package_that_only_a_document_imports_is_no_dependency() -> None:
    document = "```python\nimport yourapp\nfrom lib import f\nf(yourapp.Thing.load())\n```\n"
    context = context_of(
        {
            "lib/__init__.py": "def f(x): ...\n",
            "README.md": f"# A\n\n{document}",
            "docs/b.md": f"# B\n\n{document}",
        }
    )
    assert wrapper_apis(context) == ()


def test_commands(context: ApiContext) -> None:
    tools = {api.target.name: api for api in tool_apis(context)}
    assert set(tools) == {"other tool"}
    assert tools["other tool"].page == "other_tool_command"
    assert context.commands["lib train"][0].options == ("--fast",)
    assert context.scripts == frozenset({"lib"})
    assert "pip install" not in context.commands


def test_a_program_that_runs_any_file_gets_no_page() -> None:
    """Those of the languages' rows."""
    assert {COMMON[program] for program in ("python3", "bash", "node", "ruby")} == {"runs any file"}


def test_console_scripts_of_hostile_files() -> None:
    assert console_scripts({"pyproject.toml": "[project\n"}) == frozenset()
    assert console_scripts({"setup.cfg": "[options.entry_points]\nconsole_scripts =\n    a-b = x:y\n"}) == {
        "a-b"
    }


def test_the_catalog_takes_what_workflows_need_and_names_are_unique(context: ApiContext) -> None:
    needed = [
        Target("lib/core.py", "inner_helper"),
        Target("", "torch.optim.AdamW"),
        Target("lib/core.py", "LIMIT"),
    ]
    catalog = api_catalog(context, needed)
    assert set(needed) <= {api.target for api in catalog}
    assert len({api.page.lower() for api in catalog}) == len(catalog)
    assert len({api.principle.lower() for api in catalog}) == len(catalog)
    assert api_catalog(context, reversed(needed)) == catalog


def test_a_getter_of_what_is_there_makes_nothing() -> None:
    code = "class Context: ...\n\ndef get_current_context() -> Context:\n    return STACK[-1]\n\n"
    code += "def get_new_context() -> Context:\n    return Context()\n"
    context = context_of({"p/__init__.py": code})
    kinds = {each.name: name_kind(each, context) for each in context.repository.symbols.values()}
    assert kinds == {"Context": "class", "get_current_context": "function", "get_new_context": "maker"}


def test_an_exported_function_goes_before_the_method_of_an_object_literal() -> None:
    files = {
        "package.json": '{"name": "zed", "main": "./index.ts"}\n',
        "index.ts": "const methods = {\n  optional() {\n    return optional(this);\n  },\n};\n\n"
        "export function optional<T>(inner: T): T {\n  return inner;\n}\n",
        "tests/a.test.ts": 'import { optional } from "../index";\n\ntest("it", () => {\n  optional(1);\n});\n',
    }
    context = context_of(files)
    symbol = context.repository.symbols["index.ts", "optional"]
    assert (symbol.kind, symbol.start) == ("function", 7)
    assert context.main == {Target("index.ts", "optional")}


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


def test_a_folder_without_init_inside_a_package_is_a_part_of_its_name() -> None:
    context = context_of(
        {"src/p/__init__.py": "", "src/p/inner/app.py": "class App:\n    def go(self): ...\n"}
    )
    assert import_of(Target("src/p/inner/app.py", "App.go"), context) == "from p.inner.app import App"
