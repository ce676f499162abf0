from __future__ import annotations

from dataclasses import replace

import pytest

from codebase_gardener.knowledge.pages.implementation_layout import (
    CodeReference,
    IoContract,
    Output,
    Parameter,
    RaisedError,
    code_reference,
    io_contract,
    read_code_reference,
    read_io_contract,
)
from codebase_gardener.knowledge.pages.structure import Page, Section
from codebase_gardener.utils.anchors import Anchor

REFERENCE = CodeReference(
    location=Anchor("src/a b.py", 3, 9),
    external="",
    signature="def f(\n    x: int | None,\n### not a heading\n) -> '```':",
    import_statement="from a import f",
    call="f(x, sep='|', mark='`')",
    dependencies=("torch", "transformers"),
    quoted=Anchor("src/a b.py", 3, 4),
)


def page(*sections: Section) -> Page:
    return Page("Implementation", "o_f", "f", "It is f.", "d", "u", sections)


@pytest.mark.parametrize(
    "reference",
    [
        REFERENCE,
        replace(REFERENCE, location=None, external="transformers", quoted=None, dependencies=()),
        replace(REFERENCE, import_statement="", call="", language="go"),
    ],
)
def test_a_code_reference_reads_back(reference: CodeReference) -> None:
    assert read_code_reference(page(code_reference(reference))) == reference


def test_an_io_contract_reads_back() -> None:
    contract = IoContract(
        (
            Parameter("x", "str | None", "None", False, "One of `a` | `b`."),
            Parameter("*args", "", "", True, ""),
            Parameter("y", "Literal['`']", "'|'", False, "Ends in a \\"),
        ),
        (Output("dict[str, int]", "By name."),),
        (RaisedError("ValueError", "`a.py:L3-3`, `a.py:L5-5`"),),
    )
    assert read_io_contract(page(io_contract(contract))) == contract
    assert read_io_contract(page(io_contract(IoContract((), ())))) == IoContract((), ())


def test_another_layout_is_none() -> None:
    assert read_code_reference(page(Section("Code Reference", "### Source Location\n\n`a.py:L1-2`"))) is None
    assert read_code_reference(page()) is None
    assert read_io_contract(page(Section("I/O Contract", "words"))) is None


def test_what_has_nothing_to_say_is_left_out_and_reads_back() -> None:
    contract = IoContract((Parameter("-x", "", "", None, "Passed once."),), (Output("int", ""),))
    section = io_contract(contract)
    assert (
        "| Name | Description |" in section.body and "| Type |\n" in section.body and "—" not in section.body
    )
    assert read_io_contract(page(section)) == contract
    bare = replace(REFERENCE, dependencies=())
    assert "External Dependencies" not in code_reference(bare).body
    own = replace(bare, location=None, external="kiln", quoted=None, is_own=True)
    assert "A program of this repository: `kiln`" in code_reference(own).body
    assert read_code_reference(page(code_reference(own))) == own
