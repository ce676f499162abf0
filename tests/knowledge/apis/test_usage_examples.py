"""Quotes of code are whole: none begins or ends within a statement."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.apis.usage_examples import usage_examples
from samples.written_context import context_of, symbol_named

_LONG = "".join(f"    let step{n} = {n};\n" for n in range(20))


def _shown(code: str, *, own: bool = False) -> list[str]:
    shown = "".join(f"/// {line}".rstrip() + "\n" for line in ["```", *code.splitlines(), "```"])
    source = (
        f"pub struct Kiln;\n\nimpl Kiln {{\n{shown if own else ''}    pub fn new() -> Kiln {{ Kiln }}\n}}\n"
    )
    shown = "" if own else shown
    files = {
        "Cargo.toml": '[package]\nname = "kiln"\nversion = "1.0.0"\n',
        "src/lib.rs": f"{source}\n/// Heats.\n///\n{shown}pub fn heat() {{}}\n",
    }
    context = context_of(files)
    target = context.target(symbol_named(context, "Kiln.new"))
    return [each.text for each in usage_examples(target, context)]


@pytest.mark.parametrize(
    ("before", "statement"),
    [
        (f"fn slow() {{\n{_LONG}}}\n\n", "fn quick() {\n    let kiln = Kiln::new();\n}"),
        (f"fn slow() {{\n{_LONG}", "    if true {\n        Kiln::new();\n    }"),
        (f"fn slow() {{\n{_LONG}}}\n", "let kiln = Kiln::new();\nlet other = 1;"),
    ],
)
def test_a_long_example_is_quoted_in_whole_statements(before: str, statement: str) -> None:
    after = f"\n\nfn last() {{\n{_LONG}}}\n" if not statement.startswith(" ") else "\n}\n"
    (text,) = _shown(f"use kiln::Kiln;\n\n{before}{statement}{after}")
    lines = [line.removeprefix("///").removeprefix(" ") for line in text.splitlines()]
    assert set(statement.splitlines()) <= set(lines)
    assert text.count("{") == text.count("}")


def test_the_example_of_a_definitions_own_docstring_is_quoted_as_a_whole() -> None:
    code = f"use kiln::Kiln;\n\nfn slow() {{\n    let kiln = Kiln::new();\n{_LONG}}}"
    (text,) = _shown(code, own=True)
    assert len(text.splitlines()) == len(code.splitlines())


def test_a_long_example_is_quoted_in_little_time() -> None:
    code = "use kiln::Kiln;\n" + "".join(f"{' ' * (n % 90)}Kiln::new();\n" for n in range(600))
    began = time.perf_counter()
    _shown(code)
    assert time.perf_counter() - began < 5
