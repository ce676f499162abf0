"""What is put before a question."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.dataset.prompts import CONTEXT_CHARS
from codebase_gardener.gardener.asking import ask
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import SymbolIndex
from codebase_gardener.serving.api_keys import ApiKeys, add_key
from codebase_gardener.serving.server import ServeOptions, for_serving, in_background, listen, opened
from codebase_gardener.utils.error_handling import (
    InvalidInputError,
    ModelError,
    SourceError,
    VerificationError,
)
from codebase_gardener.utils.names import parse_ref
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.search import WikiIndex
from samples.ollama_stub import ollama_stub
from samples.written_garden import write_repository

DOCUMENTS = [
    Document(
        "src/core.py:L1-90", "src/core.py", "Context", "class Context:\n    def invoke(self): ...\n", "class"
    ),
    Document(
        "src/core.py:L40-60", "src/core.py", "Context.invoke", "def invoke(self):\n    return 1\n", "method"
    ),
    Document(
        "src/steps.py:L1-9", "src/steps.py", "make", "def make():\n    # where it is defined\n", "function"
    ),
    Document("tests/test_a.py:L1-9", "tests/test_a.py", "Context", "class Context:\n    pass\n", "class"),
]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("Where is Context defined?", "src/core.py:L1-90"),
        ("what does invoke do", "src/core.py:L40-60"),
        ("Where is it defined?", "src/steps.py:L1-9"),
    ],
)
def test_a_symbol_that_is_named_comes_first_and_filler_words_do_not_count(question: str, first: str) -> None:
    found = WikiIndex(SymbolIndex.build(DOCUMENTS)).for_prompt(question, k=3)
    assert found[0].anchor == first
    assert len(found) == len(set(found)) <= 3


def test_a_page_comes_first_cut_to_half_of_the_room_and_code_after_it() -> None:
    text = "Invoke a command with its context.\n" * 100
    page = Document(
        "Principle:a_Invoking", "principles/a_Invoking.md", "Invoking", text, "page", ("src/core.py:L40-60",)
    )
    found = WikiIndex(SymbolIndex.build([*DOCUMENTS, page])).for_prompt("How do I invoke it?", k=3)
    assert found[0].anchor == page.anchor
    assert found[0].evidence == page.evidence
    assert len(found[0].text) <= CONTEXT_CHARS // 2
    assert [document.kind for document in found[1:]].count("page") == 0
    assert len(found) == 3
    without = WikiIndex(SymbolIndex.build([*DOCUMENTS, page])).for_prompt(
        "How do I invoke it?", k=3, pages=False
    )
    assert page.anchor not in {document.anchor for document in without}


@pytest.mark.slow
def test_an_answer_names_the_page_with_its_lines_unless_the_wiki_is_of_another_state(
    settings: Settings, tmp_path: Path
) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(settings) as gardener:
        build_wiki(gardener, str(tmp_path / "garden"), Quiet(), name="garden")
        ref = parse_ref("garden")
        answer = ask(gardener, ref, "How do I prune a plant?", explain=True, max_new_tokens=1).model
        assert answer is not None
        page, *code = answer.sources
        lines = {str(source.anchor) for one in gardener.wiki("garden").pages() for source in one.sources}
        assert page.partition(":")[0] in PAGE_TYPES
        assert set(answer.evidence) == {page}
        assert answer.evidence[page]
        assert set(answer.evidence[page]) <= lines
        assert all(":L" in anchor for anchor in code)
        assert asdict(answer)["evidence"] == {page: answer.evidence[page]}
        (tmp_path / "garden/README.md").write_text("# Garden\n")
        gardener.add(str(tmp_path / "garden"), name="garden")
        later = ask(gardener, ref, "How do I prune a plant?", explain=True, max_new_tokens=1).model
        assert later is not None
        assert later.evidence == {}
        assert "the wiki is left out" in later.note
        assert later.sources
        assert all(":L" in anchor for anchor in later.sources)


def test_the_graph_answers_without_a_model_a_base_or_a_wiki_in_milliseconds(
    settings: Settings, tmp_path: Path
) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(settings.model_copy(update={"base": "/nowhere"})) as gardener:
        gardener.add(str(tmp_path / "garden"), name="garden")
        ref = parse_ref("garden")
        first = ask(gardener, ref, "Where is Plant defined?")
        assert first.model is None
        assert first.graph is not None
        assert first.graph.lines[0].anchor == "src/garden/plants.py:L7-25"
        started = time.perf_counter()
        for _ in range(10):
            assert ask(gardener, ref, "who calls grow?").model is None
        assert time.perf_counter() - started < 1  # 20 ms are enough; the machine may be busy
        (tmp_path / "garden/src/garden/plants.py").write_text("\n\nclass Plant:\n    pass\n")
        gardener.add(str(tmp_path / "garden"), name="garden")
        later = ask(gardener, ref, "Where is Plant defined?").graph
        assert later is not None
        assert later.lines[0].anchor == "src/garden/plants.py:L3-4"
        assert ask(gardener, ref, "why so?", explain=False).graph is None
        for nothing in ("", " \n", "where is \x1b[31mPlant"):
            with pytest.raises(InvalidInputError):
                ask(gardener, ref, nothing)


def test_what_a_model_invents_is_marked_and_refused_where_that_is_asked_for(
    settings: Settings, tmp_path: Path
) -> None:
    write_repository(tmp_path / "garden")
    with (
        ollama_stub(models={"qwen:latest"}) as stub,
        Gardener(settings.model_copy(update={"ollama_url": stub.url})) as gardener,
    ):
        gardener.add(str(tmp_path / "garden"), name="garden")
        stub.says = "Call `grow` and then wither_all(4711)."
        options: dict[str, Any] = {"engine": "ollama", "model": "qwen"}
        said = ask(gardener, parse_ref("garden"), "what does grow do?", **options)
        assert said.graph is not None
        assert said.model is not None
        assert [one.text for one in said.model.unverified] == ["wither_all", "4711"]
        assert said.model.marked == "Call `grow` and then wither_all[?](4711[?])."
        assert said.model.text == stub.says
        with pytest.raises(VerificationError, match="wither_all") as refused:
            ask(gardener, parse_ref("garden"), "what does grow do?", strict=True, **options)
        assert refused.value.context["graph"]["lines"]
        stub.says = "Call `grow`."
        assert ask(gardener, parse_ref("garden"), "why?", strict=True, **options).model is not None


@pytest.mark.slow
def test_a_model_of_an_endpoint_is_asked_with_the_key_of_the_environment_and_checked(
    settings: Settings,
    tmp_path: Path,
    ready: Callable[..., VersionRow],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A contract test: the endpoint is our own server, with an API key."""
    write_repository(tmp_path / "garden")
    options = ServeOptions(port=0, memory_bytes=2 * 1024**3)
    with (
        Gardener(for_serving(settings, options)) as gardener,
        listen(options.host, 0) as listening,
        opened(gardener.manager, gardener.wiki, gardener.current_adapter, options) as answering,
    ):
        gardener.add(str(tmp_path / "garden"), name="garden")
        ready(gardener.manager, "garden", "default")
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        key = add_key(tmp_path / "keys")
        asked: dict[str, Any] = {"engine": "endpoint", "endpoint": url, "max_new_tokens": 8}
        with in_background(answering, listening, ApiKeys.read(tmp_path / "keys")):
            monkeypatch.setenv("OPENAI_API_KEY", key)
            said = ask(gardener, parse_ref("garden"), "why so?", model="garden", **asked).model
            assert said is not None
            assert (said.engine, said.base, said.adapter) == ("endpoint", "endpoint:garden", None)
            with pytest.raises(InvalidInputError, match="no model"):
                ask(gardener, parse_ref("garden"), "why so?", **asked)
            monkeypatch.setenv("OPENAI_API_KEY", "another")
            with pytest.raises(ModelError, match="401"):
                ask(gardener, parse_ref("garden"), "why so?", model="garden", **asked)


