"""Functions compiled ahead: equal to what they were made of, found again on disk, made anew for other formats."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from codebase_gardener.training import torch_compiled
from codebase_gardener.training.torch_compiled import _signature, compile_kernels, kernel

ROWS = {2: (0,)}


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process."""
    monkeypatch.setattr(torch_compiled._State, "compiled", {})
    monkeypatch.setattr(torch_compiled._State, "known", {})
    monkeypatch.setattr(torch_compiled._State, "failed", set())


@kernel(ROWS)
def scaled(x: Tensor, factor: float) -> Tensor:
    return torch.sigmoid(x) * factor


def test_lengths_that_vary_share_a_signature() -> None:
    wide, other = torch.zeros(5, 3), torch.zeros(9, 3)
    assert _signature((wide, 2.0), ROWS) == _signature((other, 2.0), ROWS)
    for unlike in (
        (torch.zeros(1, 3), 2.0),
        (torch.zeros(5, 4), 2.0),
        (wide, 3.0),
        (wide.double(), 2.0),
        (torch.zeros(3, 5).T, 2.0),
    ):
        assert _signature((wide, 2.0), ROWS) != _signature(unlike, ROWS)
    assert _signature((wide, other), ROWS) == _signature((wide, wide), ROWS)


def test_without_a_compiler_it_is_the_function_itself() -> None:
    x = torch.randn(4, 3)
    assert torch.equal(scaled(x, 2.0), torch.sigmoid(x) * 2.0)


@pytest.mark.slow
def test_compiled_once_and_loaded_from_then_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    forget(monkeypatch)
    compile_kernels(True)
    try:
        for length in (5, 8):
            x = torch.randn(length, 3)
            torch.testing.assert_close(scaled(x, 2.0), torch.sigmoid(x) * 2.0)
        files = list(tmp_path.glob("gardener/*"))
        assert len(files) == 1 and files[0].suffix == ".aot"
        forget(monkeypatch)
        monkeypatch.setattr(torch, "compile", None)  # what is on disk needs no compiler
        torch.testing.assert_close(scaled(x, 2.0), torch.sigmoid(x) * 2.0)
    finally:
        compile_kernels(False)


@pytest.mark.slow
def test_what_is_broken_on_disk_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    x = torch.randn(5, 3)
    compile_kernels(True)
    try:
        for _ in range(2):
            forget(monkeypatch)
            torch.testing.assert_close(scaled(x, 2.0), torch.sigmoid(x) * 2.0)
            (file,) = tmp_path.glob("gardener/*")
            size = file.stat().st_size
            file.write_bytes(file.read_bytes()[:100])
        forget(monkeypatch)
        scaled(x, 2.0)
        assert file.stat().st_size == pytest.approx(size, rel=0.1)
    finally:
        compile_kernels(False)


def test_what_cannot_be_compiled_runs_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no compiler")

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    forget(monkeypatch)
    monkeypatch.setattr(torch, "compile", broken)
    compile_kernels(True)
    try:
        x = torch.randn(5, 3)
        assert torch.equal(scaled(x, 2.0), torch.sigmoid(x) * 2.0)
    finally:
        compile_kernels(False)
    assert "runs uncompiled" in caplog.text and "no compiler" in caplog.text


def test_a_size_of_one_is_not_compiled_for(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch)
    monkeypatch.setattr(torch, "compile", None)
    monkeypatch.setattr(torch_compiled, "_compiled", None)  # would fail if it were called
    compile_kernels(True)
    try:
        x = torch.randn(1, 3)
        assert torch.equal(scaled(x, 2.0), torch.sigmoid(x) * 2.0)
    finally:
        compile_kernels(False)


@pytest.mark.slow
def test_gradients_and_autocast_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    forget(monkeypatch)
    compile_kernels(True)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            scaled(torch.randn(5, 3, requires_grad=True), 2.0)
        with torch.no_grad():
            scaled(torch.randn(6, 3), 2.0)
    finally:
        compile_kernels(False)
    assert len(list(tmp_path.glob("gardener/*"))) == 1 and "uncompiled" not in caplog.text
