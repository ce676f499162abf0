from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.repository.decoding import decode, looks_binary


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"\xef\xbb\xbfx = 1", "x = 1"),
        ("größe".encode("cp1252"), "größe"),
        (b"\x81\x8d\xff", "\x81\x8d\xff"),
        ("x = 'ä'".encode("utf-16"), "x = 'ä'"),
        (b"", ""),
    ],
)
def test_bytes_to_text(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize("cookie", ["koi8-r", "cp1251", "iso-8859-5", "mac-cyrillic"])
def test_a_coding_cookie_is_honoured_in_python(cookie: str) -> None:
    data = f"#!/usr/bin/python\n# -*- coding: {cookie} -*-\nx = 'привет'\n".encode(cookie)
    assert "привет" in decode(data, python=True)
    assert "привет" not in decode(data)


@pytest.mark.parametrize(
    "cookie", ["rot13", "punycode", "idna", "hex", "no-such", "utf-7", "unicode_escape", "mbcs"]
)
def test_strange_cookies_are_ignored(cookie: str) -> None:
    assert decode(f"# coding: {cookie}\nx = 'ä'\n".encode(), python=True).endswith("x = 'ä'\n")


def test_a_lying_cookie_falls_back() -> None:
    assert decode("# coding: ascii\nx = 'ä'\n".encode(), python=True).endswith("x = 'ä'\n")


@pytest.mark.parametrize(
    "data", [b"a\0b", b"\x89PNG\r\n\x1a\n\0", bytes(range(1, 32)) * 10, b"\xff\xfe\x00", b"\x01" * 99]
)
def test_binaries(data: bytes) -> None:
    assert looks_binary(data)


@pytest.mark.parametrize(
    "data", [b"", b"x = 1\n", "größe\n".encode("cp1252"), "x".encode("utf-16"), "日本語".encode(), b"\x0c\n"]
)
def test_texts(data: bytes) -> None:
    assert not looks_binary(data)


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\ufeff")))
def test_utf8_survives(text: str) -> None:
    assert decode(text.encode()) == text


@given(st.binary())
def test_no_bytes_raise(data: bytes) -> None:
    if not looks_binary(data):
        assert "\r" not in decode(data, python=True)
