"""Titles of workflows: valid, unique, spelled as the documents spell their words."""

from codebase_gardener.knowledge.pages.wiki_names import is_page_name
from samples.pottery import CORE, FILES, mined


def test_hostile_titles_give_valid_unique_pages() -> None:
    block = "```python\nfrom pottery import {0}, {1}\n\n{0}(1)\n{1}(2)\n```\n"
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
    assert len(paths) >= 5
    assert all(is_page_name(page) for page in pages)
    assert len({page.casefold() for page in pages}) == len(pages)
    assert all(path.title.strip() and "\n" not in path.title and len(path.title) <= 140 for path in paths)


def test_words_are_spelled_as_the_documents_spell_them_most() -> None:
    test = "from pottery import glaze, make_kiln, throw\n\n\n"
    test += "\n\n".join(f"def test_json_glaze_{n}():\n    glaze(throw(make_kiln(1)))\n" for n in "abcd")
    for written, title in (("JSON", "JSON glaze"), ("json", "Json glaze")):
        prose = f"# Pots\n\nA pot as {written}, and {written} as a pot, GLAZE it, GLAZE it; glaze, glaze, glaze it.\n"
        paths = mined({"src/pottery/__init__.py": CORE, "docs/a.md": prose, "tests/test_pots.py": test})
        assert [path.title for path in paths] == [title]
