"""The fast path of training and evaluation: put into a model for a while, checked against the model's own forward.

What it does not know, or computes otherwise than the model does, takes the general path, and the notes say why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from transformers.integrations.liger import apply_liger_kernel
from transformers.utils import is_flash_attn_2_available, is_liger_kernel_available

from codebase_gardener.training.encoding import EncodedExample
from codebase_gardener.training.fast.parts import FAST_LAYERS, FAST_PARTS
from codebase_gardener.training.fast.torch_attention import ROWS, row_ends
from codebase_gardener.training.fast.torch_batch import FastPath
from codebase_gardener.training.fast.torch_check import Baseline
from codebase_gardener.training.fast.torch_compiled import can_compile, compile_kernels, uncompiled
from codebase_gardener.training.fast.torch_head import plain_head
from codebase_gardener.training.fast.torch_layers import DecoderLayer, decoder_layer
from codebase_gardener.training.fast.torch_lora import lora_linear_of, lora_product

__all__ = ["fast_path"]

_LINEARS = tuple(
    [f"self_attn.{name}_proj" for name in "qkvo"] + [f"mlp.{name}_proj" for name in ("gate", "up", "down")]
)
# Kinds of layers, as configs name them, that tell packed rows apart through attention.
_KNOWN_LAYERS = frozenset({"full_attention", "sliding_attention"})
_NORMS = ("input_layernorm", "post_attention_layernorm")
_NEED_PACKING = "layers: they are made for packed rows"
_WORTH_COMPILING = 20_000_000  # parameters: below, making the kernels takes longer than they save


@contextmanager
def fast_path(
    model: Any, rows: Sequence[EncodedExample], parts: Sequence[str] = FAST_PARTS
) -> Iterator[FastPath]:
    """Put the fast path into a model; it is as it was afterwards.

    Args:
        model: A transformers model, or the PEFT model that wraps it, on its device.
        rows: Some are used to compare the losses and gradients of the fast path with the model's own.
        parts: Which parts may be used.
    """
    with ExitStack() as stack:
        yield _install(model, rows, tuple(parts), stack)


def _install(
    model: Any, rows: Sequence[EncodedExample], wanted: tuple[str, ...], stack: ExitStack
) -> FastPath:
    """The most of `wanted` that gives the model's own losses and gradients."""
    notes: list[str] = []
    parts = _possible(model, wanted, notes)
    longest = max((len(row.ids) for row in rows), default=0)
    if not parts:
        return FastPath(notes=tuple(notes))
    checks = _Checks(Baseline.of(model, rows, _dtype(model)))
    if checks.get(0) is None:
        return FastPath(notes=(*notes, "all: no row to compare with the model's own forward"))
    found, why = _try(model, parts, longest, checks, stack)
    if found is not None:
        return replace(found, notes=(*notes, *found.notes))
    taken = FastPath()
    for part in parts:  # one by one, so that the right one is told
        if part == "layers" and not taken.packed:
            notes.append(_NEED_PACKING)
            continue
        with ExitStack() as trial:
            found, why = _try(model, (*taken.parts, part), longest, checks, trial)
        if found is None:
            notes.append(f"{part}: left out, {why}")
        else:
            taken = found
    final = _put_in(model, taken.parts, longest, stack) if taken.parts else taken
    return replace(final, notes=(*notes, *final.notes), difference=taken.difference)


class _Checks:
    """Baselines, measured once each, and not before they are asked for: the model has to be as it was."""

    def __init__(self, more: Iterator[Baseline]) -> None:
        self._more, self._made = more, list[Baseline]()

    def get(self, number: int) -> Baseline | None:
        if number == len(self._made):
            self._made += [each for each in (next(self._more, None),) if each is not None]
        return self._made[number] if number < len(self._made) else None


def _try(
    model: Any, parts: tuple[str, ...], longest: int, checks: _Checks, stack: ExitStack
) -> tuple[FastPath | None, str]:
    """These parts put in, if they give what the model gives; else None, with nothing put in, and why."""
    said, number = "", 0
    while (check := checks.get(number)) is not None:
        with ExitStack() as trial:
            try:
                path = _put_in(model, parts, longest, trial)
                difference, why = check.compare(model, path)
            except Exception as error:  # whatever a model's own code makes of packed rows: it is told
                return None, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
            if not why:
                stack.push(trial.pop_all())
                return _with_notes(path, difference), ""
        said, number = said or why, number + 1
    return None, said


