"""Which pages of a wiki answer a question: fields, page types and links weighed, words compared by their stems."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import pairwise

from codebase_gardener.knowledge.pages.documents import page_of
from codebase_gardener.knowledge.pages.markup import (
    MAY_BE_IT,
    MAY_USE_IT,
    NO_CERTAIN_USE,
    NO_CHECK,
    NO_CODE,
    NO_ERROR,
    NO_VARIABLE,
    NONE_FOUND,
    USED_BY,
    USES,
    WHY_A_PAGE,
    is_rule,
)
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES
from codebase_gardener.manifests.table import is_manifest
from codebase_gardener.repository.areas import area_of, is_about_versions
from codebase_gardener.retrieval.documents import PAGE_KIND, Document
from codebase_gardener.retrieval.index import Hit, SymbolIndex
from codebase_gardener.retrieval.stems import stem, stems
from codebase_gardener.wiki.questions import content_words
from codebase_gardener.wiki.sections import lines_anchor, readable_sections
from codebase_gardener.wiki.synonyms import had, same_act

__all__ = ["PageRanking", "question_stems"]

FIELDS = {
    "title": (2.0, 0.4),
    "overview": (1.2, 0.4),
    "domains": (0.8, 0.4),
    "shown": (1.0, 1.0),
    "body": (1.0, 0.75),
}
"""How much a word counts there, and how much a long field is held against it (the b of BM25)."""

TYPE_WEIGHTS = {
    "Overview": 1.2,  # answers what is about no part alone
    "Workflow": 1.2,  # answers "how do I"
    "Implementation": 1.0,
    "Principle": 0.9,  # says the same as its Implementation
    "Environment": 0.8,
    "Heuristic": 0.7,  # a side remark, mostly of a part of a page
}
"""By page type."""

SECTION_WEIGHT = 0.8
"""Of a section of a document, beside the pages."""

CODE_WEIGHT = 0.45
"""Of code that no page is about."""

OF_VERSIONS = 0.5
"""Of a section of a change log: it has all names, and tells of none how it is used."""

ASKED_TYPE = 1.8
"""For a type whose name is in the question; "environment" is not one of them: people ask for environment variables."""

LINK_WEIGHT = 0.12
"""For each doubling of the links that lead to a page: what many workflows use is asked for more than internals."""

INIT_WEIGHT = 1.1
"""For the page of a class, which is its constructor's: a class is asked for more often than one of its methods."""

DEPRECATED_WEIGHT = 0.5
"""For what its authors tell people to use no more: who asks for it by name has its title's weight."""

COVERAGE = 0.6
"""The part of a score that is lost by a page that has none of the question's words."""

OWN_NAME = 0.3
"""What the project's own name counts in a question: nearly every page has it."""

SAME_ACT_WEIGHT = 0.8
"""Of another word for what a question says: what its author calls by the asker's own word comes first."""

HEADING_WEIGHT = 2.0
"""For a section whose heading is what is asked: the name of an option or method, or the question itself."""

MAKES_WEIGHT = 2.0
"""For what its name says to make the thing that a question asks to come to: `to_dict`, `asDict`."""

NAMED_WEIGHT = 2.0
"""For the definition whose name a question writes as code writes it."""

_NOTHING = (MAY_BE_IT, MAY_USE_IT, NONE_FOUND, NO_CERTAIN_USE, NO_CHECK, NO_CODE, NO_ERROR, NO_VARIABLE)
_OF_OTHERS = (WHY_A_PAGE, USES, USED_BY, *_NOTHING)
_PLACE = re.compile(r"`[^`:\n]+:L\d+-\d+`")  # the words of a path say little of what stands there
_CITED = re.compile(r"`([^`:\n]+:L\d+-\d+)`")
_LISTED = re.compile(r"- [^`\n]*: `([^`:\n]+):L\d+-\d+`\Z")
_WRITTEN = re.compile(
    r"`([^`]+)`|\b(\d+(?:\.\d+)+|\w+(?:\.\w{2,})+)\b|\b(\w*[^\W_]_\w+|_\w+|\w*(?:[a-z][A-Z]|[A-Z]{2}[a-z])\w*)\b|\b(\w+)\("
)
_COMES_TO = re.compile(r"\b(?:in)?to (?:an? |the )?(\w+)\W*\Z", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?]\s|\n\s*\n")
_SATURATION = 1.5
_LONGEST_END = 100  # characters of a question in which it says what it comes to
_SUBJECT = 2  # what an Implementation rests on first: its definition, and a class's constructor
_NAME_ALONE = re.compile(r"[\W_]*([a-z]\w*(?:\.\w+)*)\W*(?:\([^)]*\))?\W*")
"""A heading that is a name as code writes it, be it marked, called or linked; prose begins with a capital."""

