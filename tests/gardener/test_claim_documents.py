"""Which documents of a folder are judged."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Patterns, Settings
from codebase_gardener.gardener.claims import verify_claims
from codebase_gardener.utils.error_handling import InvalidInputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "docs/guide").mkdir(parents=True)
    (root / "docs/guide/start.md").write_text("# Start\n")
    return root


def test_links_folders_and_fifos_of_a_folder_of_documents(folder: Path) -> None:
    (folder.parent / "outside.md").write_text("[x](nothing.md)\n")
    (folder / "docs/out.md").symlink_to(folder.parent / "outside.md")
    (folder / "docs/same.md").symlink_to("guide/start.md")
    (folder / "docs/dangling.md").symlink_to("nowhere")
    (folder / "docs/b.md").write_text("# B\n")
    os.mkfifo(folder / "docs/pipe.md")
    (folder / "docs/guide/start.md").write_text("[x](../b.md)\n")
    report = verify_claims(Settings(home=folder.parent / "home"), [folder / "docs"], str(folder), fix=True)
    assert report.ok
    assert (folder.parent / "outside.md").read_text() == "[x](nothing.md)\n"
    assert len(report.verdicts) == 1
    with pytest.raises(InvalidInputError, match="no regular file"):
        verify_claims(Settings(home=folder.parent / "home"), [folder / "docs/pipe.md"], str(folder))


def test_documents_that_are_left_out(folder: Path) -> None:
    (folder / "docs/a.md").write_text("[x](nothing.md)\n")
    (folder / "docs/b.md").write_text("[x](a.md)\n")
    (folder / ".gardenerignore").write_text("docs/a.md\n")
    settings = Settings(home=folder.parent / "home", repository=Patterns(exclude=("docs/guide/",)))
    report = verify_claims(settings, [folder / "docs"], str(folder))
    assert [Path(v.document).name for v in report.verdicts] == ["b.md"]
    assert report.ok  # what is left out can be linked to
    assert not verify_claims(settings, [folder / "docs/a.md"], str(folder)).ok  # what is named counts
