"""Words by their stems: forms of a word, short forms of programmers and the words of a name are one."""

from __future__ import annotations

import re
from functools import lru_cache

from codebase_gardener.utils.identifiers import identifier_words

__all__ = ["SHORT_FORMS", "stem", "stems"]

SHORT_FORMS = {
    "app": "application", "arg": "argument", "auth": "authentication", "cfg": "configuration",
    "config": "configuration", "dir": "directory", "doc": "documentation", "env": "environment",
    "func": "function", "init": "initialization", "msg": "message", "param": "parameter", "repo": "repository",
    "req": "request", "resp": "response", "temp": "temporary", "tmp": "temporary",
}  # fmt: skip
"""Words that programmers cut short, for what they say in prose."""

_FIGURES = re.compile(r"\d+|\D+")  # who asks for "4 bit" means "4bit", too
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_RUN = re.compile(r"\w{1,80}")
_ENDINGS = (  # of a word, what becomes of it; the first that leaves a stem of 3 letters with a vowel
    ("ies", "y"), ("ings", ""), ("ing", ""), ("ied", "y"), ("ed", ""), ("es", "e"), ("s", ""),
)  # fmt: skip
_KEPT = ("ss", "us", "is", "eed")
_VOWEL = re.compile(r"[aeiouy]")


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word without its plural, -ing or -ed, and without the e at its end.

    Example:
        >>> [stem(word) for word in ("merge", "merging", "merged", "setting", "string", "class", "queries")]
        ['merg', 'merg', 'merg', 'set', 'string', 'class', 'query']
    """
    for ending, instead in _ENDINGS:
        left = word.removesuffix(ending)
        if left != word and not word.endswith(_KEPT) and len(left) >= 3 and _VOWEL.search(left):
            doubled = not instead and ending != "s" and left[-1] == left[-2] and left[-1] not in "lsz"
            word = left[:-1] if doubled else left + instead
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def stems(text: str) -> list[str]:
    """The stems of a text's words; a name in CamelCase or snake_case gives those of its words.

    Example:
        >>> stems("HTTPBasicAuth load_in_4bit")
        ['http', 'basic', 'authentication', 'load', 'in', '4', 'bit']
    """
    return [one for run in _RUN.findall(_UNSPACED.sub(_pairs, text)) for one in _stems_of(run)]


def _pairs(run: re.Match[str]) -> str:
    """Of a script that puts no blanks between words: every two letters that follow one another."""
    letters = run[0]
    return f" {' '.join(letters[at : at + 2] for at in range(max(1, len(letters) - 1)))} "


@lru_cache(maxsize=100_000)
def _stems_of(run: str) -> tuple[str, ...]:
    words = [part.lower() for word in identifier_words(run) for part in _FIGURES.findall(word)]
    return tuple(
        stem(SHORT_FORMS.get(word) or SHORT_FORMS.get(word.removesuffix("s"), word)) for word in words
    )
