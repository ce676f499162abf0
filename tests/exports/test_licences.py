"""Licences by their texts."""

from __future__ import annotations

import pytest

from codebase_gardener.exports.licences import is_licence_file, licence_named_in, licence_of


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Apache License\n   Version 2.0, January 2004", "apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE\n  Version 3, 29 June 2007", "gpl-3.0"),
        ("Redistribution and use in source and binary forms\n... Neither the name of", "bsd-3-clause"),
        ("SPDX-License-Identifier: 0BSD", "0bsd"),
        ("---\nlicense: cc-by-4.0\n---\n", "cc-by-4.0"),
        ("all rights reserved", "other"),
    ],
)
def test_texts(text: str, licence: str) -> None:
    assert licence_named_in(text) == licence


def test_which_file_counts() -> None:
    assert is_licence_file("LICENSE.txt")
    assert not is_licence_file("licensing.py")
    mit = "Permission is hereby granted, free of charge, to any person obtaining a copy"
    assert licence_of([("README.md", "---\nlicense: apache-2.0\n---\n"), ("LICENCE", mit)]) == "mit"
    assert licence_of([("README.md", "---\nlicense: apache-2.0\n---\n")]) == "apache-2.0"
    assert licence_of([("README.md", "# license: none")]) is None
