"""What a model may write on a page: prose that names, counts and quotes only what is in the facts it was given.

The check is a table of rules, `CHECKS`. It is deterministic and takes time linear in the text. It cannot tell
whether a sentence is true; it makes sure that every name, number and quote in it is real.
"""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.documents.code_spans import code_spans, edited
from codebase_gardener.documents.sentences import sentences

__all__ = ["CHECKS", "Allowed", "ProseCheck", "Problem", "check_prose", "code_words", "known_names"]

_WORD = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")  # names, dotted names
_TOKEN = re.compile(r"(?<![\w./-])[\w./-]+")  # also paths
_NUMBER = re.compile(r"(?:(?<!\w)|(?<=\bv))\d[\d_]*(?:,\d{3}(?!\d))*(?:\.\d+)*")
_MIXED = re.compile(r"(?<!\w)\d+[^\W\d]\w*")  # 2D, 4bit
_ANCHOR = re.compile(
    r"(?<![\w./-])[\w./-]+:L?\d+(?:-L?\d+)?|#L\d+(?:-L?\d+)?|\bL\d+(?:-L?\d+)?\b|\blines?\s+\d+", re.I
)
_CAMEL = re.compile(r"[^\W\d_]*[a-z][A-Z]|[A-Z]{2,}[a-z]")
_FLAG = re.compile(r"(?<![\w-])--[A-Za-z][\w-]*")
_QUOTES = re.compile(r"\"([^\"]*)\"|“([^“”]*)”|«([^«»]*)»|‹([^‹›]*)›|‘([^‘’]*)’|(?<!\w)'([^'\n]+)'(?!\w)")
_CALL = re.compile(r"(?<!\w)([^\W\d]\w*)\((?!e?s\))")  # "file(s)" is none
_KIND = "(?:class|function|method|module)"
_OF_KIND = re.compile(rf"(?<=[a-z,] )([A-Z]\w+) {_KIND}\b|(?<!\w){_KIND} ([A-Z]\w+)")
_ROMAN = re.compile(r"\b(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})\b")
_WIKI_LINK = re.compile(r"\[\[[^\[\]]*\]\]")
_ENDING = re.compile(r"[.!?…][)\"'”’»*_`]*\Z")
_UNSEEN = frozenset(["Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"])
_MAX_PARTS = 32  # of a name that is kept with its tails
_SHORT_CHARS = 12  # a sentence this short may come twice
_LANGUAGE = frozenset(dir(builtins)) | frozenset(keyword.kwlist)

ABBREVIATIONS = frozenset({"e.g", "i.e", "a.k.a", "a.m", "p.m"})
"""Dotted words that are no names."""

NUMBER_WORDS = {
    word: number
    for number, words in {
        "0": "zero", "2": "two twice double", "3": "three thrice triple", "4": "four quadruple", "5": "five",
        "6": "six", "7": "seven", "8": "eight", "9": "nine", "10": "ten", "11": "eleven", "12": "twelve dozen dozens",
        "13": "thirteen",
        "14": "fourteen", "15": "fifteen", "16": "sixteen", "17": "seventeen", "18": "eighteen", "19": "nineteen",
        "20": "twenty", "30": "thirty", "40": "forty", "50": "fifty", "60": "sixty", "70": "seventy", "80": "eighty",
        "90": "ninety", "100": "hundred hundreds", "1000": "thousand thousands", "1000000": "million millions",
        "1000000000": "billion billions",
    }.items()
    for word in words.split()
}  # fmt: skip
"""Numbers in words count as numbers. "one" is left out: it is a pronoun more often than a figure."""

_NUMBER_WORDS = re.compile(r"\b(?:{0})(?:[\s-]+(?:and\s+)?(?:{0}))*\b".format("|".join(NUMBER_WORDS)), re.I)

BLOCKS: dict[str, str] = {
    r"^ {0,3}#{1,6}(\s|$)": "a heading",
    r"^\s*[-=*_](?:\s*[-=*_]){2,}\s*$|^\s*=+\s*$|^\s*-+\s*$": "a rule, an underlined heading or front matter",
    r"^\s*(?:[-*+]\s+)*(?:`{3,}|~{3,})": "a code block or diagram",
    r"^(?: {4}|\t)": "indented code",
    r"^\s*>": "a block quote",
    r"^\s*\d+[.)]\s": "a numbered list",
    r"^\s*\[[^\]]*\]:": "a link definition",
    r"\\`|`[.(]\w": "code marks that are escaped or joined with a word",
}
"""Markdown that would change the page around the prose, by the line it is on. Paragraphs and bullets are left."""

