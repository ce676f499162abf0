"""What documents say, with the exact lines it stands on."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.documents.facts import ApiListing, Heading, Include, Mention
from codebase_gardener.documents.reading import DocumentFacts, document_facts, kept_blocks

GUIDE = """\
---
title: x
# no heading
---
# ![logo](a.png) The [Guide](x.md) {#guide}

<p align="center">not this</p>

[![badge](b.svg)](https://x.y)

How to use `get_model()` and
[`~Model.run`] with care.

## Install

```console
$ pip install guide
Collecting guide
$ guide run \\
>   --fast
```

Setext
------

- in a list:

  ```python title="main.py" hl_lines="1"
  from guide import Model

  model = Model()
  ```

> [!WARNING]
> Do not `run` it twice.
>
> ```py
> model.run()
> ```

~~~pycon
>>> model.run()
'done'
>>> for x in model:
...     print(x)
1
~~~

    import indented
    indented.call()

# End
"""


def facts(text: str, path: str = "docs/guide.md", language: str = "markdown") -> DocumentFacts:
    return document_facts(path, language, text)


def codes(found: DocumentFacts) -> list[tuple[int, int, str, str]]:
    return [(snippet.start, snippet.end, snippet.language, snippet.code) for snippet in found.snippets]


def test_headings_of_markdown_end_before_the_next_of_their_level() -> None:
    assert facts(GUIDE).headings == (
        Heading(1, "The Guide", 5, 51, "How to use get_model() and Model.run with care."),
        Heading(2, "Install", 14, 22, ""),
        Heading(2, "Setext", 23, 51, "in a list:"),
        Heading(1, "End", 52, 52, ""),
    )


def test_snippets_of_markdown_stand_on_their_lines() -> None:
    assert codes(facts(GUIDE)) == [
        (17, 20, "shell", "pip install guide\n\nguide run \\\n  --fast"),
        (29, 31, "python", "from guide import Model\n\nmodel = Model()"),
        (38, 38, "python", "model.run()"),
        (42, 46, "python", "model.run()\n\nfor x in model:\n    print(x)\n"),
        (49, 50, "python", "import indented\nindented.call()"),
    ]
    assert [snippet.title for snippet in facts(GUIDE).snippets] == ["Install", *["Setext"] * 4]


def test_names_in_code_marks_are_mentions() -> None:
    assert facts(GUIDE).mentions == (Mention("Model.run", 1), Mention("get_model", 1), Mention("run", 1))


@pytest.mark.parametrize(
    ("text", "start", "code"),
    [
        ("!!! tip\n\n    Text.\n\n    ```py\n    a = b()\n    ```\n", 6, "a = b()"),
        ('=== "One"\n\n    !!! note "T"\n        ```py\n        a = b()\n        ```\n', 5, "a = b()"),
        (":::{note}\n```py\na = b()\n```\n:::\n", 3, "a = b()"),
        ("````{tip}\nText\n```{code-block} python\n:linenos:\n\na = b()\n```\n````\n", 6, "a = b()"),
        (":::{code-block} python\na = b()\n:::\n\ntext\n", 2, "a = b()"),
        ("<Tip>\n```py\na = b()\n```\n</Tip>\n", 3, "a = b()"),
        ("/// note | Title\n\n```py\na = b()\n```\n\n///\n", 4, "a = b()"),
        ("text\n\n```py\na = b()\nc", 4, "a = b()\nc"),
    ],
)
def test_code_in_boxes_of_site_generators(text: str, start: int, code: str) -> None:
    found = facts(text)
    end = start + code.count("\n")
    assert codes(found) == [(start, end, "python", code)]


def test_included_files_are_tied_to_their_section() -> None:
    text = '# A\n\n{* ../../docs_src/a.py hl[1] *}\n\n```python\n{!> ../docs_src/b.py!}\n```\n## B\n--8<-- "c.py:two"\n'
    found = facts(text)
    assert found.includes == (
        Include(3, "../../docs_src/a.py", "A"),
        Include(6, "../docs_src/b.py", "A"),
        Include(9, "c.py:two", "B"),
    )
    assert found.snippets == ()


def test_api_listings_of_mkdocstrings_and_hugging_face() -> None:
    text = (
        "# API\n\n::: pkg.mod.Class\n    options:\n      members:\n        - run\n        - stop\n\n::: pkg.fn\n\n"
        "[[autodoc]] tuners.Config\n    - all\n    - save\n\n[[autodoc]] other.Thing\n\n:::note\ntext\n:::\n"
    )
    found = facts(text)
    assert found.listings == (
        ApiListing(3, "pkg.mod.Class", members=False, only=("run", "stop")),
        ApiListing(9, "pkg.fn", members=True),
        ApiListing(11, "tuners.Config", members=True, only=("save",)),
        ApiListing(15, "other.Thing", members=True),
    )
    assert found.snippets == ()


def test_other_files_say_nothing() -> None:
    assert document_facts("a.py", "python", "# Title\n") == DocumentFacts()


def test_a_paragraph_in_html_is_one() -> None:
    text = (
        '<p align="center">\n<h1 align="center">Pot</h1>\n<p align="center">A kiln for <b>small</b> pots</p>\n'
        '<p><a href="x">one of</a> <a href="y">the other two</a></p>\n</p>\n'
    )
    found = [
        (block.start, block.text)
        for block in kept_blocks("README.md", "markdown", text)
        if block.kind == "paragraph"
    ]
    assert found == [(3, "A kiln for <b>small</b> pots")]


def test_blanks_in_a_paragraph_of_html_cost_no_time() -> None:
    began = time.process_time()
    kept_blocks("README.md", "markdown", f"<p>{' ' * 900}words after many blanks</p>\n" * 50)
    assert time.process_time() - began < 5


def test_a_front_matter_names_the_document_where_no_heading_of_the_first_level_does() -> None:
    front = '---\nid: pots\ntitle: "Clay pots"\n---\n\n'
    headings = document_facts("a.mdx", "markdown", front + "## Usage\n\nFill it.\n").headings
    assert headings == (Heading(1, "Clay pots", 3, 8), Heading(2, "Usage", 6, 8, "Fill it."))
    assert [each.title for each in document_facts("a.md", "markdown", front + "# Pots\n").headings] == [
        "Pots"
    ]


def test_what_mdx_imports_is_no_prose_and_a_headings_address_no_title() -> None:
    text = 'import { Tab } from "tabs";\nimport "./x.css";\n\n# Pots [#pots]\n\nimport pots from a store.\n'
    kinds = [(block.kind, block.text) for block in kept_blocks("a.mdx", "markdown", text)]
    assert kinds == [("heading", "Pots"), ("paragraph", "import pots from a store.")]
