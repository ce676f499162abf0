"""Commands that documents tell the user to run."""

from __future__ import annotations

from codebase_gardener.knowledge.apis.catalog import tool_apis
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.implementations import implementation_page
from codebase_gardener.knowledge.apis.shell_commands import COMMON, commands, console_scripts
from codebase_gardener.knowledge.pages.implementation_layout import read_code_reference
from codebase_gardener.knowledge.pages.steps import source_of
from samples.written_context import context_of


def test_commands(context: ApiContext) -> None:
    tools = {api.target.name: api for api in tool_apis(context)}
    assert set(tools) == {"lib", "other tool"}
    assert tools["other tool"].page == "other_tool_command"
    assert context.commands["lib"][0].options == ("--fast",)
    assert context.scripts == frozenset({"lib"})
    assert "pip install" not in context.commands


def test_a_program_of_the_repository_counts_in_a_block_of_no_language_whatever_others_use_it_for() -> None:
    readme = "# Brew\n\n## Use\n\n```\nbrew install tea\n```\n\n```\nmake tea\n```\n"
    packaging = '[project]\nname = "brew"\n[project.scripts]\nbrew = "brew:main"\n'
    found = context_of(
        {"README.md": readme, "pyproject.toml": packaging, "brew.py": "parsers.add_parser('install')\n"}
    )
    assert [name for name in found.commands if name] == ["brew install"]


def test_console_scripts_of_hostile_files() -> None:
    assert console_scripts({"pyproject.toml": "[project\n"}) == frozenset()
    assert console_scripts({"setup.cfg": "[options.entry_points]\nconsole_scripts =\n    a-b = x:y\n"}) == {
        "a-b"
    }


def test_a_program_that_runs_any_file_gets_no_page() -> None:
    """Those of the languages' rows."""
    assert {COMMON[program] for program in ("python3", "bash", "node", "ruby")} == {"runs any file"}


def test_a_program_of_the_repository_that_installs_others_is_its_own() -> None:
    block = "# A\n\n```bash\npip install x\npipx install x\n```\n"
    facts = context_of({"README.md": block}).repository.facts
    assert list(commands(facts, frozenset({"pipx"}), frozenset({"install"}))) == ["pipx install"]
    assert commands(facts, frozenset()) == {}


def test_a_program_that_another_starts_is_what_is_run_and_a_host_is_no_subcommand() -> None:
    lines = (
        "uvx kiln fire pot",
        "npx kiln fire",
        "pip install kiln",
        "sudo other kiln",
        "kiln localhost:8000/x",
    )
    facts = context_of({"README.md": "# A\n\n```bash\n" + "\n".join(lines) + "\n```\n"}).repository.facts
    found = commands(facts, frozenset({"kiln"}), frozenset({"fire"}))
    assert {name: [one.line for one in each] for name, each in found.items()} == {
        "kiln": [8],
        "kiln fire": [4, 5],
    }


def test_a_word_that_the_code_declares_as_no_command_is_an_argument_and_options_are_the_programs_own() -> (
    None
):
    lines = (
        "kiln clay /etc",
        "kiln fire -t f",
        "kiln clay -X ls -lhd",
        "kiln clay --exec rm -f",
        "kiln -0 clay | xargs -r wc --lines",
        "kiln -x -v -- --clay",
        "kiln -e x && other -z",
        "other clay --size 3",
    )
    block = "# A\n\n```bash\n" + "\n".join(lines) + "\n```\n"
    facts = context_of({"README.md": block}).repository.facts
    found = commands(facts, frozenset({"kiln"}), frozenset({"fire"}))
    assert list(found) == ["kiln", "kiln fire", "other clay"]
    told = [one.options for one in found["kiln"]]
    assert told == [(), ("-X",), ("--exec",), (), ("-x", "-v"), ("-e",)]
    assert found["other clay"][0].options == ("--size",)


def test_what_readers_begin_with_comes_before_what_changed() -> None:
    block = "# A\n\n```bash\nkiln fire\n```\n"
    files = {"CHANGELOG.md": block, "docs/a.md": block, "README.md": block}
    facts = context_of(files).repository.facts
    (found,) = commands(facts, frozenset({"kiln"})).values()
    assert [one.path for one in found] == ["README.md", "docs/a.md", "CHANGELOG.md"]


def test_a_program_of_the_repository_is_not_external() -> None:
    packaging = '[project]\nname = "kiln"\n[project.scripts]\nkiln = "kiln:main"\n'
    block = "# Kiln\n\n```bash\nkiln clay\n```\n"
    found = context_of({"README.md": block, "pyproject.toml": packaging, "kiln.py": "def main(): ...\n"})
    (api,) = tool_apis(found)
    reference = read_code_reference(implementation_page(api, found, {}))
    assert reference is not None and reference.is_own and reference.external == "kiln"
    assert reference.dependencies == ()
    assert source_of(reference) == "`kiln` (of this repository)"
