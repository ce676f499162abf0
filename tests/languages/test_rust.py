"""Rust: symbols, code, signatures, and which file an import means."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from codebase_gardener.knowledge.apis.calls import import_of
from codebase_gardener.knowledge.apis.usage_examples import usage_examples
from samples.sources import bound, calls, code_in, imports, parameters, places, symbols_in, units_of
from samples.written_context import context_of, symbol_named

SYMBOLS = """\
/// A point.
#[derive(Debug, Clone)]
pub struct Point<T> {
    x: T,
}

impl<T> Shape for Point<T> {
    /// Its area.
    #[inline]
    pub fn area(&self, mut scale: f64) -> f64 {
        0.0
    }
}

pub trait Shape {
    fn area(&self) -> f64;
    fn name(&self) -> String {
        String::new()
    }
}

enum Kind { A }
mod inner {
    pub fn helper() {
        1
    }
}
"""
CODE = """use a::b::{self, C, d as e};
use x::*;
pub use q::R;
pub fn f() {
    let c = A::new(1);
    c.run()?.stop();
    a::b::<T>(2);
}
pub struct S;
pub(crate) struct Hidden;
pub const K: u8 = 1;
"""

FILES = {
    "rs/Cargo.toml": "[package]\nname = 'my-c'\n",
    "rs/src/lib.rs": "",
    "rs/src/a.rs": "",
    "rs/src/a/b.rs": "",
    "rs/src/d/mod.rs": "",
    "rs/examples/e.rs": "",
    "rs/tests/t.rs": "",
    "rs/tests/util/mod.rs": "",
}


def test_symbols() -> None:
    assert places(SYMBOLS, "rust") == [
        ("Point", "type", 2, 5),
        ("Point.area", "method", 9, 12),
        ("Shape", "interface", 15, 20),
        ("Shape.name", "method", 17, 19),
        ("Kind", "type", 22, 22),
        ("inner.helper", "function", 24, 26),
    ]


def test_what_is_kept_of_a_symbol() -> None:
    found = symbols_in(SYMBOLS, "rust")
    point, area = found["Point"], found["Point.area"]
    assert (point.signature, point.docstring) == ("pub struct Point<T>", "A point.")
    assert (point.docstring_start, point.docstring_end) == (1, 1)
    assert (point.decorators, point.definition_line) == (("derive(Debug, Clone)",), 3)
    assert area.signature == "pub fn area(&self, mut scale: f64) -> f64"
    assert (area.parameters, area.returns, area.docstring) == (("scale",), "f64", "Its area.")


def test_code() -> None:
    code = code_in(CODE, "rust")
    assert imports(code) == ["1 a.b::b", "1 a.b:C:C", "1 a.b:d:e", "2 x:*:*", "3 q:R:R"]
    assert calls(code) == ["5 f A.new", "6 f c.run", "6 f c.run().stop", "7 f a.b"]
    assert (code.exports, code.names) == (("R", "f", "S", "K"), ("K",))
    assert bound(code) == [("c", "A.new")]


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        (
            "rust",
            "pub fn f<'a, F: Fn(u8) -> u8>(&self, mut x: &'a mut Vec<(u8, u8)>, g: F) -> Result<a::B, C> {}",
            [
                ("x", "&'a mut Vec<(u8, u8)>", "", True),
                ("g", "F", "", True),
            ],
        ),
    ],
)
def test_parameters(language: str, source: str, expected: list[tuple[str, str, str, bool]]) -> None:
    assert parameters(source, language) == expected


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("rs/src/a.rs", "crate.d", "rs/src/d/mod.rs"),
        ("rs/src/lib.rs", "a", "rs/src/a.rs"),
        ("rs/src/a.rs", "self.b", "rs/src/a/b.rs"),
        ("rs/src/a/b.rs", "super", "rs/src/a.rs"),
        ("rs/examples/e.rs", "my_c.a.b", "rs/src/a/b.rs"),
        ("rs/src/a.rs", "serde.de", ""),
        ("rs/tests/t.rs", "crate.util", "rs/tests/util/mod.rs"),
        ("rs/tests/t.rs", "self.util", "rs/tests/util/mod.rs"),
    ],
)
def test_what_an_import_means(importer: str, module: str, expected: str) -> None:
    assert units_of(FILES, "rust").find(module, importer) == expected


def test_a_comment_behind_an_attribute_says_nothing_of_the_definition() -> None:
    source = (
        "/// A pot.\n#[derive(Debug)]\n#[allow(missing)] // for now\n#[lid]\npub enum Pot {\n    Clay,\n}\n"
    )
    pot = symbols_in(source, "rust")["Pot"]
    assert (pot.docstring, pot.start, pot.docstring_start, pot.docstring_end) == ("A pot.", 2, 1, 1)
    assert len(pot.decorators) == 3


def used(files: Mapping[str, str], *names: str) -> dict[str, list[tuple[str, int]]]:
    """Scope and line of the uses of each in the package's own code."""
    context = context_of({"Cargo.toml": "[package]\nname = 'kiln'\n", **files})
    callers = context.resolution.callers
    return {
        name: [(one.scope, one.start) for one in callers.get(context.target(symbol_named(context, name)), ())]
        for name in names
    }


