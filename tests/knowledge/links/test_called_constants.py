"""A constant that others import and call is a function, told by the type that its value has."""

from __future__ import annotations

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.io_contract import contract_of
from codebase_gardener.knowledge.apis.surface import choose_apis
from codebase_gardener.knowledge.links.called_constants import with_called_constants
from codebase_gardener.knowledge.links.resolution import resolve
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from samples.written_context import context_of

KILN = {
    "package.json": '{"name": "kiln", "exports": {".": "./dist/index.js", "./hot": "./dist/hot/index.js"}}',
    "README.md": """
        # Kiln

        ```tsx
        import useKiln, { Shelf } from "kiln"

        function App() {
          const pot = useKiln("clay")
          return <Shelf pot={pot} />
        }
        ```
        """,
    "src/types.ts": """
        export interface KilnHook {
          /** Fires a pot until it is done. */
          (clay: string): Pot
          (clay: string, degrees: number): Pot
        }
        export interface Pot { hot: boolean }
        export type Cooler = (pot: Pot, slowly?: boolean) => void
        """,
    "src/made.ts": """
        import type { KilnHook } from "./types"
        export const made = <T>(hook: any) => hook as T
        export const wrapped = (hook: KilnHook, more: any): KilnHook => hook
        """,
    "src/core.ts": """
        import { made } from "./made"
        import type { KilnHook } from "./types"
        const fire = (clay: string) => clay
        const useKiln = made<KilnHook>(fire)
        export default useKiln
        """,
    "src/shelf.tsx": """
        const Shelf = (props: { pot: string }) => null
        export default Shelf
        """,
    "src/index.ts": """
        import useKiln from "./core"
        import Rack from "./shelf"
        export default useKiln
        export const Shelf = Object.defineProperty(Rack, "wood", {}) as typeof Rack & { wood: string }
        export const plain = made({})
        export type { Cooler, KilnHook } from "./types"
        """,
    "src/hot/index.ts": """
        import useKiln from "../core"
        import { wrapped } from "../made"
        const useHotKiln = wrapped(useKiln, 1)
        export default useHotKiln
        """,
    "test/hot.test.tsx": """
        import useHotKiln from "kiln/hot"
        import { Shelf } from "kiln"
        test("is hot", () => {
          const pot = useHotKiln("clay")
          render(<Shelf pot={pot} />)
        })
        """,
}


def context() -> ApiContext:
    repository = context_of(KILN).repository
    facts = with_called_constants(repository.facts, repository.texts)
    return ApiContext(RepositoryFacts("o_r", repository.snapshot, facts), resolve(facts))


def test_its_types_say_how_it_is_called() -> None:
    found = context()
    for path, name in (("src/core.ts", "useKiln"), ("src/hot/index.ts", "useHotKiln")):
        symbol = found.repository.symbols[path, name]
        contract = contract_of(symbol, found)
        assert symbol.kind == "function"
        assert [(one.name, one.required) for one in contract.inputs] == [("clay", True), ("degrees", False)]
        assert [one.type for one in contract.outputs] == ["Pot"]
        assert symbol.declared is not None
        assert symbol.declared.docstring == "Fires a pot until it is done."
    assert [one.name for one in found.repository.facts["src/index.ts"].constants] == ["Shelf", "plain"]


def test_it_is_imported_as_documents_do() -> None:
    found = context()
    apis = {api.target.name: api for api in choose_apis(found)}
    assert apis["useKiln"].import_statement == 'import useKiln from "kiln";'
    assert apis["useKiln"].call == "useKiln(clay)"
    told = found.resolution.statements
    assert told[Target("src/hot/index.ts", "useHotKiln")] == 'import useHotKiln from "kiln/hot";'
    assert told[Target("src/shelf.tsx", "Shelf")] == 'import { Shelf } from "kiln";'


def test_what_hands_it_on_uses_it() -> None:
    found = context()
    users = {(use.path, use.kind) for use in found.resolution.callers[Target("src/core.ts", "useKiln")]}
    assert users == {("src/hot/index.ts", "value")}


def test_an_element_is_a_use() -> None:
    found = context()
    used = {
        (passage.area, use.target.name)
        for passage in found.resolution.passages
        for use in passage.uses
        if use.target.path.startswith("src/")
    }
    assert used == {("readme", "useKiln"), ("readme", "Shelf"), ("test", "useHotKiln"), ("test", "Shelf")}


def test_a_type_that_is_called_says_what_goes_in_and_out() -> None:
    found = context()
    cooler = contract_of(found.repository.symbols["src/types.ts", "Cooler"], found)
    hook = contract_of(found.repository.symbols["src/types.ts", "KilnHook"], found)
    assert [(one.name, one.type, one.required) for one in cooler.inputs] == [
        ("pot", "Pot", True),
        ("slowly", "boolean", False),
    ]
    assert [one.type for one in cooler.outputs] == ["void"]
    assert [one.name for one in hook.inputs] == ["clay", "degrees"]


def test_what_others_only_read_stays_a_constant() -> None:
    files = KILN | {"README.md": '# K\n\n```js\nimport useKiln, { plain } from "kiln"\nuseKiln(plain)\n```\n'}
    repository = context_of(files).repository
    facts = with_called_constants(repository.facts, repository.texts)
    assert "plain" not in {one.name for one in facts["src/index.ts"].symbols}
    assert "useKiln" in {one.name for one in facts["src/core.ts"].symbols}


def test_common_js() -> None:
    files = {
        "package.json": '{"name": "kiln", "main": "index.js"}',
        "index.js": "const made = require('./made')\nconst fire = made({ hot: true })\nmodule.exports = fire\n",
        "made.js": "module.exports = function made (options) { return () => options }\n",
        "README.md": "# K\n\n```js\nconst fire = require('kiln')\nfire('clay')\n```\n",
    }
    repository = context_of(files).repository
    facts = with_called_constants(repository.facts, repository.texts)
    assert [one.kind for one in facts["index.js"].symbols if one.name == "fire"] == ["function"]
