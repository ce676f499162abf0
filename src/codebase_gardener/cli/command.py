"""What all commands share: the façade to call, `--json`, and errors said with their hint and exit code."""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import click

from codebase_gardener.utils.error_handling import CodebaseGardenerError
from codebase_gardener.utils.logs import configure_logging

if TYPE_CHECKING:
    from codebase_gardener.config.settings import Settings
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["command_options", "echo", "open_gardener", "print_json", "read_settings", "tell"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    r"""Print a line that may hold what a repository or a model says: text, never an order to the terminal.

    Control characters but line ends and tabs are written as escapes.
    """
    click.echo(_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text), err=err, nl=nl)


def command_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add `--json` and `--debug`, and turn errors into a message, a hint and an exit code.

    The command is called with `as_json`.
    """

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
    @click.option("--debug", is_flag=True, help="Print the traceback of an error.")
    @wraps(function)
    def command(*args: object, as_json: bool, debug: bool, **kwargs: object) -> None:
        configure_logging()
        try:
            function(*args, as_json=as_json, **kwargs)
        except CodebaseGardenerError as error:
            if debug:
                traceback.print_exc()
            if as_json:
                print_json({}, error)
            _say(error)
            raise SystemExit(error.exit_code) from error
        except KeyboardInterrupt as interrupt:
            echo("\ninterrupted", err=True)
            raise SystemExit(130) from interrupt
        except BrokenPipeError:
            raise SystemExit(0) from None  # the reader (head, less) has seen enough
        except (click.ClickException, click.exceptions.Abort):
            raise  # click's own way to end a command
        except Exception as error:
            from codebase_gardener.utils.files import out_of_room

            if told := out_of_room(error):
                with suppress(OSError):  # of an output that is full
                    if as_json:
                        print_json(told.as_dict())
                _say(told)
                raise SystemExit(told.exit_code) from error
            traceback.print_exc()
            words = f"This is a bug in Codebase Gardener: {type(error).__name__}: {error}"
            if as_json:
                print_json(CodebaseGardenerError(words, hint="report it with the traceback").as_dict())
            echo(words, err=True)
            raise SystemExit(1) from error

    return command


def _say(error: CodebaseGardenerError) -> None:
    echo(f"Error: {error.message}", err=True)
    if error.hint:
        echo(f"  → {error.hint}", err=True)


def print_json(value: object, error: CodebaseGardenerError | None = None) -> None:
    """One JSON document on standard output; an error stands in the same document, and ends the command."""
    document = value if error is None else {**_plain(value), **error.as_dict()}
    echo(json.dumps(document, indent=1, ensure_ascii=True, default=_plain))
    if error is not None:
        _say(error)
        raise SystemExit(error.exit_code)


def _plain(value: object) -> Any:
    """What JSON has no form for: rows field by field, the rest in words."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value if isinstance(value, dict) else str(value)


def tell(as_json: bool, value: object, line: str) -> None:
    """What a command has to say: a document for programs, a line for people."""
    if as_json:
        print_json(value)
    else:
        echo(line)


def read_settings(**flags: Any) -> Settings:
    """The settings of environment and file; the log has their level from here on."""
    from codebase_gardener.config.settings import load_settings

    settings = load_settings(**flags)
    configure_logging(settings.log_level)
    return settings


def open_gardener(**flags: Any) -> Gardener:
    """The façade, with settings from flags, environment and file; a flag that is None is not given."""
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.utils.progress import SlowLines

    gardener = Gardener(read_settings(**flags))
    gardener.shared.fetching = lambda key: SlowLines(
        partial(echo, err=True), f"fetching {key} from the store"
    )
    return gardener
