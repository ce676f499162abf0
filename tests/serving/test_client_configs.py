"""The clients' configurations: read as the clients read them, and put into their files."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from codebase_gardener.serving.client_configs import (
    CLIENTS,
    ServedModel,
    config_text,
    target_at,
    write_config,
)
from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError

TARGET = ServedModel("http://127.0.0.1:8000", "click/it's", 2048)


def vim_dictionary(text: str) -> dict[str, str]:
    """What `let g:llama_config = {…}` sets, by Vim's rules for lines that go on and for quotes."""
    joined = re.sub(r"\n\s*\\", "", text)
    body = re.fullmatch(r"let g:llama_config = \{(.*)\}\n", joined)
    assert body is not None, text
    pairs = re.findall(r"'((?:[^']|'')*)':\s*'((?:[^']|'')*)',", body[1])
    assert re.sub(r"'(?:[^']|'')*':\s*'(?:[^']|'')*',", "", body[1]).strip() == ""
    return {name: value.replace("''", "'") for name, value in pairs}


def test_continue_chats_by_openai_and_fills_in_by_mistral() -> None:
    config = yaml.safe_load(config_text(CLIENTS["continue"], TARGET))
    assert {"name", "version", "schema"} < set(config)
    assert [(m["provider"], m["roles"], m["model"], m["apiBase"]) for m in config["models"]] == [
        ("openai", ["chat", "edit", "apply"], TARGET.model, "http://127.0.0.1:8000/v1"),
        ("mistral", ["autocomplete"], TARGET.model, "http://127.0.0.1:8000/v1"),
    ]


def test_aider_has_its_options() -> None:
    config = yaml.safe_load(config_text(CLIENTS["aider"], TARGET))
    assert config["model"] == f"openai/{TARGET.model}"
    assert config["openai-api-base"] == "http://127.0.0.1:8000/v1" and config["openai-api-key"]


def test_llama_vim_has_a_dictionary() -> None:
    config = vim_dictionary(config_text(CLIENTS["llama.vim"], TARGET))
    assert config["endpoint_fim"] == "http://127.0.0.1:8000/infill"
    assert config["endpoint_inst"] == "http://127.0.0.1:8000/v1/chat/completions"
    assert config["model_fim"] == config["model_inst"] == TARGET.model


def test_zed_has_a_provider_and_edit_predictions() -> None:
    config = json.loads(config_text(CLIENTS["zed"], TARGET))
    provider = config["language_models"]["openai_compatible"]["gardener"]
    assert provider["api_url"] == "http://127.0.0.1:8000/v1"
    assert [(m["name"], m["max_tokens"]) for m in provider["available_models"]] == [(TARGET.model, 2048)]
    predictions = config["edit_predictions"]
    assert predictions["provider"] in predictions
    assert predictions["open_ai_compatible_api"]["api_url"] == "http://127.0.0.1:8000/v1/completions"


def test_a_shell_reads_what_openais_clients_want() -> None:
    text = config_text(CLIENTS["openai"], TARGET)
    script = f'{text}printf \'%s %s\' "$OPENAI_BASE_URL" "$OPENAI_MODEL"'
    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout == f"http://127.0.0.1:8000/v1 {TARGET.model}"
    assert len(shlex.split(text)) == 6


