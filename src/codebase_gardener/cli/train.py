"""`gardener train`: its options are the fields of TrainingSpec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, open_gardener, tell
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import AdapterRef, parse_ref

__all__ = ["spec_options", "train"]


def spec_options(function: Callable[..., None]) -> Callable[..., None]:
    """One option for each field of TrainingSpec, so that a setting is said once."""
    for name, field in reversed(TrainingSpec.model_fields.items()):
        flag = f"--{name.replace('_', '-')}"
        default = field.get_default(call_default_factory=True)
        about = f"{field.description}" + (f" ({default})" if default not in ((), "", {}, None) else "")
        if field.annotation is bool:
            option = click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=about)
        else:
            option = click.option(flag, name, default=None, metavar="VALUE", help=about)
        function = option(function)
    return function


@click.command()
@click.argument("what", metavar="NAME[/ADAPTER]")
@options.base
@options.rows
@options.on
@click.option(
    "--nodes", type=click.IntRange(1), default=1, help="How many nodes of --on train it together (1)."
)
@click.option("--wait", is_flag=True, help="Watch until it is ready.")
@spec_options
@command_options
def train(
    what: str,
    base: str | None,
    file: Path | None,
    on: str | None,
    nodes: int,
    wait: bool,
    as_json: bool,
    **given: object,
) -> None:
    """Train an adapter in the background.

    The same data and options give the same version: a training that was stopped goes on.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.cluster.placing import placed
    from codebase_gardener.gardener.growing import follow
    from codebase_gardener.gardener.planning import foresee, suited_to
    from codebase_gardener.training.devices import resolve_device

    ref = parse_ref(what)
    if nodes > 1 and on is None:
        raise InvalidInputError(
            f"--nodes {nodes} needs a cluster that has them", hint="say where with --on auto"
        )
    given = {name: value for name, value in given.items() if value is not None}
    display = Display()
    with open_gardener() as gardener, placed(gardener, on):
        gardener.spec(given)  # refused before anything is read
        with display.stage("dataset", "files") as progress:
            rows = gardener.dataset(ref.project, file=file, progress=progress)
        with display.stage("base model", "bytes") as progress:
            found = gardener.base(base, progress)
        spec, reasons = suited_to(gardener, AdapterRef(ref.project, ref.name), found, rows[0], given)
        for reason in reasons:
            display.say(f"{reason.option} {reason.value}: {reason.why}")
        forecast = foresee(found, len(rows[0].train), spec, resolve_device(gardener.settings.device))
        display.say(forecast.line)
        for advice in forecast.warnings:
            display.say(f"Warning: {advice.rule}: {advice.text}")
        job = gardener.train(
            AdapterRef(ref.project, ref.name), base=found, dataset=rows, training=spec, nodes=nodes
        )
        if wait and job.state != "ready":
            follow(gardener, job.id, display)
            job = gardener.manager.trainings.get(job.id)
    document = {"job": job.id, "adapter": str(job.ref), "state": job.state, "directory": job.directory}
    pending = job.state in ("queued", "training")
    watched = f"\n  watch it with: gardener jobs tail {job.id}" if pending else ""
    tell(as_json, document, f"{job.ref}: {job.state} (job {job.id}){watched}")
