"""The fast path of training and evaluation: put into a model for a while, checked against the model's own forward.

What it does not know, or computes otherwise than the model does, takes the general path, and the notes say why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity
from transformers.utils import is_flash_attn_2_available

from codebase_gardener.training.encoding import IGNORE, EncodedExample
from codebase_gardener.training.fast_parts import FAST_PARTS
from codebase_gardener.training.torch_attention import ROWS, row_ends
from codebase_gardener.training.torch_batch import collate, on_device, pack, supervised_losses
from codebase_gardener.training.torch_compiled import can_compile, compile_kernels
from codebase_gardener.training.torch_head import plain_head
from codebase_gardener.training.torch_layers import DecoderLayer, decoder_layer
from codebase_gardener.training.torch_lora import lora_linear_of, lora_product

__all__ = ["FastPath", "fast_path"]

_LAYERS = frozenset({"LlamaDecoderLayer", "MistralDecoderLayer", "Qwen2DecoderLayer"})
_LINEARS = tuple(
    [f"self_attn.{name}_proj" for name in "qkvo"] + [f"mlp.{name}_proj" for name in ("gate", "up", "down")]
)
# Kinds of layers, as configs name them, that tell packed rows apart through attention.
_KNOWN_LAYERS = frozenset({"full_attention", "sliding_attention"})
_NORMS = ("input_layernorm", "post_attention_layernorm")
_WORTH_COMPILING = 20_000_000  # parameters: below, making the kernels takes longer than they save
_SAMPLE_TOKENS = 48
# How far the fast path may be from the model's own: mean of |nats| per token, and 1 - cosine of the gradients. In
# bf16 two orders of the same sums differ by 0.03 to 0.05 nats per token (and by 0.002 on average over tokens).
_LIMITS = {torch.float32: (1e-4, 1e-5), torch.bfloat16: (0.12, 0.02)}


@dataclass(frozen=True)
class FastPath:
    """What is in effect.

    Attributes:
        parts: Of `FAST_PARTS`.
        layers: Decoder layers that run as one function.
        products: LoRA products that run as one function, outside such layers.
        notes: What takes the general path, and why.
        difference: Nats per token by which the losses differ from the model's own.
    """

    parts: tuple[str, ...] = ()
    layers: int = 0
    products: int = 0
    notes: tuple[str, ...] = ()
    difference: float = 0.0

    @property
    def packed(self) -> bool:
        """Whether rows lie one behind the other, without padding."""
        return "packing" in self.parts

    def batch(self, rows: Sequence[EncodedExample], pad_id: int) -> dict[str, Any]:
        """Rows as this path takes them."""
        return pack(rows, pad_id) if self.packed else collate(rows, pad_id)

    def tokens(self, lengths: Sequence[int]) -> int:
        """Tokens that a batch of rows takes, padding included where there is some."""
        return sum(lengths) if self.packed else len(lengths) * max(lengths)

    def losses(self, model: Any, batch: dict[str, Any]) -> Any:
        """`supervised_losses`, with or without the short cut of the head."""
        return supervised_losses(model, batch, short_cut="head" in self.parts)

    def as_dict(self) -> dict[str, Any]:
        """For the event log."""
        return {
            "parts": list(self.parts),
            "layers": self.layers,
            "products": self.products,
            "notes": list(self.notes),
            "difference": self.difference,
        }


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
    sample, longest = _sample(rows), max((len(row.ids) for row in rows), default=0)
    if parts and not sample:
        notes.append("all: no row to compare with the model's own forward")
    if not parts or not sample:
        return FastPath(notes=tuple(notes))
    expected = _outcome(model, FastPath(), sample)
    limits = _LIMITS.get(_dtype(model), _LIMITS[torch.bfloat16])
    while parts:
        tried = stack.enter_context(ExitStack())
        path = FastPath(parts)
        try:
            path = _put_in(model, parts, longest, tried)
            loss, gradient = _differences(expected, _outcome(model, path, sample))
        except Exception as error:  # whatever a model's own code makes of packed rows: it is told
            why = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        else:
            if loss <= limits[0] and gradient <= limits[1]:
                return replace(path, notes=(*notes, *path.notes), difference=loss)
            why = f"its losses differ by {loss:.2g} nats and its gradients by {gradient:.2g} from the model's own"
        tried.close()
        left_out = next(part for part in reversed(FAST_PARTS) if part in path.parts)
        notes.append(f"{left_out}: left out, {why}")
        parts = tuple(part for part in parts if part != left_out)
    return FastPath(notes=tuple(notes))


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
    compile_kernels("compile" in parts)
    stack.callback(compile_kernels, False)
    if "packing" in parts:
        stack.callback(inner.set_attn_implementation, inner.config._attn_implementation)
        on_gpu = inner.device.type != "cpu" and is_flash_attn_2_available()  # knows packed rows by itself
        inner.set_attn_implementation("flash_attention_2" if on_gpu else ROWS)
    layers, products = [], []
    if "layers" in parts:
        reasons = {
            each: _differs(each, longest) for each in inner.modules() if type(each).__name__ in _LAYERS
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
    for each in layers:
        _replace(each, partial(_layer_forward, each, each.forward, _dtype(model)), stack)
    for each in known:
        _replace(each, partial(_product_forward, each, each.forward, _dtype(model)), stack)
    nothing = {"layers": not layers, "lora": not layers and not known}
    effective = tuple(part for part in parts if not nothing.get(part))
    return FastPath(effective, len(layers), len(known), tuple(notes))


def _replace(module: nn.Module, forward: Callable[..., Any], stack: ExitStack) -> None:
    """Until the stack is left, when it is again the class's, or what had been put in before."""
    if "forward" in vars(module):
        stack.callback(setattr, module, "forward", module.forward)
    else:
        stack.callback(delattr, module, "forward")
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
    norms = [getattr(layer, name) for name in _NORMS]
    if any(norm.weight.requires_grad or type(norm).__name__.find("RMSNorm") < 0 for norm in norms):
        return "norms"
    if _window(attention) < longest:
        return "sliding window"
    return "" if all(lora_linear_of(layer.get_submodule(name)) for name in _LINEARS) else "linear layers"


