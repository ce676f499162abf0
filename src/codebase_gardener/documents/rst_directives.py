"""Directives of reStructuredText that tell something about an API, its examples, or how to read what follows."""

from __future__ import annotations

from codebase_gardener.documents.blocks import ADMONITIONS

__all__ = ["CODE", "INCLUDES", "MODULES", "SKIPPED", "TEXT", "listed_as"]

CODE = {
    "code-block": "", "code": "", "sourcecode": "", "code-cell": "", "highlight-code": "", "parsed-literal": "text",
    "ipython": "python", "doctest": "python", "testcode": "python", "testsetup": "python", "testcleanup": "python",
    "click:example": "python", "click:run": "python", "plot": "python", "jupyter-execute": "python",
    "prompt": "shell",
}  # fmt: skip
"""Directives whose content is code, and its language where an argument does not say it (docutils, sphinx.ext.doctest,
pallets-sphinx-themes, matplotlib, jupyter-sphinx, sphinx-prompt)."""

TEXT = frozenset(ADMONITIONS)
"""Boxes, whose argument is text, too."""

MODULES = frozenset({"module", "currentmodule", "py:module", "py:currentmodule"})
INCLUDES = frozenset({"include", "literalinclude"})

SKIPPED = frozenset({
    "toctree", "image", "figure", "raw", "math", "csv-table", "graphviz", "digraph", "mermaid", "plantuml",
    "testoutput", "productionlist", "index", "meta", "contents", "sectnum", "role", "default-role", "rst-class",
    "bibliography", "uml", "highlight", "default-domain", "autosummary", "program", "list-table",
})  # fmt: skip
"""Whose content is no prose of the document."""

_AUTODOC = frozenset(
    {"class", "function", "exception", "data", "decorator", "module", "enum", "pydantic_model"}
)
_AUTODOC_MEMBERS = frozenset({"method", "attribute", "property"})
_OBJECTS = frozenset({
    "function", "class", "exception", "data", "method", "attribute", "decorator", "classmethod", "staticmethod",
    "property", "decoratormethod", "type",
})  # fmt: skip


def listed_as(directive: str) -> str:
    """How its argument is resolved: "auto", "auto-member", "auto-module" or "object"; "" if it lists nothing.

    Example:
        >>> [listed_as(name) for name in ("autoclass", "automethod", "py:function", "note")]
        ['auto', 'auto-member', 'object', '']
    """
    if directive.startswith("auto"):
        kind = directive.removeprefix("auto").lstrip("-_")
        if kind == "module":
            return "auto-module"
        return "auto" if kind in _AUTODOC else "auto-member" if kind in _AUTODOC_MEMBERS else ""
    return "object" if directive.removeprefix("py:") in _OBJECTS else ""
