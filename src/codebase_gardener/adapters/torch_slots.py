"""Adapters in slots: factors in memory of their own, and linear layers that look up which are in effect.

No module is put in or taken out of the base: while there are slots, its linear layers are of a subclass whose
forward adds what the slot in effect says. Switching sets one attribute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from peft import LoraConfig
from peft.tuners.tuners_utils import check_target_module_exists
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.torch_factor_files import (
    FactorFile,
    FactorNames,
    FactorPlace,
    FactorTarget,
    factor_names,
    open_factors,
)
from codebase_gardener.adapters.torch_own_modules import check_not_quantized
from codebase_gardener.utils.error_handling import ConflictError

__all__ = [
    "Factors",
    "JoinedSlots",
    "Slot",
    "SlotRows",
    "add_by_row",
    "as_factors",
    "SlotTable",
    "with_slots",
]

Factors = tuple[Tensor, Tensor, Tensor | None]
"""A [r, in], B [out, r] with the scale in it, and bias [out] or None."""


class Slot:
    """One adapter's factors, in one piece of memory.

    Args:
        opened: Its file.
        targets: The base's linear layers, by number.
        device: Where the factors go.
    """

    def __init__(self, opened: FactorFile, targets: Sequence[FactorTarget], device: str) -> None:
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


def _same_layout(place: FactorPlace, other: FactorPlace) -> bool:
    return (place.a, place.b, place.bias, place.rank) == (other.a, other.b, other.bias, other.rank)


def _views(data: Tensor, place: FactorPlace, target: FactorTarget) -> Factors:
    begin = data.storage_offset()  # a mapped file begins with its header
    a = data.as_strided((place.rank, target.inputs), (target.inputs, 1), begin + place.a)
    b = data.as_strided((target.outputs, place.rank), (place.rank, 1), begin + place.b)
    bias = None if place.bias is None else data.as_strided((target.outputs,), (1,), begin + place.bias)
    return a, b, bias


class JoinedSlots:
    """Adapters side by side: A of all of them is one matrix for each layer, and so is B."""

    def __init__(self, slots: Sequence[Slot], targets: Sequence[FactorTarget]) -> None:
        self.slots = tuple(slots)
        self.parts = [
            [(slot, factors) for slot in slots if (factors := slot.factors[target.number]) is not None]
            for target in targets
        ]
        self.factors = [
            _side_by_side([factors for _, factors in parts]) if parts else None for parts in self.parts
        ]


def _side_by_side(factors: Sequence[Factors]) -> tuple[Tensor, Tensor]:
    if len(factors) == 1:  # nothing is copied
        return factors[0][:2]
    return torch.cat([a for a, _, _ in factors]), torch.cat([b for _, b, _ in factors], dim=1)


class SlotRows:
    """For a batch in which each row, or each run of tokens of its one row, has its own adapter.

    Between A and B each row or token keeps the columns of its adapter only.

    Args:
        rows: The slot of each row, or of each run of tokens; None for none.
        joined: All their slots, side by side.
        targets: The base's linear layers.
        device: Where they are.
        counts: How many tokens each run has; None: whole rows.
    """

    def __init__(
        self,
        rows: Sequence[Slot | None],
        joined: JoinedSlots,
        targets: Sequence[FactorTarget],
        device: str,
        counts: Sequence[int] | None = None,
    ) -> None:
        times = None if counts is None else torch.tensor(counts, device=device)
        self.count = len(rows) if times is None else 1
        self.factors: list[tuple[Tensor, Tensor, Tensor, Tensor | None] | None] = [None] * len(targets)
        masks: dict[tuple[tuple[int, int], ...], Tensor] = {}
        for target, parts, factors in zip(targets, joined.parts, joined.factors, strict=True):
            if factors is None:
                continue
            key = tuple((id(slot), a.shape[0]) for slot, (a, _, _) in parts)
            if key not in masks:
                masks[key] = _by_token(_mask(rows, parts, device), times)
            bias = _bias_rows(rows, parts, target, device)
            self.factors[target.number] = (
                *factors,
                masks[key],
                None if bias is None else _by_token(bias, times),
            )


def _by_token(of_rows: Tensor, times: Tensor | None) -> Tensor:
    """From one for each row, [rows, 1, k], to one for each token of runs in a single row, [1, Σ times, k]."""
    return of_rows if times is None else of_rows.repeat_interleave(times, 0).transpose(0, 1)


def _mask(rows: Sequence[Slot | None], parts: Sequence[tuple[Slot, Factors]], device: str) -> Tensor:
    """1 where a row's adapter has its columns: shape [rows, 1, Σ ranks]."""
    spans = [
        torch.tensor([float(row is slot) for row in rows], device=device)[:, None].expand(-1, a.shape[0])
        for slot, (a, _, _) in parts
    ]
    return torch.cat(spans, dim=1)[:, None]


