"""Entry points that packaging files declare: they use the definition that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from codebase_gardener.manifests.table import read_manifest
from codebase_gardener.utils.anchors import split_lines

__all__ = ["EntryPoint", "entry_points"]

_ENTRY = re.compile(r"""([\w.-]+)["']?\s*=\s*["']?([\w.]+):(\w+(?:\.\w+)*)""")
"""`pot = "pot.main:cli"`, in whatever file it stands."""


@dataclass(frozen=True)
class EntryPoint:
    """A name under which others find a definition.

    Attributes:
        name: "pot".
        module, called: What it means: "pot.main" and "cli".
        path, line: Where it is declared.
    """

    name: str
    module: str
    called: str
    path: str
    line: int


def entry_points(texts: Mapping[str, str]) -> Iterator[EntryPoint]:
    """Those of the packaging files at the root, in order.

    Example:
        >>> list(entry_points({"setup.cfg": "[options.entry_points]\\nx =\\n  pot = a.b:cli"}))
        [EntryPoint(name='pot', module='a.b', called='cli', path='setup.cfg', line=3)]
    """
    for path, text in sorted(texts.items()):
        if "/" not in path and read_manifest(path, text) is not None:
            for number, line in enumerate(split_lines(text), 1):
                for name, module, called in _ENTRY.findall(line) if ":" in line else ():
                    yield EntryPoint(name, module, called, path, number)
