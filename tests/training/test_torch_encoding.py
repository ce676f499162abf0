"""From rows to labels: what is trained on, and that the end token is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from tokenizers.processors import TemplateProcessing

from codebase_gardener.bases.fill_in import FimTokens
from codebase_gardener.bases.text import control_tokens
from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.dataset.examples import Example
from codebase_gardener.training.encoding import (
    IGNORE,
    EncodedExample,
    encode,
    encode_all,
    encode_completion,
    encode_fill_in,
    text_ids,
)
from codebase_gardener.utils.error_handling import DatasetError, ModelError

CHATML = (
    "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
# as Mistral's: it refuses turns that do not alternate
STRICT = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}[{{ m['content'] }}]{% endfor %}"
)
# as those that show the last answer otherwise than the earlier ones
CHANGING = (
    "{% for m in messages %}{% if loop.last %}<{{ m['content'] }}>"
    "{% else %}({{ m['content'] }}){% endif %}{% endfor %}"
)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)
TALK = (
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Add?"},
    {"role": "assistant", "content": "a + b"},
    {"role": "user", "content": "Sub?"},
    {"role": "assistant", "content": "a - b"},
)


@pytest.fixture(scope="module")
def tokenizer(tiny_base: Path) -> Any:
    return load_tokenizer(tiny_base)


@pytest.fixture
def chat(tiny_base: Path) -> Any:
    tokenizer = load_tokenizer(tiny_base)
    tokenizer.add_tokens([AddedToken("<|start|>", special=True)])
    tokenizer.chat_template = CHATML
    return tokenizer


def example(**form: Any) -> Example:
    return Example("id", "user", "train", "a.py", "f", "a.py:L1-2", "", **form)


def trained_on(row: EncodedExample, tokenizer: Any) -> str:
    return str(tokenizer.decode([label for label in row.labels if label != IGNORE]))


def text_of(row: EncodedExample, tokenizer: Any) -> str:
    return str(tokenizer.decode(list(row.ids)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(prompt=TEXT, completion=TEXT)
def test_what_is_trained_on_is_the_completion_and_the_end(
    tokenizer: Any, prompt: str, completion: str
) -> None:
    row = encode_completion(prompt, completion, tokenizer, max_length=4096)
    kept = prompt.rstrip(" \t").removesuffix("\n")
    assert trained_on(row, tokenizer) == f"{prompt[len(kept) :]}{completion}<|end|>"
    assert text_of(row, tokenizer) == f"{prompt}{completion}<|end|>"
    assert len(row.ids) == len(row.labels)
    assert all(label in (IGNORE, token) for label, token in zip(row.labels, row.ids, strict=True))
    assert row.ends
    assert not row.truncated
    before = len(tokenizer(kept, add_special_tokens=False)["input_ids"])
    assert set(row.labels[:before]) <= {IGNORE}


def test_the_newline_that_ends_the_prompt_is_trained_on(tokenizer: Any) -> None:
    row = encode_completion("def f():\n", "    return 1\n", tokenizer, max_length=64)
    assert trained_on(row, tokenizer) == "\n    return 1\n<|end|>"
    row = encode_completion("a = ", "1", tokenizer, max_length=64)
    assert trained_on(row, tokenizer) == " 1<|end|>"


def test_evaluation_asks_for_no_end(tokenizer: Any) -> None:
    row = encode_completion("a = ", "1", tokenizer, max_length=64, end=False)
    assert trained_on(row, tokenizer) == " 1"
    assert not row.ends


def test_a_long_prompt_loses_its_left(tokenizer: Any) -> None:
    row = encode_completion("x" * 500 + "near", "answer", tokenizer, max_length=32)
    assert len(row.ids) == 32
    assert row.truncated
    assert row.ends
    assert trained_on(row, tokenizer) == "answer<|end|>"
    assert text_of(row, tokenizer).endswith("xnearanswer<|end|>")


def test_a_long_completion_keeps_a_quarter_for_its_prompt(tokenizer: Any) -> None:
    row = encode_completion("p" * 500, "c" * 500, tokenizer, max_length=40)
    assert len(row.ids) == 40
    assert row.supervised == 30
    assert row.truncated
    assert not row.ends
    short_prompt = encode_completion("pp", "c" * 500, tokenizer, max_length=40)
    assert short_prompt.supervised == 38


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(prompt=TEXT, completion=TEXT, max_length=st.integers(32, 64))
def test_no_row_is_longer_than_it_may_be(
    tokenizer: Any, prompt: str, completion: str, max_length: int
) -> None:
    row = encode_completion(prompt * 3, completion * 3, tokenizer, max_length=max_length)
    whole = encode_completion(prompt * 3, completion * 3, tokenizer, max_length=10_000)
    assert len(row.ids) == min(max_length, len(whole.ids))
    assert row.truncated == (len(whole.ids) > max_length)
    assert row.ends == (row.labels[-1] == tokenizer.eos_token_id)


def test_the_first_token_of_a_row_is_not_counted(tokenizer: Any) -> None:
    """Nothing stands before it, so nothing predicts it."""
    assert encode(example(text="abc"), tokenizer, max_length=64).supervised == 3  # b, c, end
    assert encode_completion("", "a", tokenizer, max_length=64, end=False).supervised == 0


def test_plain_text_is_trained_on_as_a_whole(tokenizer: Any) -> None:
    row = encode(example(text="plain\ntext"), tokenizer, max_length=64)
    assert trained_on(row, tokenizer) == "plain\ntext<|end|>"


def test_only_assistant_turns_are_trained_on_through_their_end(chat: Any) -> None:
    row = encode(example(messages=TALK), chat, max_length=512)
    assert trained_on(row, chat) == "a + b<|end|>a - b<|end|>"
    assert row.ends


def test_a_conversation_is_encoded_as_its_template_renders_it(chat: Any) -> None:
    """What stands between an end token and the next turn is there in training, as it is in use."""
    row = encode(example(messages=TALK), chat, max_length=512)
    rendered = chat.apply_chat_template(list(TALK), tokenize=False)
    assert text_of(row, chat) == rendered.removesuffix("\n")


def test_without_a_template_turns_have_headings(tokenizer: Any) -> None:
    row = encode(example(messages=TALK), tokenizer, max_length=512)
    assert trained_on(row, tokenizer) == "a + b\n<|end|>a - b\n<|end|>"
    assert text_of(row, tokenizer).startswith("### system\nBe brief.\n### user\nAdd?\n### assistant\na + b\n")


@pytest.mark.parametrize("with_template", [True, False])
def test_turns_after_the_last_answer_are_left_out(with_template: bool, chat: Any, tokenizer: Any) -> None:
    used = chat if with_template else tokenizer
    row = encode(example(messages=(*TALK, {"role": "user", "content": "Thanks"})), used, max_length=512)
    assert "Thanks" not in text_of(row, used)
    assert row.labels[-1] == used.eos_token_id


@pytest.mark.parametrize("with_template", [True, False])
def test_a_conversation_that_an_answer_begins(with_template: bool, chat: Any, tokenizer: Any) -> None:
    used = chat if with_template else tokenizer
    row = encode(example(messages=({"role": "assistant", "content": "Hello"},)), used, max_length=512)
    assert trained_on(row, used).removesuffix("<|end|>").strip() == "Hello"


def test_a_long_conversation_keeps_its_last_answer(chat: Any) -> None:
    row = encode(example(messages=TALK), chat, max_length=32)
    assert len(row.ids) == 32
    assert row.truncated
    assert trained_on(row, chat).endswith("a - b<|end|>")


def test_a_template_that_refuses_a_conversation_is_told(chat: Any) -> None:
    chat.chat_template = STRICT
    with pytest.raises(DatasetError, match="alternate") as caught:
        encode(example(messages=TALK), chat, max_length=512)
    assert caught.value.hint


def test_a_template_that_rewrites_earlier_turns_is_told(chat: Any) -> None:
    chat.chat_template = CHANGING
    with pytest.raises(DatasetError, match="changes earlier turns"):
        encode(example(messages=TALK), chat, max_length=512)


@pytest.fixture
def fim_tokenizer(tiny_base: Path) -> Any:
    tokenizer = load_tokenizer(tiny_base)
    tokenizer.add_tokens(
        [AddedToken(f"<|fim_{part}|>", special=True) for part in ("prefix", "suffix", "middle")]
    )
    return tokenizer


INFILL = example(fim=("before", "the middle", "after"))


def test_infilling_has_prefix_suffix_middle(fim_tokenizer: Any) -> None:
    row = encode_all([INFILL], fim_tokenizer, max_length=128).rows[0]
    assert (
        text_of(row, fim_tokenizer)
        == "<|fim_prefix|>before<|fim_suffix|>after<|fim_middle|>the middle<|end|>"
    )
    assert trained_on(row, fim_tokenizer) == "the middle<|end|>"


def test_a_long_infilling_row_keeps_its_tokens_and_what_is_near(fim_tokenizer: Any) -> None:
    long = example(fim=("x" * 300 + "NEAR", "mid", "REST" + "y" * 300))
    row = encode(long, fim_tokenizer, max_length=48)
    text = text_of(row, fim_tokenizer)
    assert len(row.ids) == 48
    assert row.truncated
    assert text.startswith("<|fim_prefix|>x")
    assert "NEAR<|fim_suffix|>REST" in text
    assert text.endswith("<|fim_middle|>mid<|end|>")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(parts=st.tuples(*[st.integers(0, 120)] * 3), max_length=st.integers(32, 64))
def test_infilling_rows_fit(fim_tokenizer: Any, parts: tuple[int, int, int], max_length: int) -> None:
    fim = FimTokens.of(control_tokens(fim_tokenizer))
    assert fim is not None
    prefix, middle, suffix = ("abc"[n] * count for n, count in enumerate(parts))
    row = encode(example(fim=(prefix, middle, suffix)), fim_tokenizer, max_length=max_length)
    assert len(row.ids) == min(max_length, sum(parts) + 4)
    assert [row.ids.count(token) for token in (fim.prefix, fim.suffix, fim.middle)] == [1, 1, 1]


def test_without_tokens_infilling_is_plain_text(tokenizer: Any) -> None:
    assert FimTokens.of(control_tokens(tokenizer)) is None
    parts = ("# path: a.go\nx := f(", "a, b", ")\n\ty()\n")
    row = encode(replace(example(fim=parts), path="a.go"), tokenizer, max_length=256)
    assert text_of(row, tokenizer) == (
        "// what follows:\n// | )\n// | \ty()\n\n# path: a.go\nx := f(a, b<|end|>"
    )
    assert trained_on(row, tokenizer) == "a, b<|end|>"


def test_a_plain_infilling_row_that_is_long_keeps_what_is_near(tokenizer: Any) -> None:
    parts = ("".join(f"before {n}\n" for n in range(30)), "mid\n", "".join(f"after {n}\n" for n in range(30)))
    row = encode(example(fim=parts), tokenizer, max_length=120)
    text = text_of(row, tokenizer)
    assert row.truncated and len(row.ids) <= 120
    assert text.startswith("# what follows:\n# | after 0\n")
    assert text.endswith("before 29\nmid\n<|end|>")


@pytest.mark.parametrize("room", [64, 400])
@pytest.mark.parametrize("kind", ["tokenizer", "fim_tokenizer"])
def test_retrieved_code_stands_before_an_infilling_and_is_cut_first(
    kind: str, room: int, request: pytest.FixtureRequest
) -> None:
    tokenizer = request.getfixturevalue(kind)
    front = "# b.py:L1-2\ndef g():\n    pass\n" * 4 + "\n"
    row = encode_fill_in(("x = ", "1", "\ny\n"), "python", tokenizer, max_length=room, front=front, end=False)
    alone = encode_fill_in(("x = ", "1", "\ny\n"), "python", tokenizer, max_length=room, end=False)
    assert text_of(row, tokenizer).endswith(text_of(alone, tokenizer))
    assert len(row.ids) == min(room, len(alone.ids) + len(front))
    assert row.truncated == (room == 64)
    assert trained_on(row, tokenizer) in ("1", " 1")


def test_rows_are_counted(tokenizer: Any) -> None:
    rows = [
        example(text="abc", weight=2.0),
        example(prompt="p" * 100, completion="c"),
        example(prompt="p", completion="cc", weight=0.5),
    ]
    encoded = encode_all(rows, tokenizer, max_length=32)
    assert encoded.truncated == 1
    assert encoded.supervised == 3 + 2 + 3
    assert encoded.weights == (2.0, 1.0, 0.5)


def test_nothing_to_train_on_is_refused(tokenizer: Any) -> None:
    with pytest.raises(DatasetError, match="none of the 2 rows"):
        encode_all([example(completion="")] * 2, tokenizer, max_length=64)
    with pytest.raises(DatasetError, match="none of the 0 rows"):
        encode_all([], tokenizer, max_length=64)


def test_rows_that_never_end_are_refused(tokenizer: Any) -> None:
    with pytest.raises(DatasetError, match="never stop"):
        encode_all([example(text="x" * 100)], tokenizer, max_length=32)


def test_progress_ends_where_it_should(tokenizer: Any) -> None:
    seen: list[tuple[int, int]] = []
    rows = [example(text="abc")] * 250
    encode_all(rows, tokenizer, max_length=32, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(0, 250), (100, 250), (200, 250), (250, 250)]


@pytest.fixture
def beginning(chat: Any) -> Any:
    """A tokenizer that puts <s> before each text, as Llama's does, with FIM tokens and a template that writes none."""
    return with_bos(chat)


