"""Whose packaging file is the main one, and how a package is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.environments.evidence_by_kind import EnvironmentFacts, key_of
from samples.environments import repository

SETUP = """\
from setuptools import setup
setup(
    name="tool",
    install_requires=["PyYAML", "python-dotenv>=1"],
    extras_require={"fast": ["uvloop"], "test": ["pytest"]},
)
"""


@pytest.mark.parametrize(
    ("name", "key"),
    [("Auto_GPTQ", "auto-gptq"), ("a.b--c", "a-b-c"), ("@o/A_b", "@o/A_b"), ("a.org/B", "a.org/B")],
)
def test_names_as_indexes_compare_them(name: str, key: str) -> None:
    assert key_of(name) == key


def test_evidence_by_kind(tmp_path: Path) -> None:
    again = "[options]\ninstall_requires =\n    PyYAML\n"
    facts = EnvironmentFacts(repository(tmp_path, {"setup.py": SETUP, "setup.cfg": again, "a.py": ""}))
    named = [one.evidence.name for one in facts.of_kinds("requirement", "extra")]
    assert named == ["PyYAML", "python-dotenv", "uvloop"]
    assert facts.core == {"pyyaml", "python-dotenv"}
    imported = {"dotenv": "python-dotenv", "yaml": "pyyaml", "PyYAML": "pyyaml", "x": "x"}
    assert {name: facts.canonical(name) for name in imported} == imported


def test_code_for_tests_counts_for_nothing(tmp_path: Path) -> None:
    code = 'import os\nos.environ["A_B"]\n'
    found = EnvironmentFacts(
        repository(tmp_path, {"kit/a.py": code, "kit/testing/b.py": code, "tests/c.py": code})
    )
    assert [one.path for one in found.of_kinds("environment-variable")] == ["kit/a.py"]


def test_where_only_a_requirements_file_tells(tmp_path: Path) -> None:
    found = EnvironmentFacts(repository(tmp_path, {"requirements.txt": "numpy\n", "a.py": "x = 1\n"}))
    assert found.core == {"numpy"}
