"""The Overview's Usage: how it is installed, what users call and run, and what people do with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest

from codebase_gardener.documents.actions import is_deed
from codebase_gardener.knowledge.apis.declared_commands import declared_commands
from codebase_gardener.knowledge.apis.shell_commands import Command
from codebase_gardener.knowledge.apis.tree_calls import documented
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.overview.material import Material
from codebase_gardener.knowledge.overview.readme import Introduction
from codebase_gardener.knowledge.pages.citations import quote
from codebase_gardener.knowledge.pages.markup import code, link_free
from codebase_gardener.knowledge.pages.quoting import inline, summary_quote
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.knowledge.pages.wording import enumerated
from codebase_gardener.knowledge.pages.workflow_groups import group_title, workflow_groups
from codebase_gardener.manifests.table import installer_of, root_manifests
from codebase_gardener.utils.anchors import Anchor

__all__ = ["by_use", "times_shown", "usage"]

_MOST_WORKFLOWS = 12
_ENOUGH_DEEDS = 4
"""Workflows whose titles say what is done, from which on others are left to the index."""
_MOST_ENTRIES = 6
_MOST_COMMANDS = 8
_MOST_DECLARED = 60
_MOST_OPTIONS = 20


def usage(said: Introduction | None, given: Material) -> str:
    """How it is installed, what users call and run, and the workflows.

    Args:
        said: What the README says.
        given: Of the page.
    """
    parts = [_installed(given), _commands(given), _declared(given), _options(given), _entries(given)]
    if said and said.code:
        block = said.code
        given.sources.cite(said.path, block.start, block.end)
        lines = given.context.repository.lines(said.path, block.start, block.end)
        anchor = Anchor(said.path, block.start, block.end)
        which = "first code of several lines" if said.has_shorter else "first code"
        shows = (
            f"Code that the {said.called} shows"
            if said.passed_over
            else f"The {which} that the {said.called} shows"
        )
        parts.append(f"{shows}:\n\n" + quote(anchor, lines, block.label))
    parts.append(_workflows(given))
    return "\n\n".join(filter(None, parts)) or "No document shows how it is used."


def _installed(given: Material) -> str:
    texts = given.context.repository.texts
    for manifest in root_manifests(texts):
        command = installer_of(manifest, "", texts)
        if command and manifest.published and manifest.name.text:
            return f"Installed with {code(command.format(manifest.name.text))}."
    return ""


def _entries(given: Material) -> str:
    """What users import, the most shown first, and apart what no document shows."""
    rows: dict[bool, list[str]] = {True: [], False: []}
    for target, page in by_use(given)[:_MOST_ENTRIES]:
        is_shown = times_shown(target, given) > 0
        if given.context.scripts and not is_shown and target not in given.context.resolution.exported:
            continue  # of a program it is what is inside
        symbol = given.context.symbol(target)
        told = summary_quote(documented(symbol), 200) if symbol else ""
        where = f" ({given.sources.cite_symbol(symbol)})" if symbol else ""
        said = f": {told}{given.sources.said_at(symbol)}" if symbol and told else ""
        rows[is_shown].append(f"* [{code(target.name)}]({page.file}){where}{said}")
    is_first = not rows[True] and not given.context.scripts
    offered = "What it offers:" if is_first else "What else it offers:"
    titles = {True: "What users call most:", False: offered}
    return "\n\n".join(f"{titles[kind]}\n\n" + "\n".join(told) for kind, told in rows.items() if told)


def times_shown(target: Target, given: Material) -> int:
    """How many places of README, docs and examples use it; its own docstring shows no use by others."""
    passages = [passage for passage, _ in given.context.uses.get(target, ()) if passage.area != "test"]
    return len({(passage.path, passage.start) for passage in passages if not passage.is_of(target)})


def by_use(given: Material) -> list[tuple[Target, Page]]:
    """APIs of the repository, those that README, docs and examples use in the most places first.

    Where none shows them, a type is used by whoever uses its members: what users begin with is seldom named itself.
    """
    context = given.context
    shown = {target: times_shown(target, given) for target in given.by_target}
    own = [target for target in given.by_target if not target.external]
    exported = context.resolution.exported
    uses: Counter[Target] = Counter()
    for target, pairs in context.uses.items():
        uses[target] += len(pairs)
        owner = Target(target.path, target.name.rpartition(".")[0])
        if owner in given.by_target:
            uses[owner] += len(pairs)
    order = sorted(own, key=lambda one: (-shown[one], one not in exported, -uses[one], one))
    return [(target, given.by_target[target]) for target in order]


def _commands(given: Material) -> str:
    """Its programs, and how documents run them: each command once, then more of those that are run most."""
    scripts = sorted(given.context.scripts)
    if not scripts:
        return ""
    named = ", ".join(map(code, scripts))
    shown = sorted(_runs(given), key=lambda runs: (-len(runs), runs[0].name))
    rounds = zip_longest(*map(_once, shown))
    chosen = [run for one in rounds for run in one if run][:_MOST_COMMANDS]
    lines = [
        f"* {code(run.text)}: {given.sources.cite(run.path, run.line, run.line)}"
        for run in sorted(chosen, key=lambda run: (chosen[0].path != run.path, run.path, run.line))
    ]
    told = [f"What it offers: {'the program' if len(scripts) == 1 else 'the programs'} {named}."]
    return "\n\n".join([*told, *(["As documents run it:", "\n".join(lines)] if lines else [])])


def _once(runs: Sequence[Command]) -> list[Command]:
    """The first of those that are typed alike."""
    found: dict[str, Command] = {}
    for run in runs:
        found.setdefault(run.text, run)
    return list(found.values())


def _runs(given: Material) -> list[tuple[Command, ...]]:
    """How documents run its programs, by command."""
    return [
        runs
        for name, runs in given.context.commands.items()
        if name.partition(" ")[0] in given.context.scripts
    ]


def _options(given: Material) -> str:
    """The options that documents give its programs, those that most runs have first."""
    counts = Counter(option for runs in _runs(given) for run in runs for option in run.options)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [code(option) for option, _ in ranked[:_MOST_OPTIONS]]
    return (
        f"Options that documents give, most often first: {enumerated(shown, len(ranked))}." if shown else ""
    )


def _declared(given: Material) -> str:
    """The commands of its programs, each with its help."""
    found = declared_commands(given.context)
    lines = []
    for each in found[:_MOST_DECLARED]:
        where = given.sources.cite(each.path, each.start, each.end)
        lines.append(
            f"* {code(each.name)} ({where})" + (f": “{inline(each.says, 200)}”" if each.says else "")
        )
    if len(found) > len(lines):
        lines.append(f"* {len(found) - len(lines)} more")
    return "The commands that its code declares:\n\n" + "\n".join(lines) if lines else ""


def _workflows(given: Material) -> str:
    flows = given.of_type("Workflow")
    if not flows:
        return ""
    ordered = sorted(_most_led(flows), key=lambda page: not is_deed(page.title))
    deeds = [page for page in ordered if is_deed(page.title)]
    shown = (deeds if len(deeds) >= _ENOUGH_DEEDS else ordered)[:_MOST_WORKFLOWS]
    parts = ["What people do with it, step by step:"]
    for group in workflow_groups(shown, given.pages):
        parts += [f"### {group_title(group)}"] if group.title else []
        parts.append("\n".join(f"* [{link_free(page.title)}]({page.file})" for page in group.pages))
    if len(flows) > len(shown):
        parts.append(f"And {len(flows) - len(shown)} more: [all workflows](_WorkflowIndex.md).")
    return "\n\n".join(parts)


def _most_led(flows: Sequence[Page]) -> list[Page]:
    """Those of the README first, then of other documents; the longest first."""

    def place(page: Page) -> tuple[object, ...]:
        first = page.sources[0].anchor if page.sources else Anchor("~", 1, 1)
        return "readme" not in first.path.lower(), -len(page.edges), first.path, first.start

    return sorted(flows, key=place)
