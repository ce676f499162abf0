"""Titles of workflows: valid and unique."""

from codebase_gardener.knowledge.pages.wiki_names import is_page_name
from samples.pottery import FILES, mined


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
    assert len(paths) >= 4  # two would both be called "Same"
    assert all(is_page_name(page) for page in pages)
    assert len({page.casefold() for page in pages}) == len(pages)
    assert all(path.title.strip() and "\n" not in path.title and len(path.title) <= 140 for path in paths)
