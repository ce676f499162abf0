from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from codebase_gardener.bases.torch_loading import base_skeleton, load_model, load_tokenizer, tokenizer_sha256
from codebase_gardener.utils.error_handling import ModelError


@pytest.fixture
def splitting_digits(tmp_path: Path) -> Path:
    """A tokenizer whose file splits numbers into digits, though it knows tokens of several."""
    tokenizer = Tokenizer(models.BPE())
    levels = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = levels
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<|end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(["1234567 hello def add(x): 3.14159 200 12 34 100"] * 50, trainer)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"\d"), "isolated"), levels]
    )
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def named(folder: Path, kind: str) -> Path:
    config = {"tokenizer_class": kind, "eos_token": "<|end|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def test_a_tokenizer_that_its_class_reads_otherwise_is_taken_as_its_file_is(splitting_digits: Path) -> None:
    """transformers 5 builds GPT2Tokenizer from the vocabulary alone: StarCoder2 names it, and splits digits."""
    tokenizer = load_tokenizer(named(splitting_digits, "GPT2Tokenizer"))
    assert tokenizer.convert_ids_to_tokens(tokenizer(" 12")["input_ids"]) == ["Ġ", "1", "2"]
    assert tokenizer.eos_token == "<|end|>"


def test_a_tokenizer_that_is_read_otherwise_than_its_file_is_refused(splitting_digits: Path) -> None:
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "def",
    }  # a token that the file does not have
    (splitting_digits / "tokenizer_config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"otherwise than its tokenizer.json: .* where the file says"):
        load_tokenizer(splitting_digits)


@pytest.mark.parametrize("asked", [True, False])
def test_a_text_begins_with_bos_where_the_config_says_so(asked: bool, splitting_digits: Path) -> None:
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>", "bos_token": "<|end|>"}
    (splitting_digits / "tokenizer_config.json").write_text(json.dumps({**config, "add_bos_token": asked}))
    tokenizer = load_tokenizer(splitting_digits)
    assert (tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id) == asked


def test_the_hash_tells_tokenizers_apart(splitting_digits: Path, tiny_base: Path) -> None:
    one, other = load_tokenizer(named(splitting_digits, "PreTrainedTokenizerFast")), load_tokenizer(tiny_base)
    assert tokenizer_sha256(one) != tokenizer_sha256(other)
    assert tokenizer_sha256(other) == tokenizer_sha256(load_tokenizer(tiny_base))


def test_threads_that_load_at_once_leave_tied_weights_tied(make_base: Callable[..., Path]) -> None:
    """transformers sets `tie_weights` aside for the whole process while it loads."""
    base = make_base(tie_word_embeddings=True)
    with ThreadPoolExecutor(8) as threads:
        for loaded in [threads.submit(load_model, base, dtype="float32") for _ in range(24)]:
            loaded.result()
    weights = {name for name, _ in base_skeleton(base).named_parameters()}
    assert "lm_head.weight" not in weights
