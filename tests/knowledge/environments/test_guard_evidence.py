"""Guards of Python code."""

from __future__ import annotations

import pytest

from samples.guards import GUARDS, evidence


def test_guards() -> None:
    assert evidence("pkg/a.py", GUARDS) == [
        ("available", "", "rich", "", 7),
        ("available", "is_bnb_available", "bitsandbytes", "", 10),
        ("available", "is_gptq_available", "auto_gptq", "auto_gptq", 14),
        ("version", "is_gptq_available", "auto_gptq", ">=0.5.0", 15),
        ("raise", "is_gptq_available", "ImportError", "", 17),
        ("guard", "Model.load", "is_bnb_available", "", 21),
        ("raise", "Model.load", "RuntimeError", "", 22),
        ("version", "Model.load", "torch", ">=2.1", 23),
        ("raise", "Model.load", "ImportError", "", 24),
        ("version-check", "Model.load", "Python", ">=3.12", 25),
        ("platform", "Model.load", "win32", "", 27),
        ("device", "Model.load", "cuda", "", 27),
        ("environment-variable", "Model.load", "HOME_DIR", "", 28),
        ("environment-variable", "Model.load", "TOKEN", "'x'", 28),
        ("device-word", "Model.load", "cuda", "", 28),
        ("optional-import", "", "scipy", "31", 32),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('is_torch_version(">=", "2.1")', ("version-check", "torch", ">=2.1")),
        ('compare_versions("deepspeed", "<", "0.9.3")', ("version-check", "deepspeed", "<0.9.3")),
        ('require_version("x >= 1.2")', ("version-check", "x", ">=1.2")),
        ('_is_package_available("msamp", "ms-amp")', ("available", "msamp", "ms-amp")),
        ('import_optional_dependency("lxml")', ("available", "lxml", "")),
        ("is_npu_available()", ("device", "npu", "")),
        ('hasattr(torch, "mps") and torch.backends.mps.is_available()', ("device", "mps", "")),
        ('x = "A_KEY" in os.environ', ("environment-variable", "A_KEY", "")),
        ('os.environ.get("MY-VAR|x")', ("environment-variable", "MY-VAR|x", "")),
        ('x = os.environ["my.var"]', ("environment-variable", "my.var", "")),
        ('x = "A B" in os.environ or os.getenv("a-b")', ("environment-variable", "a-b", "")),
        ('if os.name == "nt": pass', ("platform", "nt", "")),
        ('parse_flag_from_env("DEBUG", False)', ("environment-variable", "DEBUG", "False")),
        ('x = get_expanded_environ("A_HOME")', ("environment-variable", "A_HOME", "")),
    ],
)
def test_forms_of_guards(line: str, expected: tuple[str, str, str]) -> None:
    assert expected in [(row[0], row[2], row[3]) for row in evidence("pkg/a.py", f"def f():\n    {line}\n")]


@pytest.mark.parametrize(
    "line",
    [
        'path_in_package("tests", "x")',
        'os.environ["X"] = "1"',
        "is_sorted(x)",
        'd.get("A_B")',
        'os.environ.get("A B=")',
        'request.environ.get("wsgi.input")',
        "raise Custom('x')",
    ],
)
def test_what_is_no_guard(line: str) -> None:
    assert evidence("pkg/a.py", f"def f():\n    {line}\n") == []


def test_a_wrapper_of_the_environment_reads_the_variable_that_it_is_given() -> None:
    text = (
        "import os\n\n\ndef setting(name, default=None):\n    return os.environ.get(name, default)\n\n\n"
        'HOME = setting("A_HOME", "x")\nOTHER = other("B_HOME")\n'
    )
    assert [row[:4] for row in evidence("pkg/a.py", text)] == [("environment-variable", "", "A_HOME", "'x'")]


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ("TYPE_CHECKING", ["<3.9"]),
        ("t.TYPE_CHECKING", ["<3.9"]),
        ("typing.TYPE_CHECKING and other", ["<3.9"]),
        ("not TYPE_CHECKING", [">=3.11"]),
        ("other or TYPE_CHECKING", [">=3.11", "<3.9"]),
    ],
)
def test_what_only_type_checkers_read_is_no_path_of_the_code(test: str, found: list[str]) -> None:
    code = (
        f"if {test}:\n    if sys.version_info >= (3, 11):\n        from typing import Self\n"
        "else:\n    if sys.version_info < (3, 9):\n        Self = None\n"
    )
    assert [row[3] for row in evidence("pkg/a.py", code) if row[0] == "version-check"] == found
