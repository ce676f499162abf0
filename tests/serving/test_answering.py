"""What the engine is asked is what training and evaluation saw."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.request import Request, urlopen

import pytest
from tokenizers import AddedToken

from codebase_gardener.adapters.torch_generation import encode
from codebase_gardener.bases.text import control_tokens
from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.dataset.prompts import path_line
from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.serving.answering import Answering
from codebase_gardener.serving.catalog import Catalog, Resolved
from codebase_gardener.serving.engine import Decoding, Engine, Served
from codebase_gardener.serving.server import ServeOptions, in_background, listen
from codebase_gardener.training.encoding import IGNORE, encode_fill_in
from codebase_gardener.utils.progress import Quiet
from serving.conftest import Running

TOKENS = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
PLACES = [
    ("def f(a):\n    b = ", "a", "\n    return b\n"),
    ("def f(a):\n", "    b = a\n", "    return b\n"),
    ("def f(a):\n    ", "b = a", "\n\n    return b  # <|fim_suffix|>\n"),
    ("", "import os\n", "os.path\n"),
]


class Tokenizing:
    """An engine as far as prompts go: it answers nothing."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer

    def encode(self, base: object, prompt: Any) -> tuple[list[int], str]:
        return encode(self.tokenizer, prompt)

    def control_ids(self, base: object) -> dict[str, int]:
        return control_tokens(self.tokenizer)

    def context_tokens(self, base: object) -> int:
        return 2048


class OneModel:
    """A catalog of one base."""

    def resolve(self, name: str) -> Resolved:
        return Resolved(cast(Served, Served(base=cast(Any, None))), "", is_bare=True)


@pytest.fixture(params=[(), TOKENS], ids=["plain text", "tokens"])
def tokenizer(request: pytest.FixtureRequest, tiny_base: Path) -> Any:
    tokenizer = load_tokenizer(tiny_base)
    tokenizer.add_tokens([AddedToken(text, special=True) for text in request.param])
    return tokenizer


@pytest.fixture
def answering(tokenizer: Any) -> Answering:
    return Answering(cast(Engine, Tokenizing(tokenizer)), cast(Catalog, OneModel()))


@pytest.mark.parametrize(("before", "middle", "after"), PLACES)
def test_a_fill_in_is_what_was_trained_on(
    before: str, middle: str, after: str, answering: Answering, tokenizer: Any
) -> None:
    asked = answering.fill_in("m", before, after, Decoding(), path="a.py").request
    parts = (path_line("a.py", "python") + before, middle, after)
    row = encode_fill_in(parts, "python", tokenizer, max_length=4096, end=False)
    prompt = [one for one, label in zip(row.ids, row.labels, strict=True) if label == IGNORE]
    assert list(asked.ids) == prompt
    said = [label for label in row.labels if label != IGNORE]
    assert tokenizer.decode(said) == asked.taken + middle


@pytest.mark.parametrize("written", [TOKENS, ("<fim_prefix>", "<fim_suffix>", "<fim_middle>")])
def test_a_prompt_in_some_bases_tokens_is_a_fill_in(
    written: tuple[str, str, str], answering: Answering
) -> None:
    prefix, suffix, middle = written
    whole = answering.completion("m", f"{prefix}a = {suffix}\nb\n{middle}", Decoding())
    assert whole == answering.fill_in("m", "a = ", "\nb\n", Decoding())
    raw = answering.completion("m", f"{prefix}a = {suffix}\nb\n{middle}", Decoding(), raw=True)
    assert raw != whole


def test_code_that_the_editor_gives_stands_first_the_last_next_to_the_cursor(
    answering: Answering, tokenizer: Any
) -> None:
    extra = [("b.py", "first()\n"), ("c.py", "last()\n"), ("d.py", " \n")]
    asked = answering.fill_in("m", "x = ", "\ny\n", Decoding(), path="a.py", extra=extra)
    text = tokenizer.decode(asked.request.ids)
    assert text.startswith("# b.py\nfirst()\n\n# c.py\nlast()\n\n") and "d.py" not in text
    assert asked.sources == ("c.py", "b.py")


# ---- names that are not in the repository

ASK = {"messages": [{"role": "user", "content": "What does kite_area do?"}], "max_tokens": 4}


