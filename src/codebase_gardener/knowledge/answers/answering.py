"""The graph's answers: lines that were computed, each with the lines of the repository that it rests on."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from codebase_gardener.knowledge.answers.graph import (
    DefinedName,
    Graph,
    Heir,
    Importing,
    NeededPackage,
    Place,
    Raised,
    Variable,
    plain_name,
)
from codebase_gardener.knowledge.answers.lines import GraphLine
from codebase_gardener.knowledge.answers.package_lines import (
    DEPENDENCY_KINDS,
    dependency_lines,
    install_lines,
    needed_lines,
    outermost,
)
from codebase_gardener.knowledge.answers.questions import Asked, forms_of
from codebase_gardener.knowledge.answers.release_lines import release_lines
from codebase_gardener.knowledge.answers.releases import numbers_of
from codebase_gardener.knowledge.answers.work_lines import WORK_KINDS, need_lines, work_lines
from codebase_gardener.knowledge.apis.descriptions import AREA_NOUNS
from codebase_gardener.knowledge.apis.usage_examples import AREA_ORDER
from codebase_gardener.knowledge.pages.wording import counted
from codebase_gardener.languages.symbols import TYPES

__all__ = ["GraphAnswer", "answer_from_graph"]

_MOST = 20
_NEAR = 5
_AREAS = ("package", "examples", "scripts", "benchmarks", "other", "docs", "tests")
_LOCKED, _OF_WORK = ("listed", "build"), ("group", "dev-extra")
_MAJOR = re.compile(r"/v\d+\Z")  # of a module of Go
_ITSELF = frozenset(
    f"{article}{word}"
    for article in ("", "the", "this")
    for word in ("", "it", "project", "library", "package", "repository", "repo", "module", "tool", "program")
)
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
    """What is said of a name that is not there; of a member that is not, what its owner has."""
    owner, _, member = asked.what.rpartition(".")
    wanted = plain_name(member or asked.what)
    near = difflib.get_close_matches(wanted, _alike(graph, wanted), n=_NEAR, cutoff=0.6)
    rows = [row for key in near for row in _definitions(graph, Asked("where", key))[:1]]
    lines = [GraphLine(f"the repository has no `{asked.what}`")]
    lines += dict.fromkeys(GraphLine(f"near: `{row.name}`", row.place.anchor) for row in rows)
    lines += [_standing(row) for row in (_definitions(graph, Asked("where", owner)) if owner else [])[:_NEAR]]
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


def _definitions(graph: Graph, asked: Asked) -> list[DefinedName]:
    """What a name means, of the package first; as it is written, else in either case and with its words apart."""
    owner, _, last = asked.what.rpartition(".")
    whole = [row for row in graph.rows(asked.what) if isinstance(row, DefinedName)]
    if asked.form not in ("what", "where"):  # how its options are read is not known
        whole = [row for row in whole if row.kind != "command"]
    alike = [row for row in graph.rows(last) if isinstance(row, DefinedName)]
    found = [row for row in alike if _fits(row, asked.what)]
    found = found or [row for row in alike if asked.what in row.written]
    rows = found if owner else [*whole]
    rows = rows or [row for row in whole if row.kind == "file"]
    exact = [row for row in rows if row.name.rpartition(".")[2] == last or row.name.endswith(asked.what)]
    own = [row for row in rows if row.place.area == "package"]
    if own and not any(
        row.place.area == "package" for row in exact
    ):  # `consumer` of a test is not the `Consumer`
        exact = [row for row in own if row.kind != "file"]
    of_kind = [row for row in rows if asked.kind and row.kind == asked.kind]
    return sorted(of_kind or exact or rows, key=_order)


def _fits(row: DefinedName, dotted: str) -> bool:
    """Whether a dotted name ends in what was asked for: its module's, its class's, or the name users import."""
    module = row.place.path.rpartition(".")[0].replace("/", ".").removesuffix(".__init__")
    wanted = f".{dotted.lower()}"
    names = (row.public, f"{module}.{row.name}", row.name, row.name.replace("/", "."))
    return any(f".{name.lower()}".endswith(wanted) for name in names)


def _order(row: DefinedName) -> tuple[int, bool, bool, bool, int, str, int]:
    hidden = any(part.startswith("_") for part in row.name.split("."))
    return (
        _AREAS.index(row.place.area) if row.place.area in _AREAS else len(_AREAS),
        row.kind == "file",
        not row.public,
        hidden,
        row.name.count("."),
        row.place.path,
        row.place.start,
    )


def _each(
    tell: Callable[[Graph, DefinedName, Asked], Iterable[GraphLine]],
) -> Callable[[Graph, Asked], Iterator[GraphLine]]:
    """The answer about one definition; where a name has several, those of the package are told in turn."""

    def lines(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
        rows = _definitions(graph, asked)
        own = [row for row in rows if row.place.area == "package"] or rows
        shown = [row for row in own if row.kind != "file"] or own
        told = [(row, found) for row in shown[:_MOST] if (found := list(tell(graph, row, asked)))]
        many = len(told) > 1 or any(asked.what in row.written and not _fits(row, asked.what) for row in shown)
        for row, found in told:
            if many:
                yield _standing(row)
            yield from (replace(line, text=f"  {line.text}") if many else line for line in found)
        if len(shown) > _MOST:
            yield GraphLine(f"and {len(shown) - _MOST} more", shown[_MOST].place.anchor)

    return lines


def _standing(row: DefinedName) -> GraphLine:
    return GraphLine(f"{row.kind} `{row.name}`", row.place.anchor)


def _where(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    rows = _definitions(graph, asked)
    for row in rows[:_MOST]:
        line = _standing(row)
        yield replace(line, text=f"{line.text}: {row.imported}") if row.imported else line
    if len(rows) > _MOST:
        yield GraphLine(f"and {len(rows) - _MOST} more", rows[_MOST].place.anchor)


def _what(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    anchor = row.place.anchor
    yield GraphLine(f"`{row.signature}`" if row.signature else f"the file `{row.name}`", anchor)
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
        yield from _each(_what)(graph, asked)
        return
    both = [_definitions(graph, Asked("what", name))[:1] for name in (asked.what, asked.part)]
    for row in [rows[0] for rows in both] if all(both) else ():
        yield _standing(row)
        yield from (replace(line, text=f"  {line.text}") for line in _what(graph, row, asked))
        others = [rows[0].name for rows in both if rows[0].name in row.bases]
        yield from (GraphLine(f"  extends `{name}`", row.place.anchor) for name in others)


def _takes(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    anchor = row.place.anchor
    if row.kind in ("file", "constant", "field"):
        return
    yield GraphLine(f"`{row.signature}`", anchor)
    yield from _takes_lines(row)
    for type_, description in row.outputs:
        said = ": ".join(filter(None, (f"`{type_}`" if type_ else "", description)))
        yield GraphLine(f"returns {said}" if said else "returns a value", anchor)


def _takes_lines(row: DefinedName) -> Iterator[GraphLine]:
    anchor = row.place.anchor
    is_type = row.kind in ("type", "interface")
    takes = "has the field" if is_type else "takes"
    for each in row.inputs:
        told = f": `{each.type}`" if each.type else ""
        told += f" = `{each.default}`" if each.default else (" (required)" if each.required else "")
        yield GraphLine(
            f"{takes} `{each.name}`{told}{f': {each.description}' if each.description else ''}",
            each.anchor or anchor,
        )
    if not row.inputs and row.kind != "interface":
        yield GraphLine("has no public field" if is_type else "takes nothing", anchor)


def _parameter(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    for each in row.inputs:
        if plain_name(each.name.lstrip("*")) == plain_name(asked.part):
            told = f": `{each.type}`" if each.type else ""
            told += f" = `{each.default}`" if each.default else (" has no default" if each.required else "")
            text = f"`{each.name}` of `{row.name}`{told}{f': {each.description}' if each.description else ''}"
            yield GraphLine(text, each.anchor or row.place.anchor)
            return
    if row.kind not in ("file", "constant", "field"):
        yield GraphLine(f"`{row.name}` has no parameter `{asked.part}`", row.place.anchor)


def _import(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    if not row.imported:
        return
    yield GraphLine(f"`{row.imported}`", row.place.anchor)
    yield from (GraphLine(f"{place.area}: {place.what}", place.anchor) for place in row.shown[:2])


def _callers(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    if row.kind == "file":
        return
    for place in row.callers[:_MOST]:
        by = f"`{place.what}`" if place.what else f"`{place.path}`, outside of definitions"
        yield GraphLine(f"{by}, {place.area}" if place.area else by, place.anchor)
    if len(row.callers) > _MOST:
        rest = row.callers[_MOST]
        yield GraphLine(f"and {len(row.callers) - _MOST} more of the package", rest.anchor)
    by_area: dict[str, list[Place]] = {}
    for place in row.shown:
        by_area.setdefault(place.area, []).append(place)
    for area, places in by_area.items():
        yield from (GraphLine(f"{area}: {place.what}", place.anchor) for place in places[:_NEAR])
        if len(places) > _NEAR:
            yield GraphLine(f"{area}: and {len(places) - _NEAR} more", places[_NEAR].anchor)
    if not row.callers and not row.shown:
        yield GraphLine(f"nothing in the repository is known to use `{row.name}`", row.place.anchor)


def _used(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    """Uses of a definition; of a package from outside, the lines that import it."""
    told = list(_each(_callers)(graph, asked))
    yield from told or _imports(graph, asked)


def _depends(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    inner = {(row.place.path, row.place.start) for row in graph.rows(asked.what)
             if isinstance(row, NeededPackage) and "/" in row.place.path}  # fmt: skip
    for line in _version(graph, asked):
        path, _, lines = line.anchor.rpartition(":L")
        is_inner = (path, int(lines.partition("-")[0])) in inner
        yield replace(line, text=f"in `{path}`: {line.text}") if is_inner else line
    yield from _imports(graph, asked)


def _imports(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    of_file: dict[str, list[Importing]] = {}
    for row in graph.importing(asked.what):
        of_file.setdefault(row.place.path, []).append(row)
    for path, rows in list(of_file.items())[:_MOST]:
        area = "" if rows[0].place.area == "package" else f"{rows[0].place.area}: "
        within = f", in `{rows[0].place.what}`" if rows[0].place.what else ""
        yield GraphLine(f"{area}`{path}` imports `{rows[0].module}`{within}", rows[0].place.anchor)
    if len(of_file) > _MOST:
        yield GraphLine(f"and {len(of_file) - _MOST} more files")


def _variables(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    found: dict[str, list[Variable]] = {}
    for row in graph.variables():
        found.setdefault(row.name, []).append(row)
    for name, rows in list(found.items())[: 2 * _MOST]:
        default = next((f", `{row.default}` by default" for row in rows if row.default), "")
        where = f", in `{rows[0].place.what}`" if rows[0].place.what else ""
        yield GraphLine(f"`{name}`{default}{where}", rows[0].place.anchor)
    if len(found) > 2 * _MOST:
        yield GraphLine(f"and {len(found) - 2 * _MOST} more")
    if not found:
        yield GraphLine("the package's own code is not known to read a variable of the environment")


def _errors(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    own = [one for one in graph.errors() if one.place.area == "package"]
    yield from _heir_lines(graph, own, own_only=True)


def _parts(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    area = next((area for area in _AREAS if area.startswith(asked.what.lower().rstrip("s")[:4])), "")
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
    if row.kind in ("file", "constant", "field", "type", "interface"):
        return
    for place in row.raises:
        said = f": {place.area}" if place.area not in _AREAS and place.area != "docstring" else ""
        by = ", as its docstring says" if place.area not in _AREAS else ""
        if not by and (line := _raising(graph, place)):
            said = f": `{line}`"
        yield GraphLine(f"raises `{place.what}`{by}{said}", place.anchor)
    yield from (GraphLine(place.what, place.anchor) for place in row.fails)
    if not row.raises and not row.fails:
        yield GraphLine(f"`{row.name}` itself raises nothing; what it calls may", row.place.anchor)


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
    for row in sorted(own, key=lambda row: row.place.anchor)[:_MOST]:
        scope = f"`{row.place.what}`" if row.place.what else f"`{row.place.path}`"
        yield GraphLine(f"{scope}: `{row.text}`", row.place.anchor)
    if len(own) > _MOST:
        yield GraphLine(f"and {len(own) - _MOST} more", own[_MOST].place.anchor)
    for definition in [] if own else _definitions(graph, asked):
        yield GraphLine(
            f"no line of the repository raises `{definition.name}` by its name", definition.place.anchor
        )
        for place in definition.callers[:_MOST]:
            yield GraphLine(f"used by `{place.what or place.path}`", place.anchor)
    for definition in _definitions(graph, asked):
        if _SAYS_RAISED.search(definition.says):
            said = f"the docstring of `{definition.name}` says: “{definition.says}”"
            yield GraphLine(said, definition.says_at or definition.place.anchor)


def _since(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    yield from (
        GraphLine(f"`{row.name}`: {change}", row.says_at or row.place.anchor) for change in row.changes
    )
    if not row.changes:
        yield GraphLine(f"the docstring of `{row.name}` names no version", row.place.anchor)


# ---- packages


def _version(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    wanted = plain_name(asked.what)
    packages = [*graph.needed("release"), *graph.needed("package")]
    own = [row for row in packages if not wanted or plain_name(row.name) == wanted]
    if own or not wanted:
        rows = [row for row in own if row.bound]
        yield from needed_lines(outermost(rows)[:1])
        told = [row for row in graph.releases() if row.released][:1]
        if told and all(numbers_of(row.bound) != numbers_of(told[0].version) for row in rows[:1]):
            yield from release_lines(graph.releases(), "", whole=False)
        if not wanted:
            yield from needed_lines(outermost(graph.needed("runtime")))
        elif not rows:
            yield from needed_lines(outermost(own)[:1])
        return
    found = [row for row in graph.rows(asked.what) if isinstance(row, NeededPackage)]
    found = [
        row
        for row in found
        if plain_name(row.name) == wanted or (row.kind == "runtime" and plain_name(row.name) == f"{wanted}js")
    ]
    found = outermost(found) if found and found[0].kind == "runtime" else found
    yield from needed_lines(
        sorted(
            found,
            key=lambda row: (
                row.kind in _LOCKED,
                row.kind in _OF_WORK,
                row.place.path.count("/"),
                row.place.anchor,
            ),
        )
    )


def _own_packages(graph: Graph, wanted: str) -> tuple[list[NeededPackage], bool]:
    """The repository's own packages that are meant, and whether by their name: "it" means the outermost."""
    name = plain_name(wanted)
    own = [*graph.needed("package"), *graph.needed("release")]
    if name in _ITSELF:
        return outermost(own), False
    named = (re.split(r"[/:]", _MAJOR.sub("", row.name))[-1] for row in own)
    return [
        row for row, last in zip(own, named, strict=True) if name in (plain_name(row.name), plain_name(last))
    ], True


