"""From what benchmarks/train.py measured to its table, ratios and verdicts."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from codebase_gardener.bases.resolution import Base
from train_examples import StepProducts
from train_variants import Contender

__all__ = ["EQUALITY", "FLOORS", "Bench", "Figures", "as_json", "as_text"]

WARM_STEPS = 2
SAME_LOSS = 0.01  # nats: what the curves may differ by in bf16
_OWN, _PLAIN = "Gardener", "Trainer"
_AT_BEST = ("Trainer, best", "TRL, best")
_PEERS = (_PLAIN, *_AT_BEST)
_LIBRARIES = ("torch", "transformers", "peft", "trl", "accelerate")

EQUALITY = (
    # the product, its reference with the same examples in each step, largest difference of the losses by format
    ("Gardener, fp32", "Trainer", {"float32": 1e-4}),
    ("Gardener", "Trainer, best", {"float32": 1e-4, "bfloat16": 1e-2}),
)


@dataclass
class Bench:
    """All that was measured.

    Attributes:
        base: The base model.
        prepared: "train" and "heldout": tokens and supervised tokens of each example.
        shared: Training options of all contenders.
        load: Of the machine before the start.
        contenders: By title.
        runs: By title, one for each round: `Record.as_dict`.
        gemm: One for each round: rates in GFLOP/s.
        cold: The product's first step with an empty compile cache.
        untrained: Held-out loss of the base.
    """

    base: Base
    prepared: Mapping[str, Sequence[tuple[int, int]]]
    shared: Mapping[str, Any]
    load: float
    contenders: Mapping[str, Contender]
    runs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    gemm: list[dict[str, Any]] = field(default_factory=list)
    cold: dict[str, Any] | None = None
    untrained: float = 0.0

    @property
    def equal(self) -> bool:
        """Whether no loss curve leaves its limit."""
        return all(row["kept"] for row in _equality(self))


@dataclass(frozen=True)
class Figures:
    """One contender's figures, medians over the rounds.

    Attributes:
        tokens_per_s: Without padding, of the steps after the first two.
        supervised_per_s: Of them, those with a label.
        peak_bytes: Of the process.
        share: Of the matrix products' rate in the machine's best format.
        share_of_own: Of the rate in the contender's own format.
        heldout: Loss after all examples of the first round; None where nothing was kept.
        start_s: From the start of the process to the end of the first step.
        to_loss_s: To the held-out loss that all of those compared reach; None where it is not reached.
    """

    tokens_per_s: float
    supervised_per_s: float
    peak_bytes: float
    share: float
    share_of_own: float
    heldout: float | None
    start_s: float
    to_loss_s: float | None


def figures(bench: Bench) -> dict[str, Figures]:
    """By contender."""
    rates = {name: statistics.median(row[name] for row in bench.gemm) for name in ("float32", "bfloat16")}
    per_token = _flops_per_token(bench)
    target = _target(bench)
    shortest = {title: min(len(one["ends"]) for one in runs) for title, runs in bench.runs.items()}
    found = {}
    for title, runs in bench.runs.items():
        speed = _median(runs, lambda one, n=shortest[title]: _rate(one, "tokens", n))
        own = rates[
            "float32" if bench.contenders[title].dtype == "float32" else max(rates, key=rates.__getitem__)
        ]
        found[title] = Figures(
            tokens_per_s=speed,
            supervised_per_s=_median(runs, lambda one, n=shortest[title]: _rate(one, "supervised", n)),
            peak_bytes=_median(runs, lambda one: one["peak_bytes"]),
            share=per_token * speed / max(rates.values()) / 1e9,
            share_of_own=per_token * speed / own / 1e9,
            heldout=runs[0]["heldout"][-1] if "heldout" in runs[0] else None,
            start_s=_median(runs, lambda one: one["ends"][0]),
            to_loss_s=_time_to(runs[0], target, bench.untrained) if target is not None else None,
        )
    return found


def _median(runs: Sequence[Mapping[str, Any]], of: Callable[[Mapping[str, Any]], float]) -> float:
    return statistics.median(of(one) for one in runs)


def _rate(one: Mapping[str, Any], what: str, steps: int) -> float:
    """Per second, over the steps that every round has, without the first two."""
    first = min(WARM_STEPS, steps - 1)
    seconds = one["ends"][steps - 1] - one["ends"][first - 1]
    return float(sum(one[what][first:steps]) / seconds)


def _flops_per_token(bench: Bench) -> float:
    products = StepProducts.of(bench.base.path, bench.shared["r"])
    rows = bench.prepared["train"]
    return sum(products.flops(tokens, supervised) for tokens, supervised in rows) / sum(n for n, _ in rows)


def _target(bench: Bench) -> float | None:
    """The held-out loss that the slowest of the peers ends at.

    Ends that are nearly the same are one: the target is then the highest of them, which all of these reach.
    """
    ends = {t: runs[0] for t, runs in bench.runs.items() if t in (_OWN, *_PEERS) and "heldout" in runs[0]}
    peers = [one for title, one in ends.items() if title != _OWN]
    if not peers:
        return None
    end = max(peers, key=lambda one: one["ends"][-1])["heldout"][-1]
    near = [one["heldout"][-1] for one in ends.values()]
    return max(loss for loss in near if loss <= end + SAME_LOSS)


def _time_to(one: Mapping[str, Any], target: float, untrained: float) -> float | None:
    """Seconds from the start of the process, linear between the adapters that were kept."""
    if "heldout" not in one:
        return None
    curve = [(one["ends"][0], untrained)]
    curve += [(one["ends"][step - 1], loss) for step, loss in zip(one["kept"], one["heldout"], strict=True)]
    for (before_s, before), (after_s, after) in pairwise(curve):
        if after <= target:
            part = 1.0 if before <= after else min(1.0, (before - target) / (before - after))
            return before_s + part * (after_s - before_s)
    return None


def _equality(bench: Bench) -> list[dict[str, Any]]:
    best = "bfloat16" if bench.gemm and bench.gemm[0]["bf16_pays"] else "float32"
    rows = []
    for own, reference, limits in EQUALITY:
        if own not in bench.runs or reference not in bench.runs:
            continue
        dtype = bench.contenders[own].dtype
        ours, theirs = bench.runs[own][0]["losses"], bench.runs[reference][0]["losses"]
        gaps = [abs(one - other) for one, other in zip(ours, theirs, strict=True)]
        limit = limits[best if dtype == "best" else dtype]
        rows.append(
            {
                "own": own,
                "reference": reference,
                "steps": len(gaps),
                "first": gaps[0],
                "largest": max(gaps, key=lambda gap: math.inf if math.isnan(gap) else gap),
                "limit": limit,
                "kept": all(gap <= limit for gap in gaps),
            }
        )
    return rows


@dataclass(frozen=True)
class Floor:
    """A row of the issue's table: what is compared, the least that is asked for, the aim."""

    title: str
    floor: float
    aim: float
    unit: str
    less_is_better: bool
    value: Callable[[Mapping[str, Figures]], float | None]


