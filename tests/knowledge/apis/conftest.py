"""The small library that APIs are chosen from."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.apis.context import ApiContext
from samples.written_context import context_of
from samples.written_library import LIBRARY


@pytest.fixture(scope="module")
def context() -> ApiContext:
    return context_of(LIBRARY)
