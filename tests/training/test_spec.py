"""Training options: checked before anything loads, and named when they are wrong."""

from __future__ import annotations

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
    ({"layers_to_transform": "0", "target_modules": "q_proj"}, "target_modules"),
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
        ("learning_rate", "5e-4", 5e-4),
    ],
)
def test_texts_of_the_environment_are_understood(name: str, text: Any, value: Any) -> None:
    assert getattr(parse_spec({name: text}), name) == value


@pytest.mark.parametrize(
    "options",
    [{}, {"rank_pattern": "q_proj=8"}, {"target_modules": "q_proj,v_proj"}, {"init_lora_weights": "olora"}],
)
def test_a_spec_goes_to_json_and_back(options: dict[str, Any]) -> None:
    spec = parse_spec(options)
    assert parse_spec(spec.model_dump(mode="json")) == spec


def test_every_option_and_the_base_count_in_the_hash() -> None:
    plain = TrainingSpec()
    assert plain.hash_for("a") == TrainingSpec().hash_for("a")
    assert plain.hash_for("a") != plain.hash_for("b")
    assert plain.hash_for("a") != TrainingSpec(seed=1).hash_for("a")
