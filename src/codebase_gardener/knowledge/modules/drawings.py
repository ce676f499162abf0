"""Diagrams of modules: one with its neighbours, all of them together, and families of classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.knowledge.modules.relations import Relations
from codebase_gardener.knowledge.modules.tree import Module
from codebase_gardener.knowledge.pages.markup import code
from codebase_gardener.knowledge.pages.mermaid import MAX_BOXES, Arrow, class_diagram, flowchart
from codebase_gardener.knowledge.pages.wording import counted
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.utils.anchors import Anchor

__all__ = ["Grouped", "architecture", "files_drawing", "grouped", "module_drawings"]

_SIDE = (MAX_BOXES - 3) // 2
"""Neighbours on each side of a module; a box on each side counts the rest."""

_FAMILY = 3
"""Classes of a family that is worth a drawing of its own; smaller ones share one."""

_MOST_FAMILIES = 2
_MOST_LINKS = 20
"""Arrows between files whose lines are told below."""
Cite = Callable[[Anchor], str]
"""Makes the citation of some lines."""


def module_drawings(module: Module, relations: Relations, cite: Cite) -> str:
    """A module between those that use it and those that it uses, else its files; its families of classes."""
    files = files_drawing(module.files, relations, cite, f"{module.path}/")
    parts = [_neighbours(module, relations) or files]
    families = _families(module, relations)
    large = [(root, pairs) for root, pairs in families if len(pairs) + 1 >= _FAMILY][:_MOST_FAMILIES]
    for root, heirs in large:
        parts += [f"### What inherits from {root.qualified_name}", _family(root, heirs, relations)]
    rest = [pairs for root, pairs in families if root not in [one for one, _ in large]]
    if rest:
        parts += ["### What else inherits", _small_families(rest)]
    return "\n\n".join(filter(None, parts)) or "It uses no other module, and none uses it."


def files_drawing(files: Sequence[str], relations: Relations, cite: Cite, folder: str = "") -> str:
    """Some files of modules, and which uses which, with the lines that do; "" where none uses another.

    Args:
        files: Their paths.
        relations: Of the modules.
        cite: For the lines that show an arrow.
        folder: What all paths begin with and no box has to say.
    """
    own = {path for path in files if not _declares_another(path, files)}
    pairs = {ends: times for ends, times in relations.between_files.items() if own.issuperset(ends)}
    linked = Counter(path for ends in pairs for path in ends)
    boxes = sorted(sorted(linked, key=lambda path: (-linked[path], path))[:MAX_BOXES])
    if not boxes:
        return ""
    place = {path: at for at, path in enumerate(boxes)}
    arrows = [
        Arrow(place[start], place[end], str(times or ""))
        for (start, end), times in sorted(pairs.items())
        if start in place and end in place
    ]
    names = [path.removeprefix(folder) for path in boxes]
    ends = [one for one in sorted(pairs, key=lambda one: (-pairs[one], one)) if place.keys() >= {*one}]
    shown = [
        f"* {code(start.removeprefix(folder))} → {code(end.removeprefix(folder))}: {cite(at)}"
        for start, end in ends[:_MOST_LINKS]
        if (at := relations.line_of(start, end))
    ]
    told = "\n\nWhere it does so first:\n\n" + "\n".join(shown) if shown else ""
    left = len(own) - len(boxes)
    untold = f"\n\n{counted(left, 'file')} with fewer links or none {'is' if left == 1 else 'are'} not drawn."
    return (
        "An arrow leads from a file to one that it uses; its number says how often, without one it only imports it."
        f"\n\n{flowchart(names, arrows, 'TD')}{told}{untold if left else ''}"
    )


def _declares_another(path: str, files: Sequence[str]) -> bool:
    """Whether a file holds the types of another one beside it: `a.d.ts` those of `a.js`, `a.pyi` those of `a.py`."""
    stem, mark, ending = path.rpartition(".d.ts" if path.endswith(".d.ts") else ".pyi")
    twins = (".js", ".mjs", ".cjs", ".jsx") if mark == ".d.ts" else (".py",)
    return bool(mark) and not ending and any(f"{stem}{twin}" in files for twin in twins)


def _neighbours(module: Module, relations: Relations) -> str:
    users, used = dict(relations.used_by(module)), dict(relations.uses(module))
    for path in users.keys() & used.keys():
        back, forth = (path, module.path), (module.path, path)
        weights = {back: users[path].total(), forth: used[path].total()}
        if back in _false_circles(weights, relations.own_links):
            del users[path]
        elif forth in _false_circles(weights, relations.own_links):
            del used[path]
    if not users and not used:
        return ""
    boxes = [module.title]
    places: dict[str, int] = {}  # of the neighbours: one may both use it and be used by it
    arrows: list[Arrow] = []
    for pairs, is_user in ((users, True), (used, False)):
        ordered = sorted(pairs.items(), key=lambda item: (-item[1].total(), item[0]))
        shown = [
            (path, relations.tree.by_path[path].title, targets.total()) for path, targets in ordered[:_SIDE]
        ]
        if rest := ordered[_SIDE:]:
            shown.append(("", f"{len(rest)} others", sum(targets.total() for _, targets in rest)))
        for path, title, times in shown:
            place = places.get(path, len(boxes))
            if place == len(boxes):
                boxes.append(title)
            if path:
                places[path] = place
            arrows.append(Arrow(*((place, 0) if is_user else (0, place)), str(times)))
    return flowchart(boxes, arrows)


def _families(module: Module, relations: Relations) -> list[tuple[Symbol, list[tuple[Symbol, Symbol]]]]:
    """Classes of a module with what inherits from them, as pairs of parent and child; the largest first."""
    context = relations.context
    classes = [
        symbol
        for path in module.files
        for symbol in context.repository.facts[path].symbols
        if symbol.kind == "class" and context.repository.symbols.get((path, symbol.qualified_name)) is symbol
    ]
    found = []
    for symbol in classes:
        if context.ancestors(symbol):
            continue  # told where its own root is
        pairs = _heirs(symbol, relations)
        if pairs:
            found.append((symbol, pairs))
    return sorted(found, key=lambda item: (-len(item[1]), item[0].path, item[0].start))


def _heirs(root: Symbol, relations: Relations) -> list[tuple[Symbol, Symbol]]:
    pairs: list[tuple[Symbol, Symbol]] = []
    seen = {(root.path, root.qualified_name)}
    waiting = [root]
    while waiting:
        parent = waiting.pop(0)
        for child in relations.context.subclasses(parent):
            if child.path not in relations.tree.of_file:
                continue  # of a test or an example
            pairs.append((parent, child))
            if (child.path, child.qualified_name) not in seen:
                seen.add((child.path, child.qualified_name))
                waiting.append(child)
    return pairs


def _family(root: Symbol, pairs: Sequence[tuple[Symbol, Symbol]], relations: Relations) -> str:
    """The classes nearest to the root; those that do not fit are counted with their parent."""
    places: dict[tuple[str, str], int] = {(root.path, root.qualified_name): 0}
    names = [root.qualified_name]
    drawn: list[tuple[int, int]] = []
    left: Counter[int] = Counter()
    for parent, child in pairs:
        key, above = (child.path, child.qualified_name), (parent.path, parent.qualified_name)
        if above not in places:
            left[0] += 1
        elif key in places:
            drawn.append((places[above], places[key]))
        elif len(names) < MAX_BOXES - 1:
            places[key] = len(names)
            names.append(child.qualified_name)
            drawn.append((places[above], places[key]))
        else:
            left[places[above]] += 1
    if left:
        drawn.append((0, len(names)))
        names.append(f"{left.total()} others")
    return class_diagram(names, drawn)


def _small_families(families: Sequence[Sequence[tuple[Symbol, Symbol]]]) -> str:
    """Families in one drawing, as many as fit as a whole."""
    places: dict[tuple[str, str], int] = {}
    drawn: list[tuple[int, int]] = []
    left = 0
    for pairs in families:
        keys = [((one.path, one.qualified_name), (heir.path, heir.qualified_name)) for one, heir in pairs]
        new = {key for ends in keys for key in ends} - places.keys()
        if len(places) + len(new) > MAX_BOXES:
            left += 1
            continue
        for above, below in keys:
            start, end = places.setdefault(above, len(places)), places.setdefault(below, len(places))
            drawn.append((start, end))
    untold = (
        f"\n\n{counted(left, 'further family', 'further families')} {'is' if left == 1 else 'are'} not drawn."
    )
    drawing = class_diagram([name for _, name in places], drawn) if places else ""
    return f"{drawing}{untold if left else ''}".strip()


def _false_circles(
    weights: Mapping[tuple[str, str], int], own: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Of two ways between two boxes, the one that only what was told with a box around it takes.

    Where that is so of both, the weaker one.
    """
    found = set()
    for ends in weights:
        back = ends[1], ends[0]
        is_circle = ends[0] != ends[1] and back in weights and ends not in own
        if is_circle and (back in own or (weights[ends], back) < (weights[back], ends)):
            found.add(ends)
    return found