def _with_notes(path: FastPath, difference: float) -> FastPath:
    notes = path.notes
    if "compile" in path.parts and (failed := uncompiled()):
        notes = (*notes, f"compile: {', '.join(failed)} could not be compiled and run as they are")
    return replace(path, notes=notes, difference=difference)


def _possible(model: Any, wanted: Sequence[str], notes: list[str]) -> tuple[str, ...]:
    """What can be tried at all."""
    parts = [part for part in FAST_PARTS if part in wanted]
    inner = _inner(model)
    if inner is None:
        notes.append(f"all: {type(model).__name__} wraps the model, and its own forward has to be called")
        return ()
    if "head" in parts and plain_head(model) is None:
        notes.append(f"head: that of {type(inner).__name__} is trained, or is more than a product")
        parts.remove("head")
    if "packing" in parts and not inner._can_set_attn_implementation():
        notes.append(f"packing: {type(inner).__name__} computes attention its own way")
        parts.remove("packing")
    odd = sorted(set(getattr(inner.config, "layer_types", None) or ()) - _KNOWN_LAYERS)
    if "packing" in parts and (odd or getattr(inner.config, "attention_chunk_size", None)):
        notes.append(
            f"packing: layers of {type(inner).__name__} with {', '.join(odd) or 'chunked attention'}"
        )
        parts.remove("packing")
    device = next(model.parameters()).device.type
    if device != "cpu" and (ours := [part for part in ("layers", "compile") if part in parts]):
        notes.append(
            f"{', '.join(ours)}: written for the CPU; on {device} torch's and Liger's kernels are used"
        )
        parts = [part for part in parts if part not in ours]
    if "layers" in parts and "packing" not in parts:
        notes.append(_NEED_PACKING)
        parts.remove("layers")
    small = sum(p.numel() for p in inner.parameters()) < _WORTH_COMPILING
    if "compile" in parts and (why := "the base is small" if small else can_compile()):
        notes.append(f"compile: {why}")
        parts.remove("compile")
    return tuple(parts)


def _inner(model: Any) -> Any:
    """The transformers model, or None behind a data-parallel wrapper."""
    from transformers import PreTrainedModel

    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    return inner if isinstance(inner, PreTrainedModel) else None


def _dtype(model: Any) -> torch.dtype:
    """Of the products: of a base in 4 bits, what its layers compute in; else that of the weights."""
    inner = _inner(model)
    given = (getattr(module, "compute_dtype", None) for module in inner.modules())
    dtype: torch.dtype = next((each for each in given if isinstance(each, torch.dtype)), inner.dtype)
    return dtype


def _put_in(model: Any, parts: tuple[str, ...], longest: int, stack: ExitStack) -> FastPath:
    inner, notes = _inner(model), list[str]()
    stack.callback(compile_kernels, compile_kernels("compile" in parts))
    if "packing" in parts:
        stack.callback(inner.set_attn_implementation, inner.config._attn_implementation)
        inner.set_attn_implementation(_attention(inner))
    if inner.device.type == "cuda" and is_liger_kernel_available():
        _use_liger(inner, stack)
        notes.append("Liger's kernels are used")
    layers, products = [], []
    if "layers" in parts:
        reasons = {
            each: _differs(each, longest)
            for each in inner.modules()
            if type(each).__name__ in FAST_LAYERS.values()
        }
        layers = [each for each, reason in reasons.items() if not reason]
        if not reasons:
            notes.append(f"layers: those of {type(inner).__name__} are not known")
        elif odd_ones := sorted(filter(None, set(reasons.values()))):
            left = f"{len(reasons) - len(layers)} of {len(reasons)}"
            notes.append(f"layers: {left} take the model's own forward: {', '.join(odd_ones)}")
    own = {id(part) for layer in layers for part in layer.modules()}
    if "lora" in parts:
        products = [each for each in inner.modules() if isinstance(each, LoraLayer) and id(each) not in own]
    known = [each for each in products if lora_linear_of(each) is not None]
    if odd := sorted({type(each).__name__ for each in products if lora_linear_of(each) is None}):
        notes.append(f"lora: {', '.join(odd)} with these options takes PEFT's own forward")
    dtype = _dtype(model)
    for each in layers:
        _replace(each, partial(_layer_forward, each, each.forward, dtype), stack)
    for each in known:
        _replace(each, partial(_product_forward, each, each.forward, dtype), stack)
    nothing = {"layers": not layers, "lora": not layers and not known}
    effective = tuple(part for part in parts if not nothing.get(part))
    return FastPath(effective, len(layers), len(known), tuple(notes))