def test_types_that_are_named_are_used_and_what_an_impl_is_of_is_not() -> None:
    files = {
        "src/lib.rs": "mod shelf;\npub mod pot;\n",
        "src/pot.rs": """
            pub struct Pot<T> {
                next: Option<Box<Pot<T>>>,
                glaze: Glaze,
            }
            pub enum Glaze { Salt, Ash(u8) }
            pub trait Fire {}
            impl<T> Fire for Pot<T> where T: Fire {
                type Held = Glaze;
            }
            impl<T> Pot<T> {
                fn new(glaze: Glaze) -> Self { Self { glaze } }
            }
            """,
        "src/shelf.rs": """
            use crate::pot::{self, Glaze, Pot};
            struct T;
            fn full(pots: &mut Vec<Pot<T>>, with: impl Fn(pot::Glaze) -> u8) -> Result<(), T> {
                match pots[0].glaze {
                    Glaze::Salt => 1,
                    Glaze::Ash(heat) => heat,
                }
                pots as Shelves<Glaze>
            }
            """,
    }
    assert used(files, "Pot", "Glaze", "Fire", "T") == {
        "Pot": [("Pot.new", 11), ("full", 3)],
        "Glaze": [
            ("Pot", 3),
            ("Pot.Held", 8),
            ("Pot.new", 11),
            ("full", 3),
            ("full", 5),
            ("full", 6),
            ("full", 8),
        ],
        "Fire": [("", 7), ("", 7)],
        "T": [("full", 3), ("full", 3)],
    }


POT = """
    pub struct Pot;
    pub enum Glaze { Salt, Ash(u8) }
    impl Pot {
        pub fn new(heat: u8) -> Self { Self }
        pub fn cool(&self) -> u8 { 1 }
    }
    pub fn fire(heat: u8) -> u8 { heat }
    """


def test_what_the_tokens_of_macros_and_attributes_use() -> None:
    files = {
        "src/lib.rs": "mod shelf;\npub mod pot;\n",
        "src/pot.rs": POT,
        "src/shelf.rs": """
            use crate::pot::{fire, Glaze, Pot};
            fn full(x: u8) {
                println!("{} {}", fire(x), vec![Pot::new(crate::pot::fire::<u8>(1)).cool()?.max(2)][0]);
                check!(fire: 1, matches!(x, Glaze::Ash(_)), as Pot, Pot {}, let fire = 2, fire);
            }
            #[arg(fire, long, value_parser = fire, of(fire), action = all(fire(1)))]
            struct Shelf;
            macro_rules! shelve { ($x:expr) => { $crate::pot::fire($x.fire()) } }
            fn other() {
                let fire = 1;
                check!(fire, "fire(1)", 'f' /* fire(1) */);
            }
            """,
    }
    assert used(files, "fire", "Pot.new", "Pot.cool", "Pot", "Glaze") == {
        "fire": [("full", 3), ("full", 3), ("full", 4), ("Shelf", 6), ("Shelf", 6), ("shelve", 8)],
        "Pot.new": [("full", 3)],
        "Pot.cool": [("full", 3)],
        "Pot": [("full", 4), ("full", 4)],
        "Glaze": [("full", 4)],
    }


