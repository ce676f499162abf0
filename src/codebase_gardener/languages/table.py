"""The languages that are told apart: by extension, file name or shebang; one row each."""

from __future__ import annotations

import re

from codebase_gardener.languages.c import CPP, C
from codebase_gardener.languages.go import GO
from codebase_gardener.languages.java import JAVA
from codebase_gardener.languages.javascript import JAVASCRIPT, TSX, TYPESCRIPT
from codebase_gardener.languages.lexing import DOUBLE, HASH, SINGLE, Lexer
from codebase_gardener.languages.python.row import PYTHON
from codebase_gardener.languages.rows import Family, Grammar, Language
from codebase_gardener.languages.ruby import RUBY
from codebase_gardener.languages.rust import RUST
from codebase_gardener.languages.symbols import Symbol

__all__ = [
    "ALIASES", "FAMILIES", "GRAMMARS", "LANGUAGES", "family_of", "is_code", "is_erased", "is_hidden", "is_of_its_type",
    "is_stub", "is_test", "language_of", "reads_symbols", "says_bases",
]  # fmt: skip

# https://www.gnu.org/software/bash/manual/html_node/Reserved-Words.html
_SHELL = Lexer(
    (r"(?<![^\s])\#[^\n]*+",), (DOUBLE, r"'[^']*+'?"),
    "case do done elif else esac export fi for function if in local return then until while",
)  # fmt: skip
_SHELL_ALIASES = """sh bash zsh fish console shell-session shellsession sh-session terminal bash-session cmd
                    powershell pwsh ps1 ps1con doscon bat"""
_DATA = Lexer((HASH,), (DOUBLE, SINGLE), "true false null")
_INI = Lexer((r"(?m:^[ \t]*+[\#;][^\n]*+)",), (DOUBLE,))
_JSON = Lexer((), (DOUBLE,), "true false null")

LANGUAGES: dict[str, Language] = {
    # with symbols and links: a file each
    "python": PYTHON,
    "go": GO,
    "typescript": TYPESCRIPT,
    "tsx": TSX,
    "javascript": JAVASCRIPT,
    "rust": RUST,
    "ruby": RUBY,
    "java": JAVA,
    "c": C,
    "cpp": CPP,
    # code kept as text
    "csharp": Language((".cs",), "//", True, test_stem=JAVA.test_stem),
    "clojure": Language((".clj", ".cljs", ".cljc"), ";", True),
    "cython": Language((".pyx", ".pxd"), "#", True),
    "dart": Language((".dart",), "//", True),
    "elixir": Language((".ex", ".exs"), "#", True),
    "erlang": Language((".erl", ".hrl"), "%", True),
    "fortran": Language((".f", ".f90", ".f95", ".f03"), "!", True),
    "fsharp": Language((".fs", ".fsx"), "//", True),
    "groovy": Language((".groovy", ".gradle"), "//", True, scripts=r".*\.gradle"),
    "haskell": Language((".hs",), "--", True),
    "julia": Language((".jl",), "#", True),
    "kotlin": Language(
        (".kt", ".kts"), "//", True, scripts=r".*\.kts", test_stem=JAVA.test_stem, variables=JAVA.variables
    ),
    "lisp": Language((".lisp", ".el", ".scm", ".rkt"), ";", True),
    "lua": Language((".lua",), "--", True, (), ("lua",)),
    "nim": Language((".nim",), "#", True),
    "objective-c": Language((".m", ".mm"), "//", True),
    "ocaml": Language((".ml", ".mli"), "", True),
    "perl": Language((".pl", ".pm"), "#", True, (), ("perl",)),
    "php": Language((".php",), "//", True, (), ("php",), test_stem=JAVA.test_stem),
    "powershell": Language((".ps1", ".psm1"), "#", True, scripts=".*"),
    "r": Language((".r",), "#", True, (), ("Rscript",)),
    "scala": Language((".scala",), "//", True, test_stem=JAVA.test_stem),
    "shell": Language(
        (".sh", ".bash", ".zsh", ".fish"),
        "#",
        True,
        interpreters=("sh", "bash", "zsh"),
        aliases=tuple(_SHELL_ALIASES.split()),
        lexer=_SHELL,
        scripts=".*",
    ),
    "solidity": Language((".sol",), "//", True),
    "sql": Language((".sql",), "--", True, scripts=".*"),
    "svelte": Language((".svelte",), "", True),
    "swift": Language((".swift",), "//", True, test_stem=JAVA.test_stem),
    "vue": Language((".vue",), "", True),
    "zig": Language((".zig",), "//", True),
    # docs, markup, configuration, data
    "css": Language((".css", ".scss", ".sass", ".less")),
    "csv": Language((".csv", ".tsv")),
    "dockerfile": Language((".dockerfile",), "#", False, ("Dockerfile", "Containerfile")),
    "html": Language((".html", ".htm", ".jinja", ".jinja2", ".j2")),
    "ini": Language((".ini", ".cfg", ".conf", ".properties"), "#", False, (".editorconfig",), lexer=_INI),
    "json": Language((".json", ".jsonc", ".json5", ".jsonl", ".ndjson", ".geojson"), lexer=_JSON),
    "makefile": Language((".mk",), "#", False, ("Makefile", "makefile", "GNUmakefile")),
    "markdown": Language((".md", ".mdx", ".markdown"), aliases=("md",)),
    "notebook": Language((".ipynb",), lexer=_JSON),
    "protobuf": Language((".proto",), "//"),
    "rst": Language((".rst",)),
    "toml": Language((".toml",), "#", lexer=_DATA),
    "xml": Language((".xml", ".svg", ".xsd", ".plist")),
    "yaml": Language((".yaml", ".yml"), "#", aliases=("yml",), lexer=_DATA),
}

