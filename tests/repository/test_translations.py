"""Translations, by where they lie and by their script."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.repository.scripts import script_of
from codebase_gardener.repository.translations import translations


@pytest.mark.parametrize(
    ("original", "others"),
    [
        ("docs/en/docs/a.md", ["docs/de/docs/a.md", "docs/zh-hant/docs/a.md", "docs/pt_BR/docs/a.md"]),
        ("doc/en-US/a.rst", ["doc/ja/a.rst"]),
        ("docs/guide/a.md", ["i18n/fr/plugin/current/guide/a.md", "website/locales/ko/a.md"]),
        ("README.md", ["README.zh-CN.md", "README_de.md", "README-ja.md", "README.pt_br.md", "README_CN.md"]),
        ("guide/a.html", ["guide/a.uk.html"]),
        ("README.md", ["docs/README-fr.md", "docs/other/README.pt-BR.md"]),
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


def test_documents_in_another_script_than_the_main_readme() -> None:
    scripts = {"README.md": "", "old/README_KO.md": "HANGUL", "old/안내.md": "HANGUL", "docs/a.md": ""}
    assert translations(scripts, scripts) == {"old/README_KO.md", "old/안내.md"}


def test_of_a_readme_in_another_script_its_own_documents_and_english_ones_are_none() -> None:
    scripts = {"README.md": "CJK", "README.en.md": "", "docs/指南.md": "CJK", "docs/лук.md": "CYRILLIC"}
    assert translations(scripts, scripts) == {"docs/лук.md"}


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("# Pot\n\nPot는 요리를 위한 `Pot` 라이브러리입니다.\n", "HANGUL"),
        ("Pot 是一个轻量的模式校验库，支持 TypeScript 类型推断，零依赖。", "CJK"),
        ("ポットは Pot です", "CJK"),
        ("- English\n- 中文\n- Русский\n\nPot keeps the soup warm and never lets it boil over.", ""),
        ("```py\n# коты, коты, коты\n```\nPot.\n", ""),
        ("~~~\nfirst\n~~~\nЭто котёл.\n```\nsecond second second\n```\n", "CYRILLIC"),
        ("", ""),
    ],
)
def test_the_script_is_that_of_the_prose(text: str, script: str) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize("piece", ["`", "```\n", "~~~`", " \t", "https:", "中", "`中\n"])
def test_hostile_texts_are_read_fast(piece: str) -> None:
    started = time.monotonic()
    script_of(piece * 40_000)
    assert time.monotonic() - started < 1
