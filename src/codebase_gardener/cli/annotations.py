"""What `verify --claims` found, for other programs: SARIF 2.1.0, and the commands of GitHub's log."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from codebase_gardener.knowledge.claims.verdicts import VERDICTS, range_text
from codebase_gardener.utils.files import sha256_text

if TYPE_CHECKING:
    from codebase_gardener.gardener.claims import ClaimsReport
    from codebase_gardener.knowledge.claims.verdicts import ClaimVerdict

__all__ = ["github_commands", "sarif_log"]

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {"off": "warning", "wrong": "error", "gone": "error"}


def github_commands(report: ClaimsReport) -> Iterator[str]:
    """A line for each claim that does not hold, which GitHub shows beside the document's line."""
    for claim in report.failed:
        where = {"file": _relative(claim.document), "line": claim.line, "title": f"gardener: {claim.verdict}"}
        if claim.numbers:
            where |= {"col": claim.numbers[0][0] + 1, "endColumn": claim.numbers[-1][1]}
        properties = ",".join(f"{key}={_escaped(str(value), ':,')}" for key, value in where.items())
        yield f"::{_LEVELS[claim.verdict]} {properties}::{_escaped(_message(claim), '')}"


def sarif_log(report: ClaimsReport) -> dict[str, Any]:
    """The claims that do not hold, as one run."""
    rules = [name for name in VERDICTS if name in _LEVELS]
    driver = {
        "name": "gardener",
        "version": version("codebase-gardener"),
        "rules": [
            {
                "id": name,
                "shortDescription": {"text": VERDICTS[name]},
                "defaultConfiguration": {"level": _LEVELS[name]},
            }
            for name in rules
        ],
    }
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(claim, rules.index(claim.verdict)) for claim in report.failed],
            }
        ],
    }


def _result(claim: ClaimVerdict, rule: int) -> dict[str, Any]:
    region: dict[str, int] = {"startLine": claim.line}
    if claim.numbers:
        region |= {"startColumn": claim.numbers[0][0] + 1, "endColumn": claim.numbers[-1][1] + 1}
    what = "\n".join((claim.document, claim.verdict, claim.path, claim.symbol, claim.quote))
    result: dict[str, Any] = {
        "ruleId": claim.verdict,
        "ruleIndex": rule,
        "level": _LEVELS[claim.verdict],
        "message": {"text": _message(claim)},
        "locations": [
            {"physicalLocation": {"artifactLocation": _artifact(claim.document), "region": region}}
        ],
        "partialFingerprints": {"claim/v1": sha256_text(what)},
    }
    if claim.actual:
        lines = {"startLine": claim.actual[0], "endLine": claim.actual[1]}
        place = {"artifactLocation": {"uri": quote(claim.file)}, "region": lines}
        what = claim.definition or "the quote"
        result["relatedLocations"] = [{"physicalLocation": place, "message": {"text": f"{what} is here"}}]
    return result


def _message(claim: ClaimVerdict) -> str:
    """What is claimed, what is true, and what is to be done."""
    if claim.link:
        told = f"{claim.path}: {claim.note}"
        certain = (
            f"`gardener verify --fix` writes {claim.target}"
            if claim.target
            else f"not certain: {claim.doubt}"
        )
        return f"{told}; {certain}" if claim.doubt != claim.note else told
    what = f"`{claim.symbol}`" if claim.symbol else "the quote" if claim.quote else "the claim"
    told = f"{claim.path}:{range_text(claim.claimed)}: {what} is {claim.verdict}"
    if claim.actual:
        told += f": it is at {claim.file}:{range_text(claim.actual)}"
    if claim.note:
        told += f" ({claim.note})"
    if claim.repair:
        return f"{told}; `gardener verify --fix` writes it"
    return f"{told}; not certain: {claim.doubt}" if claim.doubt and claim.doubt != claim.note else told


def _artifact(document: str) -> dict[str, str]:
    path = _relative(document)
    return {"uri": quote(path)} if not path.startswith("/") else {"uri": Path(path).as_uri()}


def _relative(document: str) -> str:
    """Below the current folder, which is the repository's where a workflow runs; else absolute."""
    path, here = Path(document).absolute(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()


def _escaped(text: str, more: str) -> str:
    """As GitHub's runner reads it (actions/toolkit, `command.ts`)."""
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
