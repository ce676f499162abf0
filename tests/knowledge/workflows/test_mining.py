"""Workflows mined from what authors show: documents found paths, tests follow them, enough tests found their own."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.wiki_names import is_page_name
from codebase_gardener.knowledge.workflows.consensus import consensus
from codebase_gardener.knowledge.workflows.golden_path import GoldenPath
from codebase_gardener.knowledge.workflows.mining import mine, needed_targets
from codebase_gardener.knowledge.workflows.passage_sequences import common_order
from samples.written_context import context_of

CORE = '''
class Kiln:
    """A kiln."""

    def fire(self, pot, heat=900):
        """Fire a pot."""
        return pot

    def cool(self, hours=1):
        """Let it cool."""

    def open(self):
        """Open the door."""


class PotConfig:
    """How a pot is made."""


class BowlConfig(PotConfig):
    """How a bowl is made."""


class VaseConfig(PotConfig):
    """How a vase is made."""


def make_kiln(size):
    """Build a kiln."""
    return Kiln()


def throw(config):
    """Throw a pot."""
    return config


def glaze(pot, colour="blue"):
    """Glaze a pot."""
    return pot


def sell(pot):
    """Sell a pot."""


def weigh(pot):
    """Weigh a pot."""
    return 1
'''
NAMES = "BowlConfig, Kiln, PotConfig, VaseConfig, glaze, make_kiln, sell, throw, weigh"
README = """
# Pottery 🏺

## Quickstart

Pots are thrown and fired in this order. More follows.

```python
from clay import ClayStore
from pottery import PotConfig, glaze, make_kiln, throw

clay = ClayStore.from_shop("x", fresh=True)
pot = throw(PotConfig(clay))
kiln = make_kiln(3)
kiln.fire(pot, heat=800)
glaze(pot, colour="red")
print(pot)
```

## Selling pots

```python
from pottery import sell, weigh

weigh(pot)
sell(pot)
```

## Installation

```bash
pip install pottery
```
"""
FIRING = """
from clay import ClayStore
from pottery import PotConfig, glaze, make_kiln, throw
import numpy as np
import pytest


def test_firing_red():
    pot = throw(PotConfig(ClayStore.from_shop("y")))
    kiln = make_kiln(1)
    kiln.fire(pot)
    glaze(pot)
    assert np.allclose(pot, 1)


def test_firing_raises():
    with pytest.raises(ValueError):
        kiln = make_kiln(1)
        kiln.fire(throw(PotConfig(None)))
        glaze(None)
