"""Adapters in slots: factors in memory of their own, and linear layers that look up which are in effect.

No module is put in or taken out of the base: while there are slots, its linear layers are of a subclass whose
forward adds what the slot in effect says. Switching sets one attribute.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from peft import LoraConfig
from peft.tuners.tuners_utils import check_target_module_exists
from torch import Tensor, nn
from torch.nn.functional import linear
from transformers.pytorch_utils import Conv1D

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.torch_factor_files import FactorNames, Target, factor_names, open_factors
from codebase_gardener.adapters.torch_slot import Factors, Slot, SlotRows, add_by_row, as_factors
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["SlotTable"]

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
        effect = self._in_effect
        if effect.one is not None:
            factors = effect.one[self._number]
            if factors is None:
                return result
            a, b, bias = factors
            return (result + linear(linear(as_factors(x, a), a), b, bias)).to(result.dtype)
        if effect.rows is not None:
            of_rows = effect.rows.factors[self._number]
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
        self._targets: dict[str, Target] = {}
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
        old = self._slots[name]
        if old.refill(opened):
            return True
        new = Slot(opened, self._by_number, self._device)
        if self._in_effect.one is old.factors:
            self._in_effect.one = new.factors
        self._slots[name] = new
        return False

    def remove(self, name: str) -> None:
        """Give a slot back. After the last one the layers are of their own class again."""
        slot = self._slots.pop(name)
        if self._in_effect.one is slot.factors:
            self._in_effect.one = None
        if not self._slots:
            self._set_classes(slotted=False)

    def put_in_effect(self, name: str | None) -> None:
        """From now on this slot's factors are added, or none."""
        self._in_effect.rows = None
        self._in_effect.one = None if name is None else self._slots[name].factors

    def put_rows_in_effect(self, names: Sequence[str | None]) -> None:
        """From now on each row of a batch has the factors of its own slot, or none."""
        slots = [None if name is None else self._slots[name] for name in names]
        self._in_effect.one = None
        self._in_effect.rows = SlotRows(slots, self._by_number, self._device)

    @contextmanager
    def merged(self, name: str) -> Iterator[None]:
        """For a block the slot's change is in the weights themselves; afterwards they are what they were, bit for bit.

        The merged weights are new tensors beside the old ones: the block needs the memory of the layers once more.

        Raises:
            AdapterError: A layer's weights are quantized.
        """
        effect = self._in_effect.one, self._in_effect.rows
        kept: list[tuple[Any, dict[str, Any]]] = []
        try:
            for layer, factors in zip(self._layers, self._slots[name].factors, strict=True):
                if factors is not None:
                    kept.append((layer, dict(layer._parameters)))
                    _merge(layer, factors)
            self._in_effect.one = self._in_effect.rows = None
            yield
        finally:
            for layer, parameters in kept:
                layer._parameters.update(parameters)
            self._in_effect.one, self._in_effect.rows = effect

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """For a block the layers are of their own class: PEFT puts some kinds of adapters on plain layers only."""
        if not self._slots:
            yield
            return
        self._set_classes(slotted=False)
        try:
            yield
        finally:
            self._set_classes(slotted=True)

    def carries(self, files: AdapterFiles) -> FactorNames | None:
        """The adapter's tensors by module, or None where PEFT's own layers are needed to hold it."""
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


def _target(module: Any, number: int) -> Target:
    if isinstance(module, Conv1D):  # its weight is [in, out]
        return Target(number, *module.weight.shape)
    return Target(number, module.in_features, module.out_features)


def _merge(layer: Any, factors: Factors) -> None:
    a, b, bias = factors
    weight = layer._parameters["weight"]
    if not weight.is_floating_point() or weight.shape not in (
        (b.shape[0], a.shape[1]),
        (a.shape[1], b.shape[0]),
    ):
        raise AdapterError(
            f"a {type(layer).__mro__[2].__name__} has quantized weights: merging would round the adapter away",
            hint="merge it into the base on disk (gardener merge --into-base), or load the base in 16 bit",
        )
    left, right = (a.T, b.T) if isinstance(layer, Conv1D) else (b, a)
    merged = torch.addmm(weight.data.float(), left, right).to(weight.dtype)
    layer._parameters["weight"] = nn.Parameter(merged, requires_grad=False)
    if bias is not None:
        old = layer._parameters.get("bias")
        new = bias.to(weight.dtype) if old is None else (old.data.float() + bias).to(old.dtype)
        layer._parameters["bias"] = nn.Parameter(new, requires_grad=False)
