"""One adapter's factors in memory of their own, and several side by side for a batch of mixed rows."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import linear

from codebase_gardener.adapters.torch_factor_files import FactorFile, Place, Target
from codebase_gardener.utils.error_handling import ConflictError

__all__ = ["Factors", "Slot", "SlotRows", "add_by_row", "as_factors"]

Factors = tuple[Tensor, Tensor, Tensor | None]
"""A [r, in], B [out, r] with the scale in it, and bias [out] or None."""


class Slot:
    """One adapter's factors, in one piece of memory.

    Args:
        opened: Its file.
        targets: The base's linear layers, by number.
        device: Where the factors go.
    """

    def __init__(self, opened: FactorFile, targets: Sequence[Target], device: str) -> None:
        self._targets = targets
        self.places = dict(opened.places)
        self._data = torch.empty(opened.data.shape, dtype=torch.float32, device=device)
        self._own = {
            number: _views(self._data, place, targets[number]) for number, place in self.places.items()
        }
        self.factors = [self._own.get(target.number) for target in targets]
        self._copy(opened)

    @property
    def bytes(self) -> int:
        """Memory of the factors."""
        return self._data.numel() * self._data.element_size()

    @property
    def rank(self) -> int:
        """The largest of its modules."""
        return self._rank

    def _copy(self, opened: FactorFile) -> None:
        self._rank = _largest_rank(opened)
        self._data.copy_(opened.data)
        for number, place in opened.places.items():
            if place.scale != 1:
                _, b, bias = self._own[number]
                b.mul_(place.scale)
                if bias is not None:
                    bias.mul_(place.scale)

    def refill(self, opened: FactorFile) -> bool:
        """Put another adapter into the same memory, so that compiled code and views go on being right.

        Returns:
            False, with nothing changed, where it does not fit: other modules, or higher ranks.
        """
        if set(opened.places) != set(self.places) or any(
            place.rank > self.places[number].rank
            or (place.bias is None) != (self.places[number].bias is None)
            for number, place in opened.places.items()
        ):
            return False
        if all(_same_layout(place, self.places[number]) for number, place in opened.places.items()):
            self._copy(opened)
            return True
        self._rank = _largest_rank(opened)
        for number, place in opened.places.items():
            a, b, bias = self._own[number]
            new_a, new_b, new_bias = _views(opened.data, place, self._targets[number])
            a.zero_()[: place.rank].copy_(new_a)  # what a lower rank leaves over is zero
            b.zero_()[:, : place.rank].copy_(new_b).mul_(place.scale)
            if bias is not None and new_bias is not None:
                bias.copy_(new_bias).mul_(place.scale)
        return True


def _largest_rank(opened: FactorFile) -> int:
    return max(place.rank for place in opened.places.values())


def _same_layout(place: Place, other: Place) -> bool:
    return (place.a, place.b, place.bias, place.rank) == (other.a, other.b, other.bias, other.rank)


def _views(data: Tensor, place: Place, target: Target) -> Factors:
    begin = data.storage_offset()  # a mapped file begins with its header
    a = data.as_strided((place.rank, target.inputs), (target.inputs, 1), begin + place.a)
    b = data.as_strided((target.outputs, place.rank), (place.rank, 1), begin + place.b)
    bias = None if place.bias is None else data.as_strided((target.outputs,), (1,), begin + place.bias)
    return a, b, bias


class SlotRows:
    """Adapters side by side for a batch in which each row has its own.

    A of all adapters is one matrix, and so is B; between the two, each row keeps the columns of its adapter only.
    """

    def __init__(self, rows: Sequence[Slot | None], targets: Sequence[Target], device: str) -> None:
        slots = list(dict.fromkeys(slot for slot in rows if slot is not None))
        self.count = len(rows)
        self.factors: list[tuple[Tensor, Tensor, Tensor, Tensor | None] | None] = [None] * len(targets)
        masks: dict[tuple[int, ...], Tensor] = {}
        for target in targets:
            parts = [
                (slot, factors) for slot in slots if (factors := slot.factors[target.number]) is not None
            ]
            if not parts:
                continue
            key = tuple(
                rank if slot is row else 0
                for row in rows
                for slot, rank in ((s, f[0].shape[0]) for s, f in parts)
            )
            if key not in masks:
                masks[key] = _mask(rows, parts, device)
            self.factors[target.number] = (
                torch.cat([a for _, (a, _, _) in parts]),
                torch.cat([b for _, (_, b, _) in parts], dim=1),
                masks[key],
                _bias_rows(rows, parts, target, device),
            )


def _mask(rows: Sequence[Slot | None], parts: Sequence[tuple[Slot, Factors]], device: str) -> Tensor:
    """1 where a row's adapter has its columns: shape [rows, 1, Σ ranks]."""
    spans = [
        torch.tensor([float(row is slot) for row in rows], device=device)[:, None].expand(-1, a.shape[0])
        for slot, (a, _, _) in parts
    ]
    return torch.cat(spans, dim=1)[:, None]


def _bias_rows(
    rows: Sequence[Slot | None], parts: Sequence[tuple[Slot, Factors]], target: Target, device: str
) -> Tensor | None:
    """Shape [rows, 1, out], or None where no adapter has a bias."""
    biases = {slot: bias for slot, (_, _, bias) in parts if bias is not None}
    if not biases:
        return None
    nothing = torch.zeros(target.outputs, device=device)
    return torch.stack([nothing if row is None else biases.get(row, nothing) for row in rows])[:, None]


def as_factors(x: Tensor, a: Tensor) -> Tensor:
    """The input in the factors' number format; under autocast the products choose it."""
    return x if torch.is_autocast_enabled(x.device.type) else x.to(a.dtype)


def add_by_row(
    x: Tensor, result: Tensor, factors: tuple[Tensor, Tensor, Tensor, Tensor | None], rows: int
) -> Tensor:
    """Add to each row of a layer's result what its own adapter adds.

    Args:
        x: The layer's input, [rows * k, T, in]; k rows of one beam or prompt are neighbours.
        result: Its output, [rows * k, T, out].
        factors: A and B of all adapters side by side, which columns are a row's, and biases by row.
        rows: Rows that the batch was announced with.

    Raises:
        ConflictError: The layer mixes the rows, so theirs cannot be told apart.
    """
    a, b, mask, bias = factors
    if x.ndim != 3 or x.shape[0] % rows:
        raise ConflictError(
            f"a layer gets an input of shape {tuple(x.shape)}, whose rows are not those of the batch of {rows}",
            hint="this architecture mixes the rows of a batch: generate with one adapter at a time",
        )
    if x.shape[0] != rows:  # beams, or several sequences for each row
        times = x.shape[0] // rows
        mask = mask.repeat_interleave(times, 0)
        bias = None if bias is None else bias.repeat_interleave(times, 0)
    change = linear(linear(as_factors(x, a), a) * mask, b)
    return (result + (change if bias is None else change + bias)).to(result.dtype)
