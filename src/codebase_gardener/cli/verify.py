"""`gardener verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codebase_gardener.cli.command import command_options, echo, open_gardener, print_json, read_settings
from codebase_gardener.utils.error_handling import InvalidInputError, VerificationError

if TYPE_CHECKING:
    from codebase_gardener.gardener.claims import ClaimsReport
    from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict
    from codebase_gardener.wiki.verifying import WikiReport

__all__ = ["verify"]


@click.command()
@click.argument("what", metavar="[PROJECT|FILE…]", nargs=-1)
@click.option(
    "--claims",
    multiple=True,
    metavar="FILE…",
    type=click.Path(path_type=Path),
    help="Judge each claim of Markdown files, or folders of them: lines that they cite, and links.",
)
@click.option(
    "--repo",
    default=".",
    help="With --claims: directory, git URL, archive or project; by default this folder.",
)
@click.option("--revision", help="With --claims: commit, branch or tag; by default the working tree.")
@click.option(
    "--since", metavar="REV", help="With --claims: only claims that changed since, or whose files did."
)
@click.option(
    "--fix", is_flag=True, help="With --claims: write the right range or target where it is certain."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "sarif", "github"]),
    default="table",
    help="With --claims: a table, SARIF 2.1.0, or lines that GitHub Actions shows beside the document.",
)
@command_options
def verify(
    what: tuple[str, ...],
    claims: tuple[Path, ...],
    repo: str,
    revision: str | None,
    since: str | None,
    fix: bool,
    form: str,
    as_json: bool,
) -> None:
    """Check that claims hold. Exits with 11 where one does not.

    With --claims, further arguments are files too: verify --claims A.md B.md --repo PATH.
    """
    if not claims:
        if since is not None or fix or form != "table":
            raise InvalidInputError(
                "--since, --fix and --format are of --claims", hint="gardener verify --claims docs/ --fix"
            )
        _verify_wiki(what, as_json)
        return
    from codebase_gardener.cli.display import Display
    from codebase_gardener.gardener.claims import verify_claims

    documents = [*claims, *map(Path, what)]
    with Display().stage("snapshot", "files") as progress:
        report = verify_claims(
            read_settings(),
            documents,
            _source_of(repo),
            revision=revision,
            since=since,
            fix=fix,
            progress=progress,
        )
    judged = len(report.verdicts) - report.tally["no-symbol"]
    error = VerificationError(
        f"{len(report.failed)} of {judged} claims do not hold",
        hint="why not, stands beside each" if fix else "--fix writes what is right where it is certain",
    )
    if as_json:
        print_json(report.as_dict(), None if report.ok else error)
    elif form == "table":
        _show(report)
    else:
        _annotate(report, form)
    if not report.ok:
        raise error


def _source_of(repo: str) -> str:
    """What a project was made from, by its name; anything else is a repository itself."""
    if "/" in repo or ":" in repo or repo.startswith((".", "~")):
        return repo
    with open_gardener() as gardener:
        return next((row.source for row in gardener.projects() if row.name == repo), repo)


def _annotate(report: ClaimsReport, form: str) -> None:
    from codebase_gardener.cli.annotations import github_commands, sarif_log

    if form == "sarif":
        print_json(sarif_log(report))
        return
    for line in github_commands(report):
        echo(line)


def _verify_wiki(what: tuple[str, ...], as_json: bool) -> None:
    from codebase_gardener.cli.display import Display

    if len(what) != 1:
        raise InvalidInputError(
            f"{len(what)} projects are named: one is verified at a time",
            hint="gardener verify PROJECT, or gardener verify --claims FILE --repo PATH",
        )
    with open_gardener() as gardener:
        report = gardener.wiki(what[0]).verify(Display())
    changed = len(report.changes_by_anchor())
    error = VerificationError(
        f"the wiki of {report.project} does not hold: {len(report.findings)} findings, "
        f"{changed} anchors that moved or changed",
        hint=f"bring it up to date: gardener wiki build {report.project}",
    )
    if as_json:
        print_json(report.as_dict(), None if report.ok else error)
    else:
        _show_wiki(report)
    if not report.ok:
        raise error


def _show_wiki(report: WikiReport) -> None:
    for words, pages in report.changes_by_anchor().items():
        echo(
            f"{words}\n  cited by {', '.join(pages[:6])}{f' and {len(pages) - 6} more' if len(pages) > 6 else ''}"
        )
    for finding in report.findings:
        where = f"{finding.file}:{finding.line}: " if finding.file else ""
        echo(f"{where}{finding.check}: {finding.what} ({finding.mend})")
    checked = ", ".join(f"{number:,} {name}" for name, number in report.checked.items())
    echo(f"{report.project} at {report.revision}: {checked}: {'all hold' if report.ok else 'see above'}")
    if report.note:
        echo(report.note)


def _show(report: ClaimsReport) -> None:
    from codebase_gardener.knowledge.claims.verdicts import range_text

    rows = [
        (
            f"{verdict.document}:{verdict.line}",
            verdict.claim,
            verdict.symbol or (f'"{verdict.quote[:40]}"' if verdict.quote else "–"),
            verdict.target or range_text(verdict.actual) or "–",
            "fixed" if verdict.fixed else verdict.verdict,
            _remark(verdict),
        )
        for verdict in report.verdicts
    ]
    table = [("where", "claimed", "symbol", "actual", "verdict", "note"), *rows]
    widths = [max(len(row[column]) for row in table) for column in range(5)]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        echo(f"{'  '.join(cells)}  {row[5]}".rstrip())
    counted = ", ".join(f"{count} {name}" for name, count in report.tally.items() if count)
    echo(f"{len(report.verdicts)} claims: {counted or 'none'}")
    if report.written:
        fixed = sum(verdict.fixed for verdict in report.verdicts)
        echo(f"{fixed} fixed in {', '.join(report.written)}")


def _remark(verdict: ClaimVerdict) -> str:
    """The note, and why a claim is not repaired where that says more."""
    if verdict.holds or not verdict.doubt or verdict.doubt in verdict.note:
        return verdict.note
    return f"{verdict.note + '; ' if verdict.note else ''}not certain: {verdict.doubt}"
