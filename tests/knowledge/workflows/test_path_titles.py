"""Titles of workflows: valid and unique."""

import pytest

from codebase_gardener.knowledge.pages.wiki_names import is_page_name
from samples.pottery import CORE, FILES, UNTOLD, mined


def test_hostile_titles_give_valid_unique_pages() -> None:
    block = "```python\nfrom pottery import {0}, {1}\n\n{0}(pot)\n{1}(pot)\n```\n"
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
    paths = mined(FILES | {"README.md": readme})
    pages = [f"x_{path.page}" for path in paths]
    assert len(paths) >= 4  # two would both be called "Same"
    assert all(is_page_name(page) for page in pages)
    assert len({page.casefold() for page in pages}) == len(pages)
    assert all(path.title.strip() and "\n" not in path.title and len(path.title) <= 140 for path in paths)


JAVASCRIPT = {
    "package.json": '{"name": "kiln", "version": "1.0.0", "main": "index.js"}',
    "index.js": "export function heat(pot) {}\n\nexport function cool(pot) {}\n",
}


@pytest.mark.parametrize(
    ("readme", "title"),
    [
        ("# kiln\n\n## Usage\n\nTo fire a pot slowly, heat it first:\n\n{0}", "Fire a pot slowly"),
        (
            "# kiln\n\n## heat(pot)\n\nFire a pot from a hook.\n\n##### Example\n\n{0}",
            "Fire a pot from a hook",
        ),
        ("# kiln\n\n## Firing a pot\n\nIt is so:\n\n{0}", "Firing a pot"),
        ("# Other\n\nMore.\n\n# kiln\n\n## Usage\n\n{0}", "Usage: heat and cool"),
        ("# kiln\n\n## Custom levels\n\n{0}", "Custom levels"),
        ("# kiln\n\n## 5. Custom levels\n\n{0}", "Custom levels"),
        ("# kiln\n\n## Step 2: Fire the pot\n\n{0}", "Fire the pot"),
    ],
)
def test_a_title_says_what_is_done(readme: str, title: str) -> None:
    block = '```js\nimport {heat, cool} from "kiln";\n\nheat(pot);\ncool(pot);\n```\n'
    assert [path.title for path in mined(JAVASCRIPT | {"README.md": readme.format(block)})] == [title]


def test_one_command_is_titled_by_the_sentence_before_it_or_by_itself() -> None:
    files = {"bowl.py": "print(1)\n"}
    block = "```bash\npython bowl.py 3\n```\n"
    said = f"# Bowl\n\nA tool.\n\n## Usage\n\nThis draws three bowls. To draw bowls, run it:\n\n{block}"
    assert [path.title for path in mined(files | {"README.md": said})] == ["Draw bowls"]
    silent = f"# Bowl\n\nA tool.\n\n## Usage\n\n{block}"
    assert [path.title for path in mined(files | {"README.md": silent})] == ["Run python bowl.py"]


def test_a_name_of_capitals_or_one_letter_is_no_verb() -> None:
    cooling = UNTOLD["tests/test_cooling.py"].replace("kiln.open()", "kiln.JSON()")
    core = CORE.replace("def open(self)", "def JSON(self)")
    (path,) = mined(UNTOLD | {"src/pottery/core.py": core, "tests/test_cooling.py": cooling})
    assert path.title == "Cool kiln"


def test_what_a_box_before_the_code_says_to_mind_is_no_title() -> None:
    block = '```js\nimport {heat, cool} from "kiln";\n\nheat(pot);\ncool(pot);\n```\n'
    readme = f"# kiln\n\n## Custom levels\n\n> Always ensure the door is shut.\n\n{block}"
    assert [path.title for path in mined(JAVASCRIPT | {"README.md": readme})] == ["Custom levels"]


def _titles(readme: str, block: str = "heat(pot);\ncool(pot);\n") -> list[str]:
    code = f'```js\nimport {{heat, cool}} from "kiln";\n\n{block}```\n'
    return [path.title for path in mined(JAVASCRIPT | {"README.md": readme.format(code)})]


def test_a_heading_that_is_too_long_is_not_cut() -> None:
    heading = f"Firing {'extraordinarily ' * 9}fine pots"
    assert _titles(f"# kiln\n\n## {heading}\n\nTo fire a pot, heat it:\n\n{{0}}") == ["Fire a pot"]


@pytest.mark.parametrize(
    "lead",
    [
        "To save you unnecessary work, *kiln* comes with two helpers:",
        "kiln has a helper to fire such pots:",
        "Create a new file `fire.js`:",
    ],
)
def test_a_sentence_that_does_not_say_what_the_code_does_is_no_title(lead: str) -> None:
    assert _titles(f"# kiln\n\n## Pots\n\n### Customization\n\n{lead}\n\n{{0}}") == ["Pots: Customization"]


