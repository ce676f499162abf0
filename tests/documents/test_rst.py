"""What reStructuredText says, alone, within Markdown and in docstrings."""

from __future__ import annotations

import ast

import pytest

from codebase_gardener.documents.docstring_snippets import docstring_snippets
from codebase_gardener.documents.facts import ApiListing, Heading, Include, Mention
from codebase_gardener.documents.reading import DocumentFacts, blocks, document_facts
from codebase_gardener.utils.anchors import split_lines

GUIDE = """\
.. _top:

=====
Guide
=====

.. module:: pkg

Call :meth:`~pkg.App.run` or ``stop()``; see :doc:`/other`.

First Steps
-----------

.. code-block:: python
    :linenos:

    from pkg import App

    app = App()

Then::

    app.run()

- a list::

      app.stop()

.. tabs::

   .. group-tab:: Bash

      .. code-block:: text

         $ pkg run
         running

.. warning:: Never `twice`,
   not once.

   >>> app.run()
   1
   >>> for x in app:
   ...     print(x)

   >>> app.stop()

.. literalinclude:: ../examples/app.py
   :language: python

Reference
=========

.. autoclass:: App
   :members: run,
      stop

   .. automethod:: close

.. autofunction:: pkg.tools.make

.. currentmodule:: pkg.other

.. automethod:: Thing.go
.. py:function:: helper(a, b) -> int

   Helps.

.. a comment
   with ``hidden()`` text
"""


def facts(text: str) -> DocumentFacts:
    return document_facts("docs/guide.rst", "rst", text)


def codes(found: DocumentFacts) -> list[tuple[int, int, str, str]]:
    return [(snippet.start, snippet.end, snippet.language, snippet.code) for snippet in found.snippets]


def test_headings_get_levels_by_the_order_of_their_underlines() -> None:
    assert facts(GUIDE).headings == (
        Heading(1, "Guide", 3, 70, "Call run or stop(); see /other."),
        Heading(2, "First Steps", 11, 70, "Then:"),
        Heading(3, "Reference", 51, 70, "Helps."),
    )


def test_code_of_every_form_stands_on_its_lines() -> None:
    assert codes(facts(GUIDE)) == [
        (17, 19, "python", "from pkg import App\n\napp = App()"),
        (23, 23, "python", "app.run()"),
        (27, 27, "python", "app.stop()"),
        (35, 36, "shell", "pkg run\n"),
        (41, 46, "python", "app.run()\n\nfor x in app:\n    print(x)\n\napp.stop()"),
    ]
    assert facts(GUIDE).includes == (Include(48, "../examples/app.py", "First Steps"),)


def test_the_lines_of_a_target_and_of_a_note_are_no_paragraphs() -> None:
    text = "Read it.\n\n.. _docs:\n   https://x.y\n.. [1] A note that\n   goes on.\n\nThe end.\n"
    found = [(block.kind, block.text) for block in blocks("a.rst", "rst", text)]
    assert found == [("paragraph", "Read it."), ("paragraph", "The end.")]


def test_listings_have_their_module_before_them() -> None:
    assert [(listing.name, listing.members, listing.only) for listing in facts(GUIDE).listings] == [
        ("pkg.App", False, ("run", "stop")),
        ("pkg.App.close", False, ()),
        ("pkg.tools.make", False, ()),
        ("pkg.other.Thing.go", False, ()),
        ("pkg.other.helper", False, ()),
    ]


def test_roles_and_code_marks_are_mentions_but_not_comments() -> None:
    assert facts(GUIDE).mentions == (Mention("pkg.App.run", 1), Mention("stop", 1), Mention("twice", 1))


def test_references_in_a_session_have_the_lines_of_the_file() -> None:
    session = facts(GUIDE).snippets[-1]
    assert [(found.name, found.start) for found in session.references if found.kind == "call"] == [
        ("app.run", 41), ("print", 44), ("app.stop", 46),
    ]  # fmt: skip


def test_directives_within_markdown() -> None:
    text = (
        "# API\n\n```{currentmodule} pkg\n```\n\n```{eval-rst}\n.. autoclass:: App\n   :members:\n```\n"
        "```{autofunction} make\n```\n```{literalinclude} ../a.py\n:language: python\n```\n"
        "```{eval-rst}\n.. click:example::\n\n    @command()\n    def run(): ...\n```\n"
    )
    found = document_facts("a.md", "markdown", text)
    assert found.listings == (ApiListing(7, "pkg.App", members=True), ApiListing(10, "pkg.make"))
    assert found.includes == (Include(12, "../a.py", "API"),)
    assert codes(found) == [(18, 19, "python", "@command()\ndef run(): ...")]


