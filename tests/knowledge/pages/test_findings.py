"""How what is found is mended."""

from __future__ import annotations

from codebase_gardener.knowledge.pages.findings import CHECKS, Finding


def test_a_finding_says_what_to_do() -> None:
    assert all(Finding("a.md", 1, check, "x").mend for check in CHECKS)
