"""Text is text: nothing that a repository, a row or a question says becomes a control token.

A tokenizer takes `<|im_end|>` in any text for the token that ends a turn. Here only what the chat template itself
writes is one; in everything else such letters are encoded as the letters that they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from codebase_gardener.utils.error_handling import DatasetError

__all__ = [
    "control_tokens",
    "conversation_ids",
    "plain_ids",
    "render_conversation",
    "split_seam",
    "without_control",
]

_LOOKS_LIKE_CONTROL = re.compile(r"<[^\s<>]{1,60}>\Z|\[/?[A-Z_]{2,20}\]\Z")
"""Some tokenizers do not mark all of theirs as special: `<think>`, `<tool_call>`."""

_FIRST_SENTINEL = 0xF0000  # of Unicode's private planes: no template or text means anything by it
_SENTINELS = re.compile("[\U000f0000-\U000fffff]")

_plain: WeakKeyDictionary[Any, tuple[int, Callable[[str], list[int]]]] = WeakKeyDictionary()
"""Of each tokenizer: how many tokens it had, and how it encodes a text."""


def control_tokens(tokenizer: Any) -> dict[str, int]:
    """The tokenizer's control tokens by what they look like: its special tokens, and those that look like some."""
    return {
        token.content: number
        for number, token in tokenizer.added_tokens_decoder.items()
        if token.special or _LOOKS_LIKE_CONTROL.match(token.content)
    }


def plain_ids(tokenizer: Any, text: str) -> list[int]:
    """The ids of a text, whatever it says, without any control token.

    Args:
        tokenizer: A transformers tokenizer.
        text: Any.
    """
    size, encode = _plain.get(tokenizer, (-1, None))
    if encode is None or size != len(tokenizer):
        encode = _plain_encoder(tokenizer)
        _plain[tokenizer] = (len(tokenizer), encode)
    return encode(text)


def _plain_encoder(tokenizer: Any) -> Callable[[str], list[int]]:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:  # a tokenizer in Python
        return lambda text: list(
            tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        )
    from tokenizers import Tokenizer

    described = json.loads(backend.to_str())
    controls = control_tokens(tokenizer)
    for token in described["added_tokens"]:
        token["special"] = token["content"] in controls
    own = Tokenizer.from_str(json.dumps(described))
    own.no_padding()
    own.no_truncation()
    own.encode_special_tokens = True
    return lambda text: list(own.encode(text, add_special_tokens=False).ids)


def split_seam(prompt: str) -> tuple[str, str]:
    r"""A prompt without what belongs to its completion, and that: its last newline, with the indentation behind it.

    Tokenizers join the newline with the indentation that follows, and spaces with the word behind them, so a model
    has never seen the two apart. Training, evaluation and generation all cut here.

    Example:
        >>> split_seam("def f(a):\n    "), split_seam("x ="), split_seam("\n")
        (('def f(a):', '\n    '), ('x =', ''), ('', '\n'))
    """
    kept = prompt.rstrip(" \t")
    kept = kept.removesuffix("\n")
    return kept, prompt[len(kept) :]


def render_conversation(tokenizer: Any, messages: Sequence[Mapping[str, str]], *, answer_next: bool) -> str:
    """The conversation as the tokenizer's chat template writes it, or under plain headings where it has none.

    What looks like a control token in the turns is written as one private letter each, which `conversation_ids` turns
    back: so that the template's own are the only ones in it.

    Raises:
        DatasetError: The template refuses the turns.
    """
    turns = [{**turn, "content": without_control(tokenizer, turn["content"])} for turn in messages]
    if not tokenizer.chat_template:
        written = "".join(f"### {turn['role']}\n{turn['content']}\n" for turn in turns)
        return written + ("### assistant\n" if answer_next else "")
    from jinja2.exceptions import TemplateError

    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=answer_next))
    except TemplateError as error:  # its own raise_exception, such as of two user turns in a row
        raise DatasetError(
            f"the base's chat template refuses a conversation: {error}",
            hint="begin with a user turn and let user and assistant alternate, or write prompt and completion",
        ) from error


def conversation_ids(tokenizer: Any, rendered: str) -> list[int]:
    """The ids of what `render_conversation` gave, or of a part of it.

    Where nothing in the turns is a control token to the tokenizer, these are its own ids; else the text is cut at
    the template's control tokens, and what lies between them is encoded as plain text.
    """
    if not tokenizer.chat_template:
        return plain_ids(tokenizer, _restored(tokenizer, rendered))
    controls = control_tokens(tokenizer)
    cut = re.compile("(" + "|".join(map(re.escape, sorted(controls, key=len, reverse=True))) + ")")
    if not _SENTINELS.search(rendered):
        whole = list(tokenizer(rendered, add_special_tokens=False)["input_ids"])
        numbers = set(controls.values())
        # a normalizer can make a control token of letters that are none, such as full-width ones
        if [n for n in whole if n in numbers] == [controls[said] for said in cut.findall(rendered)]:
            return whole
    ids: list[int] = []
    for number, piece in enumerate(cut.split(rendered)):
        if number % 2:
            ids.append(controls[piece])
        elif piece:
            ids += plain_ids(tokenizer, _restored(tokenizer, piece))
    return ids


def without_control(tokenizer: Any, text: str) -> str:
    """A text as `render_conversation` writes it: each control token in it is one private letter."""
    text = _SENTINELS.sub("\N{REPLACEMENT CHARACTER}", text)
    letters = {token: chr(_FIRST_SENTINEL + n) for n, token in enumerate(control_tokens(tokenizer))}
    for token in sorted(letters, key=len, reverse=True):
        text = text.replace(token, letters[token])
    return text


def _restored(tokenizer: Any, text: str) -> str:
    names = list(control_tokens(tokenizer))
    return _SENTINELS.sub(lambda found: names[ord(found[0]) - _FIRST_SENTINEL], text)
