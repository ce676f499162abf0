"""Opening a writer: what is named, made sure of before anything is built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import named_writer
from codebase_gardener.knowledge.writers.prose_writing import writer_name
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError, NotFoundError
from codebase_gardener.wiki.writing import WRITERS
from samples.servers import Reply, serving

SAYS = {"choices": [{"message": {"content": "Hello."}}]}
DEAD = "http://127.0.0.1:9"


@pytest.fixture
def gardener(tmp_path: Path) -> Iterator[Gardener]:
    with Gardener(Settings(home=tmp_path / "home", ollama_url=DEAD, offline=True)) as gardener:
        yield gardener


@pytest.fixture(autouse=True)
def _no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def using(gardener: Gardener, **changed: object) -> Gardener:
    gardener.settings = gardener.settings.model_copy(update=changed)
    return gardener


def test_none_is_no_writer(gardener: Gardener) -> None:
    assert named_writer(gardener, "none") is None


@pytest.mark.parametrize("spec", ["", "gpt", "openai:", "ollama:", "anthropic:x", "a:b/c", "None"])
def test_what_is_no_writer(gardener: Gardener, spec: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        named_writer(gardener, spec)
    assert "MODEL" in caught.value.hint


def test_ollama(gardener: Gardener) -> None:
    with serving(
        api__version=[Reply({"version": "1"})],
        api__tags=[Reply({"models": [{"name": "llama3:latest"}]})],
        api__generate=[Reply({"response": "Hello."})],
    ) as server:
        writer = named_writer(using(gardener, ollama_url=server.url), "ollama:llama3")
        assert writer is not None
        assert writer("Hi") == "Hello."
        assert writer_name(writer) == "ollama:llama3"
        with pytest.raises(ModelError, match="no model 'qwen:7b'"):
            named_writer(gardener, "ollama:qwen:7b")


def test_an_endpoint_by_its_environment_variables(
    gardener: Gardener, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(
        v1__models=[Reply({"data": [{"id": "org/m:1"}]})], v1__chat__completions=[Reply(SAYS)]
    ) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", " sk-1\n")
        writer = named_writer(gardener, "openai:org/m:1")
        assert writer is not None
        assert writer("Hi") == "Hello."
        assert writer_name(writer) == "openai:org/m:1"
        assert {headers["Authorization"] for _, _, headers, _ in server.asked} == {"Bearer sk-1"}
        assert "sk-1" not in repr(writer)


def test_the_setting_goes_before_the_environment(gardener: Gardener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", DEAD)
    with serving(v1__models=[Reply({"data": [{"id": "m"}]})]) as server:
        assert named_writer(using(gardener, openai_base_url=server.url), "openai:m") is not None


@pytest.mark.slow
def test_what_is_down_is_said_at_once(gardener: Gardener, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match="Ollama cannot be reached") as caught:
        named_writer(gardener, "ollama:m")
    assert "ollama serve" in caught.value.hint
    monkeypatch.setenv("OPENAI_BASE_URL", DEAD)
    with pytest.raises(ModelError, match="cannot be reached") as caught:
        named_writer(gardener, "openai:m")
    assert "OPENAI_BASE_URL" in caught.value.hint


def test_openai_itself_needs_a_key(gardener: Gardener) -> None:
    with pytest.raises(ModelError, match="OPENAI_API_KEY is not set"):
        named_writer(gardener, "openai:m")


def test_the_time_out_is_the_settings(gardener: Gardener) -> None:
    with (
        serving(api__version=[Reply({"version": "1"}, wait_s=1.0)]) as server,
        pytest.raises(ModelError, match=r"within 0\.2 s"),
    ):
        named_writer(using(gardener, ollama_url=server.url, writer_timeout_s=0.2), "ollama:m")


def test_an_adapter_that_is_not_there(gardener: Gardener) -> None:
    with pytest.raises(NotFoundError) as caught:
        named_writer(gardener, "nobody/default")
    assert all(form in caught.value.hint for form in WRITERS)


@pytest.mark.slow
def test_an_adapter_writes_the_same_twice(grown: object) -> None:
    version = grown.version  # type: ignore[attr-defined]
    writer = named_writer(grown.gardener, f"{version.project}/{version.adapter_name}")  # type: ignore[attr-defined]
    assert writer is not None
    assert writer.name.startswith(f"{version.project}/{version.adapter_name}@{version.version} on ")
    assert writer("Say one word.") == writer("Say one word.") != ""


def test_every_form_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "wiki.md").read_text("utf-8")
    assert [form for form, about in WRITERS.items() if f"| `{form}` | {about} |" not in page] == []
