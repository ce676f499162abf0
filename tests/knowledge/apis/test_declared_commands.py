"""Commands of the repository's own programs."""

from __future__ import annotations

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.declared_commands import declared_commands
from codebase_gardener.knowledge.links.resolution import resolve
from samples.written_context import context_of

GROUP = """
import click


@click.group()
def cli():
    pass


@cli.command()
def {}():
    pass
"""


def test_the_commands_of_a_group_that_is_no_program_are_left_out() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "pot"\n[project.scripts]\npot = "pot.main:cli"\nlid = "pot.lids:run"\n',
        "pot/main.py": GROUP.format("stir"),
        "pot/lids.py": GROUP.format("shut"),
    }
    repository = context_of(files).repository
    found = declared_commands(ApiContext(repository, resolve(repository.facts)))
    assert [(each.name, each.path, each.start) for each in found] == [("pot stir", "pot/main.py", 9)]
