"""Every kind of adapter that PEFT has: trained, saved, proven and loaded by stock PEFT, or refused with its reason."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel, PeftType, PromptTuningConfig, get_peft_model
from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING
from safetensors.torch import load_file

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_proof import measure
from codebase_gardener.bases.resolution import Base, resolve_base
from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.jobs.directory import JobDirectory
from codebase_gardener.jobs.torch_run import run_job
from codebase_gardener.training.encoding import EncodedExample
from codebase_gardener.training.fast.torch_batch import collate, supervised_losses
from codebase_gardener.training.fast.torch_head import plain_head
from codebase_gardener.training.methods import METHODS
from codebase_gardener.training.spec import TrainingSpec, parse_spec
from codebase_gardener.training.torch_logits import last_logits
from codebase_gardener.training.torch_method import add_adapter, peft_config
from codebase_gardener.utils.error_handling import InvalidInputError

MakeJob = Callable[..., JobDirectory]

# what a layer of 32 by 32 needs; the rest takes PEFT's own defaults
SMALL: dict[str, dict[str, Any]] = {
    "C3A": {"block_size": 16},
    "FOURIERFT": {"n_frequency": 50},
    "OFT": {"oft_block_size": 16},
    "ROAD": {"group_size": 16},
    "TRAINABLE_TOKENS": {"token_indices": [65, 66, 67]},
    "VBLORA": {"vector_length": 16},
    "WAVEFT": {"n_frequency": 50},
}
TRAINED = [row.name for row in METHODS.values() if not row.refused and row.name != "LORA"]
QUANTIZED = [row.name for row in METHODS.values() if row.quantized and row.name != "LORA"]


def options(name: str, **more: Any) -> dict[str, Any]:
    rank = {"r": 4 if METHODS[name].rank else TrainingSpec().r}
    return {"peft_type": name, "peft_options": SMALL.get(name, {}), **rank, **more}


@pytest.fixture
def base(tiny_base: Path, tmp_path: Path) -> Base:
    return resolve_base(str(tiny_base), tmp_path / "bases")


def trained(directory: JobDirectory) -> dict[str, Any]:
    run_job(directory, "demo/default@1")
    base = directory.spec.base
    return measure(
        directory.artifact, base.path, base_sha256=base.sha256, dtype="float32", parity=directory.parity
    )


def test_every_kind_of_peft_has_its_row() -> None:
    assert set(METHODS) == {kind.value for kind in PEFT_TYPE_TO_CONFIG_MAPPING}
    assert all(row.source for row in METHODS.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAINED)
def test_a_kind_is_trained_saved_proven_and_loaded_by_stock_peft(
    name: str, make_job: MakeJob, tiny_base: Path
) -> None:
    directory = make_job(learning_rate=0.02, steps=3, **options(name))
    receipt = trained(directory)
    assert receipt["tensors_matched"] == receipt["tensors_expected"] > 0
    assert receipt["max_logit_difference"] > 1e-4
    assert receipt["parity_reload"] < 1e-4
    assert receipt["parity_unload"] == 0
    stock = PeftModel.from_pretrained(load_model(tiny_base, dtype="float32"), directory.artifact).eval()
    logits = last_logits(stock, load_tokenizer(tiny_base))
    torch.testing.assert_close(logits, load_file(directory.parity)["logits"], atol=1e-4, rtol=0)


IN_BF16: dict[str, dict[str, Any]] = {
    **{name: options(name) for name in TRAINED},
    **{
        name: {"lora_dropout": 0.0, **more}
        for name, more in (
            ("LORA", {}),
            ("DoRA", {"use_dora": True}),
            ("tokens", {"trainable_token_indices": "65,66,67"}),
            ("head saved", {"modules_to_save": "lm_head"}),
            ("embedding saved", {"modules_to_save": "embed_tokens"}),
            ("embedding adapted", {"target_modules": ("q_proj", "embed_tokens")}),
        )
    },
}


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_BF16)
def test_a_kind_trains_in_bf16_as_in_fp32(name: str, make_job: MakeJob) -> None:
    """On any machine, after a probe too: its losses are those of fp32 but for rounding."""
    found = []
    for dtype in ("bfloat16", "float32"):
        same = {"steps": 0, "minutes": 1e-6, "max_epochs": 1, "learning_rate": 0.01}
        directory = make_job(dtype, dtype=dtype, **{**same, **IN_BF16[name]})
        run_job(directory, "demo/default@1")
        plan = json.loads(directory.plan.read_text())
        assert plan["dtype"] == dtype
        directory.plan.write_text(json.dumps({**plan, "steps": 3}))
        run_job(directory, "demo/default@1")
        found.append([event["loss"] for event in directory.events.all() if event["kind"] == "step"][-3:])
    assert found[0] == pytest.approx(found[1], abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUANTIZED)
def test_a_kind_trains_on_a_quantized_base(name: str, make_job: MakeJob) -> None:
    others = ("int8", "torchao-int8") if name in ("IA3", "OFT", "VERA") else ()
    for quantization in ("nf4", *others):
        directory = make_job(
            quantization, learning_rate=0.02, steps=3, **options(name, quantization=quantization)
        )
        assert trained(directory)["parity_reload"] < 1e-4


@pytest.mark.parametrize("name", TRAINED)
def test_the_loss_is_that_of_the_models_own_forward(name: str, base: Base) -> None:
    """Also where the output head is taken by itself; rows in a batch have no part in one another."""
    torch.manual_seed(0)
    spec = parse_spec(options(name))
    model = add_adapter(load_model(base.path, dtype="float32"), spec, base)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data += 0.02 * torch.randn_like(parameter)
    model.eval()
    ids = [tuple(range(1, length)) for length in (6, 20, 11)]
    rows = [EncodedExample(row, row, False, True) for row in ids]
    together = supervised_losses(model, collate(rows, 0))
    assert plain_head(model) is not None
    for number, row in enumerate(rows):
        own = model(input_ids=torch.tensor([row.ids]), labels=torch.tensor([row.labels])).loss
        mine = together.losses_N[together.rows_N == number].mean()
        assert float(mine) == pytest.approx(float(own), abs=1e-4)


def test_the_reason_of_prompt_learning_holds(tiny_base: Path) -> None:
    """A row's loss changes with the length of its neighbour."""
    torch.manual_seed(0)
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=4)
    model = get_peft_model(load_model(tiny_base, dtype="float32"), config).eval()
    short, long = (EncodedExample(ids, ids, False, True) for ids in (tuple(range(1, 8)), tuple(range(1, 60))))
    alone = supervised_losses(model, collate([short], 0)).losses_N
    both = supervised_losses(model, collate([short, long], 0))
    assert float((both.losses_N[both.rows_N == 0] - alone).abs().max()) > 1e-5


