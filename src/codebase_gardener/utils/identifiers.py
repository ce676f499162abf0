"""The words of an identifier, written in CamelCase, snake_case or kebab-case."""

from __future__ import annotations

import re

__all__ = ["identifier_words", "title_words"]

_WORD = re.compile(r"(?:[A-Z]+(?![^\W\dA-Z_])|[A-Z]?[^\W\dA-Z_]+|\d+(?:[^\W\dA-Z_]{1,3}(?![^\W\dA-Z_]))?)\d*")
_APART_BY = re.compile(r"[\W_]+")
_APART = {"To", "By", "Of", "In", "On"}


def identifier_words(name: str) -> list[str]:
    """The words as written; a figure belongs to the word before it, or begins one: "4bit".

    Example:
        >>> identifier_words("getHTTPHeader_v2"), identifier_words("größe-max"), identifier_words("load_4bit")
        (['get', 'HTTP', 'Header', 'v2'], ['größe', 'max'], ['load', '4bit'])
    """
    return _WORD.findall(name)


def title_words(name: str) -> list[str]:
    """The words as a title has them: short ones in capitals stay with their neighbours.

    Example:
        >>> title_words("prepare_model_for_kbit"), title_words("AutoPEFTModel"), title_words("VBLoRAConfig")
        (['prepare', 'model', 'for', 'kbit'], ['Auto', 'PEFT', 'Model'], ['VBLoRA', 'Config'])
        >>> title_words("bnb_Linear4bit"), title_words("Conv2d_ToDevice")
        (['bnb', 'Linear4bit'], ['Conv2d', 'To', 'Device'])
    """
    return [word for part in _APART_BY.split(name) for word in _joined(identifier_words(part))]


def _joined(words: list[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        last = found[-1] if found else ""
        short = min(len(word), len(last)) < 3 or (last[-1:].isdigit() and len(word) < 4)
        if found and short and not {word, last} & _APART:
            found[-1] += word
        else:
            found.append(word)
    return found
