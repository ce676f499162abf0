"""Macros of Rust are definitions: with docs, a public name, uses, and names that are no function's."""

from __future__ import annotations

from codebase_gardener.knowledge.answers.questions import named
from codebase_gardener.knowledge.apis.calls import call_of, import_of
from codebase_gardener.languages.table import is_hidden
from samples.written_context import context_of

FILES = {
    "Cargo.toml": "[package]\nname = 'pot'\nversion = '1.0.0'\n",
    "README.md": "# Pot\n\n```rust\nuse pot::flags;\n\nflags! { A }\nlet x = pot::kiln!(1);\n```\n",
    "src/lib.rs": """
        mod macros;
        mod inner;
        pub fn flags() {}
        pub fn shown() { flags(); println!("{}", kiln!(2)); crate::flags!(A); }
    """,
    "src/macros.rs": """
        /// Makes flags.
        #[macro_export]
        macro_rules! flags {
            ($a:ident) => { $crate::kiln!($a) };
        }
        /// Fires.
        #[macro_export(local_inner_macros)]
        macro_rules! kiln { () => {}; }
        #[doc(hidden)]
        #[macro_export]
        macro_rules! __inner { () => {} }
        macro_rules! own { () => {} }
    """,
    "src/inner.rs": "fn f() { own!(); other!(); let kiln = 1; h(kiln); }\n",
    "examples/a.rs": "#[macro_use] extern crate pot;\n\nfn main() { flags!(C); }\n",
}


def test_macros_are_definitions_with_uses_of_their_own() -> None:
    context = context_of(FILES)
    repository, resolution = context.repository, context.resolution
    made = repository.symbols["src/macros.rs", "flags"]
    assert (made.kind, made.docstring, made.start, made.end) == ("macro", "Makes flags.", 2, 5)
    used = {
        (target.path, target.name): [(use.start, use.scope) for use in uses]
        for target, uses in resolution.callers.items()
    }
    assert used == {
        ("src/lib.rs", "flags"): [(4, "shown")],
        ("src/macros.rs", "flags"): [(4, "shown")],
        ("src/macros.rs", "kiln"): [(4, "shown"), (4, "flags")],
        ("src/macros.rs", "own"): [(1, "f")],
    }
    shown = [[(use.target.path, use.target.name) for use in one.uses] for one in resolution.passages]
    flags, kiln = ("src/macros.rs", "flags"), ("src/macros.rs", "kiln")
    assert sorted(shown) == [
        [flags],
        [flags, kiln],
    ]  # of the example, which takes all macros, and of the README


def test_an_exported_macro_is_public_at_the_root_of_its_crate() -> None:
    context = context_of(FILES)
    kiln = context.repository.symbols["src/macros.rs", "kiln"]
    assert context.resolution.public["pot.kiln"] == context.target(kiln)
    assert import_of(context.target(kiln), context) == "use pot::kiln;"
    assert call_of(kiln, context) == "kiln!(…)"
    hidden = {
        one.name for one in context.repository.symbols.values() if one.kind == "macro" and is_hidden(one)
    }
    assert hidden == {"__inner", "own"}


def test_a_question_names_a_macro_as_it_is_called() -> None:
    assert (named("flags!"), named("the macro `flags!`")) == (("flags", ""), ("flags", "macro"))
