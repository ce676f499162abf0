"""What readers of packaging files share: lines of quoted words, and a requirement taken apart."""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache

from packaging.requirements import InvalidRequirement, Requirement

from codebase_gardener.knowledge.sources.facts import Evidence

__all__ = ["Lines", "is_development", "one_line", "requirement", "requirement_parts"]

MAX_TEXT = 300
_LITERAL = re.compile(r'"([^"\n]{1,300})"|\'([^\'\n]{1,300})\'')
_KEY = re.compile(r"^[ \t]*([A-Za-z0-9_.-]{1,100})[ \t]*[=:]", re.MULTILINE)
_LOOSE = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]{0,200}\])?\s*([^;#\s][^;#]*)?")

DEVELOPMENT_WORDS = frozenset(
    [
        "dev",
        "devel",
        "develop",
        "development",
        "test",
        "tests",
        "testing",
        "doc",
        "docs",
        "documentation",
        "lint",
        "linting",
        "linter",
        "quality",
        "style",
        "typing",
        "types",
        "mypy",
        "ci",
        "cicd",
        "coverage",
        "cov",
        "bench",
        "benchmark",
        "benchmarks",
        "benchmarking",
        "release",
        "build",
        "pre",
        "precommit",
        "format",
        "formatting",
        "tox",
        "nox",
        "contributing",
        "contrib",
        "gha",
        "examples",
        "example",
        "tutorial",
        "maintainer",
        "static",
    ]
)
"""An extra or group with one of these words in its name serves who works on the repository, not who uses it."""


def is_development(name: str) -> bool:
    """Whether an extra or dependency group is for work on the repository itself.

    Example:
        >>> is_development("docs_specific"), is_development("deepspeed")
        (True, False)
    """
    return any(word in DEVELOPMENT_WORDS for word in re.split(r"[^a-z]+", name.lower()))


def one_line(text: str, limit: int = MAX_TEXT) -> str:
    """White space folded, at most `limit` characters."""
    return " ".join(text[: limit * 4].split())[:limit]


class Lines:
    """Finds the line that a value of a parsed file stands on, since parsers of TOML and JSON do not tell."""

    def __init__(self, text: str) -> None:
        self._starts = [0]
        for found in re.finditer("\n", text):
            self._starts.append(found.end())
        self._words: dict[str, list[int]] = {}
        for found in _LITERAL.finditer(text):
            self._words.setdefault(found[1] or found[2], []).append(self._line(found.start()))
        for found in _KEY.finditer(text):
            self._words.setdefault(found[1], []).append(self._line(found.start(1)))
        for lines in self._words.values():
            lines.sort()

    def _line(self, offset: int) -> int:
        return bisect_left(self._starts, offset + 1)

    def of(self, word: str, after: int = 1) -> int:
        """First line at or after `after` with the quoted word or key; `after` where there is none."""
        lines = self._words.get(word, [])
        index = bisect_left(lines, after)
        return lines[index] if index < len(lines) else after


@lru_cache(4096)
def requirement_parts(text: str) -> tuple[str, str]:
    """Name and version specifier (with its marker's condition left out) of a requirement; ("", "") where it is none.

    Example:
        >>> requirement_parts("torch >= 1.13.0; sys_platform != 'win32'")
        ('torch', '>=1.13.0')
    """
    text = text[:MAX_TEXT]
    try:
        parsed = Requirement(text)
    except InvalidRequirement:
        found = _LOOSE.match(text)
        return (found[1], one_line(found[2] or "")) if found else ("", "")
    specifiers = sorted(str(part) for part in parsed.specifier)
    return parsed.name, ",".join(
        sorted(specifiers, key=lambda part: (not part.startswith((">", "=", "~")), part))
    )


def requirement(kind: str, group: str, text: str, start: int, end: int | None = None) -> Evidence | None:
    """Evidence of a requirement as pip understands it; None for a line that is none."""
    name, version = requirement_parts(text)
    return Evidence(kind, start, end or start, group, name, one_line(text), version) if name else None
