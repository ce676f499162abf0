"""By which of its names users are told to import a thing."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.answers.answering import answer_from_graph
from codebase_gardener.knowledge.answers.graph import Graph
from codebase_gardener.knowledge.apis.calls import call_of, import_of
from codebase_gardener.knowledge.apis.surface import ranked
from codebase_gardener.knowledge.links.uses import Target
from samples.written_context import context_of

PROJECT = "[project]\nname = '{name}'\nversion = '1'\n"
TWO = {
    "src/clay/__init__.py": "from potter import Kiln, spin\n__all__ = ['Kiln', 'spin']\n",
    "src/potter/__init__.py": "from .wheel import Kiln, spin\n__all__ = ['Kiln', 'spin']\n",
    "src/potter/wheel.py": "class Kiln:\n    def heat(self): ...\n\ndef spin(): ...\n",
}
WHEEL = "src/potter/wheel.py"


@pytest.mark.parametrize(
    ("files", "package"),
    [
        ({"pyproject.toml": PROJECT.format(name="potter")}, "potter"),
        ({"pyproject.toml": PROJECT.format(name="clay")}, "clay"),
        ({"pyproject.toml": PROJECT.format(name="other"),
          "README.md": "```python\nfrom clay import spin\nspin()\n```\n"}, "clay"),
        ({"pyproject.toml": PROJECT.format(name="other")}, "potter"),
    ],
    ids=["named like the project", "the second is the project", "documents import it", "defines it"],
)  # fmt: skip
def test_of_two_packages_that_offer_a_name_one_is_told(files: dict[str, str], package: str) -> None:
    context = context_of({**TWO, **files})
    assert import_of(Target(WHEEL, "spin"), context) == f"from {package} import spin"
    assert import_of(Target(WHEEL, "Kiln.heat"), context) == f"from {package} import Kiln"
    assert context.names[Target(WHEEL, "Kiln.heat")] == f"{package}.Kiln.heat"
    assert context.resolution.public["clay.spin"] == context.resolution.public["potter.spin"]


BOUND = {
    "pyproject.toml": PROJECT.format(name="potter"),
    "README.md": "```python\nimport potter\n\npotter.heat(3)\n```\n",
    "src/potter/__init__.py": """
        from typing import Final

        from .wheel import Kiln

        __all__ = ["Kiln", "heat", "cool"]

        common: Final = Kiln()
        heat = common.heat
        cool: Final = common.cool
        """,
    "src/potter/wheel.py": """
        class Kiln:
            def heat(self, degrees):
                '''Make it hot.'''

            def cool(self):
                '''Let it get cold.'''
        """,
}


@pytest.mark.parametrize("name", ["heat", "cool"])
def test_a_method_that_a_package_exports_of_an_instance_is_public_under_that_name(name: str) -> None:
    context = context_of(BOUND)
    target = Target(WHEEL, f"Kiln.{name}")
    assert context.resolution.public[f"potter.{name}"] == target
    assert import_of(target, context) == f"from potter import {name}"
    symbol = context.symbol(target)
    assert symbol is not None and call_of(symbol, context).startswith(f"{name}(")
    (row,) = [row for row in ranked(context) if row.candidate.symbol == symbol]
    assert f"exported itself as `potter.{name}`" in row.reasons


def test_a_call_under_that_name_is_a_use_of_the_method() -> None:
    uses = context_of(BOUND).uses[Target(WHEEL, "Kiln.heat")]
    assert [(passage.path, use.text) for passage, use in uses] == [("README.md", "potter.heat(3)")]


def test_an_alias_is_told_after_the_own_name_of_a_thing() -> None:
    wheel = "from typing import TypeAlias\n\nclass Kiln: ...\n\nBaker: TypeAlias = Kiln\n"
    entry = "from .wheel import Baker, Kiln\n"
    context = context_of({"src/potter/__init__.py": entry, WHEEL: wheel})
    assert context.resolution.public["potter.Baker"] == Target(WHEEL, "Kiln")
    assert import_of(Target(WHEEL, "Kiln"), context) == "from potter import Kiln"


def test_a_function_that_is_handed_on_is_used_as_a_value(tmp_path) -> None:  # type: ignore[no-untyped-def]
    shop = """
        from potter.wheel import spin

        def argument(each):
            each.hook(spin)

        def given():
            return lambda pot: spin

        def kept():
            found = spin
            return found

        def compared(each):
            return each in (spin, None)

        def twice(each):
            each.hook(spin, spin)

        def called():
            spin()

        def another(spin):
            return spin
        """
    context = context_of({**TWO, "src/potter/shop.py": shop})
    uses = context.resolution.callers[Target(WHEEL, "spin")]
    values = {use.scope for use in uses if use.kind == "value"}
    assert values == {"argument", "given", "kept", "compared", "twice"}
    assert not any(use.acts for use in uses if use.kind == "value")
    Graph.write(tmp_path, context.repository)
    answer = answer_from_graph(Graph(tmp_path), "who uses spin")
    assert answer is not None
    said = [line.text for line in answer.lines]
    assert said.count("`twice`, as a value") == 1
    assert "`argument`, as a value" in said and "`called`" in said


STUB = {
    "pot/_make.py": "def fire(): pass\n\ndef glaze(): pass\n",
    "pot/__init__.pyi": "from ._make import fire, glaze as glaze\n\ndef only() -> int: ...\n",
}


def public_of(files: dict[str, str]) -> set[str]:
    resolution = context_of(files).resolution
    return {*resolution.public, *resolution.exported.values(), *resolution.told.values()}


def test_a_stub_hands_out_what_it_defines_and_names_again() -> None:
    found = public_of(STUB)
    assert {"pot.glaze", "pot.only"} <= found
    assert "pot.fire" not in found


def test_beside_its_module_a_stub_hands_out_nothing() -> None:
    found = public_of({**STUB, "pot/__init__.py": "from ._make import fire\n"})
    assert "pot.fire" in found
    assert not {"pot.glaze", "pot.only"} & found


def test_what_all_names_is_handed_out() -> None:
    assert "pot.fire" in public_of(
        {**STUB, "pot/__init__.pyi": '__all__ = ["fire"]\nfrom ._make import fire\n'}
    )
