"""Other choices of retrieved code, beside today's: what the base makes of held-out functions with each before them.

    python benchmarks/retrieval_arms.py REPOSITORY… [--base FOLDER] [--functions 24] [--variants NAME…] [--coverage]

Nats per token of base + retrieval, no adapter, with paired differences to what `ContextFinder` gives. `--coverage` asks
no model: of the 4-token runs that bodies say anew, how many stand in the retrieved code, on all held-out functions.

Nothing of a held-out file is in the index. Beside today's query, a variant looks at the text before the function.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import resolve_base
from codebase_gardener.dataset.assembly import generate_dataset
from codebase_gardener.dataset.context import ContextFinder, training_side, without_docstring
from codebase_gardener.dataset.heldout import HeldoutFunction
from codebase_gardener.dataset.prompts import (
    CONTEXT_CHARS,
    comment_prefix,
    documents_that_fit,
    retrieval_query,
)
from codebase_gardener.dataset.split import Split
from codebase_gardener.evaluation.measuring import MAX_LENGTH, RowScore, _measurements, _without_last
from codebase_gardener.evaluation.metrics import Measurement, difference, summarize
from codebase_gardener.languages.symbols import Symbol
from codebase_gardener.repository.areas import area_of
from codebase_gardener.repository.extraction import extract_tables
from codebase_gardener.repository.snapshot import take_snapshot
from codebase_gardener.retrieval.documents import Document
from codebase_gardener.retrieval.index import Hit
from codebase_gardener.training.encoding import IGNORE, encode_completion
from codebase_gardener.utils.anchors import source_lines
from retrieval import runs

_IMPORT = re.compile(
    r"^[ \t]*(?:from|import|use|export|#include|require)\b[^\n({]*(?:\([^)]*\)|\{[^}]*\})?[^\n]*", re.M
)
_CALL = re.compile(r"([^\W\d]\w*)\s*\(")
_WORD = re.compile(r"[^\W\d]\w*")
_SIGNATURE_ROOM = 500
_SIGNATURE_LINES = 6
_LIKELY = 1.5  # times the score


@dataclass(frozen=True)
class Asked:
    """A held-out function, what stands before it in its file, and where code for it may come from."""

    function: HeldoutFunction
    symbol: Symbol
    head: str
    finder: ContextFinder

    @property
    def imported(self) -> list[str]:
        """Words of the file's imports."""
        return [word for found in _IMPORT.findall(self.head) for word in _WORD.findall(found)]

    @property
    def owner(self) -> str:
        """The line that opens the enclosing class, with its bases."""
        name = self.symbol.qualified_name.rpartition(".")[0].rpartition(".")[2]
        found = re.search(rf"^.*\b(?:class|impl|struct|type)\b.*\b{re.escape(name)}\b.*$", self.head, re.M)
        return found[0] if name and found else ""

    @property
    def called(self) -> list[str]:
        """What the file calls before the function, the nearest first."""
        return list(dict.fromkeys(reversed(_CALL.findall(self.head))))


def _hits(asked: Asked, query: str) -> list[Hit]:
    return asked.finder.index.search(
        query,
        k=64,
        exclude=lambda document: document.kind not in ("function", "method"),
        exclude_paths=(asked.symbol.path,),
    )


def _chosen(
    asked: Asked,
    query: str,
    *,
    first: Callable[[Hit], Any] = lambda hit: 0,
    room: int = CONTEXT_CHARS,
    signatures: Sequence[Document] = (),
    most: int = 8,
) -> list[Document]:
    """As `ContextFinder.search` chooses, with another query, order, or room."""
    hits = sorted(_hits(asked, query), key=lambda hit: (_is_other(hit, asked), first(hit)))
    chosen: list[Document] = []
    for document in (without_docstring(hit.document) for hit in hits):
        if len(chosen) == most:
            break
        if not any(
            document.text == other.text or document.overlaps(other.path, *other.line_range)
            for other in chosen
        ):
            chosen.append(document)
    return documents_that_fit(chosen, room)


def _signatures(asked: Asked, names: Sequence[str], room: int) -> list[Document]:
    """The first lines of what the repository has under these names, in the names' order, as one document each."""
    by_name: dict[str, Document] = {}
    for document in asked.finder.index.documents:
        if document.kind in ("function", "method", "class") and document.path != asked.symbol.path:
            by_name.setdefault(document.symbol.rpartition(".")[2], document)
    found = []
    for name in dict.fromkeys(names):
        if name not in by_name or name == asked.symbol.name:
            continue
        document = by_name[name]
        lines = source_lines(document.text)[:_SIGNATURE_LINES]
        end = next((n for n, line in enumerate(lines, 1) if line.rstrip().endswith((":", "{"))), 1)
        text = "".join(lines[:end])
        room -= len(text) + len(document.anchor) + 5
        if room < 0:
            break
        found.append(replace(document, text=text))
    return found


