"""Names become folders: nothing that passes can leave its folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.utils.error_handling import InvalidInputError
from codebase_gardener.utils.names import AdapterRef, check_name, name_from, parse_ref

HOSTILE = st.text(alphabet=st.sampled_from("ab./\\-_@\0\n\r~$ é\u2028\ud800:"), max_size=12) | st.text(
    max_size=200
)
NAMES = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", fullmatch=True)


@given(HOSTILE)
def test_what_passes_stays_in_its_folder(name: str) -> None:
    try:
        check_name(name)
    except InvalidInputError:
        return
    root = Path("/home/projects")
    assert (root / name).parent == root
    assert (root / name).resolve().parent == root
    assert not name.startswith(("-", "."))
    assert name.isascii()
    assert name.isprintable()
    assert len(name) <= 100


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "../a",
        "a\\b",
        "-rf",
        ".hidden",
        "a\0",
        "a\n",
        "\n",
        "a b",
        "é",
        "a" * 101,
        "a@1",
        "~",
    ],
)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_name(name, "project name")
    assert "project name" in caught.value.message
    assert caught.value.hint


@given(NAMES)
def test_good_names_pass(name: str) -> None:
    assert check_name(name) == name


@given(HOSTILE)
def test_name_from_always_gives_a_name(text: str) -> None:
    assert check_name(name_from(text))


@given(NAMES, NAMES, st.integers(1, 10**8))
def test_refs_are_read_as_they_are_written(project: str, name: str, version: int) -> None:
    for ref in (AdapterRef(project), AdapterRef(project, name), AdapterRef(project, name, version)):
        assert parse_ref(str(ref)) == ref


@given(NAMES, NAMES, NAMES, NAMES)
def test_two_adapters_never_share_an_id(a: str, b: str, c: str, d: str) -> None:
    assert (str(AdapterRef(a, b, 1)) == str(AdapterRef(c, d, 1))) == ((a, b) == (c, d))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a/",
        "/b",
        "a/b/c",
        "a/b@",
        "a/b@0",
        "a/b@-1",
        "a/b@x",
        "a@1",
        "a/b@1@2",
        "a/b@²",
        "a/b@" + "9" * 30,
    ],
)
def test_refs_that_are_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_ref(text)
