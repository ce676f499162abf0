"""`gardener plan`."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, open_gardener, print_json
from codebase_gardener.cli.train import spec_options
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.training.plan import Plan

__all__ = ["plan"]

_UNITS = {
    "": 1,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "KI": 2**10,
    "MI": 2**20,
    "GI": 2**30,
    "TI": 2**40,
}


class _Size(click.ParamType[int]):
    """Bytes, as people write them: 8GB, 7.5GiB, 900M."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?", str(value).strip().upper())
        if match is None or match[2] not in _UNITS or not float(match[1]):
            self.fail(f"{value!r} is no size: write 8GB, 7.5GiB or 900MB", param, ctx)
        return int(float(match[1]) * _UNITS[match[2]])


@click.command()
@click.argument("what", metavar="NAME[/ADAPTER]")
@options.base
@options.rows
@click.option("--budget", type=_Size(), help="Memory the training may take, as 8GB; by default what is free.")
@click.option("--no-probe", is_flag=True, help="Estimate only; measure nothing.")
@spec_options
@command_options
def plan(
    what: str,
    base: str | None,
    file: Path | None,
    budget: int | None,
    no_probe: bool,
    as_json: bool,
    **given: object,
) -> None:
    """Choose the options of a training, with reasons, and predict its memory and time.

    Options that you give stay as they are. A few batches are measured in a process of their own; nothing is kept.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.planning import plan_training, train_command

    project = parse_ref(what).project
    given = {name: value for name, value in given.items() if value is not None}
    display = Display()
    with open_gardener() as gardener:
        gardener.spec(given)
        with display.stage("dataset", "files") as progress:
            rows = gardener.dataset(project, file=file, progress=progress)
        with display.stage("base model", "bytes") as progress:
            found = gardener.base(base, progress)
        with display.stage("probe", "runs") as progress:
            made = plan_training(
                gardener, found, rows, given, budget_bytes=budget, probe=not no_probe, progress=progress
            )
        command = shlex.join(train_command(gardener, what, made, base=base, file=file))
    if as_json:
        print_json(
            {**made.as_dict(), "base": found.as_dict(), "rows": len(rows[0].train), "command": command}
        )
        return
    _show(made, command)


def _show(plan: Plan, command: str) -> None:
    from rich.table import Table

    from codebase_gardener.cli.figures import gigabytes, paper

    console = paper()
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("option", no_wrap=True)
    table.add_column("value", no_wrap=True)
    table.add_column("why")
    table.add_column("source")
    for reason in plan.reasons:
        table.add_row(reason.option, str(reason.value), reason.why, reason.source)
    console.print(table)
    console.print(
        f"Predicted memory: {gigabytes(plan.memory_bytes)} of {gigabytes(plan.limit_bytes)} ({plan.limit_is})"
    )
    console.print(f"Predicted time:   {_time(plan)}")
    for left_out in plan.probe.left_out if plan.probe else ():
        console.print(f"Slower path:      {left_out}")
    for advice in plan.warnings:
        console.print(f"Warning: {advice.rule}: {advice.text} ({advice.source})")
    console.print(command)


def _time(plan: Plan) -> str:
    if plan.seconds is None:
        return f"not known for {plan.spec.steps} steps without a probe"
    minutes = f"{plan.seconds / 60:.1f} minutes"
    if plan.probe is None:
        return f"{minutes} at most, as many steps as fit"
    probe = plan.probe
    rate = f"{probe.tokens_per_s:,.0f} tokens/s"
    return f"{minutes} for {probe.steps} steps, {probe.padded_tokens:,} tokens at {rate}, {probe.device}, {probe.dtype}"