INLINE: dict[str, str] = {
    r"\]\s*[(\[]|!\[|\[\^|\[\[|\]\]": "a link or an image",
    r"://|\bwww\.|\bmailto:|\bjavascript:": "an address",
    r"<[A-Za-z/!?]": "HTML",
    r"&#?\w+;": "an HTML entity",
    r"\|": "a table's bar",
    r"\{\{|\{%|\$\$": "a template or formula",
    r"\w\*+\w|\w~~\w": "emphasis inside a word",
}
"""The same inside of a line, outside of code marks."""

REFUSALS: dict[str, str] = {
    r"\bas an ai\b|\bas a (?:large )?language model,? i\b|\bi(?:'m| am) (?:sorry|unable|an ai)\b": "speaks of itself",
    r"\bi (?:can(?:no|')?t|could(?: no|n')t|will not|won't|do(?: no|n')t|have|am|would|need)\b": "speaks of itself",
    r"^\W*(?:sure|certainly|of course|here(?:'s| is| are)|okay|understood)\b[^.\n]*[:!,]": "answers a person",
    r"\b(?:rewritten|improved|revised|requested) (?:text|section|prose)\b": "speaks of its task",
    r"<\|?/?(?:think|im_start|im_end|end|assistant|user|system)": "leaks its template",
}
"""Answers that are no prose for a page."""


@dataclass(frozen=True)
class Problem:
    """Why a text is refused: `kind` is a key of `CHECKS`."""

    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


@dataclass(frozen=True)
class Allowed:
    """What a text may speak of.

    Attributes:
        names: Names of the repository, with their tails (`known_names`); shared by all pages.
        sources: Texts that are real: quoted lines, the computed text, names and figures of the page.
        anchors: Those that may be repeated, as they are written.
        links: Wiki links that may be repeated: "[[step::Principle:a_b]]".
        forbidden: Parts of the prompt that no answer may repeat.
        max_chars: Of the text.
        max_sentences: Of the text; 0: any number, and more than one paragraph.
    """

    names: AbstractSet[str] = frozenset()
    sources: tuple[str, ...] = ()
    anchors: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    max_chars: int = 1500
    max_sentences: int = 0

    @cached_property
    def text(self) -> str:
        """All sources with white space collapsed: where quotes must be."""
        return " ".join("\n".join(self.sources).split())

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name, dotted name, path and flag of the sources, with their tails."""
        return known_names(
            match.group().strip("./-" if pattern is _TOKEN else "")
            for pattern in (_WORD, _TOKEN, _FLAG, _MIXED)
            for match in pattern.finditer("\n".join(self.sources))
        )

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Every number of the sources, those in words and those of versions; numbers of lines are none."""
        text = _ANCHOR.sub(" ", "\n".join(self.sources))
        return frozenset(_numbers(text))

    def knows(self, name: str) -> bool:
        """Whether the repository or the facts have a name, a dotted name, a path or a flag."""
        return name in self.words or name in self.names


def known_names(names: Iterable[str]) -> frozenset[str]:
    """Names and paths with all their tails and parts: "a.B.c" gives "a.B.c", "B.c", "a", "B" and "c".

    Example:
        >>> sorted(known_names(["a.B.c"]))
        ['B', 'B.c', 'a', 'a.B.c', 'c']
    """
    found: set[str] = set()
    for name in names:
        folders, _, last = name.rpartition("/")
        for text, separator in ((name, "/"), (last, "."), (folders, "/")):
            parts = text.split(separator)[-_MAX_PARTS:]
            found.update(parts)
            found.update(separator.join(parts[at:]) for at in range(len(parts)))
        found.add(name)
    found.discard("")
    return frozenset(found)


def code_words(text: str) -> set[str]:
    """Words that look like code wherever they stand: CamelCase, snake_case, dotted, with digits.

    Example:
        >>> sorted(code_words("PyTorch runs train_step on GPUs, e.g. in a.b."))
        ['PyTorch', 'a.b', 'train_step']
    """
    return {match.group() for match in _WORD.finditer(text) if _looks_like_code(match.group())}


