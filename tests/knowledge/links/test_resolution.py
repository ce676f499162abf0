import time

import pytest

from codebase_gardener.documents.facts import Heading, Snippet
from codebase_gardener.knowledge.links.resolution import Resolution, resolve
from codebase_gardener.knowledge.links.uses import Passage, Target
from codebase_gardener.languages.python.code import python_code
from samples.written import facts_of
from samples.written_context import context_of

PACKAGE = {
    "src/pkg/__init__.py": "from .core import *\nfrom .io import load_model as load\nfrom . import tools\n",
    "src/pkg/core/__init__.py": "from .models import Base, Model\nfrom .models import helper\n"
    "__all__ = ['Model', 'helper', 'Base']\n",
    "src/pkg/core/models.py": '''
        import torch

        class Base(torch.nn.Module):
            @classmethod
            def from_file(cls, path):
                return cls()

            def save(self, path): ...

            def merge_layers(self):
                return self

            @property
            def part(self) -> "Part": ...

        class Part:
            def cut_off(self): ...
            def __call__(self): ...

        class Model(Base):
            kind = "model"

            def save(self, path): ...

        def helper() -> Model | None: ...
    ''',
    "src/pkg/io.py": '''
        from pkg.core import Model

        def load_model(path) -> Model: ...
        def pair() -> tuple[Model, str]: ...
    ''',
    "src/pkg/tools.py": "from contextlib import contextmanager\nfrom .core import Model\n\n"
    "@contextmanager\ndef opened():\n    yield Model()\n",
}  # fmt: skip

MODEL = "src/pkg/core/models.py"


def targets(resolution: Resolution, path: str, title: str = "") -> list[tuple[str, str, str]]:
    """(path, name, how) of the uses of a file's passage."""
    found = [p for p in resolution.passages if p.path == path and (not title or p.title == title)]
    return [(use.target.path, use.target.name, use.how) for use in found[0].uses] if found else []


def names(files: dict[str, str], script: str) -> list[tuple[str, str, str]]:
    """What a script uses, given a package."""
    return targets(
        resolve(facts_of({**PACKAGE, **files, "examples/script.py": script})), "examples/script.py"
    )


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("from pkg import Model\nModel()", [(MODEL, "Model", "import")]),
        ("import pkg\npkg.Model()", [(MODEL, "Model", "import")]),
        ("import pkg.core.models as m\nm.helper()", [(MODEL, "helper", "import")]),
        ("from pkg import tools\ntools.opened()", [("src/pkg/tools.py", "opened", "import")]),
        ("import pkg\npkg.load('x').save('y')",
         [("src/pkg/io.py", "load_model", "import"), (MODEL, "Model.save", "type")]),
        ("from pkg import Model\nm = Model()\nm.merge_layers()",
         [(MODEL, "Model", "import"), (MODEL, "Base.merge_layers", "type")]),
        ("from pkg import Model\nModel.from_file('x').merge_layers().save('y')",
         [(MODEL, "Base.from_file", "import"), (MODEL, "Base.merge_layers", "type"), (MODEL, "Model.save", "type")]),
        ("from pkg import helper\nm = helper()\nm = m.to('cuda')\nm.save('x')",
         [(MODEL, "helper", "import"), ("", "torch.nn.Module.to", "type"), (MODEL, "Model.save", "type")]),
        ("from pkg.io import pair\nm, name = pair()\nm.save('x')\nname.upper()",
         [("src/pkg/io.py", "pair", "import"), (MODEL, "Model.save", "type")]),
        ("from pkg.tools import opened\nwith opened() as m:\n    m.save('x')",
         [("src/pkg/tools.py", "opened", "import"), (MODEL, "Model.save", "type")]),
        ("from pkg import Model\np = Model().part\np.cut_off()\np()",
         [(MODEL, "Model", "import"), (MODEL, "Base.part", "type"), (MODEL, "Part.cut_off", "type"),
          (MODEL, "Part.__call__", "type")]),
        ("from pkg import Model\nprint(Model.kind)", [(MODEL, "Model.kind", "import")]),
        ("from pkg import Model\nms: list[Model] = []\nfor m in ms:\n    m.save('x')",
         [(MODEL, "Model", "import"), (MODEL, "Model.save", "type")]),
        ("def f(x):\n    x.merge_layers()", [(MODEL, "Base.merge_layers", "name")]),
        ("def f(x):\n    x.cut_off()\n    x.items()\n    x.unheard_of()", []),
        ("from pkg import Model\ndef Model(): ...\nModel()", []),
        ("from pkg import Model\ndef f(Model):\n    Model()", []),
        ("from pkg import Model\nx = Model()\nx = other[0]\nx.save('y')",
         [(MODEL, "Model", "import"), (MODEL, "Base.save", "name")]),
    ],
)  # fmt: skip
def test_what_a_script_means(script: str, expected: list[tuple[str, str, str]]) -> None:
    assert names({}, script) == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("from transformers import Trainer\nt = Trainer()\nt.train()",
         ["transformers.Trainer", "transformers.Trainer.train"]),
        ("from transformers import AutoModel as A\nm = A.from_pretrained('x').eval()\nm.generate()",
         ["transformers.AutoModel.from_pretrained"]),
        ("import torch.optim as o\no.AdamW([])", ["torch.optim.AdamW"]),
        ("import torch\nx = torch.randn(3)\nx.sum()", ["torch.randn"]),
        ("import os, pytest\nos.path.join('a')\npytest.raises(ValueError)\nlen([])", []),
    ],
)  # fmt: skip
def test_what_comes_from_outside_has_the_name_of_its_package(script: str, expected: list[str]) -> None:
    assert [(path, name) for path, name, _ in names({}, script)] == [("", name) for name in expected]


