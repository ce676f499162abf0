"""The frame of every page: templates that escape whatever they are given, and files that are copied as they are."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from codebase_gardener.wiki.site.addresses import relative

__all__ = ["ASSETS", "TEMPLATES", "Frame", "asset_files", "filled", "link_to"]

_HERE = Path(__file__).parent
ASSETS = _HERE / "assets"
"""Style and scripts; `design.css` and `theme.js` are also those of the server's page."""
TEMPLATES = _HERE / "templates"
"""Each page's; `base.html` is around all of them."""

# 'self' does not mean other files everywhere where a page is opened from disk, so `file:` is named
POLICY = (
    "default-src 'none'; style-src 'self' file:; script-src 'self' file:; img-src 'none'; "
    "base-uri 'none'; form-action 'none'"
)
"""Nothing is loaded but the site's own style and scripts; no script stands in a page."""


class Frame(Protocol):
    """What makes HTML of a template: `filled` for files on disk, the server for its page."""

    def __call__(self, template: str, place: str, **values: Any) -> str:
        """As `filled`."""


def filled(template: str, place: str, **values: Any) -> str:
    """A template with its values, which are escaped unless they are `Markup`.

    Args:
        template: A file of `templates`.
        place: Of the page in the site.
        values: As the template names them.
    """

    def to(target: str) -> str:
        return link_to(place, target)

    return _environment().get_template(template).render(policy=POLICY, to=to, place=place, **values)


def link_to(place: str, target: str) -> str:
    """The link from a page to a place in the site, with its fragment."""
    path, mark, fragment = target.partition("#")
    return relative(place, path) + mark + fragment


def asset_files() -> dict[str, str]:
    """Style and scripts, by their place in the site."""
    return {f"assets/{file.name}": file.read_text("utf-8") for file in sorted(ASSETS.iterdir())}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