@pytest.mark.parametrize("kind", [row.name for row in METHODS.values() if row.refused])
def test_what_is_refused_says_why_and_what_there_is(kind: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_spec({"peft_type": kind})
    assert METHODS[kind].refused in caught.value.message
    assert "LORA" in caught.value.message


def test_an_unknown_option_lists_what_the_kind_has() -> None:
    with pytest.raises(InvalidInputError, match="IA3 has no option 'alpha'") as caught:
        peft_config(parse_spec({"peft_type": "IA3", "peft_options": {"alpha": 3}}))
    assert "init_ia3_weights" in caught.value.hint
    with pytest.raises(InvalidInputError, match="IA3 has no option layers_to_transform"):
        peft_config(
            parse_spec({"peft_type": "IA3", "layers_to_transform": "1", "target_modules": ("q_proj",)})
        )


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"peft_type": "C3A", "peft_options": {"block_size": 7}}, "7"),  # divides no layer's size
        ({"peft_type": "LOHA", "target_modules": ("c_attn",)}, "c_attn"),
        ({"peft_type": "OFT", "peft_options": {"oft_block_size": 16, "r": 8}}, "oft_block_size"),
    ],
)
def test_what_peft_refuses_is_told_before_a_step(given: dict[str, Any], named: str, base: Base) -> None:
    with pytest.raises(InvalidInputError, match="PEFT refuses") as caught:
        add_adapter(load_model(base.path, dtype="float32"), parse_spec(given), base)
    assert named in caught.value.message


def test_rank_is_that_of_the_option() -> None:
    config = peft_config(parse_spec({"peft_type": "VERA", "r": 8, "peft_options": "d_initial=0.2"}))
    assert (config.peft_type, config.r, config.d_initial) == (PeftType.VERA, 8, 0.2)
    assert config.target_modules == "all-linear"
    assert peft_config(parse_spec({"peft_type": "IA3"})).target_modules is None  # PEFT's for the architecture


def test_a_rank_of_zero_is_no_fault_of_kinds_without_rank(make_job: MakeJob) -> None:
    directory = make_job(**options("OFT"))
    run_job(directory, "demo/default@1")
    assert check_adapter_files(directory.artifact).config["r"] == 0


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"modules_to_save": ["nope"]}, "modules_to_save: the base has no module 'nope'"),
        ({"target_modules": ["q_proj", "nothere"]}, "target_modules: the base has no module 'nothere'"),
        ({"rank_pattern": {"q_prj": 8}}, "rank_pattern: no module of the base is called 'q_prj'"),
        ({"alpha_pattern": {"q_prj": 8}}, "alpha_pattern: no module of the base is called 'q_prj'"),
        ({"trainable_token_indices": [99999]}, "trainable_token_indices: the base has no token 99999"),
    ],
)
def test_a_name_that_nothing_bears_is_refused(given: dict[str, Any], named: str, base: Base) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(named)):
        add_adapter(load_model(base.path, dtype="float32"), parse_spec(given), base)