def _bias_rows(
    rows: Sequence[Slot | None], parts: Sequence[tuple[Slot, Factors]], target: FactorTarget, device: str
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


_TARGETING = (
    "target_modules",
    "exclude_modules",
    "layers_to_transform",
    "layers_pattern",
)


class _InEffect:
    """What the linear layers look up: the factors of one slot, of one for each row, or of none."""

    def __init__(self) -> None:
        self.one: list[Factors | None] | None = None
        self.rows: SlotRows | None = None


class _Slotted:
    """Mixed into the class of a linear layer."""

    _in_effect: _InEffect
    _number: int

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        result: Tensor = super().forward(x, *args, **kwargs)  # type: ignore[misc]  # of the layer's own class
        return with_slots(self, x, result)


def with_slots(layer: Any, x: Tensor, result: Tensor) -> Tensor:
    """A linear layer's result with what the slots in effect add; that of a layer without slots is as it was."""
    effect: _InEffect | None = getattr(layer, "_in_effect", None)
    if effect is None:
        return result
    if effect.one is not None:
        factors = effect.one[layer._number]
        if factors is None:
            return result
        a, b, bias = factors
        return (result + linear(linear(as_factors(x, a), a), b, bias)).to(result.dtype)
    if effect.rows is not None:
        of_rows = effect.rows.factors[layer._number]
        return result if of_rows is None else add_by_row(x, result, of_rows, effect.rows.count)
    return result


@cache
def _slotted(kind: Any) -> type:
    return type(f"Slotted{kind.__name__}", (_Slotted, kind), {})


class SlotTable:
    """The slots of one base.

    Args:
        model: A transformers model, before any adapter is on it.
        device: Where it is.
    """

    def __init__(self, model: nn.Module, device: str) -> None:
        self._device = device
        self._layers: list[Any] = []
        self._targets: dict[str, FactorTarget] = {}
        self._modules = [name for name, _ in model.named_modules() if name]
        for name, module in model.named_modules():
            if isinstance(module, nn.Linear | Conv1D) and "forward" not in vars(
                module
            ):  # not hooked, as by accelerate
                self._targets[name] = _target(module, len(self._layers))
                self._layers.append(module)
        self._by_number = list(self._targets.values())
        self._wanted: dict[str, frozenset[str]] = {}
        self._in_effect = _InEffect()
        self._slots: dict[str, Slot] = {}
        self._joined: JoinedSlots | None = None  # of the last batch: the next one mostly has the same

    @property
    def names(self) -> list[str]:
        """Adapters that have a slot, in the order in which they came."""
        return list(self._slots)

    def __getitem__(self, name: str) -> Slot:
        return self._slots[name]

    def __contains__(self, name: object) -> bool:
        return name in self._slots

    def load(self, files: AdapterFiles, names: FactorNames, name: str) -> Slot:
        """Read an adapter into a slot of its own.

        Raises:
            AdapterError: It does not fit (`open_factors`); nothing has changed.
        """
        slot = Slot(
            open_factors(files, names, self._targets, self._selected(files)), self._by_number, self._device
        )
        if not self._slots:
            self._set_classes(slotted=True)
        self._slots[name] = slot
        return slot

    def swap(self, files: AdapterFiles, names: FactorNames, name: str) -> bool:
        """Put another adapter into a slot, in place where it fits.

        Returns:
            Whether it went into the same memory.

        Raises:
            AdapterError: It does not fit the base; the slot is as it was.
        """
        opened = open_factors(files, names, self._targets, self._selected(files))
        old, self._joined = self._slots[name], None
        if old.refill(opened):
            return True
        new = Slot(opened, self._by_number, self._device)
        if self._in_effect.one is old.factors:
            self._in_effect.one = new.factors
        self._slots[name] = new
        return False

    def remove(self, name: str) -> None:
        """Give a slot back. After the last one the layers are of their own class again."""
        slot, self._joined = self._slots.pop(name), None
        if self._in_effect.one is slot.factors:
            self._in_effect.one = None
        if not self._slots:
            self._set_classes(slotted=False)

    def rename(self, old: str, new: str) -> None:
        """Call a slot otherwise."""
        self._slots[new] = self._slots.pop(old)

    def put_in_effect(self, name: str | None) -> None:
        """From now on this slot's factors are added, or none."""
        self._in_effect.rows = None
        self._in_effect.one = None if name is None else self._slots[name].factors

    def put_rows_in_effect(self, names: Sequence[str | None]) -> None:
        """From now on each row of a batch has the factors of its own slot, or none."""
        self._put_rows(names, None)

    def put_tokens_in_effect(self, names: Sequence[str | None], counts: Sequence[int]) -> None:
        """From now on runs of tokens of a batch's one row have the factors of their own slots, or none."""
        self._put_rows(names, counts)

    def _put_rows(self, names: Sequence[str | None], counts: Sequence[int] | None) -> None:
        rows = [None if name is None else self._slots[name] for name in names]
        slots = sorted({slot for slot in rows if slot is not None}, key=id)
        if self._joined is None or self._joined.slots != tuple(slots):
            self._joined = JoinedSlots(slots, self._by_number)
        self._in_effect.one = None
        self._in_effect.rows = SlotRows(rows, self._joined, self._by_number, self._device, counts)

    def merge_into(self, model: nn.Module, name: str) -> None:
        """Write a slot's change into the weights of a model that has the base's modules, and parameters of its own.

        The merged weights are new tensors: they need the memory of the layers once more.

        Raises:
            AdapterError: A layer's weights are quantized.
        """
        for path, target in self._targets.items():
            factors = self._slots[name].factors[target.number]
            if factors is not None:
                _merge(model.get_submodule(path), factors)

    def carries(self, files: AdapterFiles) -> FactorNames | None:
        """The adapter's tensors by module, or None where it is more than factors."""
        names = factor_names(files)
        if names is None or not names.keys() <= self._targets.keys():
            return None
        if str(files.config.get("target_modules")).lower() == "all-linear":  # saved configs name modules
            return None
        try:
            selected = self._selected(files)
        except (
            TypeError,
            ValueError,
            KeyError,
            re.error,
        ):  # PEFT's own loading says what is wrong with the config
            return None
        return names if selected <= self._targets.keys() else None

    def _selected(self, files: AdapterFiles) -> frozenset[str]:
        """Names of the modules that an adapter's config selects, as PEFT selects them."""
        targeting = {name: files.config[name] for name in _TARGETING if name in files.config}
        key = json.dumps(targeting)
        if key not in self._wanted:
            config = LoraConfig(**targeting)
            self._wanted[key] = frozenset(
                name for name in self._modules if check_target_module_exists(config, name)
            )
        return self._wanted[key]

    def _set_classes(self, *, slotted: bool) -> None:
        for number, layer in enumerate(self._layers):
            if slotted:
                kind: Any = type(layer)
                layer.__class__ = _slotted(kind)
                layer._in_effect, layer._number = self._in_effect, number
            else:
                layer.__class__ = type(layer).__mro__[2]
                del layer._in_effect, layer._number


def _target(module: Any, number: int) -> FactorTarget:
    if isinstance(module, Conv1D):  # its weight is [in, out]
        return FactorTarget(number, *module.weight.shape)
    return FactorTarget(number, module.in_features, module.out_features)


def _merge(layer: Any, factors: Factors) -> None:
    a, b, bias = factors
    check_not_quantized(layer)
    weight = layer._parameters["weight"]
    left, right = (a.T, b.T) if isinstance(layer, Conv1D) else (b, a)
    merged = torch.addmm(weight.data.float(), left, right).to(weight.dtype)
    layer._parameters["weight"] = nn.Parameter(merged, requires_grad=False)
    if bias is not None:
        old = layer._parameters.get("bias")
        new = bias.to(weight.dtype) if old is None else (old.data.float() + bias).to(old.dtype)
        layer._parameters["bias"] = nn.Parameter(new, requires_grad=False)
