"""Rows of the user's own: a JSONL file or a list of dicts, checked as a whole before anything is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from codebase_gardener.dataset.assembly import Dataset
from codebase_gardener.dataset.deduplication import HeldoutBodies, deduplicate
from codebase_gardener.dataset.examples import USER_TASK, Example
from codebase_gardener.dataset.heldout import heldout_rows
from codebase_gardener.dataset.jsonl import JsonLine, read_jsonl
from codebase_gardener.dataset.report import DatasetReport, count_rows
from codebase_gardener.dataset.row_forms import FORMS, RowForm, RowProblem, parse_row
from codebase_gardener.dataset.sites import row_id
from codebase_gardener.dataset.split import HELDOUT_SHARE, Split, split_files
from codebase_gardener.utils.anchors import Anchor
from codebase_gardener.utils.error_handling import DatasetError

__all__ = ["UserRows", "read_user_rows", "user_dataset"]

_SHOWN_PROBLEMS = 50
_MIN_GROUPS = 8  # with fewer, holding one out would take more than it tells
_MAX_HELDOUT_GROUPS = 200


@dataclass(frozen=True)
class UserRows:
    """Rows that were all understood.

    Attributes:
        examples: Task "user"; anchors are `file.jsonl:Lx-x`, or the lines that a row's metadata names.
        warnings: What a person should know.
    """

    examples: tuple[Example, ...]
    warnings: tuple[str, ...] = ()


def read_user_rows(
    source: Path | str | Iterable[Mapping[str, Any]],
    *,
    name: str = "training_data",
    heldout_share: float = HELDOUT_SHARE,
    seed: int = 0,
) -> UserRows:
    """Read rows in any of the accepted forms (`row_forms.FORMS`), and split them.

    Rows that name the same file fall on the same side of the split; so do rows with the same content.

    Args:
        source: A JSONL file, or rows as dicts.
        name: What anchors and errors call a source that is no file.
        heldout_share: Share of the files (of the rows where no file is named) that are held out.
        seed: Of the split.

    Raises:
        DatasetError: Rows that are malformed, with the line and what is wrong (up to 50 at once); or no rows.
        NotFoundError: There is no such file.
        InvalidInputError: It cannot be read.
    """
    source = Path(source) if isinstance(source, str) else source
    called = source.name if isinstance(source, Path) else name
    lines = read_jsonl(source) if isinstance(source, Path) else map(JsonLine, count(1), source)
    forms = _understood(lines, str(source) if isinstance(source, Path) else name)
    split = _split(forms, heldout_share, seed)
    examples = [_example(number, form, called, split) for number, form in forms]
    return UserRows(tuple(examples), (*split.warnings, *_remarked(forms, called)))


def user_dataset(
    source: Path | str | Iterable[Mapping[str, Any]],
    *,
    name: str = "training_data",
    heldout_share: float = HELDOUT_SHARE,
    seed: int = 0,
) -> Dataset:
    """Read, split and compare the user's rows.

    Args:
        source: A JSONL file, or rows as dicts.
        name: What anchors and errors call a source that is no file.
        heldout_share: Share of the files, or rows, that are held out.
        seed: Of the split.

    Raises:
        DatasetError: Rows that are malformed, each named with what is wrong; or no rows.

    Example:
        >>> user_dataset([{"prompt": "1 + 1 = ", "completion": "2"}]).train[0].completion
        '2'
    """
    rows = read_user_rows(source, name=name, heldout_share=heldout_share, seed=seed)
    left = deduplicate(rows.examples, HeldoutBodies())
    heldout_files = {row.path for row in left.examples if row.split == "heldout" and row.path}
    train_files = {row.path for row in left.examples if row.split == "train" and row.path}
    return Dataset(
        examples=left.examples,
        heldout=tuple(heldout_rows(left.examples)),
        report=DatasetReport(
            source=str(source) if isinstance(source, Path | str) else name,
            commit="",
            seed=seed,
            rows=count_rows(left.examples),
            files={"train": len(train_files), "heldout": len(heldout_files)},
            heldout_files=tuple(sorted(heldout_files)),
            near_duplicates=left.near_duplicates,
            exact_duplicates=left.exact_duplicates,
            user_rows=len(left.examples),
            warnings=rows.warnings,
        ),
    )


def _remarked(forms: list[tuple[int, RowForm]], called: str) -> Iterator[str]:
    """Each remark once, with how many rows have it and where the first is."""
    lines: dict[str, list[int]] = {}
    for number, form in forms:
        for remark in form.remarks:
            lines.setdefault(remark, []).append(number)
    for remark, numbers in lines.items():
        rows = "1 row" if len(numbers) == 1 else f"{len(numbers)} rows"
        yield f"{rows}, first {called}:{numbers[0]}: {remark}"


def _understood(lines: Iterable[JsonLine], source: str) -> list[tuple[int, RowForm]]:
    forms: list[tuple[int, RowForm]] = []
    problems: list[str] = []
    for line in lines:
        try:
            _check_readable(line)
            forms.append((line.number, parse_row(line.value)))
        except RowProblem as problem:
            problems.append(f"{source}:{line.number} {problem}")
    if problems:
        raise _malformed(problems)
    if not forms:
        accepted = "; ".join(form.looks_like for form in FORMS.values())
        raise DatasetError(f"{source} has no rows", hint=f"write one row per line: {accepted}")
    return forms


def _check_readable(line: JsonLine) -> None:
    if line.problem:
        raise RowProblem(line.problem)


def _malformed(problems: list[str]) -> DatasetError:
    shown = "\n  ".join(problems[:_SHOWN_PROBLEMS])
    more = len(problems) - _SHOWN_PROBLEMS
    rest = f"\n  and {more} more" if more > 0 else ""
    count = "1 row is" if len(problems) == 1 else f"{len(problems)} rows are"
    return DatasetError(
        f"{count} malformed, nothing was trained:\n  {shown}{rest}",
        hint="correct or remove these rows, then run the command again",
        context={"problems": problems, "count": len(problems)},
    )


def _split(forms: list[tuple[int, RowForm]], share: float, seed: int) -> Split:
    groups = Counter(_group(form) for _, form in forms)
    if len(groups) < _MIN_GROUPS:
        warning = f"nothing is held out of only {len(groups)} files or rows: there is nothing to evaluate on"
        return Split(frozenset(), (warning,))
    return split_files(groups, share=share, seed=seed, most=_MAX_HELDOUT_GROUPS)


def _group(form: RowForm) -> str:
    return form.path or _content(form)


def _content(form: RowForm) -> str:
    return row_id(USER_TASK, "", dict(form.fields))


def _example(number: int, form: RowForm, source: str, split: Split) -> Example:
    anchor = str(
        Anchor(form.path, *form.lines) if form.path and form.lines else Anchor(source, number, number)
    )
    blank = Example(
        id=row_id(USER_TASK, f"{source}:{number}", dict(form.fields)),
        task=USER_TASK,
        split=split.side_of(_group(form)),
        path=form.path,
        symbol=form.symbol,
        anchor=anchor,
        commit="",
    )
    return replace(blank, **form.fields)
