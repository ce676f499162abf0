"""Words by their stems: forms of a word, short forms of programmers and the words of a name are one."""

from __future__ import annotations

import re
import threading
from functools import lru_cache

from Stemmer import Stemmer

from codebase_gardener.utils.identifiers import identifier_words

__all__ = ["SHORT_FORMS", "stem", "stems"]

SHORT_FORMS = {
    "app": "application", "arg": "argument", "auth": "authentication", "cfg": "configuration",
    "config": "configuration", "dir": "directory", "doc": "documentation", "env": "environment",
    "func": "function", "init": "initialization", "max": "maximum", "min": "minimum", "msg": "message",
    "param": "parameter", "repo": "repository",
    "req": "request", "resp": "response", "temp": "temporary", "tmp": "temporary",
}  # fmt: skip
"""Words that programmers cut short, for what they say in prose."""

_IRREGULAR = (
    "begin began begun", "break broke broken", "bring brought", "build built", "buy bought", "catch caught",
    "choose chose chosen", "come came", "deal dealt", "draw drew drawn", "drive drove driven", "eat ate eaten",
    "fall fell fallen", "forget forgot forgotten", "freeze froze frozen", "get got gotten", "give gave given",
    "go goes went gone", "grow grew grown", "hear heard", "hide hid hidden", "hold held", "keep kept",
    "know knew known", "lead led", "lend lent", "lose lost", "make made", "mean meant", "meet met", "pay paid",
    "ride rode ridden", "rise rose risen", "run ran", "say said", "sell sold", "send sent", "shake shook shaken",
    "show shown", "shrink shrank shrunk", "sleep slept", "speak spoke spoken", "spend spent", "stand stood",
    "steal stole stolen", "strike struck", "swear swore sworn", "take took taken", "teach taught", "tell told",
    "think thought", "throw threw thrown", "understand understood", "wake woke woken", "wear wore worn", "win won",
    "write wrote written",
)  # fmt: skip
"""Verbs whose forms no rule makes; not those of which a form is a word of its own, as "left", "found" and "bound"."""
_BASE_FORMS = {form: base for base, *forms in map(str.split, _IRREGULAR) for form in forms}

_NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen twenty"
)
_ORDINALS = (
    "fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth sixteenth"
    " seventeenth eighteenth nineteenth twentieth"
)
_IN_FIGURES = {
    word: str(number)
    for words, first in ((_NUMBERS, 2), (_ORDINALS, 4))  # "second" and "third" say more than a number
    for number, word in enumerate(words.split(), first)
}
_FIGURES = re.compile(r"\d+|\D+")  # who asks for "4 bit" means "4bit", too
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
_RUN = re.compile(r"\w{1,80}")
_BRITISH_OUR = re.compile(r"(?<=[a-z]{2})our(?=(?:s|ed|ing|al|able)?\Z)")
_BRITISH_S = re.compile(r"(?<=[a-z]{2}i)s(?=(?:e[ds]?|ing|ations?)\Z)")
_OF_THREAD = threading.local()


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """What the forms of an English word have in common, by Snowball's rules (https://snowballstem.org).

    Example:
        >>> [stem(word) for word in ("merge", "merging", "compression", "queries", "colour", "initialise")]
        ['merg', 'merg', 'compress', 'queri', 'color', 'initi']
    """
    stemmer = getattr(_OF_THREAD, "stemmer", None)
    if stemmer is None:  # it keeps the word that it works on: each thread has its own
        stemmer = _OF_THREAD.stemmer = Stemmer("english")
    word = _BASE_FORMS.get(word, word)
    found: str = stemmer.stemWord(_BRITISH_OUR.sub("or", _BRITISH_S.sub("z", word)))
    return found


def stems(text: str) -> list[str]:
    """The stems of a text's words; a name in CamelCase or snake_case gives those of its words.

    Example:
        >>> stems("HTTPBasicAuth load_in_4bit"), stems("every tenth")
        (['http', 'basic', 'authent', 'load', 'in', '4', 'bit'], ['everi', '10'])
    """
    return [one for run in _RUN.findall(_UNSPACED.sub(_pairs, text)) for one in _stems_of(run)]


def _pairs(run: re.Match[str]) -> str:
    """Of a script that puts no blanks between words: every two letters that follow one another."""
    letters = run[0]
    return f" {' '.join(letters[at : at + 2] for at in range(max(1, len(letters) - 1)))} "


@lru_cache(maxsize=100_000)
def _stems_of(run: str) -> tuple[str, ...]:
    words = [part.lower() for word in identifier_words(run) for part in _FIGURES.findall(word)]
    words = [_IN_FIGURES.get(word, word) for word in words]
    return tuple(
        stem(SHORT_FORMS.get(word) or SHORT_FORMS.get(word.removesuffix("s"), word)) for word in words
    )
