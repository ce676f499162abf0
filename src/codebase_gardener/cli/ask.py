"""`gardener ask`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.asking import ModelAnswer
    from codebase_gardener.knowledge.answers.lines import GraphLine

__all__ = ["ask"]

_SHOWN_EVIDENCE = 3


@click.command()
@click.argument("what", metavar="NAME[/ADAPTER[@VERSION]]")
@click.argument("question")
@click.option(
    "--explain/--no-explain",
    default=None,
    help="Ask a model, too, or never; by default where the graph has no answer, or an adapter or server is named.",
)
@click.option(
    "--strict", is_flag=True, help="Refuse a model's answer that says what is not in the repository."
)
@click.option("--no-adapter", is_flag=True, help="Let the base answer.")
@click.option("--no-retrieval", is_flag=True, help="Put no retrieved code before the question.")
@click.option("--tokens", type=click.IntRange(min=1), default=200, show_default=True, help="Longest answer.")
@options.dtype
@click.option(
    "--engine",
    type=click.Choice(["torch", "ollama", "endpoint"]),
    default="torch",
    show_default=True,
    help="Who computes: this process, an Ollama server, or an OpenAI-compatible endpoint.",
)
@click.option(
    "--endpoint",
    metavar="URL",
    help="Of that endpoint; by default the setting openai_base_url, else OPENAI_BASE_URL. Key: OPENAI_API_KEY.",
)
@click.option(
    "--model",
    help="The server's model; at Ollama by default the adapter's, else that of the setting ollama_model.",
)
@command_options
def ask(
    what: str,
    question: str,
    explain: bool | None,
    strict: bool,
    no_adapter: bool,
    no_retrieval: bool,
    tokens: int,
    dtype: str | None,
    engine: str,
    endpoint: str | None,
    model: str | None,
    as_json: bool,
) -> None:
    """Ask a question about a project.

    What the graph of the repository knows is answered by it, each line with its anchor: where is NAME, what is NAME,
    what does NAME take and return, who calls NAME, what raises NAME, which version of NAME, which extra brings NAME,
    what changed in the last release, which types implement NAME, how do I run the tests.
    To other questions the lines that the wiki's search finds are shown.
    What a model adds stands under it, marked as the model's, with the code and the wiki's page that it was shown;
    names, paths, numbers and quotes in it that are not in the repository have a mark behind them and are listed.
    """
    from codebase_gardener.gardener.asking import ask as answer_to

    ref = parse_ref(what)
    options.check_engine(engine, model)
    if engine != "endpoint" and endpoint is not None:
        raise InvalidInputError("--endpoint goes with --engine endpoint", hint="add --engine endpoint")
    with open_gardener(inference_dtype=dtype) as gardener:
        gardener.wiki(ref.project).graph(_display)  # the first question makes it, which takes time
        answer = answer_to(
            gardener,
            ref,
            question,
            explain=explain,
            strict=strict,
            adapter=not no_adapter,
            retrieval=not no_retrieval,
            max_new_tokens=tokens,
            engine=engine,
            model=model,
            endpoint=endpoint or "",
        )
    if as_json:
        print_json(answer)
        return
    if answer.graph is not None:
        _show_lines(answer.graph.lines)
    if answer.model is not None:
        _show_model(answer.model, apart=answer.graph is not None)
    if answer.graph is None and answer.model is None:
        echo("the graph has no answer", err=True)


def _display() -> Display:
    from codebase_gardener.cli.display import Display

    return Display()


def _show_lines(lines: Sequence[GraphLine]) -> None:
    for line in lines:
        echo(f"{line.text}  ({line.anchor})" if line.anchor else line.text)


def _show_model(said: ModelAnswer, *, apart: bool) -> None:
    from codebase_gardener.knowledge.answers.grounding import MARK

    if apart:
        echo("\nThe model adds (not computed from the repository):")
    echo(said.marked)
    echo()
    if said.unverified:
        listed = ", ".join(f"{one.kind} {one.text}" for one in said.unverified)
        echo(f"{MARK} is not in the repository: {listed}\n")
    echo(f"{said.adapter or 'no adapter'} on {said.base}{f': {said.note}' if said.note else ''}", err=True)
    for source in said.sources:
        evidence = ", ".join(said.evidence.get(source, ())[:_SHOWN_EVIDENCE])
        echo(f"  {source}{f': {evidence}' if evidence else ''}", err=True)
