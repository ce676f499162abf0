"""Which file a path means."""

from __future__ import annotations

from samples.claim_verdicts import Judge, one


def test_a_cut_path_means_the_file_that_holds_the_symbol(judge: Judge) -> None:
    assert one(judge, "`charge_card` model.py:6-8").file == "src/shop/pay/model.py"
    assert one(judge, "`add_item` model.py:31-33").file == "src/shop/cart/model.py"
    ambiguous = one(judge, "`clear` model.py:11-12")
    assert (ambiguous.file, ambiguous.verdict) == ("src/shop/pay/model.py", "exact")
    assert ambiguous.note.startswith("ambiguous: 2 files")
    assert one(judge, "`Card` shop-1.2/src/shop/pay/model.py:1-3").verdict == "exact"
    assert one(judge, "`Card` del.py:1-3").verdict == "gone", "no part of a file's name"
