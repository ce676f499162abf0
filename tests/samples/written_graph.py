"""The graph of a small repository that a test writes down, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from codebase_gardener.knowledge.answers.answering import answer_from_graph
from codebase_gardener.knowledge.answers.graph import Graph
from samples.written_context import context_of

__all__ = ["graph_of", "said"]


def graph_of(files: Mapping[str, str], folder: Path) -> Graph:
    """The graph of a repository given as {path: text}, written into a folder."""
    Graph.write(folder, context_of(files).repository)
    return Graph(folder)


def said(graph: Graph, question: str, form: str = "") -> list[tuple[str, str]]:
    """The lines of an answer, each with its anchor; of that form, where one is given."""
    answer = answer_from_graph(graph, question)
    assert answer is not None
    assert form in ("", answer.form)
    return [(line.text, line.anchor) for line in answer.lines]
