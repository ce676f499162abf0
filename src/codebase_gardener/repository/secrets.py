"""Secrets in texts: what kind, on which lines, at which letters.

Tokens of known issuers are found by Kingfisher (MongoDB, Apache-2.0: about 490 rules that are kept up, a program of
its own in the package `kingfisher-bin`), which is told not to ask anybody whether they are valid. What has no issuer
(passwords in connection strings, headers, values under a secret's name), and the few tokens that it wants in pairs or
does not know, are the rows of `DETECTORS`. `plausibility` tells all of them from placeholders.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from codebase_gardener.repository.plausibility import (
    is_aws_secret,
    is_drawn,
    is_key_body,
    is_login,
    is_named,
    is_no_placeholder,
    is_password,
    is_specific,
    is_web_key,
)
from codebase_gardener.utils.error_handling import ResourceError
from codebase_gardener.utils.memo import remembered_for

__all__ = ["DETECTORS", "Detector", "Scanned", "Secret", "find_secrets", "masked"]

_BEFORE_CHARS, _AFTER_CHARS = 120, 600
MAX_HINTS = 5_000
"""Of one kind in one file: no file of tokens takes minutes."""

_TIMEOUT_S = 600.0
_ENCODED = re.compile(r"[\w+/=-]*")
_IN_URL = re.compile(r"://[^:/?#@\s\"']{0,100}:([^/?#@\s\"']{1,200})@")


@dataclass(frozen=True)
class Secret:
    """One secret.

    Attributes:
        line: Where it begins, 1-based.
        end: Its last line.
        kind: What it is, in words; never any of its letters.
        start: Offset in the text.
        stop: Offset behind it.
    """

    line: int
    end: int
    kind: str
    start: int
    stop: int


@dataclass(frozen=True)
class Scanned:
    """A text to look through, and the ending of its file's name (".py"): some rules depend on it."""

    text: str
    suffix: str


@dataclass(frozen=True)
class Detector:
    """One kind of secret.

    Attributes:
        kind: What it is called.
        pattern: Begins with a literal or a bounded class, so that no line makes it slow; group 1 is the secret, or all.
        hints: A text without any of these has none, which is quicker to see; none for all texts.
        is_real: Given it, the text around and its place there: is it more than an example?
    """

    kind: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    is_real: Callable[[str, str, int], bool]


def _row(
    kind: str, hints: str, pattern: str, is_real: Callable[[str, str, int], bool] = is_no_placeholder
) -> Detector:
    return Detector(kind, re.compile(pattern), tuple(hints.split()), is_real)


