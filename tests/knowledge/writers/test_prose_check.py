"""What a model may write: each rule refuses what it is for, and lets sound prose through."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.knowledge.writers.prose_check import (
    BLOCKS,
    CHECKS,
    INLINE,
    REFUSALS,
    Allowed,
    check_prose,
    known_names,
)

SOURCE = '''def load_wheel(path, retries=3, timeout=0.5):
    """Load a wheel; "stale" ones are fetched again.

    Runs at most 1,000 times, on version 2.13.0, with int8 weights.
    """
    return Cart.wheel(path) if path else None  # see https://example.org'''

ALLOWED = Allowed(
    names=known_names(["cart.Cart.wheel", "cart.Cart.push", "src/cart/push_it.py", "PyTorch"]),
    sources=("Loads a wheel of a cart, in two steps.", SOURCE),
    anchors=("src/cart/push_it.py:L1-9",),
    links=("[[step::Principle:me_cart_Push]]",),
    forbidden=("Say only what the data says.",),
    max_chars=600,
)

SOUND = [
    "Loads a wheel of a cart.",
    "It loads. It loads a wheel. It loads.",
    "`load_wheel` takes a `path` and gives `None` where there is none.",
    "It calls `Cart.wheel(path)` up to 3 times, i.e. three times, with a time-out of 0.5 seconds.",
    "Up to 1000 runs, or 1,000 as the source has it; see `src/cart/push_it.py:L1-9`.",
    "See [[step::Principle:me_cart_Push]] first.",
    "A wheel that is \"stale\" is loaded again: 'Load a wheel' says so.",
    "It quotes “fetched again” from the source.",
    "- Fast.\n- With `int8` weights, on 2.13.0.\n\nThe user's carts' wheels are GPUs' business, and/or the CPU's.",
    "Uses int8 PyTorchs (a plural) and push_it.py, or `cart.Cart.push`.",
    "Use `load_wheel(path, retries=3)` (it is *fast*).",
    "The class loads wheel(s) (of a cart); This class, the Cart class and print(path) do so twice, by an HTTP method.",
    "Utility function. Helper class. It says ‹fetched again› and runs on the I/O of a CI.",
]


@pytest.mark.parametrize("text", SOUND)
def test_sound_prose_stands(text: str) -> None:
    assert check_prose(text, ALLOWED) == []


REFUSED = [
    ("", "empty"),
    ("  \n", "empty"),
    ("…!", "empty"),
    ("Loads a wheel\x07.", "control character"),
    ("Loads\u200b a wheel.", "control character"),
    ("Loads \u202ea wheel.", "control character"),
    ("Loads\ta wheel.", "control character"),
    ("Loads a \ud800 wheel.", "control character"),
    ("I cannot help with that.", "refusal"),
    ("I'm sorry, but this is not possible.", "refusal"),
    ("As an AI, it is not for me to say.", "refusal"),
    ("Sure! Here it is: loads a wheel.", "refusal"),
    ("Here is the text: loads a wheel.", "refusal"),
    ("The rewritten section says that it loads.", "refusal"),
    ("Say only what the data says. It loads.", "echo"),
    ("SAY ONLY\nwhat the  data says. It loads.", "echo"),
    ("# Wheels\n\nIt loads.", "markup"),
    ("It loads\n===\n\na wheel.", "markup"),
    ("It loads\n---\n\na wheel.", "markup"),
    ("---\ntitle: x\n---\n\nIt loads.", "markup"),
    ("It loads.\n\n```python\nload_wheel()\n```\n\nDone.", "markup"),
    ("It loads.\n\n```mermaid\ngraph TD.", "markup"),
    ("It loads.\n\n~~~\nx.", "markup"),
    ("- ```\n  It loads.", "markup"),
    ("It loads `load_wheel.", "markup"),
    ("It loads `a\n\n<b>` x`.", "markup"),
    ("It loads `a\n\n<b>`.", "markup"),
    ("It loads \\`<b>\\`.", "markup"),
    ("It loads `load_wheel`.fake at once.", "markup"),
    ("It loads.\n\n    load_wheel.", "markup"),
    ("> It loads.", "markup"),
    ("1. It loads.", "markup"),
    ("A | wheel.", "markup"),
    ("|---|\nIt loads.", "markup"),
    ("It [loads](https://example.org) a wheel.", "markup"),
    ("It [loads][1] a wheel.\n\n[1]: x.", "markup"),
    ("It loads ![a](b).", "markup"),
    ("See https://example.org now.", "markup"),
    ("See www.example.org now.", "markup"),
    ("See [[step::Principle:me_cart_Other]].", "markup"),
    ("It loads[^1].", "markup"),
    ("It <b>loads</b>.", "markup"),
    ("It <!-- loads.", "markup"),
    ("It loads &#91;a wheel.", "markup"),
    ("It {{ loads }}.", "markup"),
    ("It loads Car**t** now.", "markup"),
    ("It loads a wheel", "unfinished"),
    ("It loads a wheel, and then", "unfinished"),
    ("It is a wheel of a cart. It loads. It is a\nwheel of a  cart. It is gone.", "repetition"),
    ("See src/cart/push_it.py:L1-8.", "anchor"),
    ("See push_it.py:3.", "anchor"),
    ("See L1-9 there.", "anchor"),
    ("See line 3.", "anchor"),
    ("See lines 1 to 9.", "anchor"),
    ("See push_it.py#L3.", "anchor"),
    ("It runs 4 times.", "number"),
    ("It runs four times.", "number"),
    ("It needs hundreds of wheels.", "number"),
    ("It takes two thousand.", "number"),  # there are a 2 and a 1,000
    ("It runs 3.5 times.", "number"),
    ("It runs .7 times.", "number"),
    ("It runs ½ times.", "number"),
    ("It runs ٤ times.", "number"),
    ("It runs 9 times.", "number"),  # an anchor's lines are no facts
    ("It sets `retries=7`.", "number"),
    ("It calls `Cart.fly`.", "code"),
    ("It calls `fly_away()`.", "code"),
    ("It calls `wheels`.", "code"),
    ("It reads `src/cart/other.py`.", "code"),
    ("It takes `--fast`.", "code"),
    ("It calls FlyingCart.", "name"),
    ("It calls fly_away.", "name"),
    ("It calls fly\\_away.", "name"),
    ("It calls Cart.fly.", "name"),
    ("It calls HTTPCart.", "name"),
    ("It calls \u0421artWheel.", "name"),  # its first letter is Cyrillic
    ("It needs int4 weights.", "name"),
    ("It reads src/cart/other.py.", "name"),
    ("It takes --fast.", "name"),
    ("It calls frob() first.", "name"),
    ("It calls frob(path) first.", "name"),
    ("The Frobnicator class does it.", "name"),
    ("It uses the class Frobnicator.", "name"),
    ("It says ‹never stale›.", "quote"),
    ("It says ‹stale.", "quote"),
    ("It runs thrice as long, a quadruple of it.", "number"),
    ("It is the size of a quadruple.", "number"),
    ("It is part IV of the wheel.", "number"),
    ('It says "never stale".', "quote"),
    ("It says “never stale”.", "quote"),
    ("It says 'never stale' there.", "quote"),
    ('It says "stale.', "quote"),
    ("x" * 601 + ".", "length"),
]


@pytest.mark.parametrize(("text", "kind"), REFUSED)
def test_what_does_not_hold_is_refused(text: str, kind: str) -> None:
    assert kind in {problem.kind for problem in check_prose(text, ALLOWED)}


def test_every_rule_has_a_case() -> None:
    assert {kind for _, kind in REFUSED} | {"sentences"} == {*CHECKS, "length"}
    details = {d.detail for text, _ in REFUSED for d in check_prose(text, ALLOWED)}
    assert {*BLOCKS.values(), *INLINE.values()} <= details
    assert set(REFUSALS.values()) - {"leaks its template"} <= details
    assert "leaks its template" in str(check_prose("Loads.<|im_end|>", ALLOWED))


def test_a_section_of_one_sentence() -> None:
    one = Allowed(sources=("a b e.g. v2.1 c",), max_sentences=1)
    assert check_prose("A b, e.g. c, on 2.1.", one) == []
    for text in ("A b. C.", "A b.\nC.", "A b! C?"):
        assert [problem.kind for problem in check_prose(text, one)] == ["sentences"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    ["a", "`", "'", '"', "‘a", "[[", "a.", "a/", "- ", "1,", "_", "-", "--a", "|", "\n", "L1-", ":L1", "A", "aB",
     "*a", "<", "&a", "`a` ", " ", "\\`", "a b `", "I ", "=", "e.g. "],
)  # fmt: skip
def test_the_check_takes_linear_time(unit: str) -> None:
    """A text of 60,000 characters of any shape, where the longest section has 1,500."""
    size = 60_000
    allowed = Allowed(sources=(SOURCE * 5, unit * (size // len(unit))), max_chars=size + 10)
    started = time.process_time()
    check_prose(unit * (size // len(unit)) + ".", allowed)
    assert time.process_time() - started < 3


def test_known_names_have_tails_and_parts() -> None:
    assert known_names(["src/a/b.py", "x.Y.z"]) == {
        "src/a/b.py", "a/b.py", "b.py", "src/a", "src", "a", "b", "py", "x.Y.z", "Y.z", "x", "Y", "z",
    }  # fmt: skip
