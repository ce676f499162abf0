"""Functions compiled ahead: equal to what they were made of, found again on disk, made anew for other formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor

from codebase_gardener.training.fast import torch_compiled
from codebase_gardener.training.fast.torch_compiled import _signature, compile_kernels, kernel, uncompiled

ROWS = {2: (0,)}


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process."""
    monkeypatch.setattr(torch_compiled._State, "compiled", {})
    monkeypatch.setattr(torch_compiled._State, "known", {})
    monkeypatch.setattr(torch_compiled._State, "failed", set())


@pytest.fixture
def compiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Kernels are compiled, in a process that knows none, with an empty folder for them."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    forget(monkeypatch)
    compile_kernels(True)
    yield tmp_path
    compile_kernels(False)


def check(x: Tensor) -> None:
    torch.testing.assert_close(scaled(x, 2.0), torch.sigmoid(x) * 2.0)


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
def test_compiled_once_and_loaded_from_then_on(compiling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for length in (5, 8):
        check(torch.randn(length, 3))
    files = list(compiling.glob("gardener/*"))
    assert len(files) == 1 and files[0].suffix == ".aot"
    forget(monkeypatch)
    monkeypatch.setattr(torch, "compile", None)  # what is on disk needs no compiler
    check(torch.randn(8, 3))
    assert uncompiled() == ()


@pytest.mark.slow
def test_what_is_broken_on_disk_is_made_anew(compiling: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(5, 3)
    for _ in range(2):
        forget(monkeypatch)
        check(x)
        (file,) = compiling.glob("gardener/*")
        size = file.stat().st_size
        file.write_bytes(file.read_bytes()[:100])
    forget(monkeypatch)
    check(x)
    assert file.stat().st_size == pytest.approx(size, rel=0.1)


@pytest.mark.usefixtures("compiling")
def test_what_cannot_be_compiled_runs_as_it_is(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no compiler")

    monkeypatch.setattr(torch, "compile", broken)
    check(torch.randn(5, 3))
    assert "runs uncompiled" in caplog.text and "no compiler" in caplog.text
    assert uncompiled() == ("scaled",)


@pytest.mark.usefixtures("compiling")
def test_a_size_of_one_is_not_compiled_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_compiled, "_compiled", None)  # would fail, and be told, if it were called
    check(torch.randn(1, 3))
    assert uncompiled() == ()


@pytest.mark.slow
def test_gradients_and_autocast_do_not_matter(compiling: Path) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        scaled(torch.randn(5, 3, requires_grad=True), 2.0)
    with torch.no_grad():
        scaled(torch.randn(6, 3), 2.0)
    assert len(list(compiling.glob("gardener/*"))) == 1 and uncompiled() == ()
