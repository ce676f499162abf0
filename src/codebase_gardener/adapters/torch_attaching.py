"""An adapter as stock PEFT holds it, on modules of its own over the base's weights, with every tensor accounted for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftConfig, PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.tuners_utils import BaseTunerLayer
from safetensors.torch import load_file
from torch import Tensor

from codebase_gardener.adapters.files import MAX_WEIGHT, WEIGHTS, AdapterFiles
from codebase_gardener.adapters.torch_own_modules import (
    ReadOnly,
    give_own_weights,
    own_bytes,
    with_own_modules,
)
from codebase_gardener.adapters.torch_renaming import find_renaming
from codebase_gardener.utils.error_handling import AdapterError

__all__ = ["Attached", "attach", "merged", "read_tensors"]

_FACTOR = re.compile(r".+\.lora_(?P<factor>[AB])\.weight\Z")
_COPY = ".base_layer.weight"
_NAME = "default"
_SHOWN = 5
_REASON_CHARS = 300


@dataclass(frozen=True)
class Attached:
    """An adapter on modules of its own.

    Attributes:
        model: The PEFT model; its base shares the weights of the base that it was made from, and nothing else.
        matched: Tensors of the file that a live module holds, equal in value.
        expected: Tensors that the live modules have.
        bytes: Memory that the adapter has for itself.
    """

    model: PeftModel
    matched: int
    expected: int
    bytes: int


def read_tensors(files: AdapterFiles) -> dict[str, Tensor]:
    """The adapter's tensors, on the CPU.

    Raises:
        AdapterError: A value is NaN, infinite or above `MAX_WEIGHT`, or all of B is zero:
            the adapter would change nothing.
    """
    tensors: dict[str, Tensor] = load_file(files.directory / WEIGHTS)
    bad = [name for name, tensor in tensors.items() if not (tensor.abs() <= MAX_WEIGHT).all()]
    if bad:
        raise AdapterError(
            f"{files.directory}: NaN, infinite or absurdly large values in {_some(bad)}",
            hint="the training diverged or the file is damaged: train again with a lower learning rate",
        )
    factors = {name: match["factor"] for name in tensors if (match := _FACTOR.match(name))}
    if len(factors) == len(tensors) and not any(
        tensors[n].any() for n, kind in factors.items() if kind == "B"
    ):
        raise AdapterError(
            f"{files.directory} changes nothing: every B factor is zero",
            hint="it was saved before it was trained: train it, or save it again",
        )
    return tensors


def attach(base: Any, files: AdapterFiles) -> Attached:
    """Put an adapter onto a copy of a base's modules; the base itself stays as it is.

    Args:
        base: A transformers model without adapters.
        files: Checked files.

    Raises:
        AdapterError: Modules that do not exist here, shapes that do not fit, tensors without a place; or an adapter
            that would write into the base's weights.
    """
    tensors = read_tensors(files)
    with ReadOnly(base, f"loading {files.directory}"):
        model = _inject(with_own_modules(base), files)
        matched, expected = _fill(model, tensors, files)
    model.to(base.device)
    return Attached(model.eval(), matched, expected, own_bytes(model, base))


def _inject(model: Any, files: AdapterFiles) -> PeftModel:
    try:
        config = PeftConfig.from_pretrained(str(files.directory))
        config.inference_mode = True
        return PeftModel(model, config, adapter_name=_NAME)
    except AdapterError:
        raise
    except Exception as error:  # the config is a stranger's: PEFT fails on it in any way there is
        raise _does_not_fit(files, error) from error


def _does_not_fit(files: AdapterFiles, error: Exception) -> AdapterError:
    reason = " ".join(str(error).split())[:_REASON_CHARS] or type(error).__name__
    return AdapterError(
        f"{files.directory} does not fit this base: {reason}",
        hint="load it onto the base that its adapter_config.json names",
    )


def _fill(model: PeftModel, tensors: dict[str, Tensor], files: AdapterFiles) -> tuple[int, int]:
    tensors = _without_copies(model, tensors, files)
    try:
        set_peft_model_state_dict(model, dict(tensors), adapter_name=_NAME)
    except (RuntimeError, ValueError, KeyError) as error:  # sizes that differ from what the config says
        raise _does_not_fit(files, error) from error
    live = get_peft_model_state_dict(model, adapter_name=_NAME, save_embedding_layers=False)
    homeless = sorted(set(tensors) - set(live))
    missing = sorted(set(live) - set(tensors))
    if homeless or missing:
        raise AdapterError(
            f"{files.directory} does not fit this base: "
            + "; ".join(
                part
                for part in (
                    f"{len(homeless)} tensors match no module ({_some(homeless)})" if homeless else "",
                    f"{len(missing)} modules get no tensor ({_some(missing)})" if missing else "",
                )
                if part
            ),
            hint=_renaming_hint(model, tensors)
            or "load it onto the base it was trained on, with the library versions in its gardener.json",
            context={"homeless": homeless, "missing": missing},
        )
    # in the number format that is computed with: PEFT keeps copies of the base's modules in the base's own
    matched = sum(torch.equal(live[key].cpu(), tensor.to(live[key].dtype)) for key, tensor in tensors.items())
    if matched != len(live):
        raise AdapterError(
            f"{files.directory}: {len(live) - matched} tensors differ from the file once loaded",
            hint="this is a fault of the loader: report it with the library versions",
        )
    return matched, len(live)


def _without_copies(model: PeftModel, tensors: dict[str, Tensor], files: AdapterFiles) -> dict[str, Tensor]:
    """PEFT saves the base's own weights beside an adapted embedding or head; the base has them already.

    Biases that are trained themselves (`bias="all"`) are no copies: they get memory of their own.
    """
    parameters = dict(model.named_parameters(remove_duplicate=False))
    copies = {name: tensor for name, tensor in tensors.items() if name.endswith(_COPY) and name in parameters}
    for name, tensor in copies.items():
        held = parameters[name].cpu()
        if held.shape != tensor.shape or not torch.equal(held, tensor.to(held.dtype)):
            raise AdapterError(
                f"{files.directory} brings a {name} that is not this base's: all adapters share the base's own",
                hint="load it onto the base that it was trained on, or train it without changed embeddings",
                context={"tensor": name},
            )
    left = {name: tensor for name, tensor in tensors.items() if name not in copies}
    for name in left.keys() & parameters.keys():
        parameters[name].data = parameters[name].data.clone()
    return left


def _renaming_hint(model: Any, tensors: Iterable[str]) -> str:
    """What would make the names match, where something does."""
    modules = {name.replace(".base_layer", "") for name, _ in model.get_base_model().named_modules()}
    found = find_renaming(list(tensors), modules)
    return f"the names match once renamed ({found}): gardener import DIR --as P/N --rename" if found else ""


def merged(attached: Attached, label: str) -> Any:
    """A model of its own with the adapter in its weights; the adapted layers' weights take memory once more.

    Raises:
        AdapterError: PEFT cannot merge it.
    """
    model = with_own_modules(attached.model)
    for layer in [layer for layer in model.modules() if isinstance(layer, BaseTunerLayer)]:
        give_own_weights(layer.get_base_layer())
    try:
        with ReadOnly(attached.model, f"merging {label}"):
            model.merge_adapter([_NAME], safe_merge=True)
    except (ValueError, NotImplementedError, AttributeError) as error:  # as PEFT's kinds say that they cannot
        kind = attached.model.peft_config[_NAME].peft_type.value
        raise AdapterError(
            f"{label} is a {kind} adapter, which PEFT cannot merge: {error}",
            hint="use it beside the weights instead",
        ) from error
    return model


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