def test_tests_beside_what_they_test_are_none_of_its_own_uses() -> None:
    files = {
        "Cargo.toml": "[package]\nname = 'kiln'\n",
        "src/lib.rs": POT
        + """
    fn serve() -> u8 { fire(1) }
    #[cfg(test)]
    mod tests {
        use super::{fire, Pot};
        fn hot() -> u8 { fire(9) }
        macro_rules! fires {
            ($($name:ident: $of:ident)*) => { $( #[test] fn $name() { assert_eq!($of(Pot::new(1).cool()), 1) } )* }
        }
        fires! { warm: fire }
        #[test]
        fn it_fires() { assert_eq!(fire(1), hot()); }
    }
    """,
    }
    context = context_of(files)
    resolution = context.resolution
    tests = [
        (one.title, [use.target.name for use in one.uses if not use.target.name.startswith("tests.")])
        for one in resolution.passages
        if one.area == "test"
    ]
    assert tests == [("Fires", ["Pot.new", "Pot.cool"]), ("Fires", ["fire"]), ("It fires", ["fire"])]
    target = context.target(symbol_named(context, "fire"))
    assert [one.scope for one in resolution.callers[target]] == ["serve"]
    assert [one.scope for one in resolution.helpers[target]] == ["tests.hot"]


def test_a_variable_may_be_given_what_a_function_of_its_name_gives() -> None:
    files = {
        "src/lib.rs": POT + "pub fn full() { let fire = fire(1); let other = other(fire); check!(fire); }\n",
        "src/a.rs": "pub fn other(x: u8) -> u8 { x }\n",
    }
    assert used(files, "fire") == {"fire": [("full", 8)]}


def test_how_files_of_a_program_import_of_each_other() -> None:
    files = {
        "Cargo.toml": "[package]\nname = 'kiln'\n\n[[bin]]\nname = 'kiln'\n",
        "src/main.rs": "mod shelf;\nuse crate::shelf::full;\npub fn open() {}\nfn main() { full() }\n",
        "src/shelf/mod.rs": (
            "mod pot;\nmod lid;\nuse self::pot::{fire, Pot};\npub fn full() { fire(); lid::shut() }\n"
            "#[cfg(test)]\nmod tests {\n    use super::full;\n}\n"
        ),
        "src/shelf/pot.rs": (
            "use super::lid::Lid;\npub fn fire() {}\npub struct Pot;\nimpl Pot { pub fn new() -> Lid {} }\n"
        ),
        "src/shelf/lid.rs": "pub struct Lid;\npub fn shut() {}\n",
    }
    context = context_of(files)
    found = {
        name: import_of(context.target(symbol_named(context, name)), context)
        for name in ("full", "fire", "Pot.new", "Lid", "shut", "open")
    }
    assert found == {
        "full": "use crate::shelf::full;",
        "fire": "use crate::shelf::pot::fire;",
        "Pot.new": "use crate::shelf::pot::Pot;",
        "Lid": "use crate::shelf::lid::Lid;",
        "shut": "",
        "open": "",
    }


EXAMPLES = """
    //! Fires pots.
    //!
    //! ```no_run
    //! kiln::open();
    //! ```

    pub fn open() {}

    /// Shuts it.
    ///
    /// ```
    /// # use kiln::shut;
    /// shut();
    /// ```
    ///
    /// ```text
    /// open()
    /// ```
    pub fn shut() {}

    pub enum Glaze { Ash }
    impl Glaze {
        /// Mixes it.
        ///
        /// ```rust
        /// use kiln::Glaze;
        ///
        /// let glaze = Glaze::Ash;
        /// glaze.mix();
        /// ```
        pub fn mix(&self) {}
        pub fn all() {}
    }
    """


def test_the_examples_of_comments_use_what_they_call_as_its_users_do() -> None:
    context = context_of({"Cargo.toml": "[package]\nname = 'kiln'\n", "src/lib.rs": EXAMPLES})
    shown = [
        (one.title, one.area, one.start, [use.target.name for use in one.uses])
        for one in context.resolution.passages
    ]
    assert shown == [
        ("Fires pots", "docstring", 4, ["open"]),
        ("shut", "docstring", 13, ["shut"]),
        ("Glaze.mix", "docstring", 28, ["Glaze", "Glaze.mix"]),
    ]
    assert not context.resolution.callers
    (example,) = usage_examples(context.target(symbol_named(context, "Glaze.mix")), context)
    assert (example.start, example.end, example.language) == (26, 29, "rust")


