"""`gardener bases`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from codebase_gardener.cli.command import command_options, open_gardener, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from codebase_gardener.gardener.choosing import Fit, Prospect

__all__ = ["bases"]


@click.command()
@click.argument("names", nargs=-1, metavar="[BASE]…")
@click.option(
    "--time", "timed", is_flag=True, help="Measure this machine's products; predict tokens a second."
)
@command_options
def bases(names: tuple[str, ...], timed: bool, as_json: bool) -> None:
    """List code models by name: what each needs, and what fits this machine. All of it is predicted.

    With names, all that is known of those: config, tokens, layers, licence, sources, how to fetch it.
    """
    from codebase_gardener.gardener.choosing import prospects

    with open_gardener() as gardener:
        found = prospects(gardener, names, timed=timed)
    if as_json:
        print_json({"bases": [prospect.as_dict() for prospect in found]})
        return
    _show(found)
    for prospect in found if names else ():
        _show_one(prospect)


def _show(found: list[Prospect]) -> None:
    from codebase_gardener.cli.figures import paper
    from codebase_gardener.gardener.choosing import SERVED_TOKENS

    console = paper()
    console.print(
        "Training, predicted GB: LoRA on every linear layer; ckpt recomputes, QLoRA holds the base in 4 bits"
    )
    console.print(_table(found, lambda fit: (fit.training, fit.training_bytes, fit.tokens_per_s)))
    console.print(
        f"\nServing, predicted GB: the base, and {SERVED_TOKENS:,} tokens of prompts and answers at a time"
    )
    console.print(_table(found, lambda fit: (fit.serving, fit.serving_bytes, None)))
    not_run = [prospect.base.id for prospect in found if not prospect.base.was_run]
    if not_run:
        console.print(f"\nNot run with real weights in this project: {', '.join(not_run)}")
    console.print(
        "\nNext: gardener bases NAME says how to fetch one; gardener grow . --base NAME, or a folder"
    )


def _table(found: list[Prospect], cell: Callable[[Fit], tuple[str, int, float | None]]) -> Table:
    from rich.table import Table

    from codebase_gardener.cli.figures import gigabytes

    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("base", no_wrap=True)
    for fit in found[0].fits:
        is_size = fit.memory.endswith("GB")
        table.add_column(
            fit.memory if is_size else f"{fit.memory}, {gigabytes(fit.limit_bytes)} free", no_wrap=True
        )
    for prospect in found:
        table.add_row(prospect.base.id, *(_cell(*cell(fit)) for fit in prospect.fits))
    return table


def _cell(word: str, size: int, speed: float | None) -> str:
    return f"{word or 'needs'} {size / 1e9:.1f}" + (f", {speed:,.0f} tokens/s" if speed else "")


def _show_one(prospect: Prospect) -> None:
    from codebase_gardener.cli.figures import gigabytes, paper

    base, console = prospect.base, paper()
    console.print(f"\n{base.id}")
    for name, said in (
        ("weights", f"{prospect.shape.parameters / 1e9:.2f} billion, {gigabytes(base.disk_bytes)} to fetch"),
        ("licence", base.licence),
        ("context", f"{base.context:,} tokens"),
        (
            "shape",
            f"{base.config['model_type']}, {prospect.shape.layers} layers, width {prospect.shape.hidden}",
        ),
        ("targets", ", ".join(prospect.targets)),
        ("fill-in", " ".join(base.fill_in) or "in plain text: it has no tokens for it"),
        ("note", base.remark),
        (
            "run here",
            "with its real weights" if base.was_run else "never with its real weights, only its architecture",
        ),
        ("sources", " ".join(base.source)),
        ("fetch", "" if base.was_run else f"{base.fetch_command}, then --base {base.folder}"),
    ):
        if said:
            console.print(f"  {name:<9}{said}")