_ROW = re.compile(r"\| \[?`([\w.$]+)`(?:, to users `([\w.$]+)`)?")
"""A row of a module's page: the name of a definition or constant, and the one that users know."""


def question_stems(question: str) -> dict[str, None]:
    """The stems of a question's words, in order, once each, without those that name nothing."""
    return dict.fromkeys(stems(" ".join(content_words(question)) or question))


def _names_written(question: str) -> frozenset[str]:
    """The names that a question writes as code writes them: marked, called, dotted, with a `_` or a capital inside."""
    return frozenset(next(filter(None, found)).removesuffix("()") for found in _WRITTEN.findall(question))


def _made(question: str) -> str:
    """The stem of what a question asks to come to, its last word: "dict" of "convert it to a dict"; ""."""
    found = _COMES_TO.search(question[-_LONGEST_END:])
    return "".join(stems(found[1])[-1:]) if found else ""


def _makes(document: Document, made: str) -> bool:
    names = (document.symbol.rpartition(".")[2], *document.domains)
    pairs = (pair for name in names for words in [stems(name)] for pair in pairwise(words))
    return any(pair in ((before, made) for before in ("to", "as", "into")) for pair in pairs)


def _is_called(document: Document, words: Collection[str]) -> bool:
    """Whether a question has each word of a definition's name."""
    return set(stems(document.symbol.rpartition(".")[2])) <= set(words)


def _says_from(text: str, thing: str, source: str) -> bool:
    parts = (sentence.partition(" from ") for sentence in _SENTENCE_END.split(text))
    return any(thing in stems(before) and source in stems(after) for before, _, after in parts)


def _is_named(document: Document, written: frozenset[str]) -> bool:
    return bool(written & {document.symbol, document.symbol.rpartition(".")[2], *document.symbol.split()})


def _heading_asked_for(heading: str) -> tuple[frozenset[str], bool] | None:
    """The stems of a heading that is a name or a question, and which of both; None for any other one."""
    if heading.rstrip().endswith("?"):
        return frozenset(question_stems(heading)), True
    name = _NAME_ALONE.fullmatch(heading)
    return (frozenset(stems(name[1])), False) if name else None


@dataclass
class _Entry:
    """A page: its first document, its lines, where those that it quotes stand, and each field's stems, counted."""

    document: Document
    lines: list[str] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


