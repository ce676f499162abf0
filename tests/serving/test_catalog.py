"""Names of models: each is looked up by itself, however many projects there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from codebase_gardener.models.peft_manager import PeftManager
from codebase_gardener.serving.catalog import Catalog
from codebase_gardener.utils.error_handling import NotFoundError


@pytest.mark.slow
def test_a_name_is_looked_up_without_a_list_of_all_projects(
    manager: PeftManager, ready: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ready(manager, "demo")

    def listed() -> None:
        raise AssertionError("ten thousand projects were read for one request")

    catalog = Catalog(manager, lambda project: None, lambda project: "default")  # type: ignore[arg-type, return-value]
    with monkeypatch.context() as patch:
        patch.setattr(manager.registry, "projects", listed)
        for name in ("demo", "demo/default", str(row.ref), "demo:bare", "demo:base"):
            assert catalog.resolve(name).project == "demo"
    with pytest.raises(NotFoundError, match="no model 'nothing'"):
        catalog.resolve("nothing")
    ready(manager, "other")
    only = Catalog(manager, lambda project: None, lambda project: "default", ["other"])  # type: ignore[arg-type, return-value]
    with pytest.raises(NotFoundError, match="no model 'demo'"):
        only.resolve("demo")
