"""Names that Ollama takes, versions, and the Modelfile."""

from __future__ import annotations

import pytest

from codebase_gardener.exports.ollama_modelfile import check_ollama_name, modelfile, takes_adapters
from codebase_gardener.utils.error_handling import InvalidInputError


@pytest.mark.parametrize("name", ["a", "click:v1", "me/click", "host.example:5000/me/click:latest", "_x.y-z"])
def test_names_that_it_takes(name: str) -> None:
    check_ollama_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "a b", "../a", "a/../b", "me.x/a", "-a", ".a", "a:", "a:b:c", "ü", "a" * 81, "a\n", "x/y/z/w"],
)
def test_names_that_it_refuses(name: str) -> None:
    with pytest.raises(InvalidInputError, match="takes no model"):
        check_ollama_name(name)


@pytest.mark.parametrize(
    ("version", "takes"),
    [
        ("0.5.0", True),
        ("0.34.0", True),
        ("0.34.1", False),
        ("1.0", False),
        ("0.34.1-rc1", False),
        ("0.0.0", False),
        ("x", False),
    ],
)
def test_versions(version: str, takes: bool) -> None:
    assert takes_adapters(version) is takes


def test_a_modelfile() -> None:
    text = modelfile("./m.gguf", "./a.gguf", "{{ .Prompt }}", ["<|end|>", 'a"b', "a\nb"])
    assert text == (
        'FROM ./m.gguf\nADAPTER ./a.gguf\nTEMPLATE """{{ .Prompt }}"""\nPARAMETER stop "<|end|>"\n'
    )
    with pytest.raises(InvalidInputError):
        modelfile("m", None, '"""\nADAPTER /etc/passwd', [])
