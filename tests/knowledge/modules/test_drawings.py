"""Drawings of modules: never more boxes than a reader takes in; what does not fit is grouped."""

from __future__ import annotations

from codebase_gardener.knowledge.modules.drawings import architecture, grouped, module_drawings
from codebase_gardener.knowledge.modules.relations import Relations
from codebase_gardener.knowledge.modules.tree import module_tree
from codebase_gardener.knowledge.pages.markup import fenced
from codebase_gardener.knowledge.pages.mermaid import MAX_BOXES, Chart, read_chart
from samples.written_context import context_of


def test_the_rest_is_grouped() -> None:
    users = {
        f"pot/{side}/m{at}/x.py": "from pot.core.x import boil\n\n\ndef f():\n    boil()\n" + "x = 1\n" * 30
        for side in "ab"
        for at in range(20)
    }
    tops = {f"t{at}/x.py": "x = 1\n" * 30 for at in range(10)}
    context = context_of({**users, **tops, "pot/core/x.py": "def boil():\n    return 1\n" + "x = 1\n" * 30})
    relations = Relations(module_tree(context.repository), context)
    assert len(relations.tree.modules) == 51
    drawing, arrows = architecture(relations)
    chart = read_chart(fenced(drawing)[1])
    assert chart is not None
    assert list(chart.boxes) == sorted(set(grouped(relations).values()))
    assert len(chart.boxes) <= MAX_BOXES
    assert {"pot/a", "pot/b", "pot/core"} <= set(chart.boxes)
    assert [(start, end, targets.total()) for start, end, targets in arrows] == [
        ("pot/a", "pot/core", 20), ("pot/b", "pot/core", 20),
    ]  # fmt: skip
    core = read_chart(fenced(module_drawings(relations.tree.by_path["pot/core"], relations, str))[1])
    assert core is not None
    assert len(core.boxes) <= MAX_BOXES
    assert core.boxes[-1] == "29 others"


def test_one_package_of_many_parts_is_drawn_by_its_strongest() -> None:
    parts = {
        f"pot/p{at:02}/x.py": "from pot.core.x import boil\n\n\ndef f():\n"
        + "    boil()\n" * (at + 1)
        + "x = 1\n" * 30
        for at in range(30)
    }
    core = "def boil():\n    return 1\n" + "x = 1\n" * 30
    context = context_of({**parts, "pot/core/x.py": core, "pot/__init__.py": "x = 1\n" * 30})
    boxes = grouped(Relations(module_tree(context.repository), context))
    assert len(set(boxes.values())) == MAX_BOXES
    assert {path for path, box in boxes.items() if path != box} == {f"pot/p{at:02}" for at in range(7)}
    assert boxes["pot/p00"] == "pot"


def family(heirs: str) -> list[Chart]:
    """The class diagrams of a module with a root and its heirs."""
    context = context_of({"pot/core.py": f"class Pot:\n    pass\n\n\n{heirs}" + "x = 1\n" * 30})
    relations = Relations(module_tree(context.repository), context)
    text = module_drawings(relations.tree.modules[0], relations, str)
    charts = [
        read_chart(f"classDiagram{each.partition('```')[0]}") for each in text.split("classDiagram")[1:]
    ]
    return [chart for chart in charts if chart]


def test_a_family_of_classes_has_its_hierarchy() -> None:
    (chart,) = family("class Wok(Pot):\n    pass\n\n\nclass Pan(Wok):\n    pass\n\n\nclass Lid:\n    pass\n")
    assert chart.boxes == ("Pot", "Wok", "Pan")
    assert [(one.start, one.end) for one in chart.arrows] == [(0, 1), (1, 2)]


def test_a_large_family_groups_the_rest() -> None:
    (chart,) = family("".join(f"class Pot{at}(Pot):\n    pass\n\n\n" for at in range(40)))
    assert len(chart.boxes) == MAX_BOXES == 25
    assert chart.boxes[-1] == "17 others"
    assert len(chart.arrows) == MAX_BOXES - 1


def test_small_families_share_a_drawing() -> None:
    (chart,) = family("class Wok(Pot):\n    pass\n\n\nclass Lid:\n    pass\n\n\nclass Cap(Lid):\n    pass\n")
    assert chart.boxes == ("Pot", "Wok", "Lid", "Cap")
    assert [(one.start, one.end) for one in chart.arrows] == [(0, 1), (2, 3)]


