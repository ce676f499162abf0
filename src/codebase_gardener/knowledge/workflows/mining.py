"""Golden paths: the workflows that a repository's authors show their users, mined from what they show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby, pairwise

from codebase_gardener.documents.facts import Heading, Snippet
from codebase_gardener.knowledge.apis.candidates import reference_documents
from codebase_gardener.knowledge.apis.catalog import MOST_APIS
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.section_titles import headings_around
from codebase_gardener.knowledge.apis.taken_back import is_taken_back
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.pages.wiki_names import page_name, unique_names
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.knowledge.workflows.command_sequences import command_sequences
from codebase_gardener.knowledge.workflows.evaluation_order import in_order_of_evaluation
from codebase_gardener.knowledge.workflows.example_documents import is_translation, shown_in
from codebase_gardener.knowledge.workflows.golden_path import GoldenPath, Step
from codebase_gardener.knowledge.workflows.independent_examples import (
    CodePart,
    examples,
    is_built_up,
    is_listing,
    paragraphs,
)
from codebase_gardener.knowledge.workflows.other_forms import other_forms
from codebase_gardener.knowledge.workflows.passage_clusters import (
    Cluster,
    by_target,
    document_clusters,
    follow,
    is_within,
    test_clusters,
)
from codebase_gardener.knowledge.workflows.passage_sequences import AREAS, ShownSequence, Weights
from codebase_gardener.knowledge.workflows.path_titles import Titles
from codebase_gardener.knowledge.workflows.step_rules import READER_AREAS, StepRules
from codebase_gardener.languages.table import LANGUAGES, is_test
from codebase_gardener.repository.areas import is_about_versions_or_work

__all__ = ["mine", "needed_targets"]

_ERROR_TEST = re.compile(
    r"(?:^|_)(?:raises?|errors?|invalid|incompatible|fails?|failures?|warns?|warnings?|unsupported|missing|wrong|bad"
    r"|broken|deprecat\w*|unknown|malformed|forbidden|not_allowed|exc|exceptions?|nonexist\w*)(?:_|\Z)"
)
"""Names of tests of what goes wrong."""
_SPONSORS = re.compile(
    r"\b(?:sponsor(?:s|ed|ing|ship)?|backers?|supporters|donat(?:e|ions?))\b", re.IGNORECASE
)
"""Headings of sections that thank or ask for money."""
_OR = re.compile(r"\W*(?:or|alternatively)\b[^.:]{0,40}:?\W*", re.IGNORECASE)
_NEXT = re.compile(
    r"(?:^|[.!?] )\W{0,3}(?:(?:and )?(?:then|next|finally|lastly|afterwards|after (?:that|this)|now)\b|\d{1,2}[.)] )",
    re.IGNORECASE | re.MULTILINE,
)
"""Words that say that what follows is done next."""
_NUMBERED = re.compile(r"(?:step|part|phase)\b|\d{1,2}[.):]", re.IGNORECASE)
"""Headings of sections that come one after the other."""
_OPENS_CODE = re.compile(r"\s*(?:```|~~~|\.\. )")
_NEWS = re.compile(r"(?:^|: )(?:change ?log|release notes|release history|what.s new)\b", re.IGNORECASE)
"""Headings of sections that tell what is new."""

_COMPARES = re.compile(
    r"\b(?:comparisons?|compared (?:to|with)|versus|vs)\b|^\d[\d.,]*(?:[x×%]|-fold)(?:\s|$)", re.IGNORECASE
)
"""Headings of sections that compare with other projects or versions, or begin with a measured figure."""


def mine(context: ApiContext) -> tuple[GoldenPath, ...]:
    """Find the golden paths, best first.

    Args:
        context: A repository's facts, and its passages with what they use.

    Returns:
        All that the rules let through; a function of the repository and its passages alone.
    """
    repository, resolution = context.repository, context.resolution
    rules = StepRules(repository, resolution, context.known_packages)
    sequences = [
        one
        for passage in resolution.passages
        if (one := _sequence(passage, rules)) is not None
        and len(one.targets) > 1
        and any(not target.external for target in one.targets)
    ]
    commands = list(command_sequences(context))
    sequences += commands
    sequences.sort(key=lambda one: one.rank)
    weights = Weights(sequences)
    reference = frozenset(reference_documents(repository.facts.values()))
    shown = [one for one in sequences if not _is_left_out(one, repository, reference)]
    typed = {id(one) for one in commands}
    documents = [one for one in shown if one.area in READER_AREAS and id(one) not in typed]
    clusters = document_clusters(documents, weights, partial(_begins, repository))
    unclaimed = follow(clusters, [one for one in shown if one.area not in READER_AREAS], weights)
    clusters += document_clusters([one for one in shown if id(one) in typed], weights, lambda _: False)
    if not clusters:  # tests alone show it
        clusters = _independent(test_clusters(unclaimed, context), weights)
    clusters = [cluster for cluster in clusters if _is_taken_whole(cluster)]
    for cluster in clusters:
        cluster.sort()
    clusters.sort(key=_rank)
    return _paths(_within_budget(clusters), context, weights)


def needed_targets(paths: Iterable[GoldenPath]) -> tuple[Target, ...]:
    """What the paths' steps need a page for, in the order in which they come."""
    return tuple(dict.fromkeys(step.target for path in paths for step in path.steps))


