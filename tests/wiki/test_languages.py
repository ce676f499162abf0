"""Small repositories of each language: their public names get pages with import, call, types and quoted uses."""

# ruff: noqa: E501 - quotes of one line each

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages.wiki_folder import read_wiki_files
from codebase_gardener.utils.progress import Quiet

pytestmark = pytest.mark.slow

GO = {
    "go.mod": "module example.org/me/kettle\n\ngo 1.21\n\nrequire github.com/x/log v1.2.0\n",
    "kettle.go": """// Package kettle boils water.
package kettle

import (
	"fmt"

	"github.com/x/log"
)

// Kettle holds water.
type Kettle struct {
	litres float64
}

// New makes a kettle.
func New(litres float64, name string) (*Kettle, error) {
	return &Kettle{litres: litres}, nil
}

// Boil heats the water up.
func (k *Kettle) Boil(degrees int, opts ...string) error {
	k.check()
	log.Print(fmt.Sprint(degrees))
	return nil
}

func (k *Kettle) check() {}
""",
    "kettle_test.go": """package kettle

import "testing"

func TestBoil(t *testing.T) {
	k, err := New(1.5, "a")
	if err != nil {
		t.Fatal(err)
	}
	k.Boil(100)
}
""",
    "cmd/kettle/main.go": 'package main\n\nimport "example.org/me/kettle"\n\nfunc main() {\n\tk, _ := kettle.New(1, "b")\n\tk.Boil(90)\n}\n',
    "README.md": '# Kettle\n\n## Boiling\n\n```go\nimport "example.org/me/kettle"\n\nk, err := kettle.New(2, "red")\nk.Boil(80, "slow")\n```\n',
}
TYPESCRIPT = {
    "package.json": '{"name": "@me/kettle", "version": "1.0.0", "main": "dist/index.js", "dependencies": {"ms": "^2.0.0"},\n "engines": {"node": ">=18"}}\n',
    "src/index.ts": 'export * from "./kettle.js";\nexport { heat as boilOnce } from "./heat";\nexport * as units from "./units";\n',
    "src/kettle.ts": """import ms from "ms";
import { heat } from "./heat";

/** Options of a kettle. */
export interface Options {
  litres?: number;
  /** Called when it boils. */
  onBoil(at: Date): void;
}

/**
 * A kettle.
 */
export class Kettle {
  constructor(public name: string, private options: Options = {}) {}

  /**
   * Heats the water up.
   * @param degrees How hot, in Celsius.
   * @returns The time it took.
   */
  async boil(degrees: number, ...notes: string[]): Promise<number> {
    this.check();
    return heat(degrees) + ms("1s");
  }

  private check() {}
}

/** Makes a kettle. */
export const makeKettle = (name: string, options?: Options): Kettle => new Kettle(name, options);
""",
    "src/heat.ts": "/** Heats. */\nexport function heat(degrees: number): number {\n  return degrees;\n}\n",
    "src/units.ts": "/** Celsius of Fahrenheit. */\nexport function celsius(f: number) { return (f - 32) / 1.8 }\n",
    "dist/index.js": 'export * from "./kettle.js";\n',
    "dist/kettle.js": "export class Kettle { boil(degrees) { return degrees } }\nexport const makeKettle = (name) => new Kettle(name);\n",
    "test/kettle.test.ts": """import { describe, it, expect } from "vitest";
import { makeKettle, boilOnce } from "../src";

describe("kettle", () => {
  it("boils water", async () => {
    const kettle = makeKettle("red", { litres: 2 });
    expect(await kettle.boil(100)).toBe(101);
    expect(boilOnce(3)).toBe(3);
  });
});
""",
    "README.md": '# Kettle\n\n```ts\nimport { makeKettle, units } from "@me/kettle";\n\nconst kettle = makeKettle("red");\nawait kettle.boil(units.celsius(212));\n```\n',
}
JAVASCRIPT = {
    "package.json": '{"name": "kettle", "main": "lib/index.js"}\n',
    "lib/index.js": 'module.exports = require("./kettle");\n',
    "lib/kettle.js": """const { heat } = require("./heat");

/** A kettle. */
class Kettle {
  /**
   * Heats the water up.
   * @param {number} degrees How hot.
   */
  boil(degrees, slowly = false) {
    return heat(degrees);
  }
}

/** Makes a kettle. */
function makeKettle(name) {
  return new Kettle(name);
}

module.exports = { Kettle, makeKettle };
""",
    "lib/heat.js": "exports.heat = heat;\nfunction heat(d) { return d; }\n",
    "examples/tea.js": '// Makes tea.\nconst { Kettle, makeKettle } = require("kettle");\n\nconst kettle = new Kettle();\nkettle.boil(90);\nmakeKettle("b");\n',
    "README.md": '# Kettle\n\n```js\nconst { Kettle } = require("kettle");\nconst k = new Kettle();\nk.boil(80);\n```\n',
}
# in boil.js the name of the private function, which the public one has too, is unknown: neither is taken for the other
COMMON_JS = {
    "package.json": '{"name": "kettle", "main": "lib/index.js"}\n',
    "lib/index.js": """var boil = require('./boil');

module.exports = {
  boil: boil,
  pour: require('./pour-out'),
};
""",
    "lib/boil.js": """var boil = function boil(water, degrees, depth) {
  return depth ? boil(water, degrees, depth - 1) : water;
};

module.exports = function (water, options) {
  return boil(water, options.degrees, 3);
};
""",
    "lib/pour-out.js": "exports = module.exports = function (cup) {\n  return cup;\n};\n",
    "README.md": '# Kettle\n\n```js\nvar kettle = require("kettle");\nconst hot = kettle.boil("tap", {degrees: 90});\nkettle.pour(hot);\nconst tea = kettle.boil("rain", {degrees: 80});\nkettle.pour(tea);\n```\n',
}
DECLARED = {
    "package.json": '{"name": "kettle", "type": "module", "exports": {"types": "./dist/index.d.ts", "default": "./dist/index.js"}}\n',
    "dist/index.js": "export default class Kettle {\n  boil(water, options = {}) {\n    return water;\n  }\n}\n",
    "dist/index.d.ts": """export type Heat = { degrees?: number };
export default class Kettle {
    /**
    Heats the water up.
    */
    boil(water: string, options?: Heat): Promise<string>;
}
""",
    "README.md": '# Kettle\n\n```js\nimport Kettle from "kettle";\nconst kettle = new Kettle();\nawait kettle.boil("tap");\n```\n',
}
RUST = {
    "Cargo.toml": '[package]\nname = "tea-kettle"\nversion = "0.1.0"\nrust-version = "1.70"\n\n[dependencies]\nserde = "1.0"\n',
    "src/lib.rs": """//! Boils water.
mod kettle;
pub mod units;
pub use kettle::{Kettle, Heat};

/// Makes a kettle of some litres.
pub fn make(litres: f64) -> Kettle {
    Kettle::new(litres)
}
""",
    "src/kettle.rs": """use crate::units::celsius;

/// A kettle.
pub struct Kettle {
    pub litres: f64,
}

/// What can be heated.
pub trait Heat {
    /// Heats it up.
    fn heat(&mut self, degrees: u32) -> Result<u32, String>;
}

impl Kettle {
    /// An empty kettle.
    pub fn new(litres: f64) -> Self {
        Kettle { litres }
    }

    /// Heats the water up.
    pub fn boil(&mut self, degrees: u32, name: &str) -> Result<u32, String> {
        self.check();
        Ok(celsius(degrees))
    }

    fn check(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boils() {
        let mut kettle = Kettle::new(1.0);
        kettle.boil(100, "a").unwrap();
    }
}
""",
    "src/units.rs": "/// Celsius.\npub fn celsius(f: u32) -> u32 {\n    f\n}\n",
    "examples/tea.rs": 'use tea_kettle::{make, Kettle};\n\nfn main() {\n    let mut kettle = make(2.0);\n    kettle.boil(90, "green");\n    let other = Kettle::new(1.0);\n}\n',
    "README.md": '# Kettle\n\n```rust\nuse tea_kettle::make;\n\nlet mut kettle = make(1.0);\nkettle.boil(80, "b");\n```\n',
}
JAVA = {
    "pom.xml": "<project>\n<groupId>org.me</groupId>\n<artifactId>kettle</artifactId>\n<version>1</version>\n<dependencies>\n<dependency>\n"
    "<groupId>org.slf4j</groupId>\n<artifactId>slf4j-api</artifactId>\n<version>2.0.0</version>\n</dependency>\n</dependencies>\n</project>\n",
    "src/main/java/org/me/Kettle.java": """package org.me;

import org.slf4j.Logger;

/** A kettle. */
public class Kettle {
    private final String name;

    public Kettle(String name) {
        this.name = name;
    }

    /** Makes one. */
    public static Kettle of(String name, int... sizes) {
        return new Kettle(name);
    }

    /**
     * Heats the water up.
     *
     * @param degrees how hot
     * @return the time it took
     */
    public int boil(final int degrees, String note) {
        check();
        return degrees;
    }

    private void check() {}
}
""",
    "src/test/java/org/me/KettleTest.java": """package org.me;

import org.junit.jupiter.api.Test;

class KettleTest {
    @Test
    void boilsWater() {
        Kettle kettle = Kettle.of("red");
        kettle.boil(100, "a");
    }
}
""",
    "README.md": '# Kettle\n\n```java\nimport org.me.Kettle;\n\nKettle kettle = new Kettle("red");\nkettle.boil(80, "b");\nKettle.of("c");\n```\n',
}
C = {
    "include/kettle.h": "#ifndef K\n#define K\ntypedef struct kettle { int litres; } kettle_t;\n/* Heats. */\nint kettle_boil(kettle_t *k, int degrees);\nint kettle_open(int litres);\n#endif\n",
    "src/kettle.c": """#include "kettle.h"

static int check(int d) { return d; }

/* Heats the water up. */
int kettle_boil(kettle_t *k, int degrees) {
    return check(degrees);
}

/* Opens it. */
int kettle_open(int litres) { return litres; }
""",
    "examples/tea.c": '#include "kettle.h"\n\nint main(void) {\n    kettle_open(2);\n    return kettle_boil(0, 90);\n}\n',
    "README.md": '# Kettle\n\n```c\n#include "kettle.h"\nkettle_open(2);\nkettle_boil(k, 80);\n```\n',
}
CPP = {
    "include/kettle.hpp": """#pragma once
#include <string>
namespace tea {
/// A kettle.
class Kettle {
public:
    explicit Kettle(int litres) {}
    /// Heats the water up.
    int boil(int degrees, const std::string& note = "") { return degrees; }
};
/// Makes one.
inline Kettle make(int litres) { return Kettle(litres); }
}
""",
    "tests/test_kettle.cpp": '#include "kettle.hpp"\n\nint test_boil() {\n    tea::Kettle kettle(2);\n    tea::make(1);\n    return kettle.boil(90);\n}\n',
    "README.md": '# Kettle\n\n```cpp\n#include "kettle.hpp"\ntea::Kettle kettle(1);\nkettle.boil(80);\n\nauto pot = tea::make(3);\npot.boil(70);\n```\n',
}  # fmt: skip
MIXED = {
    **{f"rust/{path}": text for path, text in RUST.items() if path != "README.md"},
    **{f"packages/web/{path}": text for path, text in TYPESCRIPT.items() if path != "README.md"},
    "packages/app/package.json": '{"name": "@me/app", "dependencies": {"@me/kettle": "*"}}\n',
    "packages/app/index.ts": 'import { makeKettle } from "@me/kettle";\n\n/** Runs the app. */\nexport function run(): void {\n  makeKettle("a").boil(1);\n}\n',
    "python/tea/__init__.py": '"""Tea."""\n\nfrom ._core import boil\n\n__all__ = ["boil", "steep"]\n\n\ndef steep(minutes: int) -> int:\n    """Wait."""\n    return boil(minutes)\n',
    "pyproject.toml": '[project]\nname = "tea"\nversion = "1"\ndependencies = ["attrs"]\n',
    "README.md": '# Tea\n\n## In Python\n\n```python\nfrom tea import steep\nsteep(3)\n```\n\n## In TypeScript\n\n```ts\nimport { makeKettle } from "@me/kettle";\nmakeKettle("x").boil(3);\n```\n',
}

