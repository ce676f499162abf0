"""llama.cpp's process: what is said where it does not start."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.exports import llamacpp
from codebase_gardener.exports.llamacpp import LlamaServer
from codebase_gardener.utils.error_handling import ModelError


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"not a model")
    with pytest.raises(ModelError, match="did not start"):
        LlamaServer(tmp_path / "model.gguf")


def test_without_the_wheel_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(llamacpp, "is_installed", lambda: False)
    with pytest.raises(ModelError) as caught:
        LlamaServer(tmp_path / "model.gguf")
    assert "pip install" in (caught.value.hint or "")
