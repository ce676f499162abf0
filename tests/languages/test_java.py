"""Java: symbols, code, signatures, and which file an import means."""

from __future__ import annotations

import pytest

from samples.sources import bound, calls, code_in, imports, parameters, places, symbols_in, units_of

SYMBOLS = """\
package a;

/** A store. */
@Entity
public class Store<T> extends Base implements A, B {
    /** Reads. */
    @Override
    public int read(final String key, int... rest) throws IOException {
        return 1;
    }
    Store(int x) {
        this.x = x;
    }
    interface Inner { void f(); }
}
"""
CODE = """package p;
import a.b.C;
import static a.D.e;
import x.*;
public class M {
    public void r() {
        C c = new C<T>(1);
        c.go().stop();
        D.e();
    }
}
class Hidden {}
"""

FILES = {
    "j/src/main/java/org/me/A.java": "",
    "j/src/test/java/org/me/ATest.java": "",
}


def test_symbols() -> None:
    assert places(SYMBOLS, "java") == [
        ("Store", "class", 4, 15),
        ("Store.read", "method", 7, 10),
        ("Store.Store", "method", 11, 13),
        ("Store.Inner", "interface", 14, 14),
    ]


def test_what_is_kept_of_a_symbol() -> None:
    found = symbols_in(SYMBOLS, "java")
    store, read = found["Store"], found["Store.read"]
    assert (store.bases, store.docstring, store.decorators) == (("Base", "A", "B"), "A store.", ("Entity",))
    assert read.signature == "public int read(final String key, int... rest) throws IOException"
    assert (read.parameters, read.returns, read.definition_line) == (("key", "...rest"), "int", 8)


def test_code() -> None:
    code = code_in(CODE, "java")
    assert imports(code) == ["2 a.b:C:C", "3 a.D:e:e", "4 x:*:*"]
    assert calls(code) == ["7 M.r C", "8 M.r c.go", "8 M.r c.go().stop", "9 M.r D.e"]
    assert (code.exports, code.names) == (("M",), ())
    assert bound(code) == [("c", "C"), ("c", "C")]  # by its type, and by what makes it


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [
        (
            "java",
            "class A { public <T> void m(@N(1) final Map<String, T> a, int... b) {} }",
            [
                ("a", "Map<String, T>", "", True),
                ("...b", "int", "", False),
            ],
        ),
    ],
)
def test_parameters(language: str, source: str, expected: list[tuple[str, str, str, bool]]) -> None:
    assert parameters(source, language) == expected


@pytest.mark.parametrize(
    ("importer", "module", "expected"),
    [
        ("x.java", "org.me", "java:org/me"),
        ("x.java", "java.util", ""),
    ],
)
def test_what_an_import_means(importer: str, module: str, expected: str) -> None:
    assert units_of(FILES, "java").find(module, importer) == expected
