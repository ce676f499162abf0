"""Which base fits, told before it is fetched; and the options that grow takes for a base."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from codebase_gardener.bases.named import NAMED
from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.bases.shape import BaseShape
from codebase_gardener.config.settings import EMBEDDED_BASE, Settings
from codebase_gardener.gardener import planning
from codebase_gardener.gardener.choosing import foretell, prospects
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.planning import suited
from codebase_gardener.training.memory import serving_bytes
from codebase_gardener.utils.error_handling import ResourceError

QWEN = "Qwen/Qwen2.5-Coder-1.5B"


@pytest.fixture
def gardener(tmp_path: Path) -> Iterator[Gardener]:
    with Gardener(Settings(home=tmp_path / "home", device="cpu")) as opened:
        yield opened


@pytest.fixture
def real_sized(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Base:
    """A base that is taken for one of 1.5 billion parameters: no such weights are at hand."""
    monkeypatch.setattr(BaseShape, "of", lambda _: NAMED[QWEN].shape)
    return resolve_base(str(tiny_base), tmp_path / "bases")


@pytest.fixture(autouse=True)
def multiplies_bf16(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are those of a processor that does, whatever this one is."""
    monkeypatch.setattr("codebase_gardener.utils.limits.multiplies_bf16", lambda: True)


def free(monkeypatch: pytest.MonkeyPatch, gigabytes: float) -> None:
    monkeypatch.setattr(planning, "available_bytes", lambda: int(gigabytes * 1e9))


def test_more_memory_never_fits_less(gardener: Gardener) -> None:
    for one in prospects(gardener):
        small, middle, large, *_ = one.fits
        for lesser, greater in ((small, middle), (middle, large)):
            assert not lesser.training or greater.training
            assert not lesser.serving or greater.serving
        for fit in one.fits:
            assert bool(fit.training) == (fit.training_bytes <= fit.limit_bytes)
            assert bool(fit.serving) == (fit.serving_bytes <= fit.limit_bytes)


def test_serving_counts_weights_and_keys_and_values() -> None:
    shape = NAMED[QWEN].shape
    more = serving_bytes(shape, 1000) - serving_bytes(shape, 0)
    assert more == 1000 * 2 * 28 * 256 * 2  # keys and values, 28 layers, 2 heads of 128, bf16
    assert serving_bytes(shape, 0, 2.0) - serving_bytes(shape, 0, 1.0) == shape.parameters


def test_what_cannot_fit_is_refused_before_it_is_fetched(
    gardener: Gardener, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 4)
    with pytest.raises(ResourceError, match=r"the least .* is 10\.\d GB") as caught:
        foretell(gardener, "Qwen/Qwen2.5-Coder-7B@main", {})
    assert "gardener bases" in caught.value.hint
    free(monkeypatch, 12)
    assert "QLoRA" in foretell(gardener, "Qwen/Qwen2.5-Coder-7B", {})
    assert foretell(gardener, EMBEDDED_BASE, {}) == foretell(gardener, "owner/other", {}) == ""


def test_a_large_base_is_given_the_plans_options(
    gardener: Gardener, real_sized: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings' learning rate, made for 135 million parameters, is ten times what is usual for this one."""
    free(monkeypatch, 20)
    spec, reasons = suited(gardener, real_sized, 1000, {}, [])
    assert spec.learning_rate == 2e-4 and spec.batch_tokens == gardener.spec({}).batch_tokens
    assert [reason.option for reason in reasons] == ["learning_rate"]
    assert suited(gardener, real_sized, 1000, {"learning_rate": 1e-3}, [])[0].learning_rate == 1e-3
    embedded = replace(real_sized, id=EMBEDDED_BASE)
    assert suited(gardener, embedded, 1000, {}, []) == (gardener.spec({}), ())


def test_what_was_trained_in_less_memory_is_not_trained_again(
    gardener: Gardener, real_sized: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    free(monkeypatch, 7.5)
    lean, reasons = suited(gardener, real_sized, 1000, {}, [])
    assert {"learning_rate", "batch_tokens", "gradient_accumulation_steps"} == {one.option for one in reasons}
    free(monkeypatch, 20)
    earlier: list[dict[str, Any]] = [lean.model_dump(mode="json")]
    assert suited(gardener, real_sized, 1000, {}, earlier)[0] == lean
    assert suited(gardener, real_sized, 1000, {"r": 4}, earlier)[0].r == 4
