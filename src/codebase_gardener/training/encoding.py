"""From an example to token ids and labels: which tokens are trained on, and that the end token is one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from codebase_gardener.bases.fill_in import FimTokens
from codebase_gardener.bases.text import (
    control_tokens,
    conversation_ids,
    plain_ids,
    render_conversation,
    split_seam,
    without_control,
)
from codebase_gardener.dataset.editor_prompts import fill_in_text
from codebase_gardener.dataset.examples import Example
from codebase_gardener.languages.table import language_of
from codebase_gardener.utils.anchors import source_lines
from codebase_gardener.utils.error_handling import DatasetError
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.dataset.assembly import Dataset

__all__ = [
    "IGNORE",
    "EncodedDataset",
    "EncodedExample",
    "encode",
    "encode_all",
    "encode_completion",
    "rows_to_train",
    "encode_fill_in",
    "text_ids",
]

IGNORE = -100
"""The label of a token that is not trained on (PyTorch's ignore_index)."""

_starts: WeakKeyDictionary[Any, tuple[tuple[Any, ...], list[int]]] = WeakKeyDictionary()
"""Of each tokenizer: what its start depends on, and that start."""

_COMPLETION_SHARE = 0.75  # of max_length that a long completion may take from its prompt


@dataclass(frozen=True)
class EncodedExample:
    """Token ids and labels of equal length; a label is `IGNORE` or the id itself.

    Attributes:
        ids: Token ids, shape [T].
        labels: Shape [T].
        truncated: Whether max_length cut something.
        ends: Whether the end token is supervised.
    """

    ids: tuple[int, ...]
    labels: tuple[int, ...]
    truncated: bool
    ends: bool

    @property
    def supervised(self) -> int:
        """Tokens that are trained on; the first token of a row has nothing before it to predict it from."""
        return sum(label != IGNORE for label in self.labels[1:])


@dataclass(frozen=True)
class EncodedDataset:
    """Encoded examples with how early each comes in training, and what was left out.

    Attributes:
        rows: In the order of the examples.
        weights: Of each row.
        split: Conversations of which each answer became a row: the template rewrites earlier turns.
        left_out: Anchor and reason of rows that the template refuses.
        not_encoded: Rows for which there is no time; where there are some, `rows` come in the order of training.
    """

    rows: tuple[EncodedExample, ...]
    weights: tuple[float, ...]
    split: int = 0
    left_out: tuple[tuple[str, str], ...] = ()
    not_encoded: int = 0

    @property
    def there(self) -> int:
        """Rows of the training side, encoded or not."""
        return len(self.rows) + self.not_encoded

    @property
    def truncated(self) -> int:
        """Rows that max_length cut."""
        return sum(row.truncated for row in self.rows)

    @property
    def supervised(self) -> int:
        """Tokens trained on, in one pass over all rows."""
        return sum(row.supervised for row in self.rows)


def rows_to_train(dataset: Dataset) -> Sequence[Example]:
    """The rows of a dataset's training side.

    Raises:
        DatasetError: There are none; it says what took them.
    """
    report = dataset.report
    if dataset.train:
        return dataset.train
    raise DatasetError(
        f"no row is left to train on: {report.near_duplicates} were removed as near-duplicates of held-out ones, "
        f"{report.exact_duplicates} as repeats",
        hint="add rows that differ from those that are held out, or hold out fewer",
        context={"near_duplicates": report.near_duplicates, "exact_duplicates": report.exact_duplicates},
    )


def encode_all(
    examples: Sequence[Example],
    tokenizer: Any,
    *,
    max_length: int,
    completion_only: bool = False,
    progress: Progress = silent,
    may_be_empty: bool = False,
) -> EncodedDataset:
    """Encode what can be encoded for this base.

    Raises:
        DatasetError: No token would be trained on, or no end token.
    """
    rows: list[EncodedExample] = []
    weights: list[float] = []
    left_out: list[tuple[str, str]] = []
    split = 0
    for number, example in enumerate(examples):
        if number % 100 == 0:
            progress(number, len(examples))
        try:
            made = [encode(example, tokenizer, max_length=max_length, completion_only=completion_only)]
        except DatasetError as error:
            made, split = _answer_by_answer(example.messages, tokenizer, max_length), split + 1
            if not made:
                split -= 1
                left_out.append((example.anchor, error.message))
        made = [row for row in made if row.supervised]
        rows += made
        weights += [example.weight] * len(made)
    progress(len(examples), len(examples))
    if not may_be_empty:
        _refuse_nothing(len(examples), rows, left_out)
    return EncodedDataset(tuple(rows), tuple(weights), split, tuple(left_out))


def _refuse_nothing(given: int, rows: Sequence[EncodedExample], left_out: Sequence[tuple[str, str]]) -> None:
    if not rows and left_out:
        raise DatasetError(
            f"none of the {given} rows can be encoded; {left_out[0][0]}: {left_out[0][1]}",
            hint="write such conversations as prompt and completion, one row for each answer",
        )
    if not rows:
        raise DatasetError(
            f"none of the {given} rows has a token to train on",
            hint="look at the rows with `gardener dataset NAME --show 3`; raise max_length if prompts are long",
        )
    if not any(row.ends for row in rows):
        raise DatasetError(
            "the end token is trained on in no row, so the model would never stop",
            hint="every completion is cut by max_length: raise it",
        )


def encode(
    example: Example,
    tokenizer: Any,
    *,
    max_length: int,
    completion_only: bool = False,
) -> EncodedExample:
    """Encode one example in whichever form it has.

    Args:
        example: With `prompt`/`completion`, `messages`, `text` or `fim` filled.
        tokenizer: A transformers tokenizer.
        max_length: Tokens at most; the left of the prompt goes first.
        completion_only: Train on completions only, not on `Example.prompt_trained`.
    """
    if example.fim is not None:
        return encode_fill_in(example.fim, language_of(example.path), tokenizer, max_length=max_length)
    if example.messages:
        return _encode_messages(example.messages, tokenizer, max_length)
    if example.text:
        return _row(tokenizer, "", example.text, end=True, max_length=max_length)
    return encode_completion(
        example.prompt,
        example.completion,
        tokenizer,
        max_length=max_length,
        trained_chars=0 if completion_only else example.prompt_trained,
    )


def encode_completion(
    prompt: str,
    completion: str,
    tokenizer: Any,
    *,
    max_length: int,
    end: bool = True,
    trained_chars: int = 0,
) -> EncodedExample:
    """Encode a prompt and what follows it; the last `trained_chars` characters of the prompt are trained on too.

    What ends a prompt as white space belongs to the completion (`split_seam`).
    """
    kept, seam = split_seam(prompt)
    completion = seam + completion
    tail = kept[max(0, len(prompt) - trained_chars) :] if trained_chars else ""
    trained = len(plain_ids(tokenizer, tail))
    return _row(tokenizer, kept, completion, end=end, max_length=max_length, trained=trained)


def text_ids(tokenizer: Any, text: str) -> list[int]:
    """Ids of a text as the base expects one: behind its BOS token where the tokenizer itself would write it."""
    start = _start(tokenizer)
    return [*start, *plain_ids(tokenizer, text)]


def _start(tokenizer: Any) -> list[int]:
    """The BOS token that the tokenizer puts before a text; many bases (Llama, Gemma) do badly without theirs."""
    state = (len(tokenizer), tokenizer.bos_token_id, getattr(tokenizer, "add_bos_token", None))
    known, start = _starts.get(tokenizer, (None, []))
    if known != state:
        first = tokenizer("a")["input_ids"][:1]
        start = first if first == [tokenizer.bos_token_id] else []
        _starts[tokenizer] = state, start
    return list(start)


def _behind(start: list[int], row: EncodedExample) -> EncodedExample:
    return replace(row, ids=(*start, *row.ids), labels=(*(IGNORE for _ in start), *row.labels))


def _row(
    tokenizer: Any, prompt: str, completion: str, *, end: bool, max_length: int, trained: int = 0
) -> EncodedExample:
    """Prompt and completion behind the BOS token, which no cut takes away."""
    start = _start(tokenizer)
    before, after = plain_ids(tokenizer, prompt), plain_ids(tokenizer, completion)
    eos = tokenizer.eos_token_id if end else None
    return _behind(start, _join(before, after, eos, max_length - len(start), trained))


def _join(
    prompt: list[int], completion: list[int], end: int | None, max_length: int, trained: int = 0
) -> EncodedExample:
    """Prompt and completion in `max_length`; labels for the completion and the prompt's last `trained` tokens."""
    whole = [*completion, end] if end is not None else completion
    room = max_length if not prompt else max(max_length - len(prompt), int(max_length * _COMPLETION_SHARE))
    kept = whole[: min(room, max_length)]
    prompt_room = max_length - len(kept)
    context = prompt[-prompt_room:] if prompt_room else []
    trained = min(trained, len(context))
    cut = len(kept) < len(whole) or len(context) < len(prompt)
    return EncodedExample(
        ids=(*context, *kept),
        labels=(*(IGNORE,) * (len(context) - trained), *context[len(context) - trained :], *kept),
        truncated=cut,
        ends=end is not None and len(kept) == len(whole),
    )


def encode_fill_in(
    parts: tuple[str, str, str],
    language: str,
    tokenizer: Any,
    *,
    max_length: int,
    front: str = "",
    end: bool = True,
) -> EncodedExample:
    """Encode what stands before a place, the middle that is trained on, and what stands behind.

    In the base's own tokens for it, or in plain text where it has none.

    Args:
        parts: Before, middle, behind.
        language: A key of `LANGUAGES`: how a comment begins in plain text.
        tokenizer: A transformers tokenizer.
        max_length: Tokens at most; of the front the left goes first, then what is far from the place.
        front: Retrieved code.
        end: Train on the end token too.
    """
    fim = FimTokens.of(control_tokens(tokenizer))
    if fim is None:
        return _fill_in_text(parts, language, tokenizer, max_length, front, end)
    start = _start(tokenizer)
    row = _fill_in_tokens(parts, tokenizer, max_length - len(start), fim, end)
    code = _seamed(tokenizer, front)
    kept = code[max(0, len(code) - (max_length - len(start) - len(row.ids))) :]
    cut = row.truncated or len(kept) < len(code)
    return _behind(start, _behind(kept, replace(row, truncated=cut)))


def _seamed(tokenizer: Any, text: str) -> list[int]:
    """Ids of a text in its two parts (`split_seam`), as an engine encodes it."""
    kept, seam = split_seam(text)
    return [*plain_ids(tokenizer, kept), *plain_ids(tokenizer, seam)]


def _fill_in_tokens(
    parts: tuple[str, str, str], tokenizer: Any, max_length: int, fim: FimTokens, end: bool
) -> EncodedExample:
    """Prefix, suffix, then the middle that is trained on; what is too long loses its far ends, never a token of FIM."""
    before, after = _seamed(tokenizer, parts[0]), _seamed(tokenizer, parts[2])
    middle, eos = plain_ids(tokenizer, parts[1]), tokenizer.eos_token_id if end else None
    whole = _join(fim.ids(before, after), middle, eos, max_length)
    if not whole.truncated:
        return whole
    room = max_length - sum(label != IGNORE for label in whole.labels) - 3
    after = after[: max(room // 2, room - len(before))]
    before = before[max(0, len(before) + len(after) - room) :]
    return replace(_join(fim.ids(before, after), middle, eos, max_length), truncated=True)


def _fill_in_text(
    parts: tuple[str, str, str], language: str, tokenizer: Any, max_length: int, front: str, end: bool
) -> EncodedExample:
    """The same as a prompt and its completion; what is too long loses its far lines."""
    before, middle, after = parts
    cut = False
    while True:
        prompt = fill_in_text(before, after, language)
        row = encode_completion(prompt, middle, tokenizer, max_length=max_length, end=end)
        lines, behind = source_lines(before), source_lines(after)
        if not row.truncated or len(lines) + len(behind) <= 2:
            break
        cut = True
        before = "".join(lines[-max(1, len(lines) * 3 // 4) :])
        after = "".join(behind[: max(1, len(behind) * 3 // 4)])
    if front and not cut:
        return encode_completion(front + prompt, middle, tokenizer, max_length=max_length, end=end)
    return replace(row, truncated=row.truncated or cut)


def _encode_messages(messages: Sequence[dict[str, str]], tokenizer: Any, max_length: int) -> EncodedExample:
    """Supervise what each assistant turn adds to the rendered conversation, its end token included."""
    ids: list[int] = []
    labels: list[int] = []
    done = ""
    for number, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        opened, text = _turn(messages[: number + 1], tokenizer, done)
        before = conversation_ids(tokenizer, opened[len(done) :])
        answer = _through_end(conversation_ids(tokenizer, text), tokenizer.eos_token_id)
        ids += before + answer
        labels += [IGNORE] * len(before) + answer
        done = opened + text
    return _conversation(ids, labels, tokenizer, max_length)


def _answer_by_answer(
    messages: Sequence[dict[str, str]], tokenizer: Any, max_length: int
) -> list[EncodedExample]:
    """A row for each answer, behind the earlier turns as the template shows them then; none where it refuses."""
    rows = []
    for number, message in enumerate(messages):
        if message["role"] == "assistant":
            try:
                opened, text = _turn(messages[: number + 1], tokenizer, "")
            except DatasetError:
                return []
            before = conversation_ids(tokenizer, opened)
            answer = _through_end(conversation_ids(tokenizer, text), tokenizer.eos_token_id)
            labels = [IGNORE] * len(before) + answer
            rows.append(_conversation(before + answer, labels, tokenizer, max_length))
    return rows


def _conversation(ids: list[int], labels: list[int], tokenizer: Any, max_length: int) -> EncodedExample:
    """The end of a conversation that fits, behind the BOS token where the template writes one."""
    start = _start(tokenizer)
    if start and ids[:1] == start:
        ids, labels = ids[1:], labels[1:]
    elif tokenizer.chat_template:
        start = []  # whether a conversation begins with it is for the template to say
    room = max_length - len(start)
    kept_ids, kept_labels = ids[-room:], labels[-room:]
    ends = bool(kept_labels) and kept_labels[-1] == tokenizer.eos_token_id
    return _behind(start, EncodedExample(tuple(kept_ids), tuple(kept_labels), len(ids) > room, ends))


def _turn(messages: Sequence[dict[str, str]], tokenizer: Any, done: str) -> tuple[str, str]:
    """The conversation up to its last turn, and that turn through its end token.

    What a template writes behind the end token (a newline, mostly) is left to the next turn's beginning.

    Raises:
        DatasetError: The base's chat template does not render these turns one after the other.
    """
    rendered = render_conversation(tokenizer, messages, answer_next=False)
    if len(messages) > 1:
        opened = render_conversation(tokenizer, messages[:-1], answer_next=True)
    else:  # no template renders nothing at all
        opened = rendered[: rendered.rfind(without_control(tokenizer, messages[-1]["content"]).strip())]
    if not (opened.startswith(done) and rendered.startswith(opened)):
        raise DatasetError(
            f"the base's chat template changes earlier turns once turn {len(messages)} is there",
            hint="write such conversations as prompt and completion, one row for each answer",
        )
    text = rendered[len(opened) :]
    end = text.rfind(str(tokenizer.eos_token))
    return opened, text if end < 0 else text[: end + len(str(tokenizer.eos_token))]


def _through_end(answer: list[int], eos: int) -> list[int]:
    """The answer up to its end token, which is added where the template has none."""
    return answer[: answer.index(eos) + 1] if eos in answer else [*answer, eos]
