"""What only a part of a repository imports is needed by that part."""

from __future__ import annotations

from codebase_gardener.knowledge.environments.all_pages import environment_pages
from samples.environments import section
from samples.written_context import context_of


def test_what_a_part_alone_imports_is_needed_by_it() -> None:
    needs = "require (\n\tx.org/all v1.0.0\n\tx.org/inner v1.0.0\n\tx.org/part v1.0.0\n)\n"
    files = {
        "go.mod": f"module github.com/o/tool\n\n{needs}",
        "a.go": 'package tool\n\nimport (\n\t"github.com/o/tool/inner"\n\t"x.org/all"\n)\n',
        "inner/b.go": 'package inner\n\nimport "x.org/inner/v"\n',
        "part/c.go": 'package part\n\nimport (\n\t"x.org/all"\n\t"x.org/part"\n)\n',
    }
    pages = environment_pages(context_of(files).repository)
    (core,) = (one for one in pages if one.kind == "core")
    assert core.page.overview.endswith("needs wherever it runs: 2 packages; parts of it need 1 more.")
    rows = section(core, "Dependencies").split("\n")
    assert rows[-1] == "- `x.org/part`: imported by `part` alone (`part/c.go:L5-5`)."
    assert rows[-2] == ""


def test_what_a_plain_build_leaves_out_is_needed_where_it_is_asked_for() -> None:
    files = {
        "go.mod": "module github.com/o/tool\n\nrequire (\n\tx.org/all v1.0.0\n\tx.org/fast v1.0.0\n)\n",
        "a.go": 'package tool\n\nimport "x.org/all"\n',
        "fast.go": '//go:build fast\n\npackage tool\n\nimport "x.org/fast"\n',
    }
    pages = environment_pages(context_of(files).repository)
    (core,) = (one for one in pages if one.kind == "core")
    assert core.page.overview.endswith("needs wherever it runs: 1 package; parts of it need 1 more.")
    rows = section(core, "Dependencies").split("\n")
    assert rows[-1] == "- `x.org/fast`: imported only where a build asks for it (`fast.go:L5-5`)."
