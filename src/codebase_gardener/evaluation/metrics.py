"""Measurements of functions, summed up with paired bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MIN_FUNCTIONS",
    "ArmSummary",
    "Difference",
    "Measurement",
    "PerByte",
    "Points",
    "difference",
    "per_byte",
    "points",
    "summarize",
]

MIN_FUNCTIONS = 8
"""With fewer, an interval of draws says more about the draws than about the adapter; one function has none."""
_DRAWS = 2_000
_ENOUGH_FILES = 8


@dataclass(frozen=True)
class Measurement:
    """What one arm did on one held-out function.

    Attributes:
        path: Its file: functions of one file are alike, so files are what is drawn.
        nats: Sum of the negative log-likelihood of the body's tokens, in nats.
        tokens: How many there are; the end token is not among them.
        bytes: Their length in UTF-8 bytes.
        next_line: Whether greedy decoding gives the body's first line token by token.
    """

    path: str
    nats: float
    tokens: int
    bytes: int
    next_line: bool


@dataclass(frozen=True)
class ArmSummary:
    """One arm over all functions, with 95 % intervals."""

    nats_per_token: float
    nats_per_token_95: tuple[float, float]
    nats_per_byte: float
    next_line: float
    next_line_95: tuple[float, float]
    functions: int
    files: int
    tokens: int


@dataclass(frozen=True)
class Difference:
    """A difference of two arms in nats per token, paired, with its 95 % interval; negative is better."""

    nats_per_token: float
    low: float
    high: float
    drawn: str


def summarize(measurements: Sequence[Measurement]) -> ArmSummary:
    """Sum one arm up.

    Args:
        measurements: Of the same functions in the same order for every arm, so that draws are paired.
    """
    nats, tokens, hits = _columns(measurements)
    draws = _draws([m.path for m in measurements], seed=0)
    per_token = (draws @ nats) / (draws @ tokens)
    lines = (draws @ hits) / draws.sum(axis=1)
    return ArmSummary(
        nats_per_token=float(nats.sum() / tokens.sum()),
        nats_per_token_95=_interval(per_token),
        nats_per_byte=float(nats.sum() / sum(m.bytes for m in measurements)),
        next_line=float(hits.mean()),
        next_line_95=_interval(lines),
        functions=len(measurements),
        files=len({m.path for m in measurements}),
        tokens=int(tokens.sum()),
    )


def difference(arm: Sequence[Measurement], against: Sequence[Measurement], seed: int = 0) -> Difference:
    """How much better or worse an arm is, each draw applied to both.

    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), percentile intervals; the unit
    that is drawn is the file where there are at least 8, else the function.
    """
    _, tokens, _ = _columns(arm)
    return Difference(*_paired(arm, against, tokens, seed))


@dataclass(frozen=True)
class PerByte:
    """A difference of two arms in nats per byte, paired, with its 95 % interval; negative is better."""

    nats_per_byte: float
    low: float
    high: float
    drawn: str


def per_byte(arm: Sequence[Measurement], against: Sequence[Measurement], seed: int = 0) -> PerByte:
    """`difference` over bytes: what is left when the two arms cut the same text into other tokens.

    Raises:
        ValueError: They were not measured on the same bytes.
    """
    lengths = [m.bytes for m in arm]
    if lengths != [m.bytes for m in against]:
        raise ValueError("the arms were measured on texts of other lengths")
    return PerByte(*_paired(arm, against, np.array(lengths, dtype=float), seed))


def _paired(
    arm: Sequence[Measurement], against: Sequence[Measurement], units: NDArray[Any], seed: int
) -> tuple[float, float, float, str]:
    """Nats more than the other arm's for each unit, its interval, and what was drawn."""
    nats, _, _ = _columns(arm)
    other, _, _ = _columns(against)
    paths = [m.path for m in arm]
    draws = _draws(paths, seed)
    low, high = _interval((draws @ (nats - other)) / (draws @ units))
    drawn = "file" if len(set(paths)) >= _ENOUGH_FILES else "function"
    return float((nats - other).sum() / units.sum()), low, high, drawn


@dataclass(frozen=True)
class Points:
    """A difference of two arms in exactly written next lines, as a share, paired, with its 95 % interval."""

    share: float
    low: float
    high: float


def points(arm: Sequence[Measurement], against: Sequence[Measurement], seed: int = 0) -> Points:
    """How many more next lines an arm writes exactly; draws as in `difference`."""
    _, _, hits = _columns(arm)
    _, _, others = _columns(against)
    draws = _draws([m.path for m in arm], seed)
    drawn = (draws @ (hits - others)) / draws.sum(axis=1)
    return Points(float((hits - others).mean()), *_interval(drawn))


def _columns(measurements: Sequence[Measurement]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    nats = np.array([m.nats for m in measurements])
    tokens = np.array([m.tokens for m in measurements], dtype=float)
    return nats, tokens, np.array([m.next_line for m in measurements], dtype=float)


def _draws(paths: Sequence[str], seed: int) -> NDArray[Any]:
    """How often each function is in each draw, shape [draws, functions]."""
    rng = np.random.default_rng(seed)
    units = sorted(set(paths))
    if len(units) < _ENOUGH_FILES:
        return rng.multinomial(len(paths), np.full(len(paths), 1 / len(paths)), size=_DRAWS).astype(float)
    counts = rng.multinomial(len(units), np.full(len(units), 1 / len(units)), size=_DRAWS).astype(float)
    number = {path: n for n, path in enumerate(units)}
    return counts[:, [number[path] for path in paths]]


def _interval(values: NDArray[Any]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
