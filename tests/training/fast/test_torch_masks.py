"""Dropout's masks: their share, their independence, their sums; the same compiled and as they are."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from codebase_gardener.training.fast.torch_compiled import can_compile, compile_kernels
from codebase_gardener.training.fast.torch_masks import Dropout

DTYPES = [torch.float32, torch.bfloat16]


def _masks(
    probability: float, shape: tuple[int, int], modules: int, dtype: torch.dtype = torch.bfloat16
) -> Tensor:
    """[modules, T, K], 1 where something is kept."""
    return torch.stack(Dropout(probability, shape[0], modules)(torch.ones(shape, dtype=dtype))).float()


def _sigmas(found: Tensor, expected: float, count: int) -> float:
    """How far a share of so many independent ones is from what is expected."""
    return abs(float(found.double().mean()) - expected) / (expected * (1 - expected) / count) ** 0.5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("probability", [0.001, 0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_mean_stays(probability: float, dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    kept = _masks(probability, (1000, 500), 3, dtype)
    dropout = Dropout(probability, 1)
    assert 1 / dropout.scale == pytest.approx(1 - probability, abs=2**-16)
    for each in kept:
        assert _sigmas(each, 1 / dropout.scale, each.numel()) < 4.5
    # every row and every column has its share: their counts vary as those of independent ones do
    variance = 1 / dropout.scale * (1 - 1 / dropout.scale)
    for dim, size in ((1, 1000), (2, 500)):
        assert float(kept.sum(dim).var()) / (size * variance) == pytest.approx(1, abs=0.2)


def test_nothing_else_is_done_to_what_is_kept() -> None:
    torch.manual_seed(0)
    for dtype in DTYPES:
        x = torch.randn(64, 32).to(dtype)
        for found in Dropout(0.3, 64, 2)(x):
            assert found.dtype == dtype
            assert torch.equal(found, torch.where(found == 0, 0, x))
            assert 0 < int((found == 0).sum()) < x.numel()


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_dropped_together_is_chance(dtype: torch.dtype) -> None:
    """Of modules, of neighbours in a row and in a column, of both halves of it, and of rectangles' corners."""
    torch.manual_seed(0)
    p = 0.25
    gone = 1 - _masks(p, (1500, 1000), 3, dtype)
    pairs = {f"modules {a} {b}": gone[a] * gone[b] for a, b in itertools.combinations(range(3), 2)}
    for lag in (1, 2, 3, 4, 16, 500):
        pairs[f"columns {lag}"] = gone[:, :, :-lag] * gone[:, :, lag:]
    for lag in (1, 2, 750):
        pairs[f"rows {lag}"] = gone[:, :-lag] * gone[:, lag:]
    pairs["modules and columns"] = gone[:-1, :, :-1] * gone[1:, :, 1:]
    for name, both in pairs.items():
        assert _sigmas(both, p**2, both.numel()) < 6, (
            name
        )  # overlapping pairs vary a little more than disjoint ones
    assert _sigmas(gone[0] * gone[1] * gone[2], p**3, gone[0].numel()) < 4.5
    for down, right in ((1, 1), (1, 2), (7, 64), (750, 500)):
        corners = (
            gone[:, :-down, :-right]
            * gone[:, down:, :-right]
            * gone[:, :-down, right:]
            * gone[:, down:, right:]
        )
        assert _sigmas(corners, p**4, corners.numel()) < 6, (down, right)


def test_a_test_of_chance_finds_a_shared_mask() -> None:
    """The measure above is worth something."""
    torch.manual_seed(0)
    gone = 1 - _masks(0.25, (500, 500), 1)[0]
    assert _sigmas(gone * gone, 0.25**2, gone.numel()) > 100
    assert _sigmas(gone[:-1] * gone[1:], 0.25**2, gone.numel()) < 4.5


def test_each_drawing_is_another_and_the_generator_decides() -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    one, two = _masks(0.5, (400, 400), 2), _masks(0.5, (400, 400), 2)
    assert _sigmas(one * two, 0.25, one.numel()) < 4.5
    torch.set_rng_state(state)
    assert torch.equal(one, _masks(0.5, (400, 400), 2))
    drawn = Dropout(0.5, 400)
    assert torch.equal(drawn(torch.ones(400, 8))[0], drawn(torch.ones(400, 8))[0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("modules", [1, 3])
def test_the_backward_keeps_the_same_and_sums_gradients(modules: int, dtype: torch.dtype) -> None:
    torch.manual_seed(2)
    x, *grads = torch.randn(modules + 1, 200, 64).to(dtype)
    dropout = Dropout(0.4, 200, modules)
    again, to_x = dropout.backward(x, grads)
    masks = [each != 0 for each in dropout(torch.ones_like(x))]
    assert all(torch.equal(one, two) for one, two in zip(again, dropout(x), strict=True))
    right = sum(torch.where(mask, grad.float(), 0) for mask, grad in zip(masks, grads, strict=True))
    assert isinstance(right, Tensor)
    assert torch.equal(to_x, right.to(dtype))  # rounded once, to the nearest even


def test_sums_of_infinities_and_of_no_numbers_are_told() -> None:
    x = torch.ones(64, 2, dtype=torch.bfloat16)
    for bad in (float("inf"), float("nan")):
        grads = [torch.full_like(x, bad) for _ in range(2)]
        _, to_x = Dropout(0.1, 64, 2).backward(x, grads)
        assert not torch.isfinite(to_x).all()
        assert int((~torch.isfinite(to_x)).sum()) > 100


def test_what_words_cannot_hold_is_refused() -> None:
    for x in (torch.ones(4, 3, dtype=torch.bfloat16), torch.ones(4, 4, dtype=torch.float64)):
        with pytest.raises(NotImplementedError, match="dropout of rows"):
            Dropout(0.1, 4)(x)
    assert Dropout(0.1, 4)(torch.ones(4, 3))[0].shape == (4, 3)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "width"), [(torch.float32, 64), (torch.bfloat16, 40)])
def test_compiled_it_is_the_same(dtype: torch.dtype, width: int) -> None:
    """Bit for bit, also for a width that vectors do not divide."""
    if why := can_compile():
        pytest.skip(why)
    torch.manual_seed(1)
    x, *grads = torch.randn(4, 96, width).to(dtype)
    dropout = Dropout(0.2, 96, 3)
    plain, (plain_again, plain_sum) = dropout(x), dropout.backward(x, grads)
    before = compile_kernels(True)
    try:
        fast, (fast_again, fast_sum) = dropout(x), dropout.backward(x, grads)
    finally:
        compile_kernels(before)
    pairs = zip((*plain, *plain_again, plain_sum), (*fast, *fast_again, fast_sum), strict=True)
    assert all(torch.equal(one, two) for one, two in pairs)
