"""Telling a secret from what documentation and tests write in its place.

Each function is given the text around a hint, the hint's offset in it, and what was found.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from urllib.parse import unquote

__all__ = ["anything", "is_key_body", "is_no_placeholder", "is_password", "is_random_value"]

_CROSSED_OUT = re.compile(r"([xX*.])\1{7}")
_KEY_BODY = re.compile(
    r"[^\n]{0,40}?PRIVATE KEY(?: BLOCK)?-----"
    r"(?:\\[rn]|[\s\"'\\#*/]|(?:Proc-Type|DEK-Info|Version|Comment):[^\n]*)*[A-Za-z0-9+/=]{16}"
)
_LOGIN = re.compile(r"://([^:/\s]*):([^@/\s]*)@")
_INTERPOLATED = re.compile(r"[][{}<>$%]")
_PLACEHOLDER = re.compile(
    r"(?:(?:example|my|your|the|some|test|a|new|old|fake|dummy|user|db|proxy|super)[-_ ]*)*"
    r"(?:user(?:name)?|p[a@4] ?ss(?:w[o0]?rd|wd|phrase)?|pwd|pw|secret|token|key|auth|login|admin|root|guest|tiger"
    r"|change[-_ ]?me|example|placeholder|redacted|hidden|foo|bar|baz|test(?:ing)?|abc|xyz"
    r"|x+|\*+|\.+|_+|\d)[-_]?\d{0,4}\Z",
    re.IGNORECASE,
)  # scott:tiger is the login of Oracle's documentation since 1980
_SECRET_NAME = re.compile(
    r"(?:secret|token|passw(?:or)?d|api_?key|(?:access|secret|auth|account|encryption)_?key|credentials?)"
    r"[\"']?\s?[:=]?\Z",
    re.IGNORECASE,
)
_HEX = re.compile(r"(?:[0-9a-f]{32,}|[0-9A-F]{32,})\Z")
_ENVIRONMENT = re.compile(r"(?:^|\n)\s*(?:export |ENV |set )?[A-Z0-9_]+\Z")


def anything(around: str, at: int, secret: str) -> bool:
    """The pattern alone decides."""
    return True


def is_no_placeholder(around: str, at: int, secret: str) -> bool:
    """It is not crossed out, as in `ghp_xxxxxxxxxxxx`."""
    return _CROSSED_OUT.search(around[at:].split(maxsplit=1)[0][:100]) is None


def is_key_body(around: str, at: int, secret: str) -> bool:
    """The header of a private key is followed by a key: a program that looks for the header has none."""
    return _KEY_BODY.match(around, at) is not None


def is_password(around: str, at: int, secret: str) -> bool:
    """A URL's password is more than `user:password`, `u:p` or `{user}:{password}`."""
    login = _LOGIN.match(around, at)
    if login is None or _INTERPOLATED.search(unquote(login[2])):
        return False
    user, password = unquote(login[1]), unquote(login[2])
    return len(password) >= 4 and user != password and not _PLACEHOLDER.match(password)


def is_random_value(around: str, at: int, secret: str) -> bool:
    """A value given to a name such as `api_key` looks drawn at random."""
    before, value = around[:at], secret.lstrip(":=> ").strip("\"'")
    if not _SECRET_NAME.search(before):
        return False
    if secret.startswith("=") and "=" + value == secret and not _ENVIRONMENT.search(before):
        return False  # without quotes, only as in an .env file: elsewhere it is an expression
    if _HEX.match(value):
        return _entropy_bits(value) > 3.0
    mixed = all(len(re.findall(kind, value)) >= 2 for kind in ("[0-9]", "[a-z]", "[A-Z]"))
    return mixed and _entropy_bits(value) > 4.0


def _entropy_bits(value: str) -> float:
    """Shannon entropy per character, as detect-secrets' high-entropy detectors compute it."""
    shares = (count / len(value) for count in Counter(value).values())
    return -sum(share * math.log2(share) for share in shares)
