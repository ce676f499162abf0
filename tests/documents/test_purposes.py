"""What the comment on top of a file says of it."""

from __future__ import annotations

import pytest

from codebase_gardener.documents.purposes import purpose_of


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/*\n  Copyright A\n\n  Redistribution in source form is permitted.\n*/\nint a;\n", ""),
        ("/*\n  Copyright A\n*/\n\n/* Cooks in pots. */\nint a;\n", "Cooks in pots."),
        ("/* quiet the compiler */\n#if defined(_MSC_VER)\n#pragma warning (push)\n", ""),
        ("/* Cooks in pots. */\n#ifndef POT_H\n#define POT_H\n", "Cooks in pots."),
        ("/* Cooks in pots. */\n#if !defined(POT_H)\n", "Cooks in pots."),
        ("/* Cooks in pots. */\n#include <pot.h>\n", "Cooks in pots."),
        ("// Cooks in pots.\n#pragma once\n", "Cooks in pots."),
        ("// Cooks in pots.\n\n#define POT 1\n", "Cooks in pots."),
    ],
)
def test_of_c(text: str, said: str) -> None:
    assert purpose_of("c", text, None) == said


def test_what_a_file_of_go_is_built_for_is_no_purpose() -> None:
    built_for = "//go:build !windows\n// +build !windows\n\n"
    assert purpose_of("go", f"{built_for}package pot\n", None) == ""
    assert purpose_of("go", f"{built_for}// Package pot cooks.\npackage pot\n", None) == "Package pot cooks."


def test_a_tools_version_is_no_purpose() -> None:
    assert purpose_of("swift", "// swift-tools-version: 5.9\nimport A\n", None) == ""


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("/**\n * @module\n * Cooks in pots.\n */\n", "Cooks in pots."),
        ("/**\n * @module pot/cook\n * Cooks in pots.\n */\n", "Cooks in pots."),
        ("/** @fileoverview Cooks in pots. */\n", "Cooks in pots."),
    ],
)
def test_the_tag_of_a_file_s_comment_is_no_word_of_it(comment: str, said: str) -> None:
    assert purpose_of("javascript", f"{comment}let a;\n", None) == said


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("typescript", '// import { Pot } from "./pot.js";\n\nexport const a = 1;\n'),
        ("javascript", "// pot.cook(1);\n// const a = pot();\nlet a;\n"),
        ("ruby", "# import pot\nx = 1\n"),
    ],
)
def test_code_that_is_out_of_use_is_no_purpose(language: str, text: str) -> None:
    assert purpose_of(language, text, None) == ""
    mark = "#" if language == "ruby" else "//"
    assert purpose_of(language, f"{mark} Cooks in pots.\n\n{text}", None) == "Cooks in pots."


def test_a_sentence_that_leads_to_what_the_file_is_gives_way_to_that() -> None:
    lead = "When it comes to soups, you need pots. A pan is too flat."
    assert (
        purpose_of("python", "", f"{lead}\n\nThis module cooks in pots.\nMore.")
        == "This module cooks in pots."
    )
    assert purpose_of("python", "", lead) == "When it comes to soups, you need pots."
    assert purpose_of("python", "", "Cooks.\n\nThis module is new.") == "Cooks."


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("We have to cast here, because pots\n// are no bowls.", ""),
        ("This is needed because of old pots.", ""),
        ("We cook in this module.", "We cook in this module."),
        ("Weighs pots.", "Weighs pots."),
    ],
)
def test_a_comment_on_how_code_is_written_is_no_purpose(comment: str, said: str) -> None:
    assert purpose_of("typescript", f"// {comment}\n\nimport a from 'b'\n", None) == said


@pytest.mark.parametrize(
    "docstring",
    [
        '!!! abstract "Usage"\n    [Bake a Pot](../pots.md)\n\nThe `pot` module holds pots.\n',
        "JSON Pots\n\nHot.\n\nThis module holds pots. It boils.\n",
        ".. note::\n   Hot.\n\nThe `pot` module holds pots.\n",
    ],
)
def test_a_box_or_a_title_on_top_of_a_docstring_is_no_purpose(docstring: str) -> None:
    assert purpose_of("python", "", docstring) in ("The `pot` module holds pots.", "This module holds pots.")


def test_a_title_is_the_purpose_where_nothing_else_says_it() -> None:
    assert purpose_of("python", "", "JSON Pots\n\nHot.\n") == "JSON Pots"
