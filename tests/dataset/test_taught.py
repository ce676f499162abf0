"""What one generation was trained on, no later one is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from codebase_gardener.dataset.assembly import Dataset, generate_dataset
from codebase_gardener.dataset.taught import UNTAUGHT, Taught
from codebase_gardener.dataset.writer import load_dataset, write_dataset
from codebase_gardener.repository.snapshot import take_snapshot
from samples.geometry import FUNCTIONS


def grow_rows(root: Path, before: Taught = UNTAUGHT) -> Dataset:
    return generate_dataset(take_snapshot(str(root)), before=before)


def write(root: Path, *names: str) -> None:
    root.mkdir(exist_ok=True)
    for name in names:
        (root / f"{name}.py").write_text(FUNCTIONS.format(name=name))


def asked_bodies(dataset: Dataset) -> set[str]:
    return {"".join(function.completion.split()) for function in dataset.heldout}


def trained_bodies(dataset: Dataset) -> set[str]:
    return {"".join(row.completion.split()) for row in dataset.train if row.completion}


@pytest.mark.slow
def test_growing_trees_never_ask_for_what_was_trained_on_before(tmp_path: Path) -> None:
    """Ever more files: the split alone moves some that were trained on to the held-out side."""
    before, trained, moved = UNTAUGHT, set[str](), set[str]()
    for generation in range(6):
        write(tmp_path / "repo", *(f"shape{n}" for n in range(12 * generation, 12 * generation + 12)))
        snapshot = take_snapshot(str(tmp_path / "repo"))
        moved |= asked_bodies(generate_dataset(snapshot)) & trained
        dataset = generate_dataset(snapshot, before=before)
        assert dataset.heldout
        assert not asked_bodies(dataset) & trained
        assert before.heldout <= set(dataset.report.heldout_files)
        trained |= trained_bodies(dataset)
        before = dataset.taught
    assert moved, "the split is stable by itself: this guard tests nothing"


@pytest.mark.slow
def test_a_trained_file_under_another_name_is_not_held_out(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    write(root, *(f"shape{n}" for n in range(12)))
    first = grow_rows(root)
    (held,) = first.report.heldout_files
    old = sorted({row.path for row in first.train})[0]
    for name in (f"moved{n}.py" for n in range(40)):
        (root / old).rename(root / name)
        old = name
        if name in grow_rows(root).report.heldout_files:
            break
    else:
        pytest.fail("no name is held out")
    assert name not in grow_rows(root, first.taught).report.heldout_files
    assert held in grow_rows(root, first.taught).report.heldout_files


@pytest.mark.slow
def test_a_trained_function_that_moves_into_a_held_out_file_is_not_asked_for(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    write(root, *(f"shape{n}" for n in range(12)))
    first = grow_rows(root)
    (held,) = first.report.heldout_files
    other = sorted({row.path for row in first.train})[0]
    (root / held).write_text((root / held).read_text() + (root / other).read_text())
    (root / other).unlink()
    name = f"{other.removesuffix('.py')}_area"
    assert name in {function.symbol for function in grow_rows(root).heldout}
    assert name not in {function.symbol for function in grow_rows(root, first.taught).heldout}


def test_where_everything_was_trained_on_nothing_is_held_out_and_it_is_said(tmp_path: Path) -> None:
    write(tmp_path / "repo", "kite", "oval")
    first = grow_rows(tmp_path / "repo")
    paths = frozenset({"kite.py", "oval.py"})
    again = grow_rows(tmp_path / "repo", replace(first.taught, paths=paths, heldout=frozenset()))
    assert not again.heldout
    assert "trained on before" in again.report.warnings[0]


@pytest.mark.slow
def test_it_is_kept_with_the_dataset_and_part_of_its_hash(tmp_path: Path) -> None:
    write(tmp_path / "repo", *(f"shape{n}" for n in range(12)))
    first = grow_rows(tmp_path / "repo")
    again = grow_rows(tmp_path / "repo", first.taught)
    assert again.hash != first.hash
    write_dataset(again, tmp_path / "dataset")
    assert load_dataset(tmp_path / "dataset").before == first.taught
    assert grow_rows(tmp_path / "repo", again.taught).taught == again.taught
