"""The code of a Workflow's page: the blocks that use something, verbatim, and none where it is long."""

from codebase_gardener.knowledge.links.uses import Passage
from codebase_gardener.knowledge.pages.citations import read_quotes
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.workflows.passage_code import passage_code
from samples.written_context import context_of

LIBRARY = "def throw(clay): ...\n\n\ndef fire(pot): ...\n"
README = """# Kiln

## Firing

First throw:

```python
from kiln import throw, fire
pot = throw("clay")
```

Its weight is printed:

```python
print(3)
```

Then fire:

```python
fire(pot)
```
"""


def _shown(files: dict[str, str]) -> tuple[str, list[str]]:
    context = context_of(files)
    passage: Passage = next(each for each in context.resolution.passages if each.area == "readme")
    sources = PageSources(context.repository)
    text = passage_code(passage, context.repository, sources)
    return text, [str(source.anchor) for source in sources.all()]


def test_blocks_that_use_something_are_quoted_verbatim() -> None:
    text, cited = _shown({"kiln/__init__.py": LIBRARY, "README.md": README})
    assert [one.text for one in read_quotes(text)] == [
        'from kiln import throw, fire\npot = throw("clay")',
        "fire(pot)",
    ]
    assert cited == ["README.md:L8-9", "README.md:L21-21"]


def test_long_code_is_not_quoted() -> None:
    long = README.replace('pot = throw("clay")', 'pot = throw("clay")\n' + "count = 1\n" * 60)
    assert _shown({"kiln/__init__.py": LIBRARY, "README.md": long}) == ("", [])
