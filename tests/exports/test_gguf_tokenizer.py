"""Text becomes the same tokens in llama.cpp, for each way to split text that is known here."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, trainers
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence, Split
from transformers import PreTrainedTokenizerFast

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.text import plain_ids
from codebase_gardener.bases.torch_loading import SAMPLE, load_tokenizer
from codebase_gardener.exports.gguf_tokenizer import splitting_of
from codebase_gardener.exports.llamacpp import LlamaServer
from codebase_gardener.exports.torch_gguf_base import write_gguf_base
from codebase_gardener.utils.error_handling import ModelError

QWEN2 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|", 1)
BYTES = ByteLevel(add_prefix_space=False, use_regex=False)
SPLITTINGS = {
    "gpt-2": ByteLevel(add_prefix_space=False),
    "smollm": Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)]),
    "qwen2": Sequence([Split(Regex(QWEN2), "isolated"), BYTES]),
    "llama-bpe": Sequence([Split(Regex(LLAMA3), "isolated"), BYTES]),
}
LETTERS = "abc ABC 0123456789 \n\t  .,:;'\"()[]{}<>=+-*/_#@!?éüßñ北京Привет🙂👩‍💻\u200b\u00a0ﬁ½²\r"
SIZE = 1500


def base_with(folder: Path, splitting: Any, normalizer: Any = None) -> Path:
    """The tiny base with a tokenizer that was trained on this repository's tests."""
    texts = [file.read_text() for file in sorted(Path(__file__).parent.glob("*.py"))]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder, tokenizer.normalizer = (
        splitting,
        decoders.ByteLevel(),
        normalizer,
    )
    options = {"special_tokens": ["<|end|>", "<|start|>"], "initial_alphabet": ByteLevel.alphabet()}
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=SIZE, show_progress=False, **options))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")
    fast.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("name", SPLITTINGS)
def test_llama_cpp_has_the_same_tokens(make_base: Callable[..., Path], tmp_path: Path, name: str) -> None:
    normalizer = normalizers.NFC() if name == "qwen2" else None
    folder = base_with(make_base(vocab_size=SIZE), SPLITTINGS[name], normalizer)
    assert splitting_of(json.loads((folder / "tokenizer.json").read_text())) == name
    dice = random.Random(1)
    texts = [
        SAMPLE,
        "I'll don't WE'RE they'D",
        "12345678 1 22 333",
        "\n\n\n   x\r\n\r\n",
        "   ",
        " a",
        "<|end|>",
    ]
    texts += ["".join(dice.choices(LETTERS, k=dice.randint(1, 60))) for _ in range(100)]
    write_gguf_base(resolve_base(str(folder), tmp_path / "bases"), tmp_path / "base.gguf")
    tokenizer, server = load_tokenizer(folder), LlamaServer(tmp_path / "base.gguf")
    try:
        for text in texts:
            body = {"content": text, "add_special": False, "parse_special": False}
            assert server.ask("/tokenize", body)["tokens"] == plain_ids(tokenizer, text), text
    finally:
        server.close()


@pytest.mark.parametrize(
    ("splitting", "normalizer"),
    [
        (ByteLevel(add_prefix_space=True), None),
        (Sequence([Split(Regex(r"\w+|\W+"), "isolated"), BYTES]), None),
        (BYTES, None),
        (SPLITTINGS["gpt-2"], normalizers.Lowercase()),
    ],
    ids=["a space before", "another expression", "none", "a normalizer"],
)
def test_another_way_to_split_is_refused(
    make_base: Callable[..., Path], tmp_path: Path, splitting: Any, normalizer: Any
) -> None:
    folder = base_with(make_base(vocab_size=SIZE), splitting, normalizer)
    with pytest.raises(ModelError, match="way to split text is not known"):
        write_gguf_base(resolve_base(str(folder), tmp_path / "bases"), tmp_path / "base.gguf")
