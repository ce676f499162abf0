from __future__ import annotations

import pytest

from codebase_gardener.retrieval.tokens import code_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("lora_alpha", ["lora_alpha", "lora", "alpha"]),
        ("LoraConfig", ["loraconfig", "lora", "config"]),
        ("getHTTPHeader", ["gethttpheader", "get", "http", "header"]),
        ("XMLParser2", ["xmlparser2", "xml", "parser"]),
        ("__init__", ["__init__", "init"]),
        ("rank", ["rank"]),
        ("größeNeu", ["größeneu", "größe", "neu"]),
        ("def f(self): return 42", []),
        ("a" * 200, []),
    ],
)
def test_identifiers_are_kept_whole_and_split(text, tokens):
    assert code_tokens(text) == tokens
