"""The model that writes a wiki's prose: named on the command line, and made sure of before anything is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codebase_gardener.utils.error_handling import CodebaseGardenerError, InvalidInputError

if TYPE_CHECKING:
    from codebase_gardener.adapters.handle import AdapterHandle
    from codebase_gardener.models.ollama_client import OllamaClient

__all__ = ["WRITERS", "OpenWriter", "open_writer"]

_MAX_TOKENS = 400
_REPETITION_PENALTY = 1.1  # as `ask` has it: small models repeat themselves without

WRITERS: dict[str, str] = {
    "none": "no model: every sentence is computed",
    "openai:MODEL": "a model of an OpenAI-compatible endpoint: `OPENAI_BASE_URL`, `OPENAI_API_KEY`",
    "ollama:MODEL": "a model of an Ollama server: the setting `ollama_url`",
    "P/N": "an adapter of this home, on its base: `project/name`, or `project/name@version`",
}
"""How a writer is named."""


@dataclass(frozen=True)
class OpenWriter:
    """A `Writer` that is known to answer.

    Attributes:
        name: What its answers are kept under: `openai:MODEL`, `ollama:MODEL`, `project/name@version on BASE`.
        say: From a prompt to the answer.
    """

    name: str
    say: Callable[[str], str] = field(repr=False)

    def __call__(self, prompt: str) -> str:
        """What the model says; greedy, so that the same prompt gives the same text where the server allows it."""
        return self.say(prompt)


def open_writer(
    spec: str,
    *,
    openai_url: str,
    ollama_url: str,
    timeout_s: float,
    open_adapter: Callable[[str], AdapterHandle],
) -> OpenWriter | None:
    """The writer that a command names, checked: the server answers and has the model, or the adapter loads.

    Args:
        spec: A form of `WRITERS`.
        openai_url: Of the endpoint; "" for what `OPENAI_BASE_URL` says, else OpenAI's own.
        ollama_url: Of the Ollama server.
        timeout_s: For an answer.
        open_adapter: Loads an adapter by its name.

    Returns:
        None for "none".

    Raises:
        InvalidInputError: No such form, or a URL or key that cannot be right.
        ModelError: The server does not run, refuses the key or lacks the model.
        NotFoundError: No such adapter.
    """
    if spec == "none":
        return None
    kind, colon, model = spec.partition(":")
    if colon and kind in ("openai", "ollama"):
        if not model:
            raise InvalidInputError(f"{spec!r} names no model", hint=f"write {kind}:MODEL")
        from codebase_gardener.models.openai_client import OpenAIClient

        client = (
            OpenAIClient.of_environment(openai_url, timeout_s)
            if kind == "openai"
            else _ollama(ollama_url, timeout_s)
        )
        client.check_model(model)
        return OpenWriter(spec, lambda prompt: client.generate(model, prompt, max_tokens=_MAX_TOKENS))
    if "/" not in spec or colon:
        raise InvalidInputError(f"{spec!r} is no writer", hint=f"write one of {', '.join(WRITERS)}")
    return _adapter(spec, open_adapter)


def _ollama(url: str, timeout_s: float) -> OllamaClient:
    from codebase_gardener.models.ollama_client import OllamaClient

    client = OllamaClient(url, timeout_s)
    client.health()
    return client


def _adapter(what: str, open_adapter: Callable[[str], AdapterHandle]) -> OpenWriter:
    try:
        handle = open_adapter(what)
    except CodebaseGardenerError as error:
        error.hint = (
            f"{error.hint}; as a writer: {', '.join(WRITERS)}" if error.hint else f"{', '.join(WRITERS)}"
        )
        raise
    return OpenWriter(
        f"{handle.adapter_id} on {handle.base_id}",
        lambda prompt: handle.generate(
            [{"role": "user", "content": prompt}],
            max_new_tokens=_MAX_TOKENS,
            temperature=0.0,
            repetition_penalty=_REPETITION_PENALTY,
        ),
    )
