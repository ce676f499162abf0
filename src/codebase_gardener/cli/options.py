"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["adapters_base", "base", "name", "project", "revision", "rows"]

adapters_base = click.option("--base", help="Base model; by default the one that the adapter names.")
base = click.option("--base", help="Base model: a Hugging Face id, a folder, or the embedded one.")
name = click.option("--name", help="Name of the project; by default that of the directory or archive.")
revision = click.option("--revision", help="Commit, branch or tag; by default the working tree.")
project = click.option(
    "--project", help="The project whose wiki it is in; by default every wiki is looked through."
)
rows = click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSONL rows of your own, added to those of the repository.",
)
