"""What speaks for an API."""

from __future__ import annotations

from codebase_gardener.knowledge.apis.candidates import candidates, listed_targets, reference_documents
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of


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


def test_entries_of_the_reference_and_their_members(context: ApiContext) -> None:
    documents = reference_documents(context.repository.facts.values())
    assert documents == ("docs/api.rst",)
    entries, expanded = listed_targets(context, documents)
    assert entries == {Target("lib/core.py", "make_model"), Target("lib/core.py", "Model")}
    assert {target.name for target in expanded - entries} == {"Model.run", "Model.load", "Base.save"}


def test_an_example_that_only_names_a_type_shows_none_of_its_methods() -> None:
    files = {
        "Cargo.toml": "[package]\nname = 'kiln'\n",
        "src/lib.rs": "pub mod pot;\n",
        "src/pot.rs": (
            "pub struct Pot;\nimpl Pot { pub fn cool(&self) {} }\npub struct Lid;\nimpl Lid { pub fn shut(&self) {} }\n"
        ),
        "examples/fire.rs": "use kiln::pot::{Lid, Pot};\nfn fire(pot: &Pot) { shelve(Lid {}) }\n",
    }
    found = {one.symbol.qualified_name: one.imported for one in candidates(context_of(files))}
    assert found == {"Pot": 1.0, "Pot.cool": 0.0, "Lid": 1.0, "Lid.shut": 1.0}
