"""What a golden path is called: after its document, readable, as the authors spell their words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from codebase_gardener.knowledge.passage_sequences import ShownSequence
from codebase_gardener.knowledge.plain_prose import plain_prose
from codebase_gardener.knowledge.repository_facts import RepositoryFacts

__all__ = ["Titles"]

MOST_WORDS = 9
"""Words of a title."""
_GENERAL = frozenset(
    "usage example examples overview introduction quickstart quick start getting started tutorial basic basics simple "
    "advanced guide setup installation running requirements configuration how to use using it a the example: notes "
    "intro welcome demo more next steps summary background note tips faq".split()
)
"""Words of headings that tell nothing without their document's title."""
_TEST_WORDS = re.compile(
    r"^(?:this\s+)?(?:simple\s+|basic\s+)?(?:tests?|checks?|verif(?:y|ies)|ensures?|make sure|asserts?)\b\s*(?:(?:that|if|whether|for|the|to)\b\s*)*",
    re.IGNORECASE,
)
_SPELLED = re.compile(r"\b(?=\w*[a-z])\w*[A-Z]\w*[A-Z]\w*\b|\b[A-Z]{2,}[a-z]?\d*\b")
_KNOWN_CASE = re.compile(r"[A-Za-z][A-Za-z0-9]*")


@dataclass(frozen=True)
class Titles:
    """Makes titles.

    Args:
        repository: How its documents spell words.
    """

    repository: RepositoryFacts

    def of(self, members: Sequence[ShownSequence]) -> tuple[str, str]:
        """A short and a long title of passages, the first of which names them."""
        founder = members[0]
        if founder.area == "test" or founder.area == "docstring":
            title = self._of_tests([one for one in members if one.area in ("test", "docstring")])
            return title, f"{title} ({_stem(founder.passage.path)})"
        full = self._readable(founder.passage.title)
        whole, colon, section = full.partition(": ")
        if not colon:
            return full, f"{full} ({_stem(founder.passage.path)})"
        same = [one.passage.title for one in members if one.passage.path == founder.passage.path]
        if len(same) > 2 and len(set(same)) > 2:
            return whole, full
        words = re.findall(r"[\w']+", section.lower())
        is_general = len(words) < 2 or all(word in _GENERAL for word in words)
        return (full if is_general else section), full

    def _of_tests(self, members: Sequence[ShownSequence]) -> str:
        """The words that most of the tests' names have, in the order of the one that has most of them."""
        names = [_words(one.passage.scope.rpartition(".")[2] or one.passage.title) for one in members]
        counts = Counter(word for words in names for word in dict.fromkeys(words))
        least = max(2, 0.3 * len(names)) if len(names) > 1 else 1
        scored = [
            (sum(counts[word] - least + 0.5 for word in dict.fromkeys(words)), place)
            for place, words in enumerate(names)
        ]
        best = names[max(scored, key=lambda pair: (pair[0], -pair[1]))[1]]
        common = [word for word in best if counts[word] >= least]
        return self._spelled(" ".join((common if len(common) > 1 else best)[:MOST_WORDS]))

    def _readable(self, title: str) -> str:
        text = plain_prose(title).replace("`", "").replace("“", "").replace("”", "")
        text = "".join(each for each in text if unicodedata.category(each)[0] not in "CS" or each in " +=<>$^")
        text = _TEST_WORDS.sub("", " ".join(text.split()).strip(" .:#-–—*_"))
        return " ".join(text.split()[: 2 * MOST_WORDS])[:120].strip(" ,;:.-") or "Workflow"

    def _spelled(self, text: str) -> str:
        """Words as the documents spell them: "lora" becomes "LoRA"."""
        text = _KNOWN_CASE.sub(lambda found: self._case.get(found[0].lower(), found[0]), text)
        return text[:1].upper() + text[1:]

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


def _words(name: str) -> list[str]:
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d*|[A-Z]+\d*|\d+[a-z]*", name)
    while words and words[0].lower() in ("test", "tests"):
        words = words[1:]
    return [word.lower() for word in words] or [name]


def _stem(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[0] or path