def _over(own: float | None, other: float | None) -> float | None:
    return own / other if own is not None and other else None


def _slowest_time(rows: Mapping[str, Figures]) -> float | None:
    times = [rows[name].to_loss_s for name in _PEERS]
    known = [seconds for seconds in times if seconds is not None]
    return max(known) if known else None


FLOORS = (
    Floor("tokens/s against Trainer as it comes", 4.5, 7, "×", False,
          lambda rows: _over(rows[_OWN].tokens_per_s, rows[_PLAIN].tokens_per_s)),
    Floor("tokens/s against the best of Trainer and TRL", 2.2, 3.5, "×", False,
          lambda rows: _over(rows[_OWN].tokens_per_s, max(rows[name].tokens_per_s for name in _AT_BEST))),
    Floor("share of the machine's GEMM limit", 0.45, 0.70, "", False, lambda rows: rows[_OWN].share),
    Floor("peak memory against the leanest of them", 0.9, 0.6, "×", True,
          lambda rows: _over(rows[_OWN].peak_bytes, min(rows[name].peak_bytes for name in _PEERS))),
    Floor("time to the held-out loss that the slowest reaches", 4, 7, "× sooner", False,
          lambda rows: _over(_slowest_time(rows), rows[_OWN].to_loss_s)),
    Floor("start to the end of the first step, compile cache warm", 10, 6, " s", True,
          lambda rows: rows[_OWN].start_s),
)  # fmt: skip


def _floors(rows: Mapping[str, Figures]) -> list[dict[str, Any]]:
    if any(name not in rows for name in (_OWN, *_PEERS)):
        return []
    found = []
    for row in FLOORS:
        value = row.value(rows)
        sign = -1 if row.less_is_better else 1
        reached = value is not None and sign * value >= sign * row.floor
        aimed = value is not None and sign * value >= sign * row.aim
        verdict = "aim reached" if aimed else "reached" if reached else "short"
        found.append(
            {
                "what": row.title,
                "floor": row.floor,
                "aim": row.aim,
                "unit": row.unit,
                "value": value,
                "verdict": verdict,
            }
        )
    return found


def as_json(bench: Bench) -> dict[str, Any]:
    """All figures and what they were made of, for programs."""
    rows = figures(bench)
    return {
        **_machine(bench),
        "figures": {title: vars(row) for title, row in rows.items()},
        "floors": _floors(rows),
        "equality": _equality(bench),
        "target": _target(bench),
        "untrained": bench.untrained,
        "cold_start_s": bench.cold["ends"][0] if bench.cold else None,
        "gemm": bench.gemm,
        "runs": bench.runs,
    }


