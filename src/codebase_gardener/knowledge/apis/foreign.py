"""Pages of what comes from outside: an external library's API, or a command, as this repository uses it."""

from __future__ import annotations

from collections import Counter

from codebase_gardener.knowledge.apis.context import ApiContext
from codebase_gardener.knowledge.apis.descriptions import used_in
from codebase_gardener.knowledge.apis.shell_commands import HTTP_METHODS
from codebase_gardener.knowledge.apis.subject import Api
from codebase_gardener.knowledge.pages.citations import dedented
from codebase_gardener.knowledge.pages.cited import PageSources
from codebase_gardener.knowledge.pages.implementation_layout import IoContract, Parameter
from codebase_gardener.knowledge.pages.markup import NONE_FOUND, USED_BY, WHY_A_PAGE, code, fence
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.knowledge.pages.wording import counted, enumerated, not_listed
from codebase_gardener.utils.anchors import Anchor

__all__ = [
    "command_examples",
    "command_run_at",
    "commands_shown",
    "external_contract",
    "external_description",
    "external_overview",
]

_MOST = 12
_MOST_PLACES = 5


def external_overview(api: Api, context: ApiContext) -> str:
    """One sentence on what it is and how often it is shown."""
    name = code(api.target.name)
    if api.kind == "External Tool Doc":
        times = counted(len(context.commands.get(api.target.name, ())), "time")
        if api.target.name.partition(" ")[0] in context.scripts:
            return f"{name} is a {_kind(api)} of this repository, which its documents show {times}."
        return f"{name} is a command that this repository's documents tell the user to run, {times} in all."
    origin = (
        f"the package {code(api.target.name.partition('.')[0])}"
        if api.target.external
        else code(api.target.path)
    )
    told = used_in(api.target, context)
    where = f"in {told}" if told else "in its own code" if context.resolution.callers.get(api.target) else ""
    return f"{name} is an API of {origin}{f', which this repository uses {where}' if where else ''}."


def _kind(api: Api) -> str:
    return "command" if " " in api.target.name else "program"


def external_description(api: Api, context: ApiContext, sources: PageSources) -> str:
    """That it is not defined here, and who of the package's own code uses it."""
    program = api.target.name.partition(" ")[0]
    if api.kind == "External Tool Doc" and program in context.scripts:
        parts = [f"The program {code(program)} is installed with this repository's package."]
    elif api.kind == "External Tool Doc" and api.target.name in context.own_commands:
        what = "calls the server of" if program in HTTP_METHODS else "runs a file of"
        parts = [f"{code(api.target.name)} {what} this repository."]
    elif api.target.external:
        package = program.partition(".")[0]
        parts = [f"It is not defined in this repository: what it does is documented by {code(package)}."]
        if api.kind != "External Tool Doc":
            parts.append("Its signature here is a call as the repository writes it.")
    else:
        parts = [f"It is a name in {code(api.target.path)} that is no function, method or class."]
    uses = context.resolution.callers.get(api.target, ())
    if uses:
        places = [
            f"{code(use.scope) if use.scope else 'module level'} at {sources.cite(use.path, use.start, use.end)}"
            for use in uses[:_MOST_PLACES]
        ]
        parts.append(f"{USED_BY}{counted(len(uses), 'time')}: {enumerated(places, len(uses))}.")
    if api.reasons:
        parts.append(f"{WHY_A_PAGE}{'; '.join(api.reasons)}.")
    return "\n\n".join(parts)


def external_contract(api: Api, context: ApiContext) -> IoContract:
    """The keyword arguments (of a command: the options) that the repository passes, most frequent first."""
    if api.kind == "External Tool Doc":
        runs = context.commands.get(api.target.name, ())
        return IoContract(_passed([run.options for run in runs], "run"), ())
    calls = [use for _, use in context.uses.get(api.target, []) if use.kind == "call"]
    unique = list({(use.path, use.start, use.end, use.text): use for use in calls}.values())
    return IoContract(_passed([use.keywords for use in unique], "call"), ())


def _passed(given: list[tuple[str, ...]], noun: str) -> tuple[Parameter, ...]:
    counts = Counter(name for names in given for name in set(names))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_MOST]
    return tuple(
        Parameter(name, "", "", None, f"Passed in {times} of the {counted(len(given), noun)} found here.")
        for name, times in ranked
    )


def commands_shown(api: Api, context: ApiContext, sources: PageSources) -> str:
    """Where documents run a command."""
    runs = context.commands.get(api.target.name, ())
    lines = [
        f"- {inline(run.title, 120) or 'without a heading'}: {sources.cite(run.path, run.line, run.line)}"
        for run in runs[:_MOST_PLACES]
    ]
    more = [not_listed(len(runs) - _MOST_PLACES)] if len(runs) > _MOST_PLACES else []
    return "\n\n".join([f"Documents run it {counted(len(runs), 'time')}:", "\n".join(lines), *more])


def command_run_at(api: Api, context: ApiContext) -> Anchor | None:
    """The line of a document that is the call which stands for a command; None where none is it to the letter."""
    for run in context.commands.get(api.target.name, ()) if api.kind == "External Tool Doc" else ():
        if dedented(context.repository.lines(run.path, run.line, run.line)) == api.call:
            return Anchor(run.path, run.line, run.line)
    return None


def command_examples(api: Api, context: ApiContext, sources: PageSources) -> str:
    """Quotes of up to three runs that differ."""
    parts: list[str] = []
    told: set[str] = set()
    for run in context.commands.get(api.target.name, ()):
        line = context.repository.lines(run.path, run.line, run.line)[0]
        if run.text in told or len(told) == 3:
            continue
        told.add(run.text)
        parts += [f"From {sources.cite(run.path, run.line, run.line)}:", fence(dedented([line]), "shell")]
    return "\n\n".join(parts) or NONE_FOUND
