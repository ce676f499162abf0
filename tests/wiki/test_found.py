"""What an answer says is cited by the lines where it stands."""

from __future__ import annotations

import pytest

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.utils.progress import Quiet
from codebase_gardener.wiki.project import ProjectWiki

CODE = '''"""Fires pots."""


class Kiln:
    """A kiln."""

    def ignore_cracks(self, on: bool) -> None:
        """Says what happens to cracks.

        Where it is on, a broken shard is thrown away.
        """
        self.on = on
        self.on = on
'''
GO = """package pot

// Glaze covers a pot.
//
// Where it is thin, a matte finish is left behind.
type Glaze struct {
	Thin bool
}
"""


@pytest.fixture(scope="module")
def wiki(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("quoted")
    files = {
        "pyproject.toml": '[project]\nname = "kiln"\nversion = "1"\n',
        "kiln/__init__.py": CODE,
        "pot.go": GO,
        "go.mod": "module example.org/pot\n",
    }
    for path, text in files.items():
        (folder / "kiln" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "kiln" / path).write_text(text)
    with Gardener(Settings(home=folder / "home", min_free_bytes=0)) as gardener:
        build_wiki(gardener, str(folder / "kiln"), Quiet(), name="kiln")
        yield gardener.wiki("kiln")


@pytest.mark.parametrize(
    ("question", "said", "anchor"),
    [
        ("What happens to a broken shard?", "broken shard is thrown", "kiln/__init__.py:L8-11"),
        ("What happens to cracks?", "in the words of its docstring", "kiln/__init__.py:L8-11"),
        ("Is a matte finish left behind?", "matte finish", "pot.go:L3-5"),
    ],
)
def test_what_is_said_is_cited_where_it_stands(
    wiki: ProjectWiki, question: str, said: str, anchor: str
) -> None:
    answer = wiki.answer(question)
    assert answer is not None
    lines = [line for line in answer.lines if said in line.text]
    assert lines, [(line.text, line.anchor) for line in answer.lines]
    assert lines[0].anchor == anchor
