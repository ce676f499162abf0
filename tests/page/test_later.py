"""What is worked out after the first paint, and what is said where it fails."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable

import pytest

from codebase_gardener.page.later import Later
from codebase_gardener.utils.error_handling import InvalidInputError


def failing(error: Exception) -> Callable[[], int]:
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/home/a"), "No space left"),
        (MemoryError(), "the memory ran out"),
        (InvalidInputError("the name is taken", hint="choose another"), "the name is taken"),
        (ValueError("x"), "This is a bug"),
    ],
)
def test_only_what_is_one_is_called_a_bug(error: Exception, said: str) -> None:
    later = Later(failing(error))
    later.ask()
    ends = time.monotonic() + 10
    while later.running and time.monotonic() < ends:
        time.sleep(0.01)
    message, hint = later.problem
    assert said in message
    assert hint
    assert ("bug" in message) == (type(error) is ValueError)
