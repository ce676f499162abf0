"""Alternatives that a passage shows are no steps of it."""

from __future__ import annotations

from codebase_gardener.knowledge.workflows.mining import mine
from samples.written_context import context_of

_PACKAGE = {
    "pot/__init__.py": "from pot.core import Pot, scan, scan_stream, scan_sync, paint\n",
    "pot/core.py": """
    class Pot:
        def fire(self): ...

    def scan(a): ...

    def scan_sync(a): ...

    def scan_stream(a): ...

    def paint(a): ...
    """,
}


def _steps(readme: str, **files: str) -> list[list[str]]:
    context = context_of({**_PACKAGE, "README.md": readme, **files})
    return [[step.target.name for step in path.steps] for path in mine(context)]


def test_other_forms_of_a_call_whose_result_nothing_uses_are_no_further_steps() -> None:
    code = "from pot import Pot, scan, scan_stream, scan_sync, paint\nfound = scan(1)\npaint(found)\n"
    others = "same = scan_sync(1)\nstream = scan_stream(1)\n"
    assert _steps(f"# Pot\n\n## Scan clay\n\n```python\n{code}{others}```\n") == [["scan", "paint"]]
    used = "same = scan_sync(1)\npaint(same)\n"
    assert _steps(f"# Pot\n\n## Scan clay\n\n```python\n{code}{used}```\n") == [
        ["scan", "paint", "scan_sync"]
    ]


def test_two_blocks_with_or_between_them_are_two_ways() -> None:
    two = "```python\nfrom pot import {}\n{}(1)\n```\n\n"
    scan, paint = two.format("scan", "scan"), two.format("paint", "paint")
    assert _steps(f"# Pot\n\n## Use a pot\n\n{scan}or:\n\n{paint}## Again\n\nText.\n") == []
    assert _steps(f"# Pot\n\n## Use a pot\n\n{scan}and then:\n\n{paint}## Again\n\nText.\n") == [
        ["scan", "paint"]
    ]


def test_what_is_new_in_a_version_is_no_workflow() -> None:
    code = "```python\nfrom pot import scan, paint\nfound = scan(1)\npaint(found)\n```\n"
    assert _steps(f"# Pot\n\n## Release notes\n\n{code}") == []
    assert _steps("# Pot\n", **{"API_CHANGES_V2.md": f"# Changes\n\n## Scan clay\n\n{code}"}) == []
    assert _steps("# Pot\n", **{"docs/major_releases/two.md": f"# Two\n\n## Scan clay\n\n{code}"}) == []
    assert len(_steps("# Pot\n", **{"docs/scan.md": f"# Two\n\n## Scan clay\n\n{code}"})) == 1
