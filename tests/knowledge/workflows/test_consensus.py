"""The order on which passages agree."""

from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.workflows.consensus import consensus


def test_consensus_is_what_most_agree_on() -> None:
    a, b, c, d = (Target("m.py", name) for name in "abcd")
    assert consensus([(a, b, c), (a, c, b), (a, b, c), (d, a)], (a, b, c)) == (a, b, c)
    assert consensus([(b, a)], (b, a)) == (b, a)
    ring = [(a, b), (a, b), (a, b), (b, c), (b, c), (c, a)]
    assert consensus(ring, (c, b, a)) == (a, b, c)
