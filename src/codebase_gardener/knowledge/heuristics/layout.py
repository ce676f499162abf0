"""How a Heuristic page is written: every sentence is a quotation or counted from the evidence.

The repository's words are data, whatever they say: a quote of lines is a fenced block after "From `path:Lx-y`:";
a quote of words is one line in which nothing is a link, a tag, a heading or an anchor.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from codebase_gardener.documents.sentences import (
    before_open_bracket,
    lead_free,
    sentences,
    takes_back,
    told_alone,
)
from codebase_gardener.knowledge.heuristics.advice import (
    ACTION,
    COST,
    VALUE,
    insight,
    points_back,
    reasons,
    strength,
)
from codebase_gardener.knowledge.heuristics.comment_advice import DOCUMENTATION
from codebase_gardener.knowledge.heuristics.items import Item
from codebase_gardener.knowledge.heuristics.merging import SAME_TEXT, similar, words_of
from codebase_gardener.knowledge.heuristics.names import best_sentence, title_of
from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.utils.anchors import Anchor

__all__ = ["Author", "NOT_STATED", "quoted_words"]

NOT_STATED = "Not stated by the source."
_SLOTS = {ACTION: "Action", VALUE: "Value", COST: "Trade-off"}
_SAYS: dict[str, str] = {
    "warn": "A warning", "log": "A logged warning", "comment": "A comment", "option-help": "The help text",
    "parameter-doc": "The documentation", "docstring-note": "The documentation", "admonition": "A note",
    "doc-tip": "The text",
}  # fmt: skip
"""Kind of evidence: who speaks."""

_LANGUAGES = {"markdown": "markdown", "rst": "rst", "python": "python"}
_MAX_QUOTE_LINES = 40
_MAX_QUOTE_CHARS = 6000
_MAX_QUOTES = 5
_MAX_PIECES = 3
_MAX_TEXTS = 20
_MAX_PIECE = 400
_MAX_TEXT = 1500
_IDENTIFIER = re.compile(r"[A-Za-z_]\w+")
_SPAN = re.compile(r"`([^`\n]{1,120})`")
_BULLET = re.compile(r"\A[-*•+]\s+")
_UNSAFE_SPAN = re.compile(r"\[\[|\]\]|:L?\d+(?:-\d+)?$|::|^\s|\s$|[<>]")
_MARKS = re.compile(
    r"[\\`*\[\]<>|]|(?<![^\W_])_|_(?![^\W_])|~(?=~)|(?<=~)~|&(?=#?\w+;)|^(?:#|[-+]|\d+[.)])(?=\s)"
)


class Author:
    """Writes pages of one repository."""

    def __init__(self, repository: RepositoryFacts, options: Sequence[Item]) -> None:
        self._repository = repository
        self._options: dict[tuple[str, str], dict[str, Item]] = {}
        for item in options:
            if item.evidence.kind == "option-help" and item.option:
                path, scope, name = item.option
                self._options.setdefault((path, scope), {}).setdefault(name, item)

    def can_quote(self, item: Item) -> bool:
        """Whether its first line is short enough to be shown."""
        first = self._repository.lines(item.path, item.evidence.start, item.evidence.start)
        return bool(first) and len(first[0]) <= _MAX_QUOTE_CHARS

    def page(self, name: str, group: Sequence[Item], words: Sequence[str]) -> Page:
        """The page of remarks that say the same, the best first."""
        sources = {item: self._source(item) for item in group}
        related = self._related(group)
        sources |= {item: self._source(item) for item in related}
        first = group[0]
        return Page(
            type="Heuristic",
            name=f"{self._repository.owner_repo}_{name}",
            title=title_of(group) or name.replace("_", " "),
            overview=self._overview(group),
            description=self._description(group, sources),
            usage=self._usage(group, related, sources),
            sections=(
                Section("The Insight", _insight(group)),
                Section("Reasoning", self._reasoning(group, sources)),
                Section("Code Evidence", self._evidence(group, sources)),
            ),
            sources=tuple(dict.fromkeys(sources.values())),
            domains=tuple(
                sorted({word.lower() for word in words if word.replace("-", "").isalnum()} | _domain(first))
            ),
        )

    def _source(self, item: Item) -> Source:
        """The lines of a remark, cut where they are too many to be shown."""
        start, end = item.evidence.start, min(item.evidence.end, item.evidence.start + _MAX_QUOTE_LINES - 1)
        lines = self._repository.lines(item.path, start, end)
        size, last = 0, start
        for number, line in enumerate(lines, start):
            size += len(line) + 1
            if size > _MAX_QUOTE_CHARS:
                break
            last = number
        return self._repository.source(item.path, start, last)

    def _overview(self, group: Sequence[Item]) -> str:
        first = group[0]
        if first.deprecation:
            places = len({(item.path, item.evidence.start) for item in group})
            return f"{places} {'place says' if places == 1 else 'places say'} that something is deprecated."
        return f"{_speaker(first)} says: {quoted_words(self._sentence(group))}"

    def _description(self, group: Sequence[Item], sources: dict[Item, Source]) -> str:
        lines = []
        if group[0].deprecation:
            lines.append(
                "Notices of deprecation, one by one; what to use instead is quoted where the source says it."
            )
        else:
            lines += self._untold(group[0].evidence.text, group, _whys(group))
        places = list(dict.fromkeys(sources[item].anchor for item in group))
        kinds = sorted({_SAYS[item.evidence.kind].lower().partition(" ")[2] for item in group})
        files = len({anchor.path for anchor in places})
        if len(places) > 1:
            lines.append(f"Found in {len(places)} places of {_count(files, 'file')} ({', '.join(kinds)}).")
        return "\n\n".join(lines) or f"One place says so: `{places[0]}`."

    def _untold(self, text: str, group: Sequence[Item], before: Sequence[str]) -> list[str]:
        """What neither the Overview, The Insight nor a text before it says, as quotes.

        A sentence that points back stands with the one before it.

        Args:
            text: Of a remark.
            group: Of the page.
            before: Texts that are quoted already.
        """
        quoted = [self._sentence(group), *_quoted_in(group), *before]
        known = {_bare(one) for each in quoted for one in sentences(each)}
        every = sentences(_cut(text, _MAX_TEXT))
        new = {at for at, one in enumerate(every) if _bare(one) not in known and told_alone(one)}
        new |= {at - 1 for at in new if at and points_back(every[at])}
        runs: list[str] = []
        for at in sorted(new):
            if at - 1 in new:
                runs[-1] += f" {every[at]}"
            else:
                runs.append(every[at])
        return [f"> {' '.join(map(quoted_words, runs))}"] if runs else []

    def _sentence(self, group: Sequence[Item]) -> str:
        """The one that the Overview quotes, with the one that it points back to; "" for notices of deprecation."""
        text = group[0].evidence.text
        if group[0].deprecation:
            return ""
        best = best_sentence(text) or text
        before = next((one for one, after in pairwise(sentences(text)) if after == best), "")
        after = next((two for one, two in pairwise(sentences(text)) if one == best and takes_back(two)), "")
        led = [before] if before and points_back(best) else []
        for whole in ([*led, best, after], [best, after], [*led, best]):
            said = " ".join(filter(None, whole))
            if len(whole) > 1 and said != best and len(said) <= _MAX_PIECE:
                return said
        return _cut(best, 300)

    def _usage(self, group: Sequence[Item], related: Sequence[Item], sources: dict[Item, Source]) -> str:
        lines: dict[str, None] = {}
        for item in group[:_MAX_QUOTES]:
            lines[f"- {_where(item)}: `{sources[item].anchor}`"] = None
        if len(group) > _MAX_QUOTES:
            lines[
                f"- and {_count(len(group) - _MAX_QUOTES, 'further place')}, listed under Code Evidence"
            ] = None
        for item in related:
            default = f", default {_code(item.evidence.value)}" if item.evidence.value else ""
            lines[f"- The text also speaks of the option {_code(item.evidence.name)}{default}: "
                  f"`{sources[item].anchor}`"] = None  # fmt: skip
        return "\n".join(lines)

    def _related(self, group: Sequence[Item]) -> list[Item]:
        """Options of the same class that the texts name, in the order of their names."""
        own = {item.option for item in group}
        found: dict[tuple[str, str, str], Item] = {}
        for item in group:
            if item.option is None:
                continue
            options = self._options.get(item.option[:2], {})
            marked = re.findall(r"`([^`\n]{1,120})`", item.evidence.text)
            named = {
                name
                for span in marked
                for name in [*_IDENTIFIER.findall(span), *re.findall(r"\b[a-z]\b", span)]
            }
            for name in sorted(named & options.keys()):
                if options[name].option not in own and len(found) < 6:
                    found.setdefault((item.path, item.option[1], name), options[name])
        names: dict[str, Item] = {}
        for (_, _, name), item in sorted(found.items()):
            names.setdefault(name, item)
        return list(names.values())

    def _reasoning(self, group: Sequence[Item], sources: dict[Item, Source]) -> str:
        """The reasons that are given, and every different text once, with its places."""
        places: dict[str, list[Item]] = {}
        for item in group:
            places.setdefault(item.evidence.text or item.evidence.value, []).append(item)
        whole = " ".join(map(quoted_words, _whys(group)))
        parts = [f"Why, as the source puts it: {whole}"] if whole else []
        most = len(places) if group[0].deprecation else _MAX_TEXTS
        for number, (text, items) in enumerate(list(places.items())[:most]):
            shown = f"{_speaker(items[0])}{_condition(items[0])}: {_cited(items, sources)}."
            if number == 0 and not group[0].deprecation:  # the description has quoted it
                parts.append(shown)
            else:
                told = [] if group[0].deprecation else list(places)[:number]
                parts.append("\n\n".join([shown, *self._untold(text, group, told)]))
        if len(places) > most:
            parts.append(f"{_count(len(places) - most, 'further text')} of the same kind: see Code Evidence.")
        return "\n\n".join(parts)

    def _evidence(self, group: Sequence[Item], sources: dict[Item, Source]) -> str:
        """The first places with different texts as quotes, the others as anchors."""
        texts: dict[str, Source] = {}
        most = len(group) if group[0].deprecation and len(group) <= 2 * _MAX_QUOTES else _MAX_QUOTES
        for item in group:
            if len(texts) < most:
                texts.setdefault(item.evidence.text, sources[item])
        shown = list(dict.fromkeys(texts.values()))
        parts = [self._quote(source) for source in shown]
        others = [one for one in dict.fromkeys(sources[item] for item in group) if one not in shown]
        if others:
            parts.append("\n".join(["Further places:", "", *(f"- `{source.anchor}`" for source in others)]))
        return "\n\n".join(parts)

    def _quote(self, source: Source) -> str:
        anchor = source.anchor
        language = self._repository.facts[anchor.path].language
        return _quoted_lines(
            anchor,
            self._repository.lines(anchor.path, anchor.start, anchor.end),
            _LANGUAGES.get(language, ""),
        )


def _insight(group: Sequence[Item]) -> str:
    """Action, Value and Trade-off in the source's own words; what it does not say is left out."""
    found = {part: [(piece, item) for of, piece, item in _pieces(group) if of == part] for part in _SLOTS}
    defaults = sorted({item.evidence.value for item in group if item.option and item.evidence.value})
    named = (
        f"Default {', '.join(map(_code, defaults[:4]))}. " if defaults and not group[0].deprecation else ""
    )
    return "\n".join(_lines(found, named)) or NOT_STATED