def _is_other(hit: Hit, asked: Asked) -> bool:
    return hit.document.symbol.rpartition(".")[2] != asked.symbol.name


def _same_folder(asked: Asked, weight: float) -> Callable[[Hit], Any]:
    folder = asked.symbol.path.rpartition("/")[0]
    return lambda hit: -hit.score * (weight if hit.document.path.rpartition("/")[0] == folder else 1)


def _same_area(asked: Asked) -> Callable[[Hit], Any]:
    area = area_of(asked.symbol.path)
    return lambda hit: (area_of(hit.document.path) != area, -hit.score)


def _likely_area(asked: Asked) -> Callable[[Hit], Any]:
    area = area_of(asked.symbol.path)
    return lambda hit: -hit.score * (_LIKELY if area_of(hit.document.path) == area else 1)


def _with_base_classes(asked: Asked, *, near: bool) -> list[Document]:
    """The classes that the enclosing one is made from, their members as signatures."""
    names = _WORD.findall(asked.owner.partition("(")[2])
    classes = [
        one
        for one in asked.finder.index.documents
        if one.kind == "class" and one.symbol in names and one.path != asked.symbol.path
    ]
    signatures = documents_that_fit(classes, _SIGNATURE_ROOM) if classes else []
    taken = sum(len(one.text) + len(one.anchor) + 5 for one in signatures)
    code = _chosen(asked, retrieval_query(asked.symbol), room=CONTEXT_CHARS - taken)
    return [*signatures, *code] if near else [*code, *signatures]


def _with_signatures(asked: Asked, names: Sequence[str], *, near: bool) -> list[Document]:
    signatures = _signatures(asked, names, _SIGNATURE_ROOM)
    taken = sum(len(one.text) + len(one.anchor) + 5 for one in signatures)
    code = _chosen(asked, retrieval_query(asked.symbol), room=CONTEXT_CHARS - taken)
    return [*signatures, *code] if near else [*code, *signatures]


