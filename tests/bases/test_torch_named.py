"""The named bases beside transformers' own models of their configs: the whole shape, and small random ones at work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from codebase_gardener.bases.named import NAMED
from codebase_gardener.bases.torch_loading import base_skeleton


@pytest.mark.parametrize("name", NAMED)
def test_the_shape_is_that_of_transformers_model(name: str, tmp_path: Path) -> None:
    row = NAMED[name]
    (tmp_path / "config.json").write_text(json.dumps(row.config))
    model = base_skeleton(tmp_path)
    linears = {
        path: (layer.out_features, layer.in_features)
        for path, layer in model.named_modules()
        if isinstance(layer, torch.nn.Linear) and path != "lm_head"
    }
    assert {one.path: (one.out_features, one.in_features) for one in row.shape.linears} == linears
    assert row.shape.parameters == sum(each.numel() for each in model.parameters())