def test_members_that_are_handed_on() -> None:
    files = {
        "src/pkg/wrap.py": '''
            import torch
            class Wrapper(torch.nn.Module):
                def __getattr__(self, name):
                    return getattr(self.inner, name)
        ''',
        "src/pkg/layers.py": '''
            import torch
            class Layer(torch.nn.Module):
                def fold_weights(self): ...
                def state_dict(self):
                    return super().state_dict()
        ''',
    }  # fmt: skip
    script = "from pkg.wrap import Wrapper\nw = Wrapper()\nw.fold_weights()\nw.state_dict()\n"
    assert names(files, script) == [
        ("src/pkg/wrap.py", "Wrapper", "import"),
        ("src/pkg/layers.py", "Layer.fold_weights", "name"),
        ("", "torch.nn.Module.state_dict", "type"),
    ]


def test_a_member_that_is_handed_on_is_of_the_object_that_gets_it() -> None:
    files = {
        "src/pkg/base.py": '''
            class Table:
                def search(self): ...
                @property
                def name(self): ...
            class Shelf:
                def search(self): ...
                def dust(self): ...
            class Base:
                def table(self, name) -> Table: ...
                def __getattr__(self, name):
                    return getattr(self.table("default"), name)
            class Query:
                def __getattr__(self, item):
                    return type(self)()
            class Ring:
                def __init__(self):
                    self.next = Ring()
                def __getattr__(self, name):
                    return getattr(self.next, name)
        ''',
    }  # fmt: skip
    script = (
        "from pkg.base import Base, Query, Ring, Shelf\ndb = Base()\ndb.search()\ndb.dust()\ndb.name\n"
        "user = Query()\nuser.name == 'John'\nuser.dust()\nRing().dust()\n"
    )
    found = [name for _, name, _ in names(files, script)]
    assert [name for name in found if "." in name] == ["Table.search", "Table.name"]


def test_a_name_that_the_standard_library_has_tells_nothing_of_an_unknown_thing() -> None:
    report = "class Report:\n    def write_text(self, text): ...\n    def publish(self): ...\n"
    wrapper = "class Wrapper:\n    def __getattr__(self, name):\n        return getattr(self.inner, name)\n"
    script = (
        "from pkg import Report, Wrapper\n\ndef main(path, other):\n    path.write_text('')\n"
        "    other.publish()\n    Wrapper().write_text('')\n    Report().write_text('')\n"
    )
    facts = facts_of({"src/pkg/__init__.py": report + wrapper, "examples/run.py": script})
    used = targets(resolve(facts), "examples/run.py")
    found = [name for _, name, _ in used if "." in name]
    assert found == ["Report.publish", "Report.write_text", "Report.write_text"]


