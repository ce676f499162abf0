"""Go: symbols, code, signatures, and which file an import means."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.apis.calls import import_of
from codebase_gardener.knowledge.links.uses import Target
from codebase_gardener.languages.go import import_path
from codebase_gardener.languages.signatures import receiver_of
from codebase_gardener.languages.symbols import TypedName
from samples.sources import (
    bound,
    calls,
    code_in,
    imports,
    last_symbol,
    parameters,
    places,
    symbols_in,
    units_of,
)
from samples.written_context import context_of, symbol_named

SYMBOLS = """\
package main

// Add adds.
//
// It is exact.
//go:noinline
func Add(a, b int, rest ...string) (int, error) {
	// first
	return a + b, nil
}

func (s *Store[K]) Get(key string) error {
	return nil
}

type Store[K any] struct {
	x int
}

type (
	// Reader reads.
	Reader interface {
		Read() int
	}
	ID = string
)
"""
CODE = """package a
import (
	"fmt"
	x "a/b/v2"
	. "c"
	"d/e/v3"
)
var A, b = 1, 2
const C = 3
func F() {
	x.Do(a.B{Q: 1})
	c, err := New()
	c.Run(1).Then()
}
type T struct{}
"""

FILES = {
    "go/go.mod": "module example.org/me/k/v2",
    "go/k.go": "",
    "go/in/k.go": "",
    "x/github.com/a/b/c.go": "",
}


def test_symbols() -> None:
    assert places(SYMBOLS, "go") == [
        ("Add", "function", 7, 10),
        ("Store.Get", "method", 12, 14),
        ("Store", "type", 16, 18),
        ("Reader", "interface", 22, 24),
        ("ID", "type", 25, 25),
    ]


def test_what_is_kept_of_a_symbol() -> None:
    found = symbols_in(SYMBOLS, "go")
    add = found["Add"]
    assert add.signature == "func Add(a, b int, rest ...string) (int, error)"
    assert (add.docstring, add.body_start) == ("Add adds.\n\nIt is exact.", 8)
    assert (add.docstring_start, add.docstring_end, add.start) == (3, 5, 7)
    assert (add.parameters, add.returns) == (("a", "b", "...rest"), "(int, error)")
    assert found["Store.Get"].signature == "func (s *Store[K]) Get(key string) error"
    assert found["Store"].signature == "type Store[K any] struct"
    assert (found["Reader"].docstring, found["Reader"].body_start) == ("Reader reads.", 23)


def test_code() -> None:
    code = code_in(CODE, "go")
    assert imports(code) == ["3 fmt::fmt", "4 a/b/v2::x", "5 c:*:*", "6 d/e/v3::e"]
    assert calls(code) == ["11 F x.Do", "11 F a.B", "12 F New", "13 F c.Run", "13 F c.Run().Then"]
    assert (code.exports, code.names) == (("A", "C", "F", "T"), ("A", "b", "C"))
    assert bound(code) == [("c", "New"), ("err", "New")]


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        (
            "go",
            "func F(a, b int, f func(x int) error, m map[string]int, opts ...string) (int, error) {}",
            [
                ("a", "int", "", True),
                ("b", "int", "", True),
                ("f", "func(x int) error", "", True),
                ("m", "map[string]int", "", True),
                ("...opts", "string", "", False),
            ],
        ),
        ("go", "func (s *Server) Run(string, int) {}", []),
        ("go", "func G[T any, U comparable](x T) {}", [("x", "T", "", True)]),
    ],
)
def test_parameters(language: str, source: str, expected: list[tuple[str, str, str, bool]]) -> None:
    assert parameters(source, language) == expected


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("a.go", "example.org/me/k/v2", "go:go"),
        ("a.go", "example.org/me/k/v2/in", "go:go/in"),
        ("a.go", "github.com/a/b", "go:x/github.com/a/b"),
        ("a.go", "fmt", ""),
    ],
)
def test_what_an_import_means(importer: str, module: str, expected: str) -> None:
    assert units_of(FILES, "go").find(module, importer) == expected


def test_a_folder_has_the_path_of_its_module() -> None:
    units = units_of(FILES, "go")
    assert import_path(units, "go:go/in") == "example.org/me/k/v2/in"
    assert import_path(units, "go:x/github.com/a/b") == "github.com/a/b"


def test_the_receiver_of_a_method() -> None:
    assert receiver_of(last_symbol("func (c *Command) Run() {}", "go")) == TypedName("c", "*Command")
    assert receiver_of(last_symbol("func (Command) Run() {}", "go")) is None
    assert receiver_of(last_symbol("func Run() {}", "go")) is None


def test_an_embedded_types_members_are_its_own() -> None:
    text = "package p\n\ntype Engine struct {\n\tGroup\n\t*Other // with a mark\n"
    text += '\tpkg.Base `json:"x"`\n\tsize, wide int\n}\n\n'
    text += "type Full interface {\n\tReader\n\tRun() error\n}\n\ntype Name string\n"
    found = symbols_in(text, "go")
    assert found["Engine"].bases == ("Group", "Other", "pkg.Base")
    assert found["Full"].bases == ("Reader",)
    assert found["Name"].bases == ()


KILN = """\
    package kiln

    import "net/http"

    type Writer interface {
        http.ResponseWriter
        Size() int
    }
    type Pots []*Pot
    type Context struct {
        Writer Writer
        Out    *http.Request
        pots   Pots
        first  *Pot
    }
    type Pot struct{}

    var spare = &Pot{}

    func (c *Context) Header(name string) {}
    func (c *Context) Cookie(name string) {}
    func (p *Pot) Glaze() {}
    func (p Pots) Sort() {}
    func Each(run func(c *Context)) {}
    func Any() any { return nil }
    """


@pytest.mark.parametrize(
    ("body", "used"),
    [
        ("Each(func(c *Context) { c.Header(name) })", ["Context.Header"]),
        ("Each(func(c *Context) { c.Writer.Header() })", []),
        ("Each(func(c *Context) { c.Out.Cookie(name) })", []),
        ("Each(func(c *Context) { c.first.Glaze() })", ["Pot.Glaze"]),
        ("Each(func(c *Context) { c.Writer.Size() })", ["Writer.Size"]),
        ("c := &Pot{}\n    Each(func(c *Context) {\n    })\n    c.Glaze()", ["Pot.Glaze"]),
        ("for _, one := range ctx.pots {\n        one.Glaze()\n    }", ["Pot.Glaze"]),
        ("for _, one := range Any() {\n        one.Glaze()\n    }", []),
        ("one := ctx.pots[0]\n    one.Glaze()", ["Pot.Glaze"]),
        ("ctx.pots.Sort()", ["Pots.Sort"]),
        ("switch one := Any().(type) {\n    case *Pot:\n        one.Glaze()\n    }", ["Pot.Glaze"]),
        ("switch one := Any().(type) {\n    case *Pot, *Context:\n        one.Glaze()\n    }", []),
        ("one := Any().(*Pot)\n    one.Glaze()", ["Pot.Glaze"]),
        ("one := new(Pot)\n    one.Glaze()", ["Pot.Glaze"]),
        ("var one *Pot\n    one.Glaze()", ["Pot.Glaze"]),
        ("spare.Glaze()", ["Pot.Glaze"]),
        ("one := Any()\n    one.Glaze()", []),
    ],
)
def test_a_call_on_a_value_is_of_its_type(body: str, used: list[str]) -> None:
    files = {
        "go.mod": "module example.com/kiln\n",
        "kiln.go": KILN,
        "fire.go": f"package kiln\n\nfunc Fire(ctx *Context, name string) {{\n    {body}\n}}\n",
    }
    callers = context_of(files).resolution.callers
    found = [target.name for target, uses in callers.items() if any(use.path == "fire.go" for use in uses)]
    assert [name for name in found if "." in name] == used


def test_a_document_may_leave_a_value_out() -> None:
    for code, used in (("one.Glaze()", True), ("one.inner.Glaze()", False)):
        files = {
            "go.mod": "module example.com/kiln\n",
            "kiln.go": KILN,
            "README.md": f'# Kiln\n\n```go\nimport "example.com/kiln"\n\n{code}\n```\n',
        }
        passages = context_of(files).resolution.passages
        assert any(use.target.name == "Pot.Glaze" for one in passages for use in one.uses) == used, code


def test_types_that_are_named_are_used_and_receivers_are_not() -> None:
    context = context_of(
        {
            "go.mod": "module example.org/pot\n",
            "pot.go": (
                "package pot\n\ntype Pot struct {\n\tnext *Pot\n\tlid Lid\n}\n\ntype Lid int\n\n"
                "func (p *Pot) Fire(lid Lid) error {\n\tvar a []Lid\n\treturn nil\n}\n\n"
                "func New() *Pot {\n\treturn &Pot{}\n}\n"
            ),
            "shop/shop.go": 'package shop\n\nimport "example.org/pot"\n\nfunc Sell(one *pot.Pot) {}\n',
        }
    )
    callers = context.resolution.callers
    used = {
        name: [(use.scope, use.start) for use in callers[context.target(symbol_named(context, name))]]
        for name in ("Pot", "Lid")
    }
    assert used == {
        "Pot": [("New", 15), ("New", 16), ("Sell", 5)],
        "Lid": [("Pot", 5), ("Pot.Fire", 10), ("Pot.Fire", 11)],
    }


LOG = {
    "go.mod": "module example.com/pot\n",
    "pot.go": "package pot\n\ntype Pot struct{}\n\nfunc New() *Pot { return nil }\nfunc (p *Pot) Fire() {}\n",
    "log/log.go": "package log\n\nfunc Fire() {}\nfunc Cool() {}\n",
}


def test_a_package_is_meant_where_a_block_imports_it_or_another_block_alone_does() -> None:
    def block(code: str) -> str:
        return f"```go\n{code}\n```\n\n"

    text = "# Pot\n\n"
    text += block('import "example.com/pot/log"\n\nlog.Fire() // package')
    text += block('import "example.com/pot"\n\nlog := pot.New()\nlog.Fire() // variable')
    text += block("log.Fire() // package")
    text += block("log := pot.New()\nlog.Fire() // variable\n")
    passages = context_of({**LOG, "README.md": text}).resolution.passages
    lines = text.split("\n")
    found = {
        (lines[use.start - 1].partition("// ")[2], use.target.name)
        for one in passages
        for use in one.uses
        if use.text == "log.Fire()"
    }
    assert found == {("package", "Fire"), ("variable", "Pot.Fire")}


def test_a_variable_is_meant_below_its_declaration_alone() -> None:
    body = "log.Fire()\n    log := New()\n    log.Fire()"
    files = {
        **LOG,
        "fire.go": f'package pot\n\nimport "example.com/pot/log"\n\nfunc Run() {{\n    {body}\n}}\n',
    }
    callers = context_of(files).resolution.callers
    assert {
        (target.name, use.start)
        for target, uses in callers.items()
        for use in uses
        if use.text == "log.Fire()"
    } == {("Fire", 6), ("Pot.Fire", 8)}


def test_how_files_of_a_package_import_what_its_users_cannot() -> None:
    files = {
        **LOG,
        "internal/clay/clay.go": "package clay\n\ntype Clay struct{}\n\nfunc (Clay) Wet() {}\n",
        "fire.go": 'package pot\n\nimport c "example.com/pot/internal/clay"\n\nvar one = c.Clay{}\n',
    }
    context = context_of(files)
    for name in ("Clay", "Clay.Wet"):
        found = import_of(context.target(symbol_named(context, name)), context)
        assert found == 'import "example.com/pot/internal/clay"'


def test_a_variable_or_constant_of_another_file_is_used_where_it_is_named_and_a_type_where_it_has_methods() -> (
    None
):
    context = context_of(
        {
            "go.mod": "module example.org/pot\n",
            "pot.go": (
                "package pot\n\ntype Set struct{}\n\nfunc New() *Set { return &Set{} }\nfunc (s *Set) Fire() {}\n\n"
                "var Line = New()\n\nconst Most = 3\n\nfunc own() { Line.Fire() }\n"
            ),
            "cup.go": (
                "package pot\n\nfunc (s *Set) Cool() {}\n\n"
                "func Cool(n int) bool {\n\tLine.Cool()\n\treturn n > Most\n}\n\n"
                "func Other(Most int) bool {\n\tLine := 2\n\treturn Line > Most\n}\n"
            ),
            "shop/shop.go": 'package shop\n\nimport "example.org/pot"\n\nfunc Sell() { pot.Line.Cool() }\n',
        }
    )
    found = {
        name: [(use.path, use.start) for use in uses]
        for (path, name), uses in context.resolution.callers.items()
        if path == "pot.go"
    }
    assert found["Line"] == [("cup.go", 6), ("pot.go", 12), ("shop/shop.go", 5)]
    assert found["Most"] == [("cup.go", 7)]
    assert ("cup.go", 3) in found["Set"]
    assert ("pot.go", 6) not in found["Set"]


def test_each_of_several_results_has_its_own_type() -> None:
    code = (
        "package kiln\n\ntype Options []string\n\nfunc (o Options) Contains(s string) bool { return true }\n\n"
        "func Parse(s string) (string, Options) { return s, nil }\n\n"
        "func Named(s string) (name string, options Options) { return s, nil }\n\n"
        'func A() bool {\n\ttag, opts := Parse("a")\n\treturn opts.Contains(tag)\n}\n\n'
        'func B() bool {\n\tif _, opts := Named("a"); opts.Contains("b") {\n\t\treturn true\n\t}\n\treturn false\n}\n\n'
        'func C() bool {\n\ttag, _ := Parse("a")\n\treturn tag.Contains("c")\n}\n'
    )
    context = context_of({"go.mod": "module example.org/kiln\n", "kiln.go": code})
    used = context.resolution.callers[Target("kiln.go", "Options.Contains")]
    assert [use.start for use in used] == [13, 17]
