from __future__ import annotations

from samples.manifests import names, read, rows


def test_cargo_toml() -> None:
    text = """\
[package]
name = "c"
version = "0.1.0"
rust-version = "1.70"
[features]
json = ["dep:serde_json"]
[dependencies]
log = "0.4"
serde_json = { version = "1", optional = true }
[dev-dependencies]
tempfile = "3"
"""
    found = read("Cargo.toml", text)
    assert (found.name.text, found.name.start, found.version.text, found.version.end) == ("c", 2, "0.1.0", 3)
    assert rows("Cargo.toml", text, "runtime") == [("", "Rust", ">=1.70", 4)]
    assert rows("Cargo.toml", text, "requirement") == [("", "log", "0.4", 8)]
    assert rows("Cargo.toml", text, "extra") == [("json", "serde_json", "1", 9)]
    assert rows("Cargo.toml", text, "group") == [("dev", "tempfile", "3", 11)]


def test_a_table_of_its_own_has_all_its_lines() -> None:
    text = (
        '[dependencies]\na = "1"\n\n[dependencies.b]\nversion = "2"\nfeatures = [\n  "x",\n]\n\n[profile]\n'
    )
    found = read("Cargo.toml", text).dependencies
    assert [(each.name, each.version, each.start, each.end) for each in found] == [
        ("a", "1", 2, 2),
        ("b", "2", 4, 8),
    ]


def test_what_it_lets_others_import_and_installs() -> None:
    assert names("Cargo.toml", '[package]\nname = "a-b"') == [("a_b", "src/lib.rs"), ("a_b", "src/main.rs")]
    assert names("x/Cargo.toml", '[package]\nname="a"\n[lib]\nname="l"\npath="l.rs"')[0] == ("l", "l.rs")
    assert names("Cargo.toml", '[package]\nname = "a b"') == []
    assert read("Cargo.toml", '[[bin]]\nname = "tool"\n[[bin]]\npath = "x.rs"').commands == ("tool",)


def test_what_a_target_alone_needs_says_so() -> None:
    text = "[dependencies]\nlog = '1'\n[target.'cfg(windows)'.dependencies.winapi-util]\nversion = '0.1'\n"
    text += "[target.x86_64-unknown-linux-gnu.dev-dependencies]\nlibc = '0.2'\n"
    found = [(one.kind, one.text, one.start) for one in read("Cargo.toml", text).dependencies]
    assert found == [
        ("requirement", "log 1", 2),
        ("requirement", "winapi-util 0.1; cfg(windows)", 3),
        ("group", "libc 0.2; x86_64-unknown-linux-gnu", 6),
    ]


def test_what_is_used_by_another_name_tells_its_package() -> None:
    text = '[dependencies]\nserde = { package = "serde_core", version = "1" }\n'
    text += 'log = { package = "log", version = "0.4" }\n'
    found = read("Cargo.toml", text).dependencies
    assert [(one.name, one.package, one.version) for one in found] == [
        ("serde", "serde_core", "1"),
        ("log", "", "0.4"),
    ]
    assert found[0].text == "serde (package serde_core) 1"
