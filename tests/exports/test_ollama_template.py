"""Chat templates in Go's syntax write what the templates themselves do, or are not converted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import jinja2
import pytest

from codebase_gardener.exports.ollama_template import CONVERSATIONS, turns_of
from samples.go_template import go_render

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)
DEFAULT = (
    "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou {{ '{{' }} help.<|im_end|>\n{% endif %}"
    + CHATML
)
LLAMA3 = (
    "<|begin|>{% for m in messages %}<|h|>{{ m['role'] }}<|/h|>\n\n{{ m['content'] | trim }}<|eot|>{% endfor %}"
    "<|h|>assistant<|/h|>\n\n"
)
ZEPHYR = "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] }}</s>\n{% endfor %}<|assistant|>\n"
HEADINGS = "{% for m in messages %}### {{ m['role'] }}\n{{ m['content'] }}\n{% endfor %}### assistant\n"
KEPT = {"chatml": CHATML, "default": DEFAULT, "llama3": LLAMA3, "zephyr": ZEPHYR, "headings": HEADINGS}
NOT_KEPT = {
    "system in the user turn": "{% if messages[0]['role'] == 'system' %}[{{ messages[0]['content'] }}]{% endif %}"
    "{% for m in messages if m['role'] != 'system' %}{{ m['role'] }}:{% if loop.last %}!{% endif %}{{ m['content'] }}"
    "{% endfor %}a:",
    "no system turns": "{% if messages[0]['role'] == 'system' %}{{ raise('no') }}{% endif %}" + CHATML,
    "a count": "{% for m in messages %}{{ loop.index }}{{ m['role'] }}{{ m['content'] }}{% endfor %}a",
    "upper case": "{% for m in messages %}{{ m['role'] }}:{{ m['content'] | upper }};{% endfor %}assistant:",
}


def rendered(template: str, turns: Sequence[Mapping[str, str]]) -> str:
    return jinja2.Environment(keep_trailing_newline=True).from_string(template).render(messages=turns)


@pytest.mark.parametrize("name", KEPT)
def test_go_writes_what_jinja_does(name: str) -> None:
    turns = turns_of(lambda talk: rendered(KEPT[name], talk))
    assert turns is not None
    for talk in CONVERSATIONS:
        assert go_render(turns.go(), talk) == rendered(KEPT[name], talk)


@pytest.mark.parametrize("name", NOT_KEPT)
def test_what_is_not_converted(name: str) -> None:
    assert turns_of(lambda talk: rendered(NOT_KEPT[name], talk)) is None
