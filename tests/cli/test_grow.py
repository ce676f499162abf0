"""`grow --holdout since:REV`: trained on a revision, asked for what came after it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from samples.geometry import FUNCTIONS

from .conftest import TINY_TRAINING, Cli


def commit(repository: Path, message: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    for words in (("add", "."), ("commit", "-q", "-m", message)):
        subprocess.run(["git", *who, *words], cwd=repository, check=True, capture_output=True)
    asked = ["git", "rev-parse", "HEAD"]
    return subprocess.run(asked, cwd=repository, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    """Eight files, and the commit after which two more were written and one function was changed."""
    root = tmp_path / "geometry"
    root.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    for name in ("square", "circle", "kite", "oval", "rhombus", "cube", "ring", "arc"):
        (root / f"{name}.py").write_text(FUNCTIONS.format(name=name))
    old = commit(root, "old")
    for name in ("later", "last"):
        changed = FUNCTIONS.format(name=name).replace("return ", "return 2 * ")
        (root / f"{name}.py").write_text(changed)
    commit(root, "new")
    return root, old


@pytest.mark.slow
def test_grown_at_a_revision_and_asked_for_what_came_after_it(
    repository: tuple[Path, str], tmp_path: Path, tiny_base: Path
) -> None:
    root, old = repository
    cli = Cli(tmp_path / "home", **{**TINY_TRAINING, "CODEBASE_GARDENER_BASE": str(tiny_base)})
    data = cli("grow", root, "--holdout", f"since:{old}", "--json").ok().json
    asked = data["since"]
    assert asked["since"] == old
    assert asked["editing"]["cursors"] == 4, "two functions in each new file"
    arms = {"base", "base + retrieval", "adapter", "adapter + retrieval"}
    assert set(asked["editing"]["arms"]) == arms | {f"{arm} + memory" for arm in arms}
    assert asked["null"]["draws"] == 8
    assert asked["general_code"]["base"] > 0
    receipts = cli("adapters", "show", data["adapter"], "--json").json["receipts"]
    assert receipts[0]["kind"] == "full evaluation"
    out = cli("evaluate", data["adapter"], "--full", "--cursors", "2").ok().out
    assert "2 cursors in functions held out" in out
    assert "More than noise" in out
    cli("grow", root).ok()  # at HEAD: a version that has seen what came after
    told = cli("evaluate", data["adapter"], "--tokens", "--functions", "2", "--json").ok().json
    kept = cli("adapters", "show", data["adapter"], "--json").json["receipts"][0]
    assert (kept["kind"], kept["data"]["functions"]) == ("tokens", told["functions"])
    assert [len(one["base"]) for one in told["functions"]] == [
        len(one["tokens"]) for one in told["functions"]
    ]
    cli("evaluate", "geometry", "--full", "--since", old).failed(4, "may have seen what is asked for")


@pytest.mark.parametrize("holdout", ["until:v1", "since:", "v1.0"])
def test_another_holdout_is_refused(tmp_path: Path, holdout: str) -> None:
    Cli(tmp_path)("grow", tmp_path, "--holdout", holdout).failed(2, "is not since:REV")


def test_two_revisions_are_refused(tmp_path: Path) -> None:
    Cli(tmp_path)("grow", tmp_path, "--holdout", "since:v1", "--revision", "v2").failed(2, "its own revision")


def test_what_is_of_the_full_evaluation_is_refused_without_it(tmp_path: Path) -> None:
    Cli(tmp_path)("evaluate", "p", "--since", "v1").failed(2, "--full")
