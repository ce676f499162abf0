from __future__ import annotations

import pytest

from codebase_gardener.utils.error_handling import ConflictError


def test_receipts_are_kept_newest_first(registry, train):
    version = train()
    merged = registry.add_receipt(version, "merge", {"largest_difference": 1e-6})
    assert [receipt.kind for receipt in registry.receipts(version)] == ["merge", "proof"]
    assert registry.receipts(version)[0] == merged


def test_a_deleted_version_takes_no_receipt(registry, train):
    version = train()
    registry.delete_version(version.ref)
    with pytest.raises(ConflictError, match="changed meanwhile"):
        registry.add_receipt(version, "merge", {})
