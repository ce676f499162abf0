"""What a view is: a row of the table in `table.py`, made by the module that holds its routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from codebase_gardener.page.shell import Shell

__all__ = ["View"]


@dataclass(frozen=True)
class View:
    """One entry of the navigation.

    Attributes:
        name: Last part of its address, name of its folder in `templates/` and of its files in `assets/`.
        words: In the navigation.
        routes: Its routes, below `/page/`.
    """

    name: str
    words: str
    routes: Callable[[Shell], Sequence[BaseRoute]]