Grouped = Mapping[str, str]
"""Of each module's path, the path of the box that stands for it."""

_Link = tuple[str, str, Counter[Target]]
"""From, to, and what of it."""


def grouped(relations: Relations, most: int = MAX_BOXES) -> dict[str, str]:
    """Which box of the architecture stands for each module: the deepest are told with the folder around them.

    Folders fold as a whole, those with the fewest links first. Where that would leave less than half of the boxes, only
    the weakest of a folder go: one package of thirty parts is no drawing of one box.
    """
    boxes = {module.path: module.path for module in relations.tree.modules}
    links = _links_of_boxes(relations)
    while (left := len(set(boxes.values()))) > most:
        inside: dict[str, list[str]] = defaultdict(list)
        shown = {path for path in boxes.values() if path}
        depth = max(path.count("/") for path in shown)
        for path in shown:
            if path.count("/") == depth:
                inside[path.rpartition("/")[0]].append(path)
        outer = min(inside, key=lambda folder: (sum(links[path] for path in inside[folder]), folder))
        weakest = sorted(inside[outer], key=lambda path: (links[path], path))
        if left + (outer not in boxes.values()) - len(weakest) < most // 2:
            weakest = weakest[: left + (outer not in boxes.values()) - most]
        gone = set(weakest)
        boxes = {path: outer if box in gone else box for path, box in boxes.items()}
        links[outer] += sum(links[path] for path in gone)
    return boxes