def test_a_badge_is_no_part_of_a_title() -> None:
    badge = "[![Build Status]][actions] [![Latest]](https://x.org)"
    assert _titles(f"# kiln\n\n## Custom levels {badge}\n\n{{0}}") == ["Custom levels"]


def test_a_title_before_another_is_of_the_section_around_it() -> None:
    """The README's title names the project, and a section beside it is another one."""
    assert _titles("# Kiln, a quick oven\n\n## Sponsors\n\nThanks.\n\n## Hooks\n\n{0}") == [
        "Hooks: heat and cool"
    ]
    assert _titles("# Kiln\n\n## Getting started\n\n### Hooks\n\n{0}") == ["Hooks: heat and cool"]


def test_no_verb_and_noun_are_made_of_what_is_no_verb() -> None:
    kiln = "export function urlParam(a) {}\n\nexport function noContent(a) {}\n"
    code = 'import {urlParam, noContent} from "../index.js";\n\nurlParam(1);\nnoContent(2);\n'
    files = JAVASCRIPT | {
        "index.js": kiln,
        "examples/status.js": code,
        "examples/two-parts.js": "// A kiln\n" + code,
    }
    assert "Status: urlParam and noContent" in [path.title for path in mined(files)]


def test_a_heading_that_is_a_name_is_no_title_alone() -> None:
    assert _titles("# kiln\n\n## kiln.heat\n\n{0}") == ["kiln.heat: heat and cool"]
    assert _titles("# kiln\n\n## kiln.heat\n\nTo fire a pot slowly, heat it:\n\n{0}") == ["Fire a pot slowly"]


def test_a_title_over_several_blocks_of_code_is_not_that_of_one_of_them() -> None:
    other = "```js\nconst wheel = 3;\n```\n\n"
    section = "# kiln\n\n## Turning wheels by hand\n\n"
    assert _titles(f"{section}{other}{{0}}") == ["Turning wheels by hand: heat and cool"]
    assert _titles(f"{section}{other}To fire clay pots slowly, heat them:\n\n{{0}}") == [
        "Fire clay pots slowly"
    ]
    assert _titles("# kiln\n\n## Heating pots by hand\n\n" + other + "{0}") == ["Heating pots by hand"]
    assert _titles(section + "{0}") == ["Turning wheels by hand"]


def test_an_example_that_only_its_file_names_is_told_by_a_docstring_in_it_or_by_what_it_does() -> None:
    code = "from pottery import sell, weigh\n\n\ndef clay_shop():\n{0}    pot = weigh(1)\n    sell(pot)\n"
    code += "\n\nclay_shop()\n"
    files = {
        path: text for path, text in FILES.items() if not path.startswith(("README", "docs", "examples"))
    }
    said = code.format('    """Open a shop for pots."""\n')
    assert "Clay shop: Open a shop for pots" in _named(files | {"examples/clay_shop.py": said})
    bare = [one for one in _named(files | {"examples/clay_shop.py": code.format("")}) if "lay shop" in one]
    assert bare
    assert all("sell" in one and "example" not in one for one in bare)


def _named(files: dict[str, str]) -> list[str]:
    return [path.title for path in mined(files)]


def test_an_example_is_named_after_its_folder_and_what_few_others_do() -> None:
    """All began with "new program and run program": that told none of them apart."""
    kiln = "package kiln\n\n" + "".join(
        f"func {name}(a int) int {{\n\treturn a\n}}\n\n"
        for name in (
            "NewKiln",
            "RunKiln",
            "SetHeat",
            "MixGlaze",
            "WrapPots",
            "OpenDoor",
            "CloseDoor",
            "SortClay",
        )
    )
    folders = {
        "warm": "SetHeat", "glossy": "MixGlaze", "wrapped": "WrapPots", "aired": "OpenDoor",
        "shut": "CloseDoor", "heavy": "SortClay",
    }  # fmt: skip
    files = {"go.mod": "module example.org/kiln\n", "kiln.go": kiln}
    for folder, own in folders.items():
        says = "// Taken from https://example.org/a/b\n" if folder == "shut" else ""
        files[f"examples/{folder}/main.go"] = (
            f'{says}package main\n\nimport "example.org/kiln"\n\nfunc main() {{\n'
            f"\tkiln.{own}(1)\n\tkiln.NewKiln(1)\n\tkiln.RunKiln(2)\n}}\n"
        )
    assert sorted(path.title for path in mined(files)) == [
        "Aired: open door", "Glossy: mix glaze", "Heavy: sort clay", "Shut: close door", "Warm: set heat",
        "Wrapped: wrap pots",
    ]  # fmt: skip
