"""Telling a secret from what documentation and tests write in its place."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from urllib.parse import unquote

__all__ = [
    "PUBLIC_EXAMPLES",
    "is_aws_secret",
    "is_drawn",
    "is_key_body",
    "is_login",
    "is_named",
    "is_no_placeholder",
    "is_password",
    "is_random",
    "is_specific",
    "is_web_key",
]

PUBLIC_EXAMPLES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"EXAMPLE(?:KEY)?\Z"), "AWS writes its documentation's keys so"),
    (re.compile(r"eyJzdWIiOiIxMjM0NTY3ODkwI"), "the subject 1234567890 of jwt.io and of RFC 7519's examples"),
    (re.compile(r"(?i)2b7e151628aed2a6abf7158809cf4f3c|8e73b0f7da0e6452c810f32b809079e5|603deb1015ca71be2b73aef0857d7781"),
     "the keys of FIPS 197 and NIST SP 800-38A"),
    (re.compile(r"(?i)(?:00)?0102030405060708|0011223344556677|deadbeef|cafebabe|0123456789abcdef|abcdefghijklmnop"),
     "counted, not drawn"),
    (re.compile(r"2YotnFZFEjr1zCsicMWpAA|tGzv3JOkF0XG5Qx2TlKWIA|mF_9\.B5f-4\.1JqM|gX1fBat3bV"), "RFC 6749, RFC 6750"),
    (re.compile("JBSWY3DPEHPK3PXP"), "the example of otpauth's key URI format"),
    (re.compile(r"(?i)hunter2|tr0ub4dor|correct ?horse"), "passwords that everybody knows"),
)  # fmt: skip
"""What is published as an example, with the reason: secret to nobody."""

_CROSSED_OUT = re.compile(r"([xX*.0])\1{7}|(.{1,3})\2{6}|\.\.\.|…|[<>{}]|\$\w|%[(sd]|\b[A-Z]{2,}_[A-Z_]+\b")
_KEY_BODY = re.compile(
    r"[^\n]{0,40}?PRIVATE KEY(?: BLOCK)?-----"
    r"(?:\\[rn]|[\s\"'\\#*/]|(?:Proc-Type|DEK-Info|Version|Comment):[^\n]*)*[A-Za-z0-9+/=]{16}"
)
_INTERPOLATED = re.compile(r"[][{}<>$%]")
_PLACEHOLDER = re.compile(
    r"(?:(?:example|my|your|the|some|test|a|new|old|fake|dummy|user|db|proxy|super|in)[-_ ]*)*"
    r"(?:user(?:name)?|p[a@4] ?ss(?:w[o0]?rd|wd|phrase)?|pwd|pw|secret|token|key|auth|login|admin|root|guest|tiger"
    r"|change[-_ ]?me|example|placeholder|redacted|hidden|foo|bar|baz|test(?:ing)?|abc|xyz|none|null|true|false"
    r"|x+|\*+|\.+|_+|\d)[-_]?\d{0,6}\Z",
    re.IGNORECASE,
)  # scott:tiger is the login of Oracle's documentation since 1980
_WORDS = re.compile(
    r"[A-Za-z][a-z]{0,13}\d?(?:[-_ .][A-Za-z]?[a-z]{0,13}\d?)+\Z|[A-Z]{2,14}\d?(?:_[A-Z]{1,14}\d?)+\Z"
)
"""`s3-access-key-id`: the name of a value in the place of the value."""

_NO_HOST = re.compile(r"(?i)(?:localhost|127[.]|\[?::1|0[.]0[.]0[.]0|(?:[\w-]+[.])*example(?:[.][a-z]{2,3})?\b"
                      r"|(?:[\w-]+[.])+(?:test|invalid|localhost|example)\b)")  # fmt: skip
"""Hosts that RFC 2606 and RFC 6761 keep for documentation and tests, and one's own machine."""

_NAMED = re.compile(
    r"(?i:secret|token|passw(?:or)?d|passphrase|pwd|[_-]pass\b|credentials?|api[_-]?key"
    r"|(?:access|secret|auth|account|encryption|signing|private|master|service|fernet)[_-]?key)\w{0,20}"
    r"[\"'\]]{0,2}\s?(?::\s?[&\w\[\]<>]{1,24}\s?)?[=:,>]{1,2}\s{0,3}(?:str)?\(?[brfuBRFU@]{0,2}[\"'`]{0,3}\Z"
)
"""A name that promises a secret, up to the value that it is given."""

_DIGEST = re.compile(r"(?i)md5|sha_?\d{1,3}|hash|digest|checksum|fingerprint")
"""A name that promises what was made of a secret and does not give it back."""
_CLASS_NAME = re.compile(r"(?:[A-Z][a-z]{1,14}\d{0,5}){2,8}\Z")
"""`Ed25519PrivateKey`: an identifier of words."""
_KEY_TYPE = re.compile(r"[\"']kty[\"']\s{0,3}:")

_WORD = re.compile(r"[A-Za-z]*\d{0,2}|\d+[A-Za-z]?")
_HEX = re.compile(r"(?:[0-9a-f]{32,}|[0-9A-F]{32,})\Z")
_KINDS: tuple[Callable[[str], bool], ...] = (str.islower, str.isupper, str.isdigit)
_SHORTEST, _LONG = 10, 24
_SHORTEST_PASSWORD = 8
_SOME_LENGTH = 16
_FEWEST_TURNS = 0.3
"""Of a value's neighbouring letters, how many are of different kinds: words have few such places, dice many."""


