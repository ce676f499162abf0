"""Where sentences end: abbreviations, code marks and open parentheses end none."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from codebase_gardener.documents.code_spans import code_spans
from codebase_gardener.documents.prose import without_title

__all__ = [
    "before_open_bracket",
    "cut_between_words",
    "first_sentence",
    "means_another",
    "sentence_spans",
    "sentences",
    "stands_alone",
]

_LONGEST = 20_000  # characters of a text that are looked at
_ABBREVIATION = re.compile(
    r"(?:^|[\s(*_])(?:(?:e\.g|i\.e|etc|cf|vs|resp|approx|al|fig|eq|ca|incl)|(?-i:No|[A-Z]))\.$", re.IGNORECASE
)
_LISTED = re.compile(r"(?<=[:;])\s\(?\d{1,2}\.$")
_CUT_SHORT = re.compile(r"(?:\A|[\s(])[A-Za-z]{1,4}\.\Z")
"""What may be a word cut short, such as "no.": where a small letter goes on, it is one."""
_STOP = re.compile(r"(?!(?:(?<=\s)\.|(?<=\s\.)\.)\s+[a-z])[.!?](?=[\s\"')\]]|$)")
"""A stop; dots that stand alone within a sentence, as the names of folders do, are none."""
_WORDLESS = re.compile(r"[^\w\s`\"'\[*+•-]+(?:\s|$)")
_BEGINNING = r"(?:The|This|That|These|An?|It|If|In|When|With|For|To|You|We|As|And|But|Not|No|Only|See|Specifically|Can)"
_OF_ITSELF = (
    r"(?:application|app|code ?base|crate|document\w*|extension|framework|gem|guide|library|module|package|page|plugin"
    r"|program|project|readme|repository|repo|section|software|tool|toolkit|version)s?\b"
)
_END = re.compile(
    rf"[.!?](?:[\"')\]*_”’]*\s+|(?={_BEGINNING}\s+[a-z]))"
)  # literals are joined without a space

_POINTS_BACK = re.compile(
    r"\W*(?:(?:also|then),?\s+)?(?:and|but|so|or|this|that|these|those|it|its|they|their|such|he|she|both|neither|note"
    r"|notes|however|instead|otherwise|alternatively|therefore|thus|hence|additionally|moreover|similarly|likewise)\b"
    rf"(?!-)(?!\s+{_OF_ITSELF})",
    re.IGNORECASE,
)
"""How a sentence begins that needs the one before it; "This library …" does not."""
_MEANS_ANOTHER = re.compile(
    r"\bsuch\s(?!as\b|that\b)\w|\b(?:(?:this|these|those)\s(?:concepts?|ideas?|functions?|methods?|cases?|reasons?|problems?|objects?|ways?"
    r"|approach(?:es)?)\b|the (?:former|latter|previous|preceding|above)\b"
    r"|(?:of|for|in|to|with|by|from|like|do) (?:this|that|these|those|such|so)(?=\s(?:is|are|was|can|would)\b|\W*\Z))",
    re.IGNORECASE,
)


def first_sentence(text: str, most: int = 0) -> str:
    """The first sentence of a text's first paragraph, on one line, as written; cut between words where it is longer.

    Example:
        >>> first_sentence("Loads it, e.g. from disk. Then more.\\n\\nOther."), first_sentence("A long title", 9)
        ('Loads it, e.g. from disk.', 'A long…')
        >>> first_sentence("Sets the no. of retries. It counts.")
        'Sets the no. of retries.'
    """
    paragraph = " ".join(without_title(text[:_LONGEST]).strip().split("\n\n", 1)[0].split())
    found = _up_to_its_end(paragraph)
    return cut_between_words(found, most) if most else found


def cut_between_words(text: str, most: int) -> str:
    """A text of one line with at most that many characters: half a word is no quote of its source.

    Example:
        >>> cut_between_words("A long title", 9), cut_between_words("A title", 9)
        ('A long…', 'A title')
    """
    if len(text) <= most:
        return text
    return (before_open_bracket(text[:most].rpartition(" ")[0].rstrip()) or text[: most - 1]) + "…"


def before_open_bracket(text: str) -> str:
    """A text that was cut, without the bracket that the cut left open, where that is not most of it.

    Example:
        >>> before_open_bracket("A pot of red clay (made"), before_open_bracket("A (small) pot")
        ('A pot of red clay', 'A (small) pot')
    """
    opened: list[int] = []
    for at, sign in enumerate(text):
        if sign == "(":
            opened.append(at)
        elif sign == ")" and opened:
            opened.pop()
    return text[: opened[0]].rstrip(" ,;:") if opened and opened[0] > len(text) // 2 else text


def _up_to_its_end(paragraph: str) -> str:
    for stop in _STOP.finditer(paragraph):
        found = paragraph[: stop.end()]
        if listed := _LISTED.search(found[-8:]):  # "…: 1." is where a list begins
            return found[: len(found) - len(listed[0])].rstrip()
        goes_on = _CUT_SHORT.search(found[-6:]) and re.match(r"\s[a-z]", paragraph[stop.end() :][:2])
        if not goes_on and not _ABBREVIATION.search(found[-12:]) and found.count("(") <= found.count(")"):
            return found
    return paragraph


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, each as written.

    Example:
        >>> sentences("Use it, e.g. on disk. It may be slow.")
        ['Use it, e.g. on disk.', 'It may be slow.']
    """
    return [text[start:end].strip() for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a paragraph stand, one after the other, with the white space after each.

    Example:
        >>> list(sentence_spans("Call `a. B`, e.g. Here. Then go."))
        [(0, 24), (24, 32)]
    """
    spans = code_spans(text)
    starts = [start for start, *_ in spans]
    begin = 0
    for match in _END.finditer(text):
        inside = bisect_right(starts, match.start()) - 1
        if inside >= 0 and match.start() < spans[inside][1]:
            continue
        following = text[match.end() : match.end() + 1]
        if (
            following.islower()
            or following in ("(", "—", "–", "")
            or _WORDLESS.match(text, match.end())
            or _ABBREVIATION.search(text[max(begin, match.start() - 8) : match.start() + 1])
        ):
            continue
        yield begin, match.end()
        begin = match.end()
    if begin < len(text):
        yield begin, len(text)


def stands_alone(sentence: str) -> bool:
    """Whether a sentence can be quoted without the one before it: it means nothing that stands there.

    Example:
        >>> [stands_alone(one) for one in ("This pot boils.", "This library boils.", "Pot takes this concept further.")]
        [False, True, False]
    """
    return not _POINTS_BACK.match(sentence) and not means_another(sentence)


def means_another(sentence: str) -> bool:
    """Whether a sentence has words that are told before it, as "such functions"."""
    return bool(_MEANS_ANOTHER.search(sentence))
