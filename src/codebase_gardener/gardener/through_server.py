"""`--against served`: what a server answers, beside what is computed here."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codebase_gardener.adapters.proof import score_tokens
from codebase_gardener.bases.resolution import Base
from codebase_gardener.dataset.writer import load_dataset
from codebase_gardener.evaluation.measuring import heldout_functions, measured_verdict
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving.addresses import addresses
from codebase_gardener.serving.catalog import model_card
from codebase_gardener.serving.server import ServeOptions, for_serving, in_background, listen, opened
from codebase_gardener.serving.wire_scorer import WireScorer
from codebase_gardener.utils.error_handling import (
    AdapterError,
    CodebaseGardenerError,
    InvalidInputError,
    VerificationError,
)
from codebase_gardener.utils.progress import Progress, silent

if TYPE_CHECKING:
    from codebase_gardener.gardener.facade import Gardener
    from codebase_gardener.gardener.locating import Located

__all__ = ["ServedVerdict", "check_served", "computed_in", "evaluate_served", "prove_served"]

_TOKEN = {"float32": 1e-3, "bfloat16": 0.25, "float16": 0.05}
"""Nats by which one token's log-probability may differ: rounding, where rows are computed in other company."""

_ROUNDING = 2
"""As the fast path of training: twice as far as this dtype is from float32 here, where that is more."""

_MEAN = {"float32": 1e-3, "bfloat16": 0.02, "float16": 0.005}
"""Nats per token by which an arm may differ."""


def computed_in(dtype: str) -> str:
    """What is computed here to be compared with a server's dtype.

    llama.cpp has weights in 16 bits and computes more exactly; torch's float16 is farther from float32 than that.
    """
    return "float32" if dtype == "float16" else dtype


@dataclass(frozen=True)
class ServedVerdict:
    """What a server's answers make of an adapter.

    Attributes:
        word: The verdict.
        arms: Nats per token by arm.
        dtype: What the server computes in.
        server: Where it was; "" for one that was started for this.
    """

    word: str
    arms: Mapping[str, float]
    dtype: str
    server: str


def prove_served(
    gardener: Gardener, located: Located, base: Base, *, url: str | None = None, key: str = ""
) -> dict[str, Any]:
    """Compare the log-probabilities of a server with those of a fresh process, with the adapter and without.

    Args:
        gardener: The home.
        located: The adapter.
        base: Its base.
        url: Of the server; by default one that runs on this home, else one is started for this.
        key: An API key, where the server wants one.

    Returns:
        The receipt's data.

    Raises:
        AdapterError: What the server answers is not what is computed here, or the adapter has no effect there.
    """
    from codebase_gardener.training.encoding import text_ids
    from codebase_gardener.training.torch_logits import PROMPTS

    if located.row is None:
        raise InvalidInputError(
            f"{located.label} is a folder, and versions of the registry are served",
            hint=f"gardener import {located.label} --as P/N",
        )
    with _scorer(gardener, located.row, base, url, key) as (scorer, server):
        rows = [text_ids(scorer.tokenizer, prompt) for prompt in PROMPTS]
        dtype = scorer.dtype()
        on, off = (_values(scorer, rows, adapter) for adapter in (True, False))
    here = score_tokens(located.directory, base, rows, dtype=computed_in(dtype))
    effect, parity, base_parity = (
        _apart(one, other) for one, other in ((here["on"], here["off"]), (on, here["on"]), (off, here["off"]))
    )
    tolerance = _TOKEN[dtype]
    if max(parity, base_parity) > tolerance and computed_in(dtype) != "float32":
        exact = score_tokens(located.directory, base, rows, dtype="float32")
        tolerance = max(tolerance, _ROUNDING * max(_apart(here[way], exact[way]) for way in ("on", "off")))
    receipt: dict[str, Any] = {
        "dtype": dtype,
        "server": server,
        "prompts": len(rows),
        "tokens": len(on),
        "tolerance": tolerance,
        "max_logprob_difference": effect,
        "parity_served": parity,
        "parity_served_base": base_parity,
    }
    if not (parity <= tolerance and base_parity <= tolerance and parity < effect):  # NaN too
        raise AdapterError(
            f"what the server answers with {located.label} is {parity:.3g} nats off what is "
            f"computed here (the base {base_parity:.3g}); the adapter changes {effect:.3g} nats",
            hint=f"in {dtype}, {tolerance:.3g} are rounding; if the effect is smaller than that, train longer",
            context=receipt,
        )
    return receipt


