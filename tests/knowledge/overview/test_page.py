"""The first page: what the README says of the thing, how it is used, built and changed, what it needs and why."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.building import build
from codebase_gardener.knowledge.modules.relations import Relations
from codebase_gardener.knowledge.modules.tree import module_tree
from codebase_gardener.knowledge.overview.page import overview_page
from codebase_gardener.knowledge.pages.structure import Page
from codebase_gardener.utils.progress import Quiet
from samples.written_context import context_of

README = """
# Pot

[![badge](https://x.y/z.svg)](https://x.y)

[Try our sponsor](https://sponsor.example)

Pot is a library that cooks stews slowly. It has no lid.

- Heats anything
- Never burns

## Installation

Type this first of all.

```python
from pot import boil

boil(1)
```

## Sponsors

Our sponsors are many and great.
"""
FILES = {
    "README.md": README,
    "pot/__init__.py": 'from .core import boil\n',
    "pot/core.py": 'import yaml_like\n\n\ndef boil(heat):\n    """Boils a pot."""\n    return yaml_like.load(heat)\n'
                   + "x = 1\n" * 20,
    "pyproject.toml": '[project]\nname = "pot"\ndependencies = ["yaml-like>=2"]\n[project.optional-dependencies]\n'
                      'fire = ["matches"]\n',
    "CONTRIBUTING.md": "# Contributing\n\n## Set up\n\n```bash\npip install -e .\n```\n",
    "Makefile": "test: lint\n\tpytest -q\n\nCC := gcc\n",
    ".github/workflows/ci.yml": "jobs:\n  a:\n    steps:\n      - run: pytest\n      - run: |\n          mypy .\n"
                                "          echo ${{ secrets.X }}\n      - uses: x\n",
    "package.json": '{\n  "name": "pot",\n  "scripts": {\n    "build": "tsc -p ."\n  },\n  "x": {"y": "z"}\n}\n',
    "tox.ini": "[testenv:docs]\ncommands =\n    sphinx-build docs out\n",
}  # fmt: skip


def overview(files: dict[str, str]) -> Page:
    built = build(context_of(files).repository, Quiet())
    assert built.findings == ()
    return next(page for page in built.pages if page.type == "Overview")


def test_it_says_what_the_thing_is_in_the_words_of_its_readme() -> None:
    page = overview(FILES)
    assert page.file == "_Overview.md"
    assert page.overview == (
        "`pot`, in the words of its README (`README.md:L7-7`): “Pot is a library that cooks stews slowly.”"
    )
    assert "> Pot is a library that cooks stews slowly. It has no lid." in page.description
    assert "> - Never burns" in page.description
    assert "sponsor" not in page.description.lower()
    assert "Type this" not in page.description


def test_it_shows_how_it_is_used() -> None:
    usage = overview(FILES).usage
    assert "Installed with `pip install pot`." in usage
    assert "From `README.md:L17-19`:\n\n```python\nfrom pot import boil\n\nboil(1)\n```" in usage
    program = overview(
        {"Cargo.toml": '[package]\nname = "pot"\n', "src/main.rs": "fn main() {}\n", "README.md": "# Pot\n"}
    )
    assert "Installed with `cargo install pot`." in program.usage
    assert "* [`boil`](implementations/o_r_boil.md) (`pot/core.py:L4-6`): “Boils a pot.”" in usage


def test_it_tells_what_its_files_tell_to_run() -> None:
    told = overview(FILES).sections[3].body
    for command, where in (
        ("pip install -e .", "CONTRIBUTING.md:L6-6"), ("make test", "Makefile:L1-2"),
        ("npm run build", "package.json:L4-4"), ("pytest", ".github/workflows/ci.yml:L4-4"),
        ("mypy .", ".github/workflows/ci.yml:L6-6"), ("tox -e docs", "tox.ini:L1-3"),
    ):  # fmt: skip
        row = next(line for line in told.split("\n") if line.startswith(f"| `{command}` |"))
        assert f"`{where}`" in row
    assert "secrets" not in told
    assert "CC" not in told


def test_of_many_scripts_those_that_test_and_build_are_shown_and_the_rest_is_counted() -> None:
    names = [*(f"step{at}" for at in range(14)), "build", "test", "lint"]
    scripts = ",\n".join(f'    "{name}": "run-{name}"' for name in names)
    told = overview({**FILES, "package.json": f'{{\n  "scripts": {{\n{scripts}\n  }}\n}}\n'}).sections[3].body
    rows = [line for line in told.split("\n") if line.startswith("| `npm run")]
    assert len(rows) == 12
    assert [row.split("`")[1] for row in rows[:4]] == [
        "npm run build", "npm run test", "npm run lint", "npm run step0",
    ]  # fmt: skip
    assert "and 5 more." in told


def test_it_says_why_a_dependency_is_needed() -> None:
    told = overview(FILES).sections[4].body
    assert (
        "| `yaml-like>=2` | — | imported by `pot/core.py`, for `yaml_like.load` | `pyproject.toml:L3-3` |"
        in told
    )
    assert "| `matches` | the extra `fire` | no import by this name was found in the package |" in told


def test_without_a_readme_the_packaging_file_speaks_and_without_both_the_code() -> None:
    bare = {"pot.py": "def boil(heat):\n    return heat\n"}
    described = '[project]\nname = "pot"\ndescription = "Cooks stews slowly"\n'
    assert overview(bare | {"pyproject.toml": described}).overview == (
        "`pot` calls itself in `pyproject.toml`: “Cooks stews slowly”"
    )
    assert "neither a README nor a packaging file says what for" in overview(bare).overview
    said = {"pot.py": f'"""Cooks stews slowly."""\n\n{bare["pot.py"]}'}
    assert "in the words of its code (`pot.py:L1-1`): “Cooks stews slowly.”" in overview(said).overview


def test_without_other_pages_it_stands_alone() -> None:
    context = context_of({"README.md": README, "data.csv": "a,b\n"})
    page = overview_page(context, Relations(module_tree(context.repository), context), [], {})
    assert page.sections[0].body == "It holds no code that is not a test."
    assert "Pot is a library that cooks stews slowly." in page.overview


def test_where_the_root_has_no_readme_that_of_the_most_code_speaks() -> None:
    files = {
        "packages/pot/README.md": "# Pot\n\nPot cooks stews slowly.\n",
        "packages/pot/src/a.py": "def boil():\n    return 1\n" * 20,
        "packages/lid/README.md": "# Lid\n\nLid closes pots.\n",
        "packages/lid/a.py": "def close():\n    return 1\n",
    }
    assert "`packages/pot/README.md:L3-3`" in overview(files).overview


def test_where_no_file_is_a_readme_the_first_page_of_the_documentation_speaks() -> None:
    front = "Pot\n===\n\n.. image:: https://x.y/z.svg\n    :target: https://x.y\n\n"
    front += "**Please refer to the** `docs <https://x.y>`_ **for more.**\n\n"
    front += "Pot is a library that cooks stews slowly.\n"
    files = {path: text for path, text in FILES.items() if path != "README.md"}
    page = overview(
        files | {"docs/source/index.rst": front, "docs/source/more/index.rst": "More\n====\n\nNo.\n"}
    )
    assert page.overview == (
        "`pot`, in the words of its documentation (`docs/source/index.rst:L9-9`): "
        "“Pot is a library that cooks stews slowly.”"
    )
    assert page.description == "> Pot is a library that cooks stews slowly.\n\n— `docs/source/index.rst:L9-9`"


def test_comments_in_a_readme_are_not_shown() -> None:
    readme = "# Pot\n\n<!-- It is a secret that\n\nnobody knows. -->\n\n"
    readme += "Pot is a library <!-- TODO: or a\ntool? --> for stews.\n"
    page = overview(FILES | {"README.md": readme})
    assert "TODO" not in page.overview + page.description
    assert "secret" not in page.overview + page.description
    assert "“Pot is a library for stews.”" in page.overview


def test_a_heading_behind_what_it_is_is_no_title() -> None:
    readme = (
        "Pot is a library for stews.\n\nDocumentation\n=============\n\nView all of it at the place of old.\n"
    )
    files = {path: text for path, text in FILES.items() if path != "README.md"}
    page = overview(files | {"README.rst": readme})
    assert page.description == "> Pot is a library for stews.\n\n— `README.rst:L1-1`"


@pytest.mark.parametrize(
    "readme", ["", "# Another\n", "\n\n", "# A\n\n## B\n", "![a](b.png)\n", "```\nx\n```\n", "* \n"]
)
def test_a_readme_that_says_nothing_stops_nothing(readme: str) -> None:
    assert overview({"README.md": readme, "a.py": "def f():\n    return 1\n"}).overview


def test_a_sentence_about_it_comes_before_one_that_only_names_it() -> None:
    files = {
        "README.md": "# Kettle\n\nPlease refer to the kettle documentation for more.\n\n"
        "Kettle is a library that boils water for those who want their tea at once.\n",
        "pyproject.toml": '[project]\nname = "kettle"\n',
        "kettle.py": "def boil():\n    return 1\n",
    }
    assert overview(files).overview.endswith(
        "“Kettle is a library that boils water for those who want their tea at once.”"
    )


def test_badges_and_marks_of_a_quote_are_no_words_of_its_readme() -> None:
    badges = (
        "# Pot\n\n[![Build][badge]][status]\n[![Version][v]][w]\nPot is a library that cooks stews slowly.\n"
    )
    described = overview(FILES | {"README.md": badges}).description
    assert "Build" not in described
    assert "— `README.md:L5-5`" in described
    quoted = overview(FILES | {"README.md": "# Pot\n\n> Pot is a library that cooks\n> stews slowly.\n"})
    assert "> Pot is a library that cooks\n> stews slowly." in quoted.description


def test_tags_of_a_readme_are_not_shown() -> None:
    html = '<p align="center">\n  Pot is a library that <em>cooks</em> stews\n  <br/>\n  slowly, unlike `<b>`.\n</p>\n'
    described = overview(FILES | {"README.md": f"# Pot\n\n{html}"}).description
    assert ">   Pot is a library that cooks stews\n>   slowly, unlike `<b>`." in described


def test_a_line_of_code_before_what_it_shows_is_not_passed_over_in_silence() -> None:
    assert "The first code that the README shows:" in overview(FILES).usage
    readme = README.replace("Type this", "```python\nimport pot\n```\n\nType this")
    assert (
        "The first code of several lines that the README shows:"
        in overview(FILES | {"README.md": readme}).usage
    )


def test_the_first_code_may_be_indented_and_without_a_language() -> None:
    code = "from pot import Pot\n\nPot().boil(3)"
    typed = "```sh\npip install pot\npip install lid\n```\n"
    for block in (
        f"```\n{code}\n```\n",
        "    " + code.replace("\n", "\n    ").replace("    \n", "\n") + "\n",
    ):
        readme = f"# Pot\n\nPot cooks stews.\n\n## Use\n\n{typed}\nSo:\n\n{block}\n" + README
        usage = overview(FILES | {"README.md": readme}).usage
        line = readme[: readme.index("from pot")].count("\n") + 1
        assert f"The first code that the README shows:\n\nFrom `README.md:L{line}-{line + 2}`:" in usage


def test_code_of_a_repository_in_another_language_is_read_without_its_label() -> None:
    readme = "# pot\n\nPackage pot cooks stews.\n\n    p := pot.New()\n    p.Boil(3)\n"
    files = {"README.md": readme, "go.mod": "module x.org/pot\n", "pot.go": "package pot\n\nfunc New() {}\n"}
    assert "The first code that the README shows:\n\nFrom `README.md:L5-6`:" in overview(files).usage


def test_code_that_stands_behind_other_code_is_not_called_the_first() -> None:
    readme = README.replace("Type this", "```toml\n[pot]\nheat = 3\n```\n\nType this")
    assert "\n\nCode that the README shows:" in overview(FILES | {"README.md": readme}).usage


def test_commands_of_a_readme_may_be_indented_or_have_no_language() -> None:
    section = "## Development\n\nBuild it:\n\n    make build\n    # all of it\n    make test\n\n"
    section += "* Then\n\n    npm run lint\n\n"
    section += "```\n$ tox -e py\nok: 3\n```\n\nmake it good.\n"
    readme = f"{README.strip()}\n\n{section}"
    told = overview(FILES | {"README.md": readme}).sections[3].body
    for command in ("make build", "make test", "npm run lint", "tox -e py"):
        line = readme[: readme.index(command)].count("\n") + 1
        assert f"| `{command}` | `README.md:L{line}-{line}` |" in told
    assert "ok: 3" not in told
    assert "make it good" not in told


def test_what_it_is_may_lead_to_code_and_a_paragraph_of_badges_is_none() -> None:
    readme = "# Pot\n\n[![a]][b]\n[![cook-book image]][d] for all of you\n\n"
    readme += "Pot is a language for stews:\n\n    boil(1)\n"
    page = overview(FILES | {"README.md": readme})
    assert "“Pot is a language for stews”" in page.overview
    assert "cook-book" not in page.description


def test_what_no_document_shows_is_not_what_users_call_most() -> None:
    page = overview({path: text for path, text in FILES.items() if path != "README.md"})
    usage = "\n".join([page.usage, *(one.body for one in page.sections)])
    assert "What it offers:" in usage
    assert "users meet it first" not in usage


def test_an_example_in_its_own_docstring_is_no_call_by_users() -> None:
    stir = 'def stir(pot):\n    """Stirs it.\n\n    Example:\n        >>> stir(1)\n    """\n    return pot\n'
    page = overview(
        FILES
        | {
            "pot/__init__.py": "from .core import boil\nfrom .spoon import stir\n",
            "pot/spoon.py": stir,
        }
    )
    usage = "\n".join([page.usage, *(one.body for one in page.sections)])
    most, _, rest = usage.partition("What else it offers:")
    assert "[`boil`]" in most
    assert "[`stir`]" in rest


def test_a_paragraph_that_begins_with_no_word_does_not_say_what_it_is() -> None:
    readme = "# Pot\n\n... so better eat this\n\nVarious helpers to cook stews. More of it.\n"
    page = overview(FILES | {"README.md": readme})
    assert "“Various helpers to cook stews.”" in page.overview


def test_it_opens_with_what_the_thing_is_and_not_with_what_it_is_not() -> None:
    readme = "**If you come from 1.0, see MIGRATION.md**\n\nkiln is a full-fledged oven that lets you fire any pot\n"
    readme += (
        "as if it were bread:\n\n```python\nfire()\n```\n\nkiln is *not* a collection of pots of clay.\n"
    )
    page = overview(
        {
            "README.md": readme,
            "kiln.py": "def fire():\n    return 1\n",
            "setup.cfg": "[metadata]\nname = kiln\n",
        }
    )
    assert (
        "(`README.md:L3-4`): “kiln is a full-fledged oven that lets you fire any pot as if it were bread”"
        in page.overview
    )
    assert "If you come from" not in page.description
    assert "kiln is *not* a collection of pots" in page.description


def test_the_section_of_its_readme_and_its_packaging_file_tell_how_to_work_on_it() -> None:
    files = {path: FILES[path] for path in ("pot/__init__.py", "pot/core.py", "pyproject.toml")}
    files["README.md"] = (
        README + "\n## 🤝 Contributing\n\nSend a patch to us.\n\n## Contributors\n\nMany people.\n"
    )
    files["pyproject.toml"] += (
        '[build-system]\nrequires = ["flames"]\n[dependency-groups]\ndev = [\n "tongs",\n "cap",\n]\n'
    )
    told = overview(files).sections[3].body
    assert "under “🤝 Contributing”: `README.md:L26-29`." in told
    assert "Contributors" not in told
    assert "([Development Environment](environments/o_r_Development_Environment.md))" in told
    assert "* For building it: `flames` (`pyproject.toml:L7-7`)" in told
    assert "* For work on it, under `dev`: `tongs`, `cap` (`pyproject.toml:L10-11`)" in told


def test_a_package_comment_says_what_it_is_and_the_type_that_users_begin_with_comes_before_what_they_seldom_use() -> (
    None
):
    types = "".join(f"// Lid{n} closes a pot.\ntype Lid{n} struct{{}}\n\n" for n in range(8))
    tests = "".join(
        f"func Test{n}(t *testing.T) {{\n\tvar lid Lid{n}\n\tpot := New()\n\tpot.Boil(lid)\n}}\n\n"
        for n in range(8)
    )
    code = "// Package pot cooks stews slowly.\npackage pot\n\n// Zot is a pot.\ntype Zot struct{}\n\n"
    code += "// New makes a pot.\nfunc New() *Zot { return nil }\n\n// Boil heats.\nfunc (z *Zot) Boil(lid any) {}\n\n"
    page = overview(
        {
            "go.mod": "module example.org/pot\n",
            "stove.go": code + types,
            "other.go": "package pot\n\nvar x = 1\n",
            "pot_test.go": f'package pot\n\nimport "testing"\n\n{tests}',
        }
    )
    assert "in the words of its code (`stove.go:L1-1`): “Package pot cooks stews slowly.”" in page.overview
    assert page.description.endswith("“Package pot cooks stews slowly.”")
    assert "* [`Zot`]" in page.usage


def test_contents_authors_comparisons_and_links_do_not_say_what_it_is() -> None:
    readme = (
        "Pot\n===\n\n- `Example Code`_\n- Supported Stews\n- `Cook book`_\n\n"
        "For a comparison with other pots, see `the comparison <https://x.y>`_.\n\n"
        "Lead maintainer: Ann of the kitchen\n\n"
        "A vessel with some added heat for stews.\n\n"
        "The pot module was originally created and maintained by Bob of the cellar.\n\n"
        "Supported Stews\n---------------\n\nAll.\n"
    )
    page = overview(
        {path: text for path, text in FILES.items() if path != "README.md"} | {"README.rst": readme}
    )
    assert "“A vessel with some added heat for stews.”" in page.overview
    for word in ("Example", "Supported", "comparison", "maintain"):
        assert word not in page.description


def test_a_quoted_sentence_ends_before_what_it_leads_to() -> None:
    readme = "# Pot\n\n> Stews are made slowly\n\n**Pot** is a set of tools of the kitchen, including:\n\n* a lid\n"
    page = overview(FILES | {"README.md": readme})
    assert "“Pot is a set of tools of the kitchen”" in page.overview
    assert "> Stews are made slowly" in page.description


def test_it_lists_the_commands_that_its_code_declares_and_no_build_hook() -> None:
    files = {path: FILES[path] for path in ("README.md", "pot/__init__.py", "pot/core.py", "pyproject.toml")}
    files["pyproject.toml"] += '[project.scripts]\npot = "pot.main:cli"\n'
    files["pot/main.py"] = (
        "def cli(subparsers):\n"
        '    subparsers.add_parser("stir", help="Stirs the stew.")\n'
        '    subparsers.add_parser("eat", help="Eats "\n                         "all of it.")\n'
    )
    files["hatch_build.py"] = "class CustomBuildHook:\n    def initialize(self):\n        return 1\n"
    page = overview(files)
    assert (
        "* `pot stir` (`pot/main.py:L2-2`): “Stirs the stew.”\n* `pot eat` (`pot/main.py:L3-4`)\n"
        in page.usage
    )
    assert "CustomBuildHook" not in "".join([page.usage, *(section.body for section in page.sections)])


def test_an_import_by_a_written_name_is_an_import() -> None:
    files = {path: FILES[path] for path in ("README.md", "pot/__init__.py", "pot/core.py", "pyproject.toml")}
    files["pot/fire.py"] = (
        'from importlib import import_module\n\n\ndef light():\n    return import_module("matches").light()\n'
    )
    assert "| `matches` | the extra `fire` | imported by `pot/fire.py` |" in overview(files).sections[4].body


def test_a_path_needs_no_import_in_rust() -> None:
    files = {
        "Cargo.toml": '[package]\nname = "pot"\n[dependencies]\nglaze = "1"\nspin = "1"\nclay_core = "1"\nkiln = "1"\n',
        "src/lib.rs": (
            "extern crate clay_core as clay;\nmod fire;\n#[spin::main]\npub fn start() {}\n"
            "pub fn cool() -> glaze::Coat { glaze::Coat::new() }\n"
        ),
        "src/fire.rs": "use clay::Pot;\npub fn fire(pot: Pot, kiln: u8) -> u8 { kiln.heat() }\n",
    }
    rows = overview(files).sections[4].body.split("\n")
    assert [row.split(" | ")[-2] for row in rows[2:]] == [
        "named in paths by `src/lib.rs`",
        "named in paths by `src/lib.rs`",
        "imported by `src/fire.rs`, `src/lib.rs`",
        "no import by this name was found in the package",
    ]


def test_a_pointer_in_italics_is_one_too() -> None:
    readme = "# Pot\n\n_For other pots, see\n[the comparison](https://x.y)._\n\nPot cooks stews slowly.\n"
    assert "comparison" not in overview(FILES | {"README.md": readme}).description


def test_where_no_module_uses_another_the_files_are_drawn() -> None:
    files = {
        "a/x.py": "from a.y import f\n\nx = f()\n" + "x = 1\n" * 30,
        "a/y.py": "def f():\n    return 1\n",
        "b/z.py": "def g():\n    return 1\n" + "x = 1\n" * 30,
    }
    told = overview(files).sections[1].body
    assert 'N0["a/x.py"]' in told
    assert "--> N1" in told.replace('-->|"1"|', "-->") or 'N0 -->|"1"| N1' in told


def test_a_title_of_the_second_level_that_names_it_is_one() -> None:
    readme = (
        "[![a](b.png)](c)\n\n## Pot\n\nBoils stews quite well.\n\n## Features\n\n- Never burns anything\n"
    )
    assert "“Boils stews quite well.”" in overview(FILES | {"README.md": readme}).overview


@pytest.mark.parametrize(
    ("readme", "told"),
    [
        ("pot simply stands for poached or toasted.\n\npot is a library to cook stews slowly.", "pot is a library"),
        ("Professional support for pot is available from cooks.\n\npot cooks any stew.", "pot cooks any stew"),
        ("[The manual](https://x.y) - [Its code](https://x.y)\n\n# Stews for all\n\npot is a tool to cook stews.",
         "pot is a tool"),
        ("All about some pot philosophy of cooks.", "Cooks stews slowly"),
    ],
)  # fmt: skip
def test_it_opens_neither_with_a_names_meaning_nor_with_an_advert(readme: str, told: str) -> None:
    described = '[project]\nname = "pot"\ndescription = "Cooks stews slowly"\n'
    page = overview(FILES | {"README.md": f"# Pot\n\n{readme}\n", "pyproject.toml": described})
    assert f"“{told}" in page.overview


def test_a_program_tells_its_commands_and_options_first_and_not_what_is_inside() -> None:
    packaging = '[project]\nname = "pot"\n[project.scripts]\npot = "pot.core:main"\n'
    readme = "# Pot\n\npot is a tool to cook. We hope you like it.\n\n```bash\npot stew --slow\npot soup -x ladle -v\n"
    readme += "```\n"
    again = "# Again\n\n```bash\npot soup 1\npot stew --slow\n```\n"
    files = {"README.md": readme, "pyproject.toml": packaging, "pot/__init__.py": "", "docs/again.md": again}
    page = overview(FILES | files)
    assert "We hope you like it" in page.description
    assert "* `pot stew --slow`: `README.md:L6-6`" in page.usage
    assert page.usage.index("What it offers: the program `pot`.") < page.usage.index("* `pot stew --slow`")
    assert "* `pot soup -x ladle -v`: `README.md:L7-7`" in page.usage
    assert "Options that documents give, most often first: `--slow`, `-x`." in page.usage
    assert "boil" not in page.usage


def test_a_sentence_that_needs_the_one_before_it_does_not_say_what_it_is() -> None:
    readme = (
        "# Boil water\n\nThe pot package boils water for stews.\n\n"
        "Another pot pioneered this approach. Pot is taking this concept to the next level.\n"
    )
    page = overview({**FILES, "README.md": readme})
    assert "“The pot package boils water for stews.”" in page.overview


def test_a_link_whose_words_are_code_with_brackets_says_nothing() -> None:
    readme = "# Pot\n\nPot is a vessel that boils water.\n\n- [Setting up `#[boil(Water, Milk)]` at home](https://x.y)\n"
    assert "Setting up" not in overview({**FILES, "README.md": readme}).description


def test_a_readme_of_one_long_word_is_read_once() -> None:
    word = "pot" * 2_000
    page = overview({**FILES, "README.md": f"# Pot\n\n{word} stews and is never told to stop or wait.\n"})
    assert page.title.startswith("pot")


def test_a_list_is_quoted_with_the_words_that_lead_to_it_or_not_at_all() -> None:
    readme = """# Pot

Pot is a library that cooks stews slowly.

Why:

- heat stews and soups

You can't use it to:

- cool anything that is hot

## Why

- Pots are cheap to have and to keep
"""
    text = overview({**FILES, "README.md": readme}).description
    assert "heat stews and soups" not in text
    assert "> You can't use it to:\n>\n> - cool anything that is hot" in text
    assert "- Pots are cheap to have and to keep" in text


def test_a_list_is_quoted_whole_or_says_how_much_is_left_out() -> None:
    names = ["Cooks soups", "Steam", *(f"Pot{number}" for number in range(20)), "Glass"]
    lead = "# Kiln\n\nKiln is a pot that cooks what you like, and this is what it does:\n\n"
    told, cut = (
        overview({**FILES, "README.md": lead + "".join(f"- {name}\n" for name in listed)}).description
        for listed in (names, [f"Cooks soups {number} {'x' * 200}" for number in range(20)])
    )
    assert "> - Steam\n> - Pot0\n" in told
    assert "> - Glass" in told
    assert f"The list has {20 - cut.count('> - Cooks')} further items." in cut


def test_a_few_words_lead_to_a_list_that_says_what_it_is() -> None:
    readme = (
        "*a light one*.\n\npot is:\n\n* a stew cooker\n* simple and clean\n\nSee also:\n\n* <https://o.org>\n"
    )
    text = overview({**FILES, "README.md": readme}).description
    assert "> pot is:\n>\n> * a stew cooker\n> * simple and clean" in text
    assert "See also" not in text


def test_words_that_lead_to_a_list_are_not_quoted_without_it() -> None:
    first = "".join(f"- {'Heats a pot ' * 8}in way {at}\n" for at in range(12))
    readme = (
        f"# Pot\n\nPot is a library that cooks stews slowly.\n\n{first}\nTwo options are there for a lid:\n\n"
    )
    told = overview(
        {**FILES, "README.md": readme + "".join(f"- {'a lid ' * 60}\n" for _ in range(3))}
    ).description
    assert "Heats a pot" in told
    assert "Two options" not in told


@pytest.mark.parametrize(("private", "title"), [("true", "r: the way in"), ("false", "root: the way in")])
def test_a_name_that_is_not_published_names_nothing(private: str, title: str) -> None:
    named = f'{{"name": "root", "version": "1.0.0", "private": {private}}}\n'
    page = overview({"package.json": named, "index.js": "export function boil() {}\n"})
    assert page.title.rpartition("_")[2] == title


def test_the_strongest_of_many_modules_in_one_folder_are_drawn() -> None:
    files = {"pkg/__init__.py": ""}
    for n in range(40):
        files[f"pkg/part{n}/__init__.py"] = ""
        used = f"from pkg.part{n - 1}.work import work{n - 1}\n\n\n" if n else ""
        files[f"pkg/part{n}/work.py"] = (
            f"{used}def work{n}(x):\n    return {f'work{n - 1}(x)' if n else 'x'}\n" + "x = 1\n" * 25
        )
    found = next(section.body for section in overview(files).sections if section.heading == "Architecture")
    assert found.startswith("An arrow leads to what is used; its number says how often.")
    assert found.count('["pkg/part') == 24
    assert '["pkg"]' in found