def check_prose(text: str, allowed: Allowed) -> list[Problem]:
    """Everything that speaks against a text; an empty list: it may stand on the page.

    Args:
        text: What a model wrote, with "\\n" as the line's end.
        allowed: What it may speak of.
    """
    if len(text) > allowed.max_chars:  # the rest would be long work
        return [Problem("length", f"{len(text)} characters, at most {allowed.max_chars}")]
    return [Problem(kind, detail) for kind, check in CHECKS.items() for detail in check.find(text, allowed)]


def _empty(text: str, allowed: Allowed) -> Iterator[str]:
    if not any(character.isalpha() for character in text):
        yield ""


def _control(text: str, allowed: Allowed) -> Iterator[str]:
    """Also what is not seen or turns the direction of reading, in which a name can hide."""
    for character in text:
        if character != "\n" and unicodedata.category(character) in _UNSEEN:
            yield f"U+{ord(character):04X}"
            return


def _refusal(text: str, allowed: Allowed) -> Iterator[str]:
    for pattern, why in REFUSALS.items():
        if re.search(pattern, text, re.IGNORECASE):
            yield why


def _echo(text: str, allowed: Allowed) -> Iterator[str]:
    flat = " ".join(text.split()).lower()
    if any(part.lower() in flat for part in allowed.forbidden):
        yield "repeats its instructions"


def _markup(text: str, allowed: Allowed) -> Iterator[str]:
    outside = _without_links(_outside_code(text), allowed)
    for line in text.split("\n"):
        yield from (why for pattern, why in BLOCKS.items() if re.search(pattern, line))
    yield from (why for pattern, why in INLINE.items() if re.search(pattern, outside, re.IGNORECASE))
    if "`" in outside:
        yield "unbalanced code marks"


def _unfinished(text: str, allowed: Allowed) -> Iterator[str]:
    if text.strip() and not _ENDING.search(text.strip()):
        yield "no sentence's end"


def _sentences(text: str, allowed: Allowed) -> Iterator[str]:
    if not allowed.max_sentences:
        return
    if len(sentences(text.strip())) > allowed.max_sentences or "\n" in text.strip():
        yield f"more than {allowed.max_sentences} on one line"


def _repeated(text: str, allowed: Allowed) -> Iterator[str]:
    """What small models do when they have nothing to say."""
    found = [
        " ".join(sentence.lower().split()).rstrip(".!?…")
        for part in re.split(r"\n\s*\n|\n(?=[-*+] )", text)
        for sentence in sentences(part)
    ]
    counts = Counter(part for part in found if len(part) > _SHORT_CHARS)
    yield from (part for part, count in counts.items() if count > 1)


def _anchors(text: str, allowed: Allowed) -> Iterator[str]:
    given = set(allowed.anchors)
    for match in _ANCHOR.finditer(_without_links(text, allowed)):
        if match.group() not in given:
            yield match.group()


def _number(text: str, allowed: Allowed) -> Iterator[str]:
    plain = _without_anchors(text, allowed)
    for number in _numbers(plain):
        if number not in allowed.numbers:
            yield number
    yield from (match[0] for match in _ROMAN.finditer(plain) if not allowed.knows(match[0]))
    for character in plain:
        if character.isnumeric() and not (character.isascii() or character.isalpha()):
            yield character


def _code(text: str, allowed: Allowed) -> Iterator[str]:
    """Code marks: verbatim from the sources, or made of known names and the language's own."""
    text = _without_anchors(text, allowed)
    for start, end, marks in code_spans(text):
        code = " ".join(text[start + marks : end - marks].split())
        if code and not _is_verbatim(code, allowed.text):
            yield from _unknown(code, allowed, every=True)


def _names(text: str, allowed: Allowed) -> Iterator[str]:
    """Outside of code marks: words that look like code, and with a backslash as without."""
    plain = re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", _outside_code(_without_anchors(text, allowed)))
    yield from _unknown(plain, allowed, every=False)
    named = {match[1] for match in _CALL.finditer(plain)} - _LANGUAGE
    found = {match[1] or match[2] for match in _OF_KIND.finditer(plain)}
    named |= {name for name in found if not name.isupper()}  # "an HTTP method"
    yield from sorted(name for name in named if not (_looks_like_code(name) or allowed.knows(name)))


def _quotes(text: str, allowed: Allowed) -> Iterator[str]:
    plain = edited(text, lambda span: re.sub("[\"'“”‘’«»‹›]", " ", span.strip("`")))
    source = allowed.text.replace("`", "")
    for match in _QUOTES.finditer(plain):
        quote = " ".join(next(group for group in match.groups() if group is not None).split())
        if quote.rstrip(".,;:!?") not in source:
            yield quote
    if plain.count('"') % 2 or any(
        plain.count(left) != plain.count(right) for left, right in ("“”", "«»", "‹›")
    ):
        yield "a quotation mark without its other"


