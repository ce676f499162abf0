"""Which file an import of another language than Python means, and which scripts a compiler wrote."""

# ruff: noqa: E501 - sources of one line each

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.links.tree_units import TreeUnits
from codebase_gardener.knowledge.sources.compiled_scripts import compiled_files
from codebase_gardener.knowledge.sources.facts import FileFacts
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.snapshot import SourceFile

FILES = {
    "package.json": '{"name": "@o/m", "exports": {".": {"types": "./dist/index.d.ts", "import": "./dist/index.mjs"}, "./sub": "./dist/sub.js"}}',
    "src/index.ts": "", "src/sub.tsx": "", "src/deep/index.ts": "", "dist/index.mjs": "", "dist/index.d.ts": "",
    "dist/sub.js": "", "plain/a.js": "", "plain/a.d.ts": "",
    "go/go.mod": "module example.org/me/k/v2", "go/k.go": "", "go/in/k.go": "", "x/github.com/a/b/c.go": "",
    "rs/Cargo.toml": "[package]\nname = 'my-c'\n", "rs/src/lib.rs": "", "rs/src/a.rs": "", "rs/src/a/b.rs": "",
    "rs/src/d/mod.rs": "", "rs/examples/e.rs": "",
    "j/src/main/java/org/me/A.java": "", "j/src/test/java/org/me/ATest.java": "",
    "c/include/lib/k.h": "", "c/src/k.c": "", "c/src/local.h": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def facts() -> dict[str, FileFacts]:
    return {path: extract(SourceFile(path, language_of(path), "", text)) for path, text in FILES.items()}


MEANT = [
    ("script", "src/index.ts", "./sub.js", "src/sub.tsx"), ("script", "src/index.ts", "./deep", "src/deep/index.ts"),
    ("script", "src/deep/index.ts", "..", "src/index.ts"), ("script", "src/deep/index.ts", "../../../x", ""),
    ("script", "a.ts", "@o/m", "src/index.ts"), ("script", "a.ts", "@o/m/sub", "src/sub.tsx"),
    ("script", "a.ts", "@o/m/deep", "src/deep/index.ts"), ("script", "a.ts", "react", ""),
    ("go", "a.go", "example.org/me/k/v2", "go:go"), ("go", "a.go", "example.org/me/k/v2/in", "go:go/in"),
    ("go", "a.go", "github.com/a/b", "go:x/github.com/a/b"), ("go", "a.go", "fmt", ""),
    ("rust", "rs/src/a.rs", "crate.d", "rs/src/d/mod.rs"), ("rust", "rs/src/lib.rs", "a", "rs/src/a.rs"),
    ("rust", "rs/src/a.rs", "self.b", "rs/src/a/b.rs"), ("rust", "rs/src/a/b.rs", "super", "rs/src/a.rs"),
    ("rust", "rs/examples/e.rs", "my_c.a.b", "rs/src/a/b.rs"), ("rust", "rs/src/a.rs", "serde.de", ""),
    ("java", "x.java", "org.me", "java:org/me"), ("java", "x.java", "java.util", ""),
    ("c", "c/src/k.c", "local.h", "c/src/local.h"), ("c", "c/src/k.c", "lib/k.h", "c/include/lib/k.h"),
    ("c", "c/src/k.c", "stdio.h", ""),
]  # fmt: skip


@pytest.mark.parametrize(("family", "importer", "module", "expected"), MEANT)
def test_what_an_import_means(
    facts: dict[str, FileFacts], family: str, importer: str, module: str, expected: str
) -> None:
    assert TreeUnits(facts).find(module, importer, family) == expected


def test_a_folder_of_go_has_the_path_of_its_module(facts: dict[str, FileFacts]) -> None:
    units = TreeUnits(facts)
    assert units.import_path("go:go/in") == "example.org/me/k/v2/in"
    assert units.import_path("go:x/github.com/a/b") == "github.com/a/b"


def test_what_a_compiler_wrote(facts: dict[str, FileFacts]) -> None:
    assert compiled_files(facts) == {"dist/index.mjs", "dist/index.d.ts", "dist/sub.js"}