def _machine(bench: Bench) -> dict[str, Any]:
    train, heldout = bench.prepared["train"], bench.prepared["heldout"]
    tokens = sum(n for n, _ in train)
    return {
        "cpu": _cpu(),
        "threads": bench.gemm[0]["threads"],
        "load": bench.load,
        "versions": {name: version(name) for name in _LIBRARIES},
        "base": bench.base.id,
        "examples": len(train),
        "heldout": len(heldout),
        "tokens": tokens,
        "supervised_share": sum(n for _, n in train) / tokens,
        "megaflop_per_token": _flops_per_token(bench) / 1e6,
        "gemm_gflops": {
            name: statistics.median(row[name] for row in bench.gemm) for name in ("float32", "bfloat16")
        },
        "rounds": max(len(runs) for runs in bench.runs.values()),
    }


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )


def as_text(bench: Bench) -> str:
    """The tables, as markdown."""
    rows, machine = figures(bench), _machine(bench)
    limit = max(machine["gemm_gflops"].values()) * 1e3 / machine["megaflop_per_token"]
    lines = [
        f"{machine['cpu']}, {machine['threads']} threads; load before the start {bench.load:.2f}; "
        + ", ".join(f"{name} {number}" for name, number in machine["versions"].items()),
        f"{machine['base']}, {machine['examples']} functions of peft {machine['versions']['peft']}, "
        f"{machine['tokens']:,} tokens, {machine['supervised_share']:.0%} supervised; {machine['heldout']} held out; "
        f"{machine['rounds']} rounds",
        f"matrix products: {machine['gemm_gflops']['float32']:.0f} GFLOP/s in fp32, "
        f"{machine['gemm_gflops']['bfloat16']:.0f} in bf16; a token needs {machine['megaflop_per_token']:.0f} MFLOP: "
        f"the limit is {limit:,.0f} tokens/s",
        "",
        "| contender | tokens/s | supervised/s | of the limit (of its own format's) | peak, GB | held-out loss "
        "| to the slowest's loss, s | first step, s |",
        "|---|---|---|---|---|---|---|---|",
        *(_row(title, row) for title, row in rows.items()),
        "",
    ]
    if bench.cold:
        lines += [f"{_OWN}'s first step with an empty compile cache: {bench.cold['ends'][0]:.1f} s", ""]
    if (target := _target(bench)) is not None:
        lines += [f"held-out loss: {bench.untrained:.4f} of the base; time is taken to {target:.4f}", ""]
    lines += _ratio_lines(rows)
    if floors := _floors(rows):
        lines += ["| | at least | aim | measured | |", "|---|---|---|---|---|"]
        lines += [
            f"| {row['what']} | {_quantity(row, 'floor')} | {_quantity(row, 'aim')} | {_quantity(row, 'value')} "
            f"| {row['verdict']} |"
            for row in floors
        ]
        lines.append("")
    for row in _equality(bench):
        word = "kept" if row["kept"] else "EXCEEDED"
        lines.append(
            f"losses of {row['own']} and {row['reference']}, {row['steps']} steps: largest difference "
            f"{row['largest']:.1e} (first step {row['first']:.1e}), limit {row['limit']:.0e}: {word}"
        )
    return "\n".join(lines)


def _row(title: str, row: Figures) -> str:
    heldout = f"{row.heldout:.4f}" if row.heldout is not None else "–"
    to_loss = f"{row.to_loss_s:.0f}" if row.to_loss_s is not None else "–"
    return (
        f"| {title} | {row.tokens_per_s:.0f} | {row.supervised_per_s:.0f} | {row.share:.0%} ({row.share_of_own:.0%}) "
        f"| {row.peak_bytes / 1e9:.2f} | {heldout} | {to_loss} | {row.start_s:.1f} |"
    )


def _ratio_lines(rows: Mapping[str, Figures]) -> list[str]:
    """The product's medians over those of each peer."""
    own = rows.get(_OWN)
    peers = {title: row for title, row in rows.items() if not title.startswith(_OWN)}
    if own is None or not peers:
        return []
    lines = [
        "| Gardener over | tokens/s | peak memory | time to the loss | first step |",
        "|---|---|---|---|---|",
    ]
    for title, row in peers.items():
        sooner = _over(row.to_loss_s, own.to_loss_s)
        lines.append(
            f"| {title} | {own.tokens_per_s / row.tokens_per_s:.2f} × | {own.peak_bytes / row.peak_bytes:.2f} × "
            f"| {f'{sooner:.2f} × sooner' if sooner else '–'} | {own.start_s / row.start_s:.2f} × |"
        )
    return [*lines, ""]


def _quantity(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if value is None:
        return "–"
    return f"{value:.0%}" if not row["unit"] else f"{value:.2f}".rstrip("0").rstrip(".") + row["unit"]
