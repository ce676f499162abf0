"""Training options: checked before anything loads, and named when they are wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.utils.error_handling import InvalidInputError


def test_the_defaults() -> None:
    spec = TrainingSpec()
    assert (spec.r, spec.lora_alpha, spec.lora_dropout, spec.target_modules) == (16, 32, 0.1, "all-linear")
    assert spec.batch_size == 4


BAD: list[tuple[str, Any]] = [
    ("r", 0),
    ("r", "many"),
    ("r", 10**9),
    ("lora_alpha", 0),
    ("lora_alpha", 1e9),
    ("lora_alpha", float("nan")),
    ("lora_dropout", 1),
    ("lora_dropout", -0.1),
    ("learning_rate", 0),
    ("learning_rate", float("nan")),
    ("learning_rate", 2),
    ("lr_scheduler_type", "sawtooth"),
    ("minutes", 0),
    ("minutes", float("inf")),
    ("steps", -1),
    ("max_epochs", float("inf")),
    ("warmup_ratio", 0.9),
    ("batch_size", 0),
    ("max_length", 8),
    ("seed", -1),
    ("dtype", "int8"),
    ("throttle", 0),
    ("throttle", 1.1),
    ("checkpoint_minutes", 0),
    ("init_lora_weights", "magic"),
    ("bias", "some"),
    ("rank_pattern", "q_proj"),
    ("rank_pattern", "q_proj=x"),
    ("alpha_pattern", {"q_proj": "x"}),
    ("trainable_token_indices", "a,b"),
    ("layers_to_transform", "first"),
    ("gradient_checkpointing", "perhaps"),
    ("loraplus_lr_ratio", -1),
    ("neftune_noise_alpha", float("nan")),
    ("lora_bias", "some"),
    ("peft_options", "alpha"),
    ("peft_options", "{alpha: 3"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_names_its_option(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_spec({name: value})
    assert name in caught.value.message
    assert caught.value.context["option"] == name
    assert caught.value.hint


TOGETHER = [
    ({"use_dora": True, "init_lora_weights": "pissa"}, "use_dora"),
    ({"use_dora": True, "init_lora_weights": "olora"}, "use_dora"),
    ({"layers_pattern": "layers"}, "layers_to_transform"),
    ({"layers_to_transform": "0", "target_modules": ".*q_proj"}, "target_modules"),
    ({"rank_pattern": "q_proj=0"}, "q_proj=0"),
    ({"alpha_pattern": "q_proj=-1"}, "q_proj=-1"),
    ({"target_modules": ""}, "target_modules"),
    ({"target_modules": ()}, "target_modules"),
    ({"target_modules": "(q_proj"}, "target_modules"),
    ({"bias": "all"}, "bias"),
    ({"bias": "lora_only"}, "bias"),
    ({"init_lora_weights": "pissa", "modules_to_save": "lm_head"}, "modules_to_save"),
    ({"init_lora_weights": "olora", "trainable_token_indices": "0"}, "trainable_token_indices"),
    ({"init_lora_weights": "pissa", "use_rslora": True, "rank_pattern": "q_proj=2"}, "rank_pattern"),
    ({"loraplus_lr_ratio": 0.5}, "loraplus_lr_ratio"),
    ({"lora_bias": True, "use_dora": True}, "lora_bias"),
    ({"lora_bias": True, "init_lora_weights": "gaussian"}, "lora_bias"),
    ({"quantization": "int3"}, "int3"),
    ({"quantization": "nf4", "init_lora_weights": "pissa"}, "pissa"),
    ({"quantization": "int8", "init_lora_weights": "olora"}, "olora"),
    ({"quantization": "nf4", "init_lora_weights": "orthogonal"}, "orthogonal"),
    ({"quantization": "int8", "use_dora": True}, "use_dora"),
    ({"quantization": "torchao-int8", "lora_bias": True}, "lora_bias"),
    ({"quantization": "nf4", "peft_type": "LOHA"}, "LOHA does not train on a quantized base"),
    ({"init_lora_weights": "loftq"}, "needs quantization"),
    ({"init_lora_weights": "loftq", "quantization": "nf4", "use_dora": True}, "use_dora"),
    ({"peft_type": "MAGIC"}, "there are LORA, BEFT, BOFT"),
    ({"peft_type": "PREFIX_TUNING"}, "virtual tokens"),
    ({"peft_type": "ADALORA"}, "update_and_allocate"),
    ({"peft_type": "IA3", "r": 4}, "r is an option of LORA"),
    ({"peft_type": "LOHA", "use_dora": True}, "use_dora"),
    ({"peft_type": "LOHA", "lora_alpha": 8}, "lora_alpha"),
    ({"peft_type": "LOHA", "peft_options": "r=8"}, "peft_options: r is refused"),
    ({"peft_type": "BOFT", "peft_options": "bias=all"}, "bias"),
    ({"peft_type": "LOHA", "peft_options": {"target_modules": "q_proj"}}, "target_modules"),
    ({"peft_type": "VERA", "peft_options": {"auto_mapping": {}}}, "auto_mapping"),
    ({"peft_options": {"layer_replication": [[0, 1]]}}, "layer_replication"),
]


@pytest.mark.parametrize(("options", "named"), TOGETHER)
def test_options_that_cannot_be_together(options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_spec(options)
    assert named in caught.value.message


def test_an_unknown_option_lists_the_known() -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_spec({"learnin_rate": 1e-3})
    assert "learnin_rate" in caught.value.message
    for name in TrainingSpec.model_fields:
        assert name in caught.value.hint


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("target_modules", "q_proj,v_proj", ("q_proj", "v_proj")),
        ("target_modules", "q_proj, v_proj,", ("q_proj", "v_proj")),
        ("target_modules", "all-linear", "all-linear"),
        ("target_modules", r".*\.(q|v)_proj", r".*\.(q|v)_proj"),
        ("exclude_modules", "lm_head", ("lm_head",)),
        ("rank_pattern", "q_proj=8", {"q_proj": 8}),
        ("alpha_pattern", "q_proj=8,v_proj=16", {"q_proj": 8, "v_proj": 16}),
        ("layers_to_transform", "0,3", (0, 3)),
        ("layers_to_transform", 2, (2,)),
        ("trainable_token_indices", "5", (5,)),
        ("modules_to_save", "", ()),
        ("use_dora", "true", True),
        ("init_lora_weights", "true", True),
        ("init_lora_weights", "False", False),
        ("init_lora_weights", "pissa", "pissa"),
        ("r", "8", 8),
        ("peft_type", "lora", "LORA"),
        ("peft_options", "", {}),
        ("loraplus_lr_ratio", "16", 16.0),
        ("learning_rate", "5e-4", 5e-4),
    ],
)
def test_texts_of_the_environment_are_understood(name: str, text: Any, value: Any) -> None:
    assert getattr(parse_spec({name: text}), name) == value


def test_options_of_other_kinds_are_json_or_pairs() -> None:
    expected = {"n_frequency": 50, "scaling": 2.5, "init_weights": True, "wavelet_family": "db1"}
    for text in (
        "n_frequency=50, scaling=2.5,init_weights=True,wavelet_family=db1",
        json.dumps(expected),
        expected,
    ):
        assert parse_spec({"peft_type": "waveft", "peft_options": text}).peft_options == expected


@pytest.mark.parametrize(
    "options",
    [
        {"peft_type": "LOHA", "peft_options": "alpha=3"},
        {"quantization": "nf4"},
        {},
        {"rank_pattern": "q_proj=8"},
        {"target_modules": "q_proj,v_proj"},
        {"init_lora_weights": "olora"},
    ],
)
def test_a_spec_goes_to_json_and_back(options: dict[str, Any]) -> None:
    spec = parse_spec(options)
    assert parse_spec(spec.model_dump(mode="json")) == spec


def test_every_option_and_the_base_count_in_the_hash() -> None:
    plain = TrainingSpec()
    assert plain.hash_for("a") == TrainingSpec().hash_for("a")
    assert plain.hash_for("a") != plain.hash_for("b")
    assert plain.hash_for("a") != TrainingSpec(seed=1).hash_for("a")


def test_one_name_is_a_name_and_alphas_are_numbers() -> None:
    assert parse_spec({"target_modules": "q_proj"}).target_modules == ("q_proj",)
    assert parse_spec(
        {"target_modules": "self_attn.q_proj", "layers_to_transform": "0,1"}
    ).target_modules == ("self_attn.q_proj",)
    assert parse_spec({"target_modules": "all-linear"}).target_modules == "all-linear"
    assert parse_spec({"target_modules": r".*\.(q|v)_proj"}).target_modules == r".*\.(q|v)_proj"
    spec = parse_spec({"alpha_pattern": "q_proj=12.5,v_proj=16"})
    assert spec.alpha_pattern == {"q_proj": 12.5, "v_proj": 16}
    assert '"v_proj":16}' in spec.model_dump_json(), "whole numbers stay whole: a job is known by them"
    for wrong in ("q_proj=0", "q_proj=nan", "q_proj=inf"):
        with pytest.raises(InvalidInputError, match="alpha_pattern"):
            parse_spec({"alpha_pattern": wrong})


def test_it_rests_above_90_degrees_unless_told_not_to() -> None:
    assert parse_spec({}).max_temperature_c == 90
    assert parse_spec({"max_temperature_c": "0"}).max_temperature_c == 0
