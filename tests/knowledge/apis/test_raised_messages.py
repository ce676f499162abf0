"""What an error says, and of what type it is, where a variable or a function stands between."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.apis.raised_messages import raised_message
from codebase_gardener.knowledge.apis.raises import raised_error, raised_within
from samples.written_context import context_of, symbol_named

PYTHON = """
def cook(pot, heat):
    if heat > 9:
        msg = (
            "Too hot: "
            f"{heat} is more than 9."
        )
        raise ValueError(msg)
    if not pot:
        raise LookupError(pot)
    raise TypeError(
        "No pot, "
        "no soup."
    )
"""
TYPESCRIPT = """
export class Cold {}

/** Makes it.
 * @return {Cold} of it
 */
function makeCold(text: string) {
  return new Cold();
}

export function cook(heat: number, told: string) {
  const message = "It is too hot.";
  if (heat > 9) {
    throw new RangeError(message);
  }
  if (told) {
    throw new RangeError(told);
  }
  throw makeCold("cold");
}
"""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"pot/__init__.py": PYTHON},
            [('"Too hot: {heat} is more than 9."', 3, 7), ("", 9, 9), ('"No pot, no soup."', 10, 13)],
        ),
        (
            {"package.json": '{"name": "pot", "main": "src/pot.ts"}', "src/pot.ts": TYPESCRIPT},
            [('"It is too hot."', 11, 13), ("", 16, 16), ('"cold"', 18, 18)],
        ),
    ],
)
def test_an_error_says_its_message_and_no_variable_s_name(
    files: dict[str, str], said: list[tuple[str, int, int]]
) -> None:
    context = context_of(files)
    found = [raised_message(one, context) for one in raised_within(symbol_named(context, "cook"), context)]
    assert [(one.text, one.start, one.end) for one in found] == said


def test_an_error_that_a_function_makes_is_of_the_type_that_it_returns() -> None:
    context = context_of({"package.json": '{"name": "pot", "main": "src/pot.ts"}', "src/pot.ts": TYPESCRIPT})
    cook = symbol_named(context, "cook")
    found = [raised_error(one, cook, context) for one in raised_within(cook, context)]
    assert found == ["RangeError", "RangeError", "Cold"]