def _pieces(group: Sequence[Item]) -> Iterator[tuple[str, str, Item]]:
    """Part, sentences and who says them, those that say the same once."""
    known: dict[str, list[frozenset[str]]] = {part: [] for part in _SLOTS}
    texts = {item.evidence.text: item for item in reversed(group)}
    for text in list(dict.fromkeys(item.evidence.text for item in group))[:_MAX_TEXTS]:
        for part, pieces in insight(text).items():
            for piece in pieces:
                words = words_of(piece)
                if not any(similar(words, other, SAME_TEXT) for other in known[part]):
                    known[part].append(words)
                    yield part, piece, texts[text]


def _quoted_in(group: Sequence[Item]) -> list[str]:
    """The sentences that The Insight quotes."""
    return [piece for _, piece, _ in _pieces(group)]


def _whys(group: Sequence[Item]) -> list[str]:
    """The reasons that Reasoning quotes: those that The Insight does not."""
    quoted = " ".join(_quoted_in(group))
    texts = list(dict.fromkeys(item.evidence.text or item.evidence.value for item in group))
    found = dict.fromkeys(one for text in texts[:_MAX_TEXTS] for one in reasons(text) if one not in quoted)
    return [_cut(reason, _MAX_PIECE) for reason in list(found)[:_MAX_PIECES]]


