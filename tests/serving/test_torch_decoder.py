"""Plain operations against transformers' modules, on random models of the family."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from codebase_gardener.serving.torch_attention import Span
from codebase_gardener.serving.torch_decoder import Decoder, PlainDecoder, decoder_for
from codebase_gardener.serving.torch_kv import KeyValues

SHAPE = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
    "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128, "pad_token_id": 0,
}  # fmt: skip


def make(kind: str, **more: Any) -> Any:
    torch.manual_seed(1)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{**SHAPE, **more})).eval()


@pytest.mark.parametrize(
    ("kind", "more", "plain"),
    [("llama", {}, True), ("llama", {"tie_word_embeddings": True, "attention_bias": True}, True),
     ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}}, True),
     ("mistral", {"sliding_window": 8}, True), ("qwen2", {}, True),
     ("qwen2", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}, True),
     ("qwen3", {"head_dim": 8}, False), ("gemma2", {"head_dim": 8, "sliding_window": 8}, False)],
)  # fmt: skip
def test_several_texts_at_once_have_the_logits_of_each_alone(
    kind: str, more: dict[str, Any], plain: bool
) -> None:
    model = make(kind, **more)
    decoder = decoder_for(model)
    assert isinstance(decoder, PlainDecoder) == plain
    texts = [torch.randint(1, 64, (length,)) for length in (21, 5, 13)]
    with torch.no_grad():
        alone = [model(input_ids=text[None]).logits[0] for text in texts]
        stores, done, found = [KeyValues() for _ in texts], [0] * 3, [list[torch.Tensor]() for _ in texts]
        for counts in ((7, 5, 1), (1, 0, 11), (12, 0, 1), (1, 0, 0)):
            ids, places, spans, who = [], [], [], []
            for n, count in enumerate(counts):
                if count:
                    ids.append(texts[n][done[n] : done[n] + count])
                    places.append(torch.arange(done[n], done[n] + count))
                    spans.append(Span(stores[n], count))
                    who.append((n, count))
                    done[n] += count
            wanted = torch.arange(sum(counts))
            logits = decoder.logits(model, torch.cat(ids), torch.cat(places), spans, wanted)
            for (n, _), part in zip(who, logits.split([each for _, each in who]), strict=True):
                found[n].append(part)
    for mine, theirs in zip(found, alone, strict=True):
        assert torch.allclose(torch.cat(mine), theirs, atol=1e-4)


def test_what_computes_otherwise_is_left_to_its_own_modules(caplog: pytest.LogCaptureFixture) -> None:
    model = make("llama")
    model.model.norm.variance_epsilon = 1e-6
    model.model.layers[1].mlp.act_fn = torch.nn.GELU()  # the config says SiLU
    assert type(decoder_for(model)) is Decoder
    assert "differ" in caplog.text