def with_bos(tokenizer: Any) -> Any:
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    tokenizer.add_tokens(
        [AddedToken(f"<|fim_{part}|>", special=True) for part in ("prefix", "suffix", "middle")]
    )
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)]
    )
    return tokenizer


@pytest.mark.parametrize(
    "form",
    [
        {"prompt": "p" * 99 + "\n", "completion": "c\n"},
        {"prompt": "<s>" + "p" * 99, "completion": "c"},
        {"prompt": "", "completion": "c" * 99},
        {"text": "t" * 9},
        {"text": "<s>" + "t" * 99},
        {"fim": ("x" * 99, "m", "y" * 99)},
        {"messages": TALK},
    ],
    ids=str,
)
def test_a_row_begins_with_the_bases_token_once_whatever_is_cut(form: Any, beginning: Any) -> None:
    beginning.chat_template = None if "messages" in form else beginning.chat_template
    row = encode(example(**form), beginning, max_length=48)
    assert row.ids[0] == beginning.bos_token_id
    assert row.ids.count(beginning.bos_token_id) == 1
    assert row.labels[0] == IGNORE
    assert len(row.ids) == len(row.labels) <= 48
    assert row.truncated == (len(row.ids) == 48)


def test_a_chat_template_says_whether_there_is_one(beginning: Any) -> None:
    assert beginning.bos_token_id not in encode(example(messages=TALK), beginning, max_length=512).ids
    beginning.chat_template = "{{ bos_token }}" + CHATML
    for max_length in (32, 512):
        ids = encode(example(messages=TALK), beginning, max_length=max_length).ids
        assert [n for n, token in enumerate(ids) if token == beginning.bos_token_id] == [0]


