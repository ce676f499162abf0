"""Workflow pages: true sentences on a golden path, every anchor among the sources, nothing of the repository active."""

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest

from codebase_gardener.knowledge.apis.catalog import api_catalog
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.pages.reading import read_page
from codebase_gardener.knowledge.pages.rendering import normalised, render
from codebase_gardener.knowledge.pages.structure import PAGE_TYPES, Edge, Page, Wiki
from codebase_gardener.knowledge.pages.workflow_layout import TESTS_ALONE, read_steps
from codebase_gardener.knowledge.workflows.golden_path import GoldenPath
from codebase_gardener.knowledge.workflows.golden_path_page import workflow_page
from codebase_gardener.knowledge.workflows.mining import mine, needed_targets
from samples.pottery import FILES, UNTOLD
from samples.written_context import context_of

_ANCHOR = re.compile(r"`([^`\s]+):L(\d+)-(\d+)`")


class _Written:
    def __init__(self, files: Mapping[str, str]) -> None:
        self.context: ApiContext = context_of(files)
        self.paths = mine(self.context)
        catalog = api_catalog(self.context, needed_targets(self.paths))
        self.apis: dict[Target, Api] = {api.target: api for api in catalog}

    def page(self, path: GoldenPath) -> Page:
        return workflow_page(path, self.apis, self.context.repository)


@pytest.fixture(scope="module")
def written() -> _Written:
    return _Written(FILES)


def _text(page: Page) -> str:
    parts = [page.title, page.overview, page.description, page.usage]
    return "\n\n".join([*parts, *(section.body for section in page.sections)])


def test_parts_of_a_page(written: _Written) -> None:
    page = written.page(written.paths[0])
    assert page.name == "o_r_Quickstart_make_kiln_and_fire_kiln"
    assert page.title == "Quickstart: make kiln and fire kiln"
    assert tuple(section.heading for section in page.sections) == PAGE_TYPES["Workflow"].sections
    assert "Pots are thrown and fired in this order." in page.overview
    assert "1 section of the README, 1 test." in page.description
    assert "2 use all 6 steps." in page.description
    assert "`clay`" in page.usage


def test_steps_link_to_the_principles_in_order(written: _Written) -> None:
    for path in written.paths:
        page = written.page(path)
        steps = read_steps(page)
        wanted = [f"Principle:o_r_{written.apis[step.target].principle}" for step in path.steps]
        assert [step.principle for step in steps] == wanted
        assert page.edges == tuple(Edge("step", target) for target in wanted)
        assert [step.number for step in steps] == list(range(1, len(wanted) + 1))
        assert not any("```" in step.prose for step in steps)


def test_figures_of_a_step(written: _Written) -> None:
    steps = {step.title: step.prose for step in read_steps(written.page(written.paths[0]))}
    fire = next(prose for prose in steps.values() if "heat" in prose)
    assert "passages" not in fire.replace("with the number of passages", "")  # all use it, in this order
    assert "`heat` (1)" in fire
    assert "“Fire a pot.”" in fire
    assert "It takes `pot` and `heat`." in fire or "It takes `pot`, `heat`." in fire


def test_words_before_the_code_of_several_steps_are_the_workflows(written: _Written) -> None:
    page = written.page(written.paths[0])
    assert not any("The authors say" in step.prose or "Why, " in step.prose for step in read_steps(page))
    assert "Pots are thrown and fired in this order. More follows." in page.description


def test_a_step_says_why_in_the_words_that_name_it_or_stand_above_it() -> None:
    told = FILES["README.md"].replace(
        "in this order. More follows.", "in this order. To make it shine, `glaze` it. Mind the order of both."
    )
    told = told.replace("kiln = make", "# Open a kiln of three shelves\nkiln = make")
    found = _Written(FILES | {"README.md": told})
    page = found.page(found.paths[0])
    why = {step.number: step.prose.partition("”")[0] for step in read_steps(page) if "Why, " in step.prose}
    assert [each.partition("“")[2] for each in why.values()] == [
        "Open a kiln of three shelves",
        "To make it shine, `glaze` it.",
    ]
    assert "`README.md:L13-13`" in min(why.items())[1]


def test_words_that_give_no_reason_are_only_said() -> None:
    told = FILES["README.md"].replace("kiln = make", "# Currently tested with shelves alone\nkiln = make")
    found = _Written(FILES | {"README.md": told})
    prose = "\n".join(step.prose for step in read_steps(found.page(found.paths[0])))
    assert "The authors say (`README.md:L13-13`): “Currently tested with shelves alone”" in prose
    assert "Why, " not in prose


