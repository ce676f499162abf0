"""Workflows paths from what authors show: documents found paths, tests follow them, enough tests found their own."""

import random
from dataclasses import replace

import pytest

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.workflows.mining import mine, needed_targets
from samples.pottery import CORE, FILES, UNTOLD, mined, steps
from samples.written_context import context_of


def test_documents_tests_and_their_order() -> None:
    paths = mined(FILES)
    assert [path.title for path in paths] == [
        "Quickstart: make kiln and fire kiln",
        "Selling pots",
    ]
    quick = paths[0]
    assert steps(quick) == [
        "clay.ClayStore.from_shop", "PotConfig", "throw", "make_kiln", "Kiln.fire", "glaze",
    ]  # fmt: skip
    assert [(one.area, one.scope) for one in quick.passages] == [("readme", ""), ("test", "test_firing_red")]
    assert steps(paths[1]) == ["weigh", "sell"]
    assert "test_firing_raises" not in {passage.scope for path in paths for passage in path.passages}


def test_tests_alone_show_a_workflow_where_no_document_does() -> None:
    (path,) = mined(UNTOLD)
    assert path.title == "Cool kiln and open kiln"
    assert steps(path) == ["BowlConfig", "throw", "make_kiln", "Kiln.cool", "Kiln.open"]


COMMANDS = """
# Kiln

## Fire

Build it, then let it glow.

```console
$ kiln build clay/
$ kiln fire --heat 900 pot
```

## Ask it over HTTP

```sh
curl http://localhost:8000/pots
curl -X POST \\
  http://localhost:8000/pots/fire -d '{}'
curl https://example.org/other
python tools/cool.py
```
"""


TWICE = {
    "pot/__init__.py": "def boil(pot):\n    return 1\n\n\ndef pour(pot):\n    return 1\n\n\ndef cool(pot):\n"
                       "    return 1\n\n\ndef serve(pot):\n    return 1\n",
    "README.md": "# Pot\n\nCooks.\n\n## Cooking soups\n\n{0}"
                 "```python\nfrom pot import boil, pour\nboil(pan)\npour(pan)\n```\n\n"
                 "## Cooking soups\n\n{1}```python\nfrom pot import cool, serve\ncool(pan)\nserve(pan)\n```\n",
}  # fmt: skip


def test_two_of_one_title_are_told_apart_by_their_authors_words_or_are_one() -> None:
    told = TWICE | {
        "README.md": TWICE["README.md"].format("Hot ones:\n\n", "Cold ones are left to rest first:\n\n")
    }
    assert [path.title for path in mined(told)] == [
        "Cooking soups",
        "Cooking soups: Cold ones are left to rest first",
    ]
    silent = TWICE | {"README.md": TWICE["README.md"].format("", "")}
    assert [path.title for path in mined(silent)] == ["Cooking soups"]


def test_one_command_that_is_run_is_a_workflow_where_it_is_all_there_is() -> None:
    script = "def main():\n    return 1\n\n\nmain()\n"
    said = "# Bowl\n\nShapes bowls.\n\n## Usage\n\n```bash\npython bowl.py 3\n```\n"
    (path,) = mined({"README.md": said, "bowl.py": script})
    assert (path.title, steps(path)) == ("Shapes bowls", ["python bowl.py"])
    more = said + "\n## More\n\n```bash\npython plate.py\n```\n"
    two = mined({"README.md": more, "bowl.py": script, "plate.py": script})
    assert [steps(path) for path in two] == [["python bowl.py"]]  # that is another task


def test_a_programs_commands_in_order_are_a_workflow() -> None:
    files = {
        "pyproject.toml": '[project]\nname = "kiln"\n[project.scripts]\nkiln = "kiln.cli:main"\n',
        "README.md": COMMANDS,
        "kiln/cli.py": "def main():\n    kinds.add_parser('build')\n    kinds.add_parser('fire')\n",
        "tools/cool.py": "print(1)\n",
    }
    fire, ask = sorted(mined(files), key=lambda path: path.passages[0].start)
    assert (fire.title, steps(fire)) == ("Fire: run kiln build and kiln fire", ["kiln build", "kiln fire"])
    assert steps(ask) == ["GET /pots", "POST /pots/fire", "python cool.py"]
    assert fire.steps[1].uses[0].keywords == ("--heat",)


def test_a_section_that_asks_for_money_shows_no_workflow() -> None:
    thanks = (
        "# Pottery\n\n## Sponsors\n\n```python\nfrom pottery import sell, weigh\n\nweigh(1)\nsell(2)\n```\n"
    )
    assert mined({**UNTOLD, "tests/test_cooling.py": "", "README.md": thanks}) == ()


def test_uses_of_the_document_come_first() -> None:
    fire = next(step for step in mined(FILES)[0].steps if step.target.name == "Kiln.fire")
    assert [(use.path, use.keywords) for use in fire.uses] == [
        ("README.md", ("heat",)),
        ("tests/test_firing.py", ()),
    ]


def test_needed_targets_are_the_steps_each_once() -> None:
    paths = mined(FILES)
    needed = needed_targets(paths)
    assert len(needed) == len(set(needed))
    assert set(needed) == {step.target for path in paths for step in path.steps}


def test_news_reference_and_translations_show_no_workflow() -> None:
    code = "# Z\n\n```python\nfrom pottery import sell, make_kiln\n\nmake_kiln(pot)\nsell(pot)\n```\n"
    files = FILES | {"docs/changelog.md": code, "docs/en/use.md": code, "docs/de/use.md": code}
    paths = [path.passages for path in mined(files)]
    assert {one.path for passages in paths for one in passages if one.path.startswith("docs")} == {
        "docs/en/use.md"
    }


def test_order_of_passages_does_not_matter() -> None:
    context = context_of(FILES)
    passages = list(context.resolution.passages)
    random.Random(7).shuffle(passages)
    shuffled = replace(context.resolution, passages=tuple(passages))
    assert mine(ApiContext(context.repository, shuffled)) == mine(context)


def test_a_repository_without_passages() -> None:
    paths = mined({"src/pottery/core.py": CORE})
    assert paths == ()


def test_workflows_have_no_more_steps_than_a_wiki_has_pages_of_apis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codebase_gardener.knowledge.workflows.mining.MOST_APIS", 7)
    paths = mined(FILES)
    assert len(needed_targets(paths)) == 6  # the second has two steps more
    assert len(paths) == 1


def test_a_gos_example_of_one_api_is_no_workflow() -> None:
    files = {
        "go.mod": "module example.org/pot\n",
        "pot.go": "package pot\n\nfunc Boil() int { return 1 }\n\nfunc Cool() {}\n\nfunc check() {}\n",
        "pot_test.go": "package pot\n\nfunc ExampleBoil() {\n\tBoil()\n\tCool()\n\tcheck()\n}\n",
    }
    assert mined(files) == ()
    told = files["pot_test.go"].replace("func Ex", "// Cook a soup that is cold in the end.\nfunc Ex")
    (path,) = mined(files | {"pot_test.go": told})
    assert steps(path) == ["Boil", "Cool"]  # what is closed to users is no step
