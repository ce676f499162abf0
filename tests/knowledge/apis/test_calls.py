"""How an API is imported and called."""

from __future__ import annotations

from codebase_gardener.knowledge.apis.calls import call_of, import_of
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of, symbol_named


def test_how_they_are_imported_and_called(context: ApiContext) -> None:
    run = symbol_named(context, "Model.run")
    assert import_of(context.target(run), context) == "from lib import Model"
    assert call_of(run, context) == "model.run(x, mode=...)"
    assert call_of(symbol_named(context, "Model.load"), context) == "Model.load(path)"
    assert call_of(symbol_named(context, "Model"), context) == "Model(base)"
    assert import_of(Target("", "a.b.Trainer.train"), context) == "from a.b import Trainer"
    assert import_of(Target("", "torch.compile"), context) == "from torch import compile"


def test_a_folder_without_init_inside_a_package_is_a_part_of_its_name() -> None:
    context = context_of(
        {"src/p/__init__.py": "", "src/p/inner/app.py": "class App:\n    def go(self): ...\n"}
    )
    assert import_of(Target("src/p/inner/app.py", "App.go"), context) == "from p.inner.app import App"
