"""The script that a document is written in, beside the Latin one of code and names."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

__all__ = ["LATIN", "script_of"]

LATIN = ""
_READ = 40_000
"""Characters: a document does not change its script."""
_SHARE = 4
"""One letter of so many: names and code stand in Latin in every text, and letters of others in none but theirs."""
_CODE = re.compile(
    r"^[ \t]*(`{3,}+|~{3,}+)[^\n]*+\n(?:(?![ \t]*\1)[^\n]*\n)*+[^\n]*|`[^`\n]{0,200}`|https?://\S+",
    re.MULTILINE,
)
_ALIKE = {"HIRAGANA": "CJK", "KATAKANA": "CJK"}
"""Japanese is written in these with Chinese characters."""


def script_of(text: str) -> str:
    """As Unicode names its letters: "HANGUL", "CYRILLIC", "CJK"; "" for Latin, and where there are no letters.

    Example:
        >>> script_of("A pot that boils, as a котёл does."), script_of("Котёл — это `Pot`.")
        ('', 'CYRILLIC')
    """
    counts: Counter[str] = Counter()
    for letter, count in Counter(_CODE.sub(" ", text[:_READ])).items():
        if letter.isalpha():
            name = "LATIN" if letter.isascii() else re.split(r"[ -]", unicodedata.name(letter, "LATIN"))[0]
            counts[_ALIKE.get(name, name)] += count
    whole = counts.total()
    script, count = max(
        ((name, count) for name, count in counts.items() if name != "LATIN"),
        key=lambda one: (one[1], one[0]),
        default=(LATIN, 0),
    )
    return script if count * _SHARE >= whole else LATIN
