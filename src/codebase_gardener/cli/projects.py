"""`gardener add`, `projects` and `delete`."""

from __future__ import annotations

from collections import Counter

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json, tell
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import parse_ref

__all__ = ["add", "delete", "projects"]

_SHOWN = 20


@click.command()
@click.argument("source")
@options.name
@options.revision
@click.option("--verbose", is_flag=True, help="List every file that was left out.")
@command_options
def add(source: str, name: str | None, revision: str | None, verbose: bool, as_json: bool) -> None:
    """Read a repository and make it a project.

    SOURCE is a directory, a git URL, or a source archive. Nothing of it is run.
    """
    from codebase_gardener.cli.display import Display

    with open_gardener() as gardener, Display().stage("snapshot", "files") as progress:
        project, snapshot = gardener.add(source, name=name, revision=revision, progress=progress)
    if as_json:
        print_json(
            {
                "project": project.name,
                "source": snapshot.source,
                "kind": snapshot.kind,
                "revision": snapshot.revision,
                "dirty": snapshot.dirty,
                "tree_hash": snapshot.tree_hash,
                "files": len(snapshot.files),
                "lines": sum(file.lines for file in snapshot.files),
                "skipped": snapshot.skipped,
            }
        )
        return
    languages = Counter(file.language for file in snapshot.files)
    echo(f"{project.name}: {snapshot.kind} at {snapshot.revision}")
    echo(f"{len(snapshot.files)} files: {', '.join(f'{n} {name}' for name, n in languages.most_common())}")
    echo(f"{len(snapshot.skipped)} left out{':' if snapshot.skipped else ''}")
    shown = snapshot.skipped if verbose else snapshot.skipped[:_SHOWN]
    for file in shown:
        echo(f"  {file.path}: {file.reason}")
    if len(shown) < len(snapshot.skipped):
        echo(f"  and {len(snapshot.skipped) - len(shown)} more (--verbose)")


@click.command()
@command_options
def projects(as_json: bool) -> None:
    """List the projects."""
    with open_gardener() as gardener:
        rows = gardener.projects()
    if as_json:
        print_json(rows)
    elif not rows:
        echo("no projects yet: gardener grow PATH")
    for row in () if as_json else rows:
        echo(f"{row.name:<24} {row.kind:<10} {row.source}")


@click.command()
@click.argument("what", metavar="NAME[/ADAPTER[@VERSION]]")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    help="Leave so many newest versions of each adapter, and its active one.",
)
@click.option("--yes", is_flag=True, help="Do not ask before a whole project is deleted.")
@command_options
def delete(what: str, keep: int | None, yes: bool, as_json: bool) -> None:
    """Delete a project, an adapter, or a version.

    What is in use or in training is refused. The repository itself is never touched.
    """
    ref = parse_ref(what)
    with open_gardener() as gardener:
        if ref.name is None and keep is None and not yes:
            gardener.registry.project(ref.project)
            if as_json:  # a program cannot be asked
                raise InvalidInputError(
                    f"{ref.project} is a whole project, with all its adapters and datasets",
                    hint="add --yes to delete it",
                )
            click.confirm(f"Delete project {ref.project} with all its adapters and datasets?", abort=True)
        deleted = gardener.delete(ref, keep=keep)
    lines = "\n".join(f"deleted {name}" for name in deleted)
    tell(as_json, {"deleted": deleted}, lines or "nothing to delete")