class PageRanking:
    """The pages of an index, ready for questions.

    Args:
        index: Of code and pages.
    """

    def __init__(self, index: SymbolIndex) -> None:
        entries: dict[str, _Entry] = {}
        for document in index.documents:
            if page := page_of(document):
                _add(entries.setdefault(page, _Entry(document)), document)
        pages = list(entries)
        for section in readable_sections(index.documents):
            entries[section.anchor] = _section(section)
        self.sections = frozenset(
            entry.document.path for entry in entries.values() if entry.document.kind == "text"
        )
        """The paths of documents for people that it has sections of."""
        self._documents = [entry.document for entry in entries.values()]
        self._numbers = {page: number for number, page in enumerate(entries)}
        own = _shared_start([page.partition(":")[2] for page in pages]).rpartition("_")[0]
        self._own_name = frozenset(stems(own))
        self._weights = [_weight(document) for document in self._documents]
        self._fields = {name: _FieldOf.all(name, entries.values()) for name in FIELDS}
        self._postings = _postings(list(entries.values()), self._fields)
        self._entries = entries
        self._rows = _rows_of_modules(entries)
        self._headings = {
            number: heading
            for number, document in enumerate(self._documents)
            if document.kind != PAGE_KIND and (heading := _heading_asked_for(document.symbol)) is not None
        }
        about = {anchor for one in self._documents for anchor in one.evidence[:_SUBJECT]}
        self._code = {one.anchor: one.text for one in index.documents if one.anchor in about}
        self._whole = next((n for page, n in self._numbers.items() if page.startswith("Overview:")), None)
        overview = self._documents[self._whole] if self._whole is not None else None
        self._of_all = self._own_name | frozenset(stems(" ".join(overview.domains if overview else ())))

    def search(
        self, question: str, k: int, *, sections: bool = True, code: Sequence[Document] = ()
    ) -> list[Hit]:
        """The best pages, sections and pieces of code, best first; a Principle and its Implementation are one hit.

        Of those what is deprecated comes last, where it is not asked for by its name.

        Args:
            question: In plain words, or names of code.
            k: How many at most.
            sections: Those of documents, too.
            code: Of which pieces of code the best, too.
        """
        asked = {stem(name.lower()): name for name in PAGE_TYPES if name != "Environment"}
        words = question_stems(question)
        types = {asked[word] for word in words if word in asked}
        written, made = _names_written(question), _made(question)
        best: dict[int, float] = {}
        for number, score in self._scores(list(words)).items():
            document = self._documents[number]
            asked_for = document.anchor.partition(":")[0] in types
            told_by = number if asked_for else self._numbers.get(document.told_by, number)
            weighed = score * self._weights[number] * (ASKED_TYPE if asked_for else 1.0)
            weighed *= NAMED_WEIGHT if _is_named(document, written) else 1.0
            weighed *= MAKES_WEIGHT if made and _makes(document, made) else 1.0
            weighed *= HEADING_WEIGHT if self._is_headed(number, words.keys()) else 1.0
            best[told_by] = max(best.get(told_by, 0.0), weighed)
        if self._whole is not None and self._is_of_all(question, words):
            best[self._whole] = 1 + max(best.values(), default=0.0)
        if not sections:
            best = {n: score for n, score in best.items() if self._documents[n].kind == PAGE_KIND}
        self._sections_before_their_remarks(best, words.keys())
        hits = [Hit(self._documents[number], score) for number, score in best.items()]
        hits += [
            Hit(
                one,
                self._weigh(one, list(words)) * (NAMED_WEIGHT if _is_named(one, written) else CODE_WEIGHT),
            )
            for one in code
        ]
        if (told := self._told_in_a_row(question)) is not None:
            first = 1 + max((hit.score for hit in hits), default=0.0)
            hits = [Hit(told, first), *(hit for hit in hits if hit.document.anchor != told.anchor)]
        best_first = sorted(hits, key=lambda hit: (-hit.score, hit.document.anchor))[:k]
        return sorted(
            best_first, key=lambda hit: hit.document.deprecated and not _is_called(hit.document, words)
        )

    def _sections_before_their_remarks(self, best: dict[int, float], asked: Set[str]) -> None:
        """A section whose heading has a word that is asked comes before what only a remark in it says."""
        for number, score in list(best.items()):
            remark = self._documents[number]
            is_remark = remark.anchor.startswith("Heuristic:")
            at = lines_anchor(next(iter(remark.evidence), "")) if is_remark else None
            if at is None:
                continue
            for other, own in list(best.items()):
                section = self._documents[other]
                first, last = section.line_range if section.kind == "text" else (0, 0)
                inside = section.path == at.path and first <= at.start <= last
                if inside and own <= score and had(asked, set(stems(section.symbol))):
                    best[other] = math.nextafter(score, math.inf)

    def _is_headed(self, number: int, asked: Set[str]) -> bool:
        """Whether a section's heading names an option or method that is asked for, or asks the same."""
        heading, is_question = self._headings.get(number, (frozenset(), False))
        if is_question:
            return len(had(asked, heading)) == len(asked)
        return bool(heading) and heading <= asked and not heading <= self._own_name

    def _told_in_a_row(self, question: str) -> Document | None:
        """The page of the module that has a row for the one name that is asked for, where no page is about it."""
        names = content_words(question)
        page = next(iter(self._rows.get(names[0], ())), None) if len(names) == 1 else None
        if page is None or any(one.symbol.rpartition(".")[2] == names[0] for one in self._documents):
            return None
        return self._documents[self._numbers[page]]

    def _is_of_all(self, question: str, words: Collection[str]) -> bool:
        """Whether a question names no part of the repository: "what is this for?" has not one word that does."""
        if not content_words(question):
            return len(question.split()) > 1
        return set(words) <= self._of_all

    def _weigh(self, document: Document, words: Sequence[str]) -> float:
        """What a page would have of its name and its text: for a document that is none."""
        counts = {"title": Counter(stems(document.symbol)), "body": Counter(stems(document.text))}
        score = sum(
            one for name, count in counts.items() for _, one in self._fields[name].scores(count, words)
        )
        rarity = {word: self._rarity(word) for word in words}
        covered = sum(one for word, one in rarity.items() if any(word in count for count in counts.values()))
        return score * (1 - COVERAGE * (1 - covered / (sum(rarity.values()) or 1.0)))

    def _rarity(self, word: str) -> float:
        share = OWN_NAME if word in self._own_name else 1.0
        return share * _idf(len(self._documents), len(self._postings.get(word, {})))

    def line_of(self, document: Document, question: str, told: str) -> str:
        """The line of a page, section or piece of code that has most of a question's words beside those that are told.

        A row for a name that is asked for comes first; "" where no line has a word.
        """
        for name in content_words(question):
            if row := self._rows.get(name, {}).get(page_of(document)):
                return row
        entry = self._entries.get(page_of(document) or document.anchor)
        lines = [*entry.lines, *self._code_of(document)] if entry else document.text.splitlines()
        words = question_stems(question).keys() - set(stems(told))
        scores = [sum(self._rarity(word) for word in had(words, set(stems(line)))) for line in lines]
        best = max(scores, default=0.0)
        return lines[scores.index(best)].strip("> \t") if best else ""

    def _code_of(self, page: Document) -> list[str]:
        """The lines of the definition that a page is about: of what it does its page tells little."""
        if not page.anchor.startswith("Implementation:"):
            return []
        return [
            line for anchor in page.evidence[:_SUBJECT] for line in self._code.get(anchor, "").splitlines()
        ]

    def is_code(self, document: Document, line: str) -> bool:
        """Whether a line is none of a page's own words, but of the code that it is about."""
        return any(line == each.strip("> \t") for each in self._code_of(document))

    def place_of(self, document: Document, line: str) -> str:
        """Where a line stands that a page quotes; "" of what it does not quote, or says not from where."""
        entry = self._entries.get(page_of(document))
        return entry.places.get(line, "") if entry is not None else ""

    def words_of(self, page: str, *, shown: bool = True) -> frozenset[str]:
        """The stems of all fields of a page, or of all but what documents say that show its subject."""
        entry = self._entries.get(page)
        fields = entry.counts.items() if entry else ()
        return frozenset(word for name, counts in fields if shown or name != "shown" for word in counts)

    def weight(self, words: Iterable[str]) -> float:
        """How much these stems say: the fewer pages have one, the more."""
        return sum(map(self._rarity, words))

    def on_getting(self, thing: str, source: str) -> list[Document]:
        """The sections headed by a thing that say how it comes from another, the outermost file's first.

        Args:
            thing, source: Stems.
        """
        both = self._postings.get(thing, {}).keys() & self._postings.get(source, {}).keys()
        found = [
            one
            for one in (self._documents[number] for number in both)
            if one.kind == "text" and thing in stems(one.symbol) and _says_from(one.text, thing, source)
        ]
        return sorted(found, key=lambda one: (one.path.count("/"), one.path, one.line_range))

    def _scores(self, words: list[str]) -> dict[int, float]:
        """BM25 of each page that has one of the words, field by field, less where it has few of them."""
        found, covered = defaultdict[int, float](float), defaultdict[int, float](float)
        total = 0.0
        for word in words:
            pages = self._pages_with(word)
            share = OWN_NAME if word in self._own_name else 1.0
            rarity = share * _idf(len(self._documents), len(pages)) if pages else 0.0
            total += rarity
            for number, score in pages.items():
                found[number] += share * score
                covered[number] += rarity
        return {
            number: score * (1 - COVERAGE * (1 - covered[number] / total)) for number, score in found.items()
        }

    def _pages_with(self, word: str) -> dict[int, float]:
        """The pages that have a word or another verb for it, and what they score by the better one."""
        pages = dict(self._postings.get(word, {}))
        for other in same_act(word):
            for number, score in self._postings.get(other, {}).items():
                pages[number] = max(pages.get(number, 0.0), SAME_ACT_WEIGHT * score)
        return pages