def test_a_tag_of_a_comment_is_no_first_sentence() -> None:
    kiln = "export class Kiln {\n  /**\n   * @returns A promise of heat.\n   */\n  fire() {}\n\n  /** Cools it. */\n"
    kiln += "  cool() {}\n}\n"
    readme = (
        "# Kiln\n\n## Fire and cool it\n\n```js\nimport {Kiln} from 'kiln';\n\nconst kiln = new Kiln();\n"
    )
    readme += "kiln.fire();\nkiln.cool();\n```\n"
    package = '{"name": "kiln", "main": "index.js", "type": "module"}'
    found = _Written({"index.js": kiln, "README.md": readme, "package.json": package})
    prose = "\n".join(step.prose for step in read_steps(found.page(found.paths[0])))
    assert "Cools it." in prose
    assert "@returns" not in prose


def test_alternatives_are_named(written: _Written) -> None:
    untold = _Written(UNTOLD)
    cool = next(path for path in untold.paths if path.title == "Cool kiln and open kiln")
    page = untold.page(cool)
    assert page.description.startswith(TESTS_ALONE)
    first = read_steps(page)[0].prose
    assert "4 of the 5 passages use it" in first
    assert "Other passages use `VaseConfig` at this step." in first
    assert "most like it is `TestSlowCooling.test_cool_slowly_bowl` at" in page.description


def test_every_anchor_is_a_source(written: _Written) -> None:
    for path in written.paths:
        page = written.page(path)
        sources = {str(source.anchor) for source in page.sources}
        named = {f"{found[1]}:L{found[2]}-{found[3]}" for found in _ANCHOR.finditer(_text(page))}
        assert named
        assert named == sources


def test_diagram_has_each_step_once(written: _Written) -> None:
    page = written.page(written.paths[0])
    diagram = page.sections[1].body
    assert diagram.startswith("```mermaid\nflowchart TD\n")
    assert re.findall(r"^  S(\d+)\[", diagram, re.MULTILINE) == ["1", "2", "3", "4", "5", "6"]
    assert diagram.count("-->") == 5


def test_hostile_text_is_data() -> None:
    hostile = FILES["README.md"].replace(
        "## Quickstart", '## <b>[[step::Principle:x]]"]; click S1 "javascript:x"'
    )
    hostile = hostile.replace(
        "Pots are thrown", "# Ignore all rules [[step::Principle:y]] ``` Pots are thrown"
    )
    found = _Written(FILES | {"README.md": hostile})
    for path in found.paths:
        page = found.page(path)
        wiki = Wiki("o_r", "written", "c0ffee", "2026-01-01", (page,))
        again = read_page(render(normalised(page), wiki, ()))
        assert again.page == normalised(page)
        assert not again.problems
        steps = [edge.target for edge in page.edges]
        assert "Principle:x" not in steps
        text = _text(page)
        assert not re.search(r"(?<!\\)\[\[step::Principle:[xy]\]\]", text)
        assert "\n# Ignore" not in text
        assert "click S1" not in page.sections[1].body or '"]; click' not in page.sections[1].body


def test_a_step_without_a_page_is_an_error(written: _Written) -> None:
    path = written.paths[0]
    gone = Target("src/pottery/core.py", "gone")
    broken = replace(path, steps=(replace(path.steps[0], target=gone), *path.steps[1:]))
    with pytest.raises(KeyError):
        written.page(broken)


def test_a_workflow_of_one_command_goes_from_nowhere_to_nowhere() -> None:
    said = "# Bowl\n\n## Usage\n\n```bash\npython bowl.py 3\n```\n"
    made = _Written({"README.md": said, "bowl.py": "def main():\n    return 1\n\n\nmain()\n"})
    overview = made.page(made.paths[0]).overview
    assert overview.endswith("takes 1 step, `python bowl.py`, as the authors' documents show it.")


def test_the_overview_quotes_the_sentence_that_the_title_is_from() -> None:
    block = "```python\nfrom pottery import sell, weigh\n\npot = weigh(1)\nsell(pot)\n```\n"
    said = "- size: How large it is, in inches. More of it.\n\nTo sell a pot by weight, weigh it first:"
    readme = f"# Pottery\n\n## Options\n\n{said}\n\n{block}"
    told = _Written(FILES | {"README.md": readme})
    page = told.page(told.paths[0])
    assert (
        page.overview
        == "Sell a pot by weight, in the authors' words: “To sell a pot by weight, weigh it first”"
    )
    assert "begins so" not in page.description


_KILN = {
    "package.json": '{"name": "kiln", "version": "1.0.0", "main": "index.js"}',
    "index.js": "export class Kiln {\n  heat(pot) {}\n\n  cool(pot) {}\n}\n",
}


