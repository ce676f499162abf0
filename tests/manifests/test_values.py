"""Each value has the lines that it stands on."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.manifests.values import LocatedValue, ini_values, json_values, toml_values, xml_values

TREES = st.recursive(
    st.just("x"),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


def numbered(value: Any, numbers: Any) -> Any:
    if isinstance(value, list):
        return [numbered(each, numbers) for each in value]
    if isinstance(value, dict):
        return {key: numbered(each, numbers) for key, each in value.items()}
    return f"text {next(numbers)}."


def leaves(value: LocatedValue) -> list[LocatedValue]:
    inner = [*value.entries, *value.table.values()]
    return [leaf for each in inner for leaf in leaves(each)] if inner else [value] if value.text else []


def plain(value: LocatedValue) -> Any:
    if isinstance(value.value, dict):
        return {key: plain(each) for key, each in value.value.items()}
    return [plain(each) for each in value.value] if isinstance(value.value, list) else value.value


@given(TREES, st.sampled_from([None, 0, 1]))
def test_json(tree: Any, indent: int | None) -> None:
    data = numbered(tree, count())
    text = json.dumps(data, indent=indent)
    found = json_values(text)
    assert plain(found) == data
    assert all(json.dumps(leaf.value) in text.split("\n")[leaf.start - 1] for leaf in leaves(found))


def toml_of(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml_of(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[ # of them\n" + "".join(f"{toml_of(each)}, # one\n" for each in value) + "]"
    return json.dumps(value)


KEYS = st.text("abc-_.\"' é", max_size=4)


@given(
    st.dictionaries(
        KEYS, st.dictionaries(KEYS, TREES.filter(lambda tree: "\\" not in json.dumps(tree)), max_size=3)
    )
)
def test_toml(tree: Any) -> None:
    data = numbered(tree, count())
    text = "".join(
        f"[{json.dumps(name)}] # a table\n"
        + "".join(f"{json.dumps(key)} = {toml_of(each)}\n" for key, each in table.items())
        for name, table in data.items()
    )
    found = toml_values(text)
    assert plain(found) == data
    assert all(json.dumps(leaf.value) in text.split("\n")[leaf.end - 1] for leaf in leaves(found))


def test_tables_of_toml() -> None:
    text = 'a.b = "1"\n[[c]]\nd = "2"\n[c.e]\nf = "3"\n[[c]]\n[c.e]\nf = """\n4"""\n[c.e.g]\n'
    found = toml_values(text)
    first, second = found.at("c").entries
    assert found.at("a", "b") == LocatedValue("1", 1, 1)
    assert (first.start, first.end, first.at("d"), first.at("e", "f")) == (
        2,
        3,
        LocatedValue("2", 3, 3),
        LocatedValue("3", 5, 5),
    )
    assert (second.at("e", "f").start, second.at("e", "f").end, second.at("e", "g").start) == (8, 9, 10)


def test_ini() -> None:
    text = "[a]\nB = one\n[c]\nd =\n  # no\n  two\n\n  three\nb : four\n"
    found = ini_values(text)
    assert found.at("a", "b") == LocatedValue("one", 2, 2)
    assert found.at("c", "d").entries == [LocatedValue("two", 6, 6), LocatedValue("three", 8, 8)]
    assert found.at("c", "b") == LocatedValue("four", 9, 9)


def test_xml() -> None:
    found = xml_values("<a>\n<b>1</b>\n<b>2\n</b><c x='y'><d>&lt;</d></c></a>").at("a")
    assert found.at("b").entries == [LocatedValue("1", 2, 2), LocatedValue("2", 3, 4)]
    assert found.at("c", "d") == LocatedValue("<", 4, 4)


@pytest.mark.parametrize("value", [None, 1, True, "x", [], {}, [LocatedValue("x")], {"a": LocatedValue(1)}])
def test_a_question_of_another_type_has_an_empty_answer(value: object) -> None:
    found = LocatedValue(value)
    assert found.at("b", "c") == LocatedValue()
    assert isinstance(found.text, str)
    assert isinstance(found.rows, list)
    assert list(found.texts) == []
