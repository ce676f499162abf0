"""`gardener mcp`."""

from __future__ import annotations

import click

from codebase_gardener.cli.command import command_options, echo, open_gardener

__all__ = ["mcp"]


@click.command()
@click.argument("project")
@command_options
def mcp(project: str, as_json: bool) -> None:
    """Serve a project's wiki to a coding assistant (Model Context Protocol on standard input and output).

    Tools: search, page, neighbours, verify. The assistant starts this command itself; see docs/wiki.md.
    """
    import os
    import signal
    import sys

    from codebase_gardener.wiki.tools import serve_wiki

    signal.signal(
        signal.SIGINT, lambda *_: os._exit(130)
    )  # a thread waits for the next line: no exception reaches it
    if sys.stdin.isatty():
        echo(
            f"serving the wiki of {project} to an assistant on this terminal's input; Ctrl-C ends it",
            err=True,
        )
    with open_gardener() as gardener:
        serve_wiki(gardener.wiki(project))
