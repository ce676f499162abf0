"""What documents and docstrings say of two names."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from codebase_gardener.knowledge.answers.comparing import passages_on_both
from codebase_gardener.knowledge.answers.definitions import definitions
from codebase_gardener.knowledge.answers.questions import Asked
from codebase_gardener.repository.snapshot import SourceFile
from samples.written_graph import graph_of

POTS = '''def old():
    """Makes a pot."""


def new():
    """Makes a pot.

    .. note::

        The differences to the classic `pot.old` are:

        - It is *fast*
          and small.

        - It is new.

    Unlike others it is cheap.
    """
'''
GUIDE = "# Pots\n\nCall `new` or `old`.\n\n`new` differs from `old`, as it is fast.\n\n```\nnew differs from old\n```\n"


def test_a_passage_on_both_names_tells_their_difference(tmp_path: Path) -> None:
    files = {"pots.py": POTS, "docs/guide.md": GUIDE, "CHANGELOG.md": "# 1.0\n\n`new` differs from `old`.\n"}
    graph = graph_of(files, tmp_path)
    first, second = (definitions(graph, Asked("what", name)) for name in ("pot.old", "new"))
    snapshot = [
        SourceFile(path, "python" if path.endswith(".py") else "markdown", "", text)
        for path, text in files.items()
    ]
    told = [(one.text, one.anchor) for one in passages_on_both(snapshot, first, second, ("pot.old", "new"))]
    listed = "“The differences to the classic `pot.old` are: - It is *fast* and small. - It is new.”"
    assert told == [(listed, "pots.py:L10-15")]
    rows = [definitions(graph, Asked("what", name)) for name in ("old", "new")]
    found = [one.anchor for one in passages_on_both(snapshot, rows[0], rows[1], ("old", "new"))]
    assert found == ["docs/guide.md:L5-5"]


@pytest.mark.slow
def test_long_documents_take_no_time() -> None:
    text = "old new:\n\n" * 50_000 + "old " * 100_000 + "\n" * 100_000
    started = time.perf_counter()
    assert not list(passages_on_both([SourceFile("docs/a.md", "markdown", "", text)], [], [], ("old", "new")))
    assert time.perf_counter() - started < 3