def test_texts_are_as_the_tokenizer_writes_them(beginning: Any, tokenizer: Any) -> None:
    for each in (beginning, tokenizer):
        assert text_ids(each, "def f():") == each("def f():")["input_ids"]
    assert text_ids(beginning, "<s>a").count(beginning.bos_token_id) == 1
    assert beginning.decode(text_ids(beginning, "<s>a")[1:]) == "<s>a"


def test_a_tokenizer_without_an_end_token_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    tokenizer.eos_token = None
    tokenizer.save_pretrained(tmp_path / "endless")
    with pytest.raises(ModelError, match="no end token"):
        load_tokenizer(tmp_path / "endless")
    with pytest.raises(ModelError, match="no usable tokenizer"):
        load_tokenizer(tmp_path)


def test_the_code_before_a_body_is_trained_on_too(tokenizer: Any) -> None:
    row = example(prompt="# other\n\n# path: a.py\ndef f():\n", completion="    pass\n", prompt_trained=22)
    assert trained_on(encode(row, tokenizer, max_length=99), tokenizer) == (
        "# path: a.py\ndef f():\n    pass\n<|end|>"
    )
    only = encode(row, tokenizer, max_length=99, completion_only=True)
    assert trained_on(only, tokenizer) == "\n    pass\n<|end|>"
    cut = encode(row, tokenizer, max_length=32)
    assert len(cut.ids) == 32
    assert set(cut.labels) == set(cut.ids)


