"""Project: one project's adapters, every step of their life a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.handle import AdapterHandle
from codebase_gardener.adapters.receipt import Receipt
from codebase_gardener.registry.rows import JobRow, VerdictRow, VersionRow
from codebase_gardener.utils.names import AdapterRef, check_name

if TYPE_CHECKING:
    from codebase_gardener.dataset.prompts import Prompt
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.merging.into_base import BaseMergeReport
    from codebase_gardener.merging.merge import MergeReport
    from codebase_gardener.models.adapter_metadata import AdapterMetadata
    from codebase_gardener.training.plan import Plan
    from codebase_gardener.training.spec import TrainingSpec

__all__ = ["Project"]


class Project:
    """A project of a home, by its name.

    Adapters are given as in commands: `name` or `name@version` of this project, `project/name`, a folder, or an id of
    the Hugging Face hub.

    Args:
        gardener: The home.
        name: The project; adapters can be imported into one that does not exist yet.

    Example:
        >>> import tempfile
        >>> from codebase_gardener import Gardener, Settings
        >>> with Gardener(Settings(home=Path(tempfile.mkdtemp()))) as gardener:
        ...     Project(gardener, "demo").spec(r=8).lora_alpha
        32.0
    """

    def __init__(self, gardener: Gardener, name: str) -> None:
        self.gardener, self.name = gardener, check_name(name, "project name")

    def _ref(self, adapter: str | None) -> AdapterRef:
        from codebase_gardener.utils.names import parse_ref

        return AdapterRef(self.name) if adapter is None else parse_ref(f"{self.name}/{adapter}")

    def _where(self, adapter: str) -> str:
        """As `locate` takes it: a bare name is one of this project."""
        return adapter if "/" in adapter or adapter.startswith((".", "~")) else f"{self.name}/{adapter}"

    # ---- training

    def spec(self, **options: Any) -> TrainingSpec:
        """Training options over those of the settings (`TrainingSpec`)."""
        return self.gardener.spec(options)

    def plan(
        self, *, base: str | None = None, budget_bytes: int | None = None, probe: bool = True, **options: Any
    ) -> Plan:
        """Options for a training with their reasons, memory and time (`plan_training`)."""
        from codebase_gardener.gardener.planning import plan_training

        rows = self.gardener.dataset(self.name)
        model = self.gardener.base(base)
        return plan_training(self.gardener, model, rows, options, budget_bytes=budget_bytes, probe=probe)

    def train(
        self, adapter: str = "default", *, base: str | None = None, file: Path | None = None, **options: Any
    ) -> JobRow:
        """Start a training in the background (`Gardener.train`)."""
        return self.gardener.train(
            AdapterRef(self.name, adapter),
            base=self.gardener.base(base),
            dataset=self.gardener.dataset(self.name, file=file),
            training=self.spec(**options),
        )

    def wait(self, job: JobRow) -> VersionRow:
        """Wait until a training has ended. Returns the version that it published.

        Raises:
            TrainingError: It failed or was cancelled.
        """
        self.gardener.manager.trainings.wait(job.id)
        return self.gardener.version(job.ref)

    def evaluate(
        self, adapter: str = "default", *, limit: int = 256, dataset: str | None = None
    ) -> VerdictRow:
        """Measure an adapter in four arms (`Gardener.evaluate`); `dataset`: the project whose rows to measure on."""
        return self.gardener.evaluate(self._ref(adapter), limit=limit, dataset=dataset)

    # ---- use

    def load(self, adapter: str = "default") -> AdapterHandle:
        """An adapter, loaded onto its base."""
        from codebase_gardener.gardener.generating import open_adapter

        return open_adapter(self.gardener, self._where(adapter))

    def generate(
        self, adapters: Sequence[str | None], prompts: Sequence[Prompt], **options: Any
    ) -> list[str]:
        """Every prompt answered by every adapter, in one batch (`generating.generate`)."""
        from codebase_gardener.gardener.generating import generate

        named = [None if adapter is None else self._where(adapter) for adapter in adapters]
        return [said.text for said in generate(self.gardener, named, prompts, **options)]

    # ---- the registry

    def adapters(self) -> list[AdapterMetadata]:
        """Versions and unfinished trainings, newest first."""
        return self.gardener.manager.list_adapters(self.name)

    def import_adapter(
        self, what: str, adapter: str, *, base: str | None = None, rename: bool = False
    ) -> VersionRow:
        """Take an adapter from a folder or the hub into the registry (`importing.import_adapter`)."""
        from codebase_gardener.gardener.importing import import_adapter

        return import_adapter(self.gardener, what, self._ref(adapter), base=base, rename=rename)

    def prove(self, adapter: str = "default", *, against: str | None = None) -> Receipt:
        """Measure an adapter in a fresh process (`importing.prove_adapter`)."""
        from codebase_gardener.gardener.importing import prove_adapter

        return Receipt.of(prove_adapter(self.gardener, self._where(adapter), against=against)[1])

    def receipts(self, adapter: str = "default") -> list[Receipt]:
        """What proofs of an adapter have measured, the newest first."""
        version = self.gardener.version(self._ref(adapter))
        rows = [row for row in self.gardener.registry.receipts(version) if row.kind != "merge"]
        return [Receipt.of(row.data) for row in sorted(rows, key=lambda row: row.id, reverse=True)]

    def merge(
        self, adapters: Mapping[str, float], into: str, *, method: str = "svd", **options: Any
    ) -> tuple[VersionRow, MergeReport]:
        """Merge adapters, with their weights, into a new version of `into` (`MergeSpec` has the options)."""
        from codebase_gardener.gardener.locating import locate
        from codebase_gardener.gardener.merging import merge_into
        from codebase_gardener.merging.merge import MergeSpec

        found = [(locate(self.gardener, self._where(name)), weight) for name, weight in adapters.items()]
        return merge_into(self.gardener, found, self._ref(into), MergeSpec(method=method, **options))

    def merge_into_base(
        self, adapters: Mapping[str, float], out: Path, *, dtype: str | None = None, **options: Any
    ) -> BaseMergeReport:
        """Merge adapters, with their weights, into their base: a whole model in the folder `out`."""
        from codebase_gardener.gardener.locating import locate
        from codebase_gardener.gardener.merging import merge_with_base
        from codebase_gardener.merging.merge import MergeSpec

        found = [(locate(self.gardener, self._where(name)), weight) for name, weight in adapters.items()]
        spec = MergeSpec(**{"method": "linear", **options})
        return merge_with_base(self.gardener, found, out, spec, dtype=dtype)

    def switch(self, adapter: str = "default") -> VersionRow:
        """Make a version the active one (`Gardener.activate`)."""
        return self.gardener.activate(self._ref(adapter))

    def disable(self, adapter: str | None = None) -> list[str]:
        """Clear the active mark (`Gardener.deactivate`)."""
        return self.gardener.deactivate(self._ref(adapter))

    def delete(self, adapter: str | None = None, *, keep: int | None = None) -> list[str]:
        """Delete an adapter, a version, or with None the project (`Gardener.delete`)."""
        return self.gardener.delete(self._ref(adapter), keep=keep)
