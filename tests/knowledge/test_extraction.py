"""What a file says that it is for."""

from __future__ import annotations

import pytest

from codebase_gardener.knowledge.extraction import extract
from codebase_gardener.repository.snapshot import SourceFile

_DOC = "/// Fires a pot.\n///\n/// Slowly.\n"


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("kiln.rs", f"{_DOC}pub fn fire() {{}}\n", "Fires a pot."),
        ("kiln.rs", f"{_DOC}pub fn fire() {{}}\n\nfn heat() {{}}\n", "Fires a pot."),
        ("kiln.rs", f"{_DOC}pub fn fire() {{}}\n\npub fn cool() {{}}\n", ""),
        ("fire.rs", f"{_DOC}pub fn fire() {{}}\n\npub fn cool() {{}}\n", "Fires a pot."),
        ("kiln.rs", f"{_DOC}fn fire() {{}}\n\npub fn cool() {{}}\n", ""),
        ("kiln.rs", f"// A licence.\n\n{_DOC}#[marked]\nfire! {{}}\n", ""),
        ("kiln.rs", f"//! Bakes what is made of clay.\n\n{_DOC}pub fn fire() {{}}\n\npub fn cool() {{}}\n",
         "Bakes what is made of clay."),
        ("kiln.py", "# What pots are made of.\nCLAY = 1\n\nMOST = 2\n", "What pots are made of."),
        ("kiln.go", "// Fires a pot.\n\npackage kiln\n", "Fires a pot."),
        ("kiln.js", "// All that fires a pot.\nexport const HOT = 1\nexport const COLD = 2\n", "All that fires a pot."),
        ("kiln.js", "/** How hot a kiln may be. */\nexport const HOT = 1\nexport const COLD = 2\n", ""),
        ("kiln.py", '"""Fires a pot."""\n\n\ndef fire():\n    """Fires a pot."""\n\n\ndef cool():\n    pass\n',
         "Fires a pot."),
    ],
)  # fmt: skip
def test_words_on_the_first_definition_are_the_files_where_it_is_of_that_alone(
    path: str, text: str, said: str
) -> None:
    language = {"rs": "rust", "go": "go", "js": "javascript", "py": "python"}[path.partition(".")[2]]
    assert extract(SourceFile(path, language, "", text)).purpose == said
