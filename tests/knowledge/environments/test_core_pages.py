"""What plain installation and work on the repository need."""

from __future__ import annotations

from pathlib import Path

import pytest

from samples.environments import pages_of, repository, section


@pytest.mark.parametrize(
    ("files", "package", "install"),
    [
        ({"package.json": '{\n"name": "@o/tool",\n"version": "1.0.0",\n"dependencies": {"zod": "^3"}\n}\n', "a.js": ""},
         "`zod` | `^3`", "npm install @o/tool"),
        ({"go.mod": "module github.com/o/tool\n\ngo 1.21\nrequire a.org/b v1.2.3\n", "a.go": "package a\n"},
         "`a.org/b` | `>=v1.2.3`", "go get github.com/o/tool"),
        ({"Cargo.toml": '[package]\nname = "tool"\nversion = "1.0.0"\n[dependencies]\nlog = "0.4"\n', "a.rs": "\n"},
         "`log` | `0.4`", "cargo add tool"),
        ({"Cargo.toml": '[package]\nname = "tool"\n[dependencies]\nlog = { package = "log-core", version = "1" }\n',
          "a.rs": "\n"}, "`log` (package `log-core`) | `1`", "cargo add tool"),
        ({"Cargo.toml": '[package]\nname = "tool"\n[dependencies]\nlog = "0.4"\n', "src/main.rs": "fn main() {}\n"},
         "`log` | `0.4`", "cargo install tool"),
        ({"src/tool.py": "import numpy\nimport os\n", "src/b.py": "import tool\nimport pandas.core\n"},
         "`pandas` | any | `src/b.py:L2-2`", "used as it is checked out"),
        ({"a.c": "int main() {}\n", "b.c": "int x;\n"}, "No packaging file names one.", "used as it is checked out"),
        ({"a.py": "x = 1\n", "b.py": "y = 1\n"}, "No packaging file and no import", "used as it is checked out"),
    ],
)  # fmt: skip
def test_other_repositories(tmp_path: Path, files: dict[str, str], package: str, install: str) -> None:
    core = pages_of(repository(tmp_path, files))["Core"]
    assert package in section(core, "Dependencies")
    assert install in section(core, "Quick Install")
    assert section(core, "Code Evidence").count("From `") >= 2


def test_the_package_is_the_one_named_like_the_repository(tmp_path: Path) -> None:
    files = {
        "package.json": '{"private": true, "name": "root", "devDependencies": {"vitest": "1"}}',
        "packages/other/package.json": '{"name": "other", "version": "1.0.0"}',
        "packages/tool/package.json": '{"name": "tool", "version": "1.0.0"}',
        "examples/x/package.json": '{"name": "tool", "version": "9.9.9"}',
    }
    core = pages_of(repository(tmp_path, files))["Core"]
    assert "declared at `packages/tool/package.json:L1-1`" in core.page.description
    assert "The repository also holds `other`" in core.page.description


@pytest.mark.parametrize(
    ("file", "text", "command"),
    [
        ("pyproject.toml", '[project]\nname = "tool"\n[project.optional-dependencies]\ntest = ["a"]\ndocs = ["b"]\n',
         'pip install -e ".[docs,test]"'),
        ("package.json", '{\n"name": "tool",\n"version": "1",\n"devDependencies": {"vitest": "1"}\n}\n', "npm install"),
        ("Cargo.toml", '[package]\nname = "tool"\n[dev-dependencies]\nlog = "1"\n', "cargo build"),
    ],
)  # fmt: skip
def test_how_one_gets_what_work_on_it_needs(tmp_path: Path, file: str, text: str, command: str) -> None:
    page = pages_of(repository(tmp_path, {file: text, "a.md": "# A\n"}))["Development"]
    assert section(page, "Quick Install") == f"```shell\n{command}\n```"


def test_maven_is_told_in_xml(tmp_path: Path) -> None:
    pom = "<project>\n<groupId>org.a</groupId>\n<artifactId>tool</artifactId>\n<version>1</version>\n</project>\n"
    core = pages_of(repository(tmp_path, {"pom.xml": pom, "A.java": "class A {}\n"}))["Core"]
    written = "<dependency><groupId>org.a</groupId><artifactId>tool</artifactId></dependency>"
    assert section(core, "Quick Install") == f"```xml\n{written}\n```"


def test_what_comes_with_another_language_is_no_package(tmp_path: Path) -> None:
    files = {
        "src/lib.rs": "use std::fmt;\npub use Pot::{Red, Blue};\npub enum Pot { Red, Blue }\n",
        "src/a.rs": "\n",
    }
    assert "`" not in section(pages_of(repository(tmp_path, files))["Core"], "Dependencies")


@pytest.mark.parametrize(
    ("dependencies", "said"),
    [
        ("", "The packaging files name no dependency."),
        ('[dependencies]\nlog = { version = "1", optional = true }\n', "name none that it always needs."),
        ('[dev-dependencies]\nlog = "1"\n', "name none that it always needs."),
    ],
)
def test_a_dependency_that_is_not_always_needed_is_one(tmp_path: Path, dependencies: str, said: str) -> None:
    cargo = f'[package]\nname = "tool"\nversion = "1.0.0"\n{dependencies}'
    core = pages_of(repository(tmp_path, {"Cargo.toml": cargo, "src/lib.rs": "\n"}))["Core"]
    assert section(core, "Dependencies").endswith(said)