# as Qwen3's: what an answer thought is shown in the last turn alone
FORGETTING = (
    "{% for m in messages %}<|start|>{{ m['role'] }}\n"
    "{% if m['role'] == 'assistant' and loop.last %}thought {% endif %}{{ m['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)


def test_a_conversation_whose_earlier_turns_are_rewritten_becomes_a_row_an_answer(chat: Any) -> None:
    chat.chat_template = FORGETTING
    encoded = encode_all([example(messages=TALK), example(text="plain")], chat, max_length=500)
    assert (len(encoded.rows), encoded.split, encoded.left_out) == (3, 1, ())
    assert [trained_on(row, chat) for row in encoded.rows[:2]] == [
        "thought a + b<|end|>",
        "thought a - b<|end|>",
    ]
    assert "a + b<|end|>" in text_of(encoded.rows[1], chat) and "thought a + b" not in text_of(
        encoded.rows[1], chat
    )


def test_a_row_that_the_template_refuses_is_left_out_and_named(chat: Any) -> None:
    chat.chat_template = STRICT
    encoded = encode_all([example(messages=TALK), example(text="plain")], chat, max_length=500)
    assert len(encoded.rows) == 1
    assert encoded.left_out[0][0] == "a.py:L1-2" and "roles must alternate" in encoded.left_out[0][1]
    with pytest.raises(DatasetError, match=r"none of the 1 rows can be encoded; a.py:L1-2: .*alternate"):
        encode_all([example(messages=TALK)], chat, max_length=500)