DETECTORS = (
    _row("AWS access key", "AKIA ASIA ABIA ACCA A3T", r"\b((?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16})\b"),
    _row("AWS secret key", "aws_ AWS_ aws- access_key accessKey AccessKey ACCESS_KEY",
         r"(?i:aws\w{0,30}(?:key|secret|token)|secret_?access_?key)\w{0,10}"
         r"[\"']?\s?[:=]>?\s?[\"']?([A-Za-z0-9/+]{40})(?![\w/+=])", is_aws_secret),
    _row("Azure client secret", "7Q~ 8Q~", r"(?<![\w~.-])([\w~.-]{3}[78]Q~[\w~.-]{31,34})(?![\w~.-])", is_specific),
    _row("Azure account key", "AccountKey=", r"AccountKey=([\w+/]{86}==)"),
    _row("Discord bot token", "", r"([MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,45})\b", is_specific),
    _row("Discord webhook", "/api/webhooks/",
         r"discord(?:app)?\.com/api/webhooks/(\d{17,20}/[\w-]{60,80})", is_specific),
    _row("Slack token", "xox", r"\b(xox[a-z]-[\w-]{20,250})", is_specific),
    _row("Slack webhook", "hooks.slack.com",
         r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Z0-9][\w/]{20,90})", is_specific),
    _row("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_", r"\b(gh[pousr]_\w{36,251}|github_pat_\w{36,100})"),
    _row("Google OAuth token", "ya29.", r"\b(ya29\.[\w-]{20,1000})", is_specific),
    _row("Google OAuth client secret", "GOCSPX-", r"\b(GOCSPX-[\w-]{20,40})", is_specific),
    _row("Square token", "sq0", r"\b(sq0(?:csp|atp)-[\w-]{22,43})", is_specific),
    _row("Stripe key", "_live_ _test_", r"\b((?:sk|rk)_(?:live|test)_[A-Za-z0-9]{20,200})", is_specific),
    _row("webhook signing secret", "whsec_", r"\b(whsec_[\w+/=-]{24,100})", is_specific),
    _row("OpenAI key", "T3BlbkFJ", r"\b(sk-[\w-]{16,200}T3BlbkFJ[\w-]{16,200})"),
    _row("Twilio key", "AC SK", r"\b((?:AC|SK)[a-f0-9]{32})\b", is_specific),
    _row("Telegram bot token", ":AA", r"\b(\d{8,10}:AA[\w-]{33})(?![\w-])", is_specific),
    _row("Hugging Face token", "hf_", r"\b(hf_[A-Za-z]{34})\b"),
    _row("JSON web token", "eyJ", r"\b(eyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{20,1000})", is_specific),
    _row("private key", "PRIVATE PuTTY",
         r"(-----BEGIN (?:[A-Z0-9 ]{1,20} )?PRIVATE KEY(?: BLOCK)?-----[^-]{0,10000})", is_key_body),
    _row("private key", "PRIVATE PuTTY", r"(PuTTY-User-Key-File-\d: \w[^~]{0,4000})"),
    _row("password in a URL", "://", _IN_URL.pattern, is_password),
    _row("bearer token", "earer oken EARER OKEN", r"(?i:bearer|token)\s{1,3}([\w.~+/-]{20,2000}=*)", is_drawn),
    _row("basic login", "asic ASIC", r"(?i:basic)\s{1,3}([A-Za-z0-9+/]{12,400}={0,2})", is_login),
    _row("password in a connection string", "wd assword WD ASSWORD",
         r"(?:[;\s\"'?&])(?i:pwd|password)\s?=\s?([^;\s\"'{}<>&()[\]]{8,100})(?=[;\s\"'&])", is_drawn),
    _row("login of a container registry", '"auth"',
         r"\"auth\"\s{0,3}:\s{0,3}\"([A-Za-z0-9+/]{12,400}={0,2})\"", is_login),
    _row("login in a netrc file", "machine default",
         r"(?:machine\s{1,3}\S{1,253}|default)\s{1,9}login\s{1,3}\S{1,200}\s{1,9}password\s{1,3}(\S{8,200})", is_drawn),
    _row("password in a pgpass file", ":",
         r"(?m)^[\w.*-]{1,253}:(?:\d{2,5}|\*):[\w*-]{1,63}:[\w.*-]{1,63}:([^\s:]{8,200})$", is_drawn),
    _row("JSON web key", "kty", r"[\"'](?:d|k)[\"']\s{0,3}:\s{0,3}[\"']([\w-]{22,1400})[\"']", is_web_key),
    _row("secret of one-time passwords", "otpauth://",
         r"otpauth://[^\s\"'?]{1,300}\?[^\s\"']{0,200}?secret=([A-Z2-7]{16,128})", is_specific),
    _row("Fernet key", "Fernet(", r"Fernet\(\s?b?[\"']([\w-]{43}=)[\"']"),
    _row("value under a secret's name", "",
         r"[=:,>]\s{0,3}(?:str)?\(?[brfuBRFU@]{0,2}[\"'`]{1,3}([^\"'`\s\\]{10,400})[\"'`]", is_named),
    _row("value under a secret's name", "", r"[:=]\s?([\w!#%&@^*.+/=~-]{12,400})(?=\s|\Z)", is_named),
)  # fmt: skip
"""What Kingfisher leaves to us. A value without quotes ends at a space or the line's end: else it is an expression."""


def find_secrets(texts: Sequence[Scanned]) -> list[list[Secret]]:
    """The secrets of each text, in the order of their places.

    Raises:
        ResourceError: The scanner cannot be run: nothing that was not looked through may go on.

    Example:
        >>> found = find_secrets([Scanned("a = 1\\nkey = 'AKIA" + "IOSFODNN7ABCDEFG'", ".py")])
        >>> [(secret.line, secret.kind) for secret in found[0]]
        [(2, 'AWS access key')]
    """
    return remembered_for(_find, texts, list[Secret])


def _find(texts: Sequence[Scanned]) -> list[list[Secret]]:
    found = [list(_by_detectors(scanned.text)) for scanned in texts]
    for at, secret in _by_kingfisher(texts):
        found[at].append(secret)
    return [_apart(secrets) for secrets in found]


def masked(text: str, secrets: Sequence[Secret]) -> str:
    """The text with each letter of its secrets replaced, of the same length and with the same lines.

    Escapes and quotes stay, so that code can still be parsed.

    Example:
        >>> masked("key = 'AKIA'", [Secret(1, 1, "a key", 7, 11)])
        "key = 'xxxx'"
    """
    for secret in secrets:
        inside = re.sub(
            r"\\.|[^\s\"'`]", lambda f: f[0] if len(f[0]) > 1 else "x", text[secret.start : secret.stop]
        )
        text = text[: secret.start] + inside + text[secret.stop :]
    return text


