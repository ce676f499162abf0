"""Pages of projects and of versions, each by one query."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from codebase_gardener.registry.transactions import Registry


@pytest.fixture
def queries(registry: Registry):
    """What is asked of the database."""
    said: list[str] = []

    def note(connection, cursor, statement, *_):
        said.append(statement)

    event.listen(registry.database.engine, "before_cursor_execute", note)
    yield said
    event.remove(registry.database.engine, "before_cursor_execute", note)


def test_a_project_is_listed_with_what_it_has(registry, train):
    registry.add_project("empty", "/src/empty", "git")
    rows = [train(), train(adapter_name="other"), train()]
    registry.set_active("demo", "default", 1)
    demo, empty = registry.listed_projects()
    assert (demo.name, demo.source, demo.current_adapter) == ("demo", "/src/demo", None)
    assert (demo.answers, demo.adapters, demo.versions, demo.active) == (1, 2, 3, 1)
    assert demo.bytes == sum(row.bytes for row in rows) > 0
    assert (empty.answers, empty.adapters, empty.versions, empty.active, empty.bytes) == (None, 0, 0, 0, 0)
    assert demo.verdict is empty.verdict is None


def test_the_verdict_of_a_project_is_that_of_what_answers(registry, train):
    first, second, other = train(), train(), train(adapter_name="other")
    assert registry.listed_projects()[0].verdict is None
    registry.add_verdict(other, "unchanged", {})
    registry.add_verdict(first, "hurt", {})
    assert registry.listed_projects()[0].verdict == "unchanged"  # of the newest: none is active
    registry.set_active("demo", "default", second.version)
    assert registry.listed_projects()[0].verdict is None  # what answers was not evaluated
    registry.add_verdict(second, "unchanged", {})
    registry.add_verdict(second, "helped", {})
    registry.add_verdict(other, "hurt", {})
    assert registry.listed_projects()[0].verdict == "helped"
    registry.set_active("demo", "default", first.version)
    assert registry.listed_projects()[0].verdict == "hurt"


def test_of_several_active_adapters_the_current_one_answers(registry, train):
    train(), train(adapter_name="other"), train(adapter_name="third")
    for name, word in (("default", "hurt"), ("other", "helped"), ("third", "unchanged")):
        registry.add_verdict(registry.versions("demo", name)[0], word, {})
    registry.set_active("demo", "other", 1)
    assert registry.listed_projects()[0].verdict == "helped"  # `default` is called, but not active
    assert registry.listed_projects()[0].answers is None
    registry.set_active("demo", "default", 1)
    assert registry.listed_projects()[0].verdict == "hurt"
    registry.set_current_adapter("demo", "other")
    assert (registry.listed_projects()[0].verdict, registry.listed_projects()[0].answers) == ("helped", 1)


def test_projects_come_by_name_a_page_at_a_time(registry):
    for name in ("a1", "a2", "a3"):
        registry.add_project(name, f"/src/{name}", "git")
    page = registry.listed_projects(limit=2)
    assert [row.name for row in page] == ["a1", "a2"]
    assert [row.name for row in registry.listed_projects(after="a2", limit=9)] == ["a3", "demo"]
    assert [row.name for row in registry.listed_projects(name="a3")] == ["a3"]
    assert registry.listed_projects(name="a") == registry.listed_projects(after="demo") == []


@pytest.mark.parametrize(
    ("containing", "names"),
    [("DEM", ["demo"]), ("x_y", ["x_y"]), ("%", ["per"]), ("_", ["x_y"]), ("/SRC/", ["demo", "x_y", "xzy"]),
     ("\\", []), ("' OR 1=1 --", []), ("", ["demo", "per", "x_y", "xzy"])],
)  # fmt: skip
def test_what_is_typed_is_found_in_name_and_source_as_it_stands(registry, containing, names):
    registry.add_project("x_y", "/src/one", "git")
    registry.add_project("xzy", "/src/two", "git")
    registry.add_project("per", "/100%/three", "git")
    assert [row.name for row in registry.listed_projects(containing)] == names


def test_versions_come_newest_first_a_page_at_a_time(registry, train):
    rows = [train(), train(adapter_name="other"), train()]
    page = registry.listed_versions("demo", limit=2)
    assert [row.ref for row in page] == [rows[2].ref, rows[1].ref]
    assert [row.ref for row in registry.listed_versions("demo", before=page[-1].id)] == [rows[0].ref]
    assert registry.listed_versions("nobody") == registry.listed_versions("demo", before=rows[0].id) == []


def test_a_version_is_listed_with_its_newest_verdict_and_proof(registry, train):
    bare, known = train(), train()
    registry.add_verdict(known, "hurt", {"reason": "before"})
    registry.add_verdict(known, "helped", {"reason": "after"})
    newest, oldest = registry.listed_versions("demo")
    assert (newest.verdict, newest.figures) == ("helped", {"reason": "after"})
    assert (oldest.verdict, oldest.figures) == (None, None)
    assert newest.proof == {"largest_difference": 0.5}
    assert (newest.project, newest.spec, newest.lineage) == ("demo", known.spec, None)
    assert oldest.ref == bare.ref


@pytest.mark.parametrize(("containing", "found"), [("HELP", [2]), ("oth", [1]), ("%", []), ("", [2, 1])])
def test_versions_are_found_by_adapter_base_or_verdict(registry, train, containing, found):
    first, second = train(adapter_name="other"), train(adapter_name="more")
    registry.add_verdict(second, "helped", {})
    numbers = {first.id: 1, second.id: 2}
    assert [numbers[row.id] for row in registry.listed_versions("demo", containing)] == found


def test_each_page_is_one_query(registry, train, queries):
    for _ in range(3):
        registry.add_verdict(train(), "helped", {})
    queries.clear()
    assert len(registry.listed_projects()) == 1
    assert len(registry.listed_versions("demo")) == 3
    assert len([one for one in queries if one.startswith("SELECT")]) == 2
