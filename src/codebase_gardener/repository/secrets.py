"""Files that hold a secret, by detect-secrets' patterns, without its network verification.

detect-secrets as it ships takes 28 s for peft, click, flask and httpx, and calls 37 places in 19 of their files
secrets. Here a cheap hint finds the few places worth a detector, and `plausibility` tells
`https://user:password@…` from the real thing: under a second, and 2 files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any

from codebase_gardener.repository.plausibility import (
    anything,
    is_key_body,
    is_no_placeholder,
    is_password,
    is_random_value,
)

__all__ = ["DETECTORS", "Detector", "secret_problem"]

_BEFORE_CHARS, _AFTER_CHARS = 100, 600
"""What a detector sees around a hint: bounded, so that no line makes its patterns slow."""

MAX_HINTS = 5_000
"""Of one kind in one file: no file of tokens takes minutes."""


@dataclass(frozen=True)
class Detector:
    """One kind of secret.

    Attributes:
        hint: Where to look: begins with a literal, so that it is cheap; never misses what the detector would find.
        plugin: Module and class in `detect_secrets.plugins`; None where the hint is the pattern itself.
        kind: How the reason calls it; "" for the plugin's own `secret_type`.
        is_real: Given the text around, the hint's offset in it and what was found: is it more than an example?
    """

    hint: re.Pattern[str]
    plugin: tuple[str, str] | None
    kind: str = ""
    is_real: Callable[[str, int, str], bool] = is_no_placeholder


def secret_problem(text: str) -> str | None:
    """Which kind of secret stands on which line, never the secret itself; None where there is none.

    Example:
        >>> secret_problem("a = 1\\nkey = 'AKIA" + "IOSFODNN7ABCDEFG'")
        'secret: AWS Access Key at line 2'
    """
    first = min(_found(text), default=None)
    return f"secret: {first[2]} at line {first[0]}" if first else None


def _found(text: str) -> Iterator[tuple[int, int, str]]:
    """The first place of each kind: its line, the detector's rank, the kind."""
    for rank, detector in enumerate(DETECTORS):
        for hint in islice(detector.hint.finditer(text), MAX_HINTS):
            start = max(0, hint.start() - _BEFORE_CHARS)
            around = text[start : hint.end() + _AFTER_CHARS]
            secret = _secret(detector, around, hint, start)
            if secret is not None and detector.is_real(around, hint.start() - start, secret):
                kind = detector.kind or _plugin(detector).secret_type
                yield text.count("\n", 0, hint.end()) + 1, rank, kind
                break


def _secret(detector: Detector, around: str, hint: re.Match[str], start: int) -> str | None:
    if detector.plugin is None:
        return hint.group()
    line_start = around.rfind("\n", 0, hint.start() - start) + 1
    line = around[line_start:].partition("\n")[0]
    return next(iter(_plugin(detector).analyze_string(line)), None)


@cache
def _plugin(detector: Detector) -> Any:
    """Imported at the first hint: detect-secrets takes 0.2 s to load."""
    module, name = detector.plugin or ("", "")
    return getattr(import_module(f"detect_secrets.plugins.{module}"), name)()


def _row(
    hint: str,
    plugin: tuple[str, str] | None,
    kind: str = "",
    is_real: Callable[..., bool] = is_no_placeholder,
) -> Detector:
    return Detector(re.compile(hint), plugin, kind, is_real)


_RANDOM = "random value under a secret's name"

DETECTORS = (
    _row(r"A(?:3T|BIA|CCA|KIA|SIA)", ("aws", "AWSKeyDetector")),
    _row(r"[Aa][Ww][Ss]", ("aws", "AWSKeyDetector")),
    _row(r"AccountKey=", ("azure_storage_key", "AzureStorageKeyDetector")),
    _row(r"://[^:/?#@\s]*:[^/?#@\s]+@", None, "password in a URL", is_password),
    _row(r"\.[\w-]{6}\.[\w-]{27}", ("discord", "DiscordBotTokenDetector")),
    _row(r"gh[pousr]_", ("github_token", "GitHubTokenDetector")),
    _row(r"github_pat_\w{36}", None, "GitHub Token"),
    _row(r"gl[a-z]{2,6}-|GR1348941", ("gitlab_token", "GitLabTokenDetector")),
    _row(r"AIza[\w-]{35}\b", None, "Google API Key"),
    _row(r"hf_[A-Za-z]{34}\b", None, "Hugging Face Token"),
    _row(r"eyJ", ("jwt", "JwtTokenDetector")),
    _row(r"-us\d", ("mailchimp", "MailchimpDetector")),
    _row(r":_authToken=", ("npm", "NpmDetector")),
    _row(r"T3BlbkFJ", ("openai", "OpenAIDetector")),
    _row(r"sk-ant-[\w-]{32}", None, "Anthropic API Key"),
    _row(r"BEGIN (?=[A-Z0-9 ]*PRIVATE KEY)", ("private_key", "PrivateKeyDetector"), "", is_key_body),
    _row(r"BEGIN ENCRYPTED (?=PRIVATE KEY)", None, "Private Key", is_key_body),
    _row(r"PuTTY-User-Key-File-\d: \w", None, "Private Key", anything),
    _row(r"pypi-AgE", ("pypi_token", "PypiTokenDetector")),
    _row(r"SG\.", ("sendgrid", "SendGridDetector")),
    _row(r"xox[a-z]-", ("slack", "SlackDetector")),
    _row(r"hooks\.slack\.com", ("slack", "SlackDetector")),
    _row(r"sq0csp-", ("square_oauth", "SquareOAuthDetector")),
    _row(r"[rs]k_live_", ("stripe", "StripeDetector")),
    _row(r":AA[\w-]{33}", ("telegram_token", "TelegramBotTokenDetector")),
    _row(r"AC(?=[a-z0-9]{32}\b)|SK(?=[a-z0-9]{32}\b)", ("twilio", "TwilioKeyDetector")),
    _row(r"""[:=>] ?["'][\w+/=-]{24,200}["']""", None, _RANDOM, is_random_value),
    _row(r"=[\w+/=-]{24,200}(?=\n|\Z)", None, _RANDOM, is_random_value),
)
"""What counts as a secret. Left out of detect-secrets' list: Artifactory, Cloudant, IBM and SoftLayer (patterns
that match ordinary words), public IP addresses, and every string assigned to a name such as `password`."""
