from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from codebase_gardener.knowledge.links.resolution import Resolution
from codebase_gardener.knowledge.pages.findings import CHECKS
from codebase_gardener.knowledge.pages.structure import Edge, Page, Section, Wiki
from codebase_gardener.knowledge.pages.triage import orphan_note
from codebase_gardener.knowledge.pages.verification import compare, render_wiki, verify
from codebase_gardener.knowledge.sources.lines import Source
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.error_handling import NotFoundError
from samples.small_wiki import FILES, OWNER, repository, wiki

FACTS = repository()
RESOLUTION = Resolution((), {}, {}, {}, references=40, unresolved=10)
RENDERED = render_wiki(wiki(FACTS), FACTS, RESOLUTION)

WORKFLOW = f"workflows/{OWNER}_Firing_Pots.md"
PRINCIPLE = f"principles/{OWNER}_Loading.md"
IMPLEMENTATION = f"implementations/{OWNER}_load.md"
ENVIRONMENT = f"environments/{OWNER}_Core_Environment.md"
HEURISTIC = f"heuristics/{OWNER}_Firing_Twice.md"


def write(folder: Path, made: Wiki | None = None) -> Path:
    for file, text in render_wiki(made or wiki(FACTS), FACTS, RESOLUTION).items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def found(folder: Path) -> list[tuple[str, str]]:
    return [(finding.check, finding.file) for finding in verify(folder, FACTS, RESOLUTION)]


def test_nothing_is_found_in_a_fresh_wiki(tmp_path: Path) -> None:
    assert verify(write(tmp_path), FACTS, RESOLUTION) == ()


def test_a_wiki_is_the_same_twice() -> None:
    assert render_wiki(wiki(repository()), repository(), RESOLUTION) == render_wiki(
        wiki(FACTS), FACTS, RESOLUTION
    )