GRAMMARS: dict[str, Grammar] = {name: row.grammar for name, row in LANGUAGES.items() if row.grammar}
"""Of the languages that tree-sitter reads."""
FAMILIES: dict[str, Family] = {row.family.name: row.family for row in LANGUAGES.values() if row.family}
"""By their name."""
ALIASES: dict[str, str] = {alias: name for name, row in LANGUAGES.items() for alias in row.aliases}
"""What documents call a language besides its name."""

_FAMILY_NAMES = {name: row.family.name for name, row in LANGUAGES.items() if row.family}
_BY_EXTENSION = {extension: name for name, row in LANGUAGES.items() for extension in row.extensions}
_BY_FILENAME = {filename: name for name, row in LANGUAGES.items() for filename in row.filenames}
_BY_INTERPRETER = {program: name for name, row in LANGUAGES.items() for program in row.interpreters}
_SHEBANG = re.compile(r"#![ \t]*(?:\S*/)?([\w.-]+)(?:[ \t]+(?:-S[ \t]+)?([\w.-]+))?")
_CPP_HEADER = re.compile(r"^\s*(?:class\s+\w|namespace\b|template\s*<|using\s+\w)", re.MULTILINE)


def language_of(path: str, text: str = "") -> str:
    """The language of a file: a key of `LANGUAGES`, or "text".

    Example:
        >>> language_of("src/app.py"), language_of("LICENSE"), language_of("run", "#!/usr/bin/env python3")
        ('python', 'text', 'python')
    """
    filename = path.rpartition("/")[2]
    extension = _extension(filename)
    if extension == ".h" and _CPP_HEADER.search(text):
        return "cpp"
    found = _BY_FILENAME.get(filename) or _BY_EXTENSION.get(extension)
    return found or _from_shebang(text) or "text"


def is_code(language: str) -> bool:
    """Whether it is a known programming language."""
    return language in LANGUAGES and LANGUAGES[language].code


def is_stub(path: str) -> bool:
    """Whether a file only declares the types of what another one does.

    Example:
        >>> is_stub("src/kiln.pyi"), is_stub("lib/kiln.d.ts"), is_stub("src/kiln.ts")
        (True, True, False)
    """
    return path.endswith((".pyi", ".d.ts", ".d.mts", ".d.cts"))


def reads_symbols(language: str) -> bool:
    """Whether its definitions are read, not its text alone."""
    return language == "python" or language in GRAMMARS


def family_of(language: str) -> str:
    """The name of a language's family; "" for one that tree-sitter does not read.

    Example:
        >>> family_of("tsx"), family_of("python")
        ('script', '')
    """
    return _FAMILY_NAMES.get(language, "")


def says_bases(language: str) -> bool:
    """Whether a type of a language says what it extends and implements; Go's only names what it embeds.

    Example:
        >>> says_bases("python"), says_bases("java"), says_bases("go")
        (True, True, False)
    """
    family = FAMILIES.get(family_of(language))
    return family is None or family.fulfilled is None


def is_of_its_type(symbol: Symbol) -> bool:
    """Whether a method is called on its type, not on an object of it."""
    family = FAMILIES.get(family_of(symbol.language))
    on_type = family is not None and family.is_static(symbol)
    return on_type or not {"classmethod", "staticmethod"}.isdisjoint(symbol.decorators)


def is_erased(symbol: Symbol) -> bool:
    """Whether only the compiler knows a definition: nothing is left of it where the code runs."""
    family = FAMILIES.get(family_of(symbol.language))
    return family is not None and symbol.kind in family.erased


def is_hidden(symbol: Symbol) -> bool:
    """Whether a definition is closed to users of its package, by what its language says; never for Python."""
    family = FAMILIES.get(family_of(symbol.language))
    return family is not None and family.hidden(symbol)


def is_test(symbol: Symbol) -> bool:
    """Whether a function or method is a test, by its decorators or its name."""
    marks = (*(f"@{name}" for name in symbol.decorators), symbol.name)
    test = LANGUAGES[symbol.language].test
    return symbol.kind in ("function", "method") and any(test.match(mark) for mark in marks)


def _extension(filename: str) -> str:
    _, dot, last = filename.rpartition(".")
    return (dot + last).lower() if dot else ""


def _from_shebang(text: str) -> str | None:
    found = _SHEBANG.match(text[:200])
    if not found:
        return None
    program = found[2] if found[1] == "env" and found[2] else found[1]
    return _BY_INTERPRETER.get(program.rstrip("0123456789."))
