"""Rates of matrix products."""

from __future__ import annotations

import pytest
import torch

from codebase_gardener.training import torch_device


@pytest.mark.parametrize(("gflops", "largest"), [(1000.0, 1024), (10.0, 512), (0.2, 128)])
def test_a_slow_format_is_measured_on_small_products(
    gflops: float, largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = []

    def product(left: torch.Tensor, _: str) -> float:
        sides.append(len(left))
        return float(2 * len(left) ** 3 / gflops / 1e9)

    monkeypatch.setattr(torch_device, "_product", product)
    rates = torch_device.measure_gemm("cpu")
    assert max(sides) == largest
    assert rates.bfloat16 == pytest.approx(gflops)
