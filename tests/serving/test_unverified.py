"""Answers of adapters of a project with a wiki say which names in them are not in the repository."""

from __future__ import annotations

import json
from urllib.request import Request, urlopen

from codebase_gardener.gardener.wikis import build_wiki
from codebase_gardener.serving.engine import Decoding
from codebase_gardener.utils.progress import Quiet
from serving.conftest import Running

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


def _base(running: Running) -> str:
    return next(card.name for card in running.answering.catalog.cards() if not card.version)