def test_cycles_end() -> None:
    files = {
        "src/pkg/a.py": "from .b import x, y\nclass A(B): ...\nclass B(A): ...\n",
        "src/pkg/b.py": "from .a import x\nfrom .a import *\nfrom .core import Model as y\nz = z\n",
    }
    script = "from pkg.a import x, y, A\nx()\ny()\nA().nothing()\nfrom pkg.b import z\nz.a()\n"
    assert names(files, script) == [(MODEL, "Model", "import"), ("src/pkg/a.py", "A", "import")]


def test_definitions_made_twice_or_under_if() -> None:
    files = {
        "src/pkg/twice.py": '''
            from typing import overload
            if True:
                def f(): ...
            else:
                def f(): ...
            try:
                from fast import g
            except ImportError:
                def g(): ...
            @overload
            def h(x: int) -> "A": ...
            @overload
            def h(x: str) -> "B": ...
            def h(x): ...
            class A:
                class Inner:
                    def act_now(self): ...
            class B:
                def be_there(self): ...
        ''',
    }  # fmt: skip
    script = "from pkg.twice import f, g, h, A\nf()\ng()\nA.Inner().act_now()\nh('x').be_there()\n"
    path = "src/pkg/twice.py"
    assert [(p, n) for p, n, _ in names(files, script)] == [
        (path, "f"), (path, "g"), (path, "A.Inner"), (path, "A.Inner.act_now"), (path, "h"), (path, "B.be_there"),
    ]  # fmt: skip


def test_layouts_of_packages() -> None:
    files = {
        "lib/other/__init__.py": "",
        "lib/other/mod.py": "def one(): ...\n",
        "src/space/part/__init__.py": "def two(): ...\n",
        "flat/__init__.py": "from .typing import three\n",
        "flat/typing.py": "def three(): ...\n",
        "flat/user.py": "import typing\ntyping.cast(int, 1)\n",
        "examples/beside.py": "def four(): ...\n",
    }
    script = "import other.mod\nimport space.part\nimport flat\nfrom beside import four\n"
    script += "other.mod.one()\nspace.part.two()\nflat.three()\nfour()\n"
    resolution = resolve(facts_of({**files, "examples/script.py": script}))
    assert [(p, n) for p, n, _ in targets(resolution, "examples/script.py")] == [
        ("lib/other/mod.py", "one"), ("src/space/part/__init__.py", "two"), ("flat/typing.py", "three"),
    ]  # fmt: skip
    assert resolution.unresolved == 0
    assert Target("", "typing.cast") not in resolution.callers


def test_copies_of_a_package_are_told_apart() -> None:
    one = {f"{folder}/{path}": text for folder in ("a", "b") for path, text in PACKAGE.items()}
    scripts = {f"{folder}/examples/s.py": "import pkg\npkg.Model()\n" for folder in ("a", "b")}
    resolution = resolve(facts_of({**one, **scripts}))
    assert targets(resolution, "a/examples/s.py") == [("a/" + MODEL, "Model", "import")]
    assert targets(resolution, "b/examples/s.py") == [("b/" + MODEL, "Model", "import")]


def test_tests_get_their_fixtures_setup_and_helpers() -> None:
    tests = {
        "tests/conftest.py": "import pytest\nfrom pkg import Model\n@pytest.fixture\ndef far():\n    yield Model()\n",
        "tests/test_models.py": '''
            import pytest
            from pkg import Model, helper

            @pytest.fixture
            def near(far):
                return Model.from_file("x")

            def make():
                return helper()

            def test_saving_works(near, far):
                near.save("a")
                far.merge_layers()

            class TestMore:
                def setup_method(self):
                    self.model = Model()

                def test_made(self):
                    """It can be made. And more."""
                    self.model.save("x")
                    make().save("y")
        ''',
    }  # fmt: skip
    resolution = resolve(facts_of({**PACKAGE, **tests}))
    assert targets(resolution, "tests/test_models.py", "Saving works") == [
        (MODEL, "Base.from_file", "import"), (MODEL, "Model.save", "type"), (MODEL, "Base.merge_layers", "type"),
    ]  # fmt: skip
    assert targets(resolution, "tests/test_models.py", "It can be made") == [
        (MODEL, "Model", "import"), (MODEL, "Model.save", "type"), (MODEL, "helper", "import"),
        (MODEL, "Model.save", "type"),
    ]  # fmt: skip
    scopes = [passage.scope for passage in resolution.passages if passage.area == "test"]
    assert scopes == ["test_saving_works", "TestMore.test_made"]


