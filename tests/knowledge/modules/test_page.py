"""Pages of modules: which there are, what they tell, and that nothing of the package is told nowhere."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.building import build
from codebase_gardener.knowledge.modules.tree import MOST_MODULES, module_tree
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.utils.progress import Quiet
from samples.written_context import context_of

STEWS = {
    "pot/__init__.py": '"""Cooks in pots."""\nfrom .core import Pot\n' + "x = 1\n" * 20,
    "pot/core.py": 'class Pot:\n    """A pot that holds water."""\n\n    def boil(self):\n        return 1\n\n\n'
                   "def _hidden():\n    return 1\n",
    "pot/stews/README.md": "# Stews\n\nStews that are cooked slowly.\n",
    "pot/stews/slow.py": "from pot.core import Pot\n\n\nclass Slow(Pot):\n    pass\n\n\nclass Slower(Slow):\n    pass\n"
                         "\n\ndef cook(heat):\n    return Pot().boil()\n" + "y = 1\n" * 20,
    "pot/tiny/__init__.py": "from .one import one\n",
    "pot/tiny/one.py": "def one():\n    return 1\n",
    "pot/testing/helper.py": "def helper():\n    return 1\n" * 20,
    "tests/test_pot.py": "from pot import Pot\n\n\ndef test_boils():\n    Pot().boil()\n",
}  # fmt: skip


def pages_of(files: dict[str, str]) -> dict[str, Page]:
    built = build(context_of(files).repository, Quiet())
    assert built.findings == ()
    return {page.id: page for page in built.pages}


def test_folders_that_a_person_would_name_are_modules() -> None:
    tree = module_tree(context_of(STEWS).repository)
    assert [(module.path, module.parent) for module in tree.modules] == [("pot", None), ("pot/stews", "pot")]
    assert tree.of_file["pot/tiny/one.py"].path == "pot"  # a few lines are told with what is around them
    assert "pot/testing/helper.py" not in tree.of_file
    assert "tests/test_pot.py" not in tree.of_file


def test_paths_that_give_one_name_are_told_apart() -> None:
    body = "def f():\n    return 1\n" + "x = 1\n" * 30
    tree = module_tree(context_of({"a_b/x.py": body, "a/b/x.py": body}).repository)
    assert {module.path: module.name for module in tree.modules} == {"a/b": "o_r_a_b", "a_b": "o_r_a_b_2"}


def test_a_single_file_is_its_own_module_with_all_its_definitions() -> None:
    pages = pages_of(
        {
            "pot.py": '"""Cooks in pots."""\n\n\ndef boil(heat):\n    return heat\n\n\ndef cool():\n    return 1\n'
        }
    )
    page = pages["Module:o_r_pot.py"]
    assert page.overview == "`pot.py` is what the authors describe as: “Cooks in pots.”"
    surface = page.sections[0].body
    assert "`def boil(heat)`" in surface
    assert "`pot.py:L8-9`" in surface


def test_definitions_of_one_name_in_several_files_add_up() -> None:
    body = "def {}():\n    return 1\n\n\ndef boil():\n    return 1\n" + "x = 1\n" * 20
    files = {f"pot/{name}.py": body.format(name) for name in ("a", "b", "c", "d", "e")}
    page = pages_of({"pot/__init__.py": "", **files})["Module:o_r_pot"]
    assert (
        "holds 10 public definitions in 6 files: `a`, `boil` (5 times), `b`, `c` and 2 more." in page.overview
    )


def test_what_is_deprecated_is_told_last() -> None:
    old = "/** @deprecated Use boil. */\nexport function cook() {}\n"
    files = {
        "package.json": '{"name": "pot", "main": "src/pot.js"}',
        "src/pot.js": f"{old}\nexport function boil() {{}}\n",
        "README.md": "# Pot\n\n```js\nimport { cook } from 'pot';\n\ncook();\n```\n",
    }
    (page,) = (page for page in pages_of(files).values() if page.type == "Module")
    assert page.overview.endswith("`boil`, `cook`.")


def test_one_definition_of_several_does_not_speak_for_the_whole() -> None:
    code = 'class Pot:\n    """A pot that holds water."""\n'
    more = "\n\nclass Lid:\n    pass\n"
    said = "Its `Pot` is described as: “A pot that holds water.”"
    for files, is_told in (
        ({"kitchen.py": code}, True),
        ({"kitchen.py": code + more}, False),
        ({"pot.py": code + more}, True),
    ):
        (page,) = (page for page in pages_of(files).values() if page.type == "Module")
        assert (said in page.overview) is is_told


def test_a_large_folder_gives_its_long_files_pages_and_a_large_repository_has_an_end() -> None:
    names = "\n\n".join(f"def f{at}():\n    return 1" for at in range(60))
    long = {f"pot/m{at}.py": f"{names}\n" + "x = 1\n" * 300 for at in range(2)} | {
        "pot/short.py": "def f():\n    return 1\n"
    }
    tree = module_tree(context_of(long).repository)
    assert [module.path for module in tree.modules] == ["pot", "pot/m0.py", "pot/m1.py"]
    many = {f"pot/m{at}/x.py": "x = 1\n" * 30 for at in range(MOST_MODULES + 30)} | {
        "pot/x.py": "x = 1\n" * 30
    }
    assert len(module_tree(context_of(many).repository).modules) == MOST_MODULES


def test_a_page_tells_purpose_surface_relations_and_tests() -> None:
    pages = pages_of(STEWS)
    pot, stews = pages["Module:o_r_pot"], pages["Module:o_r_pot_stews"]
    assert pot.overview == "`pot` is what the authors describe as: “Cooks in pots.”"
    assert stews.overview == "`pot/stews` is what the authors describe as: “Stews that are cooked slowly.”"
    surface, relations, diagram, definitions, tests = (section.body for section in pot.sections)
    assert "“A pot that holds water.” Members: `boil`." in surface.replace(
        "[`boil`](../implementations/o_r_Pot_boil.md)", "`boil`"
    )
    assert "_hidden" not in surface
    assert "_hidden" in definitions
    assert "[`pot/stews`](../modules/o_r_pot_stews.md): `Pot`" in relations
    assert 'N0["Pot"]' in diagram
    assert "N1 <|-- N2" in diagram
    assert "`tests/test_pot.py:L4-5`" in tests
    assert {(edge.kind, edge.target) for edge in stews.edges} >= {("uses", "Module:o_r_pot")}
    assert ("contains", "Module:o_r_pot_stews") in {(edge.kind, edge.target) for edge in pot.edges}


_SCRIPT = '"""Shows a pot."""\nfrom pot import Pot\n\n\ndef show():\n    return Pot()\n' + "x = 1\n" * 30
_PACKAGED = {
    "pyproject.toml": '[project]\nname = "pot"\nversion = "1"\n',
    "show.py": _SCRIPT,
    "src/pot/__init__.py": '"""Cooks in pots."""\n\n\nclass Pot:\n    pass\n' + "x = 1\n" * 30,
}


def test_a_script_beside_the_packages_makes_the_root_no_module() -> None:
    pages = pages_of(_PACKAGED)
    assert [name for name in pages if name.startswith("Module:")] == ["Module:o_r_src_pot"]


_TYPED = {
    "package.json": '{"name": "pot", "main": "./dist/index.js", "scripts": {"show": "node show.js"}}',
    "src/index.ts": "export function cook(heat: number) {\n  return heat;\n}\n" * 8,
    "src/tiny/index.ts": "export function cool() {\n  return 1;\n}\n",
    "build.js": "const made = 1;\nmodule.exports = made;\n" * 20,
}


def test_files_at_the_root_that_belong_to_no_folder_hold_none() -> None:
    tree = module_tree(context_of(_TYPED).repository)
    assert [(one.path, one.title, one.parent) for one in tree.modules] == [("src", "src", None)]
    tool = {"show.js": "function show () { return 1 }\nexports.show = show\n" * 12}
    lone = {"lib/tiny.ts": "export function cool() {\n  return 1;\n}\n"}
    pages = pages_of(_TYPED | tool | lone)
    assert pages["Module:o_r_files_at_the_root"].title == "files at the root"
    assert "Module:o_r_lib" in pages
    overview = next(page for name, page in pages.items() if name.startswith("Overview:"))
    parts = next(one.body for one in overview.sections if one.heading == "Parts")
    assert parts.index("`lib`") < parts.index("`src`") < parts.index("`files at the root`")


def test_what_the_package_is_is_no_loose_file() -> None:
    files = _TYPED | {"src/index.ts": 'import { made } from "../build";\n' + _TYPED["src/index.ts"]}
    assert "" in [one.path for one in module_tree(context_of(files).repository).modules]


def test_the_root_of_a_workspace_is_no_module_where_nothing_uses_its_files() -> None:
    private = '{\n  "private": true,\n  "scripts": {\n    "play": "tsx play.ts"\n  }\n}\n'
    files = {
        "package.json": private,
        "play.ts": 'import { cook } from "pot";\n\ncook(1);\n' * 8,
        "packages/pot/package.json": '{\n  "name": "pot",\n  "main": "src/index.ts"\n}\n',
        "packages/pot/src/index.ts": "export function cook(heat: number) {\n  return heat;\n}\n" * 8,
    }
    found = [module.path for module in module_tree(context_of(files).repository).modules]
    assert found == ["packages/pot/src"]
    del files["package.json"]  # a program with a package of its own beside it
    assert "" in [module.path for module in module_tree(context_of(files).repository).modules]


@pytest.mark.parametrize(
    "more",
    [
        {"pyproject.toml": '[project]\nname = "pot"\n\n[project.scripts]\nshow-pot = "show:show"\n'},
        {"pyproject.toml": "[tool.black]\nline-length = 99\n"},  # no package: a program in its folder
        {"README.md": "# Pot\n\n```sh\npython show.py\n```\n"},
        {"src/pot/more.py": "from show import show\n"},
        {"other.py": _SCRIPT, "tests/test_other.py": "import other\n"},
    ],
)
def test_the_root_is_a_module_where_its_files_are_used_or_told(more: dict[str, str]) -> None:
    tree = module_tree(context_of(_PACKAGED | more).repository)
    assert "" in [module.path for module in tree.modules]


def test_every_public_definition_has_a_line() -> None:
    pages = pages_of(STEWS)
    told = "\n".join(page.sections[0].body for page in pages.values() if page.type == "Module")
    assert all(f"`{name}`" in told for name in ("Pot", "Slow", "Slower", "cook", "one"))


def test_a_file_of_tests_that_is_named_after_a_private_file_is_told() -> None:
    files = {
        "pot/__init__.py": "from ._core import Pot as Pot\n" + "x = 1\n" * 20,
        "pot/_core.py": "class Pot: ...\n",
        "tests/test_core.py": "import subprocess\n\n\ndef test_it():\n    subprocess.run(['python', '-m', 'pot'])\n",
        "tests/test_other.py": "def test_it():\n    assert 1\n",
        "tests/unit/test_core.py": "",  # has no line that could be cited
    }
    told = next(one for one in pages_of(files)["Module:o_r_pot"].sections if one.heading == "Tests").body
    assert "`tests/test_core.py` is named after `pot/_core.py`, and has 1 test (" in told
    assert "test_other" not in told
    assert "tests/unit" not in told


def test_what_only_lies_in_a_private_file_is_not_public() -> None:
    files = {
        "pot/__init__.py": "from ._core import Pot as Pot\n\n\ndef __getattr__(name): ...\n" + "x = 1\n" * 20,
        "pot/_core.py": 'class Pot:\n    """A pot."""\n\n\ndef make_cell():\n    return Pot()\n',
        "pot/_own/long.py": "def bend():\n    return 1\n\n\ndef fold():\n    return 1\n" + "x = 1\n" * 30,
    }
    pages = pages_of(files)
    whole, private = pages["Module:o_r_pot"], pages["Module:o_r_pot_own"]
    assert "holds 1 public definition in 2 files: `Pot`." in whole.overview
    public, _, own = whole.sections[0].body.partition("### For its own use")
    assert "`Pot`" in public
    assert "make_cell" not in public
    assert "`make_cell`" in own
    assert "__getattr__" not in whole.sections[0].body
    assert "holds 2 definitions for the package's own use: " in private.overview
    assert private.sections[0].body.startswith("Nothing in it is public.")
    assert not any("bend" in page or "fold" in page for page in pages if page.startswith("Implementation:"))


def test_a_long_signature_ends_at_a_word() -> None:
    takes = ", ".join(f"parameter_{at}: int" for at in range(20))
    surface = pages_of({**STEWS, "pot/core.py": f"def fire({takes}): ...\n" + "x = 1\n" * 20})
    told = surface["Module:o_r_pot"].sections[0].body
    assert "parameter_5: int, …` |" in told


def test_constants_have_a_line_and_a_name_that_each_file_has_is_told_once() -> None:
    rules = {
        f"pot/rules/{name}.py": f"ID = '{name}'\n" + "def check():\n    return 1\n" * 5
        for name in ("a", "b", "c")
    }
    listed = "from . import a, b, c\n_RULES = {a.ID: a, b.ID: b, c.ID: c}\n_near = 1\n_far = 2\n"
    others = {"pot/rules/__init__.py": listed, "pot/core.py": "from .rules import _far\n" + "x = 1\n" * 30}
    surface = pages_of(rules | others)["Module:o_r_pot_rules"].sections[0].body
    assert "| `ID` | `ID = 'a'`; 2 other files give one, too | `pot/rules/a.py:L1-1` |" in surface
    assert "| `_RULES` | `_RULES = {a.ID: a, b.ID: b, c.ID: c}` | `pot/rules/__init__.py:L2-2` |" in surface
    assert "`_far`" in surface
    assert "`_near`" not in surface


def test_a_constant_is_told_with_its_comment_and_the_name_that_users_know() -> None:
    code = '/** Marks a pot that may be fired. */\nexport const MARK = Symbol("m")\n' + "f();\n" * 30
    files = {
        "package.json": '{"name": "kiln", "main": "index.js"}',
        "src/mark.js": code,
        "index.js": 'export { MARK as mark } from "./src/mark.js"\n' + "f();\n" * 30,
    }
    surface = pages_of(files)["Module:o_r_src"].sections[0].body
    assert (
        '| `MARK`, to users `kiln.mark` | `export const MARK = Symbol("m")` “Marks a pot that may be fired.”'
        in surface
    )
    assert "(`src/mark.js:L1-1`) | `src/mark.js:L2-2` |" in surface


def test_of_definitions_that_are_not_read_nothing_is_said_to_be_missing() -> None:
    page = pages_of({"Pot.swift": "class Pot {}\n" * 30})["Module:o_r_Pot.swift"]
    assert page.overview == "`Pot.swift` has 1 file of code; definitions in `swift` are not read."


def test_fields_stand_on_a_types_page_and_on_the_modules_where_it_has_none() -> None:
    struct = "// {0} holds water.\ntype {0} struct {{\n\t// Heat in degrees.\n\tHeat int\n\n\trim int\n}}\n\n"
    files = {
        "go.mod": "module example.org/pot\n",
        "pot.go": "// Package pot cooks.\npackage pot\n\n" + struct.format("Pot") + "// x\n" * 30,
        "pot_test.go": 'package pot\n\nimport "testing"\n\nfunc TestPot(t *testing.T) {\n\tvar p = Pot{Heat: 1}\n}\n',
        "internal/lid/lid.go": "package lid\n\n" + struct.format("Lid") + "// x\n" * 30,
    }
    pages = pages_of(files)
    contract = next(
        one.body for one in pages["Implementation:o_r_Pot"].sections if one.heading == "I/O Contract"
    )
    assert "| `Heat` | `int` | Heat in degrees. (`pot.go:L6-7`) |" in contract
    assert "rim" not in contract
    assert "Implementation:o_r_Lid" not in pages
    surface = pages["Module:o_r_internal_lid"].sections[0].body
    assert "Fields: `Heat` “Heat in degrees.” (`internal/lid/lid.go:L5-6`)." in surface


def test_a_file_that_hands_out_what_others_define_says_so_and_is_not_told_by_another_file() -> None:
    names = [f"part_{n}" for n in range(6)]
    handing = "".join(f"from .core import {name}\n" for name in (*names, "Pot"))
    listed = ", ".join(f'"{name}"' for name in (*names, "Pot"))
    many = "".join(f"def {name}():\n    return 1\n\n\n" for name in names)
    long = "".join(f"def step_{n}():\n    return {n}\n\n\n" for n in range(100))
    files = {
        "pot/__init__.py": f"{handing}\n__all__ = [{listed}]\n\n\ndef __getattr__(name):\n    return name\n"
        + "x = 1\n" * 310,
        "pot/main.py": f'"""Logic for making pots."""\n\n\n{long}',
        "pot/core.py": f"class Pot:\n    pass\n\n\n{many}",
        "README.md": "# Pot\n\n```python\nfrom pot import Pot\n\nPot()\n```\n",
    }
    pages = pages_of(files)
    of_file = {page.title: page for page in pages.values() if page.type == "Module"}
    outer = of_file["pot/__init__.py"]
    assert (
        outer.overview == "`pot/__init__.py` offers 7 names: `Pot`, `part_0`, `part_1`, `part_2` and 3 more."
    )
    surface = {section.heading: section.body for section in outer.sections}["Public Surface"]
    assert "the names that it hands out: [`Pot`](../implementations/" in surface
    assert "making pots" in of_file["pot/main.py"].overview
    assert "making pots" not in of_file["pot"].overview
