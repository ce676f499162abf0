"""OllamaClient: the models of an Ollama server: what there is, what is held, what a model says.

Interface: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codebase_gardener.models.endpoint import Endpoint
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError
from codebase_gardener.utils.files import sha256_file
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["OLLAMA_URL", "HeldModel", "OllamaClient"]

OLLAMA_URL = "http://127.0.0.1:11434"
_CONTEXT_TOKENS = 4096  # the server's default may be less, and it cuts a longer prompt without a word


@dataclass(frozen=True)
class HeldModel:
    """A model in an Ollama server's memory.

    Attributes:
        name: As `ollama ps` names it.
        bytes: Of all of it.
        vram_bytes: Of what is on a graphics card.
    """

    name: str
    bytes: int
    vram_bytes: int = 0


class OllamaClient:
    """An Ollama server.

    Failed connections and busy answers are tried three times in all.

    Args:
        base_url: Where it listens.
        timeout_s: For one whole answer, in seconds; the first one of a model loads it.

    Raises:
        InvalidInputError: The URL or the time-out cannot be right.

    Example:
        >>> OllamaClient("http://127.0.0.1:11434").base_url
        'http://127.0.0.1:11434'
    """

    def __init__(self, base_url: str = OLLAMA_URL, timeout_s: float = 120.0) -> None:
        self.base_url = base_url
        self._endpoint = Endpoint(
            "Ollama", base_url, timeout_s, "start it with `ollama serve`, or set ollama_url"
        )

    def health(self) -> str:
        """The server's version.

        Raises:
            ModelError: It does not run, or something else answers.
        """
        answer = self._endpoint.get("/api/version")
        version = answer.get("version") if isinstance(answer, dict) else None
        if not isinstance(version, str):
            raise self._endpoint.nonsense("/api/version", answer)
        return version

    def list_models(self) -> list[str]:
        """Names of the models that are pulled, sorted: "llama3.2:latest".

        Raises:
            ModelError: As `health`.
        """
        answer = self._endpoint.get("/api/tags")
        rows = answer.get("models") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise self._endpoint.nonsense("/api/tags", answer)
        names = [row.get("name") for row in rows if isinstance(row, dict)]
        return sorted(name for name in names if isinstance(name, str))

    def check_model(self, model: str) -> None:
        """Make sure that a model can be asked.

        Raises:
            ModelError: It is not pulled, or as `health`.
        """
        models = self.list_models()
        if model not in models and f"{model}:latest" not in models:
            raise self._not_pulled(model, models)

    def generate(
        self,
        model: str,
        prompt: str,
        *,
        max_tokens: int = 400,
        temperature: float = 0.0,
        seed: int = 0,
        raw: bool = False,
        **options: Any,
    ) -> str:
        """What a model says to a prompt.

        Args:
            model: As `ollama list` names it.
            prompt: One question, without history; with the answer at most 4,096 tokens.
            max_tokens: Of the answer.
            temperature: 0 takes the most likely token.
            seed: Of the draws.
            raw: The prompt is a text to go on with, no question.
            **options: Further ones, as Ollama names them.

        Raises:
            ModelError: Not reachable, the model is not pulled, too slow, or no sensible answer.
        """
        options |= {"temperature": temperature, "seed": seed, "num_predict": max_tokens}
        body = {"prompt": prompt, **({"raw": True} if raw else {})}
        answer = self._answer("/api/generate", model, body, options)
        return self._text("/api/generate", answer, answer.get("response"))

    def chat(
        self,
        model: str,
        messages: Sequence[Mapping[str, str]],
        *,
        max_tokens: int = 400,
        temperature: float = 0.0,
        seed: int = 0,
        **options: Any,
    ) -> str:
        """The next turn of a conversation.

        Args:
            model: As `ollama list` names it.
            messages: Turns with `role` and `content`; with the answer at most 4,096 tokens.
            max_tokens: Of the answer.
            temperature: 0 takes the most likely token.
            seed: Of the draws.
            **options: Further ones, as Ollama names them.

        Raises:
            ModelError: As `generate`.
        """
        options |= {"temperature": temperature, "seed": seed, "num_predict": max_tokens}
        answer = self._answer("/api/chat", model, {"messages": [dict(turn) for turn in messages]}, options)
        message = answer.get("message")
        return self._text("/api/chat", answer, message.get("content") if isinstance(message, dict) else None)

    def pull(self, model: str, progress: Progress = silent) -> None:
        """Let the server fetch a model. What it has fetched of it stays, and is not fetched again.

        Args:
            model: A name of Ollama's library.
            progress: Bytes of the file that is on its way.

        Raises:
            ModelError: There is no such model, or as `health`.
        """
        self._follow("/api/pull", {"model": model}, progress)

    def create(
        self,
        model: str,
        *,
        from_: str = "",
        files: Sequence[Path] = (),
        adapters: Sequence[Path] = (),
        progress: Progress = silent,
        **fields: Any,
    ) -> None:
        """Let the server make a model.

        Args:
            model: Its name; a model that has it is replaced.
            from_: A model of the server to begin with.
            files: GGUF or safetensors files of a model, which are sent.
            adapters: Those of an adapter on `from_`; from 0.34.1 on Ollama is said to refuse them.
            progress: Of the server's work.
            **fields: Further ones, as Ollama names them: `system`, `template`, `parameters`, `quantize`.

        Raises:
            InvalidInputError: A file is not there.
            ModelError: The server refuses, or as `health`.
        """
        sent = {
            "from": from_,
            "files": {path.name: self._sent(path) for path in files},
            "adapters": {path.name: self._sent(path) for path in adapters},
        }
        self._follow("/api/create", {"model": model, **_given(sent), **fields}, progress)

    def ps(self) -> list[HeldModel]:
        """The models that the server holds in memory, largest first.

        Raises:
            ModelError: As `health`.
        """
        answer = self._endpoint.get("/api/ps")
        rows = answer.get("models") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise self._endpoint.nonsense("/api/ps", answer)
        try:
            held = [
                HeldModel(str(row["name"]), int(row["size"]), int(row.get("size_vram", 0))) for row in rows
            ]
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise self._endpoint.nonsense("/api/ps", answer) from error
        return sorted(held, key=lambda model: model.bytes, reverse=True)

    def unload(self, model: str) -> None:
        """Let the server take a model out of memory; it is loaded again when it is asked.

        Raises:
            ModelError: There is no such model, or as `health`.
        """
        self._answer("/api/generate", model, {"keep_alive": 0})

    def _answer(
        self, path: str, model: str, body: Mapping[str, Any], options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        asked = {"model": model, "stream": False, **body}
        if options is not None:
            asked["options"] = {"num_ctx": _CONTEXT_TOKENS, **options}
        try:
            answer = self._endpoint.post(path, asked)
        except ModelError as error:
            if error.context.get("status") == 404:
                raise self._not_pulled(model, []) from error
            raise
        if not isinstance(answer, dict):
            raise self._endpoint.nonsense(path, answer)
        return answer

    def _text(self, path: str, answer: Any, text: Any) -> str:
        if not isinstance(text, str):
            raise self._endpoint.nonsense(path, answer)
        return text

    def _follow(self, path: str, body: Mapping[str, Any], progress: Progress) -> None:
        last: Any = None

        def told(row: Any) -> None:
            nonlocal last
            last = row
            if isinstance(row, dict) and isinstance(total := row.get("total"), int):
                progress(int(row.get("completed") or 0), total)

        self._endpoint.follow(path, {**body, "stream": True}, told)
        if not isinstance(last, dict) or last.get("status") != "success":
            raise self._endpoint.nonsense(path, last)

    def _sent(self, path: Path) -> str:
        """A file as the server knows it, once it has it."""
        if not path.is_file():
            raise InvalidInputError(f"{path} is no file", hint="name a GGUF or safetensors file")
        digest = f"sha256:{sha256_file(path)}"
        self._endpoint.upload(f"/api/blobs/{digest}", path)
        return digest

    def _not_pulled(self, model: str, models: list[str]) -> ModelError:
        there = f"; it has {', '.join(models)}" if models else ""
        return ModelError(
            f"Ollama at {self._endpoint.shown} has no model {model!r}{there}",
            hint=f"fetch it with `ollama pull {model}`",
            context={"model": model, "models": models},
        )


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