def _dependencies(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    own, is_named = _own_packages(graph, asked.what)
    if own or plain_name(asked.what) in _ITSELF:
        packages = [row for kind in DEPENDENCY_KINDS for row in graph.needed(kind)]
        folders = {row.place.path.rpartition("/")[0] for row in own}
        if is_named:  # of several packages of a repository, that one's
            packages = [row for row in packages if row.place.path.rpartition("/")[0] in folders]
        yield from dependency_lines(packages, own)


def _install(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    own, is_named = _own_packages(graph, asked.what)
    if own or plain_name(asked.what) in _ITSELF:
        told = graph.install_commands()
        if is_named and len({row.name for row in graph.needed("package")}) > 1:
            told = [row for row in told if _names(row.command, own)]
        yield from install_lines(told, own)
    elif asked.part in ("", "install") and any(
        isinstance(row, NeededPackage) and row.kind == "extra" for row in graph.rows(asked.what)
    ):
        yield from _extra(graph, asked)


def _names(command: str, packages: Iterable[NeededPackage]) -> bool:
    """Whether a command names one of the packages."""
    return any(
        re.search(rf"(?<![\w-]){re.escape(one.name)}(?![\w-])", command, re.IGNORECASE) for one in packages
    )


def _extra(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    if not asked.what or plain_name(asked.what) in ("exist", "arethere", "canbeinstalled"):
        listed = [*graph.needed("extra"), *graph.needed("dev-extra")]
        yield from needed_lines(listed) if listed else [GraphLine("no packaging file names an extra")]
        return
    rows = [row for row in graph.rows(asked.what) if isinstance(row, NeededPackage)]
    listed = [row for row in rows if row.kind in ("extra", "dev-extra", "group")]
    yield from needed_lines(listed)
    for row in _definitions(graph, asked):
        if not (row.packages or listed):
            yield GraphLine(
                f"`{row.name}` asks for no package of an extra in its own lines", row.place.anchor
            )
        for place in row.packages:
            yield GraphLine(f"`{row.name}` asks for {place.what}", place.anchor)
            rows = [each for each in graph.rows(place.what) if isinstance(each, NeededPackage)]
            yield from needed_lines([each for each in rows if each.kind == "extra"])


# ---- what is above and below a type


def _heirs(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    rows = [row for row in _definitions(graph, asked) if row.kind in TYPES]
    if rows:
        yield from _each(_heirs_of)(graph, asked)
        return
    last = asked.what.rpartition(".")[2]
    outside = [
        one for one in graph.heirs(last) if not one.target[0] and f".{one.base}".endswith(f".{asked.what}")
    ]
    yield from _heir_lines(graph, outside)


def _heirs_of(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    if row.kind not in TYPES:
        return
    found = _below(graph, row.place.path, row.name)
    yield from _heir_lines(graph, found)
    if not found:
        unknown = f"nothing in the repository is known to extend or implement `{row.name}`"
        yield GraphLine(f"`{row.name}`: {row.implemented}" if row.implemented else unknown, row.place.anchor)


def _below(graph: Graph, path: str, name: str) -> list[Heir]:
    return [one for one in graph.heirs(name.rpartition(".")[2]) if one.target == (path, name)]


def _heir_lines(graph: Graph, direct: Iterable[Heir], *, own_only: bool = False) -> Iterator[GraphLine]:
    """Those that name it, then those that extend these; the package's own first, or alone."""
    told: dict[tuple[str, str], tuple[Heir, str]] = {}
    pending = [(one, "") for one in sorted(direct, key=_heir_order)]
    while pending:
        one, by = pending.pop(0)
        key = (one.place.path, one.name)
        if key not in told:
            told[key] = (one, by)
            further = sorted(_below(graph, *key), key=_heir_order)
            pending += [(each, one.name) for each in further]
    rows = [row for row in told.values() if row[0].place.area == "package" or not own_only]
    rows = sorted(rows, key=lambda row: (_area_rank(row[0].place), bool(row[1])))
    for one, by in rows[: 2 * _MOST]:
        area = "" if one.place.area == "package" else f"{one.place.area}: "
        through = f", by way of `{by}`" if by else ""
        yield GraphLine(f"{area}{one.kind} `{one.name}`{through}: `{one.signature}`", one.place.anchor)
    if len(rows) > 2 * _MOST:
        yield GraphLine(f"and {len(rows) - 2 * _MOST} more", rows[2 * _MOST][0].place.anchor)


def _heir_order(one: Heir) -> tuple[int, str, int]:
    return _area_rank(one.place), one.place.path, one.place.start


def _area_rank(place: Place) -> int:
    return _AREAS.index(place.area) if place.area in _AREAS else len(_AREAS)


def _bases(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    if row.kind not in TYPES:
        return
    own = (row.place.path, row.name)
    found = [one for one in graph.bases(row.name.rpartition(".")[2]) if (one.place.path, one.name) == own]
    for one in found:
        path, name = one.target
        above = [
            each for each in graph.rows(name.rpartition(".")[2])
            if path and isinstance(each, DefinedName) and (each.place.path, each.name) == (path, name)
        ]  # fmt: skip
        yield from map(_standing, above)
        if not above:
            yield GraphLine(
                f"`{row.name}` extends or implements `{one.base}`, from outside", row.place.anchor
            )
    if not found:
        yield GraphLine(f"`{row.name}` is not known to extend or implement anything", row.place.anchor)


def _members(graph: Graph, row: DefinedName, asked: Asked) -> Iterator[GraphLine]:
    """Methods, fields, or both; what it has from others is told by their names."""
    if row.kind not in TYPES:
        return
    found = [one for one in graph.members(row.name) if one.owner == (row.place.path, row.name)]
    wanted = asked.part.lower()
    if wanted.startswith(("method", "function")):
        found = [one for one in found if one.kind == "method"]
    elif wanted.startswith(("attr", "prop")):
        found = [one for one in found if one.kind != "method"]
        if not found and row.kind == "class":
            return  # what its constructor sets is not known by name
    for one in found[: 2 * _MOST]:
        yield GraphLine(f"`{one.signature}`{f': {one.says}' if one.says else ''}", one.place.anchor)
    if len(found) > 2 * _MOST:
        yield GraphLine(f"and {len(found) - 2 * _MOST} more", found[2 * _MOST].place.anchor)
    for base in row.bases:
        yield GraphLine(f"and what it has of `{base}`", row.place.anchor)
    if not found and not row.bases:
        yield GraphLine(f"`{row.name}` itself defines no public {asked.part or 'member'}", row.place.anchor)


# ---- releases, and work on the repository


def _release(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    return release_lines(graph.releases(), asked.what, package=asked.part, whole=asked.form == "release")


def _work(graph: Graph, asked: Asked) -> Iterator[GraphLine]:
    tell = need_lines if asked.form == "needs" else work_lines
    packages = [row for kind in WORK_KINDS for row in graph.needed(kind)]
    return tell(graph.told_commands(), packages, asked.what)


ANSWERS: dict[str, Callable[[Graph, Asked], Iterator[GraphLine]]] = {
    "where": _where,
    "what": _compared,
    "takes": _each(_takes),
    "parameter": _each(_parameter),
    "callers": _used,
    "raises": _each(_raises),
    "raised": _raised,
    "since": _each(_since),
    "version": _version,
    "extra": _extra,
    "dependencies": _dependencies,
    "install": _install,
    "import": _each(_import),
    "depends": _depends,
    "variables": _variables,
    "errors": _errors,
    "part": _parts,
    "licence": _licence,
    "heirs": _heirs,
    "bases": _each(_bases),
    "members": _each(_members),
    "release": _release,
    "released": _release,
    "needs": _work,
    "work": _work,
}
"""How each form of a question is answered; what changed and how something is done are answered with the wiki."""
