"""What a `cfg` of Rust keeps in a plain build on 64-bit Linux, and what it leaves out."""

from __future__ import annotations

import pytest

from codebase_gardener.languages.rust_builds import is_left_out_of_rust, rust_conditions


@pytest.mark.parametrize(
    ("attribute", "left_out"),
    [
        ("inline", False),
        ("cfg(unix)", False),
        ("cfg(windows)", True),
        ('cfg(feature = "std")', False),
        ('cfg(feature = "glaze")', True),
        ('cfg(not(feature = "glaze"))', False),
        ('cfg(all(feature = "std", not(any(windows, target_os = "macos"))))', False),
        ('cfg(all(not(feature = "std"), pot_old))', True),
        ('cfg(target_pointer_width = "32")', True),
        ('cfg(words = "64")', False),
        ('cfg(words = "32")', True),
        ("cfg_attr(windows, inline)", False),
    ],
)
def test_what_an_attribute_asks_for(attribute: str, left_out: bool) -> None:
    assert is_left_out_of_rust([attribute], ["default", "std"]) == left_out


def test_without_features_known_none_is_asked_for() -> None:
    assert not is_left_out_of_rust(['cfg(not(feature = "std"))'], None)
    assert not is_left_out_of_rust(['cfg(all(windows, feature = "std"))'], None)
    assert is_left_out_of_rust(["cfg(windows)"], None)


def test_conditions_ask_for_more_than_features() -> None:
    text = """
        // #[cfg(plan9)]
        #[cfg(feature = "glaze")]
        #[cfg(test)]
        #[cfg(all(
            windows,
            feature = "glaze",
        ))]
        fn fire() { if cfg!(target_os = "linux") {} }
        #[cfg_attr(unix, inline)]
        #[cfg(target_os = "linux")]
        let arch = env::var("CARGO_CFG_TARGET_ARCH");
        """
    assert list(rust_conditions("src/lib.rs", text)) == [
        (5, 'all(windows, feature = "glaze")'),
        (9, 'target_os = "linux"'),
        (10, "unix"),
        (12, "target_arch"),
    ]
