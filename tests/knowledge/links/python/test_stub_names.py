"""What stubs hand out: nothing beside the module itself; else what they define, and what `as` names again."""

from __future__ import annotations

from samples.written_context import context_of

FILES = {
    "pot/_make.py": "def fire(): pass\n\ndef glaze(): pass\n",
    "pot/__init__.pyi": "from ._make import fire, glaze as glaze\n\ndef only() -> int: ...\n",
}


def public(files: dict[str, str]) -> set[str]:
    resolution = context_of(files).resolution
    return {*resolution.public, *resolution.exported.values(), *resolution.told.values()}


def test_a_stub_hands_out_what_it_defines_and_names_again() -> None:
    found = public(FILES)
    assert {"pot.glaze", "pot.only"} <= found
    assert "pot.fire" not in found


def test_beside_its_module_a_stub_hands_out_nothing() -> None:
    found = public({**FILES, "pot/__init__.py": "from ._make import fire\n"})
    assert "pot.fire" in found
    assert not {"pot.glaze", "pot.only"} & found


def test_what_all_names_is_handed_out() -> None:
    assert "pot.fire" in public(
        {**FILES, "pot/__init__.pyi": '__all__ = ["fire"]\nfrom ._make import fire\n'}
    )
