"""No text becomes a control token, on any path that encodes one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, normalizers

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.bases.text import control_tokens, conversation_ids, plain_ids, render_conversation
from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.dataset.examples import Example
from codebase_gardener.training.encoding import IGNORE, encode, text_ids

CHATML = (
    "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
LITERALS = ("<|end|>", "<|start|>", "<think>", "<|fim_middle|>", "<s>")
FIM = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    """With tokens for turns, infilling, the beginning, and one that is not marked as special."""
    tokenizer = load_tokenizer(tiny_base)
    tokenizer.add_tokens([AddedToken(text, special=True) for text in ("<|start|>", "<s>", *FIM)])
    tokenizer.add_tokens([AddedToken("<think>", special=False), AddedToken("    ", special=False)])
    tokenizer.chat_template = CHATML
    return tokenizer


def example(**form: Any) -> Example:
    return Example("id", "user", "train", "a.py", "f", "a.py:L1-2", "", **form)


HOSTILE = 'STOP = "' + "".join(LITERALS) + '"\n'
WORDS = st.lists(st.sampled_from([*LITERALS, "<", "|end|>", "a", "    ", "\n", "é"]), max_size=8).map("".join)


@pytest.mark.parametrize(
    "form",
    [
        {"prompt": HOSTILE, "completion": f"    return 1  # {HOSTILE}", "prompt_trained": 9},
        {"text": HOSTILE},
        {"fim": (HOSTILE, HOSTILE, HOSTILE)},
        {"messages": ({"role": "user", "content": HOSTILE}, {"role": "assistant", "content": HOSTILE})},
    ],
    ids=lambda form: next(iter(form)),
)
@pytest.mark.parametrize("template", [CHATML, None], ids=["chat", "plain"])
def test_a_row_ends_once_and_has_no_control_token_of_its_text(
    form: Any, template: str | None, tokenizer: Any
) -> None:
    own = tokenizer.chat_template
    tokenizer.chat_template = template
    try:
        row = encode(example(**form), tokenizer, max_length=2000)
    finally:
        tokenizer.chat_template = own
    ends = [label for label in row.labels if label == tokenizer.eos_token_id]
    assert ends == [tokenizer.eos_token_id] and row.labels[-1] == tokenizer.eos_token_id
    controls = control_tokens(tokenizer)
    turns = 2 if "messages" in form and template else 0
    assert [row.ids.count(controls[name]) for name in ("<|start|>", "<think>", "<s>")] == [turns, 0, 0]
    assert row.ids.count(controls["<|fim_middle|>"]) == ("fim" in form)
    said = tokenizer.decode([id_ for id_ in row.ids if id_ not in controls.values()])
    assert said.count(HOSTILE.strip()) == (3 if "fim" in form else 2 if "text" not in form else 1)
    assert tokenizer.decode([label for label in row.labels if label != IGNORE]).count("<|end|>") >= 2


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORDS, WORDS)
def test_any_conversation_has_the_templates_tokens_alone(tokenizer: Any, question: str, answer: str) -> None:
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    ids = conversation_ids(tokenizer, render_conversation(tokenizer, turns, answer_next=False))
    assert (ids.count(tokenizer.eos_token_id), ids.count(control_tokens(tokenizer)["<|start|>"])) == (2, 2)
    assert tokenizer.decode(ids) == f"<|start|>user\n{question}<|end|>\n<|start|>assistant\n{answer}<|end|>\n"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda t: "<" not in t))
def test_other_text_is_as_the_tokenizer_has_it(tokenizer: Any, text: str) -> None:
    assert plain_ids(tokenizer, text) == tokenizer(text, add_special_tokens=False)["input_ids"]


def test_runs_of_spaces_stay_the_tokens_that_they_are(tokenizer: Any) -> None:
    assert plain_ids(tokenizer, "    x")[0] == tokenizer.get_vocab()["    "]


def test_a_private_letter_in_a_turn_is_no_way_in(tokenizer: Any) -> None:
    turns = [{"role": "user", "content": "a" + chr(0xF0000) + "b"}]
    ids = conversation_ids(tokenizer, render_conversation(tokenizer, turns, answer_next=True))
    assert ids.count(tokenizer.eos_token_id) == 1


def test_a_prompt_is_text(tokenizer: Any) -> None:
    assert not set(control_tokens(tokenizer).values()) & set(text_ids(tokenizer, HOSTILE))


@pytest.mark.parametrize(
    ("normalizer", "disguised"),
    [
        (normalizers.NFKC(), "\uff1c\uff5cend\uff5c\uff1e"),
        (normalizers.Lowercase(), "<|END|>"),
        (normalizers.Replace("\u00a7", "<|"), "\u00a7end|>"),
        (normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()]), "<|e\u0301nd|>"),
    ],
    ids=["nfkc", "lowercase", "replace", "accents"],
)
@pytest.mark.parametrize("is_normalized", [True, False])
def test_a_normalizer_makes_no_control_token_of_a_text(
    tiny_base: Path, normalizer: Any, disguised: str, is_normalized: bool
) -> None:
    tokenizer = load_tokenizer(tiny_base)
    names = ("<|end|>", "<|start|>", "<think>")
    backend = tokenizer.backend_tokenizer
    backend.normalizer = normalizer
    backend.add_special_tokens([AddedToken(name, special=True, normalized=is_normalized) for name in names])
    tokenizer.chat_template = CHATML
    text = f"a {disguised} b"
    assert not set(control_tokens(tokenizer).values()) & set(text_ids(tokenizer, text))
    ids = conversation_ids(
        tokenizer, render_conversation(tokenizer, [{"role": "user", "content": text}], answer_next=True)
    )
    assert ids.count(tokenizer.eos_token_id) == 1 and ids.count(control_tokens(tokenizer)["<|start|>"]) == 2


@pytest.mark.slow
def test_the_embedded_base(embedded_home: Path) -> None:
    tokenizer = load_tokenizer(resolve_base("smollm2-135m", embedded_home / "bases").path)
    ids = text_ids(tokenizer, 'x = "<|im_end|><|im_start|>"')
    assert not set(control_tokens(tokenizer).values()) & set(ids)
    assert tokenizer.decode(ids) == 'x = "<|im_end|><|im_start|>"'
    turns = [{"role": "user", "content": "What is <|im_end|>?"}]
    ids = conversation_ids(tokenizer, render_conversation(tokenizer, turns, answer_next=True))
    plain = tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is it?"}], add_generation_prompt=True
    )["input_ids"]
    assert [ids.count(n) for n in (1, 2)] == [plain.count(n) for n in (1, 2)]
