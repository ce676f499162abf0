"""`gardener generate`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from codebase_gardener.cli import options as cli_options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json
from codebase_gardener.utils.error_handling import InvalidInputError

if TYPE_CHECKING:
    from codebase_gardener.dataset.prompts import Prompt

__all__ = ["generate"]


@click.command()
@click.argument("adapters", metavar="[P/N|DIR|HUB_ID]…", nargs=-1)
@click.option(
    "--prompt", "prompts", multiple=True, help="A text to go on with; - reads standard input. Repeat it."
)
@click.option("--chat", is_flag=True, help="A prompt is a user's turn of a conversation.")
@click.option("--and-base", is_flag=True, help="Let the base alone answer too.")
@click.option(
    "--merged", is_flag=True, help="Answer with the adapter merged into the weights, in memory only."
)
@click.option(
    "--tokens", "max_new_tokens", type=click.IntRange(min=1), default=128, show_default=True, help="At most."
)
@click.option(
    "--temperature", type=float, default=0.0, show_default=True, help="0 takes the likeliest token."
)
@click.option(
    "--top-p", type=float, default=1.0, show_default=True, help="Draw from this share of likely tokens."
)
@click.option(
    "--top-k", type=int, default=0, show_default=True, help="Draw from so many likely tokens; 0: all."
)
@click.option("--stop", multiple=True, help="Stop at this text, which is left out. Repeat it.")
@click.option("--seed", type=int, help="Of the draws.")
@click.option("--base", help="The base alone; or that of a folder, instead of the one that it names.")
@cli_options.dtype
@cli_options.engine
@cli_options.ollama_model
@command_options
def generate(
    adapters: tuple[str, ...],
    prompts: tuple[str, ...],
    chat: bool,
    and_base: bool,
    merged: bool,
    base: str | None,
    dtype: str | None,
    engine: str,
    model: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Let adapters go on with prompts; without adapters, the base alone.

    One adapter and one prompt stream to a terminal. Several are one batch in which each row has its own adapter.
    """
    from codebase_gardener.gardener.generating import generate as answer
    from codebase_gardener.gardener.generating import open_adapter
    from codebase_gardener.gardener.through_ollama import generate_through_ollama

    given = {"--merged": merged, "--and-base": and_base, "--base": base}
    cli_options.check_engine(engine, model, *(name for name, value in given.items() if value))

    texts = [sys.stdin.read() if prompt == "-" else prompt for prompt in prompts]
    if not texts:
        raise InvalidInputError(
            "there is no prompt", hint="give --prompt TEXT, or --prompt - to read standard input"
        )
    asked: list[Prompt] = [[{"role": "user", "content": text}] if chat else text for text in texts]
    named: list[str | None] = [*adapters, *([None] if and_base or not adapters else [])]
    with open_gardener(inference_dtype=dtype) as gardener:
        if engine == "ollama":
            said = generate_through_ollama(gardener, adapters, asked, model, **options)
        elif len(named) == len(asked) == 1 and not as_json and not merged:
            for piece in open_adapter(gardener, named[0], base).stream(asked[0], **options):
                echo(piece, nl=False)
            echo()
            return
        else:
            said = answer(gardener, named, asked, base=base, merged=merged, **options)
    for note in dict.fromkeys(row.note for row in said if row.note):
        echo(note, err=True)
    if as_json:
        print_json(said)
        return
    if engine == "ollama" and len(said) == 1:
        echo(said[0].text)
        return
    for row, text in zip(said, texts * len(named), strict=True):
        echo(f"--- {row.adapter or row.base}: {text.strip().splitlines()[-1] if text.strip() else ''}")
        echo(row.text)