VARIANTS: dict[str, Callable[[Asked], list[Document]]] = {
    "today": lambda a: list(a.finder.documents(a.symbol)),
    "query: imports": lambda a: _chosen(a, "\n".join([retrieval_query(a.symbol), *a.imported])),
    "query: class line": lambda a: _chosen(a, f"{retrieval_query(a.symbol)}\n{a.owner}"),
    "query: nearest calls": lambda a: _chosen(a, "\n".join([retrieval_query(a.symbol), *a.called[:8]])),
    "same folder × 1.2": lambda a: _chosen(a, retrieval_query(a.symbol), first=_same_folder(a, 1.2)),
    "same folder × 1.5": lambda a: _chosen(a, retrieval_query(a.symbol), first=_same_folder(a, 1.5)),
    "same folder × 2": lambda a: _chosen(a, retrieval_query(a.symbol), first=_same_folder(a, 2)),
    "same folder first": lambda a: _chosen(a, retrieval_query(a.symbol), first=_same_folder(a, 1e6)),
    "same area": lambda a: _chosen(a, retrieval_query(a.symbol), first=_same_area(a)),
    "same area × 1.5": lambda a: _chosen(a, retrieval_query(a.symbol), first=_likely_area(a)),
    "base classes, far": lambda a: _with_base_classes(a, near=False),
    "base classes, near": lambda a: _with_base_classes(a, near=True),
    "signatures of calls, far": lambda a: _with_signatures(a, a.called, near=False),
    "signatures of calls, near": lambda a: _with_signatures(a, a.called, near=True),
    "signatures of imports, far": lambda a: _with_signatures(a, a.imported, near=False),
    "signatures of imports, near": lambda a: _with_signatures(a, a.imported, near=True),
    "3,000 characters": lambda a: _chosen(a, retrieval_query(a.symbol), room=3_000, most=12),
    "4,000 characters": lambda a: _chosen(a, retrieval_query(a.symbol), room=4_000, most=16),
    "1,000 characters": lambda a: _chosen(a, retrieval_query(a.symbol), room=1_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("repositories", nargs="+")
    parser.add_argument("--base", type=Path, help="folder of a base; by default the embedded one")
    parser.add_argument("--functions", type=int, default=24)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--coverage", action="store_true")
    parser.add_argument("--max-length", type=int, default=MAX_LENGTH, help="tokens of prompt and body")
    options = parser.parse_args()
    names = ["today", *(name for name in options.variants if name != "today")]
    scorer = None if options.coverage else _scorer(options.base)
    for source in options.repositories:
        asked = _asked(source)
        if scorer is None:
            _print_coverage(Path(source).name, asked, names)
        else:
            _print_losses(Path(source).name, asked[: options.functions], names, scorer, options.max_length)


def _asked(source: str) -> list[Asked]:
    snapshot = take_snapshot(source)
    dataset, tables = generate_dataset(snapshot), extract_tables(snapshot)
    finder = training_side(snapshot, tables, Split(frozenset(dataset.report.heldout_files)), 0)
    symbols = {(str(s.anchor), s.qualified_name): s for table in tables.values() for s in table.symbols}
    lines = {file.path: source_lines(file.text) for file in snapshot.files}
    found = []
    for function in dataset.heldout:
        symbol = symbols[function.anchor, function.symbol]
        head = "".join(lines[symbol.path][: symbol.start - 1])
        found.append(Asked(function, symbol, head, finder))
    return found


def _front(asked: Asked, documents: Sequence[Document]) -> str:
    """As `context_part` writes it, with as much room as the variant took."""
    comment = comment_prefix(asked.symbol.language)
    return "".join(f"{comment} {one.anchor}\n{one.text.rstrip()}\n\n" for one in reversed(documents))


# ---- without a model


def _print_coverage(name: str, asked: Sequence[Asked], names: Sequence[str]) -> None:
    for variant in names:
        shares = [s for a in asked if (s := _covered(a, VARIANTS[variant](a))) is not None]
        print(f"| {name} | {variant} | {len(shares)} | {100 * statistics.mean(shares):.1f} % |", flush=True)


def _covered(asked: Asked, documents: Sequence[Document]) -> float | None:
    new = runs(asked.function.completion) - runs(asked.function.prompt)
    return len(new & runs(_front(asked, documents))) / len(new) if new else None


# ---- with the base


def _scorer(folder_of_base: Path | None) -> Any:
    from peft import LoraConfig, get_peft_model

    from codebase_gardener.bases.torch_loading import load_model, load_tokenizer
    from codebase_gardener.evaluation.torch_scorer import TorchScorer
    from codebase_gardener.training.torch_device import measure_gemm, pick_dtype

    with tempfile.TemporaryDirectory() as folder:
        base = folder_of_base or resolve_base("smollm2-135m", Path(folder)).path
        tokenizer, plain = (
            load_tokenizer(base),
            load_model(base, dtype=pick_dtype("auto", measure_gemm("cpu"))),
        )
    return TorchScorer(get_peft_model(plain, LoraConfig()).eval(), tokenizer)


def _print_losses(
    name: str, asked: Sequence[Asked], names: Sequence[str], scorer: Any, max_length: int
) -> None:
    prompts = [[_front(a, VARIANTS[n](a)) + a.function.prompt for n in names] for a in asked]
    assert [p[0] for p in prompts] == [a.function.prompt_with_context for a in asked]
    encoded = []
    for a, own in zip(asked, prompts, strict=True):
        rows = [
            encode_completion(p, a.function.completion, scorer.tokenizer, max_length=max_length, end=False)
            for p in own
        ]
        counts = [sum(label != IGNORE for label in row.labels) for row in rows]
        encoded.append([_without_last(row, n - min(counts)) for row, n in zip(rows, counts, strict=True)])
    today: list[Measurement] = []
    known: dict[tuple[int, ...], RowScore] = {}
    for number, variant in enumerate(names):
        rows = [own[number] for own in encoded]
        changed = sum(own[number] != own[0] for own in encoded)
        named = [(a.function.path, a.function.completion, row) for a, row in zip(asked, rows, strict=True)]
        new = [row for row in rows if row.ids not in known]
        known |= zip((row.ids for row in new), scorer.scores(new, adapter=False), strict=True)
        measured = _measurements(named, [known[row.ids] for row in rows], scorer.tokenizer)
        today = today or measured
        found = difference(measured, today)
        print(
            f"| {name} | {variant} | {changed} of {len(asked)} | {summarize(measured).nats_per_token:.3f} "
            f"| {found.nats_per_token:+.3f}, {found.low:+.3f} to {found.high:+.3f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
