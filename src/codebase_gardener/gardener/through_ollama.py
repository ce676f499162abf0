"""`--engine ollama`: a model of an Ollama server answers; where it cannot, the base here does, and that is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.gardener.generating import Said
from codebase_gardener.models.ollama_client import OllamaClient
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError
from codebase_gardener.utils.names import parse_ref

if TYPE_CHECKING:
    from codebase_gardener.dataset.prompts import Prompt
    from codebase_gardener.gardener.facade import Gardener

__all__ = ["OllamaAnswer", "answer_through_ollama", "generate_through_ollama"]


@dataclass(frozen=True)
class OllamaAnswer:
    """An answer and who gave it.

    Attributes:
        text: What was said.
        adapter: The adapter, where Ollama has a model of its name.
        base: `ollama:MODEL`, or the base in this process.
        engine: "ollama", or "torch": this process.
        note: What was not as asked for.
    """

    text: str
    adapter: str | None
    base: str
    engine: str
    note: str = ""


def answer_through_ollama(
    gardener: Gardener,
    row: VersionRow | None,
    model: str | None,
    say: Callable[[OllamaClient, str], str],
    say_here: Callable[[AdapterHandle], str],
) -> OllamaAnswer:
    """Let a model of Ollama answer: the one that is named, else the adapter's, else that of the settings.

    Args:
        gardener: The home.
        row: The adapter, if one is to answer.
        model: Its name at Ollama.
        say: Asks the server for a model's answer.
        say_here: Asks the base in this process, where the server does not answer or lacks the model.

    Raises:
        InvalidInputError: The URL of the settings cannot be right.
    """
    client = OllamaClient(gardener.settings.ollama_url, gardener.settings.writer_timeout_s)
    try:
        name, adapter = _found(client, row, model or "", gardener.settings.ollama_model)
        text = say(client, name)
    except ModelError as error:
        base = gardener.manager.base_handle(row.base_id if row else None)
        note = f"{error.message} ({error.hint}); the base answers in this process, without an adapter"
        return OllamaAnswer(say_here(base), None, base.base_id, "torch", note)
    note = f"ollama:{name} answers, not {row.ref}" if row is not None and adapter is None else ""
    return OllamaAnswer(text, adapter, f"ollama:{name}", "ollama", note)


def _found(
    client: OllamaClient, row: VersionRow | None, model: str, otherwise: str
) -> tuple[str, str | None]:
    """A model's name at Ollama, and the adapter that it is."""
    names = {} if row is None else _names(row)
    if model:
        return model, names.get(model.removesuffix(":latest"))
    there = client.list_models() if names or not otherwise else []
    for name, adapter in names.items():
        if name in there or f"{name}:latest" in there:
            return name, adapter
    if otherwise:
        return otherwise, None
    wanted = f"no model of {row.ref}" if row is not None else "to be told which model is to answer"
    raise ModelError(
        f"Ollama at {client.base_url} has {wanted}; it has {', '.join(there) or 'none'}",
        hint="name one with --model, or set ollama_model",
    )


def _names(row: VersionRow) -> dict[str, str]:
    """What an adapter may be called at Ollama, whose names hold no @, and what it is then known to be."""
    exact, moving = str(row.ref), f"{row.project}/{row.adapter_name}"
    return {exact: exact, f"{moving}:{row.version}": exact, **({moving: moving} if row.active else {})}


def generate_through_ollama(
    gardener: Gardener,
    adapters: Sequence[str],
    prompts: Sequence[Prompt],
    model: str | None,
    **options: Any,
) -> list[Said]:
    """Every prompt answered by every adapter's model at Ollama, or by the one that is named.

    Args:
        gardener: The home.
        adapters: Names of adapters of the registry.
        prompts: Texts or chat turns.
        model: A name at Ollama, in place of adapters.
        **options: Of `Sampling`.

    Raises:
        InvalidInputError: Both adapters and a model are named.
        NotFoundError: No such adapter.
    """
    if adapters and model:
        raise InvalidInputError(
            f"--model {model} would answer in place of {adapters[0]}", hint="leave one of the two out"
        )
    rows: list[VersionRow | None] = [gardener.version(parse_ref(what)) for what in adapters]
    said = []
    for row in rows or [None]:
        for prompt in prompts:
            answer = answer_through_ollama(
                gardener,
                row,
                model,
                partial(_said, prompt=prompt, options=options),
                partial(AdapterHandle.generate, prompt=prompt, **options),
            )
            said.append(Said(answer.adapter, answer.base, prompt, answer.text, answer.engine, answer.note))
    return said


def _said(client: OllamaClient, name: str, *, prompt: Prompt, options: dict[str, Any]) -> str:
    seed = options.get("seed")
    asked: dict[str, Any] = {
        "max_tokens": options["max_new_tokens"],
        "temperature": options["temperature"],
        "top_p": options["top_p"],
        "top_k": options["top_k"],
        "stop": list(options["stop"]),
        "seed": -1 if seed is None else seed,  # another draw each time
        "repeat_penalty": 1.0,
    }
    if isinstance(prompt, str):
        return client.generate(name, prompt, raw=True, **asked)
    return client.chat(name, prompt, **asked)
