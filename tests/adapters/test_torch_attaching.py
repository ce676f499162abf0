"""Adapter files are hostile until checked: each fault is named, and the live model stays as it was."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.bases.resolution import Base
from codebase_gardener.utils.error_handling import AdapterError
from samples.tiny_adapters import Trained

TEXT = "def area(width, height):\n    return"
Tensors = dict[str, torch.Tensor]


def config(folder: Path, **changes: Any) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def tensors(folder: Path, change: Callable[[Tensors], Any]) -> None:
    path = folder / "adapter_model.safetensors"
    held = load_file(path)
    change(held)
    save_file({name: tensor.contiguous() for name, tensor in held.items()}, path, metadata={"format": "pt"})


def first(held: Tensors, part: str) -> str:
    return next(name for name in sorted(held) if part in name)


def put(held: Tensors, part: str, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
    name = first(held, part)
    held[name] = change(held[name])


def with_value(value: float) -> Callable[[torch.Tensor], torch.Tensor]:
    def change(tensor: torch.Tensor) -> torch.Tensor:
        tensor = tensor.clone()
        tensor[0, 0] = value
        return tensor

    return change


def cut(folder: Path, keep: int) -> None:
    path = folder / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])


def no_weights(folder: Path) -> None:
    (folder / "adapter_model.safetensors").unlink()


def write_config(folder: Path, text: str) -> None:
    (folder / "adapter_config.json").write_text(text)


def rename(held: Tensors, part: str, new: str) -> None:
    name = first(held, part)
    held[name.replace(part, new)] = held.pop(name)


def zero_b(held: Tensors) -> None:
    for name in held:
        if "lora_B" in name:
            held[name] = torch.zeros_like(held[name])


# name → (damage, what the error says)
DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "truncated": (lambda f: cut(f, -100), "damaged or truncated"),
    "cut in its header": (lambda f: cut(f, 20), "damaged or truncated"),
    "empty": (lambda f: cut(f, 0), "damaged or truncated"),
    "no weights": (no_weights, "has no adapter_model.safetensors"),
    "no tensors": (lambda f: tensors(f, lambda t: t.clear()), "holds no tensors"),
    "integers": (lambda f: tensors(f, lambda t: put(t, "lora_A", lambda x: x.int())), "not floating point"),
    "NaN": (lambda f: tensors(f, lambda t: put(t, "lora_A", with_value(float("nan")))), "NaN"),
    "infinite": (lambda f: tensors(f, lambda t: put(t, "lora_B", with_value(float("inf")))), "infinite"),
    "transposed": (
        lambda f: tensors(f, lambda t: put(t, "down_proj.lora_A", lambda x: x.T)),
        "down_proj.lora_A",
    ),
    "too wide": (
        lambda f: tensors(f, lambda t: put(t, "k_proj.lora_B", lambda x: x.repeat(2, 1))),
        "k_proj.lora_B",
    ),
    "another rank": (lambda f: config(f, r=8), "does not fit"),
    "unknown module": (lambda f: tensors(f, lambda t: rename(t, "q_proj", "c_attn")), "c_attn"),
    "unknown layer": (lambda f: tensors(f, lambda t: rename(t, "layers.1", "layers.7")), "layers.7"),
    "missing tensor": (
        lambda f: tensors(f, lambda t: t.pop(first(t, "v_proj.lora_A"))),
        "v_proj has no lora_A",
    ),
    "a tensor more": (lambda f: tensors(f, lambda t: t.update(stray=torch.ones(2))), "stray"),
    "zero B": (lambda f: tensors(f, zero_b), "changes nothing"),
    "huge alpha": (lambda f: config(f, lora_alpha=1e9), "lora_alpha"),
    "alpha no number": (lambda f: config(f, lora_alpha=float("nan")), "lora_alpha"),
    "huge alpha of a module": (lambda f: config(f, alpha_pattern={"q_proj": 1e9}), "q_proj"),
    "huge rank": (lambda f: config(f, r=10**9), "r is"),
    "huge rank of a module": (lambda f: config(f, rank_pattern={"q_proj": 10**9}), "q_proj"),
    "patterns no mapping": (lambda f: config(f, rank_pattern=[1]), "rank_pattern"),
    "rank zero": (lambda f: config(f, r=0), "r is 0"),
    "rank a text": (lambda f: config(f, r="4"), "r is '4'"),
    "auto_mapping": (
        lambda f: config(f, auto_mapping={"parent_library": "os", "base_model_class": "x"}),
        "auto_mapp",
    ),
    "no config": (lambda f: (f / "adapter_config.json").unlink(), "adapter_config.json"),
    "config no JSON": (lambda f: write_config(f, "{"), "adapter_config.json"),
    "config a list": (lambda f: write_config(f, "[]"), "peft_type"),
    "config of nothing": (lambda f: write_config(f, "{}"), "peft_type"),
    "unknown method": (lambda f: config(f, peft_type="MAGIC"), "MAGIC"),
    "targets a norm too": (lambda f: config(f, target_modules=["q_proj", "input_layernorm"]), "does not fit"),
    "targets nothing": (lambda f: config(f, target_modules=["c_attn"]), "does not fit"),
    "says it is DoRA": (lambda f: config(f, use_dora=True), "get no tensor"),
    "modules of the base": (lambda f: config(f, megatron_config={"x": 1}), "megatron_config"),
    "PiSSA, not converted": (lambda f: config(f, init_lora_weights="pissa_niter_4"), "pissa"),
    "OLoRA, not converted": (lambda f: config(f, init_lora_weights="OLoRA"), "olora"),
    "saves a module it has not": (lambda f: config(f, modules_to_save=["lm_head"]), "lm_head"),
}


@pytest.fixture
def live(base: Base) -> LiveBase:
    return LiveBase(base.path, device="cpu", dtype="float32")


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_fault_is_named_and_the_live_model_stays(
    damage: str, folder: Path, live: LiveBase, trained: Callable[..., Trained]
) -> None:
    do, says = DAMAGES[damage]
    do(folder)
    bare = live.logits(TEXT, None)
    modules = [name for name, _ in live.base.named_modules()]
    with pytest.raises(AdapterError) as caught:
        live.attach(check_adapter_files(folder), "demo/bad@1")
    assert says in caught.value.message
    assert caught.value.hint
    assert str(folder) in caught.value.message
    assert [name for name, _ in live.base.named_modules()] == modules
    assert torch.equal(live.logits(TEXT, None), bare)
    live.attach(
        check_adapter_files(trained(use_dora=True, modules_to_save=("lm_head",)).artifact), "demo/good@1"
    )
    good = live.logits(TEXT, "demo/good@1")
    parameters = {name: p.clone() for name, p in live.base.named_parameters()}
    with pytest.raises(AdapterError):
        live.attach(check_adapter_files(folder), "demo/bad@1")
    assert len(live.adapters) == 1
    assert {name for name, _ in live.base.named_parameters()} == set(parameters)
    assert all(torch.equal(p, parameters[name]) for name, p in live.base.named_parameters())
    assert torch.equal(live.logits(TEXT, "demo/good@1"), good)
    live.detach("demo/good@1")
    assert torch.equal(live.logits(TEXT, None), bare)
    assert [name for name, _ in live.base.named_modules()] == modules


class Bomb:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.marker,))


@pytest.mark.parametrize("name", ["adapter_model.bin", "adapter_model.pt", "weights.pkl"])
def test_pickles_are_never_opened(name: str, folder: Path, live: LiveBase, tmp_path: Path) -> None:
    marker = tmp_path / "opened"
    (folder / name).write_bytes(pickle.dumps(Bomb(marker)))
    live.attach(check_adapter_files(folder), "demo/with-a-pickle@1")
    (folder / "adapter_model.safetensors").unlink()
    with pytest.raises(AdapterError, match="never opened") as caught:
        check_adapter_files(folder)
    assert name in caught.value.message
    assert not marker.exists()
    pickle.loads((folder / name).read_bytes())
    assert marker.exists(), "the bomb works"


def test_an_adapter_of_a_larger_base(folder: Path, make_base: Callable[..., Path]) -> None:
    other = LiveBase(make_base(2, hidden_size=64), device="cpu", dtype="float32")
    before = other.logits(TEXT, None)
    with pytest.raises(AdapterError, match="at a module of"):
        other.attach(check_adapter_files(folder), "demo/other@1")
    assert torch.equal(other.logits(TEXT, None), before)


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        ("demo/a@1", "demo/a@10"),
        ("demo/a@10", "demo/a@1"),
        ("my.repo/v1.2@1", "lora_A/bias@1"),
        ("a/a@1", "a/a@11"),
    ],
)
def test_adapters_do_not_mix_whatever_they_are_called(
    names: tuple[str, str], live: LiveBase, trained: Callable[..., Trained]
) -> None:
    folders = [trained(seed=seed).artifact for seed in (1, 2)]
    alone = []
    for name, folder in zip(names, folders, strict=True):
        live.attach(check_adapter_files(folder), name)
        alone.append(live.logits(TEXT, name))
        live.detach(name)
    for name, folder in zip(names, folders, strict=True):
        live.attach(check_adapter_files(folder), name)
    for name, logits in [*zip(names, alone, strict=True), (names[0], alone[0])]:
        assert torch.equal(live.logits(TEXT, name), logits)
    live.detach(names[0])
    assert torch.equal(live.logits(TEXT, names[1]), alone[1])


KINDS: list[dict[str, Any]] = [
    {},
    {"use_dora": True},
    {"modules_to_save": ("lm_head",)},
    {"trainable_token_indices": (65, 66)},
    {"init_lora_weights": "pissa"},
    {"use_rslora": True, "rank_pattern": {"q_proj": 2}},
]


@pytest.mark.slow
def test_adapters_of_all_kinds_share_a_base_and_leave_it_as_it_was(
    live: LiveBase, trained: Callable[..., Trained]
) -> None:
    bare = live.logits(TEXT, None)
    alone = []
    for number, options in enumerate(KINDS):
        live.attach(check_adapter_files(trained(**options).artifact), f"demo/{number}@1")
        alone.append(live.logits(TEXT, f"demo/{number}@1"))
        assert not torch.equal(alone[-1], bare)
        live.detach(f"demo/{number}@1")
        assert torch.equal(live.logits(TEXT, None), bare)
    for number, options in enumerate(KINDS):
        live.attach(check_adapter_files(trained(**options).artifact), f"demo/{number}@1")
    for number in [2, 0, 5, 3, 1, 4, 2]:
        assert torch.equal(live.logits(TEXT, f"demo/{number}@1"), alone[number]), KINDS[number]
        assert torch.equal(live.logits(TEXT, None), bare)
    for number in [3, 0, 5, 1]:
        live.detach(f"demo/{number}@1")
        assert torch.equal(live.logits(TEXT, "demo/2@1"), alone[2])
        assert torch.equal(live.logits(TEXT, "demo/4@1"), alone[4])
    live.detach("demo/2@1")
    live.detach("demo/4@1")
    live.detach("demo/4@1")  # a second time is no error
    assert torch.equal(live.logits(TEXT, None), bare)
    assert live.adapters == []


@pytest.mark.slow
def test_what_peft_cannot_hold_together_shares_a_base(
    live: LiveBase, trained: Callable[..., Trained]
) -> None:
    """Trained tokens and a low-rank embedding: PEFT refuses the second on one model."""
    folders = [
        trained(trainable_token_indices=(65, 66)).artifact,
        trained(target_modules=("q_proj", "embed_tokens")).artifact,
    ]
    bare = live.logits(TEXT, None)
    alone = []
    for folder in folders:
        live.attach(check_adapter_files(folder), "demo/one@1")
        alone.append(live.logits(TEXT, "demo/one@1"))
        live.detach("demo/one@1")
    for number, folder in enumerate(folders):
        live.attach(check_adapter_files(folder), f"demo/{number}@1")
    for number in (0, 1, 0):
        assert torch.equal(live.logits(TEXT, f"demo/{number}@1"), alone[number])
        assert torch.equal(live.logits(TEXT, None), bare)


def test_generating_is_greedy_and_takes_chat_turns(live: LiveBase, folder: Path) -> None:
    live.attach(check_adapter_files(folder), "demo/a@1")
    once = live.generate(TEXT, "demo/a@1", max_new_tokens=8)
    assert once == live.generate(TEXT, "demo/a@1", max_new_tokens=8)
    assert isinstance(live.generate([{"role": "user", "content": "Hello"}], None, max_new_tokens=4), str)
    sampled = live.generate(TEXT, "demo/a@1", max_new_tokens=8, do_sample=True, temperature=5.0)
    assert isinstance(sampled, str)


def test_bytes_are_those_of_the_tensors(live: LiveBase, folder: Path) -> None:
    before = live.bytes
    held = load_file(folder / "adapter_model.safetensors")
    assert live.attach(check_adapter_files(folder), "demo/a@1") == sum(t.nbytes for t in held.values())
    assert (
        live.bytes
        == before
        == sum(p.nbytes for p in LiveBase(live.path, device="cpu", dtype="float32").model.parameters())
    )


def test_a_folder_without_our_metadata_loads(folder: Path, live: LiveBase) -> None:
    (folder / "gardener.json").unlink()
    files = check_adapter_files(folder)
    assert files.base_sha256 is None
    live.attach(files, "demo/foreign@1")
    shutil.rmtree(folder)
    assert live.adapters
