"""Translations, by where they lie."""

from __future__ import annotations

import pytest

from codebase_gardener.repository.translations import translations


@pytest.mark.parametrize(
    ("original", "others"),
    [
        ("docs/en/docs/a.md", ["docs/de/docs/a.md", "docs/zh-hant/docs/a.md", "docs/pt_BR/docs/a.md"]),
        ("doc/en-US/a.rst", ["doc/ja/a.rst"]),
        ("docs/guide/a.md", ["i18n/fr/plugin/current/guide/a.md", "website/locales/ko/a.md"]),
        ("README.md", ["README.zh-CN.md", "README_de.md", "README-ja.md", "README.pt_br.md", "README_CN.md"]),
        ("guide/a.html", ["guide/a.uk.html"]),
    ],
)
def test_a_translation_beside_its_original(original: str, others: list[str]) -> None:
    assert translations({original, *others}) == set(others)


def test_a_folder_most_of_which_lies_beside_originals() -> None:
    originals = {"docs/a.md", "docs/b.md"}
    german = {"docs/de/a.md", "docs/de/b.md", "docs/de/only.md"}
    assert translations(originals | german) == german


@pytest.mark.parametrize(
    "paths",
    [
        {"docs/de/a.md", "docs/fr/a.md"},  # none is the original
        {"docs/README.md", "docs/cs/README.md", "docs/cs/b.md", "docs/cs/c.md"},
        {"docs/README.md", "docs/cs/README.md"},  # C#
        {"docs/go/a.md", "docs/a.md", "docs/go/b.md", "docs/b.md"},
        {"src/en/a.py", "src/de/a.py"},  # code in words of a language is no translation of other code
        {"README.md", "README.en.md"},
        {"a-b.md", "a.md", "api_v2.md", "api.md"},
    ],
)
def test_what_is_none(paths: set[str]) -> None:
    assert translations(paths) == set()
