"""Names in the site: safe on any disk, readable, and never twice."""

from __future__ import annotations

import re
import string

from codebase_gardener.wiki.site.addresses import Addresses, relative

ODD = [
    'a"b<.py', "a b.py", "a?b#c.py", "ä/ö.py", "x" * 300, "con.py", "..", "../up.py", "a.py.html/b.py", "a.py",
    "A.py", "a/b", "a\nb", "javascript:alert(1).py", "dir./f", "-", "e\u0301.py", "\u00e9.py", "aux/nul",
]  # fmt: skip


def test_plain_paths_stay_as_they_are() -> None:
    places = Addresses(["src/peft/auto.py"], ["workflows/peft_Train.md", "_WorkflowIndex.md"])
    assert places.source("src/peft/auto.py") == "source/src/peft/auto.py.html"
    assert places.wiki_file("workflows/peft_Train.md") == "workflows/peft_Train.html"
    assert places.wiki_file("_WorkflowIndex.md") == "_WorkflowIndex.html"
    assert places.source("other.py") is None


def test_odd_paths_are_safe_and_unique_without_regard_to_case() -> None:
    places = Addresses(ODD)
    found = [places.source(path) or "" for path in ODD]
    assert len({place.casefold() for place in found}) == len(ODD)
    allowed = set(string.ascii_letters + string.digits + "._-/")
    for place in found:
        assert set(place) <= allowed
        parts = place.split("/")
        assert all(part.strip(".") and not part.endswith(".") and len(part) < 130 for part in parts), place
        assert not any(re.match(r"(con|nul|aux)(\.|$)", part) for part in parts), place
    folders = {place.casefold().rpartition("/")[0] for place in found}
    assert not folders & {place.casefold() for place in found}  # no file stands where a folder must


def test_a_page_may_not_take_the_place_of_the_sites_own() -> None:
    places = Addresses([], ["index.md", "Graph.md"])
    assert places.wiki_file("index.md") != "index.html"
    assert (places.wiki_file("Graph.md") or "").casefold() != "graph.html"


def test_relative() -> None:
    assert relative("a/b/c.html", "a/d.html") == "../d.html"
    assert relative("index.html", "a/d.html") == "a/d.html"
