"""What the authors wrote for readers is found beside the pages and shown by its lines."""

from __future__ import annotations

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki, find_wiki
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.utils.error_handling import NotFoundError
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.sections import readable_sections
from samples.written_garden import write_repository

ROSES = "# Roses\n\nRoses want sun.\n\n## Against aphids\n\nPut up with ladybirds: they eat\nsixty aphids a day.\n"


@pytest.fixture(scope="module")
def gardener(tmp_path_factory: pytest.TempPathFactory) -> Gardener:
    folder = tmp_path_factory.mktemp("sections")
    write_repository(folder / "garden")
    (folder / "garden/docs").mkdir()
    (folder / "garden/docs/roses.md").write_text(ROSES)
    (folder / "garden/CHANGELOG.md").write_text("# 1.0\n\nLadybirds eat aphids.\n")
    with Gardener(Settings(home=folder / "home", min_free_bytes=0)) as opened:
        build_wiki(opened, str(folder / "garden"), Quiet(), name="garden")
        return opened


def test_a_section_is_found_by_its_words_and_those_of_its_file(gardener: Gardener) -> None:
    first = gardener.wiki("garden").search("what eats aphids on roses")[0]
    assert (first.id, first.kind) == ("docs/roses.md:L5-8", "text")
    assert first.overview.startswith("## Against aphids Put up with ladybirds")
    shown = gardener.wiki("garden").show(first.id)
    assert "sixty aphids a day." in shown.text
    assert f"From `{first.id}`" in shown.text
    assert find_wiki(gardener, first.id).project == "garden"


def test_what_a_line_behind_the_overview_says_is_told(gardener: Gardener) -> None:
    found = {one.id: one for one in gardener.wiki("garden").search("water litres a day", k=20)}
    page = next(one for name, one in found.items() if name.endswith("Plant_water"))
    assert "litres" in page.said
    assert "litres" not in page.overview


@pytest.mark.parametrize(
    "wanted", ["docs/roses.md:L90-95", "src/garden/plants.py:L1-3", "docs/roses.md:L0-3"]
)
def test_neither_code_nor_lines_that_there_are_not_are_shown(gardener: Gardener, wanted: str) -> None:
    with pytest.raises(NotFoundError):
        gardener.wiki("garden").show(wanted)


def test_translations_data_and_texts_for_tests_are_no_sections() -> None:
    def text(path: str, symbol: str = "Heading") -> Document:
        return Document(f"{path}:L1-2", path, symbol, "words", "text")

    kept = [text("docs/a.md"), text("README.md")]
    left = [text("docs/a.de.md"), text("tests/a.md"), text("docs/data.json", ""), text("a.toml", "")]
    assert [one.path for one in readable_sections([*kept, *left])] == ["docs/a.md", "README.md"]
