"""Each verdict, and what is meant by names, paths and quotes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codebase_gardener.knowledge.claims.forms import read_claims
from codebase_gardener.knowledge.claims.judging import judge_claims
from codebase_gardener.knowledge.claims.sources import ClaimSources
from codebase_gardener.knowledge.claims.verdicts import VERDICTS, range_text
from codebase_gardener.repository.snapshot import Snapshot, SourceFile
from samples.claim_verdicts import Judge, one, said

from ..conftest import PAY

CART = "src/shop/cart/model.py"


@pytest.mark.parametrize(
    ("claimed", "word"),
    [
        ("L31-33", "exact"),
        ("L31-34", "off"),
        ("L33-90", "off"),
        ("L31", "off"),
        ("L1-9", "wrong"),
        ("L34-40", "wrong"),
    ],
)
def test_a_range_is_exact_off_or_wrong(judge: Judge, claimed: str, word: str) -> None:
    verdict = one(judge, f"| `add_item` | {CART}:{claimed} |")
    assert said(verdict) == ("add_item", "Cart.add_item", "L31-33", word)
    assert (verdict.path, verdict.file, range_text(verdict.claimed)) == (CART, CART, claimed)


def test_lines_that_cannot_be_read_are_said_to_be(judge: Judge) -> None:
    verdict = one(judge, "| API | File | Lines |\n|---|---|---|\n| `add_item` | cart/model.py | 31…33 |")
    assert (verdict.verdict, verdict.note) == ("no-symbol", "no range of lines: 31…33")


def test_a_range_that_is_reversed_is_wrong(judge: Judge) -> None:
    verdict = one(judge, "`add_item` (`cart/model.py:L33-31`)")
    assert (verdict.verdict, range_text(verdict.claimed)) == ("wrong", "L33-31")
    assert "last line" in verdict.note
    assert one(judge, '"never set the total by hand" (`cart/model.py:L29-22`)').verdict == "wrong"


@pytest.mark.parametrize(
    "text",
    [
        "`remove_item` (`cart/model.py:L40-50`) is used.",
        "| remove_item | cart/model.py | L40-50 |",
        "| `vanish` | cart/model.py:L3-9 |",
        "`charge_card` (`src/shop/gone.py:L6-8`)",
        "| Cart_remove_item | model.py:L6-8 |",
        "| Cart_remove | model.py:L6-8 |",
    ],
)
def test_a_symbol_or_file_that_is_not_there_is_gone(judge: Judge, text: str) -> None:
    verdict = one(judge, text)
    assert (verdict.verdict, verdict.actual) == ("gone", None)
    assert verdict.note


def test_what_moved_to_another_file_is_gone_and_the_note_says_where(judge: Judge) -> None:
    verdict = one(judge, f"`charge_card` stands at {CART}:L6-8.")
    assert verdict.verdict == "gone"
    assert verdict.note.endswith("charge_card is at src/shop/pay/model.py:L6-8")


def test_a_range_past_the_end_is_wrong_without_a_symbol(judge: Judge) -> None:
    verdict = one(judge, f"The limit is at `{CART}:L900-910`.")
    assert (verdict.verdict, verdict.symbol, verdict.repair) == ("wrong", "", None)
    assert verdict.note == verdict.doubt
    assert verdict.note.startswith(f"{CART} ends at L")
    link = f"https://x.org/o/r/blob/3f2a1b4c5d/{CART}#L900-L910"
    assert one(judge, f"The limit was at {link} then.").verdict == "no-symbol"


def test_a_word_that_another_file_defines_is_gone_where_it_is_said_to_be_defined() -> None:
    text = "# where it is\nx = 1\n\n\ndef find(where):\n    return x\n"
    sources = ClaimSources(snapshot_of(a_py=text, b_py="def where(path): ...\ndef filter(rows): ...\n"))

    def words(claim: str) -> list[tuple[str, str]]:
        return [(v.verdict, v.note) for v in judge_claims(read_claims(claim), sources)]

    said = "the symbol is not in a.py; {} is at b.py:L{}"
    assert words("`where` is defined at `a.py:L2-3`.") == [("gone", said.format("where", "1-1"))]
    assert words("The `filter` function is at `a.py:L2-3`.") == [("gone", said.format("filter", "2-2"))]
    assert words("`where` is defined at `a.py:L5`.") == [("no-symbol", "")], "a parameter"
    assert words("`x` and `where` (`a.py:L2`)")[0][0] == "exact"
    assert words("The option `where` (`a.py:L2`) is 1.") == [("no-symbol", "")]


@pytest.mark.parametrize(
    "text",
    [
        "See `cart/model.py:L11-33` for the rest.",
        "The option `max_items` (`cart/model.py:L15`) is 5.",
        'It is `"all"`, `True`, `r=8` or `--verbose` at cart/model.py:15.',
        "The `Cart` is described below. See `cart/model.py:L11-33`.",
        "| Cart_Loading | Loading | cart/model.py:L11-33 | the `limit` |",
        "Written as `file.py:L100-200`.",
    ],
)
def test_no_symbol(judge: Judge, text: str) -> None:
    assert one(judge, text).verdict == "no-symbol"


@pytest.mark.parametrize(
    "text",
    [
        "`Cart` on localhost:8080 at 12:30, see example.com:443, v1.2:3 and Section L3-9",
        "`Trainer` | transformers (external) `trainer.py:L3-9`",
        "| `Cart` | src/shop/cart/model.py | 33 |",
        "`Cart` in `cart/model.py` with L2 norm and 3-4 layers",
        "",
    ],
)
def test_no_claim(judge: Judge, text: str) -> None:
    assert judge(text) == ()


def test_a_file_that_was_left_out_is_said_to_be(judge: Judge) -> None:
    assert "left out" in one(judge, "`vendored` at vendor/lib/old.py:L1-2").note


def test_a_row_names_several(judge: Judge) -> None:
    verdicts = judge(f"| `{CART}` | L31-33 | `add_item`, `drop_item`, `Base` |")
    assert [(v.symbol, v.verdict) for v in verdicts] == [
        ("add_item", "exact"), ("drop_item", "gone"), ("Base", "wrong"),
    ]  # fmt: skip


def test_other_languages(judge: Judge) -> None:
    verdicts = judge("`Server.Serve` and `Server` (`server.go:L8-10`, `server.go:L4-6`).")
    assert [(v.definition, v.verdict) for v in verdicts] == [("Server.Serve", "exact"), ("Server", "exact")]


def test_a_file_that_does_not_parse_holds_no_symbol(judge: Judge) -> None:
    assert one(judge, "`f_gone` at src/shop/broken.py:L1-2").verdict == "gone"


def block(claim: str, code: str) -> str:
    return f"{claim}\n\n```python\n{code}```\n"


def test_a_fenced_block_is_a_quote_where_nothing_is_named(judge: Judge) -> None:
    function = "\n".join(PAY.splitlines()[5:8]) + "\n"
    assert one(judge, block("From `pay/model.py:6-8`:", function)).verdict == "exact"
    assert one(judge, block("From `pay/model.py:7-9`:", function)).verdict == "off"
    assert one(judge, block("From `pay/model.py:6-8`:", function.replace("item", "thing"))).verdict == "gone"
    example = block("`charge_card` (`pay/model.py:6-8`) is called so:", "charge_card(1)\nprint(2)\n")
    assert one(judge, example).definition == "charge_card"


# ---- what must hold for any text


def snapshot_of(**files: str) -> Snapshot:
    read = tuple(SourceFile(name.replace("_py", ".py"), "python", "", text) for name, text in files.items())
    return Snapshot("x", "/x", "directory", None, "x", False, "", read, ())


@settings(deadline=None, max_examples=50)
@given(shift=st.integers(0, 12), length=st.integers(1, 8))
def test_a_shift_of_the_file_turns_exact_claims_into_what_they_must_be(shift: int, length: int) -> None:
    text = "def before():\n    return 0\n" + "def it():\n" + "    x = 1\n" * length
    claims = read_claims(f"| `it` | a.py:L3-{3 + length} |\n\n`before` (`a.py#L1-L2`).\n")
    moved = judge_claims(claims, ClaimSources(snapshot_of(a_py="\n" * shift + text)))
    expected = ["exact" if not shift else "off" if shift <= size else "wrong" for size in (length, 1)]
    assert [verdict.verdict for verdict in moved] == expected
    assert [verdict.actual for verdict in moved] == [(3 + shift, 3 + length + shift), (1 + shift, 2 + shift)]


@settings(deadline=None, max_examples=150)
@given(st.text(alphabet="`|\"'*_.:#L-–[](){}<>/\\ \n1aC~=", max_size=120))
def test_any_text_is_read(text: str) -> None:
    sources = ClaimSources(snapshot_of(a_py="class C:\n    def a(self): ...\n"))
    claims = read_claims(f"{text} `C` (`a.py:L1-2`) {text}\n\n| C_a | a.py:2 | {text} |\n")
    assert {verdict.verdict for verdict in judge_claims(claims, sources)} <= set(VERDICTS)


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit",
    [
        "a",
        ".",
        "a.py:1 ",
        "`x_y` ",
        '"a b c" ',
        "`a`, ",
        "L1-2 a.py ",
        '"x y z" (`a.py:3`). ',
        "| a ",
        "_",
        "/",
        "`",
    ],
)
def test_a_long_line_takes_linear_time(unit: str) -> None:
    def seconds(length: int) -> float:
        line = unit * (length // len(unit))
        begun = time.process_time()
        for text in (f"`C` (`a.py:L1-2`) {line} (`a.py:L1-2`)", f"| `C` | a.py:1 | {line} |"):
            judge_claims(read_claims(text), ClaimSources(snapshot_of(a_py="class C:\n    x = 1\n")))
        return time.process_time() - begun

    assert seconds(200_000) < 12 * seconds(20_000) * 2 + 0.3, (
        "ten times the length, a hundred times if quadratic"
    )


def test_claims_on_a_file_of_a_newer_python_are_judged() -> None:
    text = 'type Row[T] = dict[str, T]\n\n\ndef first[T](rows: Row[T]) -> T:\n    return f"{rows["a"]}"\n'
    file = SourceFile("new.py", "python", "0", text)
    snapshot = Snapshot(
        "0", "/new", "directory", None, "0" * 64, False, "2026-01-01T00:00:00+00:00", (file,), ()
    )
    claims = read_claims("`first` (`new.py:L4-5`)\n\n`Row` (`new.py:L1`)\n\n`first` (`new.py:L1-2`)\n")
    verdicts = judge_claims(claims, ClaimSources(snapshot), document="doc.md")
    assert [(verdict.symbol, verdict.verdict) for verdict in verdicts] == [
        ("first", "exact"), ("Row", "exact"), ("first", "wrong"),
    ]  # fmt: skip
