"""Regular expressions of strangers."""

from __future__ import annotations

import time

import pytest

from codebase_gardener.utils.patterns import pattern_problem


@pytest.mark.slow
@pytest.mark.parametrize(
    "pattern",
    [
        "(.*)*x",
        r"(([a-z_.0-9])+)+\!",
        r"^(\w+\.?)*$!",
        "(.|.|.)*Z",
        r"(?:.*?){12}Z",
        r"(a+)+\Z.",
    ],
)
def test_one_that_backtracks_without_end_is_found_in_time(pattern: str) -> None:
    began = time.monotonic()
    assert "takes longer" in pattern_problem(["q_proj", pattern])
    assert time.monotonic() - began < 30, "two seconds of computing, and what a busy machine adds"


def test_those_that_people_write_pass() -> None:
    unsloth = (
        r"(?:.*?(?:vision|image|visual|language|text).*?(?:self_attn|attention|attn|mlp|feed_forward).*?"
        r"(?:k_proj|v_proj|q_proj|out_proj|fc1|fc2|o_proj|gate_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\."
        r"(?:self_attn|attention|attn|mlp)\.(?:(?:k_proj|v_proj|q_proj|gate_proj)))"
    )
    usual = [r".*\.(q|v)_proj", r"model\.layers\.\d+\.self_attn\.(q_proj|k_proj)$", unsloth, "all-linear"]
    assert pattern_problem(usual) == ""


def test_what_is_no_expression_is_named() -> None:
    assert "'(' is no regular expression" in pattern_problem(["q_proj", "("])


def test_names_alone_take_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codebase_gardener.utils.patterns.subprocess.run", None)
    assert pattern_problem(f"model.layers.{number}.q_proj" for number in range(1000)) == ""