def _sequence(passage: Passage, rules: StepRules) -> ShownSequence | None:
    """What a passage does, calls in the order of their evaluation; of several examples the one with most steps."""
    passage = replace(passage, uses=tuple(in_order_of_evaluation(passage.uses)))
    uses = [use for use in passage.uses if rules.is_step(use, passage)]
    facts = rules.repository.facts[passage.path]
    if passage.area in READER_AREAS:
        blocks = [each for each in facts.snippets if passage.start <= each.start and each.end <= passage.end]
        lines = rules.repository.lines(passage.path, passage.start, passage.end)
        others = other_forms([use for use in uses if use.path == passage.path], lines, passage.start)
        left_out = list(_alternatives(blocks, passage, rules.repository))
        uses = [
            use
            for use in uses
            if use.target not in others
            and not _stands_in(use, left_out)
            and not is_taken_back(use, rules.repository)
        ]
        if passage.area != "example":
            return _of_document(passage, uses, rules.repository)
    return ShownSequence(passage, _once(uses))


def _of_document(passage: Passage, uses: Sequence[Use], repository: RepositoryFacts) -> ShownSequence | None:
    """The example of a section with most steps; of a whole document, where its sections build on each other."""
    facts = repository.facts[passage.path]
    blocks = [
        each
        for each in facts.snippets
        if passage.start <= each.start and each.end <= passage.end and any(_stands_in(use, [each]) for use in uses)
    ]  # fmt: skip
    parts = [
        part
        for number, block in enumerate(blocks)
        for part in paragraphs(
            block.start, repository.lines(passage.path, block.start, block.end), number,
            lambda start, end: frozenset(use.target for use in uses if start <= use.start <= end),
        )
    ]  # fmt: skip
    if not parts:
        return None
    sections = _sections(parts, facts.headings)
    if (passage.start, passage.end) == (1, facts.lines) and len(sections) > 1:
        if not _is_built_up(sections):
            return None
        kept = parts
    else:
        next_ones = _next_ones(blocks, passage.path, repository)
        ways = examples(parts, _things(facts), next_ones)
        whole = [one for way in ways for one in _that_build(way, uses, facts, next_ones)]
        if not whole:
            return None
        kept = max(whole, key=lambda way: len(frozenset().union(*(part.takes for part in way))))

    def of_it(each: Use) -> bool:
        return any(part.start <= each.start <= part.end for part in kept)

    narrowed = replace(
        passage, start=kept[0].start, end=kept[-1].end, uses=tuple(filter(of_it, passage.uses))
    )
    return ShownSequence(narrowed, _once(filter(of_it, uses)))


def _that_build(
    way: list[CodePart], uses: Sequence[Use], facts: FileFacts, next_ones: Container[int]
) -> Iterator[list[CodePart]]:
    """An example whose statements build on each other; of one that lists forms, the blocks that do."""
    takes: dict[int, frozenset[Target]] = {}
    for use in uses:
        takes[use.start] = takes.get(use.start, frozenset()) | {use.target}
    imported = {each.alias for snippet in facts.snippets for each in snippet.imports}
    things = _things(facts)
    if not is_listing(way, takes, imported, things):
        yield way
        return
    blocks = [list(block) for _, block in groupby(way, key=lambda part: part.block)]
    blocks = [block for block in blocks if not is_listing(block, takes, imported, things)]
    rest = [part for block in blocks for part in block]
    yield from blocks if is_listing(rest, takes, imported, things, next_ones) else [rest]