def _lines(found: Mapping[str, Sequence[tuple[str, Item]]], default: str) -> Iterator[str]:
    for part, label in _SLOTS.items():
        best = sorted(range(len(found[part])), key=lambda at, part=part: (-strength(found[part][at][0]), at))  # type: ignore[misc]
        pieces = [found[part][at] for at in sorted(best[:_MAX_PIECES])]
        words = " ".join(_said(piece, item) for piece, item in pieces)
        before = default if part == VALUE else ""
        if before or words:
            yield f"- **{label}:** {before}{words}".rstrip()


def _bare(sentence: str) -> str:
    return " ".join(sentence.split()).rstrip(" .:")


def _said(piece: str, item: Item) -> str:
    """What is said, and of what where it begins with a word that points back to nothing that is said."""
    about = item.evidence.name if item.option else item.evidence.scope
    is_clear = not points_back(piece) or not about
    is_heading = item.evidence.kind in ("admonition", "doc-tip") and not item.option
    named = quoted_words(about) if is_heading else _code(about)
    return quoted_words(_cut(piece, _MAX_PIECE)) + ("" if is_clear else f" (of {named})")


def _speaker(item: Item) -> str:
    """Who says it: "A warning of `A.merge`"."""
    evidence, who = item.evidence, _SAYS[item.evidence.kind]
    if evidence.kind in ("admonition", "doc-tip"):
        section = f", section {quoted_words(evidence.scope)}" if evidence.scope else ""
        named = {"tip": "A tip", "warning": "A warning", "important": "An important note"}.get(
            evidence.name, who
        )
        return f"{named} in `{item.path}`{section}"
    if item.option:
        owner = f" of {_code(item.option[1])}" if item.option[1] else ""
        return f"{who} of {_code(evidence.name)}{owner}"
    mark = f" ({evidence.name})" if evidence.kind == "comment" and evidence.name else ""
    place = _code(evidence.scope) if evidence.scope else f"`{item.path}`"
    if evidence.kind == "comment" and evidence.value == DOCUMENTATION:
        return f"The documentation{mark} of {place}"
    return f"{who}{mark} {'in' if evidence.kind in ('comment', 'log') else 'of'} {place}"


