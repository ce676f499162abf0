"""A document's bytes with other ranges: encoding, mark, line ends and all else stay."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.claims.editing import ClaimDocument, Edit
from codebase_gardener.knowledge.claims.repairs import repaired
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.repository.snapshot import take_snapshot

CODE = "import os\n\n\ndef load_it(path):\n    return path\n\n\nLIMIT = 3\n"


@pytest.fixture
def sources(tmp_path) -> ClaimSources:  # type: ignore[no-untyped-def]
    (tmp_path / "store.py").write_text(CODE)
    return ClaimSources(take_snapshot(str(tmp_path)))


def fixed(data: bytes, sources: ClaimSources) -> bytes:
    document = ClaimDocument("d.md", data)
    return repaired(document, data, document.judge(sources), sources)[0]


@pytest.mark.parametrize(
    ("written", "becomes"),
    [
        ("`load_it` (store.py:L1-2)", "`load_it` (store.py:L4-5)"),
        ("`load_it` (store.py:1-2)", "`load_it` (store.py:4-5)"),
        ("`load_it` (store.py:1)", "`load_it` (store.py:4-5)"),
        ("`load_it` (store.py#L1)", "`load_it` (store.py#L4-L5)"),
        ("`load_it` (store.py#L1-L2)", "`load_it` (store.py#L4-L5)"),
        ("`load_it` (`store.py`:L2-1)", "`load_it` (`store.py`:L4-5)"),
        ("`load_it` is defined in `store.py`, lines 1 to 2.", "`load_it` is defined in `store.py`, lines 4 to 5."),
        ("`load_it` is defined in `store.py`, line 1.", "`load_it` is defined in `store.py`, lines 4-5."),
        ("| `LIMIT` | store.py:L1-3 |", "| `LIMIT` | store.py:L8-8 |"),
        ("| `load_it` | store.py | L1 |", "| `load_it` | store.py | L4-5 |"),
        ("> load\\_it: a\\_b. `load_it` (store.py:L1-2)", "> load\\_it: a\\_b. `load_it` (store.py:L4-5)"),
        ("One. Two\nthree. It is `load_it`\n(store.py:L1-2).", "One. Two\nthree. It is `load_it`\n(store.py:L4-5)."),
        ("```text\nload_it\n```\n`load_it` (store.py:L1-2)", "```text\nload_it\n```\n`load_it` (store.py:L4-5)"),
    ],
)  # fmt: skip
def test_each_form_is_written_as_it_was(sources: ClaimSources, written: str, becomes: str) -> None:
    assert fixed(written.encode(), sources).decode() == becomes


@pytest.mark.parametrize(
    "written",
    [
        "`load_it` (store.py:L1C2-L2C3)",
        "`load_it` (store.py:L4-5)",
        "`load_it` is defined in `store.py`, lines\n1 to 2.",
        "store.py:L1-2 is no claim about a symbol",
    ],
)
def test_what_cannot_be_written_is_left(sources: ClaimSources, written: str) -> None:
    assert fixed(written.encode(), sources) == written.encode()


CLAIM = "# Ünder\r\n\r\n`load_it` (store.py:L1-2)\r\nnext\rold Mac\n"
FIXED = CLAIM.replace("L1-2", "L4-5")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be-mark", "latin-1"])
def test_encoding_mark_and_line_ends_stay(sources: ClaimSources, encoding: str) -> None:
    def encoded(text: str) -> bytes:
        return (
            b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-mark" else text.encode(encoding)
        )

    assert fixed(encoded(CLAIM), sources) == encoded(FIXED)


def test_bytes_that_are_no_text_are_kept() -> None:
    data = b"\xff\xfe\x00`a` \xf0\x9f\r\nb.py:L1-2 \xe2\x82"
    document = ClaimDocument("d.md", data)
    assert document.edited([]) == data
    assert "\r" not in document.text
    document.text.encode()  # no lone surrogate, which could not be printed
    assert document.edited([Edit(2, 5, 9, "L3-4")]) == data.replace(b"L1-2", b"L3-4")
