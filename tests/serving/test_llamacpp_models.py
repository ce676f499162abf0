"""The bases that llama.cpp reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.serving.llamacpp_models import LlamaModels


@pytest.mark.parametrize("damage", [b"", b"GGUF", b"GGUg of the base"])
def test_a_kept_base_that_is_no_longer_what_was_written_is_written_again(
    tiny_base: Path, tmp_path: Path, damage: bytes
) -> None:
    written: list[Path] = []

    def write(base: Base, path: Path) -> None:
        written.append(path)
        path.write_bytes(b"GGUF of the base")

    models = LlamaModels(
        tmp_path / "bases", tmp_path / "home", write, lambda *_: None,
        quantize="f16", slots=1, cache_tokens=100, max_bytes=100,
    )  # fmt: skip
    base = resolve_base(str(tiny_base), tmp_path / "bases")
    file = models._model(base)
    assert models._model(base) == file and len(written) == 1
    file.write_bytes(damage)
    assert models._model(base).read_bytes() == b"GGUF of the base"
    assert len(written) == 2
    models.close()
