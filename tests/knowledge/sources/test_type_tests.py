"""Files beside code that only check its types are tests."""

from __future__ import annotations

from dataclasses import replace

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.links.resolution import resolve
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import areas_of
from codebase_gardener.knowledge.sources.type_tests import with_type_tests
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.snapshot import SourceFile

WRONG = "import { pot } from '../index.js'\n\n// THROWS is not a number\npot('a')\nexport type Shown = typeof pot\n"
FILES = {
    "package.json": '{"name": "kiln", "types": "./index.d.ts", "exports": "./index.js",'
    ' "devDependencies": {"check-dts": "1"}}',
    "index.js": "export { pot } from './pot/index.js'\n",
    "index.d.ts": "export { pot } from './pot/index.js'\n",
    "cli.ts": "import { pot } from './index.js'\n\npot(1)\n",
    "pot/index.js": "export function pot(x) { return x }\n",
    "pot/index.d.ts": "import { Size } from './size.js'\n\nexport function pot(x: Size): Size\n",
    "pot/size.ts": "import { big } from '../big.js'\n\nexport type Size = typeof big\n",
    "big.ts": "export const big = 1\n",
    "pot/errors.ts": WRONG,
    "pot/types.ts": "import { pot } from '../index.js'\n\nlet a: number = pot(1)\n",
    "alone.ts": "import { x } from 'elsewhere'\n\nx()\n",
}


def facts_of(files: dict[str, str]) -> dict[str, FileFacts]:
    sources = [SourceFile(path, language_of(path, text), "", text) for path, text in files.items()]
    return {file.path: extract(file) for file in sources}


def test_files_that_use_a_package_whose_types_are_checked_and_that_nothing_uses() -> None:
    facts = with_type_tests(facts_of(FILES), {"cli.ts"})
    areas = areas_of(facts)
    assert [path for path, area in areas.items() if area == "tests"] == ["pot/errors.ts", "pot/types.ts"]
    found = resolve(facts)
    assert not found.passages  # what must not compile is no example
    callers = {use.path for uses in found.callers.values() for use in uses}
    assert "cli.ts" in callers and not callers & {"pot/errors.ts", "pot/types.ts"}


def test_without_such_a_tool_nothing_is_taken_for_one() -> None:
    plain = facts_of(FILES | {"package.json": FILES["package.json"].replace("check-dts", "mocha")})
    assert with_type_tests(plain) == plain


def test_a_file_that_imports_what_only_type_tests_use() -> None:
    package = FILES["package.json"].replace("check-dts", "tsd")
    tested = FILES | {"package.json": package, "pot/types.ts": f"import {{ expectType }} from 'tsd'\n{WRONG}"}
    facts = facts_of(tested)
    found = with_type_tests(facts)
    assert found == facts | {"pot/types.ts": replace(facts["pot/types.ts"], tests=((1, 6, ""),))}
