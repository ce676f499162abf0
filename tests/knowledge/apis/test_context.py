"""What is looked up for all APIs."""

from __future__ import annotations

from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of


def test_an_exported_function_goes_before_the_method_of_an_object_literal() -> None:
    files = {
        "package.json": '{"name": "zed", "main": "./index.ts"}\n',
        "index.ts": "const methods = {\n  optional() {\n    return optional(this);\n  },\n};\n\n"
        "export function optional<T>(inner: T): T {\n  return inner;\n}\n",
        "tests/a.test.ts": 'import { optional } from "../index";\n\ntest("it", () => {\n  optional(1);\n});\n',
    }
    context = context_of(files)
    symbol = context.repository.symbols["index.ts", "optional"]
    assert (symbol.kind, symbol.start) == ("function", 7)
    assert context.main == {Target("index.ts", "optional")}