def _idf(pages: int, having: int) -> float:
    return math.log(1 + (pages - having + 0.5) / (having + 0.5))


def _shared_start(names: list[str]) -> str:
    """The letters that all names begin with."""
    least, most = min(names, default=""), max(names, default="")
    same = next((n for n, (a, b) in enumerate(zip(least, most, strict=False)) if a != b), len(least))
    return least[:same]


def _add(entry: _Entry, document: Document) -> None:
    overview, _, body = document.text.partition("\n\n")
    heading, _, rest = body.partition("\n\n")
    lines = _telling(rest if document.anchor.endswith(f"#{heading}") else body)
    counted = "\n".join(
        line for line in body.splitlines() if not _is_of_a_test(line) and not line.startswith(_NOTHING)
    )
    entry.counts["body"].update(stems(_PLACE.sub(" ", counted)))
    entry.lines += lines
    entry.places |= _quoted_places(body)
    if document.anchor == page_of(document):  # the others repeat both
        entry.document = document
        entry.counts["title"].update(stems(document.symbol))
        entry.counts["shown"].update(stems(document.shown))
        entry.counts["domains"].update(stems(" ".join(document.domains)))
        entry.counts["overview"].update(stems(overview))


def _rows_of_modules(entries: Mapping[str, _Entry]) -> dict[str, dict[str, str]]:
    """Of each name: the pages of modules that have a row for it, and that row."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for page, entry in entries.items():
        for line in entry.lines if page.startswith("Module:") else ():
            row = _ROW.match(line)
            for name in filter(None, row.groups()) if row else ():
                earlier = found[name.rpartition(".")[2]].setdefault(page, line)
                if len(line) > len(earlier):
                    found[name.rpartition(".")[2]][page] = line
    return dict(found)


def _telling(body: str) -> list[str]:
    """The lines of a page's text that say something of its subject.

    Neither a table's head nor why there is a page, nor which other definitions it uses or is used by: their names
    answer what is asked about them.
    """
    lines = body.splitlines()
    heads = {number - 1 for number, line in enumerate(lines) if is_rule(line)}
    return [
        line
        for number, line in enumerate(lines)
        if number not in heads
        and not _is_of_a_test(line)
        and not line.startswith("#")
        and not line.startswith(_OF_OTHERS)
    ]


def _quoted_places(body: str) -> dict[str, str]:
    """Of each line that a page quotes: the lines of the repository that it says to quote."""
    found: dict[str, str] = {}
    at, fenced = "", False
    for line in body.splitlines():
        if line.startswith("```"):
            at, fenced = "" if fenced else at, not fenced
        elif fenced or line.startswith(">"):
            if at:
                found.setdefault(line.strip("> \t"), at)
        elif line.strip():
            cited = _CITED.findall(line) if line.endswith(":") else []
            at = cited[-1] if cited else ""
    return found


def _is_of_a_test(line: str) -> bool:
    """Whether it lists a test that uses a page's subject: its name says what else the test is about."""
    found = _LISTED.match(line)
    return found is not None and area_of(found[1]) == "tests"