def _values(scorer: WireScorer, rows: Sequence[Sequence[int]], adapter: bool) -> list[float]:
    found = scorer.logprobs(rows, adapter=adapter)
    return [token.value for token in itertools.chain.from_iterable(found)]


def _apart(one: Sequence[float], other: Sequence[float]) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def evaluate_served(
    gardener: Gardener,
    row: VersionRow,
    *,
    limit: int,
    dataset: str | None = None,
    url: str | None = None,
    key: str = "",
    progress: Progress = silent,
) -> ServedVerdict:
    """The verdict out of a server's answers: the rows of `Gardener.evaluate`, scored over the wire.

    Args:
        gardener: The home.
        row: The version.
        limit: Held-out functions at most.
        dataset: A project to measure on; by default the adapter's own dataset.
        url: Of the server; by default one that runs on this home, else one is started for this.
        key: An API key, where the server wants one.
        progress: Functions measured, over all arms.
    """
    functions = heldout_functions(load_dataset(gardener.heldout_dataset(row, dataset)), limit)
    with _scorer(gardener, row, gardener.base(row.base_id), url, key) as (scorer, server):
        verdict = measured_verdict(scorer, functions, progress)
        arms = {name: arm.nats_per_token for name, arm in verdict.arms.items()}
        return ServedVerdict(verdict.word, arms, scorer.dtype(), server)


def check_served(row: VersionRow, served: ServedVerdict, verdict: Mapping[str, Any]) -> float:
    """How far the two are apart at most, in nats per token of an arm.

    Args:
        row: The version.
        served: Over the wire.
        verdict: In process, of the same functions.

    Raises:
        VerificationError: Further than rounding explains.
    """
    here = {name: float(arm["nats_per_token"]) for name, arm in verdict["arms"].items()}
    apart = max(abs(here[name] - nats) for name, nats in served.arms.items())
    if not apart <= _MEAN[served.dtype]:  # NaN too
        raise VerificationError(
            f"{row.ref}: the server's answers are {apart:.3g} nats per token off what is computed here",
            hint=f"in {served.dtype}, {_MEAN[served.dtype]} are rounding; gardener prove {row.ref} --against served "
            "says whether it is the adapter",
        )
    return apart


# ---- the server


@contextmanager
def _scorer(
    gardener: Gardener, row: VersionRow, base: Base, url: str | None, key: str
) -> Iterator[tuple[WireScorer, str]]:
    """The scorer of a server that has the adapter, and where that is."""
    from codebase_gardener.bases.torch_loading import load_tokenizer

    tokenizer = load_tokenizer(base.path)
    digest = model_card(str(row.ref), row).digest

    def scorer_at(place: str) -> WireScorer:
        scorer = WireScorer(place.rstrip("/").removesuffix("/v1"), tokenizer, str(row.ref), row.base_id, key)
        scorer.check(digest)
        return scorer

    if url is not None:
        yield scorer_at(url), url
        return
    for place in addresses(gardener.settings.home):
        with suppress(CodebaseGardenerError):  # it was killed, or wants a key: one is started
            running = scorer_at(place)
            break
    else:
        with _started(gardener, row.project) as place:
            yield scorer_at(place), ""
        return
    yield running, place


@contextmanager
def _started(gardener: Gardener, project: str) -> Iterator[str]:
    """The address of a server of a project's adapters, in this process, for a block."""
    from codebase_gardener.gardener.facade import Gardener as Home

    options = ServeOptions(port=0)
    with (
        Home(for_serving(gardener.settings, options)) as home,
        listen(options.host, options.port) as listening,
        opened(home.manager, home.wiki, home.current_adapter, options, [project]) as answering,
        in_background(answering, listening),
    ):
        yield f"http://{options.host}:{listening.getsockname()[1]}"