def _next_ones(blocks: Sequence[Snippet], path: str, repository: RepositoryFacts) -> frozenset[int]:
    """Numbers of the blocks that the words before them call the next ones."""
    return frozenset(
        number
        for number, (before, block) in enumerate(pairwise(blocks), 1)
        if _NEXT.search("\n".join(repository.lines(path, before.end + 1, block.start - 1)))
    )


def _sections(parts: Sequence[CodePart], headings: Sequence[Heading]) -> list[tuple[str, list[CodePart]]]:
    """The parts of each section, with its title."""

    def section(part: CodePart) -> tuple[int, str]:
        around = [(each.start, each.title) for each in headings if each.start <= part.start <= each.end]
        return max(around, default=(0, ""))

    return [(title, list(group)) for (_, title), group in groupby(parts, key=section)]


def _is_built_up(sections: Sequence[tuple[str, list[CodePart]]]) -> bool:
    """Whether each section takes up what one before it has made, or is numbered."""
    wholes = [
        replace(group[0], end=group[-1].end, lines=tuple(line for part in group for line in part.lines))
        for _, group in sections
    ]
    return is_built_up(wholes, {at for at, (title, _) in enumerate(sections) if _NUMBERED.match(title)})


def _things(facts: FileFacts) -> frozenset[str]:
    """What the code of a document gives a value, and imports nowhere."""
    bound = {
        each.name.partition(".")[0]
        for snippet in facts.snippets
        for each in snippet.bindings
        if each.how in ("call", "name", "with") and not each.scope
    }
    return frozenset(bound - {each.alias for snippet in facts.snippets for each in snippet.imports})


def _once(uses: Iterable[Use]) -> tuple[Target, ...]:
    """Each once; of two of one name, as an old and a new module have them, the first."""
    found: dict[tuple[str, bool], Target] = {}
    for use in uses:
        found.setdefault((use.target.name, use.target.external), use.target)
    return tuple(found.values())


def _stands_in(use: Use, blocks: Iterable[Snippet]) -> bool:
    return any(each.start <= use.start <= each.end for each in blocks)


def _alternatives(
    blocks: Sequence[Snippet], passage: Passage, repository: RepositoryFacts
) -> Iterator[Snippet]:
    """The blocks before which nothing but "or" stands: who did what the block before shows leaves them out."""
    for before, block in pairwise(blocks):
        between = repository.lines(passage.path, before.end + 1, block.start - 1)
        if _OR.fullmatch(" ".join(line for line in between if not _OPENS_CODE.match(line))):
            yield block


def _is_left_out(one: ShownSequence, repository: RepositoryFacts, reference: frozenset[str]) -> bool:
    """Whether a passage cannot show a workflow: a test of an error, a reference, news, a translation, a hidden file."""
    path = one.passage.path
    if one.area == "example" and _shows_an_api(one.passage, repository):
        return True
    if one.area == "test":
        return bool(_ERROR_TEST.search(one.passage.scope.rpartition(".")[2]))
    return one.area in READER_AREAS and (
        bool(_SPONSORS.search(one.passage.title) or _NEWS.search(one.passage.title))
        or any(_COMPARES.search(each.title) for each in headings_around(one.passage, repository))
        or is_about_versions_or_work(path)
        or (path in reference and _is_reference(one.passage, repository))
        or is_translation(path, repository)
        or any(part.startswith(".") for part in path.split("/"))
    )


def _shows_an_api(passage: Passage, repository: RepositoryFacts) -> bool:
    """Whether it is a function that is named after a definition, as Go's `ExampleClient_Get`, and says no more."""
    symbol = repository.symbols.get((passage.path, passage.scope))
    if symbol is None or symbol.docstring or not is_test(symbol):
        return False
    shown = LANGUAGES[symbol.language].example.sub("", symbol.name).partition("_")[0]
    return any(name == shown for _, name in repository.symbols) if shown else False


