"""OpenAIClient: any endpoint that speaks OpenAI's chat completions (vLLM, llama.cpp, LiteLLM, OpenAI itself).

Interface: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from codebase_gardener.models.endpoint import Endpoint
from codebase_gardener.utils.error_handling import ModelError

__all__ = ["INSTEAD", "OPENAI_URL", "OpenAIClient"]

OPENAI_URL = "https://api.openai.com/v1"

INSTEAD: dict[str, str] = {
    "max_tokens": "max_completion_tokens",
    "temperature": "",
    "seed": "",
}
"""Parameters that some models refuse (status 400, `error.param`), and what is sent in their place; "": nothing.

Source: OpenAI's guide to reasoning models, "unsupported parameters".
"""


class OpenAIClient:
    """An OpenAI-compatible endpoint.

    Failed connections and busy answers are tried three times in all. The key appears in no message and no `repr`.

    Args:
        base_url: With its version, as `OPENAI_BASE_URL` has it; `/v1` is put behind a URL that has no path.
        key: As `OPENAI_API_KEY` has it; "" for servers without one.
        timeout_s: For one whole answer, in seconds.

    Raises:
        InvalidInputError: The URL, the key or the time-out cannot be right.

    Example:
        >>> OpenAIClient("http://127.0.0.1:8000").base_url
        'http://127.0.0.1:8000/v1'
    """

    def __init__(self, base_url: str = OPENAI_URL, key: str = "", timeout_s: float = 120.0) -> None:
        has_path = urlsplit(base_url).path.strip("/")
        self.base_url = base_url if has_path else base_url.rstrip("/") + "/v1"
        self._endpoint = Endpoint(
            "the OpenAI-compatible endpoint",
            self.base_url,
            timeout_s,
            "start the server, or set OPENAI_BASE_URL to where it listens",
            key,
        )
        self._instead: dict[str, str] = {}

    @classmethod
    def of_environment(cls, url: str, timeout_s: float) -> OpenAIClient:
        """The endpoint at a URL, else at `OPENAI_BASE_URL`, else OpenAI's own, with the key of `OPENAI_API_KEY`.

        Raises:
            ModelError: OpenAI's own, and no key.
            InvalidInputError: As the class.
        """
        url = url or os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI_URL
        key = os.environ.get("OPENAI_API_KEY", "").strip()
        if url == OPENAI_URL and not key:
            raise ModelError(
                "OPENAI_API_KEY is not set, and OpenAI's own endpoint needs a key",
                hint="set it, or set OPENAI_BASE_URL to another endpoint, such as http://127.0.0.1:8000/v1",
            )
        return cls(url, key, timeout_s)

    def health(self) -> int:
        """How many models the endpoint lists; 0 where it lists none.

        Raises:
            ModelError: It does not answer, refuses the key, or something else answers.
        """
        return len(self.list_models())

    def list_models(self) -> list[str]:
        """Ids of the models, sorted; none where the endpoint has no such list (status 404 or 405).

        Raises:
            ModelError: As `health`.
        """
        try:
            answer = self._endpoint.get("/models")
        except ModelError as error:
            if error.context.get("status") in (404, 405):
                return []
            raise
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise self._endpoint.nonsense("/models", answer)
        names = [row.get("id") for row in rows if isinstance(row, dict)]
        return sorted(name for name in names if isinstance(name, str))

    def check_model(self, model: str) -> None:
        """Make sure that a model can be asked: it is listed, or answers one word.

        Raises:
            ModelError: There is no such model, or as `health`.
        """
        models = self.list_models()
        if model not in models:
            try:
                self.generate(model, "Say: ready", max_tokens=16)
            except ModelError as error:
                if error.context.get("status") in (400, 404):
                    raise self._absent(model, models, error) from error
                raise

    def generate(
        self,
        model: str,
        prompt: str | Sequence[Mapping[str, str]],
        *,
        max_tokens: int = 400,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> str:
        """What a model says to a prompt; "" where it refuses to say anything.

        Args:
            model: Its id at the endpoint.
            prompt: One turn of a user, or the turns of a conversation.
            max_tokens: Of the answer.
            temperature: 0 takes the most likely token.
            seed: Of the draws.

        Raises:
            ModelError: Not reachable, key or model refused, too slow, or no sensible answer.
        """
        parameters = {"max_tokens": max_tokens, "temperature": temperature, "seed": seed}
        turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        while True:
            body: dict[str, Any] = {"model": model, "messages": turns}
            body |= {self._instead.get(name, name): value for name, value in parameters.items()}
            body.pop("", None)
            try:
                return self._content(self._endpoint.post("/chat/completions", body))
            except ModelError as error:
                refused = error.context.get("parameter", "")
                if error.context.get("status") != 400 or refused not in INSTEAD or refused in self._instead:
                    raise
                self._instead[refused] = INSTEAD[refused]

    def _content(self, answer: Any) -> str:
        try:
            content = answer["choices"][0]["message"].get("content")
        except (TypeError, KeyError, IndexError, AttributeError) as error:
            raise self._endpoint.nonsense("/chat/completions", answer) from error
        if content is not None and not isinstance(content, str):
            raise self._endpoint.nonsense("/chat/completions", answer)
        return content or ""

    def _absent(self, model: str, models: list[str], error: ModelError) -> ModelError:
        return ModelError(
            f"{self._endpoint.shown} has no model {model!r} that answers: {error.message}",
            hint=f"name one of {', '.join(models[:20])}"
            if models
            else "name a model that the endpoint serves",
            context={"model": model, "models": models},
        )
