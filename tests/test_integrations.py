"""Contract tests: the `run:` lines of the GitHub Action and the CI recipe, and the hooks, run."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "integrations/github-action/action.yml").read_text("utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
REFRESH = yaml.safe_load((ROOT / "integrations/ci/refresh.yml").read_text("utf-8"))
GIT_HOOK = ROOT / "integrations/git-hooks/gardener-refresh"
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"] if "run" in step}
CODE = "def load(path):\n    return path\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository whose only claims are wrong: one that was so before, and one of a later change."""
    folder = tmp_path / "checkout"
    (folder / "docs").mkdir(parents=True)
    (folder / "store.py").write_text(CODE)
    (folder / "docs/old.md").write_text("`load` (store.py:L7-8)\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    (folder / "docs/new one.md").write_text("# New\n\n`load` (store.py:L9)\n")
    return folder


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """With a `gardener` of this tree on PATH."""
    bin_folder = folder.parent / "bin"
    bin_folder.mkdir(exist_ok=True)
    program = bin_folder / "gardener"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m codebase_gardener.cli.main "$@"\n')
    program.chmod(0o755)
    paths = {"PATH": f"{bin_folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    return {**os.environ, **paths, **more}


def run_step(name: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """A step as GitHub's runner has it: inputs in the environment, `bash -eo pipefail`."""
    step = STEPS[name]
    given: dict[str, str] = {key: str(value["default"]) for key, value in ACTION["inputs"].items()} | inputs
    values = {
        key: given[value.split("inputs.")[1].rstrip(" }")] if "inputs." in value else value
        for key, value in step["env"].items()
    }
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env=environment(folder, GITHUB_ACTION_PATH=str(ROOT / "integrations/github-action"), **values),
        capture_output=True,
        text=True,
        check=False,
    )


def test_contract_the_action_is_composite_and_puts_no_input_into_a_script() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert set(STEPS) == {"Install", "Verify"}
    assert all(step["shell"] == "bash" and "${{" not in step["run"] for step in STEPS.values())
    assert {"description", "default"} == {key for value in ACTION["inputs"].values() for key in value}


def test_contract_the_install_step_installs_this_repository(checkout: Path) -> None:
    (checkout.parent / "bin").mkdir()
    pip = checkout.parent / "bin/pip"
    pip.write_text('#!/bin/sh\nfor word; do echo "$word"; done\n')
    pip.chmod(0o755)
    said = run_step("Install", checkout).stdout.splitlines()
    assert Path(said[-1]).resolve() == ROOT
    assert (
        run_step("Install", checkout, install="codebase-gardener==0.1").stdout.splitlines()[-1]
        == "codebase-gardener==0.1"
    )


@pytest.mark.slow
def test_contract_the_verify_step_tells_the_log(checkout: Path) -> None:
    done = run_step("Verify", checkout, since="")
    assert done.returncode == 11
    assert [line.partition(",")[0] for line in done.stdout.splitlines()] == [
        "::error file=docs/new one.md",
        "::error file=docs/old.md",
    ]


@pytest.mark.slow
def test_contract_the_verify_step_of_a_pull_request(checkout: Path) -> None:
    done = run_step("Verify", checkout, since="HEAD", claims="docs\ndocs/old.md\n", sarif="claims.sarif")
    assert [line.partition(",")[0] for line in done.stdout.splitlines()] == ["::error file=docs/new one.md"]
    log: dict[str, Any] = json.loads((checkout / "claims.sarif").read_text())
    assert len(log["runs"][0]["results"]) == 1


@pytest.mark.slow
def test_contract_the_verify_step_repairs(checkout: Path) -> None:
    assert run_step("Verify", checkout, since="", fix="true").returncode == 0
    assert (checkout / "docs/old.md").read_text() == "`load` (store.py:L1-2)\n"
    assert (checkout / "docs/new one.md").read_text() == "# New\n\n`load` (store.py:L1-2)\n"


@pytest.mark.slow
def test_contract_the_verify_step_tells_and_repairs_links(checkout: Path) -> None:
    (checkout / "docs/old.md").write_text("[code](store.py) and [[Nowhere]]\n")
    (checkout / "docs/new one.md").unlink()
    said = run_step("Verify", checkout, since="HEAD").stdout.splitlines()
    assert [line.rpartition("::")[2].partition(";")[0] for line in said] == [
        "store.py: no file docs/store.py", "Nowhere: no page Nowhere",
    ]  # fmt: skip
    assert run_step("Verify", checkout, since="", fix="true").returncode == 11
    assert (checkout / "docs/old.md").read_text() == "[code](../store.py) and [[Nowhere]]\n"


def test_contract_an_input_is_never_a_command(checkout: Path) -> None:
    done = run_step(
        "Verify", checkout, claims="docs$(touch hacked)\n--fix\n`touch hacked`", since="$(touch hacked)"
    )
    assert done.returncode == 2
    assert not (checkout / "hacked").exists()


@pytest.mark.slow
@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_contract_a_hook_repairs_what_the_commit_changes(checkout: Path, hook: dict[str, Any]) -> None:
    assert set(hook) <= {
        "id",
        "name",
        "description",
        "entry",
        "args",
        "language",
        "pass_filenames",
        "always_run",
    }
    command = [*shlex.split(hook["entry"]), *hook["args"]]
    done = subprocess.run(command, cwd=checkout, env=environment(checkout), check=False, capture_output=True)
    assert done.returncode == 0
    assert (checkout / "docs/old.md").read_text() == "`load` (store.py:L7-8)\n"
    assert (checkout / "docs/new one.md").read_text() == "# New\n\n`load` (store.py:L1-2)\n"


@pytest.mark.slow
def test_contract_the_git_hook_refreshes_in_the_background(checkout: Path) -> None:
    """A commit with the hook in place: git is not held up, and the wiki follows."""
    hook = checkout / ".git/hooks/post-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_bytes(GIT_HOOK.read_bytes())
    hook.chmod(0o755)
    env = {**environment(checkout), "GARDENER_ADAPTER": "no"}
    who = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    subprocess.run(
        ["git", *who, "commit", "-q", "--allow-empty", "-m", "more"], cwd=checkout, env=env, check=True
    )
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=checkout, text=True).strip()
    log, line = checkout / ".git/gardener.log", f"checkout at {head[:12]}: snapshot, wiki, index in"
    deadline = time.monotonic() + 60
    while line not in (log.read_text() if log.exists() else "") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert line in log.read_text()
    home = Path(env["CODEBASE_GARDENER_HOME"])
    assert (home / "projects/checkout/wiki").is_dir()


def test_contract_the_git_hook_never_stops_git(checkout: Path) -> None:
    """Without a gardener on PATH it says nothing."""
    done = subprocess.run(
        ["/bin/sh", GIT_HOOK], cwd=checkout, env={"PATH": "/nowhere"}, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.slow
def test_contract_the_ci_recipe_makes_a_site(checkout: Path) -> None:
    steps = {step["name"]: step["run"] for step in REFRESH["jobs"]["refresh"]["steps"] if "run" in step}
    assert list(steps) == ["Install", "Refresh", "Site"]
    assert "${{" not in str(steps)
    for name in ("Refresh", "Site"):
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", steps[name]]
        done = subprocess.run(
            command, cwd=checkout, env=environment(checkout), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert (checkout / "site/index.html").is_file()
