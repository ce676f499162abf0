"""llama.cpp in a process of its own: what it meets there cannot take us along.

The child holds the `xllamacpp` wheel's server, listens on a free port of the loopback, answers only to a key that was
made for it, and ends when its standard input does: with us.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import secrets
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from codebase_gardener.utils.children import python_module
from codebase_gardener.utils.error_handling import ModelError
from codebase_gardener.utils.limits import cores

__all__ = ["LlamaServer", "Stream", "is_installed"]

_START_S = 300.0
_CERTAIN = 10_000.0
"""Bias of a token that is to be said whatever the model thinks; probabilities are without it."""
_TAIL = 20
_SWITCHED_OFF = {"cache_ram_mib": 0, "endpoint_slots": False, "ui": False, "warmup": False}
"""Its second cache of prompts does not ask which adapter read them; the rest nobody needs."""


def is_installed() -> bool:
    """Whether the wheel is there: `pip install -c constraints.txt '.[llamacpp]'`."""
    return importlib.util.find_spec("xllamacpp") is not None


@dataclass
class Stream:
    """An answer on its way.

    Attributes:
        connection: To be closed by whoever does not want the rest.
        events: As llama.cpp sends them, one by one.
    """

    connection: http.client.HTTPConnection
    events: Iterator[dict[str, Any]]

    def close(self) -> None:
        """The rest is not wanted; called from any thread."""
        if (sock := self.connection.sock) is not None:
            with suppress(OSError):
                sock.shutdown(2)


class LlamaServer:
    """A running llama.cpp, with a base and adapters as GGUF files.

    Args:
        model: The base.
        adapters: All at scale 0 until a request says otherwise.
        parallel: Answers at once.
        context_tokens: Of all of them together.

    Raises:
        ModelError: It is not installed, or did not start; the message has its last words.
    """

    def __init__(
        self, model: Path, adapters: Sequence[Path] = (), *, parallel: int = 1, context_tokens: int = 4096
    ) -> None:
        if not is_installed():
            raise ModelError(
                "llama.cpp is not installed",
                hint="pip install -c constraints.txt '.[llamacpp]'; without it exports to peft, merged, vllm and hub "
                "work, and serve --engine torch",
            )
        self._key = secrets.token_urlsafe(32)
        self._last_words: deque[str] = deque(maxlen=_TAIL)
        self._child = subprocess.Popen(
            python_module("codebase_gardener.exports.llamacpp"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        threading.Thread(target=self._listen, args=(self._child.stderr,), daemon=True).start()
        options = {
            "model": str(model),
            "adapters": [str(path) for path in adapters],
            "n_parallel": parallel,
            "n_ctx": context_tokens,
            "api_key": self._key,
            "threads": cores(),
        }
        self.count = len(adapters)
        self._address = self._started(options)

    def _started(self, options: Mapping[str, Any]) -> str:
        stdin, stdout = cast(BinaryIO, self._child.stdin), cast(BinaryIO, self._child.stdout)
        with suppress(BrokenPipeError):
            stdin.write(json.dumps(options).encode() + b"\n")
            stdin.flush()
        guard = threading.Timer(_START_S, self._child.kill)
        guard.start()
        try:
            line = stdout.readline()
        finally:
            guard.cancel()
        if not line:
            self.close()
            raise ModelError(
                f"llama.cpp did not start: {self.last_words or 'no output'}",
                hint="the model or an adapter may be one that it does not read; --engine torch reads them all",
            )
        return str(json.loads(line)["address"])

    def _listen(self, stderr: BinaryIO) -> None:
        for line in stderr:
            self._last_words.append(line.decode("utf-8", "replace").rstrip())

    @property
    def last_words(self) -> str:
        """The last line with an error, else the last."""
        lines = [line for line in self._last_words if line]
        bad = [line for line in lines if " E " in line or "rror" in line]
        return (bad or lines or [""])[-1][:300]

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._child.poll() is None

    def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One request, one answer.

        Raises:
            ModelError: It refused, or is gone.
        """
        connection = self._connect()
        try:
            return dict(json.loads(self._response(connection, path, body).read()))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise self._gone(error) from error
        finally:
            connection.close()

    def score(self, body: Mapping[str, Any], token: int, letter: int, vocabulary_size: int) -> dict[str, Any]:
        """The probabilities of a token behind a prompt: llama.cpp scores what it says, so the token is made certain.

        Args:
            body: The prompt, and what else the request says.
            token: Which.
            letter: A token that is a whole letter: of a part of one, which it holds back, llama.cpp says no
                probabilities, so that it is looked for among those of all tokens.
            vocabulary_size: How many that are.

        Returns:
            llama.cpp's own row, `logprob` being the token's.
        """
        asked = {"n_predict": 1, "temperature": 0.0, "n_probs": 1, **body}
        answer = self.ask("/completion", {**asked, "logit_bias": [[token, _CERTAIN]]})
        if found := answer.get("completion_probabilities"):
            return dict(found[0])
        said = self.all_scores(asked, letter, vocabulary_size)
        logprob = next((row["logprob"] for row in said["top_logprobs"] if row["id"] == token), float("-inf"))
        return {**said, "logprob": logprob}

    def all_scores(self, body: Mapping[str, Any], letter: int, vocabulary_size: int) -> dict[str, Any]:
        """The probabilities of all tokens behind a prompt, before a letter is made certain; as `score`."""
        asked = {"n_predict": 1, "temperature": 0.0, **body, "n_probs": vocabulary_size}
        answer = self.ask("/completion", {**asked, "logit_bias": [[letter, _CERTAIN]]})
        return dict(answer["completion_probabilities"][0])

    def stream(self, body: Mapping[str, Any]) -> Stream:
        """A completion, event by event.

        Raises:
            ModelError: It refused, or is gone; also while the events are read.
        """
        connection = self._connect()
        try:
            response = self._response(connection, "/completion", {**body, "stream": True})
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise self._gone(error) from error
        return Stream(connection, self._events(connection, response))

    def _events(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> Iterator[dict[str, Any]]:
        try:
            is_whole = False
            for line in response:
                if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
                    event = json.loads(line[6:])
                    is_whole = bool(event.get("stop"))
                    yield event
                elif line.startswith(b"error: "):
                    raise ModelError(f"llama.cpp: {line[7:300].decode('utf-8', 'replace')}", hint="ask again")
            if not is_whole:
                raise self._gone(None)
        except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
            raise self._gone(error) from error
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        address = urlsplit(self._address)
        return http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=600)

    def _response(
        self, connection: http.client.HTTPConnection, path: str, body: Mapping[str, Any]
    ) -> http.client.HTTPResponse:
        connection.request(
            "POST",
            path,
            json.dumps(body),
            {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"},
        )
        response = connection.getresponse()
        if response.status != http.client.OK:
            said = response.read(2000).decode("utf-8", "replace")
            connection.close()
            raise ModelError(
                f"llama.cpp refused ({response.status}): {said[:300]}", hint="ask in another way"
            )
        return response

    def _gone(self, error: BaseException | None) -> ModelError:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(1 if error is None else 0.2)
        code = self._child.poll()
        what = (
            f"ended (exit {code}): {self.last_words}"
            if code is not None
            else f"broke off: {error or 'no end'}"
        )
        return ModelError(f"llama.cpp {what}", hint="ask again: it is started anew")

    def close(self) -> None:
        """End it."""
        if self._child.stdin is not None:
            with suppress(OSError):
                self._child.stdin.close()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


def _serve(options: Mapping[str, Any]) -> None:
    """The child: serve until standard input ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options["model"]
    params.lora_init_without_apply = True
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 0.0) for path in options["adapters"]]
    params.api_keys = [options["api_key"]]
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_parallel, params.n_ctx = options["n_parallel"], options["n_ctx"]
    params.kv_unified = True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = options["threads"]
    for name, value in _SWITCHED_OFF.items():
        setattr(params, name, value)
    server = xllamacpp.Server(params)
    print(json.dumps({"address": server.listening_address}), flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    _serve(json.loads(sys.stdin.buffer.readline()))
