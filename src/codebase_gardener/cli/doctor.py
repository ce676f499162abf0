"""`gardener doctor`."""

from __future__ import annotations

import click

from codebase_gardener.cli.command import command_options, echo, print_json, read_settings
from codebase_gardener.utils.error_handling import InvalidInputError, VerificationError

__all__ = ["doctor"]

_WORK = "core, config, training, quantization, gptq, loftq, inference, merge, multi-adapter"
_MARKS = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}


@click.command()
@click.option("--fix", is_flag=True, help="Clear litter: folders that no row of the registry owns.")
@click.option("--adopt", is_flag=True, help="Make registry rows for what is published on disk and has none.")
@click.option(
    "--for", "environment", metavar="ENVIRONMENT", help=f"Check what a kind of work needs: {_WORK}."
)
@command_options
def doctor(fix: bool, adopt: bool, environment: str | None, as_json: bool) -> None:
    """Check this machine, the home and the registry. Exits with 11 where there is a problem.

    With --for, what one kind of work needs is checked instead: what is installed, what is needed, how to get it.
    """
    from codebase_gardener.doctor.checks import examine, summary
    from codebase_gardener.doctor.requirements import examine_environment

    if environment and (fix or adopt):
        raise InvalidInputError(
            "--fix and --adopt change the home, and --for looks at packages", hint="give one"
        )
    settings = read_settings()
    findings = examine_environment(environment) if environment else examine(settings, fix=fix, adopt=adopt)
    problems = [finding.check for finding in findings if finding.state == "problem"]
    error = VerificationError(f"problems with: {', '.join(problems)}", hint="see what each check says")
    if as_json:
        print_json(summary(findings), error if problems else None)
    for finding in () if as_json else findings:
        echo(f"{_MARKS[finding.state]} {finding.check:<24} {finding.found}")
        if finding.fix:
            echo(f"{'':<32} → {finding.fix}")
    if problems:
        raise error
