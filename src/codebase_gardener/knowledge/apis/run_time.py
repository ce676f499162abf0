"""What a name is at run time that the code defines for type checkers only, under `if TYPE_CHECKING:`."""

from __future__ import annotations

from dataclasses import dataclass

from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.languages.table import family_of

__all__ = ["RunTime", "at_run_time"]


@dataclass(frozen=True)
class RunTime:
    """What a name is where code runs: its dotted name, "" where it cannot be told, and the line that says so."""

    name: str
    line: int


def at_run_time(symbol: Symbol, repository: RepositoryFacts) -> RunTime | None:
    """What else binds the name in its file; None where type checkers and run time know the same, or nothing does."""
    if not symbol.left_out or family_of(symbol.language):
        return None
    facts, scope = repository.facts[symbol.path], symbol.qualified_name.rpartition(".")[0]
    for one in facts.imports:
        if (one.alias, one.scope) == (symbol.name, scope):
            return RunTime(
                f"{'.' * one.level}{one.module}.{one.name}".strip(".") if one.name else one.module, one.line
            )
    for bound in facts.bindings:
        if (bound.name, bound.scope) == (symbol.name, scope) and bound.how not in ("def", "class"):
            return RunTime(bound.value.replace("?", ""), bound.line)
    return None
