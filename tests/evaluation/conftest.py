"""What tests of measuring share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.bases.torch_loading import load_tokenizer


@pytest.fixture
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(tiny_base)
