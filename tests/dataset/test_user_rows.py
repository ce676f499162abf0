from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.dataset.user_rows import read_user_rows, user_dataset
from codebase_gardener.utils.error_handling import (
    CodebaseGardenerError,
    DatasetError,
    InvalidInputError,
    NotFoundError,
)

GOOD = '{"prompt": "1 + 1 =", "completion": " 2"}\n'
TURNS = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


def write(tmp_path, data):
    path = tmp_path / "mine.jsonl"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def test_the_accepted_forms(tmp_path):
    rows = [
        {"prompt": "a", "completion": "b", "id": 7},
        {"messages": [{"role": "system", "content": "Be kind"}, *TURNS]},
        {"text": "plain"},
        {"content": "one line", "metadata": {}},
    ]
    path = write(tmp_path, "\ufeff" + "\r\n\r\n".join(json.dumps(row) for row in rows))
    prompt, chat, text, chunk = read_user_rows(path).examples
    assert (prompt.prompt, prompt.completion, prompt.anchor) == ("a", "b", "mine.jsonl:L1-1")
    assert chat.messages == ({"role": "system", "content": "Be kind"}, *TURNS)
    assert (text.text, text.anchor) == ("plain", "mine.jsonl:L5-5")
    assert chunk.text == "one line"
    assert {row.task for row in (prompt, chat, text, chunk)} == {"user"}


def test_a_code_chunk_is_completed_from_its_path_and_first_half():
    content = "def f(a):\n    b = a\n\n    c = b\n    return c"
    metadata = {"file_path": "pkg/f.py", "name": "f", "start_line": 10, "end_line": 14, "extra": [1]}
    (row,) = read_user_rows([{"content": content, "metadata": metadata}]).examples
    assert row.prompt == "# path: pkg/f.py\ndef f(a):\n    b = a\n\n"
    assert row.completion == "    c = b\n    return c\n"
    assert (row.path, row.symbol, row.anchor) == ("pkg/f.py", "f", "pkg/f.py:L10-14")


@given(st.lists(st.sampled_from(["x = 1", "", "  y", "\u2028"]), max_size=12))
def test_the_halves_of_a_chunk_are_the_chunk(lines):
    content = "\n".join(lines)
    if not content.strip():
        return
    (row,) = read_user_rows([{"content": content}]).examples
    assert (row.text or row.prompt + row.completion).rstrip("\n") == content.rstrip("\n")
    assert row.text.strip() or (row.prompt.strip() and row.completion.strip())


