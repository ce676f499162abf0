"""Random models of the named bases' architectures, two layers of width 64, with tokenizers made like theirs.

Of each tokenizer this is its own: the class that its tokenizer_config.json names, how it splits words, its control
tokens, and whether a text begins with BOS. The vocabulary is learned from a few lines.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import AutoConfig, AutoModelForCausalLM

from codebase_gardener.bases.named import NAMED, NamedBase
from codebase_gardener.bases.torch_loading import SAMPLE

__all__ = ["CODE_MODELS", "write_small"]

CODE_MODELS = [name for name, row in NAMED.items() if not row.was_run]
_TEXT = [SAMPLE, "def area(width, height):\n    return width * height\n", "12 34 1234 99"] * 20
_LEVELS = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|"
_WORDS += r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

# how each family splits words, the class its config names, BOS and end token, whether FIM tokens are marked special
_FAMILIES: dict[str, tuple[Any, str, str | None, str, bool]] = {
    "qwen2": (
        pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_WORDS), "isolated"), _LEVELS]),
        "Qwen2Tokenizer", None, "<|endoftext|>", False,
    ),
    "starcoder": (
        pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        ),
        "GPT2Tokenizer", "<|endoftext|>", "<|endoftext|>", True,
    ),
    "deepseek": (
        pre_tokenizers.Sequence(
            [
                *(pre_tokenizers.Split(Regex(kind), "isolated") for kind in (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+")),
                pre_tokenizers.Digits(individual_digits=True),
                _LEVELS,
            ]
        ),
        "LlamaTokenizerFast",
        "<\uff5cbegin\u2581of\u2581sentence\uff5c>", "<\uff5cend\u2581of\u2581sentence\uff5c>", False,
    ),
}  # fmt: skip


def write_small(name: str, folder: Path) -> Path:
    """Write a random model like the named base to `folder`."""
    row = NAMED[name]
    tokenizer, described = _gemma(row) if row.config["model_type"] == "gemma" else _bytes(row)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(described))
    tokens = {
        key: tokenizer.token_to_id(described[key]) for key in ("bos_token", "eos_token") if described.get(key)
    }
    config = {
        **row.config,
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": max(
            1, 4 * row.config["num_key_value_heads"] // row.config["num_attention_heads"]
        ),
        "vocab_size": tokenizer.get_vocab_size() + 3,  # as theirs: larger than what the tokenizer has
        "pad_token_id": None,
        **{f"{key}_id": number for key, number in tokens.items()},
        **({"head_dim": 16} if "head_dim" in row.config else {}),
    }
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    model.save_pretrained(folder)
    return folder


def _bytes(row: NamedBase) -> tuple[Tokenizer, dict[str, Any]]:
    family = {"<|fim_prefix|>": "qwen2", "<fim_prefix>": "starcoder"}.get(row.fill_in[0], "deepseek")
    split, kind, bos, eos, special = _FAMILIES[family]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    # learned without splitting: so there are tokens that only the splitting keeps from being used
    tokenizer.train_from_iterator(
        _TEXT, trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.pre_tokenizer = split
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    if family == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    ends = [AddedToken(token, normalized=False, special=True) for token in dict.fromkeys((bos, eos)) if token]
    tokenizer.add_tokens(
        [*ends, *(AddedToken(token, normalized=False, special=special) for token in row.fill_in)]
    )
    described = {
        "tokenizer_class": kind,
        "bos_token": bos,
        "eos_token": eos,
        "add_bos_token": family == "deepseek",
    }
    return tokenizer, described


def _gemma(row: NamedBase) -> tuple[Tokenizer, dict[str, Any]]:
    ends = ["<pad>", "<eos>", "<bos>", "<unk>"]
    letters = sorted({*"".join(_TEXT).replace(" ", "\u2581"), "\u2581"})
    words = [
        *ends,
        *row.fill_in,
        *(f"<0x{byte:02X}>" for byte in range(256)),
        *letters,
        "\u2581\u2581",
        "de",
        "def",
    ]
    merges = [("\u2581", "\u2581"), ("d", "e"), ("de", "f")]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(words))}
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos> $B", special_tokens=[("<bos>", vocabulary["<bos>"])]
    )
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token in (*ends, *row.fill_in)]
    )
    named = {f"{token[1:-1]}_token": token for token in ends}
    return tokenizer, {"tokenizer_class": "GemmaTokenizer", "add_bos_token": True, **named}
