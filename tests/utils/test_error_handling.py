"""The error tree: exit codes, pickling, hints; and what `retry_with_backoff` retries."""

from __future__ import annotations

import pickle

import pytest

from codebase_gardener.utils import error_handling
from codebase_gardener.utils.error_handling import (
    EXIT_CODES,
    CodebaseGardenerError,
    InvalidInputError,
    ModelError,
    NotFoundError,
    ResourceError,
    retry_with_backoff,
)

KINDS = [
    kind
    for kind in vars(error_handling).values()
    if isinstance(kind, type) and issubclass(kind, CodebaseGardenerError)
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_documented_exit_code_of_its_own(kind: type[CodebaseGardenerError]) -> None:
    shares = {other for other in KINDS if other.exit_code == kind.exit_code}
    assert kind.exit_code in EXIT_CODES
    assert all(issubclass(kind, other) or issubclass(other, kind) for other in shares)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_pickling(kind: type[CodebaseGardenerError]) -> None:
    error = pickle.loads(pickle.dumps(kind("broken at a.py:3", hint="mend it", context={"line": 3})))
    assert type(error) is kind
    assert (error.message, error.hint, error.context) == ("broken at a.py:3", "mend it", {"line": 3})
    assert str(error) == "broken at a.py:3"


def test_errors_are_also_those_of_the_standard_library() -> None:
    with pytest.raises(ValueError, match="bad"):
        raise InvalidInputError("bad")
    with pytest.raises(LookupError, match="none"):
        raise NotFoundError("none")


def test_as_json_holds_everything() -> None:
    error = ResourceError("full", hint="free some", context={"free_bytes": 1})
    assert error.as_dict() == {
        "error": "ResourceError",
        "message": "full",
        "hint": "free some",
        "context": {"free_bytes": 1},
        "exit_code": 9,
    }


class Flaky:
    """Fails with each of `errors` in turn, then answers."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors, self.calls = list(errors), 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


@pytest.mark.parametrize("error", [ConnectionError("reset"), TimeoutError("slow"), ConnectionRefusedError()])
def test_transient_errors_are_retried(error: OSError) -> None:
    flaky = Flaky(error, error)
    assert retry_with_backoff(3, first_wait_s=0.001)(flaky)() == "answer"
    assert flaky.calls == 3


def test_the_last_transient_error_is_raised_unchanged() -> None:
    flaky = Flaky(ConnectionError("first"), ConnectionError("last"), ConnectionError("never"))
    with pytest.raises(ConnectionError, match="last"):
        retry_with_backoff(2, first_wait_s=0.001)(flaky)()
    assert flaky.calls == 2


@pytest.mark.parametrize(
    "error", [ValueError("x"), ModelError("x"), KeyboardInterrupt(), FileNotFoundError()]
)
def test_other_errors_are_raised_at_once(error: BaseException) -> None:
    flaky = Flaky(error)
    with pytest.raises(type(error)):
        retry_with_backoff(5, first_wait_s=0.001)(flaky)()
    assert flaky.calls == 1


def test_the_waits_are_bounded() -> None:
    import time

    flaky = Flaky(*[ConnectionError("x")] * 4)
    started = time.monotonic()
    retry_with_backoff(5, first_wait_s=0.01, max_wait_s=0.02)(flaky)()
    assert time.monotonic() - started < 1