def _layer_forward(
    layer: Any, own: Callable[..., Any], dtype: torch.dtype, hidden_states: Tensor, *args: Any, **options: Any
) -> Any:
    """A decoder layer's forward: as one function for packed rows, else its own."""
    ends, turns = options.get("cu_seq_lens_q"), options.get("position_embeddings")
    linears = tuple(lora_linear_of(layer.get_submodule(name)) for name in _LINEARS)
    attention = layer.self_attn
    if (
        args
        or ends is None
        or turns is None
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
    cos, sin = (turn[0] for turn in turns)
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


def _sample(rows: Sequence[EncodedExample]) -> list[EncodedExample]:
    """The ends of a short, a middling and a long row with something to predict there."""
    fit = sorted(
        (row for row in rows if any(label != IGNORE for label in row.labels[1:])),
        key=lambda row: len(row.ids),
    )
    chosen = {0, len(fit) // 2, len(fit) - 1} if fit else set()
    return [
        EncodedExample(row.ids[-_SAMPLE_TOKENS:], row.labels[-_SAMPLE_TOKENS:], row.truncated, row.ends)
        for row in (fit[number] for number in sorted(chosen))
    ]


def _outcome(model: Any, path: FastPath, rows: Sequence[EncodedExample]) -> tuple[Tensor, Tensor | None]:
    """Losses of the rows, and the gradients of all that is trained, without dropout.

    The general path takes the rows one by one, so that there is no padding either.
    """
    device, training = next(model.parameters()).device, model.training
    trained = [p for p in model.parameters() if p.requires_grad]
    state = torch.get_rng_state()
    model.eval()
    try:
        losses = []
        for part in [rows] if path.packed else [[row] for row in rows]:
            batch = on_device(path.batch(part, 0), device)
            with torch.autocast(device.type, torch.bfloat16, enabled=_dtype(model) == torch.bfloat16):
                found = path.losses(model, batch).losses_N
            if trained and found.requires_grad:
                found.sum().backward()
            losses.append(found.detach())
        gradients = [p.grad.flatten().float() for p in trained if p.grad is not None]
        return torch.cat(losses), torch.cat(gradients) if gradients else None
    finally:
        model.zero_grad(set_to_none=True)
        model.train(training)
        torch.set_rng_state(state)


def _differences(
    expected: tuple[Tensor, Tensor | None], got: tuple[Tensor, Tensor | None]
) -> tuple[float, float]:
    """Mean absolute difference of the losses, and 1 - cosine of the gradients."""
    loss = float((expected[0] - got[0]).abs().mean())
    if expected[1] is None or got[1] is None:
        return loss, 0.0 if expected[1] is got[1] else 1.0
    return loss, 1 - float(cosine_similarity(expected[1].double(), got[1].double(), dim=0))
