"""Operators, loops, `with` and overloads of one's own classes give what their methods say."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.links.resolution import resolve

from ..test_resolution import facts_of

SHELF = """\
from typing import Iterator, Literal, overload

class Pot:
    def __add__(self, other: "Pot") -> "Stack": ...
    def __radd__(self, other): return Stack()
    def __matmul__(self, other): return Stack()
    def __neg__(self) -> "Lid": ...
    def lift(self): ...

class Lid:
    def lift(self): ...

class Stack:
    def __getitem__(self, at: int) -> Pot: ...
    def __iter__(self) -> Iterator[Lid]: ...
    def lift(self): ...

class Rows:
    def __iter__(self):
        yield Lid()

class Steps:
    def __iter__(self): return self
    def __next__(self) -> Pot: ...
    def lift(self): ...

class Numbered:
    def __getitem__(self, at): return Lid()

class Oven:
    def __enter__(self) -> Pot: ...
    def lift(self): ...

class Cellar:
    def __enter__(self):
        return self.found
    def lift(self): ...

class Plain:
    def lift(self): ...

@overload
def made(name: str, mixed: Literal[False] = ...) -> Pot: ...
@overload
def made(name: str, mixed: Literal[True]) -> Lid: ...
@overload
def made(name: str, mixed: bool) -> Pot | Lid: ...
def made(name, mixed=False): ...

def rows() -> Stack: ...
"""


def used(code: str) -> set[str]:
    files = {"src/shelf/__init__.py": SHELF, "examples/s.py": f"from shelf import *\n{code}\n"}
    uses = (use for passage in resolve(facts_of(files)).passages for use in passage.uses)
    return {use.target.name for use in uses if use.target.name.endswith(".lift")}


@pytest.mark.parametrize(
    ("code", "known"),
    [
        ("s = Pot() + Pot()\ns.lift()", {"Stack.lift"}),
        ("s = Pot() @ Pot()\ns.lift()", {"Stack.lift"}),
        ("s = 1 + Pot()\ns.lift()", {"Stack.lift"}),
        ("s = -Pot()\ns.lift()", {"Lid.lift"}),
        ("(Pot() + Pot()).lift()", {"Stack.lift"}),
        ("p = Stack()[0]\np.lift()", {"Pot.lift"}),
        ("s = Stack()\ns[0].lift()", {"Pot.lift"}),
        ("for x in Stack(): x.lift()", {"Lid.lift"}),
        ("s = Stack()\nfor x in s: x.lift()", {"Lid.lift"}),
        ("for x in rows(): x.lift()", {"Lid.lift"}),
        ("for x in Pot() + Pot(): x.lift()", {"Lid.lift"}),
        ("for x in Rows(): x.lift()", {"Lid.lift"}),
        ("for x in Steps(): x.lift()", {"Pot.lift"}),
        ("for x in Numbered(): x.lift()", {"Lid.lift"}),
        ("with Oven() as x: x.lift()", {"Pot.lift"}),
        ("with Cellar() as x: x.lift()", set()),
        ("x = Plain() + 1\nx.lift()", set()),
    ],
)
def test_operators(code: str, known: set[str]) -> None:
    assert used(code) == known


@pytest.mark.parametrize(
    ("call", "known"),
    [
        ("made('a')", {"Pot.lift"}),
        ("made('a', False)", {"Pot.lift"}),
        ("made('a', mixed=True)", {"Lid.lift"}),
        ("made('a', True)", {"Lid.lift"}),
    ],
)
def test_a_literal_tells_the_overload(call: str, known: set[str]) -> None:
    assert used(f"x = {call}\nx.lift()") == known
