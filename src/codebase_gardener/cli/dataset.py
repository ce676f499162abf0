"""`gardener dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from codebase_gardener.cli.command import command_options, open_gardener, print_json
from codebase_gardener.utils.names import parse_ref

__all__ = ["dataset"]


@click.command()
@click.argument("name")
@click.option("--show", type=click.IntRange(min=1), help="Print so many rows, trained-on tokens coloured.")
@click.option("--task", help="With --show: only rows of this task.")
@click.option("--base", help="With --show: whose tokenizer.")
@click.option(
    "--file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSONL rows of your own, added to those of the repository.",
)
@command_options
def dataset(
    name: str, show: int | None, task: str | None, base: str | None, file: Path | None, as_json: bool
) -> None:
    """Make a project's dataset, or show rows of it."""
    from codebase_gardener.cli.display import Display

    display = Display()
    with open_gardener() as gardener:
        with display.stage("dataset", "files") as progress:
            made, folder = gardener.dataset(parse_ref(name).project, file=file, progress=progress)
        if as_json:
            print_json({"directory": str(folder), "hash": made.hash, "report": made.report.as_dict()})
        else:
            _show_report(made, folder)
        if show:
            _show_rows(gardener, made, base, show, task, display)


def _show_report(made: Any, folder: Path) -> None:
    report = made.report
    click.echo(
        f"{len(made.train):,} rows to train on, {len(made.heldout)} held-out functions ({report.commit})"
    )
    for task, counts in report.rows.items():
        click.echo(f"  {task:<12} {counts.get('train', 0):>6} train {counts.get('heldout', 0):>6} held out")
    click.echo(
        f"removed: {report.near_duplicates} near-duplicates of held-out code, "
        f"{report.exact_duplicates} exact duplicates"
    )
    for path, problem in list(report.problems.items())[:10]:
        click.echo(f"  {path}: {problem}")
    for warning in report.warnings:
        click.echo(f"warning: {warning}")
    click.echo(f"in {folder}")


def _show_rows(
    gardener: Any, made: Any, base: str | None, count: int, task: str | None, display: Any
) -> None:
    """Print rows with the tokens that are trained on in green, as the trainer will see them."""
    from rich.console import Console
    from rich.text import Text

    from codebase_gardener.training.encoding import IGNORE, FimTokens, encode
    from codebase_gardener.training.torch_base import load_tokenizer

    with display.stage("base model", "bytes") as progress:
        tokenizer = load_tokenizer(gardener.base(base, progress).path)
    spec = gardener.spec({})
    fim = FimTokens.of(tokenizer)
    console = Console(highlight=False, soft_wrap=True)
    rows = [row for row in made.train if task in (None, row.task) and (row.fim is None or fim is not None)]
    step = max(1, len(rows) // count)
    for row in rows[::step][:count]:
        encoded = encode(row, tokenizer, max_length=spec.max_length, fim=fim)
        console.rule(f"{row.task}  {row.anchor}  {len(encoded.ids)} tokens, {encoded.supervised} trained on")
        for token, label in zip(encoded.ids, encoded.labels, strict=True):
            trained = label != IGNORE
            style = "bold green" if trained else "dim"
            console.print(Text(tokenizer.decode([token]), style=style), end="")
        console.print()
