"""Messages and comparisons of guards."""

from __future__ import annotations

import ast

import pytest

from codebase_gardener.knowledge.environments.file_evidence import (
    environment_evidence,
)
from codebase_gardener.knowledge.environments.guard_expressions import (
    Comparison,
    Names,
    comparison,
    version_call,
)
from codebase_gardener.languages.python.trees import parse_python
from samples.guards import GUARDS


def test_messages_have_their_constants() -> None:
    found = environment_evidence("pkg/a.py", "python", GUARDS, parse_python(GUARDS), ())  # type: ignore[arg-type]
    assert next(one.text for one in found if one.kind == "raise") == "Found {found}, needs 0.5.0 or higher"


@pytest.mark.parametrize(
    ("line", "package", "operator", "bound"),
    [
        ('is_torch_version(">=", "2.1")', "torch", ">=", "2.1"),
        ('compare_versions("deepspeed", "<", "0.9.3")', "deepspeed", "<", "0.9.3"),
        ('require_version("x >= 1.2")', "x", ">=", "1.2"),
    ],
)
def test_calls_that_compare_versions(line: str, package: str, operator: str, bound: str) -> None:
    call = ast.parse(line, mode="eval").body
    assert isinstance(call, ast.Call)
    assert version_call(call, line.partition("(")[0], "", Names()) == Comparison(package, operator, bound)


@pytest.mark.parametrize(
    ("line", "says"),
    [("a.__version__ < '2'", ("a", "<", "2")), ("'2' < a.__version__", ("a", ">", "2")),
     ("sys.version_info[:2] >= (3, 9)", ("Python", ">=", "3.9")), ("a < b < c", None), ("a.size < '2'", None)],
)  # fmt: skip
def test_comparisons(line: str, says: tuple[str, str, str] | None) -> None:
    node = ast.parse(line, mode="eval").body
    assert isinstance(node, ast.Compare)
    assert comparison(node, "", Names()) == (says and Comparison(*says))


def test_a_name_means_what_the_nearest_scope_gave_it() -> None:
    names = Names()
    for scope, text in (("", "x = '1'"), ("f", "x = '2'")):
        names.learn(scope, ast.parse(text).body[0])  # type: ignore[arg-type]
    given = [names.assigned(scope, "x") for scope in ("f.g", "h", "")]
    assert [ast.unparse(value) for value in given if value] == ["'2'", "'1'", "'1'"]
    assert names.assigned("f", "y") is None
