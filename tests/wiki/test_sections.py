"""What the authors wrote for readers is found beside the pages and shown by its lines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki, find_wiki
from codebase_gardener.repository.snapshot import Snapshot, SourceFile
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.sections import comment_sections, lines_text, readable_sections
from samples.written_garden import write_repository

ROSES = "# Roses\n\nRoses want sun.\n\n## Against aphids\n\nPut up with ladybirds: they eat\nsixty aphids a day.\n"
ALMANAC = """import json


def _as_text(days):
    # the indentation is what makes the almanac readable
    return json.dumps(days, indent=2)
"""


@pytest.fixture(scope="module")
def gardener(tmp_path_factory: pytest.TempPathFactory) -> Gardener:
    folder = tmp_path_factory.mktemp("sections")
    write_repository(folder / "garden")
    (folder / "garden/docs").mkdir()
    (folder / "garden/docs/roses.md").write_text(ROSES)
    (folder / "garden/src/garden/almanac.py").write_text(ALMANAC)
    (folder / "garden/src/garden/licensed.py").write_text(
        "# This is free software, which says what you may do.\nX = 1\n"
    )
    (folder / "garden/CHANGELOG.md").write_text("# 1.0\n\nLadybirds eat aphids.\n")
    with Gardener(Settings(home=folder / "home", min_free_bytes=0)) as opened:
        build_wiki(opened, str(folder / "garden"), Quiet(), name="garden")
        return opened


def test_a_section_is_found_by_its_words_and_those_of_its_file(gardener: Gardener) -> None:
    first = gardener.wiki("garden").search("what eats aphids on roses")[0]
    assert (first.id, first.kind) == ("docs/roses.md:L5-8", "text")
    assert first.overview.startswith("Against aphids: Put up with ladybirds")
    shown = gardener.wiki("garden").show(first.id)
    assert "sixty aphids a day." in shown.text
    assert f"From `{first.id}`" in shown.text
    assert find_wiki(gardener, first.id).project == "garden"


def test_what_a_line_behind_the_overview_says_is_told(gardener: Gardener) -> None:
    found = {one.id: one for one in gardener.wiki("garden").search("water litres a day", k=20)}
    page = next(one for name, one in found.items() if name.endswith("Plant_water"))
    assert "litres" in page.said
    assert "litres" not in page.overview


def test_code_that_no_page_is_about_is_found_with_the_line_that_says_it(gardener: Gardener) -> None:
    found = gardener.wiki("garden").search("json indentation of the almanac")
    code = next(one for one in found if one.id.startswith("src/garden/almanac.py:"))
    assert "indentation" in code.said
    assert "json.dumps" in gardener.wiki("garden").show(code.id).text
    assert not any(one.id.startswith("tests/") for one in found)


def test_a_licence_answers_no_question(gardener: Gardener) -> None:
    found = gardener.wiki("garden").search("what does this software do")
    assert not any(one.id.startswith("src/garden/licensed.py:") for one in found)


def test_every_page_is_shown_by_its_id(gardener: Gardener) -> None:
    for page in gardener.wiki("garden").pages():
        assert gardener.wiki("garden").show(page.id).id == page.id


def test_of_many_lines_the_first_are_shown_with_their_numbers() -> None:
    file = SourceFile("a.md", "markdown", "", "".join(f"word {n}\n" for n in range(1, 201)))
    snapshot = Snapshot("", "", "directory", None, "", False, "", (file,), ())
    shown = lines_text(Anchor("a.md", 11, 200), snapshot, "pots")
    assert shown is not None
    assert "   11  word 11\n" in shown
    assert shown.endswith("   90  word 90\n… and 110 lines more: gardener wiki show pots a.md:L91-200\n")


def test_a_section_that_was_cut_is_whole_again() -> None:
    def piece(first: int, last: int, symbol: str) -> Document:
        return Document(f"a.md:L{first}-{last}", "a.md", symbol, f"{first} to {last}\n", "text")

    pieces = [piece(1, 40, "Long"), piece(42, 60, "Long"), piece(62, 70, "Other"), piece(71, 170, "Other")]
    assert [one.anchor for one in readable_sections(pieces)] == ["a.md:L1-60", "a.md:L62-70", "a.md:L71-170"]


@pytest.mark.parametrize("wanted", ["docs/roses.md:L90-95", "src/garden/none.py:L1-3", "docs/roses.md:L0-3"])
def test_lines_that_there_are_not_are_not_shown(gardener: Gardener, wanted: str) -> None:
    with pytest.raises(NotFoundError):
        gardener.wiki("garden").show(wanted)


def test_translations_data_and_texts_for_tests_are_no_sections() -> None:
    def text(path: str, symbol: str = "Heading") -> Document:
        return Document(f"{path}:L1-2", path, symbol, "words", "text")

    kept = [text("docs/a.md"), text("README.md")]
    left = [text("docs/a.de.md"), text("tests/a.md"), text("docs/data.json", ""), text("a.toml", "")]
    assert [one.path for one in readable_sections([*kept, *left])] == ["README.md", "docs/a.md"]


def test_what_a_file_says_of_itself_is_sections_without_its_licence() -> None:
    source = (
        "// Copyright 2026 A. All rights reserved.\n\n// Package pot cooks.\n//\n// Concurrency\n//\n"
        "// One cook at a time.\npackage pot\n"
    )
    brief = SourceFile("a.py", "python", "", '"""One paragraph is on the page of its Module."""\n')
    files = (brief, SourceFile("doc.go", "go", "", source))
    sections = comment_sections(Snapshot("", "", "directory", None, "", False, "", files, ()))
    assert [(one.symbol, one.anchor) for one in sections] == [
        ("doc", "doc.go:L3-3"), ("Concurrency", "doc.go:L5-7"),
    ]  # fmt: skip
    assert [one.anchor for one in readable_sections(sections)] == ["doc.go:L3-3", "doc.go:L5-7"]


def test_a_part_of_a_releases_notes_has_the_release_in_its_name() -> None:
    headings = ("Changelog", "[2.1.0] - 2024-05-06", "Deprecated", "Python 3.11 support", "v2.0", "Fixed")
    pieces = [
        Document(f"CHANGELOG.md:L{n}-{n}", "CHANGELOG.md", heading, f"## {heading}\n", "text")
        for n, heading in enumerate(headings, start=1)
    ]
    assert [one.symbol for one in readable_sections(pieces)] == [
        "Changelog",
        "[2.1.0] - 2024-05-06",
        "[2.1.0] - 2024-05-06: Deprecated",
        "[2.1.0] - 2024-05-06: Python 3.11 support",
        "v2.0",
        "v2.0: Fixed",
    ]
    guide = [replace(one, path="docs/guide.md") for one in pieces]
    assert [one.symbol for one in readable_sections(guide)] == list(headings)


def test_what_a_packaging_file_says_of_a_feature_is_a_section() -> None:
    cargo = '[features]\n# Keeps the order\n# of pots.\nkeep_order = ["std"]\nstd = []\n'
    files = (SourceFile("Cargo.toml", "toml", "", cargo),)
    found = comment_sections(Snapshot("", "", "directory", None, "", False, "", files, ()))
    assert [(one.anchor, one.symbol, one.text) for one in found] == [
        ("Cargo.toml:L2-4", "keep_order", "feature keep_order: Keeps the order of pots.")
    ]
