"""A variable whose type says how it is called is told by the signatures of that type."""

from __future__ import annotations

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.sources.declarations import with_declarations
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.snapshot import SourceFile

TYPES = """
interface Fire {
  /**
   * @deprecated Use `heat`.
   */
  (pot: string): void
  (): void
  /**
   * Fires a pot.
   */
  <T>(pot: T, degrees?: number): T
  readonly hot: boolean
}
type Cool = {
  /** Cools a pot. */
  (pot: number): number
}
interface Plain { a: string }
"""


def symbols_of(files: dict[str, str]) -> dict[tuple[str, str], Symbol]:
    sources = [SourceFile(path, language_of(path, text), "", text) for path, text in files.items()]
    facts = with_declarations({file.path: extract(file) for file in sources})
    return {(path, one.qualified_name): one for path, file in facts.items() for one in file.symbols}


def test_what_is_only_declared_is_a_function() -> None:
    text = f"{TYPES}\nexport const fire: Fire\nexport declare const cool: Cool\nexport const plain: Plain\n"
    found = symbols_of({"a.d.ts": text})
    fire, cool = found["a.d.ts", "fire"], found["a.d.ts", "cool"]
    assert (fire.kind, fire.docstring, fire.public, fire.is_declaration) == (
        "function",
        "Fires a pot.",
        True,
        True,
    )
    assert fire.signature == "fire<T>(pot: T, degrees?: number): T"
    assert (fire.start, fire.docstring_start, fire.overloads) == (20, 8, ((6, 6), (7, 7), (11, 11)))
    assert (cool.docstring, cool.parameters, cool.returns) == ("Cools a pot.", ("pot",), "number")
    assert ("a.d.ts", "plain") not in found


def test_what_has_a_body_or_another_value() -> None:
    text = (
        f"{TYPES}\nexport const fire: Fire = (pot) => {{\n  return pot\n}}\n"
        "const cool = ((pot) => pot) as Cool\n"
        "/** Its own. */\nexport const made: Cool = wrapped(cool)\n"
    )
    found = symbols_of({"a.ts": text})
    fire, cool, made = (found["a.ts", name] for name in ("fire", "cool", "made"))
    assert (fire.docstring, fire.is_declaration, fire.body_start) == ("Fires a pot.", False, 21)
    assert (cool.docstring, cool.public) == ("Cools a pot.", False)
    assert (made.kind, made.docstring, made.is_declaration) == ("function", "Its own.", False)


def test_the_code_beside_a_file_of_types_knows_them() -> None:
    files = {"a.d.ts": f"{TYPES}\nexport const fire: Fire\n", "a.js": "export let fire = pot => pot\n"}
    found = symbols_of(files)
    declared = found["a.js", "fire"].declared
    assert declared is not None and declared.docstring == "Fires a pot."
    assert ("a.d.ts", "fire") not in found
