"""What a golden path is called: after its document, readable, as the authors spell their words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.documents.actions import action_in, is_verb, says_action
from codebase_gardener.documents.facts import Heading
from codebase_gardener.documents.prose import plain_text
from codebase_gardener.documents.sentences import first_sentence, sentences, stands_alone
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.principle_names import OF_AN_ELEMENT
from codebase_gardener.knowledge.apis.section_titles import (
    is_general,
    is_name,
    is_signature,
    opens_section,
    says_nothing,
)
from codebase_gardener.knowledge.apis.shell_commands import HTTP_METHODS
from codebase_gardener.knowledge.apis.words_beside import lead_in
from codebase_gardener.knowledge.links.uses import Passage, Target
from codebase_gardener.knowledge.pages.wording import enumerated
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.workflows.passage_sequences import ShownSequence, Weights
from codebase_gardener.knowledge.workflows.remarks_inside import said_of_the_end
from codebase_gardener.knowledge.workflows.shared_words import speaks_of
from codebase_gardener.languages.symbols import TYPES
from codebase_gardener.utils.identifiers import identifier_words

__all__ = ["Titles"]

MOST_WORDS = 9
"""Words of a title."""
_LONGEST = 120  # characters of a title
KEY_STEPS = 2
"""The rarest of the later steps, which a title of tests names where their own names tell little."""
_ENTRIES = frozenset(("app", "index", "main"))
_NUMBERED = re.compile(r"\d")
_COUNTED = re.compile(
    r"\A(?:(?:step )?\(?\d{1,2}(?:\.\d{1,2})*[.):]|(?:another )?example(?: \d{1,2})?:)\s+(?=\S)",
    re.IGNORECASE,
)
"""A heading's number in its document, and what says that it is an example."""
_SPELLED = re.compile(r"\b(?=\w*[a-z])\w*[A-Z]\w*[A-Z]\w*\b|\b[A-Z]{2,}[a-z]?\d*\b")
_KNOWN_CASE = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True)
class Titles:
    """Makes titles.

    Args:
        context: How the repository's documents spell words, and what its definitions are.
        shown_in: Title of the section that shows an example, by the example's path.
    """

    context: ApiContext
    shown_in: Mapping[str, str]

    @property
    def repository(self) -> RepositoryFacts:
        """Whose paths are named."""
        return self.context.repository

    def short_and_long(
        self, members: Sequence[ShownSequence], steps: Sequence[Target], weights: Weights, *, is_alone: bool
    ) -> tuple[str, str]:
        """A short and a long title of passages, the first of which names them, and of their steps.

        `is_alone` says that no other path is named after the same document.
        """
        founder = members[0]
        if founder.area == "test":
            rarest = sorted(steps[len(steps) // 2 :], key=lambda each: (-weights[each], each))[:KEY_STEPS]
            title = self._of_tests([each for each in steps if each in rarest])
            return title, title
        if founder.area == "example":
            return self._of_example(founder, steps, weights)
        same = {one.passage.title for one in members if one.passage.path == founder.passage.path}
        is_whole = len(same) > 2 or (is_alone and founder.area == "docs")
        return self._of_document(founder.passage, steps, is_whole=is_whole)

    def _of_document(self, passage: Passage, steps: Sequence[Target], *, is_whole: bool) -> tuple[str, str]:
        """What its heading says; else the sentence before its code, or one of its section, says what is done.

        Where no words of the authors say it, the steps do: a verb and a noun.
        """
        headings = [each for each in self.repository.facts[passage.path].headings if each.title]
        above = [each for each in headings[:1] if each.end >= passage.start]  # as a title stands
        document = next((self._readable(each.title) for each in above), "")
        if is_whole and says_action(document, self._names):
            return document, document
        around = self._around(passage, steps)
        section = self._readable(around[0].title) if around else document
        outer = next(filter(None, (self._outer(each, passage.area) for each in around[1:])), "")
        is_of_others = bool(around) and self._is_of_others(passage, around[0], steps)
        if self._tells(section) and not self._runs(steps) and not is_of_others:
            return section, f"{outer}: {section}" if outer else section
        said = next(filter(None, map(self._readable, self._says(passage, around, steps, is_of_others))), "")
        if said:
            said = said[:1].upper() + said[1:]
            label = outer if said == section else section
            return said, f"{label}: {said}" if label and label != said and not is_signature(label) else said
        short, long = self._of_general(passage, section, outer, steps)
        if short and (is_of_others or short == section) and not self._runs(steps):
            return self._with_names(short, steps), self._with_names(long, steps)
        return short, long

    def _is_of_others(self, passage: Passage, heading: Heading, steps: Sequence[Target]) -> bool:
        """Whether a section has further code, of which its title may be, and its title no word of the passage's."""
        facts = self.repository.facts[passage.path]
        inner = min(
            (each.start for each in facts.headings if each.start > heading.start), default=facts.lines + 1
        )
        end = min(inner - 1, heading.end)
        blocks = [each for each in facts.snippets if heading.start <= each.start <= end]
        own = [each for each in blocks if passage.start <= each.end and each.start <= passage.end]
        lines = self.repository.lines(passage.path, passage.start, passage.end)
        code = "\n".join((*(step.name for step in steps), *lines))
        return 0 < len(own) < len(blocks) and not speaks_of(plain_text(heading.title), code)

    def _with_names(self, title: str, steps: Sequence[Target]) -> str:
        """A title that tells little alone, with what its last steps do, else with their names."""
        own = [each for each in steps if not each.external] or list(steps)
        does = self._of_steps([each for each in steps if not self._is_made(each)])
        names = does or " and ".join(dict.fromkeys(each.name for each in own[-KEY_STEPS:]))
        whole = f"{title}: {names}"
        return whole if names.casefold() not in title.casefold() and len(whole) <= _LONGEST else title

    def _of_general(
        self, passage: Passage, section: str, outer: str, steps: Sequence[Target]
    ) -> tuple[str, str]:
        """Where a heading is as general as "Usage" and no sentence says what is done."""
        is_project = section.lower() in self._names
        if not self._runs(steps):
            if outer and outer.lower() not in self._names and not is_signature(section):
                return f"{outer}: {section}", f"{outer}: {section}"
            if self._is_telling(outer) and is_signature(section):
                return outer, outer
            if not (says_nothing(section) or is_project or is_signature(section)):
                acts = self._of_steps([each for each in steps if not self._is_made(each)])
                return (f"{section}: {acts}" if acts else section, section)
        label = "" if len(steps) == 1 or is_project else section
        does = self._of_steps(steps)
        title = self._readable(f"{label}: {does}" if label and does else self._spelled(does) or section)
        return title, title

    def _tells(self, heading: str) -> bool:
        """Whether a heading is a title by itself: an action, or a noun of several words that is no call."""
        if is_signature(heading):
            return False
        return says_action(heading, self._names) or self._is_telling(heading)

    def _is_telling(self, heading: str) -> bool:
        return not is_general(heading) and not is_name(heading) and heading.lower() not in self._names

    def _outer(self, heading: Heading, area: str) -> str:
        """What stands before an inner heading: no README's title, of which all is told, and nothing general."""
        is_title = area == "readme" and heading.level == 1
        return "" if is_title or says_nothing(heading.title) else self._readable(heading.title)

    def _around(self, passage: Passage, steps: Sequence[Target]) -> list[Heading]:
        """Headings of the sections around a passage, the innermost first; around a step that stands alone."""
        alone = next((use for use in passage.uses if len(steps) == 1 and use.target == steps[0]), None)
        start, end = (alone.start, alone.end) if alone else (passage.start, passage.end)
        headings = [each for each in self.repository.facts[passage.path].headings if each.title]
        found = [each for each in headings if each.start <= start and end <= each.end]
        return sorted(found or headings[:1], key=lambda each: (-each.level, -each.start))

    def _says(
        self, passage: Passage, around: Sequence[Heading], steps: Sequence[Target], is_of_others: bool
    ) -> Iterator[str]:
        """The authors' words for what a passage does, the best first; the section's title may be of other code."""
        for at, heading in enumerate(around):
            title = self._readable(heading.title)
            is_its = at > 0 or not is_of_others
            if is_its and says_action(title, self._names) and not is_signature(title):
                yield title
            if at == 0 and (len(steps) == 1 or not self._spans_sections(passage)):
                for sentence in filter(stands_alone, self._leads(passage, steps)):
                    yield action_in(sentence, self._names)
            is_inner = (
                1 in (len(steps), len(around)) or at < len(around) - 1
            )  # the last is the whole document's
            if is_inner and opens_section(passage, heading, self.repository):
                first = sentences(plain_text(heading.summary, code_marks=True))[:1]
                yield from (action_in(sentence, self._names) for sentence in filter(stands_alone, first))
            if at == 0 and len(steps) > 1:
                ends = said_of_the_end(passage, frozenset(steps), self.repository)
                yield from (action_in(sentence, self._names) for sentence in filter(stands_alone, ends))

    def _spans_sections(self, passage: Passage) -> bool:
        headings = self.repository.facts[passage.path].headings
        return any(passage.start < each.start <= passage.end for each in headings)

    def _leads(self, passage: Passage, steps: Sequence[Target]) -> list[str]:
        """The sentences before the block of code that takes most steps, the last first."""
        found: dict[tuple[int, int, str], set[Target]] = {}
        for use in passage.uses:
            if use.target in steps and use.path == passage.path and (lead := lead_in(use, self.repository)):
                found.setdefault(lead, set()).add(use.target)
        best = max(found, key=lambda lead: (len(found[lead]), -lead[0]), default=None)
        if best is None or all(line.lstrip().startswith(">") for line in best[2].split("\n")):
            return []  # a box beside it says what to mind
        return sentences(plain_text(best[2], code_marks=True))[::-1]

    def told_apart(self, named: Sequence[tuple[ShownSequence, tuple[str, str]]]) -> list[str]:
        """The short title of each, the long one where another has the same; then the author's words beside it.

        "" where those do not tell it from one before it, either: it would be found twice under one name.
        """
        short = Counter(pair[0].casefold() for _, pair in named)
        taken: set[str] = set()
        chosen = []
        for founder, pair in named:
            title = pair[0] if short[pair[0].casefold()] == 1 else pair[1]
            forms = (title, *(f"{title}: {words}" for words in self._beside(founder, title)))
            free = next(
                (form for form in forms if form.casefold() not in taken and len(form) <= _LONGEST), ""
            )
            taken.add(free.casefold())
            chosen.append(free)
        return chosen

    def _beside(self, founder: ShownSequence, title: str) -> Iterator[str]:
        """Headings around a passage, the nearest first; the sentence before its code."""
        passage = founder.passage
        around = [
            each
            for each in self.repository.facts[passage.path].headings
            if each.start <= passage.start <= each.end
        ]
        for each in sorted(around, key=lambda one: -one.level):
            if (words := self._outer(each, passage.area)) and words.casefold() not in title.casefold():
                yield words
        for use in passage.uses[:1]:
            said = sentences(plain_text(lead[2])) if (lead := lead_in(use, self.repository)) else []
            if said and len(said[-1].split()) <= 2 * MOST_WORDS and stands_alone(said[-1]):
                yield self._readable(said[-1])

    def _of_example(
        self, founder: ShownSequence, steps: Sequence[Target], weights: Weights
    ) -> tuple[str, str]:
        """Of the document's section that shows the file; else its own, with its folders where that is general.

        Beside a single word stands what few other examples do.
        """
        passage = founder.passage
        if full := self._readable(self.shown_in.get(passage.path, "")):
            return full, full
        said = action_in(passage.title, self._names) or passage.title
        folders = passage.path.split("/")[1:-1]
        title = self._readable(said[:1].upper() + said[1:])
        outer, _, inner = title.rpartition(": ")
        title = outer if outer and inner.lower() in _ENTRIES else title
        if not title or (
            title.lower() in _ENTRIES and folders
        ):  # where the program begins is not what it does
            title = " ".join(_words(folders[-1] if folders else _stem(passage.path)))
        if _NUMBERED.search(_stem(passage.path)) and folders:
            short = self._spelled(": ".join(" ".join(_words(folder)) for folder in folders[-2:]))
            return short, short
        folder = " ".join(_words(folders[-1])) if folders and is_general(title) else ""
        named = f"{folder}: {title}" if folder and folder != title.lower() else title
        is_word = len(named.split()) == 1
        facts = self.repository.facts[passage.path]
        symbol = self.repository.symbols.get((passage.path, passage.scope))
        is_told = (symbol.docstring if symbol else facts.purpose) or says_action(named, self._names)
        if is_word or not is_told:  # a name is no title
            does = self._told_inside(passage) or self._of_steps(_telling(steps, weights))
            named = f"{named}: {does}" if does else self._with_names(named, steps)
        return self._spelled(named), self._spelled(named)

    def _told_inside(self, passage: Passage) -> str:
        """What the docstring of the definition that an example's file is named after says is done; ""."""
        named = _words(_stem(passage.path))
        symbols = self.repository.facts[passage.path].symbols
        said = next((each.docstring for each in symbols if _words(each.name) == named), "")
        return action_in(first_sentence(said), self._names) if said else ""

    def _of_tests(self, steps: Sequence[Target]) -> str:
        """What the steps do, each a verb and a noun; "" where no name tells it."""
        does = dict.fromkeys(filter(None, (self._does(each, of_tests=True) for each in steps)))
        return self._spelled(" and ".join(does))

    def _of_steps(self, steps: Sequence[Target]) -> str:
        """A verb and a noun for steps that documents show: "run kiln fire", "make a kiln and fire kiln"."""
        if run := self._runs(steps):
            return (
                f"run {' and '.join(run) if len(run) == KEY_STEPS else enumerated(run[:KEY_STEPS], len(run))}"
            )
        own = [each for each in steps if not each.external]
        return " and ".join(list(dict.fromkeys(filter(None, map(self._does, own))))[-KEY_STEPS:])

    def _runs(self, steps: Sequence[Target]) -> list[str]:
        """Those that are commands."""
        return [each.name for each in steps if each.name in self.context.commands and not each.path]

    def _does(self, target: Target, *, of_tests: bool = False) -> str:
        """ "add item" of `Cart.add_item`, "save model" of `Model.save`, "make a cart" of `Cart`."""
        symbol = self.context.symbol(target)
        owner, _, last = target.name.rpartition(".")
        words = _words(last)
        if len(last) == 1 or last.isupper():
            return ""  # no verb
        if (symbol is not None and symbol.kind in TYPES) or (last[:1].isupper() and symbol is None):
            return "" if "".join(words) in self._names else f"make {' '.join(words)}"
        if not (is_verb(words[0]) or words[0] == "get" or of_tests):
            return ""
        if len(words) > 1:
            return " ".join(words)
        is_method = symbol is not None and symbol.kind == "method"
        noun = _words(owner.rpartition(".")[2]) if owner and is_method else []
        acts_on_it = noun and words[0].upper() not in HTTP_METHODS and words[0] not in OF_AN_ELEMENT
        return " ".join([*(word for word in words if word not in noun), *noun]) if acts_on_it else ""

    def _is_made(self, target: Target) -> bool:
        """Whether the step is to make an object of a class."""
        symbol = self.context.symbol(target)
        return symbol is None or symbol.kind in TYPES

    def _readable(self, title: str) -> str:
        text = plain_text(title).replace("“", "").replace("”", "")
        if "://" in text:
            return ""  # an address is nobody's words
        text = "".join(
            each for each in text if unicodedata.category(each)[0] not in "CS" or each in " +=<>$^"
        )
        text = re.sub(r"\s+(?=:)", "", " ".join(text.split()).strip(" .:#-–—*_"))
        counted = _COUNTED.match(text)
        rest = text[counted.end() :] if counted else ""
        text = (rest[:1].upper() + rest[1:] or text).strip(" ,;:.-")
        return text if len(text) <= _LONGEST and len(text.split()) <= 2 * MOST_WORDS else ""  # none is cut

    def _spelled(self, text: str) -> str:
        """Words as the documents spell them: "lora" becomes "LoRA"."""
        text = _KNOWN_CASE.sub(lambda found: self._case.get(found[0].lower(), found[0]), text)
        return text[:1].upper() + text[1:]

    @cached_property
    def _names(self) -> frozenset[str]:
        """Words that name the project: they say nothing of what is done."""
        programs = (name.partition(" ")[0] for name in self.context.own_commands)
        return frozenset(
            {self.repository.owner_repo.rpartition("_")[2].lower(), *self.context.roots, *programs}
        )

    @cached_property
    def _case(self) -> Mapping[str, str]:
        counts: dict[str, Counter[str]] = {}
        for facts in self.repository.facts.values():
            texts = [facts.purpose, *(f"{each.title} {each.summary}" for each in facts.headings)]
            texts += [(each.docstring or "")[:400] for each in facts.symbols]
            for text in texts:
                for word in _SPELLED.findall(text or ""):
                    counts.setdefault(word.lower(), Counter())[word] += 1
        return {
            word: min(found, key=lambda each: (-found[each], each))
            for word, found in sorted(counts.items())
            if sum(found.values()) > 1
        }


def _telling(steps: Sequence[Target], weights: Weights) -> list[Target]:
    """The rarest that few others take, in their order; without any, all of them."""
    rare = [each for each in steps if not weights.is_common(each)]
    kept = sorted(rare, key=lambda each: -weights[each])[:KEY_STEPS]
    return [each for each in steps if each in kept] or list(steps)


def _words(name: str) -> list[str]:
    words = identifier_words(name)
    while words and words[0].lower() in ("test", "tests"):
        words = words[1:]
    return [word.lower() for word in words] or [name]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0] or path
