"""Passages that do the same, brought together: documents found paths, tests follow them or found paths of their own."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.links.uses import Passage, Target
from codebase_gardener.knowledge.workflows.alternatives import alternatives
from codebase_gardener.knowledge.workflows.consensus import consensus
from codebase_gardener.knowledge.workflows.passage_sequences import SequenceIndex, ShownSequence, Weights
from codebase_gardener.knowledge.workflows.step_rules import READER_AREAS

__all__ = ["Cluster", "by_target", "document_clusters", "follow", "is_within", "test_clusters"]

WHOLE_STEPS = 8
"""Steps up to which a whole document is one workflow; of a longer one each section is."""
SAME = 0.6
"""Weighted overlap from which two documents show the same."""
ALIKE = 0.5
"""Weighted overlap from which two tests do the same."""
FOLLOWED, ABOUT = 0.75, 0.4
"""A test follows a path if it takes this share of it in order, and overlaps with it this much."""
TAKEN = 0.6
"""Share of a path of tests that each of its tests takes in order."""
LEAST_TESTS, LEAST_STEPS = 4, 3
"""Of a path that no document shows."""
MUCH_MORE = 2
"""A path of tests stays beside one that it is part of, if so many times more tests take it."""
WITHIN = 0.95
"""Share of a path that makes it a part of another that takes it in order."""


@dataclass
class Cluster:
    """Passages that do the same.

    Attributes:
        steps: In order.
        founder: The passage that it is named after.
        members: All of its passages with the founder, those written for readers first once `sort` was called.
        others: Alternatives that members use at a step.
    """

    steps: tuple[Target, ...]
    founder: ShownSequence
    members: list[ShownSequence] = field(default_factory=list)
    others: Mapping[Target, tuple[Target, ...]] = field(default_factory=dict)

    @property
    def from_document(self) -> bool:
        """Whether a document, not a test, founded it."""
        return self.founder.area in READER_AREAS

    def sort(self) -> None:
        """The founder first, then the members in the order of their rank, each once."""
        rest = {one.rank: one for one in self.members if one.rank != self.founder.rank}
        self.members = [self.founder, *(rest[rank] for rank in sorted(rest))]


def document_clusters(
    sequences: Iterable[ShownSequence],
    weights: Weights,
    begins: Callable[[Passage], bool],
) -> list[Cluster]:
    """The paths that documents show, near-duplicates brought together.

    Args:
        sequences: Of documents and examples.
        weights: Of targets.
        begins: Whether a passage begins anew: its code imports what it uses.
    """
    by_path: dict[str, list[ShownSequence]] = defaultdict(list)
    for one in sequences:
        by_path[one.passage.path].append(one)
    found: list[Cluster] = []
    for path in sorted(by_path):
        found += _of_document(by_path[path], weights, begins)
    found.sort(key=lambda cluster: cluster.founder.rank)
    return _merged(found, weights)


def _of_document(
    shown: list[ShownSequence], weights: Weights, begins: Callable[[Passage], bool]
) -> list[Cluster]:
    """The whole of a short document whose sections build on each other, else each section."""
    shown.sort(key=lambda one: one.rank)
    whole = max(shown, key=lambda one: (one.passage.end - one.passage.start, -shown.index(one)))
    sections = [one for one in shown if one is not whole and _is_inside(one, whole)]
    if not sections:
        return [Cluster(one.targets, one, [one]) for one in shown]
    main = max(sections, key=lambda one: (len(one.targets), -one.passage.start))
    starts = Counter(one.targets[0] for one in sections)
    are_new = max(starts.values()) > 1 or sum(begins(one.passage) for one in sections) > 1
    is_in_one = weights.followed(whole.targets, by=main.targets) >= FOLLOWED
    if len(whole.targets) <= WHOLE_STEPS and not are_new and not is_in_one:
        return [Cluster(whole.targets, whole, [whole, *sections])]
    return _merged([Cluster(one.targets, one, [one]) for one in sections], weights)


def _is_inside(one: ShownSequence, whole: ShownSequence) -> bool:
    return whole.passage.start <= one.passage.start and one.passage.end <= whole.passage.end


def _merged(clusters: list[Cluster], weights: Weights) -> list[Cluster]:
    """Each joins the first one before it that shows the same."""
    index = SequenceIndex(weights, SAME)
    kept: list[Cluster] = []
    for cluster in clusters:
        best = _best(index.near(cluster.steps), lambda n, c=cluster: weights.overlap(kept[n].steps, c.steps))  # type: ignore[misc]
        if best and best[1] >= SAME:
            kept[best[0]].members += cluster.members
        else:
            index.add(len(kept), cluster.steps)
            kept.append(cluster)
    return kept


def _best(numbers: Iterable[int], score: Callable[[int], float]) -> tuple[int, float] | None:
    """The number with the highest score, the first of equals."""
    scored = [(-score(number), number) for number in numbers]
    return (min(scored)[1], -min(scored)[0]) if scored else None


def follow(
    clusters: Sequence[Cluster], sequences: Iterable[ShownSequence], weights: Weights
) -> list[ShownSequence]:
    """Let each sequence join the path that it follows best.

    Returns:
        Those that follow none.
    """
    index = SequenceIndex(weights, ABOUT)
    for number, cluster in enumerate(clusters):
        index.add(number, cluster.steps)
    left: list[ShownSequence] = []
    known: dict[tuple[Target, ...], int] = {}
    for one in sequences:
        if one.targets not in known:
            known[one.targets] = _followed(clusters, index.near(one.targets), one.targets, weights)
        number = known[one.targets]
        if number < 0:
            left.append(one)
        else:
            clusters[number].members.append(one)
    return left


def _followed(
    clusters: Sequence[Cluster], numbers: Iterable[int], targets: tuple[Target, ...], weights: Weights
) -> int:
    """Number of the path; -1 for none."""
    overlaps = {number: weights.overlap(clusters[number].steps, targets) for number in numbers}
    near = [
        number
        for number, overlap in overlaps.items()
        if overlap >= ABOUT and weights.followed(clusters[number].steps, by=targets) >= FOLLOWED
    ]
    best = _best(near, overlaps.__getitem__)
    return best[0] if best else -1


def test_clusters(sequences: Sequence[ShownSequence], context: ApiContext) -> list[Cluster]:
    """The paths that enough tests take, though no document shows them.

    Alternatives, such as the configurations of several methods, count as one while tests are compared.

    Args:
        sequences: Of tests and docstrings that follow no other path.
        context: For what can be alternatives.
    """
    stands_for = alternatives([one.targets for one in sequences], context)
    plain = [
        ShownSequence(one.passage, tuple(dict.fromkeys(stands_for.get(each, each) for each in one.targets)))
        for one in sequences
    ]
    written = {one.rank: one for one in sequences}
    weights = Weights(plain)
    found = []
    for members in _alike([one for one in plain if len(one.targets) > 1], weights):
        steps = consensus([one.targets for one in members], members[0].targets)
        taking = [one for one in members if steps and weights.followed(steps, by=one.targets) >= TAKEN]
        taking.sort(key=lambda one: one.rank)
        tests = [one for one in taking if one.area == "test"]
        own = sum(not target.external for target in steps)
        if len(steps) >= LEAST_STEPS and own >= LEAST_STEPS - 1 and len(tests) >= LEAST_TESTS:
            founder = _most_like(steps, [written[one.rank] for one in tests], stands_for)
            found.append(_concrete(steps, founder, [written[one.rank] for one in taking], stands_for))
    return found


def _alike(sequences: Sequence[ShownSequence], weights: Weights) -> list[list[ShownSequence]]:
    """Groups around the sequences that most passages have."""
    groups: dict[frozenset[Target], list[ShownSequence]] = defaultdict(list)
    for one in sequences:
        groups[frozenset(one.targets)].append(one)
    ordered = sorted(groups.values(), key=lambda group: (-len(group), -len(group[0].targets), group[0].rank))
    index = SequenceIndex(weights, ALIKE)
    found: list[list[ShownSequence]] = []
    for group in ordered:
        targets = group[0].targets
        best = _best(index.near(targets), lambda n, t=targets: weights.overlap(found[n][0].targets, t))  # type: ignore[misc]
        if best and best[1] >= ALIKE:
            found[best[0]] += group
        else:
            index.add(len(found), targets)
            found.append(list(group))
    return found


def _most_like(
    steps: tuple[Target, ...], members: list[ShownSequence], stands_for: Mapping[Target, Target]
) -> ShownSequence:
    """The one with most of the steps in its own lines, and little else."""

    def likeness(one: ShownSequence) -> tuple[int, int, int]:
        direct = {stands_for.get(target, target) for target in one.direct}
        targets = {stands_for.get(target, target) for target in one.targets}
        return len(direct & set(steps)), len(targets & set(steps)), -len(targets)

    return max(members, key=likeness)


def _concrete(
    steps: tuple[Target, ...],
    founder: ShownSequence,
    members: list[ShownSequence],
    stands_for: Mapping[Target, Target],
) -> Cluster:
    """Each step by the alternative that most members use; the others beside it."""
    counts: dict[Target, Counter[Target]] = {step: Counter() for step in steps}
    for one in members:
        for target in one.targets:
            step = stands_for.get(target, target)
            if step in counts:
                counts[step][target] += 1
    ranked = [sorted(counts[step], key=lambda each, of=counts[step]: (-of[each], each)) for step in steps]  # type: ignore[misc]
    return Cluster(
        tuple(used[0] for used in ranked),
        founder,
        members,
        {used[0]: tuple(used[1:]) for used in ranked if used[1:]},
    )


def is_within(small: Cluster, large: Cluster, weights: Weights) -> bool:
    """Whether a path is part of another."""
    return (
        len(small.steps) <= len(large.steps)
        and (
            weights.overlap(small.steps, large.steps) >= ALIKE
            if large.from_document
            else len(small.members) <= MUCH_MORE * len(large.members)
        )
        and weights.followed(small.steps, by=large.steps) >= WITHIN
    )


def by_target(clusters: Sequence[Cluster]) -> Mapping[Target, list[int]]:
    """The clusters that have a target among their steps."""
    found: dict[Target, list[int]] = defaultdict(list)
    for number, cluster in enumerate(clusters):
        for target in cluster.steps:
            found[target].append(number)
    return found
