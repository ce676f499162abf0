"""C and C++: symbols, code, signatures, and which file an import means."""

from __future__ import annotations

import pytest

from codebase_gardener.languages.reading import symbols_of
from samples.sources import bound, calls, code_in, imports, parameters, places, symbols_in, units_of
from samples.written_context import context_of

SYMBOLS_C = """\
#include <stdio.h>

/* Adds. */
static inline int add(int a, const char *b[])
{
    return a;
}

struct point {
    int x;
};

typedef struct {
    int y;
} pair;

struct point *make(struct point *p, void (*callback)(int)) {
    return p;
}

int declared(void);
"""
SYMBOLS = """\
// A box.
template <typename T>
class Box : public Base, Other {
 public:
  Box(int x) : x_(x) {
    y = 1;
  }
  int get(const T &key, int n = 1) const {
    return 1;
  }
};

namespace deep {
int Box::size(int x) {
  return 1;
}
}  // namespace deep

bool operator==(const Box &a, const Box &b) {
  return true;
}
"""
CODE = """#include <a/b.h>
using namespace std;
using a::B;
int x = 1;
int f() {
    A::b(1);
    p->d();
    auto z = new E(1);
}
"""

FILES = {
    "c/include/lib/k.h": "",
    "c/src/k.c": "",
    "c/src/local.h": "",
}


def test_symbols_of_c() -> None:
    assert places(SYMBOLS_C, "c") == [
        ("add", "function", 4, 7),
        ("point", "type", 9, 11),
        ("pair", "type", 13, 15),
        ("make", "function", 17, 19),
    ]


def test_symbols() -> None:
    assert places(SYMBOLS, "cpp") == [
        ("Box", "class", 2, 11),
        ("Box.Box", "method", 5, 7),
        ("Box.get", "method", 8, 10),
        ("deep.Box.size", "method", 14, 16),
        ("operator==", "function", 19, 21),
    ]


def test_what_is_kept_of_a_symbol() -> None:
    found = symbols_in(SYMBOLS_C, "c")
    assert (found["add"].signature, found["add"].docstring) == (
        "static inline int add(int a, const char *b[])",
        "Adds.",
    )
    assert (found["add"].parameters, found["add"].body_start) == (("a", "b"), 6)
    assert (found["make"].parameters, found["make"].returns) == (("p", "callback"), "struct point *")
    box = symbols_in(SYMBOLS, "cpp")
    assert (box["Box"].bases, box["Box"].docstring) == (("Base", "Other"), "A box.")
    assert box["Box"].signature == "template <typename T> class Box : public Base, Other"
    assert box["Box.get"].parameters == ("key", "n")


def test_code() -> None:
    code = code_in(CODE, "cpp")
    assert imports(code) == ["1 a/b.h:*:*", "2 std:*:*", "3 a:B:B"]
    assert calls(code) == ["6 f A.b", "7 f p.d", "8 f E"]
    assert (code.exports, code.names) == ((), ("x",))
    assert bound(code) == [("z", "E")]


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        (
            "c",
            "int f(const char *s, int n[3], void (*cb)(int, int), ...) {}",
            [
                ("s", "const char *", "", True),
                ("n", "int [3]", "", True),
                ("cb", "void (*)(int, int)", "", True),
                ("...", "", "", False),
            ],
        ),
        ("c", "int f(void) {}", []),
        (
            "cpp",
            'int A::f(const std::map<int, B>& m, int n = g(1, 2), std::string s = "a,b") {}',
            [
                ("m", "const std::map<int, B>&", "", True),
                ("n", "int", "g(1, 2)", False),
                ("s", "std::string", '"a,b"', False),
            ],
        ),
    ],
)
def test_parameters(language: str, source: str, expected: list[tuple[str, str, str, bool]]) -> None:
    assert parameters(source, language) == expected


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("c/src/k.c", "local.h", "c/src/local.h"),
        ("c/src/k.c", "lib/k.h", "c/include/lib/k.h"),
        ("c/src/k.c", "stdio.h", ""),
    ],
)
def test_what_an_import_means(importer: str, module: str, expected: str) -> None:
    assert units_of(FILES, "c").find(module, importer) == expected


def test_a_keyword_names_no_definition() -> None:
    text = "int CALL main(void)\n{\n  return 0;\n}\n\nint run(int a)\n{\n  return a;\n}\n"
    assert [symbol.qualified_name for symbol in symbols_of("a.c", text, "c").symbols] == ["run"]
    spaced = "POT_BEGIN\nnamespace detail\n{\nstruct Pot { int boil() { return 1; } };\n}\nPOT_END\n"
    assert not [s for s in symbols_of("a.hpp", spaced, "cpp").symbols if "namespace" in s.qualified_name]


MADE = {
    "include/kiln.h": """
        namespace pot {
        class Kiln { public: Kiln(int a); void fire() {} };
        class Oven { public: Oven(int a); void fire() {} };
        template <typename T> class Box { public: void fire() {} };
        class Owner {
          Kiln kiln_;
          Kiln made();
        public:
          void go() { kiln_.fire(); this->kiln_.fire(); fire(); }
          void late();
          void fire() {}
        };
        }
    """,
    "src/owner.cpp": """
        #include "kiln.h"
        void pot::Owner::late() { kiln_.fire(); }
    """,
    "src/main.cpp": """
        #include "kiln.h"
        using namespace pot;
        void run(int a) {
          Kiln one(1);
          one.fire();
          Kiln two{a};
          two.fire();
          pot::Kiln three(a);
          three.fire();
          Box<int> box(3);
          box.fire();
          auto up = std::make_unique<Kiln>(1);
          up->fire();
          Kiln* pointer = new Kiln(1);
          pointer->fire();
        }
    """,
}


def test_a_declaration_makes_an_object_and_names_its_type() -> None:
    context = context_of(MADE)
    used = {
        target.name: [(use.path.rpartition("/")[2], use.start) for use in uses]
        for target, uses in context.resolution.callers.items()
    }
    assert used == {
        "pot.Kiln": [("main.cpp", line) for line in (4, 6, 8, 14)],
        "pot.Box": [("main.cpp", 10)],
        "pot.Box.fire": [("main.cpp", 11)],
        "pot.Owner.fire": [("kiln.h", 9)],
        "pot.Kiln.fire": [
            ("kiln.h", 9), ("kiln.h", 9), *[("main.cpp", line) for line in (5, 7, 9, 13, 15)], ("owner.cpp", 2),
        ],
    }  # fmt: skip


def test_headers_that_include_each_other_are_each_read_once() -> None:
    names = [f"h{at}.h" for at in range(40)]
    included = "".join(f'#include "{name}"\n' for name in names)
    files = {
        f"include/{name}": f"{included}struct Pot{at} {{ Lid lid; }};\n" for at, name in enumerate(names)
    }
    files["src/main.cpp"] = '#include "h0.h"\nvoid run(Lid* lid) { Pot39 pot(1); shut(lid); }\n'
    callers = context_of(
        files
    ).resolution.callers  # as many ways as there are lead to none of the unknown names
    assert [(target.path, target.name) for target in callers] == [("include/h39.h", "Pot39")]
