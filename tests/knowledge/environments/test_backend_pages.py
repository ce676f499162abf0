"""The page of an optional backend."""

from __future__ import annotations

import re

from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from samples.environments import pages_of, section
from samples.written_context import context_of


def test_bounds_devices_and_commands(facts: RepositoryFacts) -> None:
    pages = pages_of(facts)
    assert "| `torch` | `>=1.13.0` | `setup.py:L6-6` |" in section(pages["Core"], "Dependencies")
    system = section(pages["Core"], "System Requirements")
    assert "| `Python` | `>=3.10` | `setup.py:L5-5` |" in system
    assert re.findall(r"Device `(\w+)`", system) == ["cuda", "mps", "cpu"]
    assert section(pages["Core"], "Quick Install").startswith("```shell\npip install tool\n```")
    assert section(pages["Fast"], "Quick Install") == '```shell\npip install "tool[fast]"\n```'
    install = section(pages["QUIP"], "Quick Install")
    assert (
        'pip install "auto_quip>=0.5.0"\n```\n\nor\n\n```shell\npip install "helper>=1.24.0" quipmodel'
        in install
    )


def test_what_npm_may_leave_out_is_installed_by_npm() -> None:
    package = (
        '{"name": "kiln", "private": true,\n"peerDependencies": {"react": ">=18"},\n'
        '"peerDependenciesMeta": {"react": {"optional": true}}}'
    )
    context = context_of({"package.json": package, "src/a.ts": "import React from 'react'\nReact.fire()\n"})
    page = pages_of(context.repository)["o_r_Optional"]
    assert section(page, "Quick Install") == "```shell\nnpm install react\n```"
    assert "which says that it may be left out" in page.page.description


def test_what_only_gives_types_is_needed_by_nothing_that_runs() -> None:
    package = '{"name": "kiln", "peerDependencies": {"ws": "1"}, "peerDependenciesMeta": {"ws": {"optional": true}}}'
    wanted = "export function fire(hooks: Hooks) {}\n"
    for code, for_types in (
        ("import type { Hooks } from 'ws'", True),
        ("import type * as Hooks from 'ws'", True),
        ("import { type Hooks, type Socket } from 'ws'", True),
        ("import { type Socket, Hooks } from 'ws'", False),
    ):
        context = context_of({"package.json": package, "src/a.ts": f"{code}\n{wanted}"})
        page = pages_of(context.repository)["o_r_Optional"]
        assert bool(page.gates) != for_types, code
        assert ("takes types from it, and nothing else" in page.page.overview) == for_types, code
        notes = section(page, "Compatibility Notes")
        said = "imports types of it alone" if for_types else "imports it"
        assert notes == f"- `src/a.ts` {said} (`src/a.ts:L1-1`)."


def test_a_feature_of_a_crate_is_asked_for_with_the_crate() -> None:
    cargo = (
        '[package]\nname = "kiln"\n[dependencies]\nglaze = { version = "1", optional = true }\n'
        '[features]\nshine = ["glaze"]\n'
    )
    for source, command in (("src/lib.rs", "cargo add"), ("src/main.rs", "cargo install")):
        context = context_of({"Cargo.toml": cargo, source: "fn main() {}\n"})
        page = pages_of(context.repository)["o_r_Shine"]
        assert section(page, "Quick Install") == f"```shell\n{command} kiln --features shine\n```"
