"""Verdicts are counted."""

from __future__ import annotations

from codebase_gardener.knowledge.claims.verdicts import tally
from samples.claim_verdicts import Judge


def test_the_tally_names_every_verdict(judge: Judge) -> None:
    counts = tally(judge("| `Base` | model.py:L6-8 |\n\n`Cart` model.py:1"))
    assert counts == {"exact": 1, "off": 0, "wrong": 1, "gone": 0, "no-symbol": 0}