"""
COOLING = (
    "from pottery import BowlConfig, VaseConfig, make_kiln, throw\n\n\nclass TestSlowCooling:\n"
    + "".join(
        f"    def test_cool_slowly_{name}(self):\n"
        f"        pot = throw({'Vase' if name == 'vase' else 'Bowl'}Config())\n"
        "        kiln = make_kiln(2)\n"
        f"        kiln.cool(hours={number})\n"
        "        kiln.open()\n\n"
        for number, name in enumerate(("bowl", "vase", "cup", "plate", "mug"))
    )
)
FILES = {
    "pyproject.toml": '[project]\nname = "pottery"\ndependencies = ["clay"]\n',
    "README.md": README,
    "src/pottery/__init__.py": f"from pottery.core import {NAMES}\n\n__all__ = {sorted(NAMES.split(', '))!r}\n",
    "src/pottery/core.py": CORE,
    "tests/test_firing.py": FIRING,
    "tests/test_cooling.py": COOLING,
}


def _mined(files: dict[str, str]) -> tuple[GoldenPath, ...]:
    context = context_of(files)
    return mine(context.repository, context.resolution)


def _steps(path: GoldenPath) -> list[str]:
    return [step.target.name for step in path.steps]


def _titled(mined: tuple[GoldenPath, ...], title: str) -> GoldenPath:
    return next(path for path in mined if path.title == title)


def test_documents_tests_and_their_order() -> None:
    mined = _mined(FILES)
    assert [path.title for path in mined] == [
        "Pottery: Quickstart",
        "Pottery: Selling pots",
        "Cool slowly",
    ]
    quick = mined[0]
    assert _steps(quick) == [
        "clay.ClayStore.from_shop", "PotConfig", "throw", "make_kiln", "Kiln.fire", "glaze",
    ]  # fmt: skip
    assert [(one.area, one.scope) for one in quick.passages] == [("readme", ""), ("test", "test_firing_red")]
    assert _steps(mined[1]) == ["weigh", "sell"]
    assert _steps(mined[2]) == ["BowlConfig", "throw", "make_kiln", "Kiln.cool", "Kiln.open"]
    assert "test_firing_raises" not in {passage.scope for path in mined for passage in path.passages}


def test_uses_of_the_document_come_first() -> None:
    fire = next(step for step in _mined(FILES)[0].steps if step.target.name == "Kiln.fire")
    assert [(use.path, use.keywords) for use in fire.uses] == [
        ("README.md", ("heat",)),
        ("tests/test_firing.py", ()),
    ]


def test_alternatives_are_one_step() -> None:
    first = _titled(_mined(FILES), "Cool slowly").steps[0]
    assert first.target.name == "BowlConfig"
    assert [each.name for each in first.others] == ["VaseConfig"]


def test_too_few_tests_found_no_path() -> None:
    few = COOLING.split("    def test_cool_slowly_plate")[0]
    mined = _mined(FILES | {"tests/test_cooling.py": few})
    assert [path.title for path in mined] == ["Pottery: Quickstart", "Pottery: Selling pots"]


def test_needed_targets_are_the_steps_each_once() -> None:
    paths = _mined(FILES)
    needed = needed_targets(paths)
    assert len(needed) == len(set(needed))
    assert set(needed) == {step.target for path in paths for step in path.steps}


def test_what_is_no_step() -> None:
    functions = [f"op{n}" for n in range(15)]
    tests = "import arrays\nfrom pottery import make_kiln, throw, glaze\n\n\n" + "".join(
        f"def test_shapes_{n}():\n    throw(arrays.{name}())\n    make_kiln(1)\n    glaze(2)\n\n\n"
        for n, name in enumerate(functions)
    )
    readme = (
        README
        + "\n## Reading your own\n\n```python\n"
        + "from mykiln import helper\nfrom pottery import sell\n\nhelper()\nsell(1)\n```\n"
    )
    mined = _mined(FILES | {"README.md": readme, "tests/test_shapes.py": tests})
    names = {name for path in mined for name in _steps(path)}
    assert "make_kiln" in names
    assert not [name for name in names if name.startswith(("arrays.", "mykiln.", "numpy."))]


def test_sections_that_begin_alike_are_workflows_of_their_own() -> None:
    sections = "".join(
        f"## {name}\n\n```python\nfrom pottery import {config}, throw, {last}\n\n"
        f"pot = throw({config}())\n{last}(pot)\n```\n\n"
        for name, config, last in (("Bowls", "BowlConfig", "glaze"), ("Vases", "VaseConfig", "sell"))
    )
    building = (
        "## Step one\n\n```python\nfrom pottery import make_kiln, throw\n\nthrow(1)\nmake_kiln(2)\n```\n\n"
    )
    building += "## Step two\n\n```python\nglaze(1)\nsell(2)\n```\n"
    mined = _mined(
        FILES
        | {"docs/kinds.md": f"# Kinds\n\n{sections}", "docs/building.md": f"# Building up\n\n{building}"}
    )
    titles = [path.title for path in mined]
    assert "Kinds: Bowls" in titles
    assert "Kinds: Vases" in titles
    assert _steps(_titled(mined, "Building up")) == ["throw", "make_kiln", "glaze", "sell"]


def test_of_several_ways_in_one_section_the_one_with_most_steps_is_taken() -> None:
    one = "from pottery import Kiln, throw\n\ndef make():\n    Kiln().fire(throw(1))\n"
    other = (
        "from pottery import weigh\nfrom hypothetical_clay import Wheel\n\ndef make():\n    weigh(Wheel())\n"
    )
    more = "from pottery import sell\n\nsell(make())\n"

    def steps(*blocks: str) -> list[list[str]]:
        code = "\nInstead:\n\n".join(f"```python\n{block}```\n" for block in blocks)
        files = {"pottery/__init__.py": CORE, "docs/a.md": f"# Pots\n\n{code}"}
        return [_steps(path) for path in _mined(files)]

    assert steps(one, other) == [["Kiln", "throw", "Kiln.fire"]]
    assert steps(one, more) == [["Kiln", "throw", "Kiln.fire", "sell"]]  # goes on with what the first defines


def test_news_reference_and_translations_show_no_workflow() -> None:
    code = "# Z\n\n```python\nfrom pottery import sell, make_kiln\n\nmake_kiln(1)\nsell(2)\n```\n"
    files = FILES | {"docs/changelog.md": code, "docs/en/use.md": code, "docs/de/use.md": code}
    paths = [path.passages for path in _mined(files)]
    assert {one.path for passages in paths for one in passages if one.path.startswith("docs")} == {
        "docs/en/use.md"
    }


def test_example_is_called_as_the_section_that_shows_it() -> None:
    files = FILES | {
        "docs_src/open/tutorial001.py": "from pottery import make_kiln, sell\n\n"
        "kiln = make_kiln(1)\nkiln.open()\nsell(kiln)\n",
        "docs/opening.md": "# Opening\n\n## The first time\n\n{* ../docs_src/open/tutorial001.py *}\n",
    }
    assert "Opening: The first time" in [path.title for path in _mined(files)]
    del files["docs/opening.md"]
    assert "Open" in [path.title for path in _mined(files)]


def test_hostile_titles_give_valid_unique_pages() -> None:
    block = "```python\nfrom pottery import {0}, {1}\n\n{0}(1)\n{1}(2)\n```\n"
    pairs = [
        ("sell", "weigh"),
        ("glaze", "sell"),
        ("throw", "weigh"),
        ("make_kiln", "sell"),
        ("glaze", "weigh"),
    ]
    titles = ["[[step::Principle:x]]", "<script>|:+", "../../etc/passwd", "{}" * 200, "Same"]
    readme = "# Same\n\n" + "\n".join(
        f"## {title}\n\n{block.format(*pair)}" for title, pair in zip(titles, pairs, strict=True)
    )
    paths = _mined(FILES | {"README.md": readme})
    pages = [f"x_{path.page}" for path in paths]
    assert len(paths) >= 5
    assert all(is_page_name(page) for page in pages)
    assert len({page.casefold() for page in pages}) == len(pages)
    assert all(path.title.strip() and "\n" not in path.title and len(path.title) <= 140 for path in paths)


def test_order_of_passages_does_not_matter() -> None:
    context = context_of(FILES)
    passages = list(context.resolution.passages)
    random.Random(7).shuffle(passages)
    shuffled = replace(context.resolution, passages=tuple(passages))
    assert mine(context.repository, shuffled) == mine(context.repository, context.resolution)


def test_a_repository_without_passages() -> None:
    mined = _mined({"src/pottery/core.py": CORE})
    assert mined == ()


def test_consensus_is_what_most_agree_on() -> None:
    a, b, c, d = (Target("m.py", name) for name in "abcd")
    assert consensus([(a, b, c), (a, c, b), (a, b, c), (d, a)], (a, b, c)) == (a, b, c)
    assert consensus([(b, a)], (b, a)) == (b, a)
    ring = [(a, b), (a, b), (a, b), (b, c), (b, c), (c, a)]
    assert consensus(ring, (c, b, a)) == (a, b, c)


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
