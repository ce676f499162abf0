"""Going on from the last release's adapter in a minute, against five minutes from nothing.

    python benchmarks/warm_start.py OLD NEW [OLD NEW …] [--minutes 5 1 | --tokens 215000 43000] [--functions 96]

OLD and NEW are unpacked source trees of two releases. An adapter is trained on OLD for the first budget; then, on NEW,
one goes on from it for the second, and one begins from nothing with the first. Both have NEW's rows with the same
files held out, none of which OLD's adapter was trained on. Differences are warm less fresh, and warm less the old
adapter, in nats per token with retrieved code, paired, with 95 % intervals; negative is better.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codebase_gardener.bases.torch_loading import load_tokenizer
from codebase_gardener.config.settings import load_settings
from codebase_gardener.dataset.assembly import Dataset
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.evaluation.arms import ARMS, PARENT
from codebase_gardener.evaluation.measuring import heldout_functions
from codebase_gardener.evaluation.metrics import summarize
from codebase_gardener.evaluation.parent import BesideParent, Parent, Part, beside_parent
from codebase_gardener.evaluation.torch_evaluate import measure_across
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.lineage import Start, starting_point
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.repository.snapshot import Snapshot
from codebase_gardener.training.spec import TrainingSpec
from codebase_gardener.training.torch_engine import all_batches
from codebase_gardener.training.validation import encode_sides
from codebase_gardener.training.warm import WarmStart, news
from codebase_gardener.utils.names import AdapterRef
from codebase_gardener.utils.progress import Quiet

_REF = AdapterRef("pair", "default")
_COLUMNS = (
    "pair", "functions (changed)", "new rows", "tokens old, fresh, warm", "old", "fresh", "warm",
    "warm − fresh", "on what changed", "on the rest", "warm − old", "on what changed", "on the rest",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trees", nargs="+", type=Path, metavar="OLD NEW")
    parser.add_argument("--minutes", nargs=2, type=float, default=(5.0, 1.0), metavar=("FRESH", "WARM"))
    parser.add_argument("--tokens", nargs=2, type=int, metavar=("FRESH", "WARM"), help="in place of minutes")
    parser.add_argument("--functions", type=int, default=96)
    parser.add_argument("--base", help="a folder or a Hugging Face id; by default that of the settings")
    options = parser.parse_args()
    if len(options.trees) % 2:
        parser.error("trees come in pairs: OLD NEW")
    budgets = options.tokens or options.minutes
    unit = "tokens" if options.tokens else "minutes"
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    for old, new in zip(options.trees[::2], options.trees[1::2], strict=True):
        print(f"| {' | '.join(_row(old, new, budgets, unit, options))} |", flush=True)


def _row(old: Path, new: Path, budgets: tuple[float, float], unit: str, options: Any) -> list[str]:
    known = load_settings()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        if known.bases_dir.is_dir():  # a base is converted once
            (home / "bases").symlink_to(known.bases_dir)
        with Gardener(known.model_copy(update={"home": home})) as gardener:
            return _Pair(gardener, Path(folder) / "tree", options.base, unit).row(
                old, new, budgets, options.functions
            )


class _Pair:
    """Two states of one tree, in a home of their own."""

    def __init__(self, gardener: Gardener, tree: Path, base: str | None, unit: str) -> None:
        self.gardener, self.tree, self.unit = gardener, tree, unit
        self.base = gardener.base(base)

    def row(self, old: Path, new: Path, budgets: tuple[float, float], functions: int) -> list[str]:
        self._copy(old)
        dataset = self._made(Start(), self._add())
        first = self._train(dataset, budgets[0], {})
        self.gardener.activate(first.ref)
        shutil.rmtree(self.tree)
        self._copy(new)
        snapshot = self._add()
        start = starting_point(self.gardener, _REF, self.base, {})
        if start.parent is None or start.dataset is None:
            raise SystemExit(f"{new} cannot go on from {old}: {start.why}")
        dataset = self._made(start, snapshot)
        what = news(dataset[0], start.dataset)
        fresh = self._train(dataset, budgets[0], {})
        warm = self._train(dataset, budgets[1], start.options, start.warm(dataset[0], what))
        versions = (first, fresh, warm)
        measured = measure_across(
            [(version.directory, self.base) for version in versions],
            dataset[1],
            device=self.gardener.settings.device,
            dtype="auto",
            limit=functions,
        )
        asked = heldout_functions(load_dataset(dataset[1]), functions)
        beside = [
            beside_parent(
                {ARMS[-1].name: measured[2], PARENT.name: measured[number]},
                asked,
                Parent(str(versions[number].ref), versions[number].directory, start.dataset.bodies),
            )
            for number in (1, 0)
        ]
        tokens = [f"{version.metrics['tokens']:,}" for version in versions]
        nats = [f"{summarize(one).nats_per_token:.3f}" for one in measured]
        return _cells(f"{old.name} → {new.name}", len(what.rows), ", ".join(tokens), nats, beside)

    def _copy(self, source: Path) -> None:
        shutil.copytree(source, self.tree, symlinks=True, ignore=shutil.ignore_patterns(".git"))

    def _add(self) -> Snapshot:
        return self.gardener.add(str(self.tree), name=_REF.project)[1]

    def _made(self, start: Start, snapshot: Snapshot) -> tuple[Dataset, Path]:
        pages = self.gardener.wiki(_REF.project).plain_pages(snapshot, Quiet())
        return self.gardener.dataset(_REF.project, pages=pages, before=start.taught)

    def _train(
        self,
        dataset: tuple[Dataset, Path],
        budget: float,
        inherited: Mapping[str, Any],
        warm: WarmStart | None = None,
    ) -> VersionRow:
        options = {**inherited, "minutes": budget if self.unit == "minutes" else 10_000.0}
        spec = self.gardener.spec(options)
        if self.unit == "tokens":
            spec = self.gardener.spec({**options, "steps": self._steps(dataset[0], int(budget), spec, warm)})
        job = self.gardener.train(_REF, base=self.base, dataset=dataset, training=spec, warm=warm)
        self.gardener.manager.trainings.wait(job.id)
        return self.gardener.version(job.ref)

    def _steps(self, dataset: Dataset, tokens: int, spec: TrainingSpec, warm: WarmStart | None) -> int:
        """As many steps as have so many tokens, or all that there are."""
        train = encode_sides(dataset.train, load_tokenizer(self.base.path), spec, warm).train
        batches, used = all_batches(train, spec), 0
        for number, batch in enumerate(batches, start=1):
            used += sum(len(train.rows[index].ids) for index in batch)
            if used >= tokens:
                return number
        return len(batches)


def _cells(name: str, new_rows: int, tokens: str, nats: list[str], beside: list[BesideParent]) -> list[str]:
    parts = beside[0].parts
    changed = parts["changed"].functions if "changed" in parts else 0
    return [
        name,
        f"{parts['all'].functions} ({changed})",
        str(new_rows),
        tokens,
        *nats,
        *(_interval(one.parts.get(part)) for one in beside for part in ("all", "changed", "unchanged")),
    ]


def _interval(part: Part | None) -> str:
    if part is None:
        return "–"
    found = part.difference
    return f"{found.nats_per_token:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


if __name__ == "__main__":
    main()
