"""A type that an example defines is its own, whatever the package calls one of its."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of

RUST = {
    "Cargo.toml": "[package]\nname = 'pot'\n",
    "src/lib.rs": """
        pub struct Config;
        impl Config { pub fn fire(&self) {} }
        pub fn load(c: Config) {}
        #[macro_export]
        macro_rules! flags { ($($t:tt)*) => {} }
        #[cfg(test)]
        mod tests;
    """,
    "src/tests.rs": """
        use super::*;
        flags! { pub struct Config: u8 { const A = 1; } }
        fn given(c: Config) { c.fire(); Config::A.fire(); }
    """,
}
OWN = "use pot::load;\n\nfn main() { load(Config { a: 1 }); let c: Config = make(); }\nstruct Config { a: u8 }\n"
MADE = "use pot::flags;\n\nflags! { struct Config: u8 {} }\nlet a = Config::A;\n"
SHOWN = "use pot::Config;\n\nlet a = Config;\na.fire();\n"


@pytest.mark.parametrize(("code", "used"), [(OWN, ["load"]), (MADE, ["flags"]), (SHOWN, ["Config.fire"])])
def test_in_a_block_of_a_document(code: str, used: list[str]) -> None:
    readme = f"# Pot\n\n```rust\n{code}```\n"
    passages = context_of({**RUST, "README.md": readme}).resolution.passages
    assert [[use.target.name for use in one.uses] for one in passages if one.path == "README.md"] == [used]


def test_in_a_file_where_a_macro_makes_it() -> None:
    callers = context_of(RUST).resolution.callers
    used = {target.name for target, uses in callers.items() for use in uses if use.path == "src/tests.rs"}
    assert "flags" in used and not used & {"Config", "Config.fire"}


def test_a_type_that_a_macro_makes_keeps_the_methods_that_the_file_gives_it() -> None:
    pinned = "pinned! { pub struct Kiln { a: u8 } }\nimpl Kiln { fn heat() {} }\nfn run() { Kiln::heat(); }\n"
    callers = context_of({"Cargo.toml": RUST["Cargo.toml"], "src/lib.rs": pinned}).resolution.callers
    assert [target.name for target in callers] == ["Kiln.heat"]


def test_in_another_language() -> None:
    own = "```go\ntype Config struct{ A int }\n\nc := Config{A: 1}\nLoad(c)\n```\n"
    files = {
        "go.mod": "module example.com/pot\n",
        "pot.go": "package pot\n\ntype Config struct{}\n\nfunc Load(c Config) {}\n",
        "README.md": f"# Pot\n\n{own}",
    }
    (passage,) = context_of(files).resolution.passages
    assert [use.target.name for use in passage.uses] == ["Load"]


def test_a_method_of_an_example_takes_no_name_from_the_package() -> None:
    code = 'import { fire } from "pot";\n\nclass Own { fire() { return 1 } }\nconst o = { fire() {} };\nfire();\n'
    files = {
        "package.json": '{"name": "pot", "exports": "./index.js"}',
        "index.js": "export function fire() {}\n",
        "README.md": f"# Pot\n\n```js\n{code}```\n",
    }
    (passage,) = context_of(files).resolution.passages
    assert [use.start for use in passage.uses] == [8]


def test_what_only_an_inner_module_offers_can_be_imported_and_is_not_exported() -> None:
    files = {
        "package.json": '{"name": "kiln", "exports": {".": "./index.js", "./_inner": "./inner.js"}}',
        "index.js": "export function fire () { return 1 }\n",
        "inner.js": "export function heat () { return 1 }\n",
    }
    found = context_of(files).resolution
    assert set(found.exported.values()) == {"kiln.fire"}
    assert found.statements[Target("inner.js", "heat")] == 'import { heat } from "kiln/_inner";'
