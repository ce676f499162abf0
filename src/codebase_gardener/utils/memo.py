"""Results of pure functions, kept between runs: what has been computed from the same arguments is not computed again.

A function marked `remembered` is looked up in the memo that is in force (`remembering`), and just called where there
is none. Its arguments are the key, all of them: so it must depend on nothing else, and the memo's version must change
with the code. Arguments and results are plain data as `msgspec` writes it; an argument that has a `digest` is known by
that.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import Any, Generic, ParamSpec, TypeVar, get_type_hints

import msgspec

from codebase_gardener.utils.files import write_atomic

__all__ = ["Memo", "Remembered", "recalling", "remembered", "remembered_for", "remembering"]

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

_ENCODER = msgspec.msgpack.Encoder()
_KEYS = msgspec.msgpack.Encoder(enc_hook=lambda argument: argument.digest)
_STORED: msgspec.msgpack.Decoder[dict[bytes, msgspec.Raw]] = msgspec.msgpack.Decoder(dict[bytes, msgspec.Raw])
_current: ContextVar[Memo | None] = ContextVar("memo", default=None)


class Memo:
    """A file of results by key. One that is damaged, or of another version, is as good as none.

    Args:
        path: Of the file; its folder is made when it is written. None to keep nothing beyond this run.
        version: Of the code that the results come from.
    """

    def __init__(self, path: Path | None, version: str) -> None:
        self._path = path
        self._version = version.encode()
        self._kept = _stored(path, self._version) if path else {}
        self._used: dict[bytes, object] = {}
        self.known: dict[str, dict[tuple[object, ...], Any]] = {}
        """By function and arguments, what was asked in this run: quicker than a key."""
        self._made = False

    def get(self, key: bytes, compute: Callable[[], R], decoder: msgspec.msgpack.Decoder[R]) -> R:
        """The result under a key: known in this run, kept from an earlier one, or computed."""
        if key in self._used:
            return self._used[key]  # type: ignore[return-value]
        result = self._decoded(key, decoder)
        if result is None:
            self._kept.pop(key, None)
            result = compute()
            self._made = True
        self._used[key] = result
        return result

    def has(self, key: bytes, decoder: msgspec.msgpack.Decoder[Any]) -> bool:
        """Whether the result under a key is known, in this run or from an earlier one."""
        return key in self._used or self._decoded(key, decoder) is not None

    def _decoded(self, key: bytes, decoder: msgspec.msgpack.Decoder[R]) -> R | None:
        try:
            return decoder.decode(self._kept[key])
        except (KeyError, msgspec.DecodeError):
            return None

    def save(self) -> None:
        """Write what this run used; what it did not use is forgotten."""
        if self._path and (self._made or len(self._used) < len(self._kept)):
            kept = {key: self._kept.get(key) or _raw(value) for key, value in self._used.items()}
            data = _ENCODER.encode({key: raw for key, raw in kept.items() if raw is not None})
            write_atomic(self._path, self._version + b"\n" + _checksum(data) + data)


class Remembered(Generic[P, R]):
    """A pure function whose results a memo may keep."""

    def __init__(self, function: Callable[P, R]) -> None:
        update_wrapper(self, function)
        self._function = function
        self._name = f"{function.__module__}.{function.__qualname__}"

    @cached_property
    def _decoder(self) -> msgspec.msgpack.Decoder[R]:
        return msgspec.msgpack.Decoder(get_type_hints(self._function)["return"])

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The function's result; keyword arguments are part of no key, so such a call is not looked up."""
        memo = _current.get()
        if memo is None or kwargs:
            return self._function(*args, **kwargs)
        known: dict[tuple[object, ...], R] = memo.known.setdefault(self._name, {})
        if args not in known:
            known[args] = memo.get(
                _key(self._name, args), lambda: self._function(*args, **kwargs), self._decoder
            )
        return known[args]


def remembered(function: Callable[P, R]) -> Remembered[P, R]:
    """Mark a function as pure; its result must not be changed by who gets it, and is never None.

    Example:
        >>> @remembered
        ... def length(text: str) -> int:
        ...     return len(text)
        >>> length("four")
        4
    """
    return Remembered(function)


def remembered_for(
    function: Callable[[Sequence[T]], Sequence[R]], items: Sequence[T], kind: type[R]
) -> list[R]:
    """`function(items)`, a pure function of each item, called only with those whose result is not known yet.

    For what is costly to start and cheap to go on with.

    Args:
        function: Given items, their results in the same order.
        items: Plain data as `msgspec` writes it.
        kind: The type of one result.
    """
    memo = _current.get()
    if memo is None:
        return list(function(items))
    name, decoder = f"{function.__module__}.{function.__qualname__}", msgspec.msgpack.Decoder(kind)
    keys = [_key(name, (item,)) for item in items]
    new = {key: item for key, item in zip(keys, items, strict=True) if not memo.has(key, decoder)}
    made = dict(zip(new, function(list(new.values())), strict=True)) if new else {}
    return [memo.get(key, lambda key=key: made[key], decoder) for key in keys]  # type: ignore[misc]


@contextmanager
def remembering(path: Path | None = None, version: str = "") -> Iterator[None]:
    """Keep the results of remembered functions, in a file if one is named.

    Within another such block, that one's memo is used.
    """
    if _current.get() is not None:
        yield
        return
    memo = Memo(path, version)
    token = _current.set(memo)
    try:
        yield
    finally:
        _current.reset(token)
    memo.save()


@contextmanager
def recalling(path: Path, version: str) -> Iterator[None]:
    """Use the results that a file keeps, and leave it as it is."""
    token = _current.set(Memo(path, version))
    try:
        yield
    finally:
        _current.reset(token)


def _key(name: str, args: tuple[object, ...]) -> bytes:
    try:
        written = _KEYS.encode((name, args))
    except UnicodeEncodeError:  # a lone surrogate: not kept, but known in this run
        written = repr((name, args)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(written, digest_size=16).digest()


def _raw(value: object) -> msgspec.Raw | None:
    try:
        return msgspec.Raw(_ENCODER.encode(value))
    except UnicodeEncodeError:
        return None


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "big")


def _stored(path: Path, version: bytes) -> dict[bytes, msgspec.Raw]:
    try:
        stored = path.read_bytes()
        head = len(version) + 5
        if not stored.startswith(version + b"\n") or stored[head - 4 : head] != _checksum(stored[head:]):
            return {}
        return _STORED.decode(memoryview(stored)[head:])
    except (OSError, msgspec.DecodeError):
        return {}
