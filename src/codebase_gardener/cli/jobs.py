"""`gardener jobs`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json, tell
from codebase_gardener.utils.error_handling import NotFoundError

if TYPE_CHECKING:
    from codebase_gardener.jobs.progress import TrainingProgress

__all__ = ["jobs"]

_POLL_S = 0.5


@click.group()
def jobs() -> None:
    """Trainings: list, show, tail, cancel, resume."""


@jobs.command("list")
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Newest so many.")
@command_options
def list_jobs(name: str | None, limit: int, as_json: bool) -> None:
    """List trainings, newest first."""
    from codebase_gardener.jobs.progress import TrainingProgress

    with open_gardener() as gardener:
        rows = [TrainingProgress.of_job(job) for job in gardener.manager.trainings.list(name, limit)]
    if as_json:
        print_json(rows)
    elif not rows:
        echo("no trainings yet: gardener train NAME")
    for row in () if as_json else rows:
        echo(f"{row.job_id}  {row.adapter_id:<28} {row.status:<10} {_where(row)}")


def _where(row: TrainingProgress) -> str:
    if row.error:
        return str(row.error)
    steps = f"step {row.step}/{row.steps}" if row.steps else ""
    loss = f", loss {row.loss:.3f}" if row.loss is not None else ""
    eta = f", ETA {row.eta_s:.0f} s" if row.eta_s and row.status == "training" else ""
    return f"{row.stage} {steps}{loss}{eta}"


@jobs.command("show")
@click.argument("job_id", metavar="ID")
@click.option("--image", type=click.Path(path_type=Path, dir_okay=False), help="Write the loss curve as PNG.")
@command_options
def show(job_id: str, image: Path | None, as_json: bool) -> None:
    """Show a training with its loss curve."""
    from codebase_gardener.cli.curves import curve_image, curve_text
    from codebase_gardener.jobs.directory import JobDirectory
    from codebase_gardener.jobs.progress import TrainingProgress

    with open_gardener() as gardener:
        job = gardener.manager.trainings.get(job_id)
    progress = TrainingProgress.of_job(job)
    directory = JobDirectory(job.directory)
    events = directory.events.all()
    steps = [event for event in events if event["kind"] == "step"]
    looks = {event["step"]: event["loss"] for event in events if event["kind"] == "validated"}
    if image is not None:
        if not steps:
            raise NotFoundError(
                f"{job.ref} has made no step yet: there is no loss to draw",
                hint=f"gardener jobs tail {job.id}",
            )
        curve_image(steps, image, looks, title=str(job.ref))
    if as_json:
        losses = [(event["step"], event["loss"]) for event in steps]
        print_json(
            {
                **progress.as_dict(),
                "directory": str(job.directory),
                # None of a job of another host, whose folder is not here
                "spec": directory.spec.training.model_dump(mode="json") if directory.path.exists() else None,
                "losses": losses,
                "validation_losses": sorted(looks.items()),
            }
        )
        return
    echo(f"{job.ref} (job {job.id}): {job.state}, {_where(progress)}")
    echo(f"  base {job.base_id}, device {job.device}, log {directory.log}")
    if progress.slower:
        echo(f"  {progress.slower}")
    if steps:
        echo(curve_text(steps, looks))
    if progress.validation:
        echo(f"  {progress.validation}")
    if image is not None:
        echo(f"loss curve in {image}")


@jobs.command("tail")
@click.argument("job_id", metavar="ID")
@command_options
def tail(job_id: str, as_json: bool) -> None:
    """Follow a training's events until it ends."""
    from codebase_gardener.jobs.directory import JobDirectory

    offset = 0
    with open_gardener() as gardener:
        while True:
            job = gardener.manager.trainings.get(job_id)
            events, offset = JobDirectory(job.directory).events.read(offset)
            for event in events:
                echo(json.dumps(event) if as_json else _line(event))
            if job.state not in ("queued", "training"):
                break
            time.sleep(_POLL_S)
    if not as_json:
        echo(f"{job.ref}: {job.state}{f': {job.error}' if job.error else ''}")


def _line(event: dict[str, Any]) -> str:
    clock = time.strftime("%H:%M:%S", time.localtime(event["time"]))
    if event["kind"] == "step":
        eta = "" if event["eta_s"] is None else f" ETA {event['eta_s']:.0f} s"
        return (
            f"{clock} step {event['step']}/{event['steps']} loss {event['loss']:.3f} "
            f"{event['tokens_per_s']:.0f} tokens/s{eta}"
        )
    rest = {name: value for name, value in event.items() if name not in ("kind", "time")}
    return f"{clock} {event['kind']} {' '.join(f'{name}={value}' for name, value in rest.items())}"


@jobs.command("cancel")
@click.argument("job_id", metavar="ID")
@command_options
def cancel(job_id: str, as_json: bool) -> None:
    """End a training; its last checkpoint stands."""
    from codebase_gardener.registry.rows import resume_command

    with open_gardener() as gardener:
        job = gardener.manager.trainings.cancel(job_id)
    line = f"{job.ref}: {job.state}; go on with: {resume_command(job.id, job.device)}"
    if job.state == "training":
        line = f"{job.ref}: its node was told to end it, and has not yet; see: gardener jobs show {job.id}"
    tell(as_json, {"job": job.id, "state": job.state}, line)


@jobs.command("resume")
@click.argument("job_id", metavar="ID")
@click.option("--from-start", is_flag=True, help="Begin anew: remove its checkpoints.")
@options.on
@command_options
def resume(job_id: str, from_start: bool, on: str | None, as_json: bool) -> None:
    """Go on with a training that failed or was cancelled, from its newest whole checkpoint."""
    from codebase_gardener.cluster.placing import placed

    with open_gardener() as gardener, placed(gardener, on):
        job = gardener.manager.trainings.resume(job_id, from_start=from_start)
    line = f"{job.ref}: {job.state}; watch it with: gardener jobs tail {job.id}"
    tell(as_json, {"job": job.id, "state": job.state}, line)
