"""Rows scored by a server: log-probabilities over OpenAI's interface, `echo` with `max_tokens` 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codebase_gardener.evaluation.measuring import RowScore
from codebase_gardener.models.endpoint import Endpoint
from codebase_gardener.serving.catalog import BARE, shown_base
from codebase_gardener.serving.ollama_models import DTYPES
from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.utils.error_handling import ConflictError
from codebase_gardener.utils.progress import Progress, silent

__all__ = ["TokenLogprob", "WireScorer"]

_ROWS_AT_ONCE = 8
_ANSWER_S = 600.0


@dataclass(frozen=True)
class TokenLogprob:
    """One token of a row.

    Attributes:
        value: Its log-probability.
        best: That of the most likely token at its place.
    """

    value: float
    best: float


class WireScorer:
    """A `Scorer` over HTTP.

    Args:
        url: Where the server listens, without a path.
        tokenizer: The base's: rows are sent as tokens.
        adapter: `project/adapter@version`.
        base_id: Its base.
        key: An API key, where the server wants one.
    """

    def __init__(self, url: str, tokenizer: Any, adapter: str, base_id: str, key: str = "") -> None:
        self.tokenizer, self._adapter, self._base = tokenizer, adapter, shown_base(base_id)
        self._server = Endpoint("the server", url, _ANSWER_S, "gardener serve starts one", key)

    def check(self, digest: str) -> None:
        """That the server has this adapter.

        Args:
            digest: What `ModelCard.digest` says of it here.

        Raises:
            ModelError: It cannot be reached, or is another program.
            ConflictError: It has no adapter of the name, or another one.
        """
        digests = {row["name"]: row["digest"] for row in self._rows("/api/tags")}
        if digests.get(self._adapter) != digest:
            has = "another adapter of that name" if self._adapter in digests else "no such adapter"
            raise ConflictError(
                f"the server at {self._server.shown} has {has}: {self._adapter}",
                hint="leave --url out, and one is started for the measurement",
            )

    def dtype(self) -> str:
        """What the adapter's answers are computed in.

        Raises:
            ConflictError: In none that this process computes in.
        """
        self.logprobs([self.tokenizer("a b")["input_ids"]], adapter=True)  # so that it is in memory
        level = next(
            (
                row["details"]["quantization_level"]
                for row in self._rows("/api/ps")
                if row["name"] == self._adapter
            ),
            "",
        )
        names = {shown: dtype for dtype, shown in DTYPES.items()}
        if level not in names:
            raise ConflictError(
                f"the server at {self._server.shown} computes in {level or 'what it does not say'}",
                hint=f"what is computed here can be compared with {', '.join(names)}",
            )
        return names[level]

    def scores(
        self, rows: Sequence[EncodedExample], *, adapter: bool, progress: Progress = silent
    ) -> list[RowScore]:
        """The scores of rows, with the adapter or by the base alone."""
        scores: list[RowScore] = []
        for begin in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[begin : begin + _ROWS_AT_ONCE]
            found = self.logprobs([row.ids for row in some], adapter=adapter)
            scores += [_score(row, tokens) for row, tokens in zip(some, found, strict=True)]
            progress(len(scores), len(rows))
        return scores

    def logprobs(self, rows: Sequence[Sequence[int]], *, adapter: bool) -> list[list[TokenLogprob]]:
        """Of each row's tokens but the first, which has nothing before it.

        Raises:
            ModelError: The server cannot be reached, or answers something else.
        """
        path = "/v1/completions"
        asked = {
            "model": f"{self._adapter}{BARE}" if adapter else self._base,
            "prompt": [list(row) for row in rows],
            "echo": True,
            "logprobs": 1,
            "max_tokens": 0,
        }
        answer = self._server.post(path, asked)
        try:
            found = [_tokens(choice["logprobs"]) for choice in answer["choices"]]
            is_asked = answer["gardener"]["adapter"] == (self._adapter if adapter else None)
        except (KeyError, TypeError) as error:
            raise self._server.nonsense(path, answer) from error
        if not is_asked or [len(tokens) + 1 for tokens in found] != [len(row) for row in rows]:
            raise self._server.nonsense(path, answer)
        return found

    def _rows(self, path: str) -> list[dict[str, Any]]:
        answer = self._server.get(path)
        if not isinstance(answer, dict) or not isinstance(answer.get("models"), list):
            raise self._server.nonsense(path, answer)
        return list(answer["models"])


def _tokens(logprobs: Mapping[str, Any]) -> list[TokenLogprob]:
    values, tops = logprobs["token_logprobs"], logprobs["top_logprobs"]
    return [TokenLogprob(value, max(top.values())) for value, top in zip(values[1:], tops[1:], strict=True)]


def _score(row: EncodedExample, tokens: Sequence[TokenLogprob]) -> RowScore:
    asked = [token for label, token in zip(row.labels[1:], tokens, strict=True) if label != IGNORE]
    return RowScore(-sum(token.value for token in asked), [token.value >= token.best for token in asked])
