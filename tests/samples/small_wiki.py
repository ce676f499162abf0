"""A small repository and its wiki, written by hand: what indexes, reports and the verifier are tested on."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from codebase_gardener.knowledge.pages.citations import quote
from codebase_gardener.knowledge.pages.implementation_layout import (
    CodeReference,
    IoContract,
    Output,
    Parameter,
    code_reference,
    io_contract,
)
from codebase_gardener.knowledge.pages.markup import fence
from codebase_gardener.knowledge.pages.structure import Edge, Page, Section, Wiki
from codebase_gardener.knowledge.pages.workflow_layout import WrittenStep, execution_steps
from codebase_gardener.knowledge.sources.file_facts import FileFacts
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from codebase_gardener.languages.python.symbols import python_symbols
from codebase_gardener.repository.snapshot import SkippedFile, Snapshot, SourceFile
from codebase_gardener.utils.anchors import Anchor

__all__ = ["FILES", "OWNER", "repository", "wiki"]

OWNER = "acme_kiln"

FILES = {
    "README.md": "# Kiln\n\n```python\nfrom kiln import load, fire\n\nfire(load('a'))\n```\n",
    "setup.py": "from setuptools import setup\n\nsetup(name='kiln', install_requires=['clay>=1.2'])\n",
    "src/kiln/__init__.py": '"""Kiln fires."""\n\nfrom kiln.core import fire, load\n\n__all__ = ["fire", "load"]\n',
    "src/kiln/core.py": '''"""Loading and firing."""

import os


def load(path: str, strict: bool = True) -> dict:
    """Load a pot from a file."""
    if not path:
        raise ValueError("kiln: no path was given")
    return {"path": path, "strict": strict}


class Kiln:
    """A kiln."""

    def fire(self, pot: dict) -> dict:
        """Fire a pot.

        Firing twice cracks the glaze.
        """
        if "KILN_HOT" not in os.environ:
            raise RuntimeError("kiln: it is cold, set KILN_HOT")
        return pot


def fire(pot: dict, heat: int = 900) -> dict:
    """Fire a pot."""
    return Kiln().fire(pot)
''',
    "src/kiln/glaze.py": '"""Glazes."""\n\n'
    + "".join(f"def glaze_{n}(pot):\n    return pot\n\n\n" for n in range(8)),
    "tests/test_core.py": "from kiln import load\n\n\ndef test_load():\n    assert load('a')\n",
}


def repository(files: dict[str, str] | None = None, commit: str = "c0ffee") -> RepositoryFacts:
    """Its facts, computed from the texts."""
    texts = files or FILES
    sources = tuple(
        SourceFile(path, "python" if path.endswith(".py") else "markdown", _sha(text), text)
        for path, text in sorted(texts.items())
    )
    snapshot = Snapshot(
        "0" * 16, "/repos/kiln", "git", commit, "1" * 64, False, "2026-01-02T03:04:05+00:00",
        sources, (SkippedFile("logo.png", "binary: .png file"),),
    )  # fmt: skip
    return RepositoryFacts(OWNER, snapshot, {file.path: _facts(file) for file in sources})


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _facts(file: SourceFile) -> FileFacts:
    facts = FileFacts(
        file.path, file.language, file.sha256, file.lines, purpose=f"What {file.path} | is for."
    )
    if file.language != "python":
        return facts
    symbols = python_symbols(file.path, file.text)
    exports = ("fire", "load") if file.path.endswith("__init__.py") else ()
    return replace(facts, symbols=symbols.symbols, problem=symbols.problem or "", exports=exports)


def wiki(facts: RepositoryFacts) -> Wiki:
    """Two steps, two pairs, an environment, a heuristic."""
    pages = [
        _workflow(facts), _principle("Loading", "load"), _principle("Firing", "fire"),
        _implementation(facts, "load"), _implementation(facts, "fire"), _environment(facts), _heuristic(facts),
    ]  # fmt: skip
    return Wiki(
        OWNER, "https://example.org/acme/kiln", facts.snapshot.revision, facts.snapshot.date,
        tuple(sorted(pages, key=lambda page: page.id)),
    )  # fmt: skip


def _cite(facts: RepositoryFacts, source: Source) -> str:
    return quote(
        source.anchor, facts.lines(source.anchor.path, source.anchor.start, source.anchor.end), "python"
    )


def _workflow(facts: RepositoryFacts) -> Page:
    shown = facts.source("README.md", 4, 6)
    steps = [
        WrittenStep(1, "Load", f"Principle:{OWNER}_Loading", "A pot is read."),
        WrittenStep(2, "Fire", f"Principle:{OWNER}_Firing", "The pot is fired."),
    ]
    return Page(
        "Workflow", f"{OWNER}_Firing_Pots", "Firing pots", "Load a pot and fire it.",
        f"The README shows it in `{shown.anchor}`.", "To fire a pot.",
        (execution_steps(steps), Section("Execution Diagram", fence("graph TD\n  A --> B", "mermaid"))),
        (Edge("step", f"Principle:{OWNER}_Loading"), Edge("step", f"Principle:{OWNER}_Firing"),
         Edge("uses_heuristic", f"Heuristic:{OWNER}_Firing_Twice")),
        (shown,), ("firing", "pots"),
    )  # fmt: skip


def _principle(name: str, function: str) -> Page:
    return Page(
        "Principle", f"{OWNER}_{name}", name, f"{name} a pot.", "What it is.", "When it is.",
        (Section("Theoretical Basis", ""),), (Edge("implemented_by", f"Implementation:{OWNER}_{function}"),),
    )  # fmt: skip


def _implementation(facts: RepositoryFacts, name: str) -> Page:
    source = facts.source_of(facts.symbols["src/kiln/core.py", name])
    used = facts.source("README.md", 4, 6)
    signature = Anchor("src/kiln/core.py", source.anchor.start, source.anchor.start)
    reference = CodeReference(
        source.anchor, "", facts.lines(signature.path, signature.start, signature.end)[0],
        f"from kiln import {name}", f"{name}(...)", ("clay",), quoted=signature,
    )  # fmt: skip
    contract = IoContract(
        (Parameter("pot", "dict", "", True, "The pot."), Parameter("heat", "int", "900", False, "")),
        (Output("dict", "The pot."),),
    )
    return Page(
        "Implementation", f"{OWNER}_{name}", name, f"`{name}` does it.", f"It stands in `{source.anchor}`.", "Call it.",
        (code_reference(reference), io_contract(contract), Section("Usage Examples", _cite(facts, used))),
        (Edge("requires_env", f"Environment:{OWNER}_Core_Environment"),),
        (source, facts.source("src/kiln/core.py", signature.start, signature.end), used), ("pots",), "API Doc",
    )  # fmt: skip


def _environment(facts: RepositoryFacts) -> Page:
    sources = (facts.source("setup.py", 3, 3), facts.source("src/kiln/core.py", 21, 22))
    return Page(
        "Environment", f"{OWNER}_Core_Environment", "Core environment", "clay 1.2 or newer.", "D", "U",
        (
            Section("System Requirements", ""), Section("Dependencies", "* `clay>=1.2` (`setup.py:L3-3`)"),
            Section("Credentials", ""), Section("Quick Install", fence("pip install kiln", "shell")),
            Section("Code Evidence", "\n\n".join(_cite(facts, source) for source in sources)),
            Section("Common Errors", "| Error | Source |\n| --- | --- |\n| cold | `src/kiln/core.py:L21-22` |"),
            Section("Compatibility Notes", ""),
        ),
        (), sources,
    )  # fmt: skip


def _heuristic(facts: RepositoryFacts) -> Page:
    source = facts.source("src/kiln/core.py", 19, 19)
    return Page(
        "Heuristic", f"{OWNER}_Firing_Twice", "Firing twice", "Firing twice cracks the glaze.", "D", "U",
        (Section("The Insight", "Action: fire once."), Section("Reasoning", ""),
         Section("Code Evidence", _cite(facts, source))),
        (), (source,),
    )  # fmt: skip
