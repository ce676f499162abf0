"""The views, in the order of the navigation; the first is where the page begins."""

from __future__ import annotations

from codebase_gardener.page import ask, fleet, home, merges, projects, trainings, verdict, wiki
from codebase_gardener.page.view import View

__all__ = ["VIEWS"]

VIEWS: tuple[View, ...] = (
    projects.VIEW,
    trainings.VIEW,
    fleet.VIEW,
    verdict.VIEW,
    ask.VIEW,
    merges.VIEW,
    wiki.VIEW,
    home.VIEW,
)
"""A view is a module of this package that ends in its row, and its line here."""
