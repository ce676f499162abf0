"""What a person leaves out, by the settings and by `.gardenerignore`."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.config.settings import load_settings
from codebase_gardener.repository.patterns import Chosen
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.utils.error_handling import InvalidInputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in ("src/a.py", "src/gen/b.py", "src/gen/keep.py", "docs/de/a.md", "docs/a.md", "top.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("def f():\n    return 1\n")
    return tmp_path


def paths(folder: Path, chosen: Chosen | None = None) -> list[str]:
    return [file.path for file in take_snapshot(str(folder), chosen=chosen).files]


def test_a_gardenerignore_is_read_as_git_reads_its_own(folder: Path) -> None:
    (folder / ".gardenerignore").write_text("# generated\nsrc/gen/*\n!keep.py\nde/\n")
    assert paths(folder) == [".gardenerignore", "docs/a.md", "src/a.py", "src/gen/keep.py", "top.py"]
    skipped = {file.path: file.reason for file in take_snapshot(str(folder)).skipped}
    assert skipped == {
        "docs/de/": "excluded by .gardenerignore, 1 file",
        "src/gen/": "excluded by .gardenerignore, 1 file",
    }


def test_patterns_of_the_settings(folder: Path) -> None:
    assert paths(folder, Chosen(include=("src/",))) == ["src/a.py", "src/gen/b.py", "src/gen/keep.py"]
    assert paths(folder, Chosen(include=("*.py",), exclude=("/src/gen",))) == ["src/a.py", "top.py"]
    (folder / ".gardenerignore").write_text("a.py\n")
    assert paths(folder, Chosen(include=("*.py",), exclude=("gen/",))) == ["top.py"]


def test_a_gardenerignore_that_cannot_be_read_leaves_out_nothing(folder: Path) -> None:
    (folder / ".gardenerignore").symlink_to("/etc/passwd")
    assert "top.py" in paths(folder)


def test_malformed_patterns(folder: Path) -> None:
    with pytest.raises(InvalidInputError, match="exclude"):
        paths(folder, Chosen(exclude=("!",)))


def test_the_settings_hold_them(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[repository]\nexclude = ["docs/de/"]\n')
    assert load_settings(home=tmp_path).repository.exclude == ("docs/de/",)
    (tmp_path / "config.toml").write_text('[repository]\nexclud = ["docs/de/"]\n')
    with pytest.raises(InvalidInputError, match="exclud"):
        load_settings(home=tmp_path)
