"""Files of Go that a plain build on Linux holds, and those that it leaves out."""

from __future__ import annotations

import pytest

from codebase_gardener.languages.go_builds import go_conditions, is_left_out_of_go


@pytest.mark.parametrize(
    ("head", "left_out"),
    [
        ("", False),
        ("//go:build linux\n\n", False),
        ("//go:build linux && !amd64\n\n", True),
        ("// Of pots.\n\n//go:build !glazed && (windows || unix)\n\n", False),
        ("//go:build !(linux || darwin)\n\n", True),
        ("//go:build go1.18\n// +build go1.18\n\n", False),
        ("// +build !go1.12\n\n", True),
        ("// +build glazed windows,!cgo\n\n", True),
        ("// +build linux,!glazed windows\n// +build !windows\n\n", False),
        ("//go:build glazed\n\n", True),
    ],
)
def test_what_the_head_asks_for(head: str, left_out: bool) -> None:
    assert is_left_out_of_go("pot.go", f"{head}package pot\n\n//go:build never\n") == left_out


@pytest.mark.parametrize(
    ("path", "left_out"),
    [
        ("a/pot_windows.go", True),
        ("a/pot_windows_test.go", True),
        ("a/pot_linux_amd64.go", False),
        ("a/pot_linux_arm64.go", True),
        ("a/windows.go", False),
        ("windows/pot_glaze.go", False),
    ],
)
def test_what_the_name_asks_for(path: str, left_out: bool) -> None:
    assert is_left_out_of_go(path, "package pot\n") == left_out


def test_conditions_have_their_lines() -> None:
    text = "// Pots.\n\n// +build a,!b c\n// +build !d\n\npackage pot\n"
    assert list(go_conditions("pot_js.go", text)) == [(1, "js"), (3, "a && !b || c"), (4, "!d")]
