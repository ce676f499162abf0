"""The graph's answers: lines that were computed, each with the lines of the repository that it rests on."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from codebase_gardener.knowledge.answers.definitions import (
    AREAS,
    MOST,
    definitions,
    each_of,
    standing,
    told_of,
)
from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.answers.graph_rows import (
    DefinedName,
    Importing,
    NeededPackage,
    Place,
    Raised,
    Variable,
    plain_name,
)
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.package_answers import dependencies, extra, install, runs, version
from codebase_gardener.knowledge.answers.package_lines import outermost
from codebase_gardener.knowledge.answers.questions import Asked, forms_of
from codebase_gardener.knowledge.answers.release_lines import behind_lines, release_lines
from codebase_gardener.knowledge.answers.switches import NamedSwitch, switch_lines
from codebase_gardener.knowledge.answers.type_answers import bases, errors, heirs, members
from codebase_gardener.knowledge.answers.work_lines import WORK_KINDS, need_lines, work_lines
from codebase_gardener.knowledge.pages.implementation_layout import NOTHING_RETURNED
from codebase_gardener.knowledge.pages.wording import AREA_NOUNS, AREA_ORDER, counted, enumerated

__all__ = ["GraphAnswer", "answer_from_graph"]

_NEAR = 5
_MOST_NAMED = 5
_SAYS_RAISED = re.compile(r"\b(?:raise[sd]?|raising|thrown?|throws)\b", re.IGNORECASE)


@dataclass(frozen=True)
class GraphAnswer:
    """What the graph says.

    Attributes:
        form: What was asked for: "where", "what", "takes", "callers" …
        name: The name that was asked for.
        lines: In the order in which they are read.
        known: Whether the repository has the name; where it has not, the lines name the nearest.
        near: The nearest names, where it has not.
    """

    form: str
    name: str
    lines: tuple[GraphLine, ...]
    known: bool = True
    near: tuple[str, ...] = ()


def answer_from_graph(graph: Graph, question: str) -> GraphAnswer | None:
    """What the graph says to a question; None where it is none of the questions that a graph answers.

    A name that is written as code and is not there is answered, too: with the names that are nearest.

    Args:
        graph: Of the repository.
        question: As `clean_question` gives it.
    """
    forms = [asked for asked in forms_of(question) if asked.form in ANSWERS]
    for asked in forms:
        lines = tuple(ANSWERS[asked.form](graph, asked))
        if lines:
            return GraphAnswer(asked.form, asked.what, lines)
    named = next((asked for asked in forms if asked.is_name), None)
    if named is None:
        return None
    there = tuple(
        ANSWERS["what"](graph, replace(named, form="what"))
    )  # such as a constant, asked what it returns
    return GraphAnswer("what", named.what, there) if there else _missing(graph, named)


def _missing(graph: Graph, asked: Asked) -> GraphAnswer:
    """What is said of a name that is not there; of a member, or a file, that is not, what should hold it."""
    is_path = "/" in asked.what
    owner, _, member = asked.what.strip("/").rpartition("/" if is_path else ".")
    beside = f"{owner}/" if is_path else owner
    wanted = plain_name(member or asked.what)
    near = difflib.get_close_matches(wanted, _alike(graph, wanted), n=_NEAR, cutoff=0.6)
    rows = [row for key in near for row in definitions(graph, Asked("where", key))[:1]]
    rows = [row for row in rows if row.kind == "file" or not is_path]
    lines = [GraphLine(f"the repository has no `{asked.what}`")]
    lines += dict.fromkeys(GraphLine(f"near: `{row.name}`", row.place.anchor) for row in rows)
    lines += [standing(row) for row in (definitions(graph, Asked("where", beside)) if owner else [])[:_NEAR]]
    return GraphAnswer(
        asked.form, asked.what, tuple(lines), known=False, near=tuple(row.name for row in rows)
    )


def _alike(graph: Graph, wanted: str) -> list[str]:
    """Names that share enough pairs of letters to be worth a comparison, at most a few hundred."""
    pairs = {wanted[at : at + 2] for at in range(len(wanted) - 1)}
    shared = Counter(
        {
            key: sum(pair in key for pair in pairs)
            for key in set(graph.keys())
            if abs(len(key) - len(wanted)) < 12
        }
    )
    return [key for key, count in sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:300] if count]


# ---- definitions


def _where(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    rows = definitions(graph, asked)
    for row in rows[:MOST]:
        line = standing(row)
        yield replace(line, text=f"{line.text}: {row.imported}") if row.imported else line
    if len(rows) > MOST:
        yield GraphLine(f"and {len(rows) - MOST} more", rows[MOST].place.anchor)
    yield from switch_lines(row for row in graph.rows(asked.what) if isinstance(row, NamedSwitch))


def _what(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    anchor = row.place.anchor
    yield GraphLine(f"`{row.signature}`" if row.signature else f"the {row.kind} `{row.name}`", anchor)
    if row.says:
        yield GraphLine(row.says, row.says_at or anchor)
    if row.imported:
        yield GraphLine(f"`{row.imported}`", anchor)
    yield from (GraphLine(change, row.says_at or anchor) for change in row.changes)
    used = Counter(place.area for place in row.shown if place.area in AREA_ORDER)
    if used:
        said = ", ".join(counted(used[area], *AREA_NOUNS[area]) for area in AREA_ORDER if used[area])
        first = row.shown[0]
        yield GraphLine(f"shown in {said}, first: {first.what}", first.anchor)


def _compared(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """One name; of two whose difference is asked for each, where the repository has both."""
    if not asked.part:
        yield from each_of(_what)(graph, asked)
        yield from switch_lines(row for row in graph.rows(asked.what) if isinstance(row, NamedSwitch))
        return
    both = [definitions(graph, Asked("what", name))[:1] for name in (asked.what, asked.part)]
    for row in [rows[0] for rows in both] if all(both) else ():
        yield standing(row)
        yield from (replace(line, text=f"  {line.text}") for line in _what(graph, row, asked))
        others = [rows[0].name for rows in both if rows[0].name in row.bases]
        yield from (GraphLine(f"  extends `{name}`", row.place.anchor) for name in others)


def _takes(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    anchor = row.place.anchor
    if row.kind in ("file", "folder", "constant", "field"):
        return
    yield GraphLine(f"`{row.signature}`", anchor)
    yield from _takes_lines(row)
    for type_, description in row.outputs:
        said = ": ".join(filter(None, (f"`{type_}`" if type_ else "", description)))
        if said == NOTHING_RETURNED:
            yield GraphLine("returns nothing", anchor)
        else:
            yield GraphLine(f"returns {said}" if said else "returns a value", anchor)


def _takes_lines(row: DefinedName) -> Iterator[GraphLine]:
    anchor = row.place.anchor
    is_type = row.kind in ("type", "interface") and not row.outputs
    takes = "has the field" if is_type else "takes"
    for each in row.inputs:
        name = each.name or each.type
        told = f": `{each.type}`" if each.type and each.name else ""
        told += f" = `{each.default}`" if each.default else (" (required)" if each.required else "")
        yield GraphLine(
            f"{takes} `{name}`{told}{f': {each.description}' if each.description else ''}",
            each.anchor or anchor,
        )
    if not row.inputs and row.kind not in ("interface", "macro"):
        yield GraphLine("has no public field" if is_type else "takes nothing", anchor)


def _parameter(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    for each in row.inputs:
        if plain_name(each.name.lstrip("*")) == plain_name(asked.part):
            told = f": `{each.type}`" if each.type else ""
            told += f" = `{each.default}`" if each.default else (" has no default" if each.required else "")
            text = f"`{each.name}` of `{row.name}`{told}{f': {each.description}' if each.description else ''}"
            yield GraphLine(text, each.anchor or row.place.anchor)
            return
    if row.kind not in ("file", "folder", "constant", "field"):
        yield GraphLine(f"`{row.name}` has no parameter `{asked.part}`", row.place.anchor)


def _import(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    if not row.imported:
        return
    yield GraphLine(f"`{row.imported}`", row.place.anchor)
    yield from (GraphLine(f"{place.area}: {place.what}", place.anchor) for place in row.shown[:2])


def _callers(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    if row.kind == "file":
        return
    for place in row.callers[:MOST]:
        by = f"`{place.what}`" if place.what else f"`{place.path}`, outside of definitions"
        yield GraphLine(f"{by}, {place.area}" if place.area else by, place.anchor)
    if len(row.callers) > MOST:
        rest = row.callers[MOST]
        yield GraphLine(f"and {len(row.callers) - MOST} more of the package", rest.anchor)
    by_area: dict[str, list[Place]] = {}
    for place in row.shown:
        by_area.setdefault(place.area, []).append(place)
    for area, places in by_area.items():
        yield from (GraphLine(f"{area}: {place.what}", place.anchor) for place in places[:_NEAR])
        if len(places) > _NEAR:
            yield GraphLine(f"{area}: and {len(places) - _NEAR} more", places[_NEAR].anchor)
    if row.open_calls:
        called = f"`.{row.name.rpartition('.')[2]}()` is called on things of unknown type"
        text = f"{called}, in {counted(row.open_calls, 'place')}: it may be `{row.name}`"
        yield GraphLine(text, row.open_at)
    elif not row.callers and not row.shown:
        yield GraphLine(f"nothing in the repository is known to use `{row.name}`", row.place.anchor)


def _used(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """Uses of a definition; of a package from outside, the lines that import it."""
    told = list(each_of(_callers)(graph, asked))
    yield from told or _imports(graph, asked)


def _depends(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    inner = {(row.place.path, row.place.start) for row in graph.rows(asked.what)
             if isinstance(row, NeededPackage) and "/" in row.place.path}  # fmt: skip
    for line in version(graph, asked):
        path, _, lines = line.anchor.rpartition(":L")
        is_inner = (path, int(lines.partition("-")[0])) in inner
        yield replace(line, text=f"in `{path}`: {line.text}") if is_inner else line
    yield from _imports(graph, asked)


def _imports(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    of_file: dict[str, list[Importing]] = {}
    for row in graph.importing(asked.what):
        of_file.setdefault(row.place.path, []).append(row)
    for path, rows in list(of_file.items())[:MOST]:
        area = "" if rows[0].place.area == "package" else f"{rows[0].place.area}: "
        within = f", in `{rows[0].place.what}`" if rows[0].place.what else ""
        yield GraphLine(f"{area}`{path}` imports `{rows[0].module}`{within}", rows[0].place.anchor)
    if len(of_file) > MOST:
        yield GraphLine(f"and {len(of_file) - MOST} more files")


def _variables(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    found: dict[str, list[Variable]] = {}
    for row in graph.variables():
        found.setdefault(row.name, []).append(row)
    for name, rows in list(found.items())[: 2 * MOST]:
        default = next((f", `{row.default}` by default" for row in rows if row.default), "")
        where = f", in `{rows[0].place.what}`" if rows[0].place.what else ""
        yield GraphLine(f"`{name}`{default}{where}", rows[0].place.anchor)
    if len(found) > 2 * MOST:
        yield GraphLine(f"and {len(found) - 2 * MOST} more")
    if not found:
        yield GraphLine("the package's own code is not known to read a variable of the environment")


def _switches(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """Features, or build tags; "features" alone may mean what a program can do: then nothing where there are none."""
    is_tag = not asked.what.startswith(("feature", "flag"))
    found = [row for row in graph.switches() if (row.kind == "build tag") is is_tag and row.kind != "extra"]
    yield from switch_lines(found[: 2 * MOST])
    if len(found) > 2 * MOST:
        yield GraphLine(f"and {len(found) - 2 * MOST} more")
    if not found and " " in asked.what:
        said = "no file of code names a build tag" if is_tag else "no packaging file declares a feature"
        yield GraphLine(f"{said} of its own")


def _parts(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    area = next((area for area in AREAS if area.startswith(asked.what.lower().rstrip("s")[:4])), "")
    found = graph.parts(area)
    for row in found[:_NEAR]:
        where = f"in `{row.folder}`" if row.folder else "at the root"
        yield GraphLine(
            f"{counted(row.files, 'file')} of {area} {where}, first `{row.first.path}`", row.first.anchor
        )


def _licence(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    rows = [row for name in ("license", "licence", "copying") for row in graph.rows(name)]
    files = [row for row in rows if isinstance(row, DefinedName) and row.kind == "file"]
    depth = min((row.name.count("/") for row in files), default=0)
    for row in files:
        if row.name.count("/") == depth:
            yield GraphLine(f"`{row.name}`{f': {row.says}' if row.says else ''}", row.place.anchor)


def _raises(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    if row.kind in ("file", "folder", "constant", "field", "type", "interface"):
        return
    for place in row.raises:
        said = f": {place.area}" if place.area not in AREAS and place.area != "docstring" else ""
        by = ", as its docstring says" if place.area not in AREAS else ""
        if not by and (line := _raising(graph, place)):
            said = f": `{line}`"
        yield GraphLine(f"raises `{place.what}`{by}{said}", place.anchor)
    yield from (GraphLine(place.what, place.anchor) for place in row.fails)


def _all_raises(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """What each of the definitions raises, then those that raise nothing, in one line."""
    rows = definitions(graph, asked)
    own = [row for row in rows if row.place.area == "package"] or rows
    raising = [row for row in own if row.raises or row.fails]
    silent = [row for row in own if row not in raising and row.kind in ("function", "method", "class")]
    yield from told_of(raising, _raises, graph, asked)
    names = list(dict.fromkeys(f"`{row.name}`" for row in silent))
    if names:
        told = enumerated(names[:_MOST_NAMED], len(names))
        said = (
            f"{told} itself raises nothing; what it calls may"
            if len(names) == 1
            else f"{told} themselves raise nothing; what they call may"
        )
        yield GraphLine(said, silent[0].place.anchor)


def _raising(graph: Graph, place: Place) -> str:
    """The line itself, where it says more than the error's name."""
    rows = graph.rows(place.what.rpartition(".")[2])
    found = (row.text for row in rows if isinstance(row, Raised) and row.place.anchor == place.anchor)
    text = next(found, "")
    return text if re.search(r"\(\s*[^\s)]", text) else ""