@pytest.mark.parametrize(
    "metadata",
    [{"path": 3}, {"path": "a\x00.py"}, {"start_line": "1"}, {"start_line": 9, "end_line": 2, "path": "a"}],
)
def test_odd_metadata_is_ignored(metadata):
    (row,) = read_user_rows([{"content": "x = 1", "metadata": metadata}]).examples
    assert row.anchor == "training_data:L1-1"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "is not JSON (Expecting value, column 1)"),
        ("[1]", "is a list, not an object: write each row on a line of its own"),
        ("null", "is null, not an object"),
        ('"text"', "is a text, not an object"),
        ("{}", "no known form, only nothing"),
        ('{"question": "?", "answer": "!"}', "no known form, only 'question', 'answer'; accepted are: {"),
        ('{"prompt": "a"}', "has no `completion`"),
        ('{"completion": "a"}', "has no `prompt`"),
        ('{"prompt": "a", "completion": ""}', "`completion` is empty"),
        ('{"prompt": "a", "completion": " \\n"}', "`completion` is empty"),
        ('{"prompt": 1, "completion": "b"}', "`prompt` is a number, not a text"),
        ('{"prompt": "a", "completion": null}', "`completion` is null, not a text"),
        ('{"text": "a", "prompt": "b", "completion": "c"}', "more than one form (prompt, text)"),
        ('{"text": ["a"]}', "`text` is a list, not a text"),
        ('{"text": "a\\u0000b"}', "`text` holds a NUL character"),
        ('{"text": "a\\ud800b"}', "`text` holds half of a surrogate pair"),
        ('{"messages": []}', "`messages` is an empty list, not a list of turns"),
        ('{"messages": "Hi"}', "`messages` is a text, not a list of turns"),
        ('{"messages": ["Hi"]}', "turn 1 of `messages` is a text, not an object"),
        ('{"messages": [{"role": "user", "content": "Hi"}]}', "no assistant turn"),
        ('{"messages": [{"role": "bot", "content": "Hi"}]}', "turn 1 of `messages` has the role 'bot'"),
        ('{"messages": [{"role": ["user"], "content": "Hi"}]}', "turn 1 of `messages` has the role"),
        ('{"messages": [{"role": "assistant"}]}', "has no `content` of turn 1"),
        (
            '{"messages": [{"role": "assistant", "content": {"a": 1}}]}',
            "`content` of turn 1 is an object, not a text",
        ),
        ('{"role": "user", "content": "Hi"}', "single chat turn"),
        ('{"content": "x", "metadata": "y"}', "`metadata` is a text, not an object"),
        (b'{"text": "caf\xe9"}', "is not UTF-8 (byte 14)"),
        ("[" * 100_000, "nested too deep"),
        ('{"n": ' + "1" * 5_000 + "}", "too long a number"),
        ('{"text": "' + "a" * 5_000_001 + '"}', "is longer than 5,000,000 bytes"),
    ],
)
def test_a_malformed_row_is_named_by_its_line(tmp_path, line, said):
    raw = line if isinstance(line, bytes) else line.encode()
    path = write(tmp_path, GOOD.encode() + b"\n" + raw + b"\n" + GOOD.encode())
    with pytest.raises(DatasetError) as error:
        read_user_rows(path)
    assert f"{path}:3 " in error.value.message
    assert said in error.value.message
    assert error.value.message.startswith("1 row is malformed, nothing was trained")


def test_up_to_fifty_problems_are_listed_at_once(tmp_path):
    path = write(tmp_path, "bad\n" * 54)
    with pytest.raises(DatasetError) as error:
        read_user_rows(path)
    assert error.value.message.startswith("54 rows are malformed")
    assert f"{path}:50 " in error.value.message
    assert f"{path}:51 " not in error.value.message
    assert error.value.message.endswith("and 4 more")
    assert len(error.value.context["problems"]) == 54


TALK = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"messages": [TALK[0], {**TALK[1], "tool_calls": [{"id": 1}]}]}, "`tool_calls` in turn 2"),
        ({"messages": [TALK[0], {**TALK[1], "weight": 0}]}, "`weight` in turn 2"),
        ({"messages": TALK, "tools": [{"type": "function"}]}, "has `tools`"),
        ({"prompt": "a", "completion": "b", "weight": 0.5}, "has `weight`"),
        ({"text": "a", "weights": [0, 1]}, "has `weights`"),
    ],
)
def test_what_would_change_what_is_learned_is_refused(row, said):
    with pytest.raises(DatasetError, match="malformed") as error:
        read_user_rows([row])
    assert said in error.value.message


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"messages": TALK[::-1]}, "the assistant speaks first"),
        ({"messages": [TALK[0], *TALK]}, "one role speaks twice"),
        (
            {"messages": [*TALK, {"role": "system", "content": "x"}, *TALK]},
            "a system turn that is not the first",
        ),
        ({"text": "a", "comment": "b"}, "keys that are not read: comment"),
        (
            {
                "messages": [
                    {"role": "user", "content": "a"},
                    {"role": "assistant", "content": "b", "reasoning_content": "c"},
                ]
            },
            "keys of turns that are not read: reasoning_content",
        ),
        ({"text": "a" * 1_500_000}, "longer than 100,000 characters"),
        ({"messages": [{"role": "user", "content": "a" * 200_000}, TALK[1]]}, "longer than 100,000"),
        ({"messages": [TALK[0], {**TALK[1], "tool_calls": None}], "tools": [], "weight": 1}, ""),
    ],
)
def test_what_is_unusual_is_said(row, said):
    warnings = [
        one for one in read_user_rows([row, {"text": "fine"}, row]).warnings if "training_data:1" in one
    ]
    assert (
        warnings == []
        if not said
        else said in warnings[0] and warnings[0].startswith("2 rows, first training_data:1: ")
    )


