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
    "lead_free",
    "means_another",
    "sentence_spans",
    "sentences",
    "stands_alone",
    "takes_back",
    "told_alone",
    "whole_remarks",
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
_QUOTE_GOES_ON = re.compile(r"[\"')\]]+,?\s+[a-z]")
"""What follows a stop within quotes, after which the sentence goes on."""
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
_LEADS_ON = re.compile(r"(?:\s*[,;—–]\s*\w+(?:\s\w+)?)?\s*:+\Z")
"""The end of a sentence that leads to a list or to code: ", including:"; nothing follows its quote."""
_SHORTEST_TOLD = 3  # words that say something
_UNFINISHED = re.compile(
    r"\b(?:an?|the|of|like|as|with|by|from|to|for|in|on|at|are|is|be|was|has|have|and|or|either|using|via|than|so"
    r"|includes?|including|e\.g\.?|i\.e\.?|namely|looks?)\s*\Z",
    re.IGNORECASE,
)
"""The end of words that go on in what follows."""
_SHOWS_NEXT = re.compile(
    r"\A\W*(?:(?:for|as an|another|a (?:quick|simple|full|complete)) (?:example|instance)"
    r"|examples?|usage|output|result|note)\W*\Z"
    r"|\A\W*(?:(?:now|so|first|next|then),?\s+)?(?:consider|imagine|suppose|here(?:.s|\sis|\sare)|below\b"
    r"|let(?:.s|\sus)\s(?:say|take|look|consider|assume|imagine|suppose))\b"
    r"|\b(?:like (?:this|so|that)|(?:this|the) following|as follows|following (?:code|examples?|snippets?|lines?)"
    r"|(?:shown|given|listed|described|see|examples?|code|snippets?|commands?) (?:above|below))\b",
    re.IGNORECASE,
)
"""What a sentence has that only shows what follows it."""
_ONLY_POINTS = re.compile(
    r"\A\W*(?:(?:please|also|for\b[^,]{1,80},)\s+){0,2}(?:see|refer to|read|visit|check out|consult|head (?:over )?to"
    r"|(?:take|have) a look at|(?:more|further) (?:details?|information)\b|learn more)\b",
    re.IGNORECASE,
)
"""How a sentence begins that only says where more is told."""
_TAKES_BACK = re.compile(
    r"\A\W*(?:but|however|yet|still|nevertheless|nonetheless|that said|on the other hand|unfortunately|deprecated)\b"
    r"|\b(?:is|are|was|were|been|be|now|considered)\s+(?:\w+\s+)?(?:deprecated|obsolete|discouraged|superseded)\b"
    r"|\b(?:use|prefer|call|try|see)\b[^.;]{1,100}\binstead\b(?!\s+of)|\A\W*instead\b(?!\s+of)"
    r"|\b(?:do\snot|don.t|never|should\snot|shouldn.t|avoid)\s+(?:\w+\s+){0,2}?(?:do|doing|use|using)"
    r"\s+(?:this|it|that|these)\b"
    r"|\b(?:bad (?:idea|practice)|anti-?pattern|not recommended)\b",
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
        goes_on = goes_on or _QUOTE_GOES_ON.match(paragraph, stop.end())
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


def whole_remarks(text: str) -> list[str]:
    """The sentences of a paragraph, each with the next ones where those take it back.

    Example:
        >>> whole_remarks("Fire it. But do not use this. Then bake.")
        ['Fire it. But do not use this.', 'Then bake.']
    """
    found: list[str] = []
    for sentence in sentences(text):
        if found and takes_back(sentence):
            found[-1] = f"{found[-1]} {sentence}"
        else:
            found.append(sentence)
    return found


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


def told_alone(sentence: str) -> str:
    """The words of a sentence that tell something where what follows it is not shown.

    Without the colon that leads there; "" where all of it only leads there, or says where more is told.

    Example:
        >>> told_alone("Heat the pot:"), told_alone("For example:"), told_alone("It is a short form of:")
        ('Heat the pot', '', '')
        >>> told_alone("Consider this pot."), told_alone("See the guide."), told_alone("Pots are hot.")
        ('', '', 'Pots are hot.')
    """
    said = sentence.strip()
    if _SHOWS_NEXT.search(said) or _ONLY_POINTS.match(said):
        return ""
    if not said.endswith(":"):
        return said
    said = lead_free(said)
    return "" if len(said.split()) < _SHORTEST_TOLD or _UNFINISHED.search(said) else said


def lead_free(text: str) -> str:
    """Without the colon at its end, and a word or two that only lead there.

    Example:
        >>> lead_free("Bake pots, for example:"), lead_free("Bake pots.")
        ('Bake pots', 'Bake pots.')
    """
    return _LEADS_ON.sub("", text) if text.endswith(":") else text


def takes_back(sentence: str) -> bool:
    """Whether a sentence qualifies or retracts what stands before it: that is not quoted without it.

    Example:
        >>> [takes_back(one) for one in ("But it is slow.", "Butter melts.", "Use `pot` instead.", "Use a lid.")]
        [True, False, True, False]
    """
    return bool(_TAKES_BACK.search(sentence))
