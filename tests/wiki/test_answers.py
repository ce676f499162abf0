"""Questions to a built wiki: by the graph where it knows, by the search where it does not, said as what it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.answers import FOUND
from codebase_gardener.wiki.project import ProjectWiki
from codebase_gardener.wiki.state import WikiState
from samples.written_garden import write_repository


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectWiki]:
    folder = tmp_path_factory.mktemp("answered")
    write_repository(folder / "garden")
    (folder / "garden/src/garden/alarms.py").write_text("ALARM = 3\n")
    (folder / "garden/docs").mkdir()
    (folder / "garden/docs/alarms.md").write_text("# Alarms\n\nThe `ALARM` raises the gardener from sleep.\n")
    (folder / "garden/docs/failing.md").write_text(
        "# Failing\n\n`prune` throws a `BareError` at bare plants.\n"
    )
    (folder / "garden/src/garden/failing.py").write_text(
        'class BareError(Exception):\n    """Nothing to prune."""\n'
    )
    (folder / "garden/docs/care.md").write_text("# Care\n\nUnlike `grow`, `prune` makes a plant smaller.\n")
    with Gardener(Settings(home=folder / "home", min_free_bytes=0)) as gardener:
        build_wiki(gardener, str(folder / "garden"), Quiet(), name="garden")
        yield gardener.wiki("garden")


def test_each_part_of_a_question_is_answered_under_its_own_words(wiki: ProjectWiki) -> None:
    answer = wiki.answer("What does `prune` return, and who calls it?")
    assert answer is not None
    assert answer.form == "takes"
    texts = [line.text for line in answer.lines]
    assert texts[0] == "What does `prune` return?"
    assert "who calls `prune`?" in texts
    assert texts.index("who calls `prune`?") < next(n for n, text in enumerate(texts) if "test: " in text)


def test_what_the_graph_does_not_know_of_it_is_searched(wiki: ProjectWiki) -> None:
    answer = wiki.answer("Where is `prune` defined, and is it slower in winter?")
    assert answer is not None
    assert answer.form == FOUND
    assert answer.lines[0].text == "Where is `prune` defined?"
    assert any("winter" in line.text for line in answer.lines)


def test_what_no_page_has_most_words_of_is_told_as_that(wiki: ProjectWiki) -> None:
    answer = wiki.answer("which rose telescopes orbit distant purple galaxies")
    assert answer is not None
    assert not answer.known
    assert answer.lines[0].text.startswith("nothing has most of these words")
    assert wiki.answer("which telescopes orbit galaxies") is None


def test_what_a_question_says_of_when_does_not_hide_its_name(wiki: ProjectWiki) -> None:
    answer = wiki.answer("What does `Plant.water` take when the plant is dry?")
    assert answer is not None
    assert answer.form == "takes"
    plain = wiki.answer("What does a gardener take when the plant is dry?")
    assert plain is None or plain.form == FOUND


def test_a_constant_that_is_asked_what_it_raises_is_told_after_what_the_search_finds(
    wiki: ProjectWiki,
) -> None:
    answer = wiki.answer("what does ALARM raise?")
    assert answer is not None
    anchors = [line.anchor for line in answer.lines]
    assert answer.form == "what"
    assert anchors[0] == "docs/alarms.md:L1-3"
    assert "src/garden/alarms.py:L1-1" in anchors[1:]


def test_a_difference_is_told_by_what_speaks_of_both_names(wiki: ProjectWiki) -> None:
    answer = wiki.answer("what is the difference between grow and prune?")
    assert answer is not None
    texts = [line.text for line in answer.lines]
    assert texts[0] == "“Unlike `grow`, `prune` makes a plant smaller.”"
    assert "function `grow`" in texts


def test_what_documents_say_that_a_function_raises_is_told_before_that_its_code_does_not(
    wiki: ProjectWiki,
) -> None:
    answer = wiki.answer("what errors does prune throw?")
    assert answer is not None
    told = [line.text for line in answer.lines]
    assert told[:2] == ["“`prune` throws a `BareError` at bare plants.”", "class `BareError`"]
    assert told[-1] == "`prune` itself raises nothing; what it calls may"


@pytest.mark.parametrize("question", ["what error for nothing to prune?", "which errors does pruning throw?"])
def test_the_error_that_is_meant_is_told(wiki: ProjectWiki, question: str) -> None:
    answer = wiki.answer(question)
    assert answer is not None
    assert (answer.form, answer.lines[0].text) == ("error", "class `BareError`: Nothing to prune.")


def test_a_page_that_was_changed_is_another_wiki(wiki: ProjectWiki) -> None:
    before = WikiState.read(wiki.paths)
    page = next(wiki.paths.folder.glob("implementations/*.md"))
    text = page.read_text("utf-8")
    page.write_text(f"{text}\nMore.\n", "utf-8")
    after = WikiState.read(wiki.paths)
    page.write_text(text, "utf-8")
    assert before is not None
    assert after is not None
    assert before.sha256 != after.sha256
    assert WikiState.read(wiki.paths) == before
