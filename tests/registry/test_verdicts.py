from __future__ import annotations


def test_the_newest_verdict_counts(registry, train):
    version = train()
    assert registry.latest_verdict(version) is None
    registry.add_verdict(version, "hurt", {"difference": 0.1})
    newest = registry.add_verdict(version, "helped", {"difference": -0.2})
    assert registry.latest_verdict(version) == newest
    assert newest.data == {"difference": -0.2}


def test_a_page_of_versions_takes_one_query(registry, train):
    rows = [train(), train(), train()]
    registry.add_verdict(rows[0], "hurt", {})
    registry.add_verdict(rows[0], "helped", {})
    registry.add_verdict(rows[1], "unchanged", {})
    found = registry.latest_verdicts(rows)
    assert {number: row.verdict for number, row in found.items()} == {
        rows[0].id: "helped",
        rows[1].id: "unchanged",
    }
    assert registry.latest_verdicts([]) == {}
