"""The calls, assignments and names of a passage that do what is asked."""

from __future__ import annotations

from pathlib import Path

from codebase_gardener.retrieval.stems import stems
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.wiki.shown_names import shown_names
from samples.written_graph import graph_of

SHELF = """package pot

// A Shelf holds pots.
type Shelf struct {
	// SortPots says whether pots stand in order.
	SortPots bool
}

// MarkBroken hides a pot.
func (s *Shelf) MarkBroken(name string) {}

// Fill adds a pot.
func (s *Shelf) Fill(name string) {}
"""


def shown(text: str, question: str, tmp_path: Path, told: set[str] | None = None) -> list[tuple[str, str]]:
    graph = graph_of({"shelf.go": SHELF, "go.mod": "module pot\n"}, tmp_path)
    lines = text.split("\n")
    anchor = Anchor("README.md", 5, 4 + len(lines))
    found = shown_names(anchor, lines, graph, set(stems(question)), told)
    return [(line.text, line.anchor) for line in found]


def test_a_field_that_is_assigned_counts_like_a_call(tmp_path: Path) -> None:
    text = '## Order\n\n```go\ns.Fill("a")\ns.SortPots = false\n```'
    assert shown(text, "stop sorting pots", tmp_path, {"shelf.go:L1-1"}) == [
        ("`s.SortPots = false`", "README.md:L9-9"),
        ("field `Shelf.SortPots`: SortPots says whether pots stand in order.", "shelf.go:L6-6"),
    ]


def test_the_only_call_answers_whatever_it_is_called(tmp_path: Path) -> None:
    text = '## Hidden pots\n\n```go\ns.MarkBroken("a")\n```'
    assert [text for text, _ in shown(text, "hide one", tmp_path)] == [
        '`s.MarkBroken("a")`',
        "method `Shelf.MarkBroken`: MarkBroken hides a pot.",
    ]
    both = f'{text}\ns.Fill("a")\n'
    assert shown(both, "hide one", tmp_path) == []


def test_what_is_told_is_not_told_again(tmp_path: Path) -> None:
    text = '## Filling\n\n```go\ns.Fill("a")\n```'
    place = shown(text, "fill", tmp_path)[1][1]
    assert shown(text, "fill", tmp_path, {place}) == []


def test_a_name_in_prose_is_told_with_its_sentence(tmp_path: Path) -> None:
    text = "Order of `SortPots`\n\n- `Shelf.SortPots` - Say whether they\n  are sorted. It is new.\n- `other` - Not."
    assert shown(text, "sort them", tmp_path) == [
        ("`Shelf.SortPots`: Say whether they are sorted.", "README.md:L7-7")
    ]


def test_what_a_passage_defines_itself_is_its_own(tmp_path: Path) -> None:
    text = '## Hidden pots\n\n```go\nfunc Fill() {\n\ts.MarkBroken("a")\n}\n\nfunc main() { Fill() }\n```'
    told = shown(text, "fill one", tmp_path)
    assert [text for text, _ in told] == [
        '`s.MarkBroken("a")`',
        "method `Shelf.MarkBroken`: MarkBroken hides a pot.",
    ]
