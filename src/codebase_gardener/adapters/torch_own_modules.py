"""A model of its own over weights that are shared: modules are copied, tensors are not."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from codebase_gardener.utils.error_handling import AdapterError

__all__ = [
    "ReadOnly",
    "check_not_quantized",
    "give_own_weights",
    "memory_of",
    "own_bytes",
    "with_own_modules",
]


def with_own_modules(model: Any) -> Any:
    """A copy of a model's modules over the same weights.

    Modules that are put into the copy, attributes that are set, and data that is assigned to its parameters
    (`weight.data = …`) are the copy's alone. What writes into the weights' memory would reach both: `ReadOnly`.
    A copy takes about as much memory as the modules' Python objects: 1 MB for 500 modules.
    """
    return copy.deepcopy(model, {id(tensor): _alias(tensor) for tensor in _tensors(model)})


def _alias(tensor: Tensor) -> Tensor:
    if type(tensor) is nn.Parameter:
        return nn.Parameter(tensor.data, requires_grad=False)
    if _of_bitsandbytes(tensor):  # the first forward moves what lies beside the data into the module
        alias: Tensor = Tensor._make_subclass(type(tensor), tensor.data, False)
        vars(alias).update(vars(tensor))
        return alias
    return tensor


def _of_bitsandbytes(value: object) -> bool:
    return type(value).__module__.startswith("bitsandbytes")


def _tensors(model: nn.Module) -> Iterator[Tensor]:
    """Parameters, buffers, and what quantized layers keep beside them."""
    for module in model.modules():
        yield from module.parameters(recurse=False)
        yield from module.buffers(recurse=False)
        for value in vars(module).values():
            kept = getattr(value, "__dict__", {}).values() if _of_bitsandbytes(value) else (value,)
            yield from (tensor for tensor in kept if isinstance(tensor, Tensor))


def give_own_weights(layer: nn.Module) -> None:
    """Give a layer parameters of its own, which are tied to no other layer's, so that they can be written into.

    Raises:
        AdapterError: They are quantized.
    """
    check_not_quantized(layer)
    for name, old in layer.named_parameters(recurse=False):
        layer._parameters[name] = nn.Parameter(old.data.clone(), requires_grad=False)


def check_not_quantized(layer: nn.Module) -> None:
    """A layer can be merged into.

    Raises:
        AdapterError: Its weights are quantized.
    """
    if not all(type(p) is nn.Parameter and p.is_floating_point() for p in layer.parameters(recurse=False)):
        raise AdapterError(
            f"a {type(layer).__name__} has quantized weights: merging would round the adapter away",
            hint="merge it into the base on disk (gardener merge --into-base), or load the base in 16 bit",
        )


def own_bytes(model: nn.Module, base: nn.Module) -> int:
    """Memory of a model's tensors that are not a base's."""
    shared, same = memory_of(base), {id(tensor) for tensor in _tensors(base)}
    tensors = (*model.parameters(), *model.buffers())
    return sum(t.nbytes for t in tensors if id(t) not in same and _memory(t) not in shared)


def memory_of(model: nn.Module) -> frozenset[int]:
    """Where the memory of each of its tensors begins."""
    return frozenset(_memory(tensor) for tensor in _tensors(model)) - {0}


class ReadOnly(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """For a block, an operation that would write into a model's weights raises instead, before it writes.

    Args:
        model: Whose parameters and buffers.
        what: What is done meanwhile, for the message.
    """

    def __init__(self, model: nn.Module, what: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self._what = what
        self._memory = memory_of(model)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, unless it writes where it must not."""
        given = dict(zip((a.name for a in func._schema.arguments), args, strict=False)) | (kwargs or {})
        for argument in func._schema.arguments if func._schema.is_mutable else ():
            value = given.get(argument.name)
            if argument.alias_info is None or not argument.alias_info.is_write:
                continue
            if isinstance(value, Tensor) and _memory(value) in self._memory:
                raise AdapterError(
                    f"{self._what} would write into the base's weights, which all adapters share",
                    hint="use an adapter that leaves the base as it is",
                    context={"operation": str(func)},
                )
        return func(*args, **(kwargs or {}))


def _memory(tensor: Tensor) -> int:
    """Where a tensor's memory begins; 0 where it has none."""
    try:
        return tensor.untyped_storage().data_ptr()
    except (RuntimeError, NotImplementedError):  # of a subclass that wraps others
        return 0
