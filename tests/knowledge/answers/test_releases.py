"""What changelogs say of each release, and the questions that ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.answering import answer_from_graph
from codebase_gardener.knowledge.answers.releases import numbers_of
from samples.written_graph import graph_of, said

Said = list[tuple[str, str]]

KEEP = """# Changelog

All notable changes are here.

## [Unreleased]

### Added

- A shed.

## [2.1.0] - 2026-03-01

### Added

- `Plant.water()` takes litres,
  as gardeners do.
  - A nested line.

### Fixed

- Roses wilt no more.

## [2.0.0] - 2025-01-01

Migration is told below.

### Migrating from 1.9

- Call `grow`.

## [1.9]

- The first one.
"""


def asked(tmp_path: Path, files: dict[str, str], question: str) -> Said | None:
    graph = graph_of(files, tmp_path)
    answer = answer_from_graph(graph, question)
    return None if answer is None else [(line.text, line.anchor) for line in answer.lines]


@pytest.mark.parametrize(
    "question",
    ["what changed in the last release", "What is new?", "what's new in the latest version", "release notes",
     "what changed recently", "what was added in the newest release"],
)  # fmt: skip
def test_the_last_release_is_told_with_its_items(tmp_path: Path, question: str) -> None:
    assert asked(tmp_path, {"CHANGELOG.md": KEEP}, question) == [
        ("[2.1.0] - 2026-03-01", "CHANGELOG.md:L11-21"),
        ("Added: `Plant.water()` takes litres, as gardeners do.", "CHANGELOG.md:L15-16"),
        ("Fixed: Roses wilt no more.", "CHANGELOG.md:L21-21"),
        ("above it, not released: [Unreleased]", "CHANGELOG.md:L5-9"),
    ]


@pytest.mark.parametrize(
    "question", ["what is new in 2.0", "what changed in v2", "what changed in garden 2.0.0"]
)
def test_a_release_is_found_by_its_version_and_a_part_of_it_is_none(tmp_path: Path, question: str) -> None:
    told = asked(tmp_path, {"CHANGELOG.md": KEEP}, question)
    assert told is not None
    assert told[:2] == [
        ("[2.0.0] - 2025-01-01", "CHANGELOG.md:L23-29"),
        ("Migrating from 1.9: Call `grow`.", "CHANGELOG.md:L29-29"),
    ]


def test_a_version_that_is_not_there_brings_the_nearest_but_not_for_another_package(tmp_path: Path) -> None:
    files = {"CHANGELOG.md": KEEP}
    told = asked(tmp_path, files, "what changed in 2.7")
    assert told is not None
    assert told[0] == ("`CHANGELOG.md` has no section of 2.7; the nearest", "CHANGELOG.md:L11-21")
    assert told[1] == ("[2.1.0] - 2026-03-01: 2 entries", "CHANGELOG.md:L11-21")
    assert asked(tmp_path, files, "what changed in python 3.12") is None


def test_a_date_is_told_without_the_items(tmp_path: Path) -> None:
    files = {"CHANGELOG.md": KEEP}
    assert asked(tmp_path, files, "when was 2.0 released?") == [
        ("[2.0.0] - 2025-01-01", "CHANGELOG.md:L23-29")
    ]
    assert asked(tmp_path, files, "what is the latest version") == [
        ("[2.1.0] - 2026-03-01", "CHANGELOG.md:L11-21")
    ]


def test_only_an_unreleased_section_is_said_to_be_that(tmp_path: Path) -> None:
    told = asked(tmp_path, {"CHANGES.md": "# Changes\n\n## Unreleased\n\n- A shed.\n"}, "what is new")
    assert told == [
        ("`CHANGES.md` tells of no release, only of what is to come", "CHANGES.md:L3-5"),
        ("not released: Unreleased", "CHANGES.md:L3-5"),
        ("A shed.", "CHANGES.md:L5-5"),
    ]


def test_a_version_whose_section_says_that_it_is_unreleased_is_no_release(tmp_path: Path) -> None:
    text = (
        "Version 3.0\n-----------\n\nUnreleased\n\n- New.\n\n"
        "Version 2.9\n-----------\n\nReleased 2026-01-02\n\n- Old.\n"
    )
    told = asked(tmp_path, {"CHANGES.rst": text}, "what changed in the last release")
    assert told == [
        ("Version 2.9, Released 2026-01-02", "CHANGES.rst:L8-13"),
        ("Old.", "CHANGES.rst:L13-13"),
        ("above it, not released: Version 3.0, Unreleased", "CHANGES.rst:L1-6"),
    ]
    told = asked(tmp_path, {"CHANGES.rst": text}, "what is new in the next release")
    assert told is not None
    assert told[0] == ("not released: Version 3.0, Unreleased", "CHANGES.rst:L1-6")


@pytest.mark.parametrize("folder", ["docs/release-notes", "docs/changes", "whatsnew"])
def test_a_folder_with_a_file_for_each_release_is_read_by_its_versions(tmp_path: Path, folder: str) -> None:
    files = {
        f"{folder}/1.9.0.md": "# Garden 1.9.0 release notes\n\n- Nine.\n",
        f"{folder}/v1.10.0.md": "# What is in it\n\n- Ten.\n",
        f"{folder}/index.md": "# Releases\n\nAll of them.\n",
    }
    assert asked(tmp_path, files, "what is new") == [
        ("What is in it", f"{folder}/v1.10.0.md:L1-3"),
        ("Ten.", f"{folder}/v1.10.0.md:L3-3"),
    ]
    told = asked(tmp_path, files, "what changed in 1.9")
    assert told is not None
    assert told[0] == ("Garden 1.9.0 release notes", f"{folder}/1.9.0.md:L1-3")


def test_plain_text_and_an_order_from_the_oldest_are_read(tmp_path: Path) -> None:
    text = "1.0 (2020-01-01)\n\n* First.\n\n1.1 (2021-01-01)\n\n* Second.\n"
    told = asked(tmp_path, {"NEWS": text}, "what is new")
    assert told == [("1.1 (2021-01-01)", "NEWS:L5-7"), ("Second.", "NEWS:L7-7")]


def test_the_changelog_nearest_to_the_root_is_the_main_one(tmp_path: Path) -> None:
    files = {
        "packages/pot/CHANGELOG.md": "# pot\n\n## 9.0.0\n\n- Pot.\n\n## 8.0.0\n\n- Pot.\n",
        "CHANGELOG.md": KEEP,
    }
    told = asked(tmp_path, files, "what is new")
    assert told is not None
    assert told[0][0] == "[2.1.0] - 2026-03-01"
    told = asked(tmp_path, files, "what is new in 9.0")
    assert told is not None
    assert told[0][1] == "packages/pot/CHANGELOG.md:L3-5"


def test_more_than_fifteen_items_are_counted(tmp_path: Path) -> None:
    items = "".join(f"- Item {number}.\n" for number in range(1, 19))
    told = asked(tmp_path, {"HISTORY.md": f"# History\n\n## 1.0\n\n{items}"}, "what is new")
    assert told is not None
    assert len(told) == 17
    assert told[-1] == ("and 3 more", "HISTORY.md:L20-22")


def test_without_a_changelog_nothing_is_said(tmp_path: Path) -> None:
    files = {"docs/upgrading.md": "# Upgrading\n\n## 2.0\n\n- Call `grow`.\n", "a.py": "def grow(): ...\n"}
    assert asked(tmp_path, files, "what changed in the last release") is None


def test_versions_are_compared_by_their_numbers() -> None:
    assert numbers_of("1.10") > numbers_of("1.9.9")
    assert numbers_of("2.0.0") == numbers_of("2")
    assert numbers_of("2.0.0rc1") < numbers_of("2.0.0")


def test_a_changelog_that_is_behind_the_packaging_file_says_so(tmp_path: Path) -> None:
    changelog = "# Changelog\n\n## v1.2.0\n\n- Pots.\n\n## v1.1.0\n\n- Pans.\n"
    told = (
        "pot is at 2.0.0-beta.0, of which `CHANGELOG.md` has no section; its newest release",
        "package.json:L2-2",
    )
    for version, lines in (("2.0.0-beta.0", [told]), ("1.2.0", []), ("1.1.5", [])):
        package = f'{{\n  "name": "pot", "version": "{version}"\n}}\n'
        folder = tmp_path / version
        folder.mkdir()
        graph = graph_of({"package.json": package, "CHANGELOG.md": changelog}, folder)
        assert said(graph, "what changed in the last release") == [
            *lines, ("v1.2.0", "CHANGELOG.md:L3-5"), ("Pots.", "CHANGELOG.md:L5-5"),
        ]  # fmt: skip
        assert said(graph, "what changed in 1.1.0")[0] == ("v1.1.0", "CHANGELOG.md:L7-9")