def test_the_page_before_a_question_is_the_one_that_the_search_finds_first(
    settings: Settings, tmp_path: Path
) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(settings) as gardener:
        build_wiki(gardener, str(tmp_path / "garden"), Quiet(), name="garden")
        index = gardener.wiki("garden").index()
        for question in ("grow a plant", "write it to a file", "cut it back", "which versions are needed"):
            found = index.search(question, k=1)[0].id
            assert index.for_prompt(question)[0].anchor.partition("#")[0] == found


def test_how_something_is_done_is_answered_by_the_steps_of_a_workflow(
    settings: Settings, tmp_path: Path
) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(settings) as gardener:
        gardener.add(str(tmp_path / "garden"), name="garden")
        ref = parse_ref("garden")
        assert ask(gardener, ref, "how do I grow a plant?", explain=False).graph is None  # no wiki yet
        build_wiki(gardener, str(tmp_path / "garden"), Quiet(), name="garden")
        done = ask(gardener, ref, "how do I grow a plant?").graph
        assert done is not None
        assert done.name.startswith("Workflow:")
        assert [line.text.partition(":")[2] for line in done.lines[1:]] == [
            " `Plant`", " `grow`", " `Plant.water`", " `Plant.save`",
        ]  # fmt: skip
        assert all(line.anchor for line in done.lines)
        assert ask(gardener, ref, "how do I fly to the moon?", explain=False).graph is None
        found = ask(
            gardener, ref, "which plants are thirsty, and when are they watered?", explain=False
        ).graph
        assert found is not None
        assert found.form == "found"
        plain = ask(gardener, ref, "where are the watered plants?", explain=False).graph  # no name of code
        assert plain is not None
        assert plain.known
        assert all(line.anchor for line in found.lines)


def test_what_changed_in_a_folder_without_revisions_names_no_option(
    settings: Settings, tmp_path: Path
) -> None:
    write_repository(tmp_path / "garden")
    with Gardener(settings) as gardener:
        gardener.add(str(tmp_path / "garden"), name="garden")
        with pytest.raises(InvalidInputError, match="not in git") as caught:
            ask(gardener, parse_ref("garden"), "what is changed since v1?")
        assert "--" not in caught.value.hint


def test_what_changed_is_told_of_a_revision_and_refused_where_there_is_none(
    settings: Settings, tmp_path: Path
) -> None:
    write_repository(tmp_path / "garden")
    git = ("git", "-C", str(tmp_path / "garden"), "-c", "user.name=a", "-c", "user.email=a@b")
    for arguments in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "first")):
        subprocess.run([*git, *arguments], check=True)
    growing = tmp_path / "garden/src/garden/growing.py"
    growing.write_text(growing.read_text().replace("days: int", "days: int = 1"))
    with Gardener(settings) as gardener:
        gardener.add(str(tmp_path / "garden"), name="garden")
        told = ask(gardener, parse_ref("garden"), "what changed since HEAD?").graph
        assert told is not None
        assert told.lines[1].anchor == "src/garden/growing.py:L6-9"
        assert "became `def grow(plant: Plant, days: int = 1) -> Plant`" in told.lines[1].text
        for missing in ("nowhere", "--upload-pack=x"):
            with pytest.raises((SourceError, InvalidInputError)):
                ask(gardener, parse_ref("garden"), f"what changed since {missing}")
