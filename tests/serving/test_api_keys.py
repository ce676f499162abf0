"""API keys at rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.serving.api_keys import ApiKeys, add_key
from codebase_gardener.utils.error_handling import InvalidInputError, NotFoundError


def test_keys_are_kept_as_hashes_only(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    one, two = add_key(file), add_key(file)
    kept = file.read_text()
    assert one not in kept and two not in kept and len(kept.splitlines()) == 2
    assert file.stat().st_mode & 0o077 == 0
    keys = ApiKeys.read(file)
    assert keys.knows(one.encode()) and keys.knows(two.encode())
    assert not any(keys.knows(wrong) for wrong in (b"", one[:-1].encode(), kept.splitlines()[0].encode()))
    salts = {line.split(":")[1] for line in kept.splitlines()}
    assert len(salts) == 2


def test_a_file_that_holds_no_hashes_is_refused_and_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    for text in ("my-own-key\n", "", "\xff"):
        file.write_text(text, "latin-1")
        with pytest.raises(InvalidInputError) as caught:
            ApiKeys.read(file)
        assert "my-own-key" not in str(caught.value) + caught.value.hint
    file.write_text("my-own-key\n")
    with pytest.raises(InvalidInputError):
        add_key(file)
    assert file.read_text() == "my-own-key\n"
    with pytest.raises(NotFoundError):
        ApiKeys.read(tmp_path / "none")
