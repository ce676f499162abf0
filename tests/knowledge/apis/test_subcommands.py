"""What code declares as commands, by the forms of the libraries that read them."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.apis.subcommands import _declared_in, subcommands
from samples.written_context import context_of


def _found(files: dict[str, str]) -> frozenset[str] | None:
    repository = context_of(files).repository
    return subcommands(repository.facts, repository.texts)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "parsers.add_parser('fire')\nparsers.add_parser(\n    \"dry-clay\", help='x')\n"),
        ("a.py", "import click\n@click.group()\ndef cli(): ...\n@cli.command()\ndef fire(): ...\n"
                 "@cli.command('dry-clay')\ndef dry(): ...\n"),
        ("a.py", "import sys\nif sys.argv[1] == 'fire':\n    pass\nelif sys.argv[1] == 'dry-clay':\n    pass\n"),
        ("a.py", "COMMANDS = {\n    'fire': fire,\n    'dry-clay': dry,\n}\n"),
        ("src/main.rs", "use clap::Subcommand;\n#[derive(Debug, Subcommand)]\nenum Action {\n    /// Fires.\n"
                        "    Fire { hot: bool },\n    DryClay,\n}\n"),
        ("src/main.rs", 'use clap::Command;\nfn a() { Command::new("fire"); Command::new("dry-clay"); }\n'),
        ("cmd/a.go", 'package cmd\nimport "github.com/spf13/cobra"\nvar a = &cobra.Command{Use: "fire [flags]"}\n'
                     'var b = &cobra.Command{\n\tUse:   "dry-clay",\n}\n'),
        ("src/a.js", "program.command('fire <pot>')\nprogram.command('dry-clay')\n"),
    ],
)  # fmt: skip
def test_words_are_found_in_each_form(path: str, text: str) -> None:
    found = _found({path: text})
    assert found is not None and {"fire", "dry-clay"} <= found


def test_code_without_commands_has_none_and_tests_declare_none() -> None:
    assert (
        _found({"a.py": "parser.add_argument('pot')\n", "tests/a.py": "p.add_parser('fire')\n"})
        == frozenset()
    )


def test_commands_whose_names_are_not_written_may_be_any_word() -> None:
    assert _found({"a.py": "for name in found:\n    parsers.add_parser(name)\n"}) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "commands = {\n",
        "#[derive(Subcommand)]\nenum A {\n",
        "#[derive(Subcommand",
        "@Command(",
        "Use:" + " " * 99,
    ],
)
def test_what_begins_and_never_ends_costs_no_time(line: str) -> None:
    began = time.process_time()
    _declared_in("picocli cobra clap command enum\n" + line * 20_000)
    assert time.process_time() - began < 5
