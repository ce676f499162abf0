"""What a live base is given to read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers.processors import TemplateProcessing

from codebase_gardener.adapters.files import check_adapter_files
from codebase_gardener.adapters.torch_generation import encode, generate, stream
from codebase_gardener.adapters.torch_live_base import LiveBase
from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.training.encoding import encode_completion
from codebase_gardener.utils.error_handling import AdapterError
from samples.stock_adapters import STOCK, save_adapter

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
        ids, _ = encode(live.tokenizer, prompt)
        assert ids[0] == bos
        assert ids.count(bos) == 1
    live.tokenizer.chat_template = "{{ bos_token }}{{ messages[0]['content'] }}"
    assert encode(live.tokenizer, TALK)[0].count(bos) == 1


@torch.no_grad()
def test_logits_are_those_of_the_text_as_the_tokenizer_writes_it(live: LiveBase) -> None:
    expected = live.model(**live.tokenizer("def f():", return_tensors="pt")).logits[0]
    found = live.logits("def f():", None)
    assert found.shape == expected.shape
    assert torch.equal(found, expected)


def test_generation_begins_where_training_does(live: LiveBase) -> None:
    """The model sees the prompt without its last newline and indentation, and says them itself."""
    kept, taken = encode(live.tokenizer, "def f(a):\n    ")
    assert live.tokenizer.decode(kept) == "<s>def f(a):"
    assert taken == "\n    "
    row = encode_completion("def f(a):\n    ", "return 1\n", live.tokenizer, max_length=99)
    assert list(row.ids[: len(kept)]) == kept


@pytest.mark.parametrize("prompt", ["def f(a):\n", "def f(a):\n    ", "x = ", "def f(a):"])
def test_what_was_taken_back_is_said_and_not_repeated(live: LiveBase, prompt: str) -> None:
    kept, taken = encode(live.tokenizer, prompt)
    whole = live.model.generate(
        torch.tensor([[*kept, *live.tokenizer(taken, add_special_tokens=False)["input_ids"]]]),
        max_new_tokens=8,
        do_sample=False,
    )[0]
    expected = live.tokenizer.decode(whole, skip_special_tokens=True).removeprefix(prompt)
    found = generate(live.model, live.tokenizer, [prompt, "a"], max_new_tokens=8 + len(taken))
    assert found[0][: len(expected)] == expected  # a token a letter: there is but one way to say the seam
    streamed = "".join(
        stream(lambda: nullcontext(live.model), live.tokenizer, prompt, max_new_tokens=8 + len(taken))
    )
    assert streamed == found[0]


def test_of_a_kind_that_multiplies_its_factors_huge_ones_are_refused(
    live: LiveBase, tiny_base: Path, tmp_path: Path
) -> None:
    both = {**STOCK["LoHa"], "target_modules": ["gate_proj", "up_proj"]}
    folder = save_adapter(tmp_path / "adapter", tiny_base, both)
    before = live.logits("x = 1", None)
    file = folder / "adapter_model.safetensors"
    save_file({name: torch.full_like(tensor, 9e5) for name, tensor in load_file(file).items()}, file)
    with pytest.raises(AdapterError, match="large"):
        live.attach(check_adapter_files(folder), "huge")
    assert live.adapters == [] and torch.equal(live.logits("x = 1", None), before)
