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