@pytest.mark.parametrize("name", [name for name, client in CLIENTS.items() if client.files])
def test_a_file_is_made_and_written_again_only_where_something_changes(name: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    assert write_config(CLIENTS[name], TARGET, path).backup is None
    assert path.read_text() == config_text(CLIENTS[name], TARGET)
    assert write_config(CLIENTS[name], TARGET, path).backup is None
    assert [one.name for one in tmp_path.iterdir()] == ["config"]
    before = path.read_text()
    other = ServedModel(TARGET.url, "other", 99)
    first = write_config(CLIENTS[name], other, path).backup
    assert first is not None and first.read_text() == before
    again = write_config(CLIENTS[name], ServedModel("http://127.0.0.1:9000", "other", 99), path).backup
    assert again is not None and again != first and "other" in again.read_text()


MINE: list[tuple[str, str, dict[str, Any]]] = [
    (
        "continue",
        "name: mine\nmodels:\n- name: a\n  provider: x\n- name: click/it's chat\n  provider: old\n",
        {"name": "mine", "models": [{"name": "a", "provider": "x"}]},
    ),
    ("aider", "# of mine\nauto-commits: false\nmodel: gpt\n", {"auto-commits": False}),
    (
        "zed",
        '{\n  // of mine: "a, }"\n  "theme": "One // Dark",\n  "edit_predictions": {"mode": "subtle",},\n}\n',
        {"theme": "One // Dark", "edit_predictions": {"mode": "subtle"}},
    ),
]


@pytest.mark.parametrize(("name", "text", "mine"), MINE)
def test_what_else_stands_in_a_file_stays(name: str, text: str, mine: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    written = write_config(CLIENTS[name], TARGET, path)
    assert written.backup is not None and written.backup.read_text() == text
    config = (json.loads if name == "zed" else yaml.safe_load)(path.read_text())
    if name == "continue":
        assert config["name"] == "mine" and config["schema"] == "v1"
        assert [m["provider"] for m in config["models"]] == ["x", "openai", "mistral"]
    elif name == "zed":
        assert config["theme"] == mine["theme"] and config["edit_predictions"]["mode"] == "subtle"
    else:
        assert config["auto-commits"] is False and config["model"] == f"openai/{TARGET.model}"


@pytest.mark.parametrize("name", ["continue", "zed"])
@pytest.mark.parametrize("text", ["{not: [closed", "- a\n- b\n", "[1, 2]"])
def test_a_file_that_cannot_be_understood_stays_as_it_is(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ConflictError) as caught:
        write_config(CLIENTS[name], TARGET, path)
    assert "without --write" in str(caught.value.hint)
    assert path.read_text() == text and [one.name for one in tmp_path.iterdir()] == ["config"]


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("a: 1\n")
    (tmp_path / "config").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConflictError, match="is a link"):
        write_config(CLIENTS["aider"], TARGET, tmp_path / "config")
    assert (tmp_path / "elsewhere").read_text() == "a: 1\n" and (tmp_path / "config").is_symlink()


def test_each_clients_file_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert CLIENTS["continue"].path({}) == tmp_path / ".continue/config.yaml"
    assert CLIENTS["continue"].path({"CONTINUE_GLOBAL_DIR": "/c"}) == Path("/c/config.yaml")
    assert CLIENTS["zed"].path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/zed/settings.json")
    assert CLIENTS["aider"].path({}) == tmp_path / ".aider.conf.yml"
    assert CLIENTS["openai"].path({}) is None
    assert CLIENTS["llama.vim"].path({}) == tmp_path / ".vim/plugin/llama_config.vim"
    (tmp_path / ".config/nvim").mkdir(parents=True)
    assert CLIENTS["llama.vim"].path({}) == tmp_path / ".config/nvim/plugin/llama_config.vim"


def test_the_servers_first_model_is_meant_where_none_is_named() -> None:
    answers = {
        "/v1/models": {"data": [{"id": "click"}, {"id": "click/default@1"}]},
        "/props?model=click": {"default_generation_settings": {"n_ctx": 2048}},
        "/props?model=click/default%401%3Abare": {"default_generation_settings": {"n_ctx": 99}},
    }
    assert target_at("http://h:1/v1/", None, answers.__getitem__) == ServedModel("http://h:1", "click", 2048)
    assert target_at("http://h:1", "click/default@1:bare", answers.__getitem__).context_tokens == 99
    with pytest.raises(InvalidInputError) as caught:
        target_at("http://h:1", "flask", answers.__getitem__)
    assert "click" in str(caught.value.hint)
