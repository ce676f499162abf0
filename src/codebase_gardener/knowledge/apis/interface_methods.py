"""What a type must have to be of an interface, a protocol or a trait: its methods."""

from __future__ import annotations

from collections.abc import Iterator

from codebase_gardener.documents.sentences import sentences
from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.pages.implementation_layout import Parameter
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.anchors import Anchor

__all__ = ["interface_methods", "is_interface"]

_LONGEST = 300  # characters


def is_interface(symbol: Symbol) -> bool:
    """Whether others make it true: an interface, a trait, and in Python a protocol."""
    named = (base.partition("[")[0].rpartition(".")[2] for base in symbol.bases)
    return symbol.kind == "interface" or (symbol.kind == "class" and "Protocol" in named)


def interface_methods(symbol: Symbol, context: ApiContext) -> tuple[Parameter, ...]:
    """The methods of an interface, each with its signature and what its docstring says first; none of another type."""
    return tuple(_methods(symbol, context)) if is_interface(symbol) else ()


def _methods(symbol: Symbol, context: ApiContext) -> Iterator[Parameter]:
    told: set[str] = set()
    for one in context.repository.facts[symbol.path].symbols:
        owner, _, name = one.qualified_name.rpartition(".")
        inside = owner == symbol.qualified_name and symbol.start <= one.start and one.end <= symbol.end
        if inside and one.kind == "method" and name not in told:
            told.add(name)
            said = next(iter(sentences(documented(one).summary)), "")
            yield Parameter(
                name,
                " ".join(one.signature.split())[:_LONGEST],
                "",
                None,
                inline(said, _LONGEST),
                Anchor(one.path, one.start, one.end),
            )
