from __future__ import annotations

from samples.manifests import everything, names, read


def test_go_mod() -> None:
    text = "module github.com/o/x // v2\n\ngo 1.21\n\nrequire (\n\ta.org/b v1.2.3\n\tc.org/d v0.1.0 // indirect\n)\n"
    text += "require e.org/f v2.0.0\n"
    assert everything("go.mod", text) == [
        ("runtime", "", "Go", ">=1.21", 3),
        ("requirement", "", "a.org/b", ">=v1.2.3", 6),
        ("requirement", "", "e.org/f", ">=v2.0.0", 9),
    ]


def test_what_it_lets_others_import() -> None:
    assert names("go.mod", '// c\nmodule "e.org/x" // d\n\ngo 1.21') == [("e.org/x", "")]
    assert names("go.mod", "module") == []
    found = read("go.mod", "// c\nmodule github.com/acme/kiln/v2\n")
    assert (found.name.text, found.name.start) == ("github.com/acme/kiln/v2", 2)
    assert found.urls == (("repository", "https://github.com/acme/kiln/v2"),)


def test_what_is_replaced_tells_by_what() -> None:
    text = "module m\n\nrequire a.org/b v1.0.0\nrequire a.org/c v1.0.0\n\n"
    text += "replace (\n\ta.org/b v1.0.0 => x.org/y v1.2.0\n)\n"
    found = [(one.name, one.package) for one in read("go.mod", text).dependencies]
    assert found == [("a.org/b", "x.org/y"), ("a.org/c", "")]
