"""Which section of a document shows an example."""

from samples.pottery import FILES, mined


def test_example_is_called_as_the_section_that_shows_it() -> None:
    files = FILES | {
        "docs_src/open/tutorial001.py": "from pottery import make_kiln, sell\n\n"
        "kiln = make_kiln(1)\nkiln.open()\nsell(kiln)\n",
        "docs/opening.md": "# Opening\n\n## The first time\n\n{* ../docs_src/open/tutorial001.py *}\n",
    }
    assert "Opening: The first time" in [path.title for path in mined(files)]
    del files["docs/opening.md"]
    assert "Open" in [path.title for path in mined(files)]