MUTATIONS: list[tuple[str, str, str, str]] = [
    # check, file, what stands there, what is put in its place
    ("links", PRINCIPLE, "_by::Implementation:acme_kiln_load", "_by::Implementation:acme_kiln_lod"),
    ("links", WORKFLOW, "[[uses_heuristic::Heuristic:", "[[uses_heuristic::Environment:"),
    ("links", WORKFLOW, "* [[uses_heuristic", "* [[requires_env"),
    ("links", WORKFLOW, "* [[uses_heuristic", "* [[likes"),
    ("links", PRINCIPLE, "What it is.", "What [[step::Principle:acme_kiln_Nothing]] is."),
    ("links", PRINCIPLE, "What it is.", "See [load](../implementations/acme_kiln_lode.md)."),
    ("links", PRINCIPLE, "What it is.", "See [load](acme_kiln_load.md#usage)."),
    ("inverse", PRINCIPLE, "* [[step_of::Workflow:acme_kiln_Firing_Pots]]\n", ""),
    ("inverse", ENVIRONMENT, "_by::Implementation:acme_kiln_load", "_by::Implementation:acme_kiln_Load"),
    ("inverse", HEURISTIC, "* [[used_by", "* [[used_by::Principle:acme_kiln_Firing]]\n* [[used_by"),
    ("pair", PRINCIPLE, "acme_kiln_load]]", "acme_kiln_fire]]"),
    ("pair", PRINCIPLE, "* [[implemented_by::Implementation:acme_kiln_load]]\n", ""),
    ("steps", WORKFLOW, "### Step 2", "### Step 3"),
    ("steps", WORKFLOW, "* [[step::Principle:acme_kiln_Firing]]\n", ""),
    ("steps", WORKFLOW, "Principle:acme_kiln_Loading]]\n\nA pot", "Principle:acme_kiln_Firing]]\n\nA pot"),
    ("steps", WORKFLOW, "A pot is read.", "```\nload()\n```"),
    ("sections", PRINCIPLE, "## Usage\n\nWhen it is.\n\n", ""),
    ("sections", PRINCIPLE, "## Description\n\nWhat it is.\n\n## Usage", "## Usage\n\nWhat it is.\n\n## Description"),
    ("anchor", IMPLEMENTATION, "stands in `src/kiln/core.py:L6-10`", "stands in `src/kiln/core.py:L6-11`"),
    ("anchor", IMPLEMENTATION, "stands in `src/kiln/core.py:L6-10`", "stands in `src/kiln/cores.py:L6-10`"),
    ("anchor", IMPLEMENTATION, "Location\n\n`src/kiln/core.py:L6-10`", "Location\n\n`src/kiln/core.py:L6-99`"),
    ("anchor", IMPLEMENTATION, '{anchor: "src/kiln/core.py:L6-10"', '{anchor: "src/kiln/core.py:L6-1000"'),
    ("anchor", ENVIRONMENT, "| cold | `src/kiln/core.py:L21-22` |", "| cold | `src/kiln/core.py:L21-23` |"),
    ("anchor", IMPLEMENTATION, "Location\n\n`src/kiln/core.py:L6-10`", "Location\n\n`README.md:L4-6`"),
    ("sections", IMPLEMENTATION, "### API Call", "### API"),
    ("sections", IMPLEMENTATION, "### Outputs", "### Output"),
    ("quote", IMPLEMENTATION, "From `src/kiln/core.py:L6-6`:\n\n```python\ndef load", "```python\ndef lead"),
    ("symbol", IMPLEMENTATION, 'symbol: "load"', 'symbol: "fire"'),
    ("symbol", IMPLEMENTATION, 'symbol: "load"', 'symbol: "lode"'),
    ("evidence", ENVIRONMENT, "From `setup.py:L3-3`:", "From setup.py:"),
    ("quote", HEURISTIC, "Firing twice cracks the glaze.\n```", "Firing twice mends the glaze.\n```"),
    ("quote", IMPLEMENTATION, "Call it.", "Call it, for “KILN_HOT is cold”."),
    ("quote", IMPLEMENTATION, "\nfrom kiln import load, fire\n\nfire", "\nfrom kiln import load, fire\n\nprint"),
    ("quote", IMPLEMENTATION, "From `README.md:L4-6`:\n\n", "From `README.md:L4-6`:\n\nSome words.\n\n"),
    ("commit", PRINCIPLE, 'commit: "c0ffee"', 'commit: "c0ffef"'),
    ("commit", PRINCIPLE, 'repo: "https://example.org', 'repo: "https://example.com'),
    ("name", PRINCIPLE, 'name: "acme_kiln_Loading"', 'name: "acme_kiln_Lading"'),
    ("name", PRINCIPLE, 'type: "Principle"', 'type: "Heuristic"'),
    ("front matter", PRINCIPLE, "domains: []", "domains: &a [*a]"),
    ("front matter", PRINCIPLE, "---\n", "--\n"),
    ("form", PRINCIPLE, "## Overview\n\n", "## Overview\n\n\n"),
    ("form", PRINCIPLE, "domains: []", "domains:   []"),
    ("index", "_WorkflowIndex.md", "| 2 | Loading, Firing |", "| 3 | Loading, Firing |"),
    ("index", "_WorkflowIndex.md", "`src/kiln/core.py:L6-10`", "`src/kiln/core.py:L6-11`"),
    ("index", "_PrincipleIndex.md", "Pages: 2.", "Pages: 3."),
    ("index", "_ImplementationIndex.md", "✅Environment", "⬜Environment"),
    ("index", "_EnvironmentIndex.md", "✅", "⬜"),
    ("index", "_HeuristicIndex.md", "Firing_Twice", "Firing_Once"),
    ("index", f"_RepoMap_{OWNER}.md", "Files: 6", "Files: 7"),
    ("index", f"_RepoMap_{OWNER}.md", "Impl: fire, load", "Impl: fire"),
    ("report", "_reports/phase0_repo_map.md", "Symbols: 13", "Symbols: 14"),
    ("report", "_reports/phase1a_anchoring.md", "Unresolved: 10 (25.0%)", "Unresolved: 1 (2.5%)"),
    ("report", "_reports/phase1b_enrichment.md", "Source files traced: 1", "Source files traced: 12"),
    ("report", "_reports/phase2_excavation_synthesis.md", "**100.0%**", "**99.0%**"),
    ("report", "_reports/phase3_enrichment.md", "Links added: 3", "Links added: 4"),
    ("report", "_reports/phase4_audit.md", "Quotes checked: 7", "Quotes checked: 8"),
    ("report", "_reports/phase5_orphans.md", "Discarded: 3", "Discarded: 2"),
    ("report", "_reports/phase6_orphan_audit.md", "Findings: 0", "Findings: 1"),
]  # fmt: skip


@pytest.mark.parametrize(("check", "file", "old", "new"), MUTATIONS)
def test_what_is_broken_is_found_and_named(tmp_path: Path, check: str, file: str, old: str, new: str) -> None:
    path = write(tmp_path) / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())
    findings = [finding for finding in verify(tmp_path, FACTS, RESOLUTION) if finding.check == check]
    assert findings, "the check itself, not only one that follows from it"
    mended = CHECKS[check]
    assert all(finding.what and finding.mend == mended for finding in findings)
    assert file in [finding.file for finding in findings] or check in ("pair", "inverse")


