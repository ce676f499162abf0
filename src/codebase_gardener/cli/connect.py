"""`gardener connect`."""

from __future__ import annotations

import click

from codebase_gardener.cli.command import command_options, echo, tell
from codebase_gardener.serving.client_configs import CLIENTS

__all__ = ["connect"]


@click.command()
@click.argument("client", type=click.Choice(list(CLIENTS)))
@click.option(
    "--write", is_flag=True, help="Write it into the client's own file; what stood there is kept beside it."
)
@click.option(
    "--url", default="http://127.0.0.1:8000", show_default=True, help="Where `gardener serve` listens."
)
@click.option("--model", help="A name that the server lists; by default its first.")
@command_options
def connect(client: str, write: bool, url: str, model: str | None, as_json: bool) -> None:
    """Print a client's configuration for the running server, or write it."""
    from codebase_gardener.models.endpoint import Endpoint
    from codebase_gardener.serving.client_configs import config_text, target_at, write_config
    from codebase_gardener.utils.error_handling import InvalidInputError

    server = Endpoint("the server", url.rstrip("/").removesuffix("/v1"), 10.0, "start it: gardener serve")
    target = target_at(url, model, server.get)
    row, path = CLIENTS[client], CLIENTS[client].path()
    text = config_text(row, target)
    told = {"client": client, "file": path, "config": text}
    if not write:
        tell(as_json, told, text.rstrip("\n"))
        if path and not as_json:
            echo(f"for {path}; --write puts it there", err=True)
        return
    if path is None:
        raise InvalidInputError(
            f"{client} has no file of its own", hint="paste what is printed without --write"
        )
    written = write_config(row, target, path)
    kept = f"; what stood there is in {written.backup}" if written.backup else ""
    tell(as_json, {**told, "backup": written.backup}, f"{path}{kept}")
