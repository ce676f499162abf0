"""Versions whose files are a few bytes: enough for registry and store, which do not look into them."""

from __future__ import annotations

from collections.abc import Mapping

from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.jobs.submission import adapter_directory
from codebase_gardener.registry.rows import ImportedAdapter, Publication, VersionRow
from codebase_gardener.utils.files import publish_dir, staging
from codebase_gardener.utils.names import AdapterRef


def add_version(
    gardener: Gardener, files: Mapping[str, bytes] | None = None, project: str = "demo"
) -> VersionRow:
    """Publish here, in the store, then in the registry, as an import does."""
    gardener.manager.ensure_project(project)
    number = gardener.registry.reserve_version(project, "taken")
    target = adapter_directory(gardener.settings.projects_dir, AdapterRef(project, "taken", number))
    with staging(target) as staged:
        for name, data in (files or {"adapter_config.json": b"{}", "weights": b"%d" % number}).items():
            (staged / name).write_bytes(data)
        publish_dir(staged, target)
    gardener.shared.share(target)
    return gardener.registry.publish_imported(
        ImportedAdapter(project, "taken", number, "base", "0" * 64),
        Publication.of(target, spec={}, metrics={}, libraries={}),
        {"reloaded": True},
    )
