"""A base's tokenizer as GGUF has it: byte-level BPE, and the name by which llama.cpp knows how text is split first.

llama.cpp's splitting is code behind a name: the name is found by what tokenizer.json says, and a proof of an export
compares the ids of a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gguf

from codebase_gardener.bases.resolution import Base
from codebase_gardener.utils.error_handling import ModelError
from codebase_gardener.utils.files import read_json

__all__ = ["splitting_of", "write_tokenizer"]

_NO_MERGE = "\u0100 \u0101"
"""Two bytes that no text has side by side: llama.cpp refuses a tokenizer without merges, which bytes alone are."""
_LETTERS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_REST = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_QUOTES = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_SPLITTINGS = {
    "byte-level": "gpt-2",
    "byte-level, digits one by one": "smollm",
    f"{_QUOTES}|{_LETTERS}|\\p{{N}}|{_REST}": "qwen2",
    f"{_QUOTES}|{_LETTERS}|\\p{{N}}{{1,3}}|{_REST}": "llama-bpe",
}
"""What tokenizer.json says of splitting → llama.cpp's name of it."""


def splitting_of(tokenizer: Mapping[str, Any]) -> str | None:
    """llama.cpp's name of how a tokenizer.json splits text, or None.

    Example:
        >>> splitting_of({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": False, "use_regex": True}})
        'gpt-2'
    """
    steps = list(_steps(tokenizer.get("pre_tokenizer") or {}))
    if any(step.get("add_prefix_space") for step in steps):
        return None
    kinds = [step.get("type") for step in steps]
    if kinds == ["ByteLevel"] and steps[0].get("use_regex", True):
        return _SPLITTINGS["byte-level"]
    if (
        kinds == ["Digits", "ByteLevel"]
        and steps[0].get("individual_digits")
        and steps[1].get("use_regex", True)
    ):
        return _SPLITTINGS["byte-level, digits one by one"]
    if kinds == ["Split", "ByteLevel"] and not steps[1].get("use_regex", True):
        return _SPLITTINGS.get(str(steps[0].get("pattern", {}).get("Regex")))
    return None


def _steps(pre_tokenizer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if pre_tokenizer.get("type") == "Sequence":
        for step in pre_tokenizer.get("pretokenizers", ()):
            yield from _steps(step)
    elif pre_tokenizer:
        yield pre_tokenizer


def write_tokenizer(writer: gguf.GGUFWriter, base: Base) -> None:
    """Add the vocabulary, merges, special tokens and chat template.

    Raises:
        ModelError: It is no byte-level BPE, or splits text in a way that is not known here.
    """
    path = base.path / "tokenizer.json"
    try:
        tokenizer = read_json(path)
        model = tokenizer["model"]
        known, added = model["vocab"], tokenizer.get("added_tokens") or []
        is_bpe, splitting = (
            model.get("type") == "BPE" and not model.get("byte_fallback"),
            splitting_of(tokenizer),
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read: {error}", hint="save the tokenizer again") from error
    if not is_bpe or splitting is None or tokenizer.get("normalizer") not in (None, {"type": "NFC"}):
        raise ModelError(
            f"{path}: its way to split text is not known here, so llama.cpp cannot be told",
            hint="exported are those of GPT-2, SmolLM, Qwen 2 and Llama 3; use --to peft or --to merged",
        )
    size = int(base.config["vocab_size"])
    tokens = [f"[PAD{number}]" for number in range(size)]
    kinds = [gguf.TokenType.UNUSED] * size
    if max([*known.values(), *(row["id"] for row in added)], default=0) >= size:
        raise ModelError(
            f"{path} has more tokens than the {size} of config.json",
            hint="fetch the base again: one of the two is old",
        )
    for token, number in known.items():
        tokens[number], kinds[number] = token, gguf.TokenType.NORMAL
    for row in added:
        special = gguf.TokenType.CONTROL if row.get("special") else gguf.TokenType.USER_DEFINED
        tokens[row["id"]], kinds[row["id"]] = row["content"], special
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(splitting)
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    _write_special(writer, base.path, size)


def _write_special(writer: gguf.GGUFWriter, folder: Path, size: int) -> None:
    special = gguf.SpecialVocab(folder, load_merges=True, n_vocab=size)
    if not special.merges:
        special.merges = [_NO_MERGE]
    special.add_to_gguf(writer, quiet=True)
