"""The fields of types, with their comments and their lines."""

from __future__ import annotations

import pytest

from codebase_gardener.languages.engine.fields import tree_fields, tree_variants
from samples.sources import symbols_in

GO = """\
package pot

type (
	// Pot cooks.
	Pot struct {
		sync.Mutex
		// Heat in degrees,
		// from one on.
		Heat int `json:"heat"`

		Lid, Rim *Part // what closes it
		hidden   bool
		Inner    struct {
			Deep int
		}
	}
	Shelf map[string]struct{ Row int }
)
"""
RUST = """\
/// A pot.
#[derive(Clone)]
pub struct Pot<'a> {
    /// Heat in degrees.
    #[serde(default)]
    pub heat: Vec<u8>,
    pub(crate) lid: &'a str,
    rim: u8,
}
pub enum Kind { Flat { pub width: u8 } }
"""


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        ("go", GO, [
            ("Pot.Heat", "int", "Heat in degrees,\nfrom one on.", (9, 9), (7, 8)),
            ("Pot.Lid", "*Part", "what closes it", (11, 11), (11, 11)),
            ("Pot.Rim", "*Part", "what closes it", (11, 11), (11, 11)),
            ("Pot.Inner", "struct { Deep int }", None, (13, 15), (0, 0)),
        ]),
        ("rust", RUST, [("Pot.heat", "Vec<u8>", "Heat in degrees.", (6, 6), (4, 4))]),
    ],
)  # fmt: skip
def test_open_fields_of_a_type_and_no_others(
    language: str, source: str, expected: list[tuple[object, ...]]
) -> None:
    lines = source.split("\n")
    found = [
        field
        for symbol in symbols_in(source, language).values()
        for field in tree_fields(symbol, lines[symbol.start - 1 : symbol.end])
    ]
    assert [
        (f.qualified_name, f.returns, f.docstring, (f.start, f.end), (f.docstring_start, f.docstring_end))
        for f in found
    ] == expected


def test_the_values_of_a_type_with_what_they_hold() -> None:
    source = "pub enum Op {\n    /// So.\n    Exact,\n    Named(String),\n    Both { a: u8 },\n}\npub struct Pot;\n"
    lines = source.split("\n")
    symbols = symbols_in(source, "rust")
    found = tree_variants(symbols["Op"], lines[:6])
    assert [(one.qualified_name, one.returns, one.docstring, one.start) for one in found] == [
        ("Op.Exact", None, "So.", 3),
        ("Op.Named", "(String)", None, 4),
        ("Op.Both", "{ a: u8 }", None, 5),
    ]
    assert tree_variants(symbols["Pot"], lines[6:7]) == ()
