from __future__ import annotations

from dataclasses import replace

from codebase_gardener.knowledge.pages.repo_map import PARTS, coverage, render_repo_map, repo_map_file
from codebase_gardener.knowledge.sources.repository_facts import RepositoryFacts
from samples.small_wiki import FILES, OWNER, repository, wiki


def rows(text: str, part: str) -> list[str]:
    section = text.split(f"## {part}\n")[1].split("\n## ", maxsplit=1)[0]
    return [line for line in section.split("\n") if line.startswith(("| ✅", "| ⬜"))]


def test_every_file_is_in_one_section_with_its_lines() -> None:
    text = render_repo_map(wiki(repository()), repository())
    counted = {part: rows(text, part) for part in PARTS}
    assert {part: len(found) for part, found in counted.items()} == {
        "Package": 3, "Examples": 0, "Tests": 1, "Other": 2,
    }  # fmt: skip
    assert (
        "| ✅ | `src/kiln/__init__.py` | 5 | What src/kiln/\\_\\_init\\_\\_.py \\| is for. | — | — |" in text
    )
    assert "* Files: 6\n* Total lines: 82\n* Explored: 6/6\n* Covered by pages: 3/6\n* Left out: 1" in text
    assert "| `logo.png` | binary: .png file |" in text


def test_coverage_is_that_of_the_pages_sources() -> None:
    text = render_repo_map(wiki(repository()), repository())
    assert "| Workflow: Firing_Pots; Impl: fire, load |" in next(
        row for row in rows(text, "Other") if "README" in row
    )
    assert "| Impl: fire, load; Env: Core_Environment; Heur: Firing_Twice | 4 symbols |" in text
    assert set(coverage(wiki(repository()).pages)) == {"README.md", "setup.py", "src/kiln/core.py"}


def test_a_file_that_could_not_be_read_says_why() -> None:
    facts = repository(FILES | {"src/kiln/broken.py": "def (:\n"})
    made = wiki(facts)
    row = next(row for row in rows(render_repo_map(made, facts), "Package") if "broken" in row)
    assert row.startswith("| ⬜ | `src/kiln/broken.py` | 1 |")
    assert "syntax error at line 1" in row
    assert "* Explored: 6/7" in render_repo_map(made, facts)


def test_text_is_not_explored() -> None:
    facts = repository()
    kept = {
        path: replace(file, language="text") if path == "setup.py" else file
        for path, file in facts.facts.items()
    }
    text = render_repo_map(wiki(facts), RepositoryFacts(OWNER, facts.snapshot, kept))
    assert "| kept as text |" in next(row for row in rows(text, "Other") if "setup.py" in row)


def test_thousands_of_files_are_all_there() -> None:
    facts = repository(FILES | {f"src/kiln/part_{number}.py": "x = 1\n" for number in range(3000)})
    assert len(rows(render_repo_map(wiki(facts), facts), "Package")) == 3003


def test_a_hostile_purpose_stays_in_its_cell() -> None:
    facts = repository()
    purpose = "a | b\n## T\n`c` [[step::Principle:x]] <b>"
    changed = {path: replace(file, purpose=purpose) for path, file in facts.facts.items()}
    text = render_repo_map(wiki(facts), RepositoryFacts(OWNER, facts.snapshot, changed))
    assert "| a \\| b ## T \\`c\\` \\[\\[step::Principle:x\\]\\] \\<b\\> |" in text
    assert repo_map_file(OWNER) == f"_RepoMap_{OWNER}.md"
