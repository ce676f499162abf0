"""Code that authors show as what not to write is no step and no example."""

import pytest

from codebase_gardener.knowledge.apis.usage_examples import usage_examples
from codebase_gardener.knowledge.links.uses import Target
from samples.pottery import mined
from samples.written_context import context_of

KILN = {
    "package.json": '{"name": "kiln", "version": "1.0.0", "main": "index.js"}',
    "index.js": "export function heat(pot) {}\n\nexport function cool(pot) {}\n\nexport function burn(pot) {}\n",
}
HEAD = '# kiln\n\n## Firing a pot\n\n{before}\n\n```js\nimport {{heat, cool, burn}} from "kiln";\n\n'


def _steps(readme: str) -> list[str]:
    return [step.target.name for path in mined(KILN | {"README.md": readme}) for step in path.steps]


@pytest.mark.parametrize(
    ("line", "is_step"),
    [
        ("// Deprecated, prefer heat.\nburn(pot);", False),
        ("burn(pot); // don't do this", False),
        ("// use heat instead of a match\nburn(pot);", True),
        ("// Use `heat` instead.\nburn(pot);", False),
        ("// Do not forget the lid of it.\nburn(pot);", True),
        ("burn(pot);", True),
    ],
)
def test_a_call_that_its_comment_takes_back_is_no_step(line: str, is_step: bool) -> None:
    readme = f"{HEAD.format(before='So it is.')}heat(pot);\n{line}\ncool(pot);\n```\n"
    assert _steps(readme) == (["heat", "burn", "cool"] if is_step else ["heat", "cool"])


@pytest.mark.parametrize(
    ("before", "after", "is_shown"),
    [
        ("Don't do this:", "", False),
        ("Never fire a pot by a match:", "", False),
        ("Instead of a fire that burns it:", "", False),
        ("Never wait, but heat and burn it:", "", True),
        ("Fire it all the same:", "Don't do this at home.", False),
        ("Fire it all the same:", "It is hot.", True),
    ],
)
def test_a_block_that_the_words_beside_it_take_back_is_neither_a_workflow_nor_an_example(
    before: str, after: str, is_shown: bool
) -> None:
    readme = f"{HEAD.format(before=before)}heat(pot);\nburn(pot);\n```\n\n{after}\n"
    assert bool(_steps(readme)) == is_shown
    context = context_of(KILN | {"README.md": readme})
    assert bool(usage_examples(Target("index.js", "burn"), context)) == is_shown
