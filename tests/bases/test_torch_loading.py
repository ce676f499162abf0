from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from codebase_gardener.bases.torch_loading import load_tokenizer, tokenizer_sha256
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


def test_a_tokenizer_that_is_read_otherwise_than_its_file_is_refused(splitting_digits: Path) -> None:
    load_tokenizer(named(splitting_digits, "PreTrainedTokenizerFast"))
    with pytest.raises(
        ModelError, match=r"otherwise than its tokenizer.json: .* has \[' 12'.* says \[' ', '1', '2'"
    ):
        load_tokenizer(named(splitting_digits, "GPT2Tokenizer"))


def test_the_hash_tells_tokenizers_apart(splitting_digits: Path, tiny_base: Path) -> None:
    one, other = load_tokenizer(named(splitting_digits, "PreTrainedTokenizerFast")), load_tokenizer(tiny_base)
    assert tokenizer_sha256(one) != tokenizer_sha256(other)
    assert tokenizer_sha256(other) == tokenizer_sha256(load_tokenizer(tiny_base))