def _attention(inner: Any) -> str:
    """flash-attn knows packed rows by itself."""
    half = inner.dtype in (torch.bfloat16, torch.float16)
    return (
        "flash_attention_2" if inner.device.type == "cuda" and half and is_flash_attn_2_available() else ROWS
    )


def _use_liger(inner: Any, stack: ExitStack) -> None:
    """Liger's kernels for norms, rotations and the MLP; its heads are left alone, ours needs no logits."""
    before = {module: vars(module).get("forward") for module in inner.modules()}
    apply_liger_kernel(inner, {"cross_entropy": False, "fused_linear_cross_entropy": False})
    for module, forward in before.items():
        if vars(module).get("forward") is not forward:
            _restored(module, forward, stack)


def _restored(module: nn.Module, forward: Any, stack: ExitStack) -> None:
    if forward is None:
        stack.callback(delattr, module, "forward")
    else:
        stack.callback(setattr, module, "forward", forward)


def _replace(module: nn.Module, forward: Callable[..., Any], stack: ExitStack) -> None:
    """Until the stack is left, when it is again the class's, or what had been put in before."""
    _restored(module, vars(module).get("forward"), stack)
    module.forward = forward


def _window(attention: Any) -> float:
    """Tokens that a query sees, itself included."""
    own = getattr(attention, "sliding_window", getattr(attention.config, "sliding_window", None))
    return inf if own is None else own


def _differs(layer: Any, longest: int) -> str:
    """What of a layer is not as `decoder_layer` computes it for rows of this length, or ""."""
    attention, config = layer.self_attn, layer.self_attn.config
    if type(layer.mlp.act_fn).__name__ not in ("SiLU", "SiLUActivation") or config.attention_dropout:
        return "activation or dropout"
    if any(part._forward_hooks or part._forward_pre_hooks for part in layer.modules() if part is not layer):
        return "hooks"
    norms = [getattr(layer, name) for name in _NORMS]
    if any(norm.weight.requires_grad or type(norm).__name__.find("RMSNorm") < 0 for norm in norms):
        return "norms"
    if _window(attention) < longest:
        return "sliding window"
    linears = [lora_linear_of(layer.get_submodule(name)) for name in _LINEARS]
    if None in linears:
        return "linear layers"
    return (
        "dropouts that differ" if len({each.dropout for each in linears if each and each.weights}) > 1 else ""
    )


def _layer_forward(
    layer: Any, own: Callable[..., Any], dtype: torch.dtype, hidden_states: Tensor, *args: Any, **options: Any
) -> Any:
    """A decoder layer's forward: as one function for packed rows, else its own."""
    ends, rotary = options.get("cu_seq_lens_q"), options.get("position_embeddings")
    linears = tuple(lora_linear_of(layer.get_submodule(name)) for name in _LINEARS)
    attention = layer.self_attn
    if (
        args
        or ends is None
        or rotary is None
        or options.get("past_key_values")
        or None in linears
        or options.get("max_length_q", inf) > _window(attention)
    ):
        return own(hidden_states, *args, **options)
    norms = [getattr(layer, name) for name in _NORMS]
    shape = DecoderLayer(
        linears=linears,  # type: ignore[arg-type]  # None is not among them: checked above
        norms=(norms[0].weight, norms[1].weight),
        eps=norms[0].variance_epsilon,
        heads=attention.config.num_attention_heads,
        key_heads=attention.config.num_key_value_heads,
        scale=attention.scaling,
        dtype=dtype,
    )
    cos, sin = (each[0] for each in rotary)
    run = partial(decoder_layer, layer=shape, cos=cos, sin=sin, ends=row_ends(ends))
    if layer.gradient_checkpointing and layer.training:
        return layer._gradient_checkpointing_func(run, hidden_states[0])[None]
    return run(hidden_states[0])[None]


def _product_forward(
    module: Any, own: Callable[..., Any], dtype: torch.dtype, x: Tensor, *args: Any, **options: Any
) -> Any:
    """A LoRA layer's forward, unless its adapters have been switched to what is not known."""
    linear = None if args or options else lora_linear_of(module)
    return own(x, *args, **options) if linear is None else lora_product(x, linear, dtype)
