"""The languages that are told apart: by extension, file name or shebang; one row each."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["LANGUAGES", "Language", "is_code", "language_of"]


@dataclass(frozen=True)
class Language:
    """How a language is recognised.

    Attributes:
        extensions: With their dot, lower case.
        filenames: Whole file names.
        comment: What begins a comment that runs to the end of the line; "" where there is none.
        code: A programming language, rather than docs, markup or configuration.
        interpreters: Names in a `#!` line.
    """

    extensions: tuple[str, ...]
    comment: str = ""
    code: bool = False
    filenames: tuple[str, ...] = ()
    interpreters: tuple[str, ...] = ()


LANGUAGES: dict[str, Language] = {
    # with symbols: `python_symbols` and the rows of `grammars.GRAMMARS`
    "python": Language((".py", ".pyi", ".pyw"), "#", True, ("SConstruct", "wscript"), ("python", "pypy")),
    "go": Language((".go",), "//", True),
    "typescript": Language((".ts", ".mts", ".cts"), "//", True, (), ("deno", "ts-node")),
    "tsx": Language((".tsx",), "//", True),
    "javascript": Language((".js", ".jsx", ".mjs", ".cjs"), "//", True, (), ("node",)),
    "rust": Language((".rs",), "//", True),
    "java": Language((".java",), "//", True),
    "c": Language((".c", ".h"), "//", True),
    "cpp": Language((".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".cu", ".cuh"), "//", True),
    # code kept as text
    "csharp": Language((".cs",), "//", True),
    "clojure": Language((".clj", ".cljs", ".cljc"), ";", True),
    "cython": Language((".pyx", ".pxd"), "#", True),
    "dart": Language((".dart",), "//", True),
    "elixir": Language((".ex", ".exs"), "#", True),
    "erlang": Language((".erl", ".hrl"), "%", True),
    "fortran": Language((".f", ".f90", ".f95", ".f03"), "!", True),
    "fsharp": Language((".fs", ".fsx"), "//", True),
    "groovy": Language((".groovy", ".gradle"), "//", True),
    "haskell": Language((".hs",), "--", True),
    "julia": Language((".jl",), "#", True),
    "kotlin": Language((".kt", ".kts"), "//", True),
    "lisp": Language((".lisp", ".el", ".scm", ".rkt"), ";", True),
    "lua": Language((".lua",), "--", True, (), ("lua",)),
    "nim": Language((".nim",), "#", True),
    "objective-c": Language((".m", ".mm"), "//", True),
    "ocaml": Language((".ml", ".mli"), "", True),
    "perl": Language((".pl", ".pm"), "#", True, (), ("perl",)),
    "php": Language((".php",), "//", True, (), ("php",)),
    "powershell": Language((".ps1", ".psm1"), "#", True),
    "r": Language((".r",), "#", True, (), ("Rscript",)),
    "ruby": Language((".rb", ".rake"), "#", True, ("Rakefile", "Gemfile"), ("ruby",)),
    "scala": Language((".scala",), "//", True),
    "shell": Language((".sh", ".bash", ".zsh", ".fish"), "#", True, (), ("sh", "bash", "zsh")),
    "solidity": Language((".sol",), "//", True),
    "sql": Language((".sql",), "--", True),
    "svelte": Language((".svelte",), "", True),
    "swift": Language((".swift",), "//", True),
    "vue": Language((".vue",), "", True),
    "zig": Language((".zig",), "//", True),
    # docs, markup, configuration, data
    "css": Language((".css", ".scss", ".sass", ".less")),
    "csv": Language((".csv", ".tsv")),
    "dockerfile": Language((".dockerfile",), "#", False, ("Dockerfile", "Containerfile")),
    "html": Language((".html", ".htm", ".jinja", ".jinja2", ".j2")),
    "ini": Language((".ini", ".cfg", ".conf", ".properties"), "#", False, (".editorconfig",)),
    "json": Language((".json", ".jsonc", ".json5", ".jsonl", ".ndjson", ".geojson")),
    "makefile": Language((".mk",), "#", False, ("Makefile", "makefile", "GNUmakefile")),
    "markdown": Language((".md", ".mdx", ".markdown")),
    "notebook": Language((".ipynb",)),
    "protobuf": Language((".proto",), "//"),
    "rst": Language((".rst",)),
    "toml": Language((".toml",), "#"),
    "xml": Language((".xml", ".svg", ".xsd", ".plist")),
    "yaml": Language((".yaml", ".yml"), "#"),
}

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


def _extension(filename: str) -> str:
    _, dot, last = filename.rpartition(".")
    return (dot + last).lower() if dot else ""


def _from_shebang(text: str) -> str | None:
    found = _SHEBANG.match(text[:200])
    if not found:
        return None
    program = found[2] if found[1] == "env" and found[2] else found[1]
    return _BY_INTERPRETER.get(program.rstrip("0123456789."))
