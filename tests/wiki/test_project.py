"""A project's wiki through the façade: built, verified, shown, corrected, stale after edits."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages.wiki_folder import read_wiki_files, wiki_lock
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError, NotFoundError
from codebase_gardener.utils.progress import Quiet
from samples.written_garden import write_repository

pytestmark = pytest.mark.slow

GROW = "Implementation:garden_grow"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_repository(tmp_path / "garden")
    return tmp_path / "garden"


@pytest.fixture
def gardener(tmp_path: Path, root: Path) -> Iterator[Gardener]:
    with Gardener(Settings(home=tmp_path / "home")) as opened:
        build_wiki(opened, str(root), Quiet())
        yield opened


def files(gardener: Gardener) -> dict[str, str]:
    return read_wiki_files(gardener.wiki("garden").paths.folder)


def rebuild(gardener: Gardener):
    return build_wiki(gardener, "garden", Quiet())


def test_a_fresh_wiki_holds(gardener: Gardener) -> None:
    report = gardener.wiki("garden").verify(Quiet())
    assert report.ok, report.findings
    assert report.checked["pages"] > 10
    assert all(report.checked.values())


def test_what_changed_is_not_known_without_git(gardener: Gardener) -> None:
    with pytest.raises(InvalidInputError, match="garden is not in git") as caught:
        gardener.wiki("garden").answer("what changed since v1?")
    assert "git clone" in caught.value.hint


def test_since_when_has_to_be_said(gardener: Gardener, root: Path) -> None:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    with pytest.raises(InvalidInputError, match="does not say since when"):
        gardener.wiki("garden").answer("what changed since?")


def test_its_pages_are_there(gardener: Gardener) -> None:
    there = files(gardener)
    for page in (
        "implementations/garden_grow.md", "implementations/garden_Plant_init.md",
        "implementations/garden_Plant_water.md", "environments/garden_Core_Environment.md",
        "_WorkflowIndex.md", "_RepoMap_garden.md",
    ):  # fmt: skip
        assert page in there
    workflow = next(text for path, text in there.items() if path.startswith("workflows/"))
    steps = [line for line in workflow.splitlines() if line.startswith("[[step::")]
    assert len(steps) >= 3
    assert "src/garden/growing.py:L6-9" in there["implementations/garden_grow.md"]
    assert "`>=1.20`" in there["environments/garden_Core_Environment.md"]
    assert any(
        "litres may cause rot" in text for path, text in there.items() if path.startswith("heuristics/")
    )


def test_a_second_build_writes_nothing(gardener: Gardener) -> None:
    assert rebuild(gardener).published.written == ()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("implementations/garden_grow.md", "L6-9", "L6-8"),
        ("implementations/garden_grow.md", "tests", "test files"),
        ("implementations/garden_grow.md", "grow(plant, days=10)", "grow(plant, days=11)"),
        (
            "implementations/garden_grow.md",
            "[[implements::Principle:garden_",
            "[[implements::Principle:garden_X",
        ),
        ("_WorkflowIndex.md", "| 1 |", "| 2 |"),
        ("_reports/phase2_excavation_synthesis.md", "1", "7"),
    ],
)
def test_what_is_changed_by_hand_is_found(gardener: Gardener, file: str, old: str, new: str) -> None:
    path = gardener.wiki("garden").paths.folder / file
    text = path.read_text()
    if old not in text:
        pytest.fail(f"{old!r} does not stand in {file}: the test is out of date")
    path.write_text(text.replace(old, new, 1))
    assert any(finding.file == file for finding in gardener.wiki("garden").verify(Quiet()).findings)
    rebuild(gardener)
    assert gardener.wiki("garden").verify(Quiet()).ok


def test_pages_whose_evidence_changed_are_stale_with_the_diff(gardener: Gardener, root: Path) -> None:
    path = root / "src/garden/growing.py"
    path.write_text(
        "# above\n" + path.read_text().replace("plant.height += days", "plant.height += 2 * days")
    )
    report = gardener.wiki("garden").verify(Quiet())
    assert not report.ok
    assert GROW in report.stale_pages
    changed = next(c for c in report.stale if c.page == GROW and c.source.symbol == "grow")
    assert str(changed.found.source.anchor) == "src/garden/growing.py:L7-10"
    assert "+    plant.height += 2 * days" in changed.found.diff
    assert any("2 * days" in change for change in gardener.wiki("garden").show(GROW).stale)
    rebuild(gardener)
    assert gardener.wiki("garden").verify(Quiet()).ok
    assert gardener.wiki("garden").show(GROW).stale == ()


def test_what_only_moved_is_found_again(gardener: Gardener, root: Path) -> None:
    path = root / "src/garden/growing.py"
    path.write_text("# one\n# two\n" + path.read_text())
    moved = [c for c in gardener.wiki("garden").verify(Quiet()).stale if c.source.symbol == "grow"]
    assert {(c.found.state, str(c.found.source.anchor)) for c in moved} == {
        ("moved", "src/garden/growing.py:L8-11")
    }


def test_verify_does_not_replace_the_snapshot(gardener: Gardener, root: Path) -> None:
    before = gardener.snapshot("garden").tree_hash
    (root / "src/garden/new.py").write_text("x = 1\n")
    gardener.wiki("garden").verify(Quiet())
    assert gardener.snapshot("garden").tree_hash == before


def test_a_correction_survives_rebuilds_and_edits(gardener: Gardener, root: Path) -> None:
    gardener.wiki("garden").correct(GROW, "Overview", "It lets a plant grow, see `anchor:prune`.")
    gardener.wiki("garden").correct(GROW, "usage", "Use it in spring.")
    assert rebuild(gardener).build.corrections.corrected == (GROW,)
    (root / "README.md").write_text((root / "README.md").read_text() + "\nMore.\n")
    rebuild(gardener)
    text = gardener.wiki("garden").show(GROW).text
    assert "It lets a plant grow, see `src/garden/growing.py:L12-15`." in text
    assert "Use it in spring." in text
    assert gardener.wiki("garden").verify(Quiet()).ok


def test_a_correction_of_code_that_changed_is_stale(gardener: Gardener, root: Path) -> None:
    gardener.wiki("garden").correct(GROW, "usage", "Use it in spring.")
    path = root / "src/garden/growing.py"
    path.write_text(path.read_text().replace("plant.height += days", "plant.height += 3"))
    built = rebuild(gardener)
    assert "+    plant.height += 3" in built.build.corrections.stale[GROW]
    assert "stale: its lines changed since it was corrected" in gardener.wiki("garden").show(GROW).text
    assert gardener.wiki("garden").verify(Quiet()).ok


@pytest.mark.parametrize(
    ("part", "text", "words"),
    [
        ("Colour", "blue", "no 'Colour'"),
        ("overview", "See `src/garden/growing.py:L1-3`.", "line ranges are computed"),
        ("overview", "See `anchor:nothing`.", "names no symbol"),
        ("description", "## Another section", "the wiki's own"),
        ("usage", "[[step::Principle:garden_X]]", "the wiki's own"),
        ("usage", "  ", "empty"),
    ],
)
def test_a_correction_that_breaks_a_page_is_refused(
    gardener: Gardener, part: str, text: str, words: str
) -> None:
    with pytest.raises(InvalidInputError, match=words):
        gardener.wiki("garden").correct(GROW, part, text)
    assert not gardener.wiki("garden").paths.overrides.exists()


@pytest.mark.parametrize(
    "text", ["[1, 2]", "a: 3", f"{GROW}: {{colour: blue}}", "a: [", f"{GROW}: {{usage: 3}}"]
)
def test_an_overrides_file_that_cannot_be_read_is_told(gardener: Gardener, text: str) -> None:
    before = files(gardener)
    gardener.wiki("garden").paths.overrides.write_text(text)
    with pytest.raises(InvalidInputError, match=r"wiki-overrides\.yaml"):
        rebuild(gardener)
    assert files(gardener) == before


def test_corrections_of_pages_that_are_gone_are_told_and_kept(gardener: Gardener) -> None:
    gardener.wiki("garden").paths.overrides.write_text("Implementation:garden_gone: {usage: never}\n")
    problems = rebuild(gardener).build.corrections.problems
    assert problems == ("Implementation:garden_gone: there is no such page (any more)",)
    assert "garden_gone" in gardener.wiki("garden").paths.overrides.read_text()


def test_a_part_of_a_name_is_enough_where_one_page_has_it(gardener: Gardener) -> None:
    assert gardener.wiki("garden").show("implementation:garden_gro").id == GROW
    assert gardener.wiki("garden").show("grow").id == GROW
    assert gardener.wiki("garden").show("Plant.water").id == "Implementation:garden_Plant_water"
    assert gardener.wiki("garden").show("garden").id == "Module:garden_src_garden"
    assert gardener.wiki("garden").show("overview").id == "Overview:garden_Overview"
    with pytest.raises(InvalidInputError, match="pages are called Implementation:garden"):
        gardener.wiki("garden").show("Implementation:garden")
    with pytest.raises(NotFoundError, match="no page Implementation:garden_grwo"):
        gardener.wiki("garden").show("Implementation:garden_grwo")


def test_phases_stop_where_they_are_told_to(gardener: Gardener, root: Path) -> None:
    build_wiki(gardener, str(root), Quiet(), name="part", phase="1a")
    there = read_wiki_files(gardener.wiki("part").paths.folder)
    assert {path.partition("/")[0] for path in there if "/" in path} == {"workflows", "_reports"}
    assert sorted(path for path in there if path.startswith("_reports")) == [
        "_reports/phase0_repo_map.md",
        "_reports/phase1a_anchoring.md",
    ]
    assert gardener.wiki("part").verify(Quiet()).ok
    build_wiki(gardener, "part", Quiet(), phase="3")
    assert gardener.wiki("part").verify(Quiet()).ok
    build_wiki(gardener, "part", Quiet())
    assert read_wiki_files(gardener.wiki("part").paths.folder) == files(gardener)
    with pytest.raises(InvalidInputError, match="no phase '7'"):
        build_wiki(gardener, "garden", Quiet(), phase="7")


def test_a_phase_that_was_done_is_not_taken_back(gardener: Gardener) -> None:
    assert build_wiki(gardener, "garden", Quiet(), phase="1a").published.written == ()


def test_a_report_that_is_gone_or_forged_is_found(gardener: Gardener) -> None:
    folder = gardener.wiki("garden").paths.folder
    (folder / "_reports/phase6_orphan_audit.md").unlink()
    (folder / "_reports/writer.md").write_text("# Writer\n\nWriter: `openai:gpt-9`\n")
    found = {(finding.file, finding.check) for finding in gardener.wiki("garden").verify(Quiet()).findings}
    assert found == {("_reports/phase6_orphan_audit.md", "missing"), ("_reports/writer.md", "stray")}


def test_what_was_changed_by_hand_is_found_after_an_edit_of_the_source_too(
    gardener: Gardener, root: Path
) -> None:
    (root / "extra.txt").write_text("nothing that a page is about\n")
    report = gardener.wiki("garden").verify(Quiet())
    assert [(finding.check, finding.file) for finding in report.findings] == [("commit", "")]
    assert report.stale == ()
    path = gardener.wiki("garden").paths.folder / "implementations/garden_grow.md"
    path.write_text(path.read_text().replace("tests", "test files", 1))
    found = gardener.wiki("garden").verify(Quiet()).findings
    assert "implementations/garden_grow.md" in {finding.file for finding in found}


def test_a_wiki_of_another_version_is_told_as_such(gardener: Gardener) -> None:
    record = gardener.wiki("garden").paths.record
    record.write_text(record.read_text().replace('"version": "', '"version": "0'))
    report = gardener.wiki("garden").verify(Quiet())
    assert report.ok and "another version of this program" in report.note
    page = gardener.wiki("garden").paths.folder / "implementations/garden_grow.md"
    text = page.read_text()
    page.write_text(text.replace("src/garden/", "src/gardens/").replace("[[implements", "[[step_of", 1))
    found = {finding.check for finding in gardener.wiki("garden").verify(Quiet()).findings}
    assert "anchor" in found
    page.write_text(text)
    assert rebuild(gardener).published.written == ()
    assert gardener.wiki("garden").verify(Quiet()).ok


def test_files_that_cannot_be_parsed_are_told(gardener: Gardener, root: Path) -> None:
    (root / "src/garden/broken.py").write_text("def broken(:\n")
    built = rebuild(gardener)
    assert built.build.unread == ("src/garden/broken.py",)
    assert "code that could not be parsed, whole or in part (1): src/garden/broken.py" in built.summary()


def test_one_build_at_a_time(gardener: Gardener) -> None:
    with (
        wiki_lock(gardener.wiki("garden").paths.folder),
        pytest.raises(ConflictError, match="another process"),
    ):
        rebuild(gardener)


def test_a_build_that_was_killed_between_two_renames_is_mended(gardener: Gardener) -> None:
    folder = gardener.wiki("garden").paths.folder
    folder.rename(folder.parent / ".wiki.old")
    assert rebuild(gardener).published.written == ()
    assert not (folder.parent / ".wiki.old").exists()


def test_a_touched_file_changes_nothing(gardener: Gardener, root: Path) -> None:
    newer = root / "src" / "garden" / "growing.py"
    os.utime(newer, (4e9, 4e9))
    assert gardener.wiki("garden").verify(Quiet()).ok
    rebuild(gardener)
    assert gardener.wiki("garden").verify(Quiet()).ok
    newer.write_text(newer.read_text() + "\n# one more line\n")
    found = gardener.wiki("garden").verify(Quiet()).findings
    assert [finding.check for finding in found] == ["commit"]
