"""A test uses what the functions of the tests' own use that it calls, in its file or in one beside it."""

from __future__ import annotations

from codebase_gardener.knowledge.apis.descriptions import used_in
from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of

RUST = {
    "Cargo.toml": '[package]\nname = "pot"\n',
    "src/lib.rs": "pub struct Pot;\nimpl Pot {\n    pub fn parse(text: &str) -> Pot { Pot }\n}\n",
    "tests/util/mod.rs": """
        use pot::Pot;
        pub(super) fn pot(text: &str) -> Pot {
            Pot::parse(text)
        }
        pub(super) fn pots() -> Vec<Pot> {
            vec![pot("a")]
        }
        """,
    "tests/all.rs": """
        mod util;
        use crate::util::*;
        #[test]
        fn parses() {
            pot("a");
        }
        #[test]
        fn parses_many() {
            pots();
        }
        #[test]
        fn does_nothing() {}
        """,
}
SCRIPT = {
    "package.json": '{"name": "pot", "main": "index.js"}',
    "index.js": "exports.boil = function boil (pot) { return 1 }\nexports.cool = function cool (pot) { return 2 }\n",
    "test/helpers.js": "const { boil } = require('pot')\nexports.boiled = function boiled () { return boil(1) }\n",
    "test/all.js": """
        const { cool } = require('pot')
        const { boiled } = require('./helpers')
        test('boils', () => {
          boiled()
        })
        test('cools', () => {
          function Page () { return cool(1) }
          Page()
        })
        test('shows', () => {
          function Page () { return 1 }
          Page()
        })
        """,
}


def test_through_a_file_beside_the_tests() -> None:
    context = context_of(RUST)
    assert used_in(Target("src/lib.rs", "Pot.parse"), context) == "2 tests through helpers"


def test_what_each_test_has_of_its_own_is_no_helper_of_the_others() -> None:
    context = context_of(SCRIPT)
    assert used_in(Target("index.js", "boil"), context) == "1 test through helpers"
    assert used_in(Target("index.js", "cool"), context) == "1 test"
