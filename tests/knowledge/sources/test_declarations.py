"""Each definition once, where a file beside its own declares it."""

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.sources.declarations import with_declarations
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.snapshot import SourceFile


def test_a_declaration_is_told_to_the_definition() -> None:
    texts = {
        "a.js": "export function f(x) {\n}\n",
        "a.d.ts": "export type T = string;\n/** Does it. */\nexport function f(x: T): void;\n"
        "export function g(): void;\n",
        "b.js": "export function f(x) {\n}\n",
    }
    files = [SourceFile(path, language_of(path), "", text) for path, text in texts.items()]
    found = with_declarations({file.path: extract(file) for file in files})
    (defined,) = found["a.js"].symbols
    assert defined.declared is not None
    assert (defined.start, defined.declared.returns) == (1, "void")
    assert str(defined.docstring_anchor) == "a.d.ts:L2-2"
    assert [symbol.qualified_name for symbol in found["a.d.ts"].symbols] == ["T", "g"]
    assert found["b.js"].symbols[0].declared is None


def test_a_function_of_what_a_declaring_file_hands_out_as_a_whole_is_the_one_of_its_name() -> None:
    texts = {
        "kiln.js": "module.exports = kiln\nfunction kiln() {}\nmodule.exports.fire = () => {\n}\n",
        "kiln.d.ts": "declare namespace kiln {\n  export function fire(): void\n  export function cool(): void\n"
        "  class Pot { all(): void }\n}\ndeclare function kiln(a: number): void\n"
        "declare function kiln(a: string): void\nexport = kiln\n",
    }
    files = [SourceFile(path, language_of(path), "", text) for path, text in texts.items()]
    found = with_declarations({file.path: extract(file) for file in files})
    declared = {one.qualified_name: one.declared for one in found["kiln.js"].symbols}
    assert {name: one.qualified_name if one else "" for name, one in declared.items()} == {
        "kiln": "kiln",
        "fire": "kiln.fire",
    }
    assert declared["kiln"] is not None
    assert declared["kiln"].overloads == ((6, 6), (7, 7))
    left = [symbol.qualified_name for symbol in found["kiln.d.ts"].symbols]
    assert left == ["kiln.cool", "kiln.Pot", "kiln.Pot.all"]
