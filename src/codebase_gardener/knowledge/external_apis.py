"""Pages of what comes from outside: an external library's API, or a command, as this repository uses it."""

from __future__ import annotations

from collections import Counter

from codebase_gardener.knowledge.api_context import ApiContext
from codebase_gardener.knowledge.api_descriptions import counted, used_passages
from codebase_gardener.knowledge.apis import Api
from codebase_gardener.knowledge.implementation_layout import IoContract, Parameter
from codebase_gardener.knowledge.markup import code
from codebase_gardener.knowledge.page_sources import PageSources

__all__ = ["external_contract", "external_description", "external_overview"]

_MOST = 12
_MOST_PLACES = 5


def external_overview(api: Api, context: ApiContext) -> str:
    """One sentence on what it is and how often it is shown."""
    passages = used_passages(api.target, context)
    kind = "command" if api.kind == "External Tool Doc" else "API of the package"
    name = code(api.target.name)
    if api.kind == "External Tool Doc":
        return f"{name} is a command that this repository's documents run."
    package = code(api.target.name.partition(".")[0])
    return (
        f"{name} is an {kind} {package}, which this repository uses in "
        f"{counted(len(passages), 'passage')} of its docs, examples and tests."
    )


def external_description(api: Api, context: ApiContext, sources: PageSources) -> str:
    """That it is not defined here, and who of the package's own code uses it."""
    package = api.target.name.partition(".")[0].partition(" ")[0]
    parts = [f"It is not defined in this repository: what it does is documented by {code(package)}."]
    uses = context.resolution.callers.get(api.target, ())
    if uses:
        places = [
            f"{code(use.scope) if use.scope else 'module level'} at {sources.cite(use.path, use.start, use.end)}"
            for use in uses[:_MOST_PLACES]
        ]
        more = f" and {len(uses) - _MOST_PLACES} more" if len(uses) > _MOST_PLACES else ""
        parts.append(
            f"The package's own code uses it {counted(len(uses), 'time')}: {', '.join(places)}{more}."
        )
    if api.reasons:
        parts.append(f"It has a page because it is {'; '.join(api.reasons)}.")
    return "\n\n".join(parts)


def external_contract(api: Api, context: ApiContext) -> IoContract:
    """The keyword arguments that the repository passes, most frequent first."""
    calls = [use for _, use in context.uses.get(api.target, []) if use.kind == "call"]
    unique = list({(use.path, use.start, use.end, use.text): use for use in calls}.values())
    counts = Counter(keyword for use in unique for keyword in use.keywords)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST]
    return IoContract(
        tuple(
            Parameter(
                name, "", "", False, f"Passed in {times} of the {counted(len(unique), 'call')} found here."
            )
            for name, times in ranked
        ),
        (),
    )
