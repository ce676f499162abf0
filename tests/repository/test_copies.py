from __future__ import annotations

import subprocess
from pathlib import Path

from codebase_gardener.repository.copies import copied_folders
from codebase_gardener.repository.snapshot import take_snapshot


def tree(*roots: str, changed: dict[str, set[int]] | None = None, count: int = 10) -> dict[str, str]:
    return {
        f"{root}/pkg/{number}.py": f"{number}{root if number in (changed or {}).get(root, set()) else ''}"
        for root in roots
        for number in range(count)
    }


def test_a_worktree_of_another_branch_is_a_copy() -> None:
    files = tree("main", "feature", changed={"feature": {1, 2}}) | {
        "notes.md": "x",
        "feature/pkg/new.py": "new",
    }
    assert copied_folders(files) == {"main": "feature"}


def test_three_clones_are_read_once() -> None:
    assert copied_folders(tree("a", "b", "deep/c")) == {"b": "a", "deep/c": "a"}


def test_what_has_a_few_files_in_common_is_no_copy() -> None:
    assert copied_folders(tree("a", "b", changed={"b": {1, 2, 3, 4}})) == {}
    assert copied_folders(tree("a", "b", count=5)) == {}
    assert copied_folders({f"{part}/__init__.py": "" for part in "abcdefghijklmnop"}) == {}


def test_a_repository_is_no_copy_of_its_part() -> None:
    files = {f"{n}.py": str(n) for n in range(9)} | {f"copy/{n}.py": str(n) for n in range(9)}
    assert copied_folders(files) == {}


def test_clones_beside_each_other(tmp_path: Path) -> None:
    one = tmp_path / "holder" / "one"
    for number in range(12):
        (one / "pkg").mkdir(parents=True, exist_ok=True)
        (one / "pkg" / f"m{number}.py").write_text(f"def f{number}():\n    return {number}\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=one, check=True)
    subprocess.run(["git", "worktree", "add", "-q", "../two"], cwd=one, check=True)
    subprocess.run(["git", "clone", "-q", "one", "three"], cwd=one.parent, check=True)
    snapshot = take_snapshot(str(one.parent))
    assert {file.path.partition("/")[0] for file in snapshot.files} == {"one"}
    reasons = {left.path: left.reason for left in snapshot.skipped}
    assert reasons["two/"] == reasons["three/"] == "a copy of one/, 12 files"
    assert "two/.git" in reasons