def test_where_one_module_holds_all_its_files_are_drawn() -> None:
    files = {
        "dist/index.js": "import Queue from './queue.js';\n\nexport class Pot {\n  kind = Queue;\n}\n"
        + "// x\n" * 30,
        "dist/queue.js": "import {lower} from './lower.js';\n\nexport default class Queue {\n  a() { lower(1); }\n}\n",
        "dist/lower.js": "export function lower(a) {\n  return a;\n}\n",
        "dist/other.js": "export function other(a) {\n  return a;\n}\n",
        "dist/lower.d.ts": "import {other} from './other.js';\n\nexport function lower(a: number): number;\n",
        "package.json": '{"name": "pot", "type": "module", "main": "dist/index.js"}',
    }
    context = context_of(files)
    relations = Relations(module_tree(context.repository), context)
    (module,) = relations.tree.modules
    text = module_drawings(module, relations, str)
    chart = read_chart(text.partition("```mermaid\n")[2])
    assert chart is not None
    assert chart.boxes == ("index.js", "lower.js", "queue.js")
    assert [(one.start, one.end) for one in chart.arrows] == [(0, 2), (2, 1)]
    assert text.endswith("1 file with fewer links or none is not drawn.")


def test_what_is_only_imported_has_an_arrow_and_what_is_left_out_is_counted() -> None:
    folders = {f"m{at}/x.py": f"import m{at + 1}.x\n" + "x = 1\n" * 30 for at in range(5)}
    context = context_of({**folders, "m5/x.py": "x = 1\n" * 30})
    relations = Relations(module_tree(context.repository), context)
    drawing, arrows = architecture(relations)
    assert [(start, end) for start, end, _ in arrows] == [(f"m{at}", f"m{at + 1}") for at in range(5)]
    assert "not drawn" not in drawing
    others = {
        f"m{at}/x.py": "".join(f"import m{to}.x\n" for to in range(6)) + "x = 1\n" * 30 for at in range(6)
    }
    all_context = context_of(others)
    few, every = architecture(Relations(module_tree(all_context.repository), all_context), 6)
    assert len(every) == 30
    assert few.endswith("18 weaker arrows are not drawn.")


def test_a_box_has_two_arrows_at_most_on_the_whole_and_its_strongest_in_any_case() -> None:
    rest = "x = 1\n" * 30
    files = {
        f"m{at}/x.py": "".join(f"import m{to}.x\n\nm{to}.x.boil()\n" for to in range(6))
        + f"def boil(): ...\n{rest}"
        for at in range(6)
    }
    context = context_of({**files, "alone/x.py": f"import m0.x\n{rest}"})
    drawing, arrows = architecture(Relations(module_tree(context.repository), context))
    chart = read_chart(fenced(drawing)[1])
    assert chart is not None
    assert len(arrows) == 31
    assert len(chart.arrows) == 15
    assert (0, 1) in [(one.start, one.end) for one in chart.arrows]
    assert drawing.endswith("16 weaker arrows are not drawn.")


def test_a_neighbour_that_uses_and_is_used_is_one_box() -> None:
    rest = "x = 1\n" * 30
    context = context_of(
        {
            "pot/a/x.py": f"from pot.b.x import boil\n\n\ndef heat():\n    boil()\n\n\n{rest}",
            "pot/b/x.py": f"def boil():\n    from pot.a.x import heat\n    heat()\n\n\n{rest}",
        }
    )
    relations = Relations(module_tree(context.repository), context)
    chart = read_chart(fenced(module_drawings(relations.tree.by_path["pot/a"], relations, str))[1])
    assert chart is not None
    assert chart.boxes == ("pot/a", "pot/b")
    assert sorted((one.start, one.end) for one in chart.arrows) == [(0, 1), (1, 0)]


def folded() -> Relations:
    """A package `a` that uses `pot`, and a few lines in `pot/lids` that are told with `pot` and use `a`."""
    files = {
        "pot/core.py": "def boil():\n    return 1\n" + "x = 1\n" * 30,
        "pot/lids/__init__.py": "from pot.a.fire import burn\n\n\ndef close():\n    burn()\n    burn()\n",
        "pot/a/fire.py": "from pot.core import boil\n\n\ndef burn():\n    boil()\n" + "y = 1\n" * 30,
    }
    context = context_of(files)
    return Relations(module_tree(context.repository), context)


def test_what_is_told_with_its_outer_folder_makes_no_circle_of_that() -> None:
    relations = folded()
    assert [module.path for module in relations.tree.modules] == ["pot", "pot/a"]
    _, arrows = architecture(relations)
    assert [one[:2] for one in arrows] == [("pot/a", "pot")]
    for module in relations.tree.modules:
        chart = read_chart(fenced(module_drawings(module, relations, str))[1])
        assert chart is not None
        assert [(chart.boxes[one.start], chart.boxes[one.end]) for one in chart.arrows] == [("pot/a", "pot")]


def test_the_lines_that_show_an_arrow_are_known() -> None:
    relations = folded()
    pot, fire = relations.tree.modules
    assert str(relations.lines_between(fire, pot)) == "pot/a/fire.py:L5-5"
    assert str(relations.line_of("pot/lids/__init__.py", "pot/a/fire.py")) == "pot/lids/__init__.py:L5-5"
    assert relations.line_of("pot/core.py", "pot/a/fire.py") is None
