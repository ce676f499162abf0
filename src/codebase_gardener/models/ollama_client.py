"""OllamaClient: the models of an Ollama server: is it there, what has it, what does a model say.

Interface: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

from typing import Any

from codebase_gardener.models.endpoint import Endpoint
from codebase_gardener.utils.error_handling import ModelError

__all__ = ["OLLAMA_URL", "OllamaClient"]

OLLAMA_URL = "http://127.0.0.1:11434"
_CONTEXT_TOKENS = 4096  # the server's default may be less, and it cuts a longer prompt without a word


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
        self, model: str, prompt: str, *, max_tokens: int = 400, temperature: float = 0.0, seed: int = 0
    ) -> str:
        """What a model says to a prompt.

        Args:
            model: As `ollama list` names it.
            prompt: One question, without history; with the answer at most 4,096 tokens.
            max_tokens: Of the answer.
            temperature: 0 takes the most likely token.
            seed: Of the draws.

        Raises:
            ModelError: Not reachable, the model is not pulled, too slow, or no sensible answer.
        """
        body: dict[str, Any] = {
            "model": model,
            "prompt": prompt,
            "stream": False,
            "options": {
                "temperature": temperature,
                "seed": seed,
                "num_predict": max_tokens,
                "num_ctx": _CONTEXT_TOKENS,
            },
        }
        try:
            answer = self._endpoint.post("/api/generate", body)
        except ModelError as error:
            if error.context.get("status") == 404:
                raise self._not_pulled(model, []) from error
            raise
        text = answer.get("response") if isinstance(answer, dict) else None
        if not isinstance(text, str):
            raise self._endpoint.nonsense("/api/generate", answer)
        return text

    def _not_pulled(self, model: str, models: list[str]) -> ModelError:
        there = f"; it has {', '.join(models)}" if models else ""
        return ModelError(
            f"Ollama at {self._endpoint.shown} has no model {model!r}{there}",
            hint=f"fetch it with `ollama pull {model}`",
            context={"model": model, "models": models},
        )
