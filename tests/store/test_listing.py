import json
from typing import Any

import pytest

from codebase_gardener.store.listing import StoredFile, check_key, read_listing
from codebase_gardener.utils.error_handling import StoreError

HASH = "a" * 64


def manifest(**files: Any) -> bytes:
    return json.dumps({"files": files}).encode()


def test_a_manifest_names_its_files() -> None:
    raw = json.dumps({"files": {"a/b c.txt": {"bytes": 3, "sha256": HASH}}}).encode()
    assert read_listing(raw, "demo") == {"a/b c.txt": StoredFile(3, HASH)}


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "a/../b",
        "/etc/passwd",
        "",
        ".",
        "a//b",
        "a/",
        "./a",
        "a\\b",
        "a\0b",
        "a\nb",
        "x" * 1025,
        "manifest.json",
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(path: str) -> None:
    with pytest.raises(StoreError, match="manifest of demo is refused"):
        read_listing(json.dumps({"files": {path: {"bytes": 3, "sha256": HASH}}}).encode(), "demo")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"files": []}',
        b'{"files": {}}',
        b"[" * 100_000,
        manifest(a=None),
        manifest(a={"bytes": -1, "sha256": HASH}),
        manifest(a={"bytes": True, "sha256": HASH}),
        manifest(a={"bytes": 1 << 60, "sha256": HASH}),
        manifest(a={"bytes": 1.5, "sha256": HASH}),
        manifest(a={"bytes": 1, "sha256": HASH.upper()}),
        manifest(a={"bytes": 1, "sha256": "../" * 22}),
        manifest(a={"bytes": 1}),
        manifest(a={"bytes": 1, "sha256": HASH}, **{"a/b": {"bytes": 1, "sha256": HASH}}),
    ],
)
def test_what_is_no_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(StoreError, match="manifest of demo is refused"):
        read_listing(raw, "demo")


@pytest.mark.parametrize("key", ["", "/a", "a/..", "../a", "a//b", "a\\b"])
def test_a_key_stays_in_its_place(key: str) -> None:
    with pytest.raises(StoreError, match="cannot be a key"):
        check_key(key)