def test_what_code_is_built_on_is_a_note(tmp_path: Path) -> None:
    files = {"go.mod": "module github.com/o/tool\n", "a.go": "//go:build !windows\n\npackage a\n"}
    notes = section(pages_of(repository(tmp_path, files))["Core"], "Compatibility Notes")
    assert notes == "- Build condition `!windows`: it decides what is built (`a.go:L1-1`)."


def test_many_build_conditions_stand_together_and_the_rest_is_counted(tmp_path: Path) -> None:
    code = "".join(f'#[cfg(target_os = "os{n}")]\nfn f{n}() {{}}\n' for n in range(6))
    code += "".join(f"#[cfg(flag_{n})]\nfn g{n}() {{}}\n" for n in range(12))
    files = {
        "Cargo.toml": '[package]\nname = "tool"\n',
        "src/lib.rs": code,
        "src/h.rs": "#[cfg(flag_11)]\nfn h() {}\n",
    }
    notes = section(pages_of(repository(tmp_path, files))["Core"], "Compatibility Notes").split("\n")
    assert notes[0].startswith(
        '- 6 build conditions on `target_os` decide what is built: `target_os = "os0"` ('
    )
    assert notes[0].endswith(" and 2 more.")
    assert notes[1].startswith("- Build condition `flag_11`:")  # of two places
    assert len(notes) == 11
    assert notes[-1] == "- 3 further build conditions, in 3 places."


def test_a_condition_of_a_dependency_and_the_version_that_a_readme_asks_for_are_told(tmp_path: Path) -> None:
    cargo = '[package]\nname = "tool"\n[dependencies]\nlog = "0.4"\n'
    files = {
        "Cargo.toml": f"{cargo}[target.'cfg(windows)'.dependencies]\nwin = \"0.1\"\n",
        "src/lib.rs": "pub fn a() {}\n",
        "README.md": "# Tool\n\nFast.\n\nThe minimum supported `rustc` version is `1.60.0`.\n\nRust 1.2 is old.\n",
    }
    core = pages_of(repository(tmp_path, files))["Core"]
    assert "`rustc >=1.60.0` and 1 package; 1 more under a condition." in core.page.overview
    assert "| `rustc` | `>=1.60.0` | `README.md:L5-5` |" in section(core, "System Requirements")
    assert "| `win` | `0.1; cfg(windows)` |" in section(core, "Dependencies")


_NPM = {
    "package.json": """{
"name": "tool",
"version": "1.0.0",
"dependencies": {"zod": "^3"},
"devDependencies": {"vitest": "1", "tool": "workspace:*"}
}
""",
    "src/a.js": "export const home = process.env.TOOL_HOME;\n",
    "scripts/release.js": "const next = process.env.RELEASE_TYPE;\n",
}


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({}, "npm install"),
        ({"package.json": _NPM["package.json"].replace("{\n", '{\n"packageManager": "yarn@4.1.0",\n', 1)},
         "yarn install"),
        ({"pnpm-workspace.yaml": "packages: [a]\n"}, "pnpm install"),
        ({"yarn.lock": "# yarn lockfile v1\n"}, "yarn install"),
        ({"CONTRIBUTING.md": "# Work\n\n```sh\nbun install\nnpm run x\n```\n"}, "bun install"),
    ],
)  # fmt: skip
def test_the_repositorys_own_package_manager_installs(
    tmp_path: Path, files: dict[str, str], command: str
) -> None:
    pages = pages_of(repository(tmp_path, _NPM | files))
    assert section(pages["Development"], "Quick Install") == f"```shell\n{command}\n```"
    assert "npm install tool" in section(pages["Core"], "Quick Install")  # its users have their own


def test_what_scripts_read_is_told_of_work_on_the_repository(tmp_path: Path) -> None:
    pages = pages_of(repository(tmp_path, _NPM))
    assert "RELEASE_TYPE" not in section(pages["Core"], "Credentials")
    assert "TOOL_HOME" in section(pages["Core"], "Credentials")
    assert "RELEASE_TYPE" in section(pages["Development"], "Credentials")
    assert pages["Development"].page.description == "The packaging files list them under `dev`."


def test_the_features_of_a_crate_are_told_with_their_comments(tmp_path: Path) -> None:
    cargo = '[package]\nname = "tool"\nversion = "1.0.0"\n\n[features]\ndefault = ["std"]\n# Uses the heap.\n'
    cargo += 'std = ["log/std"]\nslow = []\n\n[dependencies]\nlog = "1"\n'
    core = pages_of(repository(tmp_path, {"Cargo.toml": cargo, "src/lib.rs": "pub fn a() {}\n"}))["Core"]
    told = section(core, "Quick Install")
    assert "| `std` | `log/std` | on | “Uses the heap.” | `Cargo.toml:L7-8` |" in told
    assert "| `slow` | — | off | — | `Cargo.toml:L9-9` |" in told
    assert "`default`" not in told