def is_no_placeholder(secret: str, around: str, at: int) -> bool:
    """It is not crossed out, as in `ghp_xxxxxxxxxxxx`, and nobody published it as an example."""
    return not (
        _CROSSED_OUT.search(secret[:200])
        or _WORDS.match(secret)
        or any(known.search(secret) for known, _ in PUBLIC_EXAMPLES)
    )


def is_specific(secret: str, around: str, at: int) -> bool:
    """Neither a placeholder nor a word: what follows the prefix was drawn."""
    return is_no_placeholder(secret, around, at) and any(map(str.isdigit, secret))


def is_key_body(secret: str, around: str, at: int) -> bool:
    """The header of a private key is followed by a key: a program that looks for the header has none."""
    return _KEY_BODY.match(around, at) is not None


def is_password(secret: str, around: str, at: int) -> bool:
    """A URL's password is more than `user:password`, `u:p` or `{user}:{password}`.

    What opens a host that anybody can reach is believed sooner than what opens `localhost` or `redis`.
    """
    if _INTERPOLATED.search(unquote(secret)):
        return False
    password = unquote(secret)
    user = around[:at].rpartition("://")[2].rstrip(":")
    if unquote(user) == password or _PLACEHOLDER.match(password):
        return False
    if not is_no_placeholder(password, around, at):
        return False
    host = around[at + len(secret) + 1 :]
    if _NO_HOST.match(host):
        return is_random(password)
    kinds = {next((n for n, kind in enumerate(_KINDS) if kind(letter)), len(_KINDS)) for letter in password}
    return len(password) >= _SHORTEST_PASSWORD and (len(kinds) > 1 or _is_public(host))


def _is_public(host: str) -> bool:
    """Whether its name has a domain: `db` is a container's."""
    return "." in re.split(r"[:/?#\s\"']", host, maxsplit=1)[0]


def is_aws_secret(secret: str, around: str, at: int) -> bool:
    """Forty letters of base 64 that were drawn, not a path or a word."""
    return is_no_placeholder(secret, around, at) and is_random(secret)


def is_drawn(secret: str, around: str, at: int) -> bool:
    """A value given to a name such as `api_key` looks drawn at random."""
    return is_random(secret) and is_no_placeholder(secret, around, at) and not _PLACEHOLDER.match(secret)


def is_named(secret: str, around: str, at: int) -> bool:
    """The same, where such a name stands before it."""
    if "://" in secret or not is_drawn(secret, around, at) or _CLASS_NAME.match(secret):
        return False
    name = _NAMED.search(around[:at])
    return name is not None and not (_HEX.match(secret) and _DIGEST.search(name[0]))


def is_web_key(secret: str, around: str, at: int) -> bool:
    """The private part of a JSON web key (RFC 7517): `d`, or `k` of a symmetric one, beside its `kty`."""
    return _KEY_TYPE.search(around[max(0, at - 3000) : at + 3000]) is not None and is_random(secret)


def is_login(secret: str, around: str, at: int) -> bool:
    """A Basic header that holds a user and a password that is none of the examples."""
    try:
        user, colon, password = base64.b64decode(secret, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        return False
    return bool(colon) and " " not in password and user != password and is_drawn(password, around, at)


def is_random(value: str) -> bool:
    """Whether a text looks drawn: letters of several kinds that take turns as those of no word do.

    Example:
        >>> is_random("Xk29fLq8Zr4bTm"), is_random("Password123456"), is_random("ThisIsAVeryLongName2")
        (True, False, False)
    """
    if value.isdigit():
        return False
    if _HEX.match(value):
        return _entropy_bits(value) > 3.0
    parts = re.split(r"[-_./@:]", value)
    if len(value) < _SHORTEST or (len(parts) > 1 and all(map(_WORD.fullmatch, parts))):
        return False
    kinds = [next((n for n, kind in enumerate(_KINDS) if kind(letter)), len(_KINDS)) for letter in value]
    turns = sum(a != b for a, b in pairwise(kinds)) / (len(value) - 1)
    present = set(kinds) & {0, 1, 2}
    if len(value) >= _LONG and len(present) == len(_KINDS) and _entropy_bits(value) > 4.0:
        return turns > _FEWEST_TURNS / 1.5 and not re.search(r"[a-z]{9}|[A-Z]{9}", value)
    if len(value) >= _SOME_LENGTH and len(present) > 1 and 2 in present and _entropy_bits(value) > 3.2:
        # of 26 letters and 10 digits runs of 8 letters are common
        return turns > _FEWEST_TURNS / 1.5 and not re.search(r"[A-Za-z]{16}", value)
    word = (
        "[a-z]{8}|[A-Z]{8}" if len(present) == len(_KINDS) else "[A-Za-z]{7}" if 2 in present else "[a-z]{4}"
    )
    return turns > _FEWEST_TURNS and len(present) > 1 and not re.search(word, value)


def _entropy_bits(value: str) -> float:
    """Shannon entropy per character."""
    shares = (count / len(value) for count in Counter(value).values())
    return -sum(share * math.log2(share) for share in shares)