def test_a_crate_is_meant_before_a_path_where_one_of_its_macros_has_its_name() -> None:
    files = {
        "Cargo.toml": "[package]\nname = 'kiln'\n",
        "src/lib.rs": "#[macro_export]\nmacro_rules! kiln {}\npub struct Pot;\nimpl Pot { pub fn all() {} }\n",
        "tests/all.rs": "use kiln::{kiln, Pot};\n#[test]\nfn every() { kiln!(); kiln::Pot::all(); }\n",
    }
    (passage,) = context_of(files).resolution.passages
    assert [use.target.name for use in passage.uses] == ["kiln", "Pot.all"]


def test_an_example_of_a_comment_shows_the_trait_that_it_implements() -> None:
    source = """
        /// Fires.
        ///
        /// ```
        /// struct Wood;
        /// impl kiln::Fire for Wood {}
        /// ```
        pub trait Fire {}
        """
    (passage,) = context_of(
        {"Cargo.toml": "[package]\nname = 'kiln'\n", "src/lib.rs": source}
    ).resolution.passages
    assert [(use.target.name, use.kind, use.start) for use in passage.uses] == [("Fire", "annotation", 5)]


VISITS = """
    use outside::Visitor;
    pub trait Glazer { fn glaze(&mut self); }
    pub struct Pot;
    impl Pot { pub fn heat(&self) {} }
    pub struct Kiln<W> { writer: W }
    pub struct Show;
    impl<'de> Visitor<'de> for Show {
        type Ok = Pot;
        fn visit(&self) -> Result<Pot, ()> { Ok(Pot) }
    }
    impl Glazer for Show { fn glaze(&mut self) {} }
    impl<'a, W: Glazer> Stove for &'a mut Kiln<W> {
        fn warm(self) { self.writer.glaze() }
    }
    impl Debug for Kiln<u8> { fn fmt(&self, one: &Other) { one.heat() } }
    impl Display for Kiln<u8> { fn fmt(&self, two: &Pot) { two.heat() } }
    """


def test_a_call_on_a_type_parameter_is_of_what_it_must_be() -> None:
    more = """
    pub fn outer<V>(visitor: V) where V: Visitor { visitor.visit() }
    pub fn inner<G: ?Sized + Glazer>(mut glazer: &mut G) { glazer.glaze() }
    pub fn alike(other: Show, same: Elsewhere) { other.visit(); same.heat() }
    impl Pot { fn also(&self, other: &Self) { other.heat() } }
    """
    found = used({"src/lib.rs": VISITS + more}, "Show.visit", "Glazer.glaze", "Pot.heat")
    scopes = {name: [scope for scope, _ in uses] for name, uses in found.items()}
    assert scopes == {
        "Show.visit": ["alike"],
        "Glazer.glaze": ["Kiln.warm", "inner"],
        "Pot.heat": ["Kiln.fmt", "Pot.also"],
    }
    line = next(at for at, text in enumerate(VISITS.strip().split("\n"), 1) if "two.heat" in text)
    assert found["Pot.heat"][0][1] == line


def test_what_is_implemented_for_a_reference_is_of_its_type() -> None:
    found = symbols_in(VISITS, "rust")
    assert found["Kiln.warm"].implements == "Stove"
    assert found["Show.visit"].implements == "Visitor<'de>"
    assert found["Pot.heat"].implements == ""
    assert all(name.replace(".", "").isidentifier() for name in found)


def test_an_associated_type_is_no_name_by_itself() -> None:
    context = context_of({"Cargo.toml": "[package]\nname = 'kiln'\n", "src/lib.rs": VISITS})
    assert not any(target.name == "Show.Ok" for target in context.resolution.callers)


FIELDS = """
    use outside::out;
    pub struct Pot;
    impl Pot { pub fn heat(&self) {} pub fn clear(&mut self) {} }
    pub trait Warm { fn warm_up(&self); }
    mod back {
        pub struct Shelf<'a> {
            pub(crate) first: &'a mut Box<super::Pot>,
            text: String,
        }
    }
    pub struct Kiln<'a> { pub pot: Option<Pot>, shelf: back::Shelf<'a>, text: String, other: out::Pot,
                          row: Vec<Pot>, words: Vec<String> }
    impl<'a> Kiln<'a> { fn made(&self) -> Result<Pot> {} fn named(&self) -> Option<String> {}
                     fn aliased(&self) -> Fired<Pot> {} }
    pub type Fired<T> = std::result::Result<T, String>;
    pub struct Rack;
    impl Rack { fn new() -> Rack {} }
    impl IntoIterator for Rack {
        type Item = Result<Pot>;
        type IntoIter = Row;
        fn into_iter(self) -> Row {}
    }
    pub struct Row;
    impl Iterator for Row { type Item = Result<Pot>; }
    """


