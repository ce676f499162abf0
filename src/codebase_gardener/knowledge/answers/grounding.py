"""What a model's answer names, counts and quotes that the repository has not: found, and marked where it stands.

It is checked as prose of the wiki is, and code in it by what it calls, imports and reads. Whether a sentence is true
is not: two real names can stand in a false one.
"""

from __future__ import annotations

import builtins
import keyword
import re
import sys
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.documents.code_spans import code_spans, edited
from codebase_gardener.knowledge.writers.prose_check import code_words
from codebase_gardener.repository.snapshot import SourceFile
from codebase_gardener.utils.anchors import split_lines

__all__ = ["MARK", "Grounds", "Unverified", "marked"]

MARK = "[?]"
"""What is put behind a word that is not in the repository."""

_MAX_CHARS = 200_000  # of an answer that are looked at
_FENCE = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*\n(?:.*?^ {0,3}\1[`~]*[ \t]*$|.*\Z)", re.MULTILINE | re.DOTALL
)
_LINES = re.compile(r"(?<![\w./-])([\w./@+-]*\w\.\w+)(?::L?|#L)(\d{1,7})(?:[-\u2013]L?(\d{1,7}))?(?!\w)")
_PATH = re.compile(
    r"(?<![\w./:@-])(?:\.{0,2}/)?[\w@.+-]+(?:/[\w@.+-]+)+/?|(?<![\w./:@-])[\w-]+\.[a-z]{1,5}(?![\w./(])"
)
_ADDRESS = re.compile(r"\b\w+://\S+|\bwww\.\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.\w+")
_DOTTED = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_CALLED = re.compile(r"(?<![\w.])([^\W\d]\w*(?:\.[^\W\d]\w*)*)\((?!e?s\))")
_OPTION = re.compile(r"(?<![\w-])--[A-Za-z][\w-]*")
_NUMBER = re.compile(r"(?<![\w.])\d[\d_]*(?:,\d{3}(?!\d))*(?:\.\d+)*(?![\w])")
_STEP = re.compile(r"(?:^[ \t>]*|\bstep )\d+(?=[.):]\s|:)", re.MULTILINE | re.IGNORECASE)
_QUOTE = re.compile(r"\"([^\"\n]{2,2000})\"|“([^“”]{2,2000})”|«([^«»]{2,2000})»")
_STRING = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|(?:#|//)[^\n]*")
_GIVEN = re.compile(
    r"(?:\b(?:def|class|fn|func|function|let|const|var|for|as|struct|type|interface)\s+)([^\W\d]\w*)"
    r"|(?:^|[\s(,;])([^\W\d]\w*)(?:\s*:\s*[\w.\[\], |]+)?\s*:?=(?!=)"
)
_IMPORTS = re.compile(r"^\s*(?:from\s+([\w.]+)\s+)?import\s+([\w., *()]+)", re.MULTILINE)
_LANGUAGE = frozenset((*dir(builtins), *keyword.kwlist, "self", "cls", "this"))
_TYPES = tuple(each for each in vars(builtins).values() if isinstance(each, type))
_MEMBERS = frozenset(name for each in _TYPES for name in dir(each))


@dataclass(frozen=True)
class Unverified:
    """A piece of an answer that is not in the repository.

    Attributes:
        kind: "name", "path", "lines", "number" or "quote".
        text: As it stands in the answer.
        end: Where it ends there, the first time.
    """

    kind: str
    text: str
    end: int


class Grounds:
    """A repository, as answers are checked against it.

    Args:
        files: Of its snapshot.
        names: What it defines, imports and calls (`Graph.names`).
    """

    def __init__(self, files: Iterable[SourceFile], names: Container[str]) -> None:
        self._files = {file.path: file.text for file in files}
        self._names = names
        self._known: dict[str, bool] = {}

    def unverified(self, answer: str, question: str = "") -> tuple[Unverified, ...]:
        """What an answer says that is not in the repository, in order, each once.

        Args:
            answer: Of a model: prose, Markdown, code.
            question: Its numbers may be repeated; its names must be there like any other.
        """
        text = answer[:_MAX_CHARS]
        found = [
            *self._paths(text),
            *self._names_in(text),
            *self._numbers(text, question),
            *self._quotes(text),
        ]
        once: dict[tuple[str, str], Unverified] = {}
        for one in sorted(found, key=lambda one: one.end):
            once.setdefault((one.kind, one.text), one)
        taken = {one.text for one in once.values() if one.kind in ("path", "lines")}
        return tuple(one for one in once.values() if one.kind != "name" or one.text not in taken)

    # ---- paths and lines

    def _paths(self, text: str) -> Iterator[Unverified]:
        for match in _LINES.finditer(text):
            first, last = int(match[2]), int(match[3] or match[2])
            ends = [len(split_lines(self._files[path])) for path in self._called(match[1])]
            if ends and not any(1 <= first <= last <= end for end in ends):
                yield Unverified("lines", match[0], match.end())
        plain = _blanked(_blanked(text, _ADDRESS), _FENCE)
        for match in _PATH.finditer(plain):
            written = match[0].rstrip(".,+")
            path = written.strip("/").removeprefix("./")
            is_file = "." in path.rpartition("/")[2]
            in_code = text[match.start() - 1 : match.start()] == "`"
            if (is_file or in_code) and not (self._called(path) or self._has(written) or self._has(path)):
                yield Unverified("path", written, match.start() + len(written))

    def _called(self, path: str) -> list[str]:
        """The files that a path means: whole, its end, or a folder of it."""
        path = path.strip("/").removeprefix("./")
        ending = f"/{path}"
        return [
            each for each in self._files if f"/{each}".endswith(ending) or f"/{each}/".find(f"{ending}/") >= 0
        ]

    # ---- names

    def _names_in(self, text: str) -> Iterator[Unverified]:
        plain = _blanked(_blanked(text, _ADDRESS), _LINES)
        for match in _FENCE.finditer(plain):
            yield from self._unknown(_code_names(match[0]), match.start())
        prose = _blanked(plain, _FENCE)
        for start, end, marks in code_spans(prose):
            span = prose[start + marks : end - marks]
            if not self._has(" ".join(span.split())):
                yield from self._unknown(_span_names(span), start + marks)
        yield from self._unknown(_prose_names(_blanked(edited(prose, _blank), _PATH)), 0)

    def _unknown(self, names: Iterable[tuple[str, int]], before: int) -> Iterator[Unverified]:
        for name, end in names:
            if not self._knows(name) and not (name.endswith("s") and self._knows(name[:-1])):
                yield Unverified("name", name, before + end)

    def _knows(self, name: str) -> bool:
        root, _, rest = name.partition(".")
        if name in self._names or name in _LANGUAGE or root in sys.stdlib_module_names or self._has(name):
            return True
        if not rest or root in self._packages:  # of a package every name is known that it has
            return False
        parts = [part for part in name.split(".") if part not in _MEMBERS]
        if root.islower() and "_" not in root:  # an object, called as its user likes
            parts = [part for part in parts if part != root]
        return all(self._knows(part) for part in parts)

    @cached_property
    def _packages(self) -> frozenset[str]:
        return frozenset(
            path.split("/")[-2] for path in self._files if path.count("/") and path.endswith("__init__.py")
        )

    # ---- numbers and quotes

    def _numbers(self, text: str, question: str) -> Iterator[Unverified]:
        plain = _blanked(_blanked(_blanked(_blanked(text, _ADDRESS), _LINES), _FENCE), _STEP)
        asked = {_plain_number(match[0]) for match in _NUMBER.finditer(question)}
        for match in _NUMBER.finditer(plain):
            number = _plain_number(match[0])
            if number not in asked and number not in self._all_numbers:
                yield Unverified("number", match[0], match.end())

    @cached_property
    def _all_numbers(self) -> frozenset[str]:
        return frozenset(
            _plain_number(number)
            for text in self._files.values()
            for number in re.findall(r"\d[\d_]*(?:\.\d+)*", text)
        )

    def _quotes(self, text: str) -> Iterator[Unverified]:
        plain = edited(_blanked(text, _FENCE), _blank)
        for match in _QUOTE.finditer(plain):
            quote = " ".join((match[1] or match[2] or match[3]).split())
            if quote.rstrip(".,;:!?").lower() not in self._flat:
                yield Unverified("quote", match[0], match.end())

    @cached_property
    def _flat(self) -> str:
        """All texts on one line, without code marks, in lower case: where quotes must be."""
        return " ".join(" ".join(text.replace("`", "").split()) for text in self._files.values()).lower()

    def _has(self, words: str) -> bool:
        """Whether it stands in a file as a word of its own."""
        if words not in self._known:
            pattern = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)") if words.strip() else None
            self._known[words] = pattern is None or any(
                words in text and pattern.search(text) for text in self._files.values()
            )
        return self._known[words]


def marked(answer: str, found: Iterable[Unverified]) -> str:
    """An answer with `MARK` behind each piece that is not in the repository, everywhere it stands.

    Example:
        >>> marked("Call frob() twice.", [Unverified("name", "frob", 9)])
        'Call frob[?]() twice.'
    """
    texts = sorted({one.text for one in found}, key=len, reverse=True)
    if not texts:
        return answer
    pattern = "|".join(
        rf"(?<!\w){re.escape(each)}(?!\w)" if each.isidentifier() else re.escape(each) for each in texts
    )
    return re.sub(pattern, lambda match: f"{match[0]}{MARK}", answer)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _blanked(text: str, pattern: re.Pattern[str]) -> str:
    """The text with blanks where a pattern is: all else stays where it stands."""
    return pattern.sub(lambda match: _blank(match[0]), text)


def _plain_number(number: str) -> str:
    return number.replace(",", "").replace("_", "")


def _code_names(block: str) -> Iterator[tuple[str, int]]:
    """Of a block of code: what it calls, imports and reads; not what it gives a name itself."""
    code = _blanked(block, _STRING)
    given = {match[1] or match[2] for match in _GIVEN.finditer(code)} - {None}
    for match in _IMPORTS.finditer(code):
        names = [part.split(" as ")[0].strip(" ()") for part in match[2].split(",")]
        yield from ((name, match.end()) for name in (match[1], *names) if name and name != "*")
    keywords = {match[1] for match in re.finditer(r"[(,]\s*([^\W\d]\w*)\s*=(?!=)", code)}
    for match in _DOTTED.finditer(code):
        root, _, rest = match[0].partition(".")
        is_called = re.match(r"\s*[(\[]", code[match.end() : match.end() + 2]) is not None
        if root in given and root not in keywords:
            for part in filter(None, rest.split(".")):
                if part not in _MEMBERS:
                    yield part, match.end()
        elif root in keywords or rest or is_called or code_words(match[0]):
            yield match[0], match.end()


def _span_names(span: str) -> Iterator[tuple[str, int]]:
    """Of code marks within prose: every name and option."""
    code = _blanked(span, _STRING)
    for match in _OPTION.finditer(code):
        yield match[0], match.end()
    for match in _DOTTED.finditer(_blanked(_blanked(code, _OPTION), _PATH)):
        yield match[0], match.end()


def _prose_names(prose: str) -> Iterator[tuple[str, int]]:
    """Of prose: options, words that look like code, and what is called."""
    for match in _OPTION.finditer(prose):
        yield match[0], match.end()
    named = code_words(prose) | {match[1] for match in _CALLED.finditer(prose)}
    yield from ((match[0], match.end()) for match in _DOTTED.finditer(prose) if match[0] in named)
