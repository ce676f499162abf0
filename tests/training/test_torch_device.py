"""Rates of matrix products."""

from __future__ import annotations

import pytest
import torch

from codebase_gardener.training import torch_device


@pytest.fixture(autouse=True)
def _measured_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_device, "_measured", torch_device._measured.__wrapped__)


def test_a_process_measures_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    first = torch_device.measure_gemm("cpu")
    monkeypatch.setattr(torch_device, "_rate", lambda *_: 0.0)
    assert torch_device.measure_gemm("cpu") is first


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
    assert rates.float32 == pytest.approx(gflops)


def test_what_runs_beside_does_not_choose_the_format(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first turn fp32 is starved, in the second one it is what it is."""
    turns = iter([1.0, 400.0, 300.0, 450.0])
    monkeypatch.setattr(torch_device, "_rate", lambda *_: next(turns))
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: True)
    rates = torch_device.measure_gemm("cpu")
    assert (rates.float32, rates.bfloat16) == (300.0, 450.0)


def test_a_processor_without_bf16_is_not_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_device, "_rate", lambda *_: 1.0)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    rates = torch_device.measure_gemm("cpu")
    assert (rates.float32, rates.bfloat16) == (1.0, 0.0)
    assert torch_device.pick_dtype("auto", rates) == "float32"
