"""Names of heuristics in words of their own content."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from codebase_gardener.documents.sentences import means_another, stands_alone
from codebase_gardener.knowledge.heuristics.advice import (
    COST,
    SIGNALS,
    VALUE,
    advising,
    clauses,
    insight,
    points_back,
    signals,
    strength,
)
from codebase_gardener.knowledge.heuristics.items import Item
from codebase_gardener.utils.memo import remembered

__all__ = ["Namer", "best_sentence", "title_of"]

_STOP = frozenset(
    re.findall(
        r"\S+",
        """
    a able about above actual actually additionally after again all allow allows also although always an and
    another any anymore are aren as at automatically available back be because become becomes been before being
    below best better between both but by call called calling can can't cannot case cases cause causes causing
    certain class classes come comes consider considered correctly could current currently default did different
    directly do does doesn doesn't doing don don't done down due during e.g each easily easy either else end
    enough ensure etc even every exactly example expected explicitly false few first following for from fully
    function functions further future generally get gets getting give given go going good great had happen has
    have having help helpful hence here here's high higher how however i i.e if ignored ignoring important in
    instance instead into is isn isn't it it's its itself just keep kind know last least less let let's lets like
    likely look lot low lower made main make makes making many may maybe me mean means method methods might more
    most much multiple must necessary need needed needs never new next no non none not note nothing now occur
    occurs of off often old on once one only or order other otherwise our out over own part particular pass passed
    passing perform pick please possible possibly present previous proper properly provided put rather really
    reason reasons recommend recommended recommends required requires respectively result results right same see
    set sets setting should simple simply since single so some something sometimes specific specified specify
    still such support supported sure take takes than that that's the their them then there there's therefore
    these they they're thing things this those though three through throw throws thus to too true try two
    typically under unless until up upon us use used useful user users uses using usual usually value values
    version very via want wants was way ways we we're well were what when where whether which while who whole why
    will with within without won won't work works would yes you you'll you're your yourself
        """,
    )
)
"""Words that say nothing of what a text is about."""

_TOKEN = re.compile(r"`[^`\n]{1,80}`|[A-Za-z][\w'-]*|\d+-bit|[^\w\s]|[^\W\d_]\w*")
_INVALID = re.compile(r"[^\w.-]+")
_URL = re.compile(r"https?://\S+|\{[^{}]*\}")
_CONNECTIVE = re.compile(
    r"^(?:note that|because|since|so|but|otherwise|as|therefore|also|however|and|or|which|please)\b,?\s+"
    r"(?!of |such |long |soon |well |that )",
    re.IGNORECASE,
)
_DEPENDENT = re.compile(r"(?:due to|to|in order to|unless|at the|because of|that)\b", re.IGNORECASE)
_MARK = re.compile(r"^(?:[-*•+]|\(?\d{1,2}[.)])\s+")
_LISTS = re.compile(r":\s*\Z|(?:^|\s)\(?1[.)]\s")
"""What only begins a list."""
_GIVES_REASON = re.compile(r"(?:because|since|so|as|due to|to save|in order to|which)\b", re.IGNORECASE)
"""How what follows a clause begins where it does not take back what the clause says."""
_INTRODUCES = re.compile(
    r"(?:in (?:practice|theory|general|particular|fact)|usually|generally|of course),\s+", re.IGNORECASE
)
_OF_OWNER = re.compile(
    r"this\s+(?:class|component|constructor|decorator|function|hook|interface|macro|method|middleware|mixin|module|property"
    r"|struct|trait|type)\b",
    re.IGNORECASE,
)
"""How a docstring calls what it is of."""
_CLAUSE_ENDS = re.compile(
    r"[,;]\s|\s[–—-]{1,2}\s|\s(?=(?:because|since|so|which|due to|in order to)\s)", re.IGNORECASE
)
_OPENS_DEPENDENT = re.compile(
    r"(?:although|as|at|by|due|even|for|from|if|in|on|to|unless|until|when\w*|where\w*|while|with\w*)\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(r"\b(?:but|except|however|although|though|unless|yet)\b", re.IGNORECASE)
_LIMITED = re.compile(r"\W*(?:even |only )?(?:if|in case|only|until|when|where|while)\b", re.IGNORECASE)
_FEWEST_WORDS = 6
"""Of the beginning of a sentence that is told for the whole."""
_MAX_GIST_WORDS = 26
_MAX_WORDS = 4
_MAX_NAME = 90


def best_sentence(text: str) -> str:
    """The sentence with the most advice, the first of equals; "" where none stands alone."""
    return max(advising(text), key=strength, default="")


def title_of(group: Sequence[Item]) -> str:
    """What a page is about, as a person would say it: whose it is, and its option or its advice in a whole sentence."""
    first = group[0]
    evidence = first.evidence
    if first.deprecation:
        return "Deprecated uses"
    if first.option:
        owners = {item.option[:2] for item in group if item.option}
        owner = first.option[1]
        return f"{owner}: {evidence.name}" if owner and len(owners) == 1 else f"Option {evidence.name}"
    in_document = evidence.kind in ("admonition", "doc-tip")
    if evidence.kind == "admonition" and len(evidence.value.split()) > 1:
        return evidence.value
    if in_document:
        owner = evidence.scope
    else:
        parts = [part for part in evidence.scope.split(".") if part and not part.startswith("__")]
        several = len({(item.path, item.evidence.scope) for item in group}) > 1
        owner = _owner(group) if several else ".".join(parts[-2:])
    gist = _gist(evidence.text, told_of=not in_document and bool(owner))
    return ": ".join(part for part in (owner, gist) if part) or "/".join(first.path.split("/")[-2:])


def _gist(text: str, told_of: bool) -> str:
    """The strongest sentence, its main clause or how it begins, else that of the next; "" where none stands alone.

    None is cut within a clause, nor where the rest takes back what it says.

    Args:
        text: Of a remark.
        told_of: Whether what "this class" means stands before it.
    """
    best, *others = sorted(advising(text), key=strength, reverse=True) or [text]
    for sentence in (best, *(one for one in others if _advises(one, told_of) and stands_alone(one))):
        if not _stands(sentence, told_of):
            continue
        main, *rest = clauses(sentence) or [sentence]
        is_main = bool(rest) and bool(_GIVES_REASON.match(rest[0])) and not _DEPENDENT.match(_plain(main))
        for candidate in (sentence, *([main] if is_main else ())):
            plain = _plain(candidate)
            if 1 < len(plain.split()) < _MAX_GIST_WORDS and plain.count("(") == plain.count(")"):
                return plain
        if beginning := _beginning(sentence):
            return beginning
    return ""


def _advises(sentence: str, of_code: bool) -> bool:
    """Whether there is advice in it: an imperative alone may say what a function does."""
    return strength(sentence) >= (1 if of_code else 2) and signals(sentence) != ("imperative",)


def _stands(sentence: str, told_of: bool) -> bool:
    """Whether a sentence can be a title."""
    plain = _INTRODUCES.sub("", _plain(sentence))
    if told_of:
        plain = _OF_OWNER.sub("", plain)
    return not (points_back(plain) or means_another(plain) or _LISTS.search(sentence.strip()))


def _beginning(sentence: str) -> str:
    """A long sentence up to the last clause that a title has room for, where what follows takes nothing back."""
    plain = _plain(sentence)
    if _OPENS_DEPENDENT.match(plain):
        return ""
    ends = [found.start() for found in _CLAUSE_ENDS.finditer(plain[: _MAX_NAME * 2])]
    for end in reversed(ends):
        said = plain[:end]
        whole = said.count("(") == said.count(")") and said.count('"') % 2 == 0
        if _FEWEST_WORDS <= len(said.split()) < _MAX_GIST_WORDS and whole:
            is_limited = _TAKEN_BACK.search(plain, end) or _LIMITED.match(plain, end)
            return "" if is_limited else f"{said} …"
    return ""


def _plain(sentence: str) -> str:
    words = _CONNECTIVE.sub("", _MARK.sub("", sentence.strip())).replace("`", "")
    return " ".join(words.split()).rstrip(" .,;:!")


class Namer:
    """Names for groups of remarks of one repository; the same groups in the same order get the same names."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._count = 0
        self._in: Counter[str] = Counter()
        for text in texts:
            self._count += 1
            self._in.update({word.lower() for phrase in _phrases(text) for word in phrase})
        self._taken: set[str] = set()

    def name(self, group: Sequence[Item]) -> str:
        """`Class_option`, `symbol_Key_Phrases`, `Section_Key_Phrases`: valid, and different from all before."""
        candidates = list(self._candidates(group))
        for candidate in candidates:
            if candidate and candidate.lower() not in self._taken:
                return self._take(candidate)
        number = 2
        while f"{candidates[-1]}_{number}".lower() in self._taken:
            number += 1
        return self._take(f"{candidates[-1]}_{number}")

    def key_phrases(
        self, text: str, words: int = _MAX_WORDS, common: frozenset[str] | None = None
    ) -> list[str]:
        """The most telling words of a text, in its order, as runs of words; only `common` ones, if given."""
        parts = insight(text)
        telling = " . ".join((*parts[COST], *parts[VALUE]))
        text = _URL.sub(" ", text)
        signal = {word for name in ("price", "harm", "saves") for found in SIGNALS[name].pattern.finditer(text)
                  for word in found[0].split()}  # fmt: skip
        ranked: list[tuple[float, int, tuple[str, ...]]] = []
        for position, phrase in enumerate(_phrases(text)):
            cut = (
                phrase[-3:]
                if common is None
                else tuple(word for word in phrase if word.lower() in common)[-3:]
            )
            if not cut:
                continue
            weight = sum(self._rarity(word) for word in cut) / len(cut) ** 0.5
            if telling and " ".join(cut) in telling:
                weight *= 1.4
            if signal.intersection(cut):
                weight *= 2
            ranked.append((-weight / (1 + position / 12), position, cut))
        chosen: list[tuple[int, tuple[str, ...]]] = []
        seen: set[str] = set()
        for _, position, phrase in sorted(ranked):
            fresh = tuple(word for word in phrase if word.lower() not in seen)
            if not fresh or sum(len(one) for _, one in chosen) + len(fresh) > words:
                continue
            seen.update(word.lower() for word in fresh)
            chosen.append((position, fresh))
        return [word for _, phrase in sorted(chosen) for word in phrase]

    def _candidates(self, group: Sequence[Item]) -> Iterable[str]:
        first = group[0]
        evidence = first.evidence
        if first.deprecation:
            yield "Deprecated_Uses"
        sentence = best_sentence(evidence.text) or evidence.text
        owner = _owner(group)
        most = 3 if owner else _MAX_WORDS
        phrases = [word[:1].upper() + word[1:] for word in self.key_phrases(sentence, most, _common(group))]
        if first.option:
            scopes = {item.option[:2] for item in group if item.option}
            if len(scopes) > 1:
                yield _valid(f"{evidence.name}_Option")
            owner = _owner(group[:1])
            yield _valid(f"{owner}_{evidence.name}" if owner else evidence.name)
        yield _told_in_name(title_of(group)) if evidence.kind == "doc-tip" else ""
        if evidence.kind in ("admonition", "doc-tip"):
            own_title = evidence.value if evidence.kind == "admonition" else ""
            words = re.findall(r"\w+", own_title) or re.findall(r"\w+", evidence.scope)
            title = "_".join(word[:1].upper() + word[1:] for word in words[:6])
            fresh = [word for word in phrases if word.lower() not in title.lower()]
            if title and len(words) > 1:
                yield _valid(title)
            yield _valid("_".join([*([title] if title else []), *fresh[:3]]))
        yield _told_in_name(title_of(group))
        yield _valid("_".join([owner, *phrases]) if owner else "_".join(phrases) or evidence.kind)
        module = first.path.rpartition("/")[2].partition(".")[0]
        yield _valid("_".join([module, owner, *phrases] if owner else [module, *phrases]))

    def _rarity(self, word: str) -> float:
        rarity = math.log((1 + self._count) / (1 + self._in[word.lower()])) + 1
        return min(rarity, 4.5)

    def _take(self, name: str) -> str:
        self._taken.add(name.lower())
        return name


