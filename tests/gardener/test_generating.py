"""Which base answers beside an adapter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from codebase_gardener.bases.resolution import Base
from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.generating import generate


def test_the_base_beside_an_adapter_is_the_one_that_it_is_on(
    settings: Settings, folder: Path, base: Base, make_base: Callable[..., Path]
) -> None:
    other = make_base(seed=1)
    with Gardener(settings.model_copy(update={"base": str(other)})) as gardener:
        said = generate(gardener, [str(folder), None], ["f(1) = "], max_new_tokens=1)
        assert [(bool(row.adapter), row.base) for row in said] == [(True, base.id), (False, base.id)]
        assert [row.base for row in generate(gardener, [None], ["f(1) = "], max_new_tokens=1)] == [str(other)]
        asked = generate(gardener, [None], ["f(1) = "], base=base.id, max_new_tokens=1)
        assert [row.base for row in asked] == [base.id]
