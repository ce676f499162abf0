"""API keys: made here, kept as salted hashes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError
from codebase_gardener.utils.files import write_atomic

__all__ = ["ApiKeys", "add_key"]

_ROW = re.compile(r"sha256:([0-9a-f]{32}):([0-9a-f]{64})")


class ApiKeys:
    """The keys that open a server.

    Args:
        rows: Salt and hash of each.
    """

    def __init__(self, rows: Sequence[tuple[bytes, bytes]]) -> None:
        self._rows = tuple(rows)

    @classmethod
    def read(cls, path: Path) -> ApiKeys:
        """The keys of a file.

        Raises:
            NotFoundError: There is no such file.
            InvalidInputError: It has no key, or a line that is none.
        """
        try:
            lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
        except OSError as error:
            raise NotFoundError(
                f"{path} cannot be read: {error.strerror}",
                hint=f"gardener serve --new-api-key --api-key-file {path}",
            ) from error
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"{path} is no file of keys", hint="name another") from error
        found = [(number, _ROW.fullmatch(line)) for number, line in enumerate(lines, 1) if line]
        if wrong := [number for number, row in found if row is None]:
            raise InvalidInputError(  # the line itself may be a key: it is not said
                f"{path}:{wrong[0]} is no hashed key",
                hint="--new-api-key adds one; keys themselves are not kept",
            )
        if not found:
            raise InvalidInputError(f"{path} has no key", hint="--new-api-key adds one")
        return cls([(bytes.fromhex(row[1]), bytes.fromhex(row[2])) for _, row in found if row])

    def knows(self, key: bytes) -> bool:
        """Whether it is one of them; how long this takes says nothing about any."""
        return sum(hmac.compare_digest(_hashed(salt, key), kept) for salt, kept in self._rows) > 0


def add_key(path: Path) -> str:
    """Make a key, and add its hash to a file that only its owner can read.

    Raises:
        InvalidInputError: The file is there and holds something else.
        ResourceError: It cannot be written.
    """
    if path.exists() and path.stat().st_size:
        ApiKeys.read(path)
    key, salt = f"gk-{secrets.token_urlsafe(32)}", secrets.token_bytes(16)
    before = path.read_text("utf-8").rstrip("\n") + "\n" if path.exists() and path.stat().st_size else ""
    write_atomic(path, f"{before}sha256:{salt.hex()}:{_hashed(salt, key.encode()).hex()}\n")
    return key


def _hashed(salt: bytes, key: bytes) -> bytes:
    """One SHA-256: a key has 256 random bits, so a slow hash would only slow each request down."""
    return hashlib.sha256(salt + key).digest()