def _by_detectors(text: str) -> Iterator[Secret]:
    for detector in DETECTORS:
        if detector.hints and not any(hint in text for hint in detector.hints):
            continue
        for hint in islice(detector.pattern.finditer(text), MAX_HINTS):
            start, stop = hint.span(1)
            before = max(0, start - _BEFORE_CHARS)
            around = text[before : stop + _AFTER_CHARS]
            if detector.is_real(hint[1], around, start - before):
                yield _secret(text, detector.kind, start, stop)


def _secret(text: str, kind: str, start: int, stop: int) -> Secret:
    line = text.count("\n", 0, start) + 1
    return Secret(line, line + text.count("\n", start, stop), kind, start, stop)


def _by_kingfisher(texts: Sequence[Scanned]) -> Iterator[tuple[int, Secret]]:
    if not any(scanned.text for scanned in texts):
        return
    with tempfile.TemporaryDirectory(prefix="gardener-scan-") as folder:
        for at, scanned in enumerate(texts):
            (Path(folder) / f"{at}{scanned.suffix}").write_text(
                scanned.text, "utf-8", errors="replace", newline=""
            )
        for row in _answers(folder):
            at = int(Path(row.finding.path).name.partition(".")[0])
            secret = _located(texts[at].text, row)
            if secret is not None:
                yield at, secret


class _Finding(msgspec.Struct):
    path: str
    line: int
    snippet: str
    encoding: str = ""


class _Rule(msgspec.Struct):
    title: str
    description: str


class _Row(msgspec.Struct):
    """What Kingfisher prints of a finding."""

    rule: _Rule
    finding: _Finding


def _answers(folder: str) -> list[_Row]:
    from kingfisher import get_binary_path

    command = [
        get_binary_path(), "scan", folder, "--no-validate", "--no-update-check", "--git-history", "none", "--no-dedup",
        "--no-extract-archives", "--no-ignore", "--format", "jsonl", "--quiet",
    ]  # fmt: skip
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "TMPDIR", "KF_RULE_CACHE_DIR")
        if name in os.environ
    }
    try:
        done = subprocess.run(
            command, env=kept, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ResourceError(f"the scan for secrets did not run: {error}", hint=_HINT) from error
    if done.returncode not in _EXITS:
        said = done.stderr.strip().splitlines()
        raise ResourceError(
            f"the scan for secrets ended with {done.returncode}: {said[-1] if said else 'no message'}",
            hint=_HINT,
        )
    return [
        msgspec.json.decode(line, type=_Row)
        for line in done.stdout.splitlines()
        if line.startswith('{"rule"')
    ]


_HINT = "pip install -c constraints.txt kingfisher-bin; nothing is read before it works"
_EXITS = (0, 200, 205)
"""Nothing found; found; found and valid (which is never asked)."""


def _located(text: str, row: _Row) -> Secret | None:
    """Where a finding stands; None for a placeholder. What was found decoded is the whole run of letters."""
    lines = text.split("\n")
    number = min(row.finding.line, len(lines))
    begins = sum(len(line) + 1 for line in lines[: number - 1])
    start = -1 if row.finding.encoding else text.find(row.finding.snippet, begins)
    stop = start + len(row.finding.snippet)
    if start < 0:
        runs = [run.span() for run in _ENCODED.finditer(lines[number - 1]) if run[0]]
        low, high = max(runs, key=lambda run: run[1] - run[0], default=(0, len(lines[number - 1])))
        start, stop = begins + low, begins + high
    in_url = _IN_URL.search(
        text, max(start - _BEFORE_CHARS, text.rfind("\n", 0, start)), stop + _BEFORE_CHARS
    )
    if in_url and in_url.start() < stop and start < in_url.end():
        start, stop = in_url.span(1)
        real = is_password
    else:
        real = is_no_placeholder
    before = max(0, start - _BEFORE_CHARS)
    if not real(text[start:stop], text[before : stop + _AFTER_CHARS], start - before):
        return None
    return _secret(text, row.rule.description.rstrip("."), start, stop)


def _apart(secrets: list[Secret]) -> list[Secret]:
    """In order, each place once: of two that overlap the one that was found first has both."""
    kept: list[Secret] = []
    for secret in sorted(secrets, key=lambda one: (one.start, -one.stop)):
        if kept and secret.start < kept[-1].stop:
            if secret.stop > kept[-1].stop:
                last = kept.pop()
                kept.append(Secret(last.line, secret.end, last.kind, last.start, secret.stop))
            continue
        kept.append(secret)
    return kept
