"""Loss curves show the training loss and, where rows were set aside, the validation loss with its best."""

from __future__ import annotations

from pathlib import Path

import pytest

from codebase_gardener.cli.curves import curve_image, curve_text

STEPS = [{"step": n, "loss": 5 - n / 10, "smooth_loss": 5 - n / 20} for n in range(1, 21)]
LOOKS = {0: 5.5, 5: 4.6, 10: 4.2, 15: 4.4, 20: 4.8}


def test_the_text_marks_looks_and_the_best_of_them() -> None:
    lines = curve_text(STEPS, LOOKS).splitlines()
    shown = [line[8:] for line in lines[:8]]
    found = {mark: [line.find(mark) for line in shown if mark in line] for mark in "○●"}
    assert found["●"] == [9], "in the column of step 10"
    assert sorted(found["○"]) == [4, 14, 19]
    assert lines[-1].strip() == "○ validation, ● the best of it"


def test_without_looks_there_is_only_the_loss() -> None:
    text = curve_text(STEPS, {})
    assert "○" not in text and "validation" not in text
    assert curve_text(STEPS[:1], {1: 4.9}).count("●") == 2, "a point and the legend"


@pytest.mark.slow
def test_the_picture_is_written(tmp_path: Path) -> None:
    for number, looks in enumerate((LOOKS, {}, {0: 5.5})):
        curve_image(STEPS, tmp_path / f"{number}.png", looks, title="demo/default@1")
        assert (tmp_path / f"{number}.png").stat().st_size > 5000
