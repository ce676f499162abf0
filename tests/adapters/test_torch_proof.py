"""The proof: what the receipt says, and what never gets one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.proof import Prover, prove
from codebase_gardener.adapters.torch_proof import measure
from codebase_gardener.bases.resolution import Base
from codebase_gardener.bases.torch_loading import load_tokenizer, tokenizer_sha256
from codebase_gardener.config.settings import Settings
from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.training.torch_logits import PROMPTS, mean_kl
from codebase_gardener.utils.error_handling import AdapterError
from codebase_gardener.utils.files import publish_dir, sha256_file
from samples.tiny_adapters import Trained


def measured(folder: Path, base: Base, parity: Path | None = None, **options: Any) -> dict[str, Any]:
    given = {"base_sha256": base.sha256, "dtype": "float32", "parity": parity, **options}
    return measure(folder, base.path, **given)


@pytest.mark.slow
def test_the_receipt_says_what_was_measured(trained: Callable[..., Trained], base: Base) -> None:
    made = trained()
    receipt = measured(made.artifact, base, made.parity)
    held = load_file(made.artifact / "adapter_model.safetensors")
    assert receipt.pop("max_logit_difference") > 1e-3
    assert receipt.pop("mean_kl_nats") > 0
    assert receipt.pop("parity_reload") < 1e-5
    assert receipt.pop("parity_switch") < 1e-5
    assert receipt.pop("parity_merge") < 1e-4
    assert receipt == {
        "base_sha256": base.sha256,
        "adapter_sha256": sha256_file(made.artifact / "adapter_model.safetensors"),
        "dtype": "float32",
        "answers_dtype": "float32",
        "quantization": "none",
        "measured_on": "none",
        "tensors_matched": len(held),
        "tensors_expected": len(held),
        "prompts": len(PROMPTS),
        "tokenizer_sha256": tokenizer_sha256(load_tokenizer(base.path)),
        "parity_unload": 0.0,
    }


def test_what_is_not_what_was_trained_gets_none(
    folder: Path, trained: Callable[..., Trained], base: Base
) -> None:
    path = folder / "adapter_model.safetensors"
    save_file({name: t * 1.5 for name, t in load_file(path).items()}, path, metadata={"format": "pt"})
    measured(folder, base)
    with pytest.raises(AdapterError, match="differs from the trained model"):
        measured(folder, base, trained().parity)


def test_parity_that_is_no_number_gets_none(folder: Path, base: Base, tmp_path: Path) -> None:
    save_file({"logits": torch.full((len(PROMPTS), 257), float("nan"))}, tmp_path / "parity")
    with pytest.raises(AdapterError, match="differs from the trained model by nan"):
        measured(folder, base, tmp_path / "parity")


def test_an_adapter_of_other_weights_gets_none(folder: Path, base: Base) -> None:
    with pytest.raises(AdapterError, match="another base"):
        measured(folder, base, base_sha256="0" * 64)


def test_what_has_no_effect_gets_none(folder: Path, base: Base) -> None:
    path = folder / "adapter_model.safetensors"
    small = {n: t * 1e-12 if "lora_B" in n else t for n, t in load_file(path).items()}
    save_file(small, path, metadata={"format": "pt"})
    with pytest.raises(AdapterError, match="changes nothing"):
        measured(folder, base)


def test_bf16_has_its_own_tolerance(folder: Path, base: Base) -> None:
    receipt = measured(folder, base, dtype="bfloat16")
    assert receipt["dtype"] == "bfloat16"


@pytest.mark.slow
@pytest.mark.parametrize(("trained_in", "answers"), [("float32", "bfloat16"), ("bfloat16", "float32")])
@pytest.mark.parametrize(
    "options",
    [
        {"modules_to_save": ("lm_head",)},
        {"target_modules": ("q_proj", "embed_tokens")},
        {"target_modules": ("q_proj", "lm_head")},
    ],
)
def test_it_is_proven_in_what_answers_are_computed_in(
    options: dict[str, Any], trained_in: str, answers: str, trained: Callable[..., Trained], base: Base
) -> None:
    """They became ready in the format of the training, and could not be loaded in that of answers."""
    made = trained(dtype=trained_in, **options)
    receipt = measured(made.artifact, base, made.parity, dtype=trained_in, answers=answers)
    assert (receipt["dtype"], receipt["answers_dtype"]) == (trained_in, answers)


def test_what_the_answers_format_rounds_away_gets_none(
    trained: Callable[..., Trained], base: Base, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(trained(modules_to_save=("lm_head",)).artifact, tmp_path / "adapter"))
    path = folder / "adapter_model.safetensors"
    rounded = load_file(base.path / "model.safetensors")["lm_head.weight"].bfloat16().float()
    held = {
        n: rounded if "lm_head" in n else t * 0 if "lora_B" in n else t for n, t in load_file(path).items()
    }
    save_file(held, path, metadata={"format": "pt"})
    assert measured(folder, base)["max_logit_difference"] > 0
    with pytest.raises(AdapterError, match=r"changes nothing: .* equal in bfloat16"):
        measured(folder, base, answers="bfloat16")


@pytest.mark.slow
def test_a_fresh_process_measures_the_same(trained: Callable[..., Trained], base: Base) -> None:
    made = trained()
    receipt = prove(made.artifact, base, parity=made.parity, threads=1)
    assert receipt["tensors_matched"] == receipt["tensors_expected"] > 0
    assert receipt["parity_reload"] < 1e-5
    assert receipt["max_logit_difference"] == pytest.approx(
        measured(made.artifact, base)["max_logit_difference"], abs=1e-4
    )


@pytest.mark.slow
def test_a_process_that_was_started_ahead_proves_and_one_that_is_not_asked_ends(
    trained: Callable[..., Trained], base: Base
) -> None:
    made = trained()
    with Prover() as prover, Prover() as unasked:
        prover.start()
        unasked.start()
        assert prove(made.artifact, base, threads=1, prover=prover)["tensors_matched"] > 0
        left = unasked._process
        assert left is not None and left.poll() is None
    assert left.poll() is not None


@pytest.mark.slow
def test_an_error_of_the_process_comes_back_as_it_was(folder: Path, base: Base) -> None:
    config = folder / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "lora_alpha": 1e9}))
    with pytest.raises(AdapterError, match="lora_alpha") as caught:
        prove(folder, base)
    assert caught.value.hint


@pytest.mark.slow
def test_a_process_that_ends_without_an_answer_is_told(folder: Path, base: Base) -> None:
    with pytest.raises(AdapterError, match="without an answer") as caught:
        prove(folder, base, threads=-1)
    assert "exit 1" in caught.value.message
    assert "RuntimeError" in caught.value.message


def test_kl_is_zero_for_the_same_and_grows() -> None:
    torch.manual_seed(0)
    one, other = torch.randn(3, 50), torch.randn(3, 50)
    assert mean_kl(one, one) == pytest.approx(0, abs=1e-7)
    assert mean_kl(one, one + 3) == pytest.approx(0, abs=1e-6)
    assert mean_kl(one, other) > 0.1


def test_an_adapter_whose_bytes_changed_is_refused_on_every_way(
    folder: Path, base: Base, tmp_path: Path, settings: Settings
) -> None:
    published = tmp_path / "versions" / "1"
    publish_dir(folder, published)
    check_adapter_files(published)
    weights = published / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(
        AdapterError, match=r"not what was published; .*: adapter_model\.safetensors"
    ) as error:
        check_adapter_files(published)
    assert error.value.exit_code == 7
    with pytest.raises(AdapterError, match="not what was published"):
        prove(published, base)
    here = settings.model_copy(update={"base": base.id})
    with PeftManager(here) as manager, pytest.raises(AdapterError, match="not what was published"):
        manager.load_folder(published)
