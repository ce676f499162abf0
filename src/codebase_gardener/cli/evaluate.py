"""`gardener evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from codebase_gardener.cli import options
from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json
from codebase_gardener.utils.error_handling import InvalidInputError, VerificationError
from codebase_gardener.utils.names import AdapterRef, parse_ref

__all__ = ["evaluate", "recites"]

_GOOD_ENOUGH = {"helped": ("helped",), "unchanged": ("helped", "unchanged")}


@click.command()
@click.argument("what", metavar="NAME[/ADAPTER[@VERSION]]")
@click.option(
    "--functions", type=click.IntRange(min=1), default=32, show_default=True, help="Held-out functions."
)
@click.option(
    "--require",
    type=click.Choice(["helped", "unchanged"]),
    help="Exit with 11 unless the verdict is this, or better.",
)
@click.option(
    "--dataset", metavar="PROJECT", help="Measure on this project; by default on what it was trained from."
)
@click.option(
    "--against",
    type=click.Choice(["served"]),
    help="Measure through a server, too; both have to agree.",
)
@click.option(
    "--full", is_flag=True, help="As an editor asks: next lines, slices, noise, recitation. Takes minutes."
)
@click.option(
    "--tokens",
    is_flag=True,
    help="Function by function: how likely base and adapter find each token; for the page.",
)
@click.option("--since", metavar="REV", help="With --full: only functions that are new since this revision.")
@click.option(
    "--max-recitation",
    type=click.FloatRange(0, 1),
    help="With --full: exit with 11 if a larger share of training rows is said word for word.",
)
@click.option("--cursors", type=click.IntRange(min=1), default=64, show_default=True, help="With --full.")
@options.server_url
@options.server_key
@command_options
def evaluate(
    what: str,
    functions: int,
    require: str | None,
    dataset: str | None,
    against: str | None,
    full: bool,
    tokens: bool,
    since: str | None,
    max_recitation: float | None,
    cursors: int,
    url: str | None,
    api_key: str,
    as_json: bool,
) -> None:
    """Measure an adapter on held-out files, in four arms.

    Base and adapter, each without and with retrieved code: loss, exact next lines, intervals, and one word.
    Without @VERSION the newest is measured; it becomes active unless it hurt.
    """
    from codebase_gardener.cli.display import Display
    from codebase_gardener.cli.figures import paper, print_verdict

    if url is not None and against is None:
        raise InvalidInputError("a server is named, and nothing is asked of it", hint="add --against served")
    if full and tokens:
        raise InvalidInputError(
            "--full and --tokens are two measurements", hint="ask for one after the other"
        )
    if full:
        _evaluate_fully(parse_ref(what), cursors, since, max_recitation, as_json)
        return
    if tokens:
        _score_tokens(parse_ref(what), functions, as_json)
        return
    if since is not None or max_recitation is not None:
        raise InvalidInputError("--since and --max-recitation are of --full", hint="add --full")
    asked: dict[str, Any] = {"limit": functions, "dataset": dataset}
    with open_gardener() as gardener, Display().stage("evaluation", "prompts") as progress:
        row = gardener.newest(parse_ref(what))
        served = None
        if against == "served":
            from codebase_gardener.gardener.through_server import check_served, computed_in, evaluate_served

            served = evaluate_served(gardener, row, **asked, url=url, key=api_key, progress=progress)
            asked["dtype"] = computed_in(served.dtype)
        verdict = gardener.evaluate(row.ref, **asked, progress=progress)
        active = gardener.version(row.ref).active
    data = verdict.data
    through = {}
    if served is not None:
        through = {"served": {**asdict(served), "apart": check_served(row, served, data)}}
    error = _missed(row.ref, verdict.verdict, require)
    if as_json:
        print_json({"adapter": str(row.ref), "active": active, "verdict": data, **through}, error)
    else:
        print_verdict(data)
        paper().print(f"Adapter: {row.ref} ({'active' if active else 'not active'})")
        if served is not None:
            paper().print(
                f"Served: {served.word}; nats per token of the arms differ by {through['served']['apart']:.2g} at most "
                f"({served.dtype})"
            )
        if error is not None:
            raise error


def _evaluate_fully(
    ref: AdapterRef, cursors: int, since: str | None, max_recitation: float | None, as_json: bool
) -> None:
    from codebase_gardener.cli.display import Display
    from codebase_gardener.cli.full_figures import print_full
    from codebase_gardener.gardener.full_evaluation import evaluate_fully

    with open_gardener() as gardener, Display().stage("full evaluation", "prompts") as progress:
        row = gardener.newest(ref)
        data = evaluate_fully(gardener, row.ref, limit=cursors, since=since, progress=progress)
    error = recites(row.ref, data["recitation"], max_recitation)
    if as_json:
        print_json({"adapter": str(row.ref), **data}, error)
        return
    print_full(data)
    if error is not None:
        raise error


def _score_tokens(ref: AdapterRef, functions: int, as_json: bool) -> None:
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.token_scores import score_tokens

    with open_gardener() as gardener, Display().stage("tokens", "functions") as progress:
        row = gardener.newest(ref)
        data = score_tokens(gardener, row.ref, limit=functions, progress=progress)
    if as_json:
        print_json({"adapter": str(row.ref), **data})
        return
    for one in data["functions"]:
        base, adapter = (sum(one[arm]) / len(one["tokens"]) for arm in ("base", "adapter"))
        echo(f"{adapter - base:+.3f} nats/token ({base:.3f} → {adapter:.3f}) {one['symbol']} {one['anchor']}")
    echo(f"Token by token: gardener open {row.project}, then Verdicts")


def recites(
    ref: AdapterRef, measured: Mapping[str, float] | None, most: float | None
) -> VerificationError | None:
    """The error of an adapter that says more of its training rows word for word than is allowed."""
    if most is None or measured is None or measured["adapter"] <= most:
        return None
    return VerificationError(
        f"{ref} says {measured['adapter']:.1%} of its training rows word for word, and {most:.1%} was allowed",
        hint="train for fewer epochs or with a lower rank, and leave out what must not be said",
    )


def _missed(ref: AdapterRef, verdict: str, required: str | None) -> VerificationError | None:
    if required is None or verdict in _GOOD_ENOUGH[required]:
        return None
    return VerificationError(
        f"{ref}: the verdict is {verdict!r}, and {required!r} was required",
        hint="train longer, on more code, or on a larger base; measure on more with --functions",
    )
