from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codebase_gardener.knowledge.pages.wiki_names import MAX_NAME_BYTES, is_page_name, page_name, unique_names


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_words_become_a_name(words: str) -> None:
    name = page_name("acme_kiln", words)
    assert is_page_name(name)
    assert not set(name) & set("#<>[]{}|+:/\\ \n")
    assert len(name.encode()) <= MAX_NAME_BYTES


@given(
    st.lists(
        st.sampled_from(["o_A", "o_a", "o_a_2", "o_ß", "o_SS", "o_" + "x" * 148, "o_" + "X" * 148]),
        max_size=9,
    )
)
def test_names_differ_in_more_than_case(wanted: list[str]) -> None:
    names = unique_names(wanted)
    assert len({name.casefold() for name in names}) == len(wanted)
    assert all(len(name.encode()) <= MAX_NAME_BYTES for name in names)


def test_names_stay_readable() -> None:
    assert page_name("o_r", "LoRA_Fine_Tuning") == "o_r_LoRA_Fine_Tuning"
    assert page_name("o_r", "PeftModel.__init__") == "o_r_PeftModel_init"
    assert page_name("o_r", "[[x|y]] {a}+b: C#/D") == "o_r_x_y_a_b_C_D"
    assert page_name("o_r", "数据 加载") == "o_r_数据_加载"
    assert page_name("o_r", "???") == "o_r_page"
    assert unique_names(["a_B", "a_b", "a_B"]) == ("a_B", "a_b_2", "a_B_3")