def test_a_document_carries_names_over() -> None:
    blocks = [
        (3, "from pkg import Model\nmodel = Model()"),
        (9, "model.save('x')\nLATER()"),
        (12, "pkg.helper()\nhelper()"),
    ]
    facts = facts_of({**PACKAGE, "README.md": "x\n" * 14})
    snippets = []
    for line, code in blocks:
        said = python_code(code, line)
        snippets.append(
            Snippet(
                line,
                line + code.count("\n"),
                "python",
                "",
                "",
                code,
                said.imports,
                said.bindings,
                said.references,
            )
        )
    headings = (Heading(1, "Pkg", 1, 14), Heading(2, "Make", 2, 6), Heading(2, "Save", 7, 14))
    facts["README.md"] = facts["README.md"].__class__(
        **{**vars(facts["README.md"]), "snippets": tuple(snippets), "headings": headings}
    )
    resolution = resolve(facts)
    found = [(p.title, p.start, p.end, p.area) for p in resolution.passages]
    assert found == [
        ("Pkg", 1, 14, "readme"), ("Pkg: Make", 3, 4, "readme"), ("Pkg: Save", 9, 13, "readme"),
    ]  # fmt: skip
    assert targets(resolution, "README.md", "Pkg: Save") == [
        (MODEL, "Model.save", "type"), (MODEL, "helper", "import"), (MODEL, "helper", "name"),
    ]  # fmt: skip
    assert (resolution.references, resolution.unresolved) == (5 + 8, 1)  # eight in the package's own code


def test_public_names_and_exports() -> None:
    resolution = resolve(facts_of(PACKAGE))
    assert resolution.exported[Target(MODEL, "Model")] == "pkg.Model"
    assert resolution.exported[Target("src/pkg/io.py", "load_model")] == "pkg.load"
    assert resolution.public["pkg.core.models.Part"] == Target(MODEL, "Part")
    assert resolution.public["pkg.Base.merge_layers"] == Target(MODEL, "Base.merge_layers")
    assert Target(MODEL, "Part") not in resolution.exported
    assert next(iter(resolution.public)).count(".") == 1


def test_callers_are_of_the_package_alone() -> None:
    files = {
        "src/pkg/use.py": "from pkg import load\ndef run():\n    load('x')\n",
        "tests/test_x.py": "import pkg\npkg.load('y')\n",
    }
    resolution = resolve(facts_of({**PACKAGE, **files}))
    uses = resolution.callers[Target("src/pkg/io.py", "load_model")]
    assert [(use.path, use.start, use.scope, use.kind, use.text) for use in uses] == [
        ("src/pkg/use.py", 3, "run", "call", "load('x')")
    ]


def test_counts_are_of_what_stands_there() -> None:
    script = "import torch\nx = torch.randn(2)\nx.sum()\nlen(x)\nunknown()\ny.z\n"
    resolution = resolve(facts_of({"examples/s.py": script}))
    assert (resolution.references, resolution.unresolved, resolution.foreign) == (4, 3, 1)


def test_examples_have_a_passage_for_the_file_and_for_its_functions() -> None:
    script = '"""Saves a model. Twice."""\nfrom pkg import Model\n\ndef main():\n    m = Model()\n    m.save("x")\n'
    script += "\nModel()\nmain()\n"
    resolution = resolve(facts_of({**PACKAGE, "examples/s.py": script}))
    found = [p for p in resolution.passages if isinstance(p, Passage)]
    assert [(p.title, p.scope, p.start, p.end, len(p.uses)) for p in found] == [
        ("Saves a model", "", 1, 9, 3), ("Saves a model: Main", "main", 4, 6, 2),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "x = f()\n" + "x = x.g()\n" * 5_000,
        "\n".join(f"class C{n}(C{n + 1}):\n    pass" for n in range(3000)),
        "\n".join(f"x{n + 1} = x{n}" for n in range(5_000)) + "\nx5000.go()",
        "\n".join(f"def f{n}():\n    return f{n + 1}()" for n in range(3000)) + "\nf0().go()",
        "from .m import *\n" * 3000 + "a.b()\n",
    ],
    ids=["rebound", "bases", "aliases", "returns", "stars"],
)
def test_long_chains_end_quickly(text: str) -> None:
    facts = facts_of({"src/pkg/__init__.py": "from .m import *\n", "src/pkg/m.py": text})
    started = time.process_time()
    resolve(facts)
    assert time.process_time() - started < 5