EXPECTED: dict[str, tuple[dict[str, str], dict[str, tuple[str, ...]]]] = {
    # language: repository, and of its pages what they say
    "go": (GO, {
        "New": ('import "example.org/me/kettle"', "`kettle.New(litres, name)`", "| `litres` | `float64` |", "| `(*Kettle, error)` |",
                'k, err := kettle.New(2, "red")', "New makes a kettle."),
        "Kettle_Boil": ('import "example.org/me/kettle"', "`k.Boil(degrees)`", "| `...opts` | `string` |", 'k.Boil(80, "slow")'),
        "Kettle": ('import "example.org/me/kettle"', "`kettle.Kettle`"),
    }),
    "typescript": (TYPESCRIPT, {
        "makeKettle": ('import { makeKettle } from "@me/kettle";', "`makeKettle(name)`", "| `options` | `Options` | no |", "| `Kettle` |",
                       'const kettle = makeKettle("red");'),
        "Kettle_boil": ("`kettle.boil(degrees)`", "| `degrees` | `number` | yes | How hot, in Celsius. |", "| `Promise<number>` | The time it took. |",
                        "await kettle.boil(units.celsius(212));"),
        "Kettle_init": ("`new Kettle(name)`", 'import { Kettle } from "@me/kettle";', "| `options` | `Options` | `{}` | no |"),
        "heat": ('import { boilOnce } from "@me/kettle";',),
    }),
    "javascript": (JAVASCRIPT, {
        "Kettle_boil": ("`kettle.boil(degrees)`", "| `degrees` | — | yes | How hot. |", "| `slowly` | `false` | no |", "k.boil(80);"),
        "makeKettle": ('import { makeKettle } from "kettle";', "`makeKettle(name)`"),
    }),
    "common_js": (COMMON_JS, {
        "boil": ('import { boil } from "kettle";', "`boil(water, options)`", "lib/boil.js:L5-7", 'kettle.boil("tap", {degrees: 90});'),
        "pourOut": ('import { pour } from "kettle";', "kettle.pour(hot);"),
    }),
    "declared": (DECLARED, {
        "Kettle_boil": (
            "docstring (`dist/index.d.ts:L3-5`): “Heats the water up.”", "`dist/index.js:L2-4` (3 lines), declared in `dist/index.d.ts:L6-6`",
            "| `water` | `string` | — | yes |", "| `options` | `Heat` | `{}` | no |", "| `Promise<string>` |",
        ),
    }),
    "rust": (RUST, {
        "make": ("use tea_kettle::make;", "`make(litres)`", "| `litres` | `f64` |", "let mut kettle = make(1.0);"),
        "Kettle_boil": ("use tea_kettle::Kettle;", "`kettle.boil(degrees, name)`", "| `name` | `&str` |", "| `Result<u32, String>` |"),
        "Kettle_new": ("`Kettle::new(litres)`",),
    }),
    "java": (JAVA, {
        "Kettle_init": ("import org.me.Kettle;", "`new Kettle(name)`", "| `name` | `String` |"),
        "Kettle_boil": ("`kettle.boil(degrees, note)`", "| `degrees` | `int` | yes | how hot |", "| `int` | the time it took |"),
        "Kettle_of": ("`Kettle.of(name)`", "| `...sizes` | `int` |"),
    }),
    "c": (C, {
        "kettle_boil": ('#include "kettle.h"', "`kettle_boil(k, degrees)`", "| `k` | `kettle_t *` |", "| `degrees` | `int` |", "kettle_boil(k, 80);"),
    }),
    "cpp": (CPP, {
        "tea_Kettle_boil": ('#include "kettle.hpp"', "`kettle.boil(degrees)`", "| `note` | `const std::string&` | `\"\"` | no |", "kettle.boil(80);"),
        "tea_make": ("`tea::make(litres)`",),
    }),
    "mixed": (MIXED, {
        "steep": ("from tea import steep", "`steep(minutes)`"),
        "makeKettle": ('import { makeKettle } from "@me/kettle";', 'makeKettle("x").boil(3);'),
        "make": ("use tea_kettle::make;",),
        "run": ('import { run } from "@me/app";',),
    }),
}  # fmt: skip


@pytest.mark.parametrize("language", EXPECTED)
def test_public_names_get_pages(tmp_path: Path, language: str) -> None:
    repository, expected = EXPECTED[language]
    root = tmp_path / "kettle"
    for path, text in repository.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    with Gardener(Settings(home=tmp_path / "home")) as gardener:
        made = build_wiki(gardener, str(root), Quiet(), name="kettle")
        report = gardener.wiki("kettle").verify(Quiet())
        files = read_wiki_files(gardener.wiki("kettle").paths.folder)
    assert report.findings == () and report.stale == ()
    pages = {
        path.partition("/")[2].removesuffix(".md").partition("_")[2]: text
        for path, text in files.items()
        if path.startswith("impl")
    }
    for name, says in expected.items():
        assert name in pages, sorted(pages)
        for text in says:
            assert text in pages[name], (name, text, pages[name])
    assert not [name for name in pages if name.lower().endswith(("check", "main"))]
    assert any(page.type == "Workflow" for page in made.build.pages)
    assert made.build.unresolved <= 0.35 * made.build.references
