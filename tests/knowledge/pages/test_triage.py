from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec import structs

from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.links.uses import Passage, Target, Use
from codebase_gardener.knowledge.pages.structure import Wiki
from codebase_gardener.knowledge.pages.triage import Triaged, orphan_note, triage
from samples.small_wiki import FILES, OWNER, repository, wiki

NOTHING = Resolution((), {}, {}, {}, 0, 0)
EMPTY = Wiki(OWNER, "r", "c0ffee", "d", ())


def one(path: str, text: str, resolution: Resolution = NOTHING) -> Triaged:
    facts = repository(FILES | {path: text})
    return next(item for item in triage(EMPTY, facts, resolution) if item.path == path)


@pytest.mark.parametrize(
    ("path", "lines", "decision", "reason"),
    [
        ("src/kiln/a.py", 20, "discard", "at most 20 lines"),
        ("src/kiln/sub/__init__.py", 99, "discard", "an __init__ of less than 100 lines"),
        ("src/kiln/sub/__init__.py", 300, "keep", "at least 300 lines"),
        ("tests/big.py", 400, "discard", "a test"),
        ("src/kiln/test_big.py", 400, "discard", "a test"),
        ("benchmarks/speed.py", 400, "discard", "a benchmark"),
        ("scripts/release.py", 400, "discard", "a script"),
        ("src/kiln/a.py", 300, "keep", "at least 300 lines"),
        ("src/kiln/kernels/a.py", 100, "keep", "a kernel of at least 100 lines"),
        ("src/kiln/models/a.py", 200, "keep", "a model of at least 200 lines"),
        ("kernels/a.py", 100, "keep", "a kernel of at least 100 lines"),
        ("src/kiln/kernels/a.py", 99, "discard", "no public API, not user-facing, no algorithm of its own"),
        ("src/kiln/models/a.py", 199, "discard", "no public API, not user-facing, no algorithm of its own"),
        ("src/kiln/a.py", 299, "discard", "no public API, not user-facing, no algorithm of its own"),
        ("src/kiln/contest.py", 299, "discard", "no public API, not user-facing, no algorithm of its own"),
    ],
)
def test_the_rules_of_the_format(path: str, lines: int, decision: str, reason: str) -> None:
    found = one(path, "x = 1\n" * lines)
    assert (found.decision, found.reason) == (decision, reason)
    assert (found.review is None) == (not reason.startswith("no public"))


def test_a_review_asks_for_api_users_and_algorithm() -> None:
    path = "src/kiln/core_extra.py"
    body = "".join(f"    x = {number}\n" for number in range(30))
    text = f'def glow(x):\n    """Glow."""\n{body}    return x\n'
    target = Target(path, "glow")
    use = Use(target, "README.md", 1, 1, "", "call", "import")
    shown = Passage("README.md", 1, 9, "Start", "readme", "", (use,))
    callers = {target: (structs.replace(use, path="src/kiln/core.py"), structs.replace(use, path=path))}
    found = one(path, text, Resolution((shown,), callers, {}, {target: "kiln.glow"}, 1, 0))
    assert found.decision == "keep"
    assert found.reason == (
        "public API: exports `kiln.glow`; user-facing: shown in `README.md`; "
        "algorithm: `glow` of 33 lines, called from 1 other file"
    )
    tested = replace(shown, area="test")
    assert one(path, "x = 1\n" * 33, Resolution((tested,), callers, {}, {}, 1, 0)).decision == "discard"


def test_only_code_without_a_page_is_triaged() -> None:
    facts = repository()
    paths = [item.path for item in triage(wiki(facts), facts, NOTHING)]
    assert paths == ["src/kiln/__init__.py", "src/kiln/glaze.py", "tests/test_core.py"]


def test_an_orphan_s_page_does_not_hide_its_file() -> None:
    facts = repository()
    whole = wiki(facts)
    kept = replace(
        next(page for page in whole.pages if page.name == f"{OWNER}_load"),
        name=f"{OWNER}_glaze", sources=(facts.source("src/kiln/glaze.py", 1, 1),), notes=orphan_note("public API"),
    )  # fmt: skip
    found = {
        item.path: item.pages for item in triage(replace(whole, pages=(*whole.pages, kept)), facts, NOTHING)
    }
    assert found["src/kiln/glaze.py"] == (f"Implementation:{OWNER}_glaze",)
