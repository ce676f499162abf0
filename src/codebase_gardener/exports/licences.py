"""Which licence a folder or repository is under, as far as its files tell."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["is_licence_file", "licence_named_in", "licence_of"]

_FILE = re.compile(r"(LICEN[CS]E|COPYING|UNLICENSE)([.-][\w.-]+)?", re.IGNORECASE)
_IN_FRONT_MATTER = re.compile(r"\A---\n(?:.*\n)*?licen[cs]e:\s*['\"]?([\w.+-]+)", re.IGNORECASE)
_SPDX = re.compile(r"SPDX-License-Identifier:\s*([\w.+-]+)")
_HEADLINES = (
    ("apache-2.0", r"apache license\s+version 2\.0"),
    ("agpl-3.0", r"gnu affero general public license\s+version 3"),
    ("lgpl-3.0", r"gnu lesser general public license\s+version 3"),
    ("lgpl-2.1", r"gnu lesser general public license\s+version 2\.1"),
    ("gpl-3.0", r"gnu general public license\s+version 3"),
    ("gpl-2.0", r"gnu general public license\s+version 2"),
    ("mpl-2.0", r"mozilla public license,? version 2\.0"),
    ("bsl-1.0", r"boost software license"),
    ("unlicense", r"this is free and unencumbered software released into the public domain"),
    ("isc", r"permission to use, copy, modify, and/or distribute this software"),
    ("mit", r"permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("bsd-3-clause", r"redistribution and use in source and binary forms[\s\S]*neither the name"),
    ("bsd-2-clause", r"redistribution and use in source and binary forms"),
)
"""The hub's id of a licence → what its text says, lower-case and with single spaces."""


def is_licence_file(name: str) -> bool:
    """Whether a file at the top of a repository holds its licence, by its name."""
    return bool(_FILE.fullmatch(name))


def licence_named_in(text: str) -> str:
    """The hub's id of the licence whose text this is, or that it names; "other" where it is none of those known.

    Example:
        >>> licence_named_in("Permission is hereby granted, free of charge, to any person obtaining a copy")
        'mit'
    """
    if named := _IN_FRONT_MATTER.search(text) or _SPDX.search(text):
        return named[1].lower()
    plain = " ".join(text.lower().split())
    return next((name for name, said in _HEADLINES if re.search(said, plain)), "other")


def licence_of(files: Iterable[tuple[str, str]]) -> str | None:
    """The licence that top-level files (name, text) tell; None where none does.

    A README counts by its front matter alone, as model cards have it.
    """
    found = {name: text for name, text in files if is_licence_file(name) or name == "README.md"}
    for name in sorted(found, key=lambda name: (name == "README.md", len(name), name)):
        if name != "README.md" or _IN_FRONT_MATTER.search(found[name]):
            return licence_named_in(found[name])
    return None
