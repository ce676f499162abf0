"""The configuration of each client for a server of ours: as text to paste, or in the client's own file.

Formats: https://docs.continue.dev/reference, https://aider.chat/docs/config/aider_conf.html,
https://github.com/ggml-org/llama.vim, https://zed.dev/docs/ai (`openai_compatible`, `open_ai_compatible_api`)
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from codebase_gardener.utils.error_handling import ConflictError, InvalidInputError
from codebase_gardener.utils.files import write_atomic

__all__ = ["CLIENTS", "Client", "ServedModel", "Written", "config_text", "target_at", "write_config"]

_NO_KEY = "none"  # clients want one; a server without keys takes any
_JSON_EXTRA = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_JSON_COMMA = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])')
Config = dict[str, Any]


@dataclass(frozen=True)
class ServedModel:
    """What a client is to be connected with.

    Attributes:
        url: `http://host:port` of the server, without a path.
        model: A name that it serves.
        context_tokens: How much the model reads.
    """

    url: str
    model: str
    context_tokens: int


@dataclass(frozen=True)
class Client:
    """A client.

    Attributes:
        form: A key of `_FORMS`.
        config: What is set in it.
        files: Where its own file may be, below the user's home: the first of which the folder's parent is there.
        environment: A variable that holds another folder for this file, where the client knows one.
        head: What such a file has to say besides, where it does not.
    """

    form: str
    config: Callable[[ServedModel], Config]
    files: tuple[str, ...] = ()
    environment: str = ""
    head: Mapping[str, Any] = field(default_factory=dict)

    def path(self, environment: Mapping[str, str] = os.environ) -> Path | None:
        """Its own file on this machine."""
        if not self.files:
            return None
        if folder := environment.get(self.environment):
            return Path(folder).joinpath(*Path(self.files[0]).parts[1:])
        paths = [Path.home() / file for file in self.files]
        return next((path for path in paths if path.parent.parent.is_dir()), paths[0])


@dataclass(frozen=True)
class Written:
    """A file that was written.

    Attributes:
        path: It.
        backup: What stood there before; None where nothing did, or the same.
    """

    path: Path
    backup: Path | None


def _continue(target: ServedModel) -> Config:
    common = {"model": target.model, "apiBase": f"{target.url}/v1", "apiKey": _NO_KEY}
    return {
        "models": [
            {
                "name": f"{target.model} chat",
                "provider": "openai",
                **common,
                "roles": ["chat", "edit", "apply"],
            },
            # of its providers this one asks /fim/completions; `openai` would write some base's tokens itself
            {
                "name": f"{target.model} autocomplete",
                "provider": "mistral",
                **common,
                "roles": ["autocomplete"],
            },
        ],
    }


def _aider(target: ServedModel) -> Config:
    return {
        "model": f"openai/{target.model}",
        "openai-api-base": f"{target.url}/v1",
        "openai-api-key": _NO_KEY,
        "show-model-warnings": False,
        "map-tokens": 0,  # the server puts the project's code before the question
    }


def _llama_vim(target: ServedModel) -> Config:
    return {
        "endpoint_fim": f"{target.url}/infill",
        "endpoint_inst": f"{target.url}/v1/chat/completions",
        "model_fim": target.model,
        "model_inst": target.model,
        "api_key": "",
    }


def _zed(target: ServedModel) -> Config:
    can = {"tools": False, "images": False, "parallel_tool_calls": False, "prompt_cache_key": False}
    model = {"name": target.model, "display_name": target.model, "max_tokens": target.context_tokens}
    return {
        "language_models": {
            "openai_compatible": {
                "gardener": {
                    "api_url": f"{target.url}/v1",
                    "available_models": [{**model, "capabilities": can}],
                }
            }
        },
        "edit_predictions": {
            "provider": "open_ai_compatible_api",
            "open_ai_compatible_api": {
                "api_url": f"{target.url}/v1/completions",
                "model": target.model,
                "prompt_format": "qwen",  # any: the server reads it and asks each base in its own form
                "max_output_tokens": 64,
            },
        },
    }


def _openai(target: ServedModel) -> Config:
    return {
        "OPENAI_BASE_URL": f"{target.url}/v1",
        "OPENAI_API_KEY": _NO_KEY,
        "OPENAI_MODEL": target.model,
    }


CLIENTS: dict[str, Client] = {
    "continue": Client(
        "yaml",
        _continue,
        (".continue/config.yaml",),
        "CONTINUE_GLOBAL_DIR",
        {"name": "Codebase Gardener", "version": "1.0.0", "schema": "v1"},
    ),
    "aider": Client("yaml", _aider, (".aider.conf.yml",)),
    "llama.vim": Client(
        "vim", _llama_vim, (".vim/plugin/llama_config.vim", ".config/nvim/plugin/llama_config.vim")
    ),
    "zed": Client("json", _zed, (".config/zed/settings.json",), "XDG_CONFIG_HOME"),
    "openai": Client("shell", _openai),
}


# ---- forms


def _as_yaml(config: Config) -> str:
    return str(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def _as_json(config: Config) -> str:
    return json.dumps(config, indent=2) + "\n"


def _as_vim(config: Config) -> str:
    lines = [
        f"    \\ '{name}': '{str(value).replace(chr(39), chr(39) * 2)}'," for name, value in config.items()
    ]
    return "\n".join(["let g:llama_config = {", *lines, "    \\ }"]) + "\n"


def _as_shell(config: Config) -> str:
    return "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in config.items())


def _read_json(text: str) -> Any:
    """JSON as editors have it, with comments and commas at ends."""
    for extra in (_JSON_EXTRA, _JSON_COMMA):
        text = extra.sub(lambda found: found[1] or "", text)
    return json.loads(text)


_FORMS: dict[str, tuple[Callable[[Config], str], Callable[[str], Any] | None]] = {
    "yaml": (_as_yaml, yaml.safe_load),
    "json": (_as_json, _read_json),
    "vim": (_as_vim, None),
    "shell": (_as_shell, None),
}
"""How a form is written, and how a file of it is read; None: a file of it is ours alone."""


def config_text(client: Client, target: ServedModel) -> str:
    """The configuration as text to paste."""
    return _FORMS[client.form][0]({**client.head, **client.config(target)})


def write_config(client: Client, target: ServedModel, path: Path) -> Written:
    """Put the configuration into the client's own file; what else stands in it stays, and a copy of it is kept.

    Raises:
        ConflictError: The file is a link to another place, or cannot be understood.
    """
    by_hand = "paste what `gardener connect` prints without --write"
    if path.is_symlink():
        raise ConflictError(f"{path} is a link to {path.resolve()}, and is not written through", hint=by_hand)
    write, read = _FORMS[client.form]
    config, before = client.config(target), path.read_text("utf-8") if path.exists() else ""
    if before.strip() and read is not None:
        try:
            known = read(before)
        except (ValueError, yaml.YAMLError) as error:
            raise ConflictError(f"{path} cannot be understood: {error}", hint=by_hand) from error
        if not isinstance(known, dict):
            raise ConflictError(f"{path} holds no settings by name", hint=by_hand)
        config = _merged(known, config)
        if {**client.head, **config} == known:
            return Written(path, None)
    text = write({**client.head, **config})
    if text == before:
        return Written(path, None)
    backup = _kept(path, before) if path.exists() else None
    write_atomic(path, text)
    return Written(path, backup)


def _kept(path: Path, text: str) -> Path:
    """A copy beside the file, under a name that is free."""
    number = 1
    while (copy := path.with_name(f"{path.name}.bak{number}")).exists():
        number += 1
    write_atomic(copy, text)
    return copy


def _merged(old: Any, new: Any) -> Any:
    """Settings with others put in: by name, through lists of things with names too."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merged(old.get(key), value) for key, value in new.items()}}
    if isinstance(old, list) and isinstance(new, list):
        return _merged_lists(old, new)
    return new


def _merged_lists(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    named = {one["name"]: one for one in new}
    kept = [
        named.pop(one["name"]) if isinstance(one, dict) and one.get("name") in named else one for one in old
    ]
    return [*kept, *named.values()]


def target_at(url: str, model: str | None, get: Callable[[str], Any]) -> ServedModel:
    """A model of a running server: the one that is named, or the first that it lists.

    Args:
        url: Of the server, with or without `/v1`.
        model: Its name.
        get: Gives the JSON at a path of the server.

    Raises:
        InvalidInputError: The server has no such model, or none at all.
    """
    names = [one["id"] for one in get("/v1/models")["data"]]
    if not names or (model and model.removesuffix(":bare") not in names):
        there = ", ".join(names[:8]) or "none: gardener grow PATH"
        raise InvalidInputError(f"the server has no model {model or ''!r}", hint=f"there are: {there}")
    chosen = model or names[0]
    tokens = get(f"/props?model={quote(chosen)}")["default_generation_settings"]["n_ctx"]
    return ServedModel(url.rstrip("/").removesuffix("/v1"), chosen, int(tokens))
