"""OpenAI's own client against the server."""

from __future__ import annotations

import openai
import pytest

from serving.conftest import Running

pytestmark = pytest.mark.slow


@pytest.fixture
def client(running: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0)


def test_every_name_is_a_model(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names[:3] == ["geometry", "geometry/default", "geometry/other"] or "geometry" in names
    assert {
        "geometry",
        "geometry/default",
        "geometry/default@1",
        "geometry/default@2",
        "geometry/other",
    } <= set(names)


def test_a_completion_is_what_generate_says(client: openai.OpenAI, running: Running) -> None:
    prompt = "def kite_area(width, height):\n"
    for version in (1, 2):
        handle = running.gardener.manager.load_adapter("geometry", "default", version)
        said = client.completions.create(
            model=f"geometry/default@{version}:bare", prompt=prompt, max_tokens=8, temperature=0
        )
        assert said.choices[0].text == handle.generate(prompt, max_new_tokens=8)
        assert said.usage and said.usage.completion_tokens == 8


def test_streamed_pieces_are_the_answer(client: openai.OpenAI) -> None:
    asked = {"model": "geometry", "prompt": "def area(width):\n", "max_tokens": 8}
    whole = client.completions.create(**asked).choices[0].text
    chunks = list(client.completions.create(**asked, stream=True, stream_options={"include_usage": True}))
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == whole
    assert chunks[-1].usage and chunks[-1].usage.completion_tokens == 8
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"


def test_echo_scores_the_prompt_as_the_model_does(client: openai.OpenAI, running: Running) -> None:
    import torch

    text = "x = kite_area(1, 2)"
    said = client.completions.create(
        model="geometry/other:bare", prompt=text, max_tokens=0, echo=True, logprobs=2, temperature=0
    ).choices[0]
    assert said.text == text and said.logprobs is not None
    logits = torch.as_tensor(running.gardener.manager.load_adapter("geometry", "other").logits(text))
    tokens = said.logprobs.tokens or []
    assert "".join(tokens) == text
    wanted = torch.log_softmax(logits[:-1], -1).max(-1).values
    best = [max(top.values()) for top in (said.logprobs.top_logprobs or [])[1:] if top]
    assert torch.allclose(torch.tensor(best), wanted, atol=1e-4)
    assert said.logprobs.token_logprobs and said.logprobs.token_logprobs[0] is None


def test_chat_has_code_of_the_project_unless_bare(client: openai.OpenAI) -> None:
    ask = {"messages": [{"role": "user", "content": "What does kite_area do?"}], "max_tokens": 4}
    full = client.chat.completions.create(model="geometry", **ask)
    bare = client.chat.completions.create(model="geometry:bare", **ask)
    assert full.usage and bare.usage and full.usage.prompt_tokens > bare.usage.prompt_tokens
    assert any("kite.py" in source for source in full.model_extra["gardener"]["sources"])  # type: ignore[index]
    assert bare.model_extra["gardener"]["sources"] == []  # type: ignore[index]


def test_a_base_is_asked_as_the_adapter_on_it_is(client: openai.OpenAI) -> None:
    ask = {"messages": [{"role": "user", "content": "What does kite_area do?"}], "max_tokens": 4}
    adapter, base, bare = (
        client.chat.completions.create(model=name, **ask)
        for name in ("geometry/other", "geometry/other:base", "geometry/other:base:bare")
    )
    told = [answer.model_extra["gardener"] for answer in (adapter, base, bare)]  # type: ignore[index]
    assert [one["adapter"] for one in told] == ["geometry/other@1", None, None]
    assert told[0]["sources"] == told[1]["sources"] != []
    assert told[2]["sources"] == []
    assert adapter.usage and base.usage and adapter.usage.prompt_tokens == base.usage.prompt_tokens


def test_several_answers_and_prompts(client: openai.OpenAI) -> None:
    said = client.completions.create(model="geometry:bare", prompt=["a = ", "b = "], n=2, max_tokens=3)
    assert [choice.index for choice in said.choices] == [0, 1, 2, 3]
    assert said.choices[0].text == said.choices[1].text


@pytest.mark.parametrize(
    "wrong",
    [{"max_tokens": 0}, {"temperature": -1}, {"n": 99}, {"logit_bias": {"1": 2}}, {"prompt": ""},
     {"prompt": [99999]}, {"prompt": []}, {"stop": [""]}, {"best_of": 3}, {"prompt": "a" * 5000}],
)  # fmt: skip
def test_what_cannot_be_is_refused(client: openai.OpenAI, wrong: dict[str, object]) -> None:
    asked = {"model": "geometry:bare", "prompt": "a", "max_tokens": 2, **wrong}
    with pytest.raises(openai.BadRequestError):
        client.completions.create(**asked)


def test_an_unknown_model_is_answered_with_those_that_there_are(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="geometry"):
        client.completions.create(model="nothing", prompt="a")
