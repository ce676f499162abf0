"""`gardener dataset`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json
from codebase_gardener.dataset.export import EXPORT_FORMS, write_jsonl
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.cli.display import Display
    from codebase_gardener.dataset.assembly import Dataset
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.training.encoding import EncodedExample

__all__ = ["dataset"]


@click.command()
@click.argument("name")
@click.option("--show", type=click.IntRange(min=1), help="Print so many rows, trained-on tokens coloured.")
@click.option("--task", help="With --show: only rows of this task.")
@click.option("--base", help="With --show: whose tokenizer.")
@options.rows
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the training rows to this JSONL file.",
)
@click.option(
    "--form", type=click.Choice(tuple(EXPORT_FORMS)), default="prompt", help="With --out: the rows' form."
)
@command_options
def dataset(
    name: str,
    show: int | None,
    task: str | None,
    base: str | None,
    file: Path | None,
    out: Path | None,
    form: str,
    as_json: bool,
) -> None:
    """Make a project's dataset, or show rows of it."""
    from codebase_gardener.cli.display import Display

    display = Display()
    with open_gardener() as gardener:
        with display.stage("dataset", "files") as progress:
            made, folder = gardener.dataset(parse_ref(name).project, file=file, progress=progress)
        rows = list(_encoded_rows(gardener, made, base, show, task, display)) if show else []
    written = write_jsonl(made.train, out, form) if out else None
    if as_json:
        report: dict[str, object] = {
            "directory": str(folder),
            "hash": made.hash,
            "report": made.report,
        }
        if out:
            report.update(out=str(out), written=written)
        print_json({**report, "rows": rows} if show else report)
        return
    _show_report(made, folder)
    if out:
        echo(f"{written:,} rows written to {out}")
    _show_rows(rows)


def _show_report(made: Dataset, folder: Path) -> None:
    report = made.report
    echo(f"{len(made.train):,} rows to train on, {len(made.heldout)} held-out functions ({report.commit})")
    for task, counts in report.rows.items():
        echo(f"  {task:<16} {counts.get('train', 0):>6} train {counts.get('heldout', 0):>6} held out")
    echo(
        f"removed: {report.near_duplicates} near-duplicates of held-out code, "
        f"{report.exact_duplicates} exact duplicates"
    )
    for path, problem in list(report.problems.items())[:10]:
        echo(f"  {path}: {problem}")
    for warning in report.warnings:
        echo(f"warning: {warning}")
    echo(f"in {folder}")


def _encoded_rows(
    gardener: Gardener, made: Dataset, base: str | None, count: int, task: str | None, display: Display
) -> Iterator[dict[str, Any]]:
    """Rows spread over the dataset, as runs of tokens that are trained on or not, as the trainer will see them."""
    from codebase_gardener.bases.torch_loading import load_tokenizer
    from codebase_gardener.training.encoding import encode

    with display.stage("base model", "bytes") as progress:
        tokenizer = load_tokenizer(gardener.base(base, progress).path)
    rows = [row for row in made.train if task in (None, row.task)]
    if not rows:
        raise NotFoundError(
            f"no row of task {task!r} can be shown", hint=f"tasks here: {', '.join(made.report.rows)}"
        )
    spec = gardener.spec({})
    for row in rows[:: max(1, len(rows) // count)][:count]:
        encoded = encode(
            row,
            tokenizer,
            max_length=spec.max_length,
            completion_only=spec.completion_only_loss,
        )
        yield {
            "id": row.id,
            "task": row.task,
            "anchor": row.anchor,
            "tokens": len(encoded.ids),
            "supervised": encoded.supervised,
            "runs": list(_runs(encoded, tokenizer)),
        }


def _runs(encoded: EncodedExample, tokenizer: Any) -> Iterator[dict[str, Any]]:
    from codebase_gardener.training.encoding import IGNORE

    pairs = zip(encoded.ids, encoded.labels, strict=True)
    for trained, run in groupby(pairs, key=lambda pair: pair[1] != IGNORE):
        yield {"trained": trained, "text": tokenizer.decode([token for token, _ in run])}


def _show_rows(rows: list[dict[str, Any]]) -> None:
    """Print rows with the text that is trained on in green."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        console.rule(
            f"{row['task']}  {row['anchor']}  {row['tokens']} tokens, {row['supervised']} trained on"
        )
        for run in row["runs"]:
            console.print(Text(run["text"], style="bold green" if run["trained"] else "dim"), end="")
        console.print()