@pytest.mark.parametrize(
    ("body", "used_there"),
    [
        ("self.pot.heat()", ["Pot.heat"]),
        ("self.text.heat()", []),
        ("self.other.heat()", []),
        ("let one: Pot = out(); one.heat()", ["Pot.heat"]),
        ("let one: &String = out(); one.heat()", []),
        ("let one = out::find(); one.heat()", []),
        ("thing[0].heat()", ["Pot.heat"]),
        ("self.row[0].heat()", ["Pot.heat"]),
        ('println!("{}", self.row[0].heat())', ["Pot.heat"]),
        ("self.words[0].heat()", []),
        ("for one in self.row.iter().rev() { one.heat() }", ["Pot.heat"]),
        ("for one in self.words.iter() { one.heat() }", []),
        ("for one in Rack::new() { one.heat() }", ["Pot.heat"]),
        ("for one in Rack::new().into_iter().filter_map(|e| e.ok()) { one.heat() }", ["Pot.heat"]),
        ("let one = match self.made() { Ok(one) => one, Err(e) => panic!() }; one.heat()", ["Pot.heat"]),
        ("match self.made() { Ok(one) => one.heat(), Err(_) => {} }", ["Pot.heat"]),
        ("if let Some(one) = self.made().ok() { one.heat() }", ["Pot.heat"]),
        ("let (one, two) = (self.made(), 2); one.unwrap().heat()", ["Pot.heat"]),
        ("thing.out_of_here().heat()", []),
        ("let one = thing.out_of_here(); one.heat()", []),
        ("thing.named().unwrap().heat()", []),
        ("thing.unwrap_err().heat()", ["Pot.heat"]),
        ("let one = thing.aliased().unwrap(); one.heat()", ["Pot.heat"]),
    ],
)
def test_a_call_on_a_field_or_a_variable_is_of_its_type(body: str, used_there: list[str]) -> None:
    source = FIELDS + f"impl<'a> Kiln<'a> {{ fn run(&mut self) {{ {body} }} }}\n"
    context = context_of({"Cargo.toml": "[package]\nname = 'kiln'\n", "src/lib.rs": source})
    callers = context.resolution.callers
    found = [
        target.name
        for target, uses in callers.items()
        if any(use.scope == "Kiln.run" and use.kind == "call" for use in uses)
    ]
    assert [name for name in found if name.startswith("Pot.")] == used_there


def test_a_field_of_a_type_in_a_module_inside_the_file_has_its_type() -> None:
    bound = {(one.name, one.value) for one in code_in(FIELDS, "rust").bindings}
    assert {("back.Shelf.first", "super.Pot"), ("Kiln.pot", "Pot"), ("Kiln.other", "out.Pot")} <= bound


def test_a_trait_s_method_is_guessed_only_where_the_trait_is_named() -> None:
    calls = "pub fn run() { thing[0].warm_up() }\n"
    for line, scopes in (("", []), ("use crate::Warm;\n", ["run"]), ("use crate::*;\n", ["run"])):
        files = {"src/lib.rs": "mod a;\n" + FIELDS, "src/a.rs": line + calls}
        assert [scope for scope, _ in used(files, "Warm.warm_up")["Warm.warm_up"]] == scopes, line


def test_of_imports_that_exclude_each_other_that_of_the_machine_is_meant() -> None:
    files = {
        "src/lib.rs": "mod narrow;\nmod wide;\nmod call;\n",
        "src/narrow.rs": "pub fn fire() {}\npub fn cool() {}\n",
        "src/wide.rs": "pub fn fire() {}\npub fn cool() {}\n",
        "src/call.rs": (
            '#[cfg(target_pointer_width = "32")]\nuse crate::narrow::fire;\n'
            '#[cfg(target_pointer_width = "64")]\nuse crate::wide::fire;\n'
            "#[cfg(windows)]\nuse crate::narrow::*;\n#[cfg(unix)]\nuse crate::wide::*;\n"
            "fn run() { fire(); cool(); }\n"
        ),
    }
    callers = context_of({"Cargo.toml": "[package]\nname = 'kiln'\n", **files}).resolution.callers
    assert {target.path for target, uses in callers.items() for use in uses if use.kind == "call"} == {
        "src/wide.rs"
    }
