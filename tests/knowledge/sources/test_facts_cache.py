"""Facts kept between builds: what is known is not read again, what is damaged is as good as none."""

from pathlib import Path

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.knowledge.sources.facts_cache import FactsCache, kept_tables
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.languages.reading import symbols_of
from codebase_gardener.repository.snapshot import SourceFile

FILES = [SourceFile("a.py", "python", "1", "A = 1\n"), SourceFile("b.py", "python", "2", "B = '\\ud800'\n")]


def read(path: Path, files: list[SourceFile] = FILES) -> tuple[list[str], dict[str, FileFacts]]:
    """Paths of the files that were read, and the facts of all."""
    fresh: list[str] = []

    def told(file: SourceFile) -> FileFacts:
        fresh.append(file.path)
        return extract(file)

    return fresh, FactsCache(path).extract_all(files, told)


def test_only_what_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "facts"
    fresh, first = read(path)
    assert fresh == ["a.py", "b.py"]
    assert read(path) == ([], first)
    assert read(path, [SourceFile("a.py", "python", "3", "A = 2\n"), FILES[1]])[0] == ["a.py"]


def test_a_damaged_file_is_as_good_as_none(tmp_path: Path) -> None:
    path = tmp_path / "facts"
    _, first = read(path)
    path.write_bytes(path.read_bytes()[:-3])
    assert read(path) == (["a.py", "b.py"], first)


def test_a_docstring_may_spell_a_lone_surrogate(tmp_path: Path) -> None:
    odd = SourceFile("c.py", "python", "4", 'def f():\n    "Says \\ud800 once."\n')
    _, facts = read(tmp_path / "facts", [odd])
    assert facts["c.py"].symbols[0].docstring == "Says ? once."
    assert read(tmp_path / "facts", [odd]) == ([], facts)


def test_the_symbols_kept_of_python_are_those_that_are_read(tmp_path: Path) -> None:
    files = [
        SourceFile(
            "a.py",
            "python",
            "5",
            'class A:\n    @property\n    def f(self):\n        "Says."\n        return 1\n',
        ),
        SourceFile("bad.py", "python", "6", "def f(:\n"),
        SourceFile("c.go", "go", "7", "package c\n\nfunc F() {}\n"),
        SourceFile("new.py", "python", "8", "def f():\n    return 1\n"),
    ]
    read(tmp_path / "facts", files)
    files[-1] = SourceFile("new.py", "python", "9", "def g():\n    return 1\n")
    found = kept_tables(tmp_path / "facts", files)
    assert found == {file.path: symbols_of(file.path, file.text, file.language) for file in files[:2]}
    assert found["bad.py"].problem
    (tmp_path / "facts").write_bytes(b"damaged")
    assert kept_tables(tmp_path / "facts", files) == kept_tables(tmp_path / "none", files) == {}