def _is_reference(passage: Passage, repository: RepositoryFacts) -> bool:
    """Whether it is the whole of a document with an API's entries, or of a section with some."""
    facts = repository.facts[passage.path]
    around = [each for each in facts.headings if each.start <= passage.start and passage.end <= each.end]
    inner = max(around, key=lambda each: (each.level, each.start), default=None)
    start, end = (inner.start, inner.end) if inner else (1, facts.lines)
    return any(start <= listing.line <= end for listing in facts.listings)


def _begins(repository: RepositoryFacts, passage: Passage) -> bool:
    """Whether a section's code imports something: it does not build on the section before it."""
    return any(
        snippet.imports and passage.start <= snippet.start and snippet.end <= passage.end
        for snippet in repository.facts[passage.path].snippets
    )


def _independent(clusters: list[Cluster], weights: Weights) -> list[Cluster]:
    """A path of tests that is part of another path joins it."""
    places = by_target(clusters)
    gone: set[int] = set()
    order = sorted(range(len(clusters)), key=lambda n: (len(clusters[n].steps), -n))
    for number in order:
        small = clusters[number]
        if small.from_document:
            continue
        rarest = min(small.steps, key=lambda target: (len(places[target]), target))
        hosts = [
            other
            for other in places[rarest]
            if other != number and other not in gone and is_within(small, clusters[other], weights)
        ]
        if hosts:
            host = max(hosts, key=lambda n: (weights.overlap(clusters[n].steps, small.steps), -n))
            clusters[host].members += small.members
            gone.add(number)
    return [cluster for number, cluster in enumerate(clusters) if number not in gone]


def _within_budget(clusters: Iterable[Cluster]) -> list[Cluster]:
    """Those whose steps have all together no more pages than a wiki has for APIs, the best first."""
    kept: list[Cluster] = []
    targets: set[Target] = set()
    for cluster in clusters:
        if len(targets | set(cluster.steps)) <= MOST_APIS:
            targets |= set(cluster.steps)
            kept.append(cluster)
    return kept


def _is_taken_whole(cluster: Cluster) -> bool:
    """Whether a passage, or the document that it is named after, takes all of its steps."""
    steps = set(cluster.steps)
    named = cluster.founder.passage.path
    together = {target for one in cluster.members if one.passage.path == named for target in one.targets}
    in_one = any(steps <= set(one.targets) for one in cluster.members)
    return in_one or (cluster.from_document and steps <= together)


def _rank(cluster: Cluster) -> tuple[object, ...]:
    """Documents first, then those that many follow, then those with many of the repository's own APIs."""
    own = sum(not target.external for target in cluster.steps)
    return AREAS.index(cluster.founder.area), -len(cluster.members), -own, cluster.founder.rank


def _paths(clusters: Sequence[Cluster], context: ApiContext, weights: Weights) -> tuple[GoldenPath, ...]:
    titles = Titles(context, shown_in(context.repository))
    documents = Counter(
        path for cluster in clusters for path in {one.passage.path for one in cluster.members}
    )
    titled = [
        (cluster, pair)
        for cluster in clusters
        if (
            pair := titles.short_and_long(
                cluster.members, cluster.steps, weights, is_alone=documents[cluster.founder.passage.path] == 1
            )
        )[0]
    ]
    named = titles.told_apart([(cluster.founder, pair) for cluster, pair in titled])
    kept = [(cluster, title) for (cluster, _), title in zip(titled, named, strict=True) if title]
    pages = unique_names(page_name("x", title) for _, title in kept)
    return tuple(
        _path(cluster, title, page.removeprefix("x_"))
        for (cluster, title), page in zip(kept, pages, strict=True)
    )


def _path(cluster: Cluster, title: str, page: str) -> GoldenPath:
    passages = tuple(one.passage for one in cluster.members)
    uses = _uses(passages)
    steps = tuple(Step(target, uses[target], cluster.others.get(target, ())) for target in cluster.steps)
    return GoldenPath(title, page, steps, passages)


def _uses(passages: Sequence[Passage]) -> dict[Target, tuple[Use, ...]]:
    """Of each target, in the order of the passages, each once."""
    found: dict[Target, dict[Use, None]] = {}
    for passage in passages:
        for use in passage.uses:
            if use.acts:
                found.setdefault(use.target, {})[use] = None
    return {target: tuple(uses) for target, uses in found.items()}
