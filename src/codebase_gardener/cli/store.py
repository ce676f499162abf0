"""`gardener store`."""

from __future__ import annotations

import click

from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json
from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = ["store"]


@click.group()
def store() -> None:
    """What several machines share: adapters, datasets, snapshots, wikis, in the store that the settings name."""


@store.command("status")
@command_options
def status(as_json: bool) -> None:
    """Show what is in the store, and what of it is in this home."""
    from codebase_gardener.gardener import storing

    with open_gardener() as gardener:
        found = storing.status(gardener)
    if as_json:
        print_json(found.as_dict())
        return
    kinds = ", ".join(f"{number} {kind}" for kind, number in found.folders.items()) or "nothing yet"
    echo(f"{found.url}: {kinds}; {found.files} files, {found.bytes / 1e6:.1f} MB")
    echo(f"not fetched to this home: {found.not_here}; in this home only: {found.only_here}")


@store.command("sync")
@click.option("--to-store", is_flag=True, help="Publish what lies in this home and is not there.")
@click.option("--from-store", is_flag=True, help="Fetch what the registry names and is not here.")
@command_options
def sync(to_store: bool, from_store: bool, as_json: bool) -> None:
    """Move a home into the store, or out of it. What is there already stays; do it again if it was cut short.

    With an empty registry, --from-store fetches all that there is: `gardener doctor --adopt` then makes the rows.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.storing import move_from_store, move_to_store

    if to_store == from_store:
        raise InvalidInputError("where to?", hint="give --to-store or --from-store")
    with open_gardener() as gardener:
        moved = (move_to_store if to_store else move_from_store)(gardener, Display())
    if as_json:
        print_json(moved.as_dict())
        return
    where = "published" if to_store else "fetched"
    echo(f"{len(moved.moved)} folders {where}, {moved.were_there} were there already")
