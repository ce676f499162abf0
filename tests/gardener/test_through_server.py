"""A proof and a verdict through the wire: real servers on the tiny base, and what is computed in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from codebase_gardener.config.settings import Settings
from codebase_gardener.gardener.facade import Gardener
from codebase_gardener.gardener.importing import prove_adapter
from codebase_gardener.gardener.through_server import check_served, evaluate_served
from codebase_gardener.registry.rows import VersionRow
from codebase_gardener.serving.addresses import addresses, written
from codebase_gardener.serving.server import ServeOptions, in_background, listen, opened
from codebase_gardener.serving.torch_choosing import scored
from codebase_gardener.utils.error_handling import (
    AdapterError,
    ConflictError,
    InvalidInputError,
    ModelError,
    VerificationError,
)
from codebase_gardener.utils.names import parse_ref

pytestmark = pytest.mark.slow

NAME = "geometry/default@1"


@pytest.fixture
def gardener(
    settings: Settings, ready: Callable[..., VersionRow], small_repository: Path
) -> Iterator[Gardener]:
    with Gardener(settings) as gardener:
        gardener.add(str(small_repository), name="geometry")
        ready(gardener.manager, "geometry", "default", seed=1)
        yield gardener


def test_a_server_is_started_and_answers_what_a_fresh_process_computes(gardener: Gardener) -> None:
    located, receipt = prove_adapter(gardener, NAME, against="served")
    assert receipt["dtype"] == "float32" and receipt["server"] == ""
    assert 0 <= receipt["parity_served"] < 1e-4 < receipt["max_logprob_difference"]
    assert receipt["parity_served_base"] < 1e-4 and receipt["tokens"] > 50
    assert located.row is not None
    kept = gardener.registry.receipts(located.row)[0]
    assert (kept.kind, kept.data) == ("parity-served", json.loads(json.dumps(receipt)))


def test_a_server_in_llama_cpp_is_compared_with_float32(gardener: Gardener) -> None:
    options = ServeOptions(port=0, engine="llamacpp", quantize="f16")
    wiki, current = gardener.wiki, gardener.current_adapter
    with (
        listen(options.host, 0) as listening,
        opened(gardener.manager, wiki, current, options) as answering,
        in_background(answering, listening),
    ):
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        receipt = prove_adapter(gardener, NAME, against="served", url=url)[1]
    assert receipt["dtype"] == "float16" and receipt["server"] == url
    assert receipt["parity_served"] < 0.01 < receipt["max_logprob_difference"]


def test_the_verdict_through_the_wire_is_the_one_in_process(gardener: Gardener) -> None:
    row = gardener.version(parse_ref(NAME))
    seen: list[tuple[int, int]] = []
    served = evaluate_served(gardener, row, limit=4, dataset="geometry", progress=lambda *at: seen.append(at))
    verdict = gardener.evaluate(row.ref, limit=4, dataset="geometry", dtype=served.dtype)
    assert list(served.arms) == ["base", "base + retrieval", "adapter", "adapter + retrieval"]
    assert len({round(nats, 3) for nats in served.arms.values()}) == 4
    assert check_served(row, served, verdict.data) < 1e-3
    assert served.word == verdict.verdict and seen[-1] == (8, 8)
    off = replace(served, arms={**served.arms, "adapter": served.arms["adapter"] + 0.01})
    with pytest.raises(VerificationError, match=r"0\.01 nats"):
        check_served(row, off, verdict.data)


@pytest.mark.slow
def test_a_server_that_computes_something_else_is_found_out(
    gardener: Gardener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(tokenizer: Any, logits: Tensor, *others: Any) -> Any:
        return scored(tokenizer, logits * 1.05, *others)

    monkeypatch.setattr("codebase_gardener.serving.torch_engine.scored", wrong)
    with pytest.raises(AdapterError, match="off what is computed here"):
        prove_adapter(gardener, NAME, against="served")


def test_what_cannot_be_asked_is_refused(gardener: Gardener, folder: Path) -> None:
    for url in ("http://127.0.0.1:9", "file:///x"):
        with pytest.raises((ModelError, InvalidInputError)):
            prove_adapter(gardener, NAME, against="served", url=url)
    with pytest.raises(InvalidInputError, match="nothing is asked"):
        prove_adapter(gardener, NAME, url="http://127.0.0.1:9")
    with pytest.raises(InvalidInputError, match="registry"):
        prove_adapter(gardener, str(folder), base=gardener.settings.base, against="served")


@pytest.mark.slow
def test_the_server_of_the_home_is_asked(
    gardener: Gardener, ready: Callable[..., VersionRow], tmp_path: Path
) -> None:
    from codebase_gardener.gardener.through_server import _started

    with _started(gardener, "geometry") as url, written(gardener.settings.home, url):
        assert addresses(gardener.settings.home) == [url]
        assert prove_adapter(gardener, NAME, against="served")[1]["server"] == url
        with Gardener(gardener.settings.model_copy(update={"home": tmp_path / "other"})) as other:
            ready(other.manager, "geometry", "default", seed=2)
            ready(other.manager, "geometry", "more", seed=3)
            with pytest.raises(ConflictError, match="another adapter of that name"):
                prove_adapter(other, NAME, against="served", url=f"{url}/v1")
            with pytest.raises(ConflictError, match="no such adapter"):
                prove_adapter(other, "geometry/more@1", against="served", url=url)
    assert addresses(gardener.settings.home) == []
    with written(gardener.settings.home, url):  # as of one that was killed
        assert prove_adapter(gardener, NAME, against="served")[1]["server"] == ""


@pytest.mark.slow
def test_a_grown_adapter_is_served_as_it_is_computed_here(grown: Any) -> None:
    _, receipt = prove_adapter(grown.gardener, str(grown.version.ref), against="served")
    assert receipt["dtype"] in ("bfloat16", "float32")
    assert receipt["parity_served"] <= receipt["tolerance"]
