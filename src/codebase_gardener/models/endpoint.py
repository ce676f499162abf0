"""A model's HTTP endpoint: JSON in, JSON out, tried again where it was busy, with errors that say what to do."""

from __future__ import annotations

import ipaddress
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from codebase_gardener.repository.sources import without_credentials
from codebase_gardener.utils.error_handling import InvalidInputError, ModelError, retry_with_backoff

if TYPE_CHECKING:
    import httpx2

__all__ = ["MAX_ANSWER_BYTES", "Endpoint"]

MAX_ANSWER_BYTES = 4 * 1024**2
_CONNECT_S = 10.0
_SAID_CHARS = 200
_BUSY = (408, 429, 500, 502, 503, 504)


class _TransientError(ConnectionError):
    """A failure that may be gone at the next try; `error` is what is raised when it is not."""

    def __init__(self, error: ModelError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass(frozen=True)
class Endpoint:
    """Where a server of models listens.

    A connection that fails and the answers 408, 429, 500, 502, 503 and 504 are tried three times in all. An answer
    that takes too long is not asked for again: it would take as long. Redirects are not followed.

    Attributes:
        name: In messages: "Ollama".
        base_url: `http://host:port`, with a path where the server has one; user and password in it are not printed.
        timeout_s: For one whole answer, in seconds.
        start_hint: What to do where nobody listens.
        key: Sent as a bearer token; appears in no message.
    """

    name: str
    base_url: str
    timeout_s: float
    start_hint: str
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InvalidInputError(
                f"{self.shown!r} is no URL of {self.name}", hint="write it as http://HOST:PORT"
            )
        if not all("!" <= character <= "~" for character in self.key):
            raise InvalidInputError(
                f"the key for {self.name} holds characters that no key has (a space, a line's end, an accent)",
                hint="set it again, without quotes and blanks",
            )
        if not self.timeout_s > 0:
            raise InvalidInputError(
                f"a time-out of {self.timeout_s} s for {self.name}", hint="give a number above 0"
            )

    @property
    def shown(self) -> str:
        """The base URL as messages print it."""
        return without_credentials(self.base_url)

    def get(self, path: str) -> Any:
        """The JSON that the server gives at a path below its base URL.

        Raises:
            ModelError: Not reachable, too slow, an error status (in `context["status"]`), or no JSON.
        """
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The JSON that the server answers to JSON.

        Raises:
            ModelError: As `get`.
        """
        return self._ask("POST", path, json.dumps(body).encode("ascii"))

    def follow(self, path: str, body: Mapping[str, Any], each: Callable[[Any], None]) -> None:
        """Post JSON, and hand on each line of JSON as the server sends it, for as long as it takes.

        Where it breaks off it is asked for again, from the beginning.

        Raises:
            ModelError: As `get`, where the time-out is for one line; or a line says what went wrong.
        """
        try:
            self._followed(path, json.dumps(body).encode("ascii"), each)
        except _TransientError as error:
            raise error.error from error.__cause__

    def upload(self, path: str, file: Path) -> None:
        """Post a file's bytes, for as long as it takes.

        Raises:
            ModelError: As `get`.
        """
        try:
            status, raw = self._sent("POST", path, file)
        except _TransientError as error:
            raise error.error from error.__cause__
        if not 200 <= status < 300:
            raise self._failure(status, path, raw)

    def nonsense(self, path: str, answer: Any) -> ModelError:
        """The error of an answer that is JSON, but not what the interface says."""
        return ModelError(
            f"{self.name} at {self.shown} answers {path} with what was not expected: {self._plain(repr(answer))}",
            hint=f"is another program listening at {self.shown}?",
        )

    def _ask(self, method: str, path: str, body: bytes | None) -> Any:
        try:
            status, raw = self._sent(method, path, body)
        except _TransientError as error:
            raise error.error from error.__cause__
        if not 200 <= status < 300:
            raise self._failure(status, path, raw)
        return self._json(path, raw)

    def _json(self, path: str, raw: bytes) -> Any:
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            text = self._plain(raw.decode("utf-8", "replace"))
            raise ModelError(
                f"{self.name} at {self.shown} answers {path} with what is no JSON: {text!r}",
                hint=f"is another program listening at {self.shown}?",
            ) from error

    @retry_with_backoff(max_attempts=3)
    def _sent(self, method: str, path: str, body: bytes | Path | None) -> tuple[int, bytes]:
        """Status and content; whatever may pass is `_TransientError`."""
        with self._told():
            status, raw = self._received(method, path, body)
        if status in _BUSY:
            raise _TransientError(self._failure(status, path, raw))
        return status, raw

    @retry_with_backoff(max_attempts=3)
    def _followed(self, path: str, body: bytes, each: Callable[[Any], None]) -> None:
        with self._told(), self._client.stream("POST", self._url(path), content=body) as response:
            if response.status_code != 200:
                failure = self._failure(response.status_code, path, response.read())
                raise _TransientError(failure) if response.status_code in _BUSY else failure
            rest = b""
            for piece in response.iter_bytes():
                *lines, rest = (rest + piece).split(b"\n")
                if len(rest) > MAX_ANSWER_BYTES:
                    raise self._too_long(path)
                for line in lines:
                    each(self._line(path, line))
            if rest:
                each(self._line(path, rest))

    def _line(self, path: str, raw: bytes) -> Any:
        if _error_of(raw) is not None:
            raise ModelError(
                f"{self.name} at {self.shown} broke {path} off: {self._plain(_message(raw))}",
                hint=f"look into the log of {self.name}",
                context={"url": self.shown},
            )
        return self._json(path, raw)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What httpx raises, in our words; whatever may pass is `_TransientError`."""
        import httpx2

        try:
            yield
        except (httpx2.ReadTimeout, httpx2.WriteTimeout) as error:
            raise self._too_slow() from error
        except httpx2.TransportError as error:
            reason = self._plain(str(error)) or type(error).__name__
            raise _TransientError(
                ModelError(
                    f"{self.name} cannot be reached at {self.shown}: {reason}",
                    hint=self.start_hint,
                    context={"url": self.shown},
                )
            ) from error
        except (httpx2.InvalidURL, httpx2.HTTPError) as error:
            raise ModelError(
                f"{self.name} at {self.shown}: {self._plain(str(error))}", hint=self.start_hint
            ) from error

    def _url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path

    def _received(self, method: str, path: str, body: bytes | Path | None) -> tuple[int, bytes]:
        raw = bytearray()
        with ExitStack() as stack:
            deadline = math.inf if isinstance(body, Path) else time.monotonic() + self.timeout_s
            content = stack.enter_context(body.open("rb")) if isinstance(body, Path) else body
            response = stack.enter_context(self._client.stream(method, self._url(path), content=content))
            for piece in response.iter_bytes():
                raw += piece
                if len(raw) > MAX_ANSWER_BYTES:
                    raise self._too_long(path)
                if time.monotonic() > deadline:  # a time-out of httpx is for one piece
                    raise self._too_slow()
            return response.status_code, bytes(raw)

    @cached_property
    def _client(self) -> httpx2.Client:
        import httpx2

        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        timeout = httpx2.Timeout(self.timeout_s, connect=min(_CONNECT_S, self.timeout_s))
        # a proxy of the environment cannot reach this machine's own ports
        return httpx2.Client(headers=headers, timeout=timeout, trust_env=not self._is_loopback())

    def _is_loopback(self) -> bool:
        host = urlsplit(self.base_url).hostname or ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    def _failure(self, status: int, path: str, raw: bytes) -> ModelError:
        said = self._plain(_message(raw))
        hint = {401: "check the key", 403: "check the key and what it may do", 429: "wait, or ask for less"}
        return ModelError(
            f"{self.name} at {self.shown} answers {path} with status {status}{f': {said}' if said else ''}",
            hint=hint.get(status, f"look into the log of {self.name}"),
            context={"status": status, "parameter": _parameter(raw), "url": self.shown},
        )

    def _too_long(self, path: str) -> ModelError:
        return ModelError(
            f"{self.name} at {self.shown} answers {path} with more than {MAX_ANSWER_BYTES:,} bytes",
            hint=f"is another program listening at {self.shown}?",
        )

    def _too_slow(self) -> ModelError:
        return ModelError(
            f"{self.name} at {self.shown} gave no whole answer within {self.timeout_s:g} s",
            hint="set writer_timeout_s higher, or take a smaller model",
            context={"timeout_s": self.timeout_s, "url": self.shown},
        )

    def _plain(self, text: str) -> str:
        """What a server said, on one line, cut, without the key."""
        if self.key:
            text = text.replace(self.key, "…")
        printable = "".join(character if character.isprintable() else " " for character in text[:2000])
        return " ".join(printable.split())[:_SAID_CHARS]


def _error_of(raw: bytes) -> Any:
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return answer.get("error") if isinstance(answer, dict) else None


def _message(raw: bytes) -> str:
    """What the body of a failure says: `{"error": …}` of Ollama, `{"error": {"message": …}}` of OpenAI, or text."""
    error = _error_of(raw)
    if isinstance(error, dict):
        error = error.get("message")
    return error if isinstance(error, str) else raw.decode("utf-8", "replace")


def _parameter(raw: bytes) -> str:
    """The parameter that a refusal of OpenAI's is about, or ""."""
    error = _error_of(raw)
    parameter = error.get("param") if isinstance(error, dict) else None
    return parameter if isinstance(parameter, str) else ""
