"""Constants of sources that tree-sitter reads."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.repository.snapshot import SourceFile

TYPESCRIPT = """\
import a from "a"
const b = require("b")

/**
 * Marks what may be fired.
 */
// eslint-disable-next-line
/*#__PURE__*/
export const MARK: unique symbol = Symbol.for("mark")
export const fire = (pot: Pot) => pot
const hidden = 1
const told = {
  a: 1,
}
export { told as shown }
const taken = 1
export default taken
"""
GO = """\
package kiln

// ErrCold is what a cold kiln gives.
var ErrCold = errors.New("cold") // never warm

const (
	// Low is the least heat of a kiln.
	Low Heat = iota
	High // as much as it can bear
	within
)
"""
HEADER = "#ifndef KILN_H\n#define KILN_H\n/* The most heat that it bears. */\n#define MOST 9\n#endif\n"


def constants(path: str, language: str, text: str) -> list[tuple[str, int, int, bool, str, str]]:
    facts = extract(SourceFile(path, language, "", text))
    return [
        (one.name, one.start, one.end, one.public, one.signature, f"{one.docstring} {one.docstring_start}")
        for one in facts.constants
    ]


def test_typescript_s_are_what_is_exported_and_neither_function_nor_import() -> None:
    assert constants("k.ts", "typescript", TYPESCRIPT) == [
        (
            "MARK",
            9,
            9,
            True,
            'export const MARK: unique symbol = Symbol.for("mark")',
            "Marks what may be fired. 4",
        ),
        ("hidden", 11, 11, False, "const hidden = 1", "None 0"),
        ("told", 12, 14, True, "const told = { a: 1, }", "None 0"),
        ("taken", 16, 16, True, "const taken = 1", "None 0"),
    ]


def test_those_of_a_go_block_have_a_line_each() -> None:
    assert constants("k.go", "go", GO) == [
        ("ErrCold", 4, 4, True, 'var ErrCold = errors.New("cold")', "ErrCold is what a cold kiln gives. 3"),
        ("Low", 8, 8, True, "Low Heat = iota", "Low is the least heat of a kiln. 7"),
        ("High", 9, 9, True, "High", "as much as it can bear 9"),
        ("within", 10, 10, False, "within", "None 0"),
    ]


@pytest.mark.parametrize(("path", "public"), [("k.h", True), ("k.c", False)])
def test_c_s_are_open_in_headers_and_need_a_value(path: str, public: bool) -> None:
    assert constants(path, "c", HEADER) == [
        ("MOST", 4, 4, public, "#define MOST 9", "The most heat that it bears. 3")
    ]