def _section(document: Document) -> _Entry:
    """A section of a document: its heading is its title, the words of its file are its domains."""
    entry = _Entry(document, document.text.splitlines())
    entry.counts["title"].update(stems(document.symbol))
    entry.counts["domains"].update(stems(" ".join(document.domains)))
    entry.counts["body"].update(stems(document.text))
    return entry


def _weight(document: Document) -> float:
    if is_manifest(document.path):  # a feature or an extra is a thing that is used, like an API
        return 1.0
    if document.kind != PAGE_KIND:
        return OF_VERSIONS if is_about_versions(document.path) else SECTION_WEIGHT
    weight = TYPE_WEIGHTS.get(document.anchor.partition(":")[0], 1.0)
    weight *= INIT_WEIGHT if document.anchor.endswith("_init") else 1.0
    weight *= DEPRECATED_WEIGHT if document.deprecated else 1.0
    return weight * (1 + LINK_WEIGHT * math.log2(1 + document.links))


@dataclass(frozen=True)
class _FieldOf:
    """A field of all entries: how rare each stem is in it, and how long it is on average.

    A word's rarity is that in the field: where half of the bodies speak of tests, a title that does says more.
    """

    name: str
    rarity: dict[str, float]
    mean: float
    unseen: float

    @classmethod
    def all(cls, name: str, entries: Collection[_Entry]) -> _FieldOf:
        having = Counter(word for entry in entries for word in entry.counts[name])
        rarity = {word: _idf(len(entries), count) for word, count in having.items()}
        total = sum(entry.counts[name].total() for entry in entries)
        return cls(name, rarity, max(1.0, total / max(1, len(entries))), _idf(len(entries), 0))

    def scores(self, counts: Counter[str], words: Iterable[str]) -> Iterator[tuple[str, float]]:
        """BM25 of each word of a text that has these counts."""
        weight, slope = FIELDS[self.name]
        room = _SATURATION * (1 - slope + slope * counts.total() / self.mean)
        for word in words:
            count = counts[word]
            yield word, weight * self.rarity.get(word, self.unseen) * count / (room + count)


def _postings(entries: Sequence[_Entry], fields: Mapping[str, _FieldOf]) -> dict[str, dict[int, float]]:
    """Of each stem: the pages that have it, and its score there: the sum of its BM25 in each field."""
    postings: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for name, field_of in fields.items():
        for number, entry in enumerate(entries):
            counts = entry.counts[name]
            for word, score in field_of.scores(counts, counts):
                postings[word][number] += score
    return {word: dict(pages) for word, pages in postings.items()}
