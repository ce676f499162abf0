"""Sequences of steps: what two have in common, and the several ways that one section shows."""

from hypothesis import given, settings
from hypothesis import strategies as st

from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.workflows.passage_sequences import common_order
from samples.pottery import CORE, mined, steps


@given(st.lists(st.integers(0, 9), unique=True), st.lists(st.integers(0, 9), unique=True))
@settings(max_examples=200, deadline=None)
def test_common_order_is_the_longest(one: list[int], other: list[int]) -> None:
    first = [Target("m.py", str(n)) for n in one]
    second = [Target("m.py", str(n)) for n in other]
    found = common_order(first, second)
    assert (
        [each for each in first if each in found] == list(found) == [each for each in second if each in found]
    )
    row = [0] * (len(second) + 1)
    for left in first:
        before, row = row, [0] * (len(second) + 1)
        for n, right in enumerate(second, 1):
            row[n] = max(before[n], row[n - 1], before[n - 1] + (left == right))
    assert len(found) == row[-1]


def test_of_several_ways_in_one_section_the_one_with_most_steps_is_taken() -> None:
    one = "from pottery import Kiln, throw\n\ndef make():\n    Kiln().fire(throw(1))\n"
    other = (
        "from pottery import weigh\nfrom hypothetical_clay import Wheel\n\ndef make():\n    weigh(Wheel())\n"
    )
    more = "from pottery import sell\n\nsell(make())\n"

    def shown(*blocks: str) -> list[list[str]]:
        code = "\nInstead:\n\n".join(f"```python\n{block}```\n" for block in blocks)
        files = {"pottery/__init__.py": CORE, "docs/a.md": f"# Pots\n\n{code}"}
        return [steps(path) for path in mined(files)]

    assert shown(one, other) == [["Kiln", "throw", "Kiln.fire"]]
    assert shown(one, more) == [["Kiln", "throw", "Kiln.fire", "sell"]]  # goes on with what the first defines
