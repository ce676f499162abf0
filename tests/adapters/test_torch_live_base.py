"""What a live base is given to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tokenizers.processors import TemplateProcessing

from codebase_gardener.adapters.torch_generation import encode
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.bases.torch_loading import load_tokenizer

TALK = [{"role": "user", "content": "Add?"}]


@pytest.fixture
def live(make_base: Callable[..., Path]) -> LiveBase:
    """A base whose tokenizer puts <s> before each text."""
    folder = make_base(vocab_size=258)
    tokenizer = load_tokenizer(folder)
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)]
    )
    tokenizer.save_pretrained(folder)
    return LiveBase(folder, device="cpu", dtype="float32")


def test_texts_and_conversations_begin_with_the_bases_token_once(live: LiveBase) -> None:
    bos = live.tokenizer.bos_token_id
    for prompt in ("def f():", TALK):
        ids = encode(live.tokenizer, prompt)
        assert ids[0] == bos
        assert ids.count(bos) == 1
    live.tokenizer.chat_template = "{{ bos_token }}{{ messages[0]['content'] }}"
    assert encode(live.tokenizer, TALK).count(bos) == 1


@torch.no_grad()
def test_logits_are_those_of_the_text_as_the_tokenizer_writes_it(live: LiveBase) -> None:
    expected = live.model(**live.tokenizer("def f():", return_tensors="pt")).logits[0]
    found = live.logits("def f():", None)
    assert found.shape == expected.shape
    assert torch.equal(found, expected)