def test_boxes_are_told_apart_from_prose() -> None:
    rst = ".. note:: Take care\n   here.\n\n   And there.\n\nProse.\n"
    markdown = "!!! tip\n\n    Take care.\n\nProse.\n\n> [!NOTE]\n> Here.\n\n:::{warning}\nHot.\n:::\n"
    assert [(b.kind, b.start, b.end, b.text, b.label) for b in blocks("a.rst", "rst", rst)] == [
        ("box", 1, 4, "", "note"), ("paragraph", 1, 2, "Take care\nhere.", ""),
        ("paragraph", 4, 4, "And there.", ""), ("paragraph", 6, 6, "Prose.", ""),
    ]  # fmt: skip
    assert [(b.kind, b.start, b.end, b.text, b.label) for b in blocks("a.md", "markdown", markdown)] == [
        ("box", 1, 3, "", "tip"), ("paragraph", 3, 3, "Take care.", ""), ("paragraph", 5, 5, "Prose.", ""),
        ("box", 7, 8, "", "note"), ("paragraph", 8, 8, "Here.", ""),
        ("box", 10, 12, "", "warning"), ("paragraph", 11, 11, "Hot.", ""),
    ]  # fmt: skip


MODULE = '''\
# licence
"""Tools.

>>> import tools
"""


def plain(
    a: str = "x",
):
    """
    Does it.

    Args:
        a: What.

    Example:
        from tools import plain

        plain("y")

    Example:

        >>> plain("z")
        'z'

    ```python
    plain("fence")
    ```

    Literal::

        $ tools run
    """


class Tool:
    r"""One line. Use it as in ``a::b``."""

    def run(self):
        """Runs::

            tool.run()
        """

    def text(self):
        """Example: none of this is code."""
'''


def test_examples_of_docstrings_stand_on_their_lines() -> None:
    found = docstring_snippets(ast.parse(MODULE), split_lines(MODULE))
    assert [(one.start, one.end, one.scope, one.language, one.code) for one in found] == [
        (4, 4, "", "python", "import tools"),
        (18, 20, "plain", "python", 'from tools import plain\n\nplain("y")'),
        (24, 25, "plain", "python", 'plain("z")\n'),
        (28, 28, "plain", "python", 'plain("fence")'),
        (33, 33, "plain", "shell", "tools run"),
        (43, 43, "Tool.run", "python", "tool.run()"),
    ]


@pytest.mark.parametrize("one_line", [False, True])
def test_a_notebook_has_the_lines_of_its_json(one_line: bool) -> None:
    rows = [
        "{",
        '"cells": [{', '"cell_type": "markdown",', '"metadata": {"source": ["no"]},', '"source": [', '"# Title\\n",',
        '"Use `App`."', "]", "}, {",
        '"cell_type": "code",', '"outputs": [{"text": ["import no"]}],', '"source": [',
        '"from a import App\\n",', '"\\n",', '"App()"', "]", "}],",
        '"metadata": {"language_info": {"name": "python"}}', "}",
    ]  # fmt: skip
    found = document_facts("a.ipynb", "notebook", ("" if one_line else "\n").join(rows))
    assert [heading.title for heading in found.headings] == ["Title"]
    assert found.mentions == (Mention("App", 1),)
    start, end = (1, 1) if one_line else (13, 15)
    assert codes(found) == [(start, end, "python", "from a import App\n\nApp()")]
    assert [(call.name, call.start) for call in found.snippets[0].references] == [("App", end)]


def test_asciidoc_and_plain_text() -> None:
    text = "= Title\n\nProse `App`.\n\n[source,python]\n----\nfrom a import App\n----\n\n== Part\ninclude::b.adoc[]\n"
    found = document_facts("a.adoc", "text", text)
    assert found.headings == (Heading(1, "Title", 1, 11, "Prose App."), Heading(2, "Part", 10, 11))
    assert codes(found) == [(7, 7, "python", "from a import App")]
    assert found.includes == (Include(11, "b.adoc", "Part"),)
    plain = document_facts("INSTALL", "text", "Install\n=======\n\nRun `it`::\n\n    import a\n")
    assert plain == DocumentFacts(headings=(Heading(1, "Install", 1, 6, "Run it:"),))


def test_carriage_returns_move_no_line() -> None:
    assert codes(facts(GUIDE.replace("\n", "\r\n"))) == codes(facts(GUIDE))
    assert facts(GUIDE.replace("\n", "\r\n")).headings == facts(GUIDE).headings
    found = document_facts("a.md", "markdown", "# A\r\n\r\ntext\rmore\r\n```py\r\na = b()\r\n```\r\n")
    assert codes(found) == [(5, 5, "python", "a = b()")]


def test_fields_of_a_document_are_no_paragraph() -> None:
    text = (
        ":Version: 5.6\n:Keywords: task, queue,\n  actors\n\n:class:`Pot` cooks.\n\n  :param x: It stays.\n"
    )
    assert [(block.kind, block.start, block.end) for block in blocks("a.rst", "rst", text)] == [
        ("paragraph", 5, 5), ("paragraph", 7, 7)
    ]  # fmt: skip
