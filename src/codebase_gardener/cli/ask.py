"""`gardener ask`."""

from __future__ import annotations

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, open_gardener, print_json
from codebase_gardener.utils.names import parse_ref

__all__ = ["ask"]

_SHOWN_EVIDENCE = 3


@click.command()
@click.argument("what", metavar="NAME[/ADAPTER[@VERSION]]")
@click.argument("question")
@click.option("--no-adapter", is_flag=True, help="Let the base answer.")
@click.option("--no-retrieval", is_flag=True, help="Put no retrieved code before the question.")
@click.option("--tokens", type=click.IntRange(min=1), default=200, show_default=True, help="Longest answer.")
@options.dtype
@options.engine
@options.ollama_model
@command_options
def ask(
    what: str,
    question: str,
    no_adapter: bool,
    no_retrieval: bool,
    tokens: int,
    dtype: str | None,
    engine: str,
    model: str | None,
    as_json: bool,
) -> None:
    """Ask a question about a project.

    The answer is the model's; the sources under it are where the retrieved code stands, and the wiki's
    page with the lines that it rests on.
    """
    from codebase_gardener.gardener.asking import ask as answer_to

    options.check_engine(engine, model)
    with open_gardener(inference_dtype=dtype) as gardener:
        answer = answer_to(
            gardener,
            parse_ref(what),
            question,
            adapter=not no_adapter,
            retrieval=not no_retrieval,
            max_new_tokens=tokens,
            engine=engine,
            model=model,
        )
    if as_json:
        print_json(answer)
        return
    click.echo(answer.text)
    click.echo()
    click.echo(
        f"{answer.adapter or 'no adapter'} on {answer.base}{f': {answer.note}' if answer.note else ''}",
        err=True,
    )
    for source in answer.sources:
        evidence = ", ".join(answer.evidence.get(source, ())[:_SHOWN_EVIDENCE])
        click.echo(f"  {source}{f': {evidence}' if evidence else ''}", err=True)