def _raised(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    last = asked.what.rpartition(".")[2]
    rows = [row for row in graph.rows(last) if isinstance(row, Raised)]
    own = [row for row in rows if row.place.area == "package"] or rows
    for row in sorted(own, key=lambda row: row.place.anchor)[:MOST]:
        scope = f"`{row.place.what}`" if row.place.what else f"`{row.place.path}`"
        yield GraphLine(f"{scope}: `{row.text}`", row.place.anchor)
    if len(own) > MOST:
        yield GraphLine(f"and {len(own) - MOST} more", own[MOST].place.anchor)
    for definition in [] if own else definitions(graph, asked):
        yield GraphLine(
            f"no line of the repository raises `{definition.name}` by its name", definition.place.anchor
        )
        for place in definition.callers[:MOST]:
            yield GraphLine(f"used by `{place.what or place.path}`", place.anchor)
    for definition in definitions(graph, asked):
        if _SAYS_RAISED.search(definition.says):
            said = f"the docstring of `{definition.name}` says: “{definition.says}”"
            yield GraphLine(said, definition.says_at or definition.place.anchor)


def _since(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    yield from (
        GraphLine(f"`{row.name}`: {change}", row.says_at or row.place.anchor) for change in row.changes
    )
    if not row.changes:
        yield GraphLine(f"the docstring of `{row.name}` names no version", row.place.anchor)


# ---- releases, and work on the repository


def _release(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    notes = graph.releases()
    if not asked.what:
        own = outermost([row for kind in ("release", "package") for row in graph.needed(kind) if row.bound])
        yield from behind_lines(notes, own)
    yield from release_lines(notes, asked.what, package=asked.part, whole=asked.form == "release")


def _work(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    tell = need_lines if asked.form == "needs" else work_lines
    packages = [row for kind in WORK_KINDS for row in graph.needed(kind)]
    return tell(graph.told_commands(), packages, asked.what)


ANSWERS: dict[str, Callable[[Graph, Asked], Iterator[GraphLine]]] = {
    "where": _where,
    "what": _compared,
    "takes": each_of(_takes),
    "parameter": each_of(_parameter),
    "callers": _used,
    "raises": _all_raises,
    "raised": _raised,
    "since": each_of(_since),
    "version": version,
    "extra": extra,
    "dependencies": dependencies,
    "install": install,
    "runs": runs,
    "import": each_of(_import),
    "depends": _depends,
    "variables": _variables,
    "switches": _switches,
    "errors": errors,
    "part": _parts,
    "licence": _licence,
    "heirs": heirs,
    "bases": each_of(bases),
    "members": each_of(members),
    "release": _release,
    "released": _release,
    "needs": _work,
    "work": _work,
}
"""How each form of a question is answered; what changed and how something is done are answered with the wiki."""