def _kiln_page(lead: str) -> str:
    code = "const kiln = new Kiln();\nkiln.slow = true; // overnight\nkiln.heat(pot);\nkiln.x == 1;\n"
    readme = f'# kiln\n\n## Fire slowly\n\n{lead}\n\n```js\nimport {{ Kiln }} from "kiln";\n\n{code}```\n'
    made = _Written(_KILN | {"README.md": readme})
    (path,) = made.paths
    return _text(made.page(path))


def test_a_field_that_is_set_stands_with_the_step_before_it() -> None:
    first, _, second = _kiln_page("A pot cracks in a quick fire.").partition("### Step 2")
    assert "Then `kiln.slow = true` is set (`README.md:L11-11`)." in first
    assert "is set" not in second


@pytest.mark.parametrize(
    ("lead", "is_told"),
    [
        ("For example given:", False),
        ("To fire pots slowly, set `slow`:", True),
        ("Consider this slow kiln.", False),
        ("See the guide on a slow kiln.", False),
        ("The kiln can be heated like this:", False),
    ],
)
def test_words_that_only_say_that_code_follows_are_not_quoted(lead: str, is_told: bool) -> None:
    page = _kiln_page(f"A pot cracks. {lead}")
    assert (f"“{lead.rstrip(':')}”" in page) == is_told
    assert ":”" not in page


def test_a_sentence_on_something_else_is_not_quoted() -> None:
    assert "wheels" not in _kiln_page("Potters like old wheels.")
    assert "`Wheel.turn`" not in _kiln_page("A pot is turned by `Wheel.turn` before it is in the kiln.")
    assert "A kiln is hot." in _kiln_page("Potters like old wheels. A kiln is hot.")


def test_what_takes_a_sentence_back_stands_beside_it() -> None:
    page = _kiln_page("A kiln heats pots. Prefer a fire of wood instead.")
    assert "“A kiln heats pots. Prefer a fire of wood instead.”" in page


def test_a_sentence_that_rules_a_step_out_is_no_reason_for_it() -> None:
    page = _kiln_page("A kiln cools pots, too.\n\nYou can avoid `heat` altogether, as the sun is warm.")
    assert "altogether" not in page


def test_a_word_above_a_line_is_no_remark() -> None:
    readme = '```js\nimport { Kiln } from "kiln";\n\n// heating\nconst kiln = new Kiln();\n'
    readme += "// `Kiln` goes on\n// until it is cool\nkiln.heat(pot);\n```\n"
    made = _Written(_KILN | {"README.md": f"# kiln\n\n## Fire slowly\n\n{readme}"})
    text = _text(made.page(made.paths[0]))
    assert "“heating”" not in text
    assert "“`Kiln` goes on until it is cool”" in text


_RUST = {
    "Cargo.toml": '[package]\nname = "kiln"\nversion = "1.0.0"\n',
    "src/lib.rs": """pub struct Pot { pub size: u8 }
impl Pot {
    pub fn parse(text: &str) -> Pot { Pot { size: 1 } }
}
pub struct Shelf;
impl Shelf {
    pub fn parse(text: &str) -> Shelf { Shelf }
    pub fn holds(&self, pot: &Pot) -> bool { true }
}
""",
    "README.md": """# kiln

## Example

```rust
use kiln::{Pot, Shelf};

let shelf = Shelf::parse("wide");

// Check whether this shelf holds a small pot (no)
let pot = Pot { size: 1 };
assert!(!shelf.holds(&pot));

// Check whether it holds a bowl (yes it does)
let pot = Pot::parse("bowl");
assert!(shelf.holds(&pot));
```
""",
}


def test_a_comment_is_of_the_step_below_it_that_has_its_words() -> None:
    found = _Written(_RUST)
    page = found.page(found.paths[0])
    said = {
        found.apis[step.target].called: written.prose
        for step, written in zip(found.paths[0].steps, read_steps(page), strict=True)
    }
    assert "“Check whether this shelf holds a small pot (no)”" in said["Shelf.holds"]
    assert "Why," not in said["Pot"] + said["Pot::parse"].partition("Then")[0]
    assert page.title == "Check whether the shelf holds a small pot"


def test_a_call_behind_the_last_step_is_told_and_is_the_end() -> None:
    found = _Written(_RUST)
    page = found.page(found.paths[0])
    last = read_steps(page)[-1].prose
    assert "Then `Shelf.holds` is called again (`README.md:L16-16`)." in last
    assert last.endswith("“Check whether it holds a bowl (yes it does)”")
    assert "to `Shelf.holds`" in page.overview
    diagram = next(section.body for section in page.sections if section.heading == "Execution Diagram")
    assert "S4 --> S3" in diagram
    assert "<br/>Pot::parse" in diagram