@dataclass(frozen=True)
class ProseCheck:
    """A rule: what it refuses, and the function that finds it."""

    about: str
    find: Callable[[str, Allowed], Iterator[str]]


CHECKS: dict[str, ProseCheck] = {
    "empty": ProseCheck("no words", _empty),
    "control character": ProseCheck("characters that are not seen, or turn the text around", _control),
    "refusal": ProseCheck("the model speaks of itself or of its task", _refusal),
    "echo": ProseCheck("it repeats the prompt", _echo),
    "markup": ProseCheck(
        "headings, rules, code blocks, diagrams, tables, links that were not given, images, HTML", _markup
    ),
    "unfinished": ProseCheck("it breaks off before the end of a sentence", _unfinished),
    "sentences": ProseCheck("more than one sentence where the page has one", _sentences),
    "repetition": ProseCheck("the same sentence twice", _repeated),
    "anchor": ProseCheck("a line, a range or `path:line` that was not given", _anchors),
    "number": ProseCheck("a number, in digits or in words, that is not in the facts", _number),
    "code": ProseCheck("code marks around what is not in the repository or the facts", _code),
    "name": ProseCheck(
        "a word that looks like code, is called, or is said to be a class, and is not in the repository or the facts",
        _names,
    ),
    "quote": ProseCheck("a quotation that is not in the source, word for word", _quotes),
}
"""Beside the length, which is checked first: `length`, more characters than the section may have."""


def _outside_code(text: str) -> str:
    """A span that goes over the end of a line may be two halves of others: its marks stay."""
    return edited(text, lambda span: span if "\n" in span else " ")


def _without_links(text: str, allowed: Allowed) -> str:
    given = set(allowed.links)
    return _WIKI_LINK.sub(lambda match: " " if match.group() in given else match.group(), text)


def _without_anchors(text: str, allowed: Allowed) -> str:
    """What is left to check once the anchors and links that were given are taken out."""
    given = set(allowed.anchors)
    return _ANCHOR.sub(
        lambda match: "\0" if match.group() in given else match.group(), _without_links(text, allowed)
    ).replace("\0", " ")


def _numbers(text: str) -> Iterator[str]:
    for match in _NUMBER.finditer(text):
        yield match.group().rstrip(",_").replace(",", "").replace("_", "")
    for match in _NUMBER_WORDS.finditer(text):  # "two hundred" is one number, not a 2 and a 100
        yield "-".join(
            NUMBER_WORDS[word] for word in re.findall("[a-z]+", match.group().lower()) if word != "and"
        )


def _is_verbatim(code: str, source: str) -> bool:
    """Whether it stands in the source, not cut out of a longer word."""
    at = source.find(code)
    while at >= 0:
        before, after = source[at - 1 : at], source[at + len(code) : at + len(code) + 1]
        if not (_joins(before, code[0]) or _joins(code[-1], after)):
            return True
        at = source.find(code, at + len(code))
    return False


def _joins(left: str, right: str) -> bool:
    return all(side and (side.isalnum() or side == "_") for side in (left, right))


def _unknown(text: str, allowed: Allowed, *, every: bool) -> Iterator[str]:
    """Names, paths and flags that are not known; `every`: plain words count as names too."""
    for match in _FLAG.finditer(text):
        if not allowed.knows(match.group()):
            yield match.group()
    for match in _TOKEN.finditer(_FLAG.sub(" ", text)):
        token = match.group().strip("./-")
        if allowed.knows(token):
            continue
        if "/" in token and (every or "." in token.rpartition("/")[2]):
            yield token
        for pattern in (_MIXED, _WORD):
            for found in pattern.finditer(token):
                word = found.group()
                if not (every or _looks_like_code(word)) or allowed.knows(word) or word in _LANGUAGE:
                    continue
                if every or not (word.endswith("s") and allowed.knows(word[:-1])):  # PeftModels
                    yield word


def _looks_like_code(word: str) -> bool:
    if "." in word:
        return word.lower() not in ABBREVIATIONS
    plural = word[:-1].isupper() and word.endswith("s")  # APIs, GPUs
    has_digit = any(character.isdigit() for character in word)
    return has_digit or "_" in word or (_CAMEL.match(word) is not None and not plural)
