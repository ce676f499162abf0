"""What is done with one kind of thing over its life: added, loaded, chosen, switched off, deleted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from codebase_gardener.knowledge.apis.names import NOUNS
from codebase_gardener.knowledge.links.resolution import Target
from codebase_gardener.knowledge.workflows.consensus import consensus
from codebase_gardener.knowledge.workflows.passage_clusters import Cluster
from codebase_gardener.knowledge.workflows.passage_sequences import ShownSequence
from codebase_gardener.utils.identifiers import title_words

__all__ = ["object_clusters"]

LEAST_METHODS = 4
"""Methods of one class that do something with a thing of the same name: `add_x`, `load_x`, `set_x`, `delete_x`."""
LEAST_USES = 3
"""Passages that use a method for it to count."""
LEAST_PASSAGES = 10
"""Passages that use at least two of the methods."""
SHARE, OWN_SHARE = 0.2, 0.1
"""Share of those passages that use a further API, or a further one of the same class, for it to be a step."""


def object_clusters(sequences: Sequence[ShownSequence]) -> Iterator[tuple[str, Cluster]]:
    """The paths over the life of a thing, each with a title: "Adapter management of Model".

    No test needs to take all of the steps: each takes some, in the order on which they agree.

    Args:
        sequences: Of all passages, in order.
    """
    passages: Counter[Target] = Counter(
        target for one in sequences for target in one.targets if not target.external
    )
    groups: dict[tuple[str, str, str], list[Target]] = defaultdict(list)
    for target in sorted(passages):
        owner, _, name = target.name.rpartition(".")
        if (
            owner
            and passages[target] >= LEAST_USES
            and title_words(name)[:1]
            and title_words(name)[0] in NOUNS
        ):
            groups[target.path, owner, _thing(target)].append(target)
    for (_, owner, thing), methods in sorted(groups.items()):
        if thing and len(methods) >= LEAST_METHODS:
            members = [one for one in sequences if len(set(methods) & set(one.targets)) > 1]
            if len(members) >= LEAST_PASSAGES:
                yield f"{thing.capitalize()} management of {owner}", _cluster(members, thing, methods)


def _cluster(members: list[ShownSequence], thing: str, methods: list[Target]) -> Cluster:
    counts = Counter(target for one in members for target in one.targets)
    owner = methods[0].name.rpartition(".")[0]
    names = {method.name.rpartition(".")[2] for method in methods}

    def least(target: Target) -> float:
        of, _, name = target.name.rpartition(".")
        if not target.external and _thing(target) == thing and of and name not in names:
            return LEAST_USES
        return (OWN_SHARE if (target.path, of) == (methods[0].path, owner) else SHARE) * len(members)

    steps = set(methods) | {target for target, count in counts.items() if count >= least(target)}
    reduced = [tuple(target for target in one.targets if target in steps) for one in members]
    founder = max(members, key=lambda one: (len(steps & one.direct), len(steps & set(one.targets))))
    return Cluster(consensus(reduced, founder.targets, share=0.0), founder, members)


def _thing(target: Target) -> str:
    """The last word of a name of several: "adapter" of `add_weighted_adapter`."""
    words = title_words(target.name.rpartition(".")[2])
    return words[-1].lower().removesuffix("s") if len(words) > 1 else ""
