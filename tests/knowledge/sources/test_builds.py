"""Of several variants of a definition, that which a plain build holds comes first."""

from __future__ import annotations

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.links.resolution import resolve
from codebase_gardener.knowledge.sources.builds import with_builds
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.table import language_of
from codebase_gardener.repository.snapshot import Snapshot, SourceFile


def facts_of(files: dict[str, str]) -> dict[str, FileFacts]:
    sources = [SourceFile(path, language_of(path, text), "", text) for path, text in files.items()]
    return with_builds({file.path: extract(file) for file in sources})


def test_a_call_in_go_is_of_the_file_that_is_built() -> None:
    files = {
        "go.mod": "module example.com/pot\n",
        "call.go": "package pot\n\nfunc Call() { one.Fire() }\n",
        "kiln/a/a.go": "package a\n\ntype Kiln struct{}\n\nfunc (Kiln) Fire() {}\n",
        "kiln/b/b.go": "package b\n\ntype Kiln struct{}\n\nfunc (Kiln) Fire() {}\n",
    }
    for name, tag in (("a", "electric"), ("b", "!electric")):
        files[f"kiln_{name}.go"] = (
            f'//go:build {tag}\n\npackage pot\n\nimport "example.com/pot/kiln/{name}"\n\nvar one = {name}.Kiln{{}}\n'
        )
    callers = resolve(facts_of(files)).callers
    fired = [target.path for target, uses in callers.items() for use in uses if use.path == "call.go"]
    assert fired == ["kiln/b/b.go", "kiln_b.go"]  # the method, and the variable that it is called on


RUST = {
    "Cargo.toml": "[package]\nname = 'pot'\n\n[features]\ndefault = ['warm']\nwarm = ['hot']\nhot = []\n",
    "src/lib.rs": """
#[cfg(not(feature = "hot"))]
/// Cold.
pub fn fire() -> Cold { Cold }
#[cfg(feature = "hot")]
/// Hot.
pub fn fire() -> Hot { Hot }
#[cfg(target_pointer_width = "32")]
pub const SIZE: u32 = 3;
/// Wide.
#[cfg(target_pointer_width = "64")]
pub const SIZE: u64 = 6;
pub struct Cold;
pub struct Hot;
impl Cold { pub fn show(&self) {} }
impl Hot { pub fn show(&self) {} }
#[cfg(windows)]
pub trait Pane { fn wipe(&self); }
fn call(x: Vec<u8>) { fire().show(); x[0].wipe(); }
""",
}


def test_a_call_in_rust_is_of_what_the_default_features_hold() -> None:
    facts = facts_of(RUST)
    resolution = resolve(facts)
    called = {
        target.name for target, uses in resolution.callers.items() for use in uses if use.scope == "call"
    }
    assert called == {"fire", "Hot.show"}
    snapshot = Snapshot("0", "/pot", "directory", None, "0" * 64, False, "2026-01-01T00:00:00+00:00", (), ())
    assert RepositoryFacts("o_r", snapshot, facts).symbols["src/lib.rs", "fire"].docstring == "Hot."
    (size,) = facts["src/lib.rs"].constants
    assert (size.signature, size.docstring) == ("pub const SIZE: u64 = 6;", "Wide.")