def post(running: Running, path: str, **body: object) -> str:
    request = Request(f"{running.url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request) as answer:
        return answer.read().decode()  # type: ignore[no-any-return]


def test_without_a_wiki_nothing_is_said_of_names(running: Running) -> None:
    assert (
        "unverified"
        not in json.loads(post(running, "/v1/chat/completions", model="geometry", **ASK))["gardener"]
    )


def test_each_wire_says_it_at_the_end_of_an_answer(running: Running) -> None:
    build_wiki(running.gardener, "geometry", Quiet())
    whole = json.loads(post(running, "/v1/chat/completions", model="geometry", **ASK))
    assert isinstance(whole["gardener"]["unverified"], list)
    events = post(running, "/v1/chat/completions", model="geometry", stream=True, **ASK).split("\n\n")
    rows = [json.loads(event.removeprefix("data: ")) for event in events if event and "[DONE]" not in event]
    assert [row["gardener"]["unverified"] for row in rows if "gardener" in row] == [
        whole["gardener"]["unverified"]
    ]
    assert rows[-1]["choices"][0]["finish_reason"]
    lines = post(running, "/api/chat", model="geometry", messages=ASK["messages"], options={"num_predict": 4})
    assert isinstance(json.loads(lines.splitlines()[-1])["gardener"]["unverified"], list)
    fill = {"model": "geometry", "input_prefix": "a = 1\n", "input_suffix": "\n", "n_predict": 4}
    assert isinstance(json.loads(post(running, "/infill", **fill))["gardener"]["unverified"], list)
    last = post(running, "/infill", stream=True, **fill).strip().split("\n\n")[-1]
    assert isinstance(json.loads(last.removeprefix("data: "))["gardener"]["unverified"], list)
    named = post(running, "/infill", response_fields=["content", "gardener/unverified"], **fill)
    assert json.loads(named).keys() == {"content", "gardener/unverified"}
    base = json.loads(post(running, "/v1/chat/completions", model=_base(running), **ASK))
    assert "unverified" not in base["gardener"]


def test_names_of_prose_are_looked_for_and_those_of_the_code_before_an_answer_are_the_authors(
    running: Running,
) -> None:
    build_wiki(running.gardener, "geometry", Quiet())
    answering, decoding = running.answering, Decoding(max_tokens=1)
    chat = answering.chat("geometry", [{"role": "user", "content": "What does kite_area do?"}], decoding)
    told = answering.told(chat, ["`kite_area` calls fold_kite(), see kites/none.py."])
    assert told["unverified"] == ["fold_kite", "kites/none.py"]
    code = answering.completion("geometry", "def my_own_sum(first_one):\n    return ", decoding)
    assert answering.told(code, ["kite_area(first_one, my_own_sum(2)) + fold_kite(3)\n"])["unverified"] == [
        "fold_kite"
    ]
    filled = answering.fill_in("geometry", "my_total = 1\n", "\nprint(my_total, my_rest)\n", decoding)
    assert answering.told(filled, ["my_rest = fold_kite(my_total)"])["unverified"] == ["fold_kite"]


@pytest.mark.slow
def test_the_memory_is_of_code_that_goes_on_and_knows_what_was_added_last(
    running: Running, small_repository: Path
) -> None:
    answering = Answering(running.answering.engine, running.answering.catalog, memory=True)
    opening, decoding = "def area(width):\n    return ", Decoding(max_tokens=1)
    asked = [
        answering.completion("geometry", opening, decoding),
        answering.fill_in("geometry", opening, "\n", decoding),
    ]
    without = [
        running.answering.completion("geometry", opening, decoding),
        answering.completion("geometry:bare", opening, decoding),
        answering.completion("geometry", opening, decoding, echo=True),
        answering.completion("geometry", opening, replace(decoding, top_scores=1)),
        answering.fill_in("geometry", opening, "\n", decoding, raw=True),
        answering.chat("geometry", [{"role": "user", "content": opening}], decoding),
        answering.completion(_base(running), opening, decoding),
    ]
    memories = [one.request.memory for one in asked]
    assert memories[0] is memories[1] is not None
    assert [one.request.memory for one in without] == [None] * len(without)
    assert not any(one.request.before for one in asked)  # the tiny base has no tokens for it
    (small_repository / "new.py").write_text("def quite_new(one):\n    return one\n")
    running.gardener.add(str(small_repository), name="geometry")
    newer = answering.completion("geometry", opening, decoding).request.memory
    assert newer is not None and memories[0] is not None
    assert len(newer.suffixes) > len(memories[0].suffixes)
    (kept,) = (running.gardener.settings.projects_dir / "geometry" / "memory").iterdir()
    assert (kept / "order.npy").exists()


def test_a_server_mixes_the_memory_in(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    memory = Catalog.memory
    monkeypatch.setattr(
        Catalog, "memory", lambda self, project, base: asked.append(project) or memory(self, project, base)
    )
    engine, catalog = running.answering.engine, running.answering.catalog
    options = ServeOptions(port=0)
    for wanted in (False, True):
        with (
            listen(options.host, 0) as listening,
            in_background(Answering(engine, catalog, wanted), listening),
        ):
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            there = replace(running, url=url)
            post(there, "/v1/completions", model="geometry", prompt="def area(width):\n", max_tokens=2)
        assert bool(asked) == wanted


def _base(running: Running) -> str:
    return next(card.name for card in running.answering.catalog.cards() if not card.version)