def _condition(item: Item) -> str:
    """The test that a warning stands under."""
    evidence = item.evidence
    return f", where {_code(evidence.value)}" if evidence.value and evidence.kind in ("warn", "log") else ""


def _cited(items: Sequence[Item], sources: dict[Item, Source]) -> str:
    anchors = list(dict.fromkeys(f"`{sources[item].anchor}`" for item in items))
    further = f" and {_count(len(anchors) - 3, 'further place')}" if anchors[3:] else ""
    return ", ".join(anchors[:3]) + further


def _where(item: Item) -> str:
    """When a reader meets it."""
    evidence = item.evidence
    if evidence.kind in ("warn", "log"):
        who = _code(evidence.scope) if evidence.scope else "the module"
        return f"When {who} runs if {_code(evidence.value)}" if evidence.value else f"When {who} warns of it"
    if item.option:
        default = f" (default {_code(evidence.value)})" if evidence.value else ""
        owner = f" of {_code(item.option[1])}" if item.option[1] else ""
        return f"When setting {_code(evidence.name)}{owner}{default}"
    if evidence.kind in ("admonition", "doc-tip"):
        return f"When following {quoted_words(evidence.scope) if evidence.scope else 'the document'}"
    documents = evidence.kind == "comment" and evidence.value == DOCUMENTATION
    doing = "changing" if evidence.kind == "comment" and not documents else "using"
    whole = "the package" if documents else "this file"
    return f"When {doing} {_code(evidence.scope) if evidence.scope else whole}"


def _code(text: str) -> str:
    """Text in code marks; where it could be taken for a link, an anchor or the end of the marks, as quoted words."""
    if re.search(r"`|\[\[|::|:L?\d+(?:-\d+)?$", text) or not text.strip():
        return quoted_words(text)
    return f"`{' '.join(text.split())}`"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _domain(item: Item) -> set[str]:
    parts = item.path.rpartition("/")
    words = {parts[0].rpartition("/")[2], parts[2].partition(".")[0]}
    return {word.lower().strip("_") for word in words if word.strip("_") and word not in ("src", "__init__")}


def quoted_words(text: str) -> str:
    """A text of the repository in quotation marks; names in code marks stay code, all else is plain words.

    Example:
        >>> quoted_words("Use `r=8`, see [[step::X]] <b>")
        '“Use `r=8`, see \\\\[\\\\[step::X\\\\]\\\\] \\\\<b\\\\>”'
    """
    line = lead_free(_BULLET.sub("", " ".join(text.split())))
    parts: list[str] = []
    at = 0
    for span in _SPAN.finditer(line):
        if _UNSAFE_SPAN.search(span[1]):
            continue
        parts += [_escaped(line[at : span.start()]), span[0]]
        at = span.end()
    return f"“{''.join([*parts, _escaped(line[at:])])}”"


def _quoted_lines(anchor: Anchor, lines: Iterable[str], language: str = "") -> str:
    """The lines of an anchor as a fenced block, without their common indentation."""
    text = textwrap.dedent("\n".join(line.rstrip() for line in lines))
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"From `{anchor}`:\n\n{mark}{language}\n{text}\n{mark}"


def _cut(text: str, most: int) -> str:
    """The text, cut at a word and with "…" where it is longer."""
    if len(text) <= most:
        return text
    return before_open_bracket(text[:most].rpartition(" ")[0]).rstrip(" ,;:(") + " …"


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", text)