def test_the_same_facts_give_the_same_links() -> None:
    facts = facts_of({**PACKAGE, "examples/s.py": "from pkg import Model\nModel().save('x')\n"})
    assert resolve(facts) == resolve(dict(reversed(list(facts.items()))))


def test_translations_are_no_evidence() -> None:
    def page(path: str) -> dict[str, str]:
        return {path: "# Use\n\nDo:\n\n```python\nfrom pkg.io import load_model\n\nload_model(1)\n```\n"}

    resolution = resolve(
        facts_of({**PACKAGE, **page("docs/en/a.md"), **page("docs/de/a.md"), **page("docs/a.fr.md")})
    )
    assert {p.path for p in resolution.passages} == {"docs/en/a.md", "docs/a.fr.md"}


@pytest.mark.parametrize(
    ("call", "linked"),
    [
        ("stamp('1979')", True),
        ("stamp(*parts)", True),
        ("stamp(raw='1979')", True),
        ("stamp(1979, 5, 27)", False),
        ("stamp('1979', zone=None)", False),
        ("rest(1, 2, zone=None)", True),
        ("wrapped(1, 2)", True),
        ("Clock().tick(1)", True),
        ("Clock.tick(Clock(), 1)", True),
        ("Clock().tick(1, 2, 3)", False),
    ],
)
def test_a_call_that_the_signature_cannot_take_is_unknown(call: str, linked: bool) -> None:
    clock = """
        from functools import cache

        def stamp(raw): ...
        def rest(*parts, **options): ...
        @cache
        def wrapped(raw): ...
        class Clock:
            def tick(self, by): ...
    """
    script = f"from pkg.clock import *\n{call}"
    found = names({"src/pkg/clock.py": clock}, script)
    name = "Clock.tick" if "tick" in call else call.partition("(")[0]
    assert (name in [target for _, target, _ in found]) is linked


@pytest.mark.parametrize(
    ("head", "call", "used"),
    [
        ("class Pot:", "Pot(1, size=2)", True),
        ("class Pot:", "Pot(1, 2)", True),
        ("class Pot:", "Pot(1, 2, 3)", False),
        ("class Pot:", "Pot(1, glaze=2)", False),
        ("class Pot(Exception):", "Pot(1, glaze=2)", False),
        ("class Pot(Base):", "Pot(1, glaze=2)", True),
        ("class Pot(metaclass=Kiln):", "Pot(1, glaze=2)", True),
        ("@fired\nclass Pot:", "Pot(1, glaze=2)", True),
    ],
)
def test_a_call_that_a_constructor_cannot_take_is_no_use_of_its_class(
    head: str, call: str, used: bool
) -> None:
    text = f"{head}\n    def __init__(self, clay, size=1):\n        self.clay = clay\n"
    files = {"pot/__init__.py": text, "pot/fire.py": f"from pot import Pot\n\n\ndef fire():\n    {call}\n"}
    callers = context_of(files).resolution.callers
    assert ("Pot" in [target.name for target in callers]) == used


def test_the_first_of_several_sections_is_not_what_the_document_is_called() -> None:
    shown = "```python\nfrom pkg import helper\nhelper()\n```\n"
    text = f"## Description\n\nIt helps.\n\n## Usage\n\n{shown}\n## More\n\n{shown}"
    resolution = context_of({"pkg.py": "def helper():\n    return 1\n", "docs/helping.md": text}).resolution
    assert [each.title for each in resolution.passages] == ["Helping", "Usage", "More"]