def _common(group: Sequence[Item]) -> frozenset[str] | None:
    """Words that at least half of several texts have; None for a single text."""
    texts = {item.evidence.text for item in group}
    if len(texts) < 2:
        return None
    counts = Counter(
        word for text in texts for word in {one.lower() for phrase in _phrases(text) for one in phrase}
    )
    return frozenset(word for word, count in counts.items() if 2 * count >= len(texts))


def _owner(group: Sequence[Item]) -> str:
    """The definition that a remark belongs to, without `__init__` and private parts; "" in a document."""
    evidence = group[0].evidence
    if evidence.kind in ("admonition", "doc-tip"):
        return ""
    scopes = {(item.path, item.evidence.scope) for item in group}
    if len(scopes) > 1:
        names = Counter(scope.rpartition(".")[2] for _, scope in sorted(scopes))
        name, count = min(names.items(), key=lambda one: (-one[1], one[0]))
        return "" if name.startswith("_") or 2 * count < len(scopes) else name
    parts = [part for part in evidence.scope.split(".") if part and not part.startswith("_")]
    return "_".join(parts[-2:])


@remembered
def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """Runs of words that carry meaning (Rose et al. 2010, RAKE), identifiers cut into their words."""
    found: list[tuple[str, ...]] = []
    run: list[str] = []
    for token in _TOKEN.findall(text):
        if token.startswith("`"):
            inner = token.strip("`").rpartition(".")[2]
            words = re.findall(r"[A-Za-z][\w-]*", inner)[:2]
            run += words if all(len(word) > 1 for word in words) else []
            continue
        word = token.strip("'-")
        if token[0].isalnum() and word.lower() not in _STOP and (len(word) > 2 or word.isupper()):
            run.append(word)
        elif run:
            found.append(tuple(run))
            run = []
    if run:
        found.append(tuple(run))
    return tuple(found)


def _told_in_name(title: str) -> str:
    """A title as a name, where it has words of its own and none has to go."""
    name = re.sub(r"_{2,}", "_", _INVALID.sub("_", title)).strip("_.-")
    return name if ": " in title and len(name) <= _MAX_NAME else ""


def _valid(name: str) -> str:
    name = re.sub(r"_{2,}", "_", _INVALID.sub("_", name)).strip("_.-")
    if len(name) > _MAX_NAME:
        name = name[:_MAX_NAME].rpartition("_")[0] or name[:_MAX_NAME]
    return name
