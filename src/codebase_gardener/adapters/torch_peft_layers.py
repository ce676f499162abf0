"""Adapters that go through PEFT's own layers: all that is more than low-rank factors on linear layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from peft import PeftModel
from peft.tuners.tuners_utils import BaseTunerLayer
from torch import nn

from codebase_gardener.adapters.files import AdapterFiles
from codebase_gardener.adapters.torch_attaching import attach, detach
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import sha256_text

__all__ = ["PeftAdapters"]


class PeftAdapters:
    """The adapters of one base that PEFT holds.

    PEFT puts adapters of one type on a base at a time. Those of another type wait as files and are put on when they
    are used; those that were on go off meanwhile.

    Args:
        base: A transformers model.
        device: Where it is.
    """

    def __init__(self, base: Any, device: str) -> None:
        self._base, self._device = base, device
        self._files: dict[str, AdapterFiles] = {}
        self._sizes: dict[str, int] = {}
        self._on: list[str] = []
        self._in_effect = False
        self.model: Any = None
        """The PEFT model that wraps the base while adapters are on it."""

    @property
    def names(self) -> list[str]:
        """Adapters, in the order in which they came."""
        return list(self._files)

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def kind(self, name: str) -> str:
        """Its `peft_type`."""
        return str(self._files[name].config["peft_type"])

    def bytes(self, name: str) -> int:
        """Memory of its tensors."""
        return self._sizes[name]

    def attach(self, files: AdapterFiles, name: str) -> int:
        """Put an adapter on. Returns its bytes in memory.

        Raises:
            AdapterError: It does not fit; what was on the base is on it still.
        """
        before = list(self._on)
        self._take_off([other for other in before if self.kind(other) != files.config["peft_type"]])
        try:
            self._sizes[name] = self._put_on(files, name)
        except BaseException:
            for other in before:
                if other not in self._on:
                    self._put_on(self._files[other], other)
            self.off()
            raise
        self._files[name] = files
        self.off()
        return self._sizes[name]

    def _put_on(self, files: AdapterFiles, name: str) -> int:
        attached = attach(self._base if self.model is None else self.model, files, _inner_name(name))
        self.model = attached.model
        self.model.to(self._device)
        self._on.append(name)
        self._in_effect = True
        return attached.bytes

    def _take_off(self, names: list[str]) -> None:
        for name in names:
            left = detach(self.model, _inner_name(name))
            self.model = left if isinstance(left, PeftModel) else None
            self._on.remove(name)

    def detach(self, name: str) -> None:
        """Take an adapter off; after the last one the base is as it was loaded."""
        if name in self._on:
            self._take_off([name])
            self.off()
        del self._files[name], self._sizes[name]

    def put_in_effect(self, name: str) -> Any:
        """The PEFT model with this adapter active."""
        if name not in self._on:
            self._take_off([other for other in list(self._on) if self.kind(other) != self.kind(name)])
            self._put_on(self._files[name], name)
        self.model.set_adapter(_inner_name(name), inference_mode=True)
        if not self._in_effect:
            self._set_layers(enabled=True)
        return self.model

    def off(self) -> None:
        """No adapter of PEFT's is in effect: the base answers, or what is in a slot."""
        if self._in_effect and self.model is not None:
            self._set_layers(enabled=False)

    def _set_layers(self, *, enabled: bool) -> None:
        inner = self.model.base_model
        if hasattr(
            inner, "enable_adapter_layers"
        ):  # prompt learning has no layers: only its own forward uses it
            (inner.enable_adapter_layers if enabled else inner.disable_adapter_layers)()
        self._in_effect = enabled

    @contextmanager
    def merged(self, name: str) -> Iterator[Any]:
        """The PEFT model with this adapter in the weights, for a block; afterwards they are the old ones, bit for bit.

        Raises:
            AdapterError: PEFT cannot merge it.
        """
        model = self.put_in_effect(name)
        kept: list[tuple[Any, dict[str, Any]]] = []
        layers = [layer for layer in model.modules() if isinstance(layer, BaseTunerLayer)]
        try:
            for layer in layers:
                base = layer.get_base_layer()
                kept.append((base, dict(base._parameters)))
                for key, value in kept[-1][1].items():
                    if value is not None:
                        base._parameters[key] = nn.Parameter(value.data.clone(), requires_grad=False)
            try:
                model.merge_adapter([_inner_name(name)], safe_merge=True)
            except (ValueError, NotImplementedError, AttributeError) as error:
                raise AdapterError(
                    f"{name} is a {self.kind(name)} adapter, which PEFT cannot merge: {error}",
                    hint="use it beside the weights instead",
                ) from error
            yield model
        finally:
            for layer in layers:
                layer.merged_adapters.clear()
            for base, parameters in kept:
                base._parameters.update(parameters)


def _inner_name(adapter: str) -> str:
    """What PEFT calls an adapter: torch takes no dot, and PEFT finds `demo/a@1` in the names of `demo/a@10`."""
    return f"adapter_{sha256_text(adapter)[:16]}"