@pytest.mark.parametrize("data", ["", "\n \r\n", "\ufeff"])
def test_a_file_without_rows_is_refused(tmp_path, data):
    with pytest.raises(DatasetError, match="has no rows") as error:
        read_user_rows(write(tmp_path, data))
    assert '"messages"' in error.value.hint


def test_a_list_without_rows_is_refused():
    with pytest.raises(DatasetError, match="training_data has no rows"):
        read_user_rows([])


@pytest.mark.parametrize("data", ["[\n" + GOOD, "{\n" + GOOD])
def test_a_json_document_is_told_from_jsonl(tmp_path, data):
    with pytest.raises(DatasetError, match="one row per line"):
        read_user_rows(write(tmp_path, data))


def test_utf_16_is_named(tmp_path):
    with pytest.raises(DatasetError, match="save the file as UTF-8"):
        read_user_rows(write(tmp_path, GOOD.encode("utf-16")))


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(NotFoundError):
        read_user_rows(tmp_path / "none.jsonl")
    with pytest.raises(InvalidInputError, match="not a file"):
        read_user_rows(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInputError, match="not a file"):
        read_user_rows(tmp_path / "pipe")


@given(st.binary(max_size=300))
def test_any_bytes_give_rows_or_an_error_of_ours(tmp_path_factory, data):
    path = write(tmp_path_factory.mktemp("rows"), data)
    try:
        assert read_user_rows(path).examples
    except CodebaseGardenerError as error:
        assert error.message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["prompt", "completion", "messages", "text", "content", "metadata", "role", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_json_gives_rows_or_an_error_of_ours(value):
    try:
        (row,) = read_user_rows([value]).examples
    except DatasetError as error:
        assert "training_data:1 " in error.message
    else:
        assert row.completion or row.text or row.messages


def test_the_same_row_twice_falls_on_one_side():
    rows = [{"prompt": f"{n % 30}", "completion": "x" * (n % 30 + 1)} for n in range(60)]
    read = read_user_rows(rows)
    assert len({row.id for row in read.examples}) == 60
    sides = {}
    for row in read.examples:
        assert sides.setdefault(row.prompt, row.split) == row.split
    assert set(sides.values()) == {"train", "heldout"}


def test_rows_of_one_file_fall_on_one_side():
    rows = [
        {
            "content": f"def f{n}():\n    a{n} = g{n}({n})\n    h{n}(a{n})\n    k{n}.z()",
            "metadata": {"path": f"m{n % 10}.py"},
        }
        for n in range(50)
    ]
    dataset = user_dataset(rows)
    heldout = {row.path for row in dataset.examples if row.split == "heldout"}
    assert set(dataset.report.heldout_files) == heldout
    assert heldout
    assert not heldout & {row.path for row in dataset.train}
    assert len(dataset.examples) == 50
    assert {function.path for function in dataset.heldout} == heldout
    assert all(function.prompt == function.prompt_with_context for function in dataset.heldout)


def test_few_rows_are_all_trained_on_and_that_is_said():
    dataset = user_dataset([{"text": "one"}, {"text": "two"}, {"text": "one"}])
    assert [row.text for row in dataset.train] == ["one", "two"]
    assert dataset.report.exact_duplicates == 1
    assert "nothing is held out" in dataset.report.warnings[0]


def test_secrets_in_ones_own_rows_are_kept():
    text = "AWS_KEY = 'AKIAIOSFODNN7EXAMPLE'"
    assert user_dataset([{"text": text}]).train[0].text == text


def test_a_path_may_be_a_string(tmp_path):
    path = write(tmp_path, GOOD)
    assert read_user_rows(str(path)) == read_user_rows(path)
