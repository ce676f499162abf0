"""Which renaming makes an adapter's tensors match, and when none does."""

from __future__ import annotations

import pytest

from codebase_gardener.adapters.torch_renaming import RENAMINGS, find_renaming

MODULES = [
    f"model.layers.{n}{part}"
    for n in range(2)
    for part in ("", ".self_attn", ".self_attn.q_proj", ".mlp", ".mlp.up_proj")
] + ["model", "model.layers", "lm_head"]
RIGHT = [
    f"base_model.model.model.layers.{n}.{module}.lora_{factor}.weight"
    for n in range(2)
    for module in ("self_attn.q_proj", "mlp.up_proj")
    for factor in "AB"
]
IMAGE_MODULES = [name.replace("model.", "model.language_model.", 1) for name in MODULES]
WRONG = {
    "base_layer": [key.replace(".lora_", ".base_layer.lora_") for key in RIGHT],
    "adapter name": [key.replace(".weight", ".default.weight") for key in RIGHT],
    "DDP": [key.replace("base_model.model.", "base_model.model.module.") for key in RIGHT],
    "compiled": [key.replace("base_model.model.", "base_model.model._orig_mod.") for key in RIGHT],
    "FSDP": [key.replace(".mlp.", "._fsdp_wrapped_module.mlp.") for key in RIGHT],
    "checkpointing": [key.replace(".mlp.", "._checkpoint_wrapped_module.mlp.") for key in RIGHT],
    "no prefix of PEFT's": [key.removeprefix("base_model.model.") for key in RIGHT],
    "a part of the path missing": [key.replace("model.model.model.", "model.model.") for key in RIGHT],
    "a part of the path more": [key.replace("model.layers", "model.model.layers") for key in RIGHT],
    "two at once": [
        key.replace("base_model.model.", "module.").replace(".weight", ".default.weight") for key in RIGHT
    ],
    "of an image model": [key.replace("model.layers", "model.language_model.layers") for key in RIGHT],
}


@pytest.mark.parametrize("how", WRONG)
def test_names_are_made_to_match(how: str) -> None:
    found = find_renaming(WRONG[how], MODULES)
    assert found is not None
    assert [found.apply(key) for key in WRONG[how]] == RIGHT
    assert str(found)


def test_of_transformers_4_for_an_image_model_of_5() -> None:
    old = [key.replace("model.model.model.", "model.model.language_model.model.") for key in RIGHT]
    found = find_renaming(old, IMAGE_MODULES)
    assert found is not None
    assert [found.apply(key) for key in old] == [
        key.replace("model.model.model.", "model.model.model.language_model.") for key in RIGHT
    ]


@pytest.mark.parametrize(
    "keys",
    [
        RIGHT,
        [key.replace("q_proj", "c_attn") for key in RIGHT],
        [key.replace("layers.1", "layers.7") for key in RIGHT],
        [*RIGHT, "base_model.model.stray.lora_A.weight"],
    ],
)
def test_where_nothing_is_to_be_done_or_nothing_helps(keys: list[str]) -> None:
    assert find_renaming(keys, MODULES) is None


def test_copies_of_the_base_that_peft_saves_stay() -> None:
    keys = [*RIGHT, "base_model.model.model.embed_tokens.base_layer.weight"]
    modules = [*MODULES, "model.embed_tokens"]
    assert find_renaming(keys, modules) is None
    prefixed = [key.replace("base_model.model.", "base_model.model.module.") for key in keys]
    found = find_renaming(prefixed, modules)
    assert found is not None
    assert [found.apply(key) for key in prefixed] == keys


def test_every_row_says_where_it_comes_from() -> None:
    assert all(row.source and row.about for row in RENAMINGS)
