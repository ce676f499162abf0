from __future__ import annotations

import json

import pytest

from codebase_gardener.dataset.assembly import generate_dataset
from codebase_gardener.dataset.export import write_jsonl
from codebase_gardener.dataset.generation import TASKS
from codebase_gardener.dataset.user_rows import user_dataset
from codebase_gardener.dataset.writer import load_dataset, write_dataset
from codebase_gardener.utils.error_handling import DatasetError, InvalidInputError, NotFoundError

ALL = dict.fromkeys(TASKS, 1.0)


@pytest.fixture(scope="module")
def dataset(garden):
    return generate_dataset(garden, tasks=ALL)


def test_what_is_written_is_read_again(dataset, tmp_path):
    manifest = write_dataset(dataset, tmp_path / "set")
    loaded = load_dataset(tmp_path / "set")
    assert loaded == dataset
    assert loaded.hash == dataset.hash
    assert set(manifest["files"]) == {
        "dataset.json",
        "heldout.jsonl",
        "heldout_functions.jsonl",
        "train.jsonl",
    }
    rows = [json.loads(line) for line in (tmp_path / "set" / "train.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [row.id for row in dataset.train]
    assert {"task", "anchor", "commit", "path", "symbol", "split"} <= set(rows[0])


def test_rows_of_ones_own_are_read_again(tmp_path):
    rows = [{"prompt": f"{n} \u2028 ü", "completion": "\x85 yes"} for n in range(20)]
    dataset = user_dataset(rows)
    write_dataset(dataset, tmp_path / "set")
    assert load_dataset(tmp_path / "set") == dataset


def test_a_published_dataset_never_changes(dataset, tmp_path):
    write_dataset(dataset, tmp_path / "set")
    with pytest.raises(FileExistsError):
        write_dataset(dataset, tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_a_write_that_fails_leaves_nothing(dataset, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("codebase_gardener.dataset.writer.publish_dir", fail)
    with pytest.raises(OSError, match="No space"):
        write_dataset(dataset, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["train.jsonl", "heldout_functions.jsonl"])
@pytest.mark.parametrize(
    "damage", [lambda t: t[: len(t) // 2], lambda t: "", lambda t: t.replace("plants", "plante"), None]
)
def test_a_damaged_dataset_is_refused(dataset, tmp_path, name, damage):
    write_dataset(dataset, tmp_path / "set")
    path = tmp_path / "set" / name
    if damage:
        path.write_text(damage(path.read_text()))
    else:
        path.unlink()
    with pytest.raises(DatasetError, match="damaged") as error:
        load_dataset(tmp_path / "set")
    assert "again" in error.value.hint


def test_no_dataset(tmp_path):
    with pytest.raises(NotFoundError):
        load_dataset(tmp_path)


def test_export_to_the_standard_forms(dataset, tmp_path):
    examples = [row for row in dataset.train if row.fim is None]
    for form, keys in {
        "prompt": {"prompt", "completion"},
        "messages": {"messages"},
        "text": {"text"},
    }.items():
        path = tmp_path / f"{form}.jsonl"
        assert write_jsonl(dataset.train, path, form) == len(examples)
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert all(set(row) == keys for row in rows)
        again = user_dataset(path, heldout_share=0)
        assert len(again.examples) + again.report.exact_duplicates == len(examples)


def test_export_keeps_the_text(tmp_path):
    rows = user_dataset([{"prompt": "a", "completion": "b"}, {"text": "c"}]).examples
    assert write_jsonl(rows, tmp_path / "text.jsonl", "text") == 2
    assert (tmp_path / "text.jsonl").read_text() == '{"text": "ab"}\n{"text": "c"}\n'
    assert write_jsonl(rows, tmp_path / "messages.jsonl", "messages") == 1


def test_an_unknown_form_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="parquet"):
        write_jsonl([], tmp_path / "x", "parquet")


def test_a_conversation_that_ends_with_a_question_is_exported_up_to_its_last_answer(tmp_path):
    turns = [{"role": role, "content": role[0]} for role in ("system", "user", "assistant", "user")]
    write_jsonl(user_dataset([{"messages": turns}]).examples, tmp_path / "x.jsonl", "prompt")
    assert json.loads((tmp_path / "x.jsonl").read_text()) == {"prompt": "s\n\nu", "completion": "a"}
