"""`gardener grow`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, open_gardener, print_json
from codebase_gardener.config.settings import EMBEDDED_BASE
from codebase_gardener.utils.error_handling import InvalidInputError

if TYPE_CHECKING:
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.gardener.growing import Grown, GrowPlan

__all__ = ["grow", "say_stopped", "show_plan"]

_EXAMPLE_BASE = "Qwen/Qwen2.5-Coder-1.5B"


@click.command()
@click.argument("source", required=False)
@options.name
@options.revision
@options.base
@click.option("--minutes", type=float, help="Minutes to train (5; 1 where it goes on from a version).")
@click.option("--threads", type=int, help="CPU threads; by default one a core.")
@click.option(
    "--holdout",
    metavar="since:REV",
    help="Grow at REV, then ask for what was added or changed after it (evaluate --full --since REV).",
)
@options.on
@click.option(
    "--fresh", is_flag=True, help="Begin from nothing, though there is an active version to go on from."
)
@click.option("--plan", "plan_only", is_flag=True, help="Print the plan, and do not train.")
@click.option(
    "--many",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A TOML file of repositories: grow those that are due.",
)
@command_options
def grow(
    source: str | None,
    name: str | None,
    revision: str | None,
    base: str | None,
    minutes: float | None,
    threads: int | None,
    holdout: str | None,
    on: str | None,
    fresh: bool,
    plan_only: bool,
    many: Path | None,
    as_json: bool,
) -> None:
    """From a repository to an adapter that knows it, with a verdict; what has changed since, from the active version.

    SOURCE is a directory, a git URL, or a source archive. Stopped at any point and run again, it goes on
    where it was.
    """
    if many is not None:
        of_one = {
            "SOURCE": source,
            "--name": name,
            "--revision": revision,
            "--threads": threads,
            "--holdout": holdout,
            "--fresh": fresh,
        }
        if wrong := [option for option, value in of_one.items() if value]:
            raise InvalidInputError(f"--many and {wrong[0]} do not go together", hint="say it in the file")
        from codebase_gardener.cli.fleet import grow_many

        grow_many(many, base=base, minutes=minutes, on=on, plan_only=plan_only, as_json=as_json)
        return
    if source is None:
        raise InvalidInputError("no SOURCE is named", hint="gardener grow PATH, or gardener grow --many FILE")
    from codebase_gardener.cli.display import Display
    from codebase_gardener.cluster.placing import placed
    from codebase_gardener.gardener.growing import grow as run
    from codebase_gardener.gardener.growing import prepare

    since = _since(holdout, revision)
    display = Display()
    given = {"minutes": minutes, "threads": threads}
    training = {option: value for option, value in given.items() if value is not None}
    if plan_only:
        with open_gardener() as gardener:
            ready = prepare(
                gardener,
                source,
                display,
                name=name,
                revision=since or revision,
                base_id=base,
                options=training,
                fresh=fresh or since is not None,
            )
        if as_json:
            print_json({**ready.plan.as_dict(), "there": str(ready.there.ref) if ready.there else None})
        elif ready.there:
            display.say(f"Nothing is new to {ready.there.ref}.")
        else:
            show_plan(display, ready.plan)
        return
    with open_gardener() as gardener, placed(gardener, on):
        try:
            grown = run(
                gardener,
                source,
                display,
                name=name,
                revision=since or revision,
                base_id=base,
                options=training,
                fresh=fresh or since is not None,
                show_plan=lambda plan: show_plan(display, plan),
            )
        except KeyboardInterrupt:
            say_stopped(display)
            raise
        later = _asked_later(gardener, grown, since, display) if since is not None else None
    if as_json:
        print_json({**_as_dict(grown), **({"since": later} if later is not None else {})})
        return
    _show_result(grown, _on_a_larger_base(source, name, since or revision, minutes))
    if later is not None:
        from codebase_gardener.cli.full_figures import print_full

        print_full(later)


def _since(holdout: str | None, revision: str | None) -> str | None:
    """The revision of `--holdout since:REV`."""
    if holdout is None:
        return None
    kind, _, since = holdout.partition(":")
    if kind != "since" or not since:
        raise InvalidInputError(f"--holdout {holdout} is not since:REV", hint="such as --holdout since:v1.0")
    if revision is not None:
        raise InvalidInputError("--holdout grows at its own revision", hint="leave --revision out")
    return since


def _asked_later(gardener: Gardener, grown: Grown, since: str, display: Display) -> dict[str, Any]:
    """What was added or changed after the revision that the adapter was grown at."""
    from codebase_gardener.gardener.full_evaluation import evaluate_fully

    with display.stage("full evaluation", "prompts") as progress:
        return evaluate_fully(gardener, grown.version.ref, since=since, progress=progress)


def say_stopped(display: Display) -> None:
    """What goes on after Ctrl-C."""
    display.say("\nStopped watching. A training that was started goes on in the background:")
    display.say("  gardener jobs list     gardener jobs tail ID     gardener jobs cancel ID")
    display.say("The same command goes on where this one stopped.")


def show_plan(display: Display, plan: GrowPlan) -> None:
    """What a run is going to do and take."""
    from codebase_gardener.cli.figures import gigabytes

    minutes = "1 minute" if plan.minutes == 1 else f"{plan.minutes:g} minutes"
    display.say(
        f"Plan: project {plan.project} at {plan.revision[:60]}\n"
        f"  base    {plan.base.title}\n"
        f"  device  {plan.device}\n"
        f"  rows    {plan.rows:,} to train on, {_measured_on(plan.heldout_functions)}\n"
        f"  time    {minutes} of training, then proof and evaluation\n"
        f"  memory  about {gigabytes(plan.memory_bytes)} at its peak, the whole training process\n"
        f"  disk    about {gigabytes(plan.disk_bytes)} of {gigabytes(plan.free_disk_bytes)} free"
    )
    if plan.start:
        display.say(f"  start   {plan.start}")
    for reason in plan.reasons:
        display.say(f"  {reason.option} {reason.value}: {reason.why}")
    for advice in plan.warnings:
        display.say(f"Warning: {advice.rule}: {advice.text}")


def _measured_on(functions: int) -> str:
    return f"up to {functions} held-out functions to measure on" if functions else "none held out: no verdict"


def _on_a_larger_base(source: str, name: str | None, revision: str | None, minutes: float | None) -> str:
    """The same command with a real code model."""
    flags = {"--name": name, "--revision": revision, "--minutes": minutes, "--base": _EXAMPLE_BASE}
    given = [word for flag, value in flags.items() if value is not None for word in (flag, str(value))]
    return shlex.join(["gardener", "grow", source, *given])


def _show_result(grown: Grown, larger: str) -> None:
    from codebase_gardener.cli.figures import paper, print_verdict

    console = paper()
    version = grown.version
    if grown.was_there:
        console.print("Nothing has changed since this was grown:")
    print_verdict(grown.verdict)
    console.print(f"Adapter: {version.ref}{'' if version.active else ' (not active)'} in {version.directory}")
    if version.base_id == EMBEDDED_BASE:
        console.print("The embedded 135M base is a demonstration; a real code model knows far more.")
    console.print("Next:")
    console.print(f"  gardener serve {version.project}; then, in another terminal: gardener connect continue")
    console.print(f'  gardener ask {version.project} "where is … defined?"')
    console.print(f"  gardener adapters show {version.ref}")
    console.print(f"  {larger}")


def _as_dict(grown: Grown) -> dict[str, object]:
    return {
        "adapter": str(grown.version.ref),
        "active": grown.version.active,
        "directory": str(grown.version.directory),
        "metrics": grown.version.metrics,
        "lineage": grown.version.lineage,
        "verdict": grown.verdict,
        "skipped_files": grown.skipped,
        "was_there": grown.was_there,
    }
