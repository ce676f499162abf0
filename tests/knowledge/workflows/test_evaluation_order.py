"""Calls stand in the order in which they are evaluated."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.links.uses import Target, Use
from codebase_gardener.knowledge.workflows.evaluation_order import in_order_of_evaluation


def _order(*texts: str) -> list[str]:
    uses = [Use(Target("a.js", text), "a.js", 1, 1, "", "call", "import", (), text) for text in texts]
    return [use.text for use in in_order_of_evaluation(uses)]


@pytest.mark.parametrize(
    ("written", "evaluated"),
    [
        (["f(g(h()))", "g(h())", "h()"], ["h()", "g(h())", "f(g(h()))"]),
        (["f(a(), b())", "a()", "b()"], ["a()", "b()", "f(a(), b())"]),
        (["x()", "x().f(a())", "a()"], ["x()", "a()", "x().f(a())"]),
        (["log.Sample(&Basic{N: 1})", "Basic{N: 1}"], ["Basic{N: 1}", "log.Sample(&Basic{N: 1})"]),
    ],
)
def test_arguments_come_before_their_call(written: list[str], evaluated: list[str]) -> None:
    assert _order(*written) == evaluated


@pytest.mark.parametrize(
    "call", ["on((e) => run(e))", "on(lambda: run(e))", "on(function () { run(e) })", "on(|e| run(e))"]
)
def test_what_a_function_that_is_handed_on_does_comes_after(call: str) -> None:
    assert _order(call, "run(e)") == [call, "run(e)"]


def test_only_the_own_argument_is_looked_at() -> None:
    """The argument before it is a function: that was taken for what the second one stands in."""
    call = 'app.get("/", (e) => go(e)).all("/x", wrap(inner))'
    assert _order(call, "wrap(inner)") == ["wrap(inner)", call]


def test_other_lines_stay_as_they_are() -> None:
    uses = [
        Use(
            Target("a.js", str(line)),
            "a.js",
            line,
            line,
            "",
            "call",
            "import",
            (),
            "f(g())" if line == 1 else "g()",
        )
        for line in (1, 2)
    ]
    assert in_order_of_evaluation(uses) == uses
