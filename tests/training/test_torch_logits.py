"""Logits on the fixed prompts."""

from __future__ import annotations

from pathlib import Path

import torch

from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
from codebase_gardener.training.encoding import text_ids
from codebase_gardener.training.torch_logits import PROMPTS, last_logits


def test_prompts_in_one_pass_have_the_logits_that_each_has_alone(tiny_base: Path) -> None:
    model, tokenizer = load_model(tiny_base, dtype="float32"), load_tokenizer(tiny_base)
    with torch.no_grad():
        alone = [model(torch.tensor([text_ids(tokenizer, one)])).logits[0, -1] for one in PROMPTS]
    torch.testing.assert_close(last_logits(model, tokenizer), torch.stack(alone), atol=1e-5, rtol=0)
