from __future__ import annotations

from pathlib import Path

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.shape import BaseShape


def test_the_shape_is_read_from_config_and_headers(tiny_base: Path, tmp_path: Path) -> None:
    shape = BaseShape.of(resolve_base(str(tiny_base), tmp_path))
    assert (shape.hidden, shape.layers, shape.intermediate) == (32, 2, 64)
    assert (shape.attention, shape.key_value, shape.model_type) == (32, 16, "llama")
    assert len(shape.linears) == 2 * 7
    [down] = {linear.parameters for linear in shape.linears if linear.name == "down_proj"}
    assert down == 32 * 64
