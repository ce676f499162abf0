"""Wikis across a home: which one a page is in."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki, find_wiki
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError, SourceError
from codebase_gardener.utils.progress import Quiet
from samples.written_garden import write_repository


@pytest.mark.slow
def test_the_wiki_that_has_a_page_is_found_whatever_it_is_called_by(tmp_path: Path) -> None:
    write_repository(tmp_path / "garden")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/LICENSE").write_text("Free.\n")
    with Gardener(Settings(home=tmp_path / "home")) as gardener:
        gardener.add(str(tmp_path / "garden"), name="unbuilt")
        build_wiki(gardener, str(tmp_path / "bare"), Quiet(), name="bare")
        build_wiki(gardener, str(tmp_path / "garden"), Quiet())
        for page in ("Implementation:garden_grow", "grow", "garden_gro"):
            assert find_wiki(gardener, page).show(page).id == "Implementation:garden_grow"
        with pytest.raises(NotFoundError, match="no page nothing"):
            find_wiki(gardener, "nothing")
        with pytest.raises(NotFoundError, match="there is no project 'gardn'") as caught:
            build_wiki(gardener, "gardn", Quiet())
        assert "garden" in caught.value.hint
        with pytest.raises(SourceError):
            build_wiki(gardener, "./gardn", Quiet())
        with pytest.raises(NotFoundError, match="unbuilt has no wiki"):
            find_wiki(gardener, "grow", "unbuilt").show("grow")
        build_wiki(gardener, str(tmp_path / "garden"), Quiet(), name="again")
        with pytest.raises(InvalidInputError, match="4 pages are called grow"):
            find_wiki(gardener, "grow")
        assert find_wiki(gardener, "grow", "again").show("grow").project == "again"
