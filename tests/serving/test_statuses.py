"""What is said of an error on the wire."""

from __future__ import annotations

import pytest
from starlette.exceptions import HTTPException

from codebase_gardener.serving.statuses import status_of, told
from codebase_gardener.utils.error_handling import AdapterError, InvalidInputError, NotFoundError


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("cannot read /home/me/.garden/projects/x: no", "cannot read …: no"),
        ("'/home/me/My Garden/a b/c.json' is damaged", "'…' is damaged"),
        ("bad: sqlite:////home/me/registry.sqlite", "bad: …"),
        ("(file:///home/me/x.py)", "(…)"),
        ("no model 'geometry/other@3'; there are: a/b", "no model 'geometry/other@3'; there are: a/b"),
        ("see https://example.org/a/b and src/a/b.py:L3-4", "see https://example.org/a/b and src/a/b.py:L3-4"),
        ("/api/pull is not supported", "/api/pull is not supported"),
        ("expected 0 and/or 1", "expected 0 and/or 1"),
    ],
)  # fmt: skip
def test_no_path_is_said(message: str, said: str) -> None:
    assert told(InvalidInputError(message)) == said
    assert told(AdapterError("x", hint=message)) == f"x; {said}"


def test_of_what_is_no_error_of_ours_nothing_is_said() -> None:
    error = KeyError("/home/me/secret/x")
    assert "secret" not in told(error) and status_of(error) == (500, "server_error")


def test_statuses() -> None:
    assert status_of(HTTPException(413)) == (413, "request_too_large")
    assert status_of(InvalidInputError("x"))[0] == 400
    assert status_of(NotFoundError("x")) == (404, "not_found_error")
