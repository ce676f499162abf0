"""Packages that code uses only where they are installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.environments.evidence_by_kind import EnvironmentFacts, FoundEvidence
from codebase_gardener.knowledge.environments.optional_packages import headers, optional_packages, word_of
from codebase_gardener.knowledge.sources.file_facts import Evidence
from samples.environments import REPOSITORY, repository


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("is_wandb_available", "wandb"),
        ("HAS_WANDB", "wandb"),
        ("_BNB_AVAILABLE", "bnb"),
        ("is_sorted", ""),
        ("load", ""),
    ],
)
def test_what_a_guard_stands_for(name: str, word: str) -> None:
    assert word_of(name) == word


def test_all_that_is_known_of_a_package(tmp_path: Path) -> None:
    facts = repository(tmp_path, REPOSITORY)
    found = optional_packages(facts, EnvironmentFacts(facts))
    assert sorted(found) == ["auto-quip", "bitsandbytes", "helper", "quipmodel", "scipy", "uvloop"]
    bnb = found["bitsandbytes"]
    assert bnb.functions == {"is_bnb_available"}
    assert [(one.path, one.evidence.start) for one in bnb.sites] == [("src/kit/bnb.py", 4)]
    assert [one.path for one in bnb.imports] == ["src/kit/bnb.py"]
    assert [one.evidence.value for one in found["helper"].bounds] == [">=1.24.0"]
    assert [one.path for one in found["scipy"].errors] == ["src/kit/config.py", "src/kit/loft_utils.py"]


def test_conditions_around_a_line_nearest_first(tmp_path: Path) -> None:
    code = "if a:\n    x = 1\ndef f():\n    for b in c:\n        if d:  # why\n"
    code += "            pass\n        else:\n            y = 1\n"
    facts = repository(tmp_path, {"a.py": code})
    found = FoundEvidence("a.py", Evidence("raise", 8, 8, "f", "E", "t"))
    assert headers(facts, found) == ["else of if d:", "for b in c:"]
