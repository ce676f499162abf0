"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

from codebase_gardener.utils.error_handling import InvalidInputError

__all__ = [
    "adapters_base",
    "base",
    "check_engine",
    "dtype",
    "engine",
    "name",
    "ollama_model",
    "on",
    "project",
    "revision",
    "rows",
    "server_key",
    "server_url",
]

adapters_base = click.option("--base", help="Base model; by default the one that the adapter names.")
base = click.option("--base", help="Base model: a Hugging Face id, a folder, or the embedded one.")
dtype = click.option(
    "--dtype",
    type=click.Choice(("auto", "bfloat16", "float32")),
    help="What answers are computed in; by default as the setting inference_dtype says.",
)
engine = click.option(
    "--engine",
    type=click.Choice(["torch", "ollama"]),
    default="torch",
    show_default=True,
    help="Who computes: this process, or an Ollama server.",
)
ollama_model = click.option(
    "--model",
    help="The model of the Ollama server; by default the adapter's, else that of the setting ollama_model.",
)
name = click.option("--name", help="Name of the project; by default that of the directory or archive.")
revision = click.option("--revision", help="Commit, branch or tag; by default the working tree.")
on = click.option(
    "--on",
    metavar="ADDRESS",
    help="A cluster that trains it: auto for the one known here, or ray://HOST:10001.",
)
project = click.option(
    "--project", help="The project whose wiki it is in; by default every wiki is looked through."
)
rows = click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSONL rows of your own, added to those of the repository.",
)
server_url = click.option(
    "--url",
    help="With --against served: the server; by default one of this home, else one is started for this.",
)
server_key = click.option(
    "--api-key",
    envvar="GARDENER_API_KEY",
    default="",
    help="An API key of that server; by default that of the environment variable GARDENER_API_KEY.",
)


def check_engine(engine: str, model: str | None, *others: str) -> None:
    """Refuse options that go with the other engine.

    Raises:
        InvalidInputError: `model` without Ollama, or `others` with it.
    """
    if engine == "torch" and model is not None:
        raise InvalidInputError("--model names a model of a server", hint="add --engine ollama")
    if engine == "ollama" and others:
        raise InvalidInputError(f"{others[0]} goes with --engine torch", hint=f"leave {others[0]} out")