def _links_of_boxes(relations: Relations) -> Counter[str]:
    """How often each module is used by others, and uses them."""
    return Counter(
        {
            module.path: sum(
                targets.total()
                for pairs in (relations.uses(module), relations.used_by(module))
                for targets in pairs.values()
            )
            for module in relations.tree.modules
        }
    )


def architecture(relations: Relations, most: int = MAX_BOXES) -> tuple[str, list[_Link]]:
    """The modules and what they use of each other, as a diagram, and its arrows, the strongest first.

    What a module only imports is an arrow without a number, and last. Arrows that are not drawn are counted below.
    """
    boxes = grouped(relations, most)
    joined: dict[tuple[str, str], Counter[Target]] = {}
    for module in relations.tree.modules:
        for path, targets in relations.uses(module).items():
            joined.setdefault((boxes[module.path], boxes[path]), Counter()).update(targets)
    for user, used in relations.between_files:
        ends = boxes[relations.tree.of_file[user].path], boxes[relations.tree.of_file[used].path]
        joined.setdefault(ends, Counter())
    own = {
        (boxes[start], boxes[end]) for start, end in relations.own_links if {start, end} <= {*boxes.values()}
    }
    back = _false_circles({ends: targets.total() for ends, targets in joined.items()}, own)
    arrows = sorted(
        (
            (start, end, targets)
            for (start, end), targets in joined.items()
            if start != end and (start, end) not in back
        ),
        key=lambda one: (-one[2].total(), one[0], one[1]),
    )
    names = sorted(set(boxes.values()))[:most]
    titles = {module.path: module.title for module in relations.tree.modules}
    place = {name: at for at, name in enumerate(names)}
    drawn = [
        Arrow(place[start], place[end], str(targets.total() or ""))
        for start, end, targets in _strongest(
            [one for one in arrows if place.keys() >= {*one[:2]}], len(names)
        )
    ]
    chart = flowchart(
        [titles.get(name, name or "the rest") for name in names],
        sorted(drawn, key=lambda one: (one.start, one.end)),
        "TD",
    )
    left = len(arrows) - len(drawn)
    untold = f"\n\n{counted(left, 'weaker arrow')} {'is' if left == 1 else 'are'} not drawn."
    return f"{chart}{untold if left else ''}", arrows


def _strongest(arrows: Sequence[_Link], boxes: int) -> list[_Link]:
    """As many arrows as an eye can follow, two a box, and of each box its strongest in any case."""
    kept, seen = [], set[str]()
    for at, arrow in enumerate(arrows):
        if at < 2 * boxes or not seen.issuperset(arrow[:2]):
            kept.append(arrow)
        seen.update(arrow[:2])
    return kept
