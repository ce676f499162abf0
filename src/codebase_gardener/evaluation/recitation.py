"""How much of its training rows an adapter repeats word for word, against the base and against held-out rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codebase_gardener.evaluation.measuring import Scorer
from codebase_gardener.training.encoding import IGNORE, EncodedExample

__all__ = ["RECITED_TOKENS", "Recitation", "recitation"]

RECITED_TOKENS = 32


@dataclass(frozen=True)
class Recitation:
    """Shares of rows of which the first 32 tokens of what is trained on are greedy decoding's, 0 to 1.

    Attributes:
        rows: Training rows that have so many.
        base, adapter: Of these rows.
        heldout_rows: Held-out ones that have so many.
        heldout: The adapter's share of those: what is written alike because it is plain.
    """

    rows: int
    base: float
    adapter: float
    heldout_rows: int
    heldout: float


def recitation(
    scorer: Scorer, trained: Sequence[EncodedExample], heldout: Sequence[EncodedExample]
) -> Recitation | None:
    """Measure; None where no training row is long enough.

    Greedy decoding says a text if and only if each of its tokens is the most likely one behind those before it, so
    one pass over the text tells.
    """
    rows = [row for row in map(_beginning, trained) if row is not None]
    others = [row for row in map(_beginning, heldout) if row is not None]
    if not rows:
        return None
    return Recitation(
        len(rows),
        _share(scorer, rows, adapter=False),
        _share(scorer, rows, adapter=True),
        len(others),
        _share(scorer, others, adapter=True),
    )


def _beginning(row: EncodedExample) -> EncodedExample | None:
    """The row up to the 32nd token of its last stretch that is trained on; None for a shorter one."""
    asked = max((n for n, label in enumerate(row.labels) if label == IGNORE), default=0) + 1
    end = asked + RECITED_TOKENS
    if asked >= len(row.ids) or end > len(row.ids):
        return None
    labels = (*(IGNORE,) * asked, *row.ids[asked:end])
    return replace(row, ids=row.ids[:end], labels=labels, ends=False)


def _share(scorer: Scorer, rows: Sequence[EncodedExample], *, adapter: bool) -> float:
    scores = scorer.scores(rows, adapter=adapter) if rows else []
    return sum(all(score.hits) for score in scores) / max(1, len(scores))
