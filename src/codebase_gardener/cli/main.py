"""`gardener`: the table of commands, loaded one at a time so that --help stays instant."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import signal
import sys
import threading
from contextlib import suppress

import click

from codebase_gardener import __version__
from codebase_gardener.cli.command import echo
from codebase_gardener.utils.openmp import for_waiting
from codebase_gardener.utils.optional_packages import leave_out

__all__ = ["COMMANDS", "cli", "main", "run"]


_HERE = "codebase_gardener.cli"
COMMANDS: dict[str, tuple[str, str]] = {
    "grow": (f"{_HERE}.grow:grow", "From a repository to an adapter that knows it, with a verdict."),
    "regrow": (f"{_HERE}.regrow:regrow", "A version's rows on another base, and old against new."),
    "watch": (f"{_HERE}.watch:watch", "Keep wiki, memory and adapter at a repository's last commit."),
    "add": (f"{_HERE}.projects:add", "Read a repository and make it a project."),
    "projects": (f"{_HERE}.projects:projects", "List the projects."),
    "dataset": (f"{_HERE}.dataset:dataset", "Make a project's dataset, or show rows of it."),
    "wiki": (f"{_HERE}.wiki:wiki", "A wiki of which every claim resolves: build, show, search, html."),
    "mcp": (f"{_HERE}.mcp:mcp", "Serve a project's wiki to coding assistants (MCP on stdio)."),
    "bases": (f"{_HERE}.bases:bases", "List code models by name, and what fits this machine."),
    "plan": (f"{_HERE}.plan:plan", "Choose the options of a training; predict memory and time."),
    "train": (f"{_HERE}.train:train", "Train an adapter in the background."),
    "jobs": (f"{_HERE}.jobs:jobs", "Trainings: list, show, tail, cancel, resume."),
    "adapters": (f"{_HERE}.adapters:adapters", "Adapters: list, show."),
    "evaluate": (f"{_HERE}.evaluate:evaluate", "Measure an adapter on held-out files, in four arms."),
    "merge": (f"{_HERE}.merge:merge", "Merge adapters into a new one, with its error."),
    "import": (f"{_HERE}.adapters:import_", "Take an adapter from a folder into the registry."),
    "prove": (f"{_HERE}.adapters:prove", "Reload an adapter in a fresh process and measure it."),
    "switch": (f"{_HERE}.adapters:switch", "Make a version of an adapter the active one."),
    "disable": (f"{_HERE}.adapters:disable", "Clear the active mark: the base answers."),
    "ask": (f"{_HERE}.ask:ask", "Ask a question about a project."),
    "export": (f"{_HERE}.export:export", "Write an adapter for another program, with a receipt."),
    "serve": (f"{_HERE}.serve:serve", "Serve adapters to editors, chats and scripts (OpenAI's API)."),
    "open": (f"{_HERE}.open:open_", "Open the page in the browser."),
    "connect": (
        f"{_HERE}.connect:connect",
        "Print or write a client's configuration for the running server.",
    ),
    "generate": (f"{_HERE}.generate:generate", "Let adapters go on with prompts."),
    "verify": (f"{_HERE}.verify:verify", "Check that claims about a repository's lines hold."),
    "cluster": (f"{_HERE}.cluster:cluster", "Several nodes on this machine: up, status, down."),
    "delete": (f"{_HERE}.projects:delete", "Delete a project, an adapter, or a version."),
    "store": (f"{_HERE}.store:store", "Move a home into its store and back; what is in it."),
    "doctor": (f"{_HERE}.doctor:doctor", "Check this machine, the home and the registry."),
}
"""Command → where it is, and its line in --help."""


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


@click.group(
    cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="gardener")
def cli() -> None:
    """Grow a model that knows your codebase, and prove it.

    Start with `gardener grow PATH`. All state lies in ~/.codebase-gardener, or where
    CODEBASE_GARDENER_HOME says. Exit codes are listed in docs/commands.md.
    """


def main() -> None:
    """Entry point of the console script.

    What was made is not taken apart at the end: after a wiki's build that is a tenth of the time, and below a thread
    that computes in C it can abort.
    """
    leave_out()
    try:
        run()
    except SystemExit as end:
        if not isinstance(end.code, int | None) or sum(not one.daemon for one in threading.enumerate()) > 1:
            raise
        atexit._run_exitfuncs()
        try:
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has what it wanted, as `head` does
            os._exit(end.code or 0)
        except (OSError, ValueError):
            raise end from None  # Python says so itself
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(end.code or 0)


def run() -> None:
    """Do what the arguments say, and end with an exit code.

    Raises:
        SystemExit: Always.
    """
    signal.signal(signal.SIGTERM, _stopped)
    os.environ.update(for_waiting())  # before any command imports torch; what it starts inherits it
    gc.set_threshold(100_000)  # imports make many objects and no garbage: 50 ms of a listing
    try:
        code = cli(standalone_mode=False)
    except click.exceptions.Abort:
        echo("Stopped: nothing was done.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        if "--json" in sys.argv:
            _print_usage_error(error)
        error.show()
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


def _stopped(signum: int, _: object) -> None:
    """As Ctrl-C: what is half-written goes, and children end."""
    sys.exit(128 + signum)


def _print_usage_error(error: click.ClickException) -> None:
    """An option or argument that cannot be right, as `--json` prints errors."""
    from codebase_gardener.cli.command import print_json
    from codebase_gardener.utils.error_handling import InvalidInputError

    print_json(InvalidInputError(error.format_message(), hint="see the command's --help").as_dict())


if __name__ == "__main__":
    main()