@pytest.mark.slow
@pytest.mark.parametrize("file", [file for file in sorted(RENDERED) if file.startswith("_")])
def test_no_byte_of_an_index_or_report_can_change_unseen(tmp_path: Path, file: str) -> None:
    path = write(tmp_path) / file
    whole = path.read_bytes()
    step = max(1, len(whole) // 12)
    for place in range(0, len(whole), step):
        changed = bytes([whole[place] ^ 1])
        path.write_bytes(whole[:place] + changed + whole[place + 1 :])
        assert verify(tmp_path, FACTS, RESOLUTION), place
    path.write_bytes(whole)
    assert not verify(tmp_path, FACTS, RESOLUTION)


def test_a_wrong_hash_is_found_at_its_line(tmp_path: Path) -> None:
    path = write(tmp_path) / IMPLEMENTATION
    lines = path.read_text("utf-8").split("\n")
    number = next(number for number, line in enumerate(lines, 1) if 'symbol: "load"' in line)
    digits = lines[number - 1].split('"')[-2]
    path.write_bytes("\n".join(lines).replace(digits, "0" * 16, 1).encode())
    hashes = [finding for finding in verify(tmp_path, FACTS, RESOLUTION) if finding.check == "hash"]
    assert [(finding.file, finding.line) for finding in hashes] == [(IMPLEMENTATION, number)]


@pytest.mark.parametrize("file", sorted(RENDERED))
def test_a_missing_file_is_found(tmp_path: Path, file: str) -> None:
    (write(tmp_path) / file).unlink()
    checks = found(tmp_path)
    if "/" in file and not file.startswith("_reports"):
        assert any(check in ("links", "inverse") for check, _ in checks), "the links to it"
        assert any(check == "index" for check, _ in checks)
    else:
        assert checks == [("missing", file)]


@pytest.mark.parametrize("file", ["notes.md", "_reports/phase7.md", "drafts/a.md", "principles/a.txt"])
def test_a_stray_file_is_found(tmp_path: Path, file: str) -> None:
    path = write(tmp_path) / file
    path.parent.mkdir(exist_ok=True)
    path.write_text("words")
    assert ("stray", file) in found(tmp_path)


def test_a_stray_page_link_and_binary_are_found(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "principles" / "a.md").write_text("words")
    (tmp_path / "principles" / "b.md").symlink_to("/etc/passwd")
    (tmp_path / "principles" / "c.md").write_bytes(b"\xff\xfe")
    (tmp_path / "heuristics" / f"{OWNER}_Copy.md").write_bytes((tmp_path / HEURISTIC).read_bytes())
    checks = found(tmp_path)
    assert ("front matter", "principles/a.md") in checks
    assert ("stray", "principles/b.md") in checks
    assert ("form", "principles/c.md") in checks
    assert ("name", f"heuristics/{OWNER}_Copy.md") in checks


def changed(kind: str, change: Callable[[Page], Page]) -> Wiki:
    whole = wiki(FACTS)
    return replace(whole, pages=tuple(change(page) if page.type == kind else page for page in whole.pages))


def without_heuristics(page: Page) -> Page:
    return replace(page, edges=tuple(edge for edge in page.edges if edge.kind != "uses_heuristic"))


def test_a_page_that_nothing_reaches_is_found_unless_it_says_why(tmp_path: Path) -> None:
    lonely = changed("Workflow", without_heuristics)
    assert found(write(tmp_path / "a", lonely)) == [("unreachable", HEURISTIC)]
    noted = tuple(
        replace(page, notes=orphan_note("tribal knowledge")) if page.type == "Heuristic" else page
        for page in lonely.pages
    )
    assert found(write(tmp_path / "b", replace(lonely, pages=noted))) == []
    false_note = changed("Heuristic", lambda page: replace(page, notes=orphan_note("none")))
    assert found(write(tmp_path / "c", false_note)) == [("unreachable", HEURISTIC)]


def test_a_kept_orphan_keeps_its_principle_and_environment(tmp_path: Path) -> None:
    whole = wiki(FACTS)
    pages = [
        replace(page, notes=orphan_note("public API")) if page.type == "Implementation" else page
        for page in whole.pages
        if page.type in ("Principle", "Implementation", "Environment")
    ]
    assert found(write(tmp_path, replace(whole, pages=tuple(pages)))) == []


def test_findings_stand_in_the_audit_reports(tmp_path: Path) -> None:
    lonely = write(tmp_path, changed("Workflow", without_heuristics))
    text = (lonely / "_reports/phase6_orphan_audit.md").read_text("utf-8")
    assert "* Findings: 1" in text
    assert f"| `{HEURISTIC}` | — | unreachable |" in text
    assert "* Findings: 0" in (lonely / "_reports/phase4_audit.md").read_text("utf-8"), (
        "no workflow leads to it"
    )


def test_after_an_edit_the_old_wiki_does_not_hold(tmp_path: Path) -> None:
    write(tmp_path)
    edited = FILES | {"src/kiln/core.py": "# moved\n" + FILES["src/kiln/core.py"]}
    checks = {finding.check for finding in verify(tmp_path, repository(edited, "decade"), RESOLUTION)}
    assert {"commit", "hash", "symbol", "quote", "index", "report"} <= checks


def test_the_repository_s_own_words_are_no_claim(tmp_path: Path) -> None:
    """A docstring that writes an anchor in code marks is data, where its lines are among the sources."""
    files = FILES | {
        "src/kiln/core.py": FILES["src/kiln/core.py"].replace("Load a pot from a file.", "As `x.py:L1-2`.")
    }
    facts = repository(files)
    made = wiki(facts)
    pages = tuple(
        replace(page, usage="As `x.py:L1-2`.") if page.name in (f"{OWNER}_load", f"{OWNER}_Firing") else page
        for page in made.pages
    )
    for file, text in render_wiki(replace(made, pages=pages), facts, RESOLUTION).items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(text.encode())
    findings = verify(tmp_path, facts, RESOLUTION)
    assert [(finding.check, finding.file) for finding in findings] == [
        ("anchor", f"principles/{OWNER}_Firing.md")
    ]


def test_hostile_markdown_cannot_break_a_page(tmp_path: Path) -> None:
    hostile = "# T\n## Related Pages\n* [[step::x]]\n---\n```\nopen\n## Usage\n<!-- \n~~~"
    body = changed(
        "Heuristic",
        lambda page: replace(
            page, title="[[a::B:c]] `<b>`", overview=hostile, description=hostile, usage="<!--"
        ),
    )
    assert found(write(tmp_path, body)) == []


def test_links_by_file_resolve_within_the_wiki(tmp_path: Path) -> None:
    linked = "See [`load`](../implementations/acme_kiln_load.md), [web](https://a.org/x.md), \\[no\\](x.md)."
    assert found(write(tmp_path, changed("Principle", lambda page: replace(page, usage=linked)))) == []


def test_words_in_quotation_marks_stand_in_the_files_that_the_page_cites(tmp_path: Path) -> None:
    says = changed(
        "Heuristic",
        lambda page: replace(page, usage="“Firing twice … glaze” and “it is cold, set KILN_HOT”."),
    )
    assert found(write(tmp_path, says)) == []


def test_compare_names_each_difference_from_a_fresh_build(tmp_path: Path) -> None:
    expected = render_wiki(wiki(FACTS), FACTS, RESOLUTION)
    write(tmp_path, changed("Principle", lambda page: replace(page, usage="In 12 tests.")))
    assert compare(write(tmp_path / "fresh"), expected) == ()
    differing = [finding for finding in compare(tmp_path, expected) if "fresh/" not in finding.file]
    assert [(finding.check, finding.file) for finding in differing] == [
        ("form", f"principles/{OWNER}_Firing.md"),
        ("form", f"principles/{OWNER}_Loading.md"),
    ]
    assert differing[0].what == "'In 12 tests.', computed: 'When it is.'"


def test_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no wiki"):
        verify(tmp_path / "none", FACTS, RESOLUTION)


def test_a_range_outside_of_its_file_or_of_another_definition_is_found(tmp_path: Path) -> None:
    bad = (Source(Anchor("README.md", 0, 3), "", "x"), Source(Anchor("gone.py", 1, 1), "", "x"))
    made = changed("Heuristic", lambda page: replace(page, sources=(*page.sources, *bad)))
    whats = [finding.what for finding in verify(write(tmp_path, made), FACTS, RESOLUTION)]
    assert whats == ["README.md:L0-3: the file has 7 lines", "gone.py:L1-1: the repository has no such file"]


def test_a_workflow_of_one_step_and_a_doubled_link_are_found(tmp_path: Path) -> None:
    def one(page: Page) -> Page:
        step = Edge("step", f"Principle:{OWNER}_Loading")
        body = page.sections[0].body.split("\n\n### Step 2")[0]
        return replace(
            page, edges=(step, step), sections=(Section("Execution Steps", body), page.sections[1])
        )

    checks = found(write(tmp_path / "a", changed("Workflow", one)))
    assert ("links", WORKFLOW) in checks and ("steps", WORKFLOW) in checks
