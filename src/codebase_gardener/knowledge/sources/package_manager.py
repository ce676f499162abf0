"""Which program installs what work on a repository of JavaScript needs."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

__all__ = ["package_manager"]

_FIELD = re.compile(r'"packageManager"\s*:\s*"(npm|pnpm|yarn|bun)@')
_OWN_FILES = {
    "pnpm-lock.yaml": "pnpm", "pnpm-workspace.yaml": "pnpm", "yarn.lock": "yarn", ".yarnrc.yml": "yarn",
    "bun.lock": "bun", "bun.lockb": "bun", "bunfig.toml": "bun", "package-lock.json": "npm",
}  # fmt: skip
_GUIDE = re.compile(
    r"(?:\.github/)?(?:contributing|development|hacking)\.mdx?\Z|\.github/workflows/[^/]+\.ya?ml\Z",
    re.IGNORECASE,
)
_TYPED = re.compile(
    r"(?:^|[`$>;&|]|run:)[ \t]*(?:corepack )?"
    r"(?:(npm|pnpm|bun) (?:i|ci|install|test|run \w+)|(yarn)(?: install| test)?)(?=[\s`;&]|$)",
    re.MULTILINE,
)


def package_manager(texts: Mapping[str, str], left_out: Collection[str] = ()) -> str:
    """The one that package.json names; else that of its own files, else the first that a guide or a workflow types.

    Args:
        texts: Of the repository's files, by path.
        left_out: Paths of files whose text is not read: lock files are.

    Example:
        >>> package_manager({"CONTRIBUTING.md": "Run `pnpm install` first."}), package_manager({})
        ('pnpm', 'npm')
    """
    if named := _FIELD.search(texts.get("package.json", "")):
        return named[1]
    if own := next(
        (manager for file, manager in _OWN_FILES.items() if file in texts or file in left_out), ""
    ):
        return own
    guides = (found for path in sorted(texts) if _GUIDE.match(path) and (found := _TYPED.search(texts[path])))
    first = next(guides, None)
    return (first[1] or first[2]) if first else "npm"
