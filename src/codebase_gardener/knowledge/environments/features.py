"""The features of a package that its users switch on and off, as its packaging file lists them."""

from __future__ import annotations

from collections.abc import Container

from codebase_gardener.knowledge.environments.evidence_by_kind import FoundEvidence
from codebase_gardener.knowledge.environments.page_draft import EnvironmentDraft
from codebase_gardener.knowledge.environments.sections import Sheet, grid, marked
from codebase_gardener.knowledge.pages.markup import EMPTY
from codebase_gardener.knowledge.pages.quoting import inline
from codebase_gardener.knowledge.pages.wording import not_listed
from codebase_gardener.knowledge.sources.file_facts import Evidence
from codebase_gardener.manifests.contents import Switch
from codebase_gardener.manifests.table import read_manifest

__all__ = ["feature_table"]

_MOST = 30
_LONGEST_SAID = 200


def feature_table(draft: EnvironmentDraft, sheet: Sheet) -> str:
    """Each feature with what it brings, whether it is on by itself, and the comment above it; "" without any."""
    path = draft.package.path if draft.package else ""
    manifest = read_manifest(path, draft.repository.texts.get(path, ""))
    features = [one for one in manifest.switches if one.kind == "feature"] if manifest else []
    named = [one for one in features if one.name != "default"]
    if manifest is None or not named:
        return ""
    rows = [_row(one, path, manifest.features, sheet) for one in named[:_MOST]]
    table = grid(("Feature", "Brings", "By itself", "What it is for", "Where"), rows)
    more = f"\n\n{not_listed(len(named) - _MOST)}" if len(named) > _MOST else ""
    return f"Features that its users switch on and off:\n\n{table}{more}"


def _row(one: Switch, path: str, switched_on: Container[str], sheet: Sheet) -> tuple[str, ...]:
    found = FoundEvidence(path, Evidence("feature", one.start, one.end, "", one.name, one.says))
    return (
        marked(one.name),
        ", ".join(map(marked, one.brings)) or EMPTY,
        "on" if one.name in switched_on else "off",
        f"“{inline(one.says, _LONGEST_SAID)}”" if one.says else EMPTY,
        sheet.anchor(found),
    )
